"""What the list of runs shows of one run, as plain data."""

import hashlib
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from statistics import median_low
from typing import Any, cast

from cutaway.data import origin_options
from cutaway.errors import CutawayError, printable
from cutaway.log import survive
from cutaway.runs import Manifest, ModelSpec, ProcessRecord, RunFolder, kept_so_far

from .title import read_title

log = logging.getLogger("cutaway.studio.runs")

CURVE = 40
"""Points of a small curve at most."""

CURVES = ("loss", "val_loss")
"""Loss, since overfitting is seen there."""

RATED = 3
"""Epochs whose median time the next ones are expected to take: the first one has the compilation in it."""

LONG = 30.0
"""Seconds of a first epoch that says by itself how long the others take: the compilation is a small part of it."""


def run_row(path: Path) -> tuple[dict[str, Any], ProcessRecord | None]:
    """What is shown of the run in a folder; of one that cannot be read, the reason.

    Returns:
        ``id`` (the folder's name), ``state`` ("running", "finished", "stopped", "failed", "died" or "damaged"),
        ``why`` and ``title``; of a run that can be read also ``created``, ``data``, ``model``,
        ``called``, ``epochs``, ``test``, ``curves`` and others. ``val_accuracy`` is that of the epoch ``val_epoch``,
        which is the kept one, as ``test`` is; while the training goes on, the one that it would keep now. And the
        process that trains the run, if one does.
    """
    title = read_title(path)
    try:
        folder = RunFolder.open(path)
        title = title or folder.manifest.title or ""
        return {"id": path.name, "title": title, **_known(folder)}, folder.manifest.process
    except CutawayError as error:
        why = str(error)
    except OSError as error:
        why = error.strerror or str(error)
    return {"id": path.name, "title": title, "state": "damaged", "why": printable(why)}, None


def _known(folder: RunFolder) -> dict[str, Any]:
    manifest, rows, state = folder.manifest, folder.history(), folder.state
    best = max(rows, key=lambda row: _number(row, "val_accuracy", -1.0), default={})
    why, kept = str(folder.damage) if folder.damage else manifest.why, kept_so_far(manifest, rows)
    test = manifest.test and {name: manifest.test[name] for name in ("loss", "accuracy", "cross_entropy")}
    return {
        "state": state,
        "why": why and printable(why),
        "created": manifest.created,
        "origin": manifest.origin,
        "data": manifest.dataset.name,
        "shape": list(manifest.dataset.shape),
        "classes": len(manifest.dataset.class_names),
        "model": model_words(manifest.model),
        "called": manifest.called,
        "like": manifest.like and manifest.like.run,
        "judged_on": _judged_on(manifest),
        "seed": manifest.seed,
        "epochs": rows[-1]["epoch"] if rows else 0,
        "planned": manifest.config.get("epochs"),
        "kept_epoch": manifest.kept_epoch,
        "val_accuracy": next((row.get("val_accuracy") for row in rows if row["epoch"] == kept), None),
        "val_epoch": kept,
        "best": best.get("val_accuracy"),
        "best_epoch": best.get("epoch"),
        "test": test,
        "baseline": manifest.baseline,
        "seconds": manifest.cost.get("training"),
        "curves": {name: _rounded(spaced([row.get(name) for row in rows])) for name in CURVES},
        "progress": training_progress(folder, rows) if state == "running" else None,
    }


def _judged_on(manifest: Manifest) -> str:
    """The same text for runs whose validation samples are the same ones."""
    split = {name: value for name, value in manifest.split.items() if name != "membership"}
    record = manifest.dataset
    data: list[Any] = [record.sha256]
    if record.preparation is not None and record.origin["kind"] != "arrays":
        with survive(log, "reading the options of a table", CutawayError):
            options = origin_options(record.origin)
            # a table without some columns has the same rows
            others = {name: value for name, value in options.items() if name not in ("ignore", "use")}
            data = [{**record.origin, "options": others}, record.class_names, record.relabeled]
    text = json.dumps([data, split], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def training_progress(folder: RunFolder, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """How far a training is.

    Args:
        folder: Its run.
        rows: The epochs of its history.

    Returns:
        ``epoch`` (the one under way), ``share`` of all epochs that is done, in [0, 1], ``rate`` in samples per second,
        and ``seconds_left``; None for what is not known yet.
    """
    planned = folder.manifest.config.get("epochs")
    planned = planned if isinstance(planned, int) and planned > 0 else None
    done = rows[-1]["epoch"] if rows else 0
    seconds = [_number(row, "seconds", 0.0) for row in rows[-RATED:]]
    rate = _number(rows[-1], "samples_per_second", 0.0) if rows else 0.0
    within = 0.0
    between = folder.history(kind="progress")
    if between and between[-1]["epoch"] == done + 1 and rate and seconds[-1]:
        within = min(1.0, _number(between[-1], "samples", 0.0) / (rate * seconds[-1]))
    left = None
    if planned is not None and all(seconds) and (len(seconds) > 1 or sum(seconds) >= LONG):
        left = max(0.0, planned - done - within) * median_low(seconds)
    return {
        "epoch": done + 1 if planned is None else min(done + 1, planned),
        "share": None if planned is None else min(1.0, (done + within) / planned),
        "rate": rate or None,
        "seconds_left": left,
    }


def _number(row: dict[str, Any], name: str, default: float) -> float:
    value = row.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else default


def model_words(model: ModelSpec | None) -> str:
    """The sizes of a model from its inputs to its classes, such as "784-512-512-10"; "" if they are not known."""
    if model is None:
        return ""
    units = [str(layer.config["units"]) for layer in model.layers if isinstance(layer.config.get("units"), int)]
    return "-".join(["x".join(map(str, model.input.shape)), *units])


def sample_counts(manifest: Manifest) -> dict[str, int]:
    """How many samples of a run are in "train", "val" and "test", as far as it says so."""
    counts: Any = manifest.split.get("counts")
    known = cast("dict[str, Any]", counts).items() if isinstance(counts, dict) else ()
    return {part: count for part, count in known if type(count) is int and count >= 0}


def spaced(values: Sequence[Any]) -> list[Any]:
    """At most `CURVE` of some values, equally far apart, the first and the last among them."""
    if len(values) <= CURVE:
        return list(values)
    return [values[round(k * (len(values) - 1) / (CURVE - 1))] for k in range(CURVE)]


def _rounded(values: Sequence[Any]) -> list[float | None]:
    """Four digits, which is more than a small curve shows; None for what is no number."""
    return [float(f"{v:.4g}") if isinstance(v, int | float) and not isinstance(v, bool) else None for v in values]
