"""What run.json says in words: where the data came from, what each column became, what the test samples cost."""

import re
from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from cutaway.data import Dataset, Preparation, Table, origin_options
from cutaway.errors import CutawayError
from cutaway.log import survive
from cutaway.runs import DatasetRecord, Manifest
from cutaway.task import number_text
from cutaway.words import UNDEFINED, counted, cut, listed, number

COLUMNS = 50
"""Maximum number of columns to list."""

VALUES = 8
"""Maximum number of values of a category to list."""


def class_counts(data: Dataset | Table) -> list[dict[str, Any]]:
    """The classes of a dataset and how many samples each has, over all sources."""
    if data.task.is_numbers:
        return []
    counts = np.bincount(np.concatenate(list(data.labels.values())), minlength=data.classes).tolist()
    return [{"name": name, "samples": count} for name, count in zip(data.class_names, counts, strict=True)]


def data_in_words(record: DatasetRecord) -> str:
    """The origin and the options of a dataset: "/data/churn.csv; label churned; category zip, kind"."""
    origin = record.origin
    where = origin.get("path") or origin.get("name") or "arrays or a frame in memory, which the run does not hold"
    try:
        options = origin_options(origin)
    except CutawayError as error:
        return f"{where}; options not known: {error.fault}"
    return "; ".join([where, *(f"{name} {value_in_words(value)}" for name, value in options.items())])


def value_in_words(found: Any) -> str:
    """The value of a setting as people read it."""
    if found is None:
        return UNDEFINED
    if isinstance(found, list | tuple):
        return ", ".join(map(str, cast("list[Any]", found)))
    if isinstance(found, str) and re.fullmatch("[0-9a-f]{64}", found):  # a SHA-256, as `cutaway show` prints it
        return found[:12]
    return f"{found:g}" if isinstance(found, float) else str(found)


def layer_setting(value: Any) -> Any:
    """A setting of a layer; an initializer or its like as Keras would write it: "L2(l2=0.01)"."""
    if not isinstance(value, Mapping) or "class_name" not in value:
        return cast(Any, value)
    saved = cast("Mapping[str, Any]", value)
    config = saved.get("config")
    entries: Mapping[str, Any] = cast("Mapping[str, Any]", config) if isinstance(config, Mapping) else {}
    details = ", ".join(f"{key}={entry}" for key, entry in entries.items() if entry is not None)
    return f"{saved['class_name']}({details})" if details else str(saved["class_name"])


def columns_in_words(record: DatasetRecord) -> list[tuple[str, str]]:
    """The columns of a table and what became of each, those that were used first; none where the data are no table."""
    if record.preparation is None:
        return []
    try:
        steps = Preparation.from_record(record.preparation).steps
    except CutawayError as error:
        return [("columns", f"not known: {error.fault}")]
    rows = [(f"column {step.column}", step_in_words(step)) for step in steps]
    rows += [(f"column {name}", f"left out: {why}") for name, why in columns_left_out(record).items()]
    first, hidden = cut(rows, COLUMNS)
    return [*first, *([("columns", f"and {hidden:,} more")] if hidden else [])]


def columns_left_out(record: DatasetRecord) -> dict[str, str]:
    """Why each column of a table that nothing was learned from was left out, by its name."""
    with survive(__name__, "reading which columns were left out", CutawayError):
        return dict(Preparation.from_record(record.preparation).left_out) if record.preparation else {}
    return {}


def step_in_words(step: Any) -> str:
    """What becomes of a column, by its step of a preparation: "number: (x - 3.1) / 2; 1 input"."""
    inputs = counted(len(step.features), "input")
    if step.kind == "category":
        how = f"one-hot of {listed(step.values, VALUES)}"
    elif step.kind == "hash":
        how = "by the hash of the value"
    elif step.kind == "date":
        how = ", ".join(step.parts)
    elif step.quantiles:
        how = "ranks as normal deviates"
    else:
        how = f"(x - {step.center:.6g}) / {step.scale:.6g}"
    if step.kind == "number" and step.indicator:
        how += f"; {step.fill:.6g} where it is missing"
    return f"{'category' if step.kind == 'hash' else step.kind}: {how}; {inputs}"


def test_losses(manifest: Manifest) -> dict[str, str]:
    """How the test samples were predicted, in words by name; nothing where the run was not tested.

    Of numbers, R2, and of a single target the errors in its unit. Of classes, losses of four decimals.

    First comes the cross-entropy, which can be compared between runs. The loss follows if it is another number:
    label smoothing is in it, it is not of the classes, or it is cut off at very small probabilities, as Keras' losses
    are.
    """
    if manifest.test is None:
        return {}
    if manifest.dataset.task.is_numbers:
        words = {"rmse": "RMSE", "mae": "mean error", "median_error": "median error"}
        found = {name: number_text(manifest.test[key]) for key, name in words.items() if key in manifest.test}
        return {"R2": number(manifest.test.get("r2"), 3)} | found
    plain, loss = (f"{manifest.test[name]:.4f}" for name in ("cross_entropy", "loss"))
    name = "loss with label smoothing" if manifest.config.get("label_smoothing") else "loss"
    return {"cross-entropy": plain} | ({} if loss == plain else {name: loss})
