"""From a run to the report page."""

from typing import TYPE_CHECKING

import numpy as np

from cutaway.findings import diagnose
from cutaway.metrics import Mistakes, confusion_counts, worst_mistakes
from cutaway.page import ReportContent, ReportFinding, ReportMistake, report_page
from cutaway.progress import Progress, ProgressCallback

from .embedding import pictures_of
from .report_inside import report_inside

if TYPE_CHECKING:
    from cutaway.interpret import LayerRecord

    from .embedding import Embedding
    from .run import Run

POINTS = 10_000
"""Samples in the report's embedding: with their pictures they add about 3 MB to the page."""

LEAST = 20
"""Fewer test samples than these make no picture worth looking at."""


def report_html(run: "Run", *, on_progress: ProgressCallback) -> str:
    """Put together the report page of a run, as one HTML text."""
    from cutaway.plots import confusion_matrix_bokeh, learning_curves_bokeh

    labels, names = run.labels(), run.class_names
    layers = run.layers(progress=on_progress)
    embedding = _embedding(run, on_progress=on_progress)
    inside = report_inside(run, on_progress=on_progress)
    on_progress(Progress("report", 0, 1, "pages"))
    probabilities = run.predictions()
    matrix = confusion_counts(labels, probabilities.argmax(axis=1), classes=len(names))
    findings = diagnose(
        run.history.rows,
        matrix=matrix,
        class_names=names,
        dead={r.name: (r.inactive, r.units) for r in layers if r.inactive is not None},
        test_accuracy=run.test["accuracy"] if run.test else None,
        samples=(len(run.split.val), len(run.split.test)),
    )
    content = ReportContent(
        title=run.path.name,
        subtitle=_subtitle(run),
        facts=_facts(run, layers),
        findings=tuple(ReportFinding(f.severity, f.title, f.text) for f in findings),
        curves=learning_curves_bokeh(rows, turned=run.history.turned) if (rows := run.history.rows) else None,
        confusion=confusion_matrix_bokeh(matrix, names),
        embedding=embedding.bokeh() if embedding else None,
        embedding_caption=_caption(embedding) if embedding else f"It needs {LEAST} test samples or more.",
        layers=tuple(layer_row(record) for record in layers),
        inside=inside,
        mistakes=_mistakes(run, worst_mistakes(probabilities, labels)),
        settings=_settings(run),
        footer=f"Made by cutaway {run.folder.manifest['versions']['cutaway']} from {run.path.name}.",
    )
    page = report_page(content)
    on_progress(Progress("report", 1, 1, "pages"))
    return page


def _embedding(run: "Run", *, on_progress: ProgressCallback) -> "Embedding | None":
    """The last hidden layer on test samples; perplexity 30, or less where there are fewer than 100 of these."""
    from .embed import embed_run

    samples = min(len(run.split.test), POINTS)
    if samples < LEAST:
        return None
    settings = {"method": "tsne", "seed": 0, "perplexity": min(30.0, (samples - 1) // 3 - 1.0)}
    return embed_run(run, None, split="test", epoch=-1, points=POINTS, settings=settings, on_progress=on_progress)


def layer_row(record: "LayerRecord") -> dict[str, str]:
    """A layer as a row of text; the same row stands in the report and on the terminal."""
    kernel = record.weights[0] if record.weights else None
    share = record.inactive_share
    row = {
        "Layer": record.name,
        "Kind": record.kind,
        "Output": " x ".join(str(side) for side in record.output_shape),
        "Parameters": f"{record.parameters:,}",
        "Trainable": f"{record.trainable:,}",
        "Never fire": "" if share is None else f"{record.inactive} ({share:.1%})",
    }
    for name in ("mean", "std", "min", "max"):
        row[f"Weight {name}"] = f"{getattr(kernel, name):.4f}" if kernel else ""
    return row


def _subtitle(run: "Run") -> str:
    spec, config = run.folder.manifest["model"], run.config
    units = [str(layer["config"]["units"]) for layer in spec["layers"] if layer["kind"] == "Dense"]
    shape = "x".join(str(side) for side in spec["input"]["shape"])
    train, val, test = (f"{len(run.split.part(name)):,}" for name in ("train", "val", "test"))
    batch = "" if config["batch_size"] is None else f"batch {config['batch_size']}, "
    if config["optimizer"] == "none":  # a model that came as it is
        how = "not trained here"
    else:
        how = f"{config['optimizer']} {config['learning_rate']:g}, {batch}seed {config['seed']}"
    return (
        f"{spec['name']} {'-'.join([shape, *units])} on {run.folder.manifest['dataset']['name']}, {how}; "
        f"{train} training, {val} validation and {test} test samples"
    )


def _facts(run: "Run", layers: "tuple[LayerRecord, ...]") -> tuple[tuple[str, str], ...]:
    rows, test = run.history.rows, run.test
    facts = []
    if test:
        facts += [("Test accuracy", f"{test['accuracy']:.2%}"), ("Test loss", f"{test['loss']:.4f}")]
    if rows:
        if rows[-1].get("val_accuracy") is not None:
            facts += [("Validation accuracy", f"{rows[-1]['val_accuracy']:.2%}")]
        facts += [("Epochs", str(len(rows))), ("Training time", f"{sum(row['seconds'] for row in rows):.1f} s")]
    return (*facts, ("Parameters", f"{sum(record.parameters for record in layers):,}"))


def _caption(embedding: "Embedding") -> str:
    quality = embedding.quality
    perplexity = f"{embedding.layout.settings['perplexity']:g}"
    words = f"{embedding.title} of the test split, perplexity {perplexity}, in the colors of their true classes."
    if quality:
        words += (
            f" Of a sample's {quality.k} nearest neighbors in the layer, {quality.neighbors_preserved:.0%} are among"
            f" its {quality.k} nearest in the picture; trustworthiness {quality.trustworthiness:.3f}."
        )
    return words


def _mistakes(run: "Run", worst: Mistakes) -> tuple[ReportMistake, ...]:
    from cutaway.plots import picture_png

    ids, data, names = run.split.test.take(worst.position), run.data, run.class_names
    rows, pictures = data.x(ids), pictures_of(data, ids)
    return tuple(
        ReportMistake(
            name=ids[i],
            label=names[worst.label[i]],
            predicted=names[worst.predicted[i]],
            confidence=float(worst.confidence[i]),
            picture=None if pictures is None else picture_png(pictures[i], scale=3),
            values=", ".join(f"{value:g}" for value in np.ravel(rows[i])[:8]),
        )
        for i in range(len(ids))
    )


def _settings(run: "Run") -> tuple[tuple[str, str], ...]:
    manifest = run.folder.manifest
    pairs = [("created", manifest["created"]), ("status", manifest["status"])]
    pairs += [(name, value) for name, value in run.config.items() if value is not None]
    pairs += [("dataset sha256", manifest["dataset"]["sha256"])]
    pairs += [(f"version of {name}", version) for name, version in manifest["versions"].items()]
    pairs += [(f"device {name}", value) for name, value in manifest["device"].items()]
    return tuple((name, str(value)) for name, value in pairs)
