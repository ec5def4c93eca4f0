"""What the list of runs shows of one run, as plain data."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cutaway.errors import CutawayError, printable
from cutaway.runs import RunFolder

from .notes import read_notes

CURVE = 60
"""Points of a small curve at most."""

MEASURES = ("loss", "accuracy", "val_loss", "val_accuracy")


def run_row(path: Path) -> dict[str, Any]:
    """What is shown of the run in a folder; of one that cannot be read, the reason.

    Returns:
        ``id`` (the folder's name), ``state`` ("running", "finished", "stopped", "failed", "died" or "damaged"),
        ``why``, ``title``, ``tags`` and ``note``; of a run that can be read also ``created``, ``data``, ``model``,
        ``epochs``, ``test``, ``curves`` and others.
    """
    notes = read_notes(path).model_dump()
    try:
        folder = RunFolder.open(path)
        return {"id": path.name, **notes, **_known(folder)}
    except CutawayError as error:
        return {"id": path.name, **notes, "state": "damaged", "why": printable(str(error))}
    except OSError as error:
        return {"id": path.name, **notes, "state": "damaged", "why": printable(error.strerror or str(error))}


def _known(folder: RunFolder) -> dict[str, Any]:
    manifest, model = folder.manifest, folder.manifest.model
    rows = folder.history()
    return {
        "state": folder.state,
        "why": manifest.why and printable(manifest.why),
        "created": manifest.created,
        "origin": manifest.origin,
        "data": manifest.dataset.name,
        "classes": len(manifest.dataset.class_names),
        "model": model_words(model),
        "epochs": rows[-1]["epoch"] if rows else 0,
        "planned": manifest.config.get("epochs"),
        "kept_epoch": manifest.kept_epoch,
        "test": manifest.test and {name: manifest.test[name] for name in ("loss", "accuracy")},
        "seconds": manifest.cost.get("training"),
        "curves": {name: spaced([row.get(name) for row in rows]) for name in MEASURES},
        "best": _best(rows),
    }


def model_words(model: Any) -> str:
    """The sizes of a model from its inputs to its classes, such as "784-512-512-10"; "" if they are not known."""
    if model is None:
        return ""
    units = [str(layer.config["units"]) for layer in model.layers if isinstance(layer.config.get("units"), int)]
    return "-".join(["x".join(map(str, model.input.shape)), *units])


def _best(rows: Sequence[dict[str, Any]]) -> float | None:
    """The highest validation accuracy."""
    known = [row["val_accuracy"] for row in rows if isinstance(row.get("val_accuracy"), int | float)]
    return max(known, default=None)


def spaced(values: Sequence[Any]) -> list[Any]:
    """At most `CURVE` of some values, equally far apart, the first and the last among them."""
    if len(values) <= CURVE:
        return list(values)
    return [values[round(k * (len(values) - 1) / (CURVE - 1))] for k in range(CURVE)]
