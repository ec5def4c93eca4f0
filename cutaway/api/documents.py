"""What the command line answers with ``--json``: one JSON-able document for each question."""

from pathlib import Path
from typing import Any

import numpy as np

from cutaway.data import Dataset, Table
from cutaway.errors import CutawayError
from cutaway.models import units_in_words
from cutaway.results.plain import plain
from cutaway.task import number_text
from cutaway.topics.classes.classes import classes_of_test
from cutaway.topics.common.data_words import class_counts, columns_left_out
from cutaway.topics.embedding.embedding import Embedding
from cutaway.words import listed

from .model_files import Export, ModelSummary
from .run import Run


def run_document(run: Run, *, total: float | None = None) -> dict[str, Any]:
    """A run: what train, resume and show answer.

    Args:
        run: The run.
        total: Seconds of the whole command; the training's own if None.
    """
    manifest, damage = run.context.manifest, run.folder.damage
    training = manifest.cost.get("training")
    damaged = manifest.damaged if damage is None else {**manifest.damaged, "history": damage}
    return {
        "run": str(run.path),
        "status": run.folder.state,
        "why": manifest.why,
        "epochs": len(run.history),
        "kept_epoch": manifest.kept_epoch,
        "history": run.history.rows,
        "test": run.test,
        "seconds": {"total": training if total is None else round(total, 3), "training": training},
        "device": manifest.device,
        "dataset": {
            "name": manifest.dataset.name,
            "sha256": manifest.dataset.sha256,
            "origin": manifest.dataset.origin,
            "left_out": columns_left_out(manifest.dataset),
        },
        "model": {"name": manifest.model and manifest.model.name, "layers": model_layers(run)},
        "config": manifest.config,
        "train_like": run.context.train_like(),
        "damaged": {section: str(error) for section, error in damaged.items()},
    }


def class_document(run: Run) -> dict[str, Any]:
    """The classes of a run at its kept epoch: accuracies, and measures by class, or why they are not known."""
    found = classes_of_test(run.context)
    return {"classes": None, "why": str(found)} if isinstance(found, str | CutawayError) else found.to_json()


def model_layers(run: Run) -> list[dict[str, Any]]:
    """Name and kind of each layer, and its units, activation or dropout rate if it has one."""
    shown, model = ("units", "activation", "rate"), run.context.manifest.model
    return [
        {"name": layer.name, "kind": layer.kind}
        | {key: value for key in shown if isinstance(value := layer.config.get(key), str | int | float)}
        | ({"units": units_in_words(layer.config)} if layer.kind == "EinsumDense" else {})
        for layer in (model.layers if model else ())
    ]


def demo_document(run: Run, *, embedding: Embedding, report: Path) -> dict[str, Any]:
    """What demo answers: the run, its layers and findings, and where embedding and report are."""
    return {
        **run_document(run),
        "layers": plain(run.layers()),
        "findings": [each.record() for each in run.findings()],
        "embedding": None if embedding.file is None else str(embedding.file),
        "report": str(report),
    }


def file_document(run: Run, file: Path, **more: Any) -> dict[str, Any]:
    """What report answers: a file that was written, and its size in bytes."""
    return {"run": str(run.path), **more, "file": str(file), "bytes": file.stat().st_size}


def export_document(run: Run, written: Export, *, epoch: int) -> dict[str, Any]:
    """What export returns: the file, and the one with the preparation next to it, or None if it is inside."""
    beside = None if written.preparation is None else str(written.preparation)
    return {**file_document(run, written.file, epoch=epoch), "preparation": beside, "why": written.why}


def model_document(summary: ModelSummary, *, why: str | None) -> dict[str, Any]:
    """What open answers: what the file says, and why it does not open, or None."""
    return {**plain(summary), "opens": why is None, "why": why}


def dataset_document(data: Dataset | Table) -> dict[str, Any]:
    """The content of a dataset, in words and in numbers, and the use of each column of a table."""
    counts = {source: len(labels) for source, labels in data.labels.items()}
    document: dict[str, Any] = {
        "name": data.name,
        "samples": listed([f"{count:,} in {source}" for source, count in counts.items()]),
    }
    if data.task.is_numbers:
        targets = zip(data.task.targets, np.concatenate([*data.labels.values()]).T, strict=True)
        ends = {name: [number_text(each) for each in (y.min(), np.median(y), y.max())] for name, y in targets}
        texts = [f"{name} from {low} to {high}, median {median}" for name, (low, median, high) in ends.items()]
        document |= {"targets": listed(texts, 20), "source_counts": counts}
    else:
        classes = class_counts(data)
        texts = [f"{each['name']} ({each['samples']:,})" for each in classes]
        document |= {"classes": listed(texts, 20), "source_counts": counts, "class_counts": classes}
    if isinstance(data, Dataset):
        return document | {"shape": " x ".join(map(str, data.shape))}
    columns = [each.record() | {"rows": each.rows, "missing": each.missing} for each in data.columns]
    return document | {"read_as": data.readers["train"].form, "columns": columns}
