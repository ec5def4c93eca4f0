"""What a slider or a list for each column of a table needs."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cutaway.api.context import RunContext
from cutaway.data import Preparation
from cutaway.errors import CutawayError

SAMPLES = 2000
"""Training samples from which quantiles and the most frequent values are taken."""

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Which quantiles."""

STEPS = 200
"""Steps of a slider at least, from end to end, where a column does not hold whole numbers."""

DAY = 86_400.0

HALF_YEAR = 183 * DAY


def column_controls(context: RunContext) -> dict[str, Any] | None:
    """The preparation of a table as JSON-able data, with what a control for each column needs.

    Args:
        context: The run. Where its data cannot be loaded, there are no quantiles, and the first value of a category is
            the usual one.

    Returns:
        ``{"steps": [...], "controls": [...]}``, one of each for every column; None where the data are no table.
    """
    preparation = context.preparation
    if preparation is None:
        return None
    try:
        inputs = context.data.x(context.ids("train", samples=SAMPLES))
    except CutawayError:
        inputs = np.empty((0, len(preparation.features)), np.float32)
    steps = preparation.to_record()["steps"]
    return {"steps": steps, "controls": _controls(steps, _by_column(preparation, inputs))}


def _by_column(preparation: Preparation, inputs: np.ndarray) -> list[np.ndarray]:
    """The inputs that each column became, float64 (sample, input)."""
    widths = [len(step.features) for step in preparation.steps]
    return np.split(inputs.astype(np.float64), np.cumsum(widths)[:-1], axis=1)


def _controls(steps: Sequence[Mapping[str, Any]], columns: Sequence[np.ndarray]) -> list[dict[str, Any]]:
    makers = {"number": _number, "category": _category, "date": _date, "hash": _text}
    return [
        {"column": step["column"], "missing": bool(step.get("indicator", step["kind"] == "hash"))}
        | makers[step["kind"]](step, inputs)
        for step, inputs in zip(steps, columns, strict=True)
    ]


def _number(step: Mapping[str, Any], inputs: np.ndarray) -> dict[str, Any]:
    low, high, start = step["low"], step["high"], step["fill"]
    if step["quantiles"]:
        values = np.asarray(step["quantiles"], np.float64)
    else:
        known = inputs[inputs[:, 1] == 0] if step["indicator"] else inputs
        values = known[:, 0] * step["scale"] + step["center"]
    tolerance = 1e-5 * max(abs(low), abs(high), 1.0)
    whole = all(float(v).is_integer() for v in (low, high)) and bool((abs(values - values.round()) <= tolerance).all())
    whole = whole and len(values) > 0
    control = {"kind": "number", "low": low, "high": high, "step": _step(low, high, whole=whole)}
    return control | {"start": round(start) if whole else start} | _quantiles(values.round() if whole else values)


def _step(low: float, high: float, *, whole: bool) -> float:
    """A round step: 1, 2 or 5 times a power of ten; at least 1 for whole numbers."""
    wanted = (high - low) / STEPS
    if whole and wanted <= 1:
        return 1.0
    if wanted <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(wanted))
    found = next(factor * power for factor in (5.0, 2.0, 1.0) if factor * power <= wanted * (1 + 1e-9))
    return max(found, 1.0) if whole else found


def _category(step: Mapping[str, Any], inputs: np.ndarray) -> dict[str, Any]:
    values = step["values"]
    counts = inputs[:, : len(values)].sum(axis=0)
    start = values[int(counts.argmax())] if len(values) else None
    return {"kind": "category", "values": values, "other": step["other"], "start": start}


def _date(step: Mapping[str, Any], inputs: np.ndarray) -> dict[str, Any]:
    parts = list(step["parts"])
    known = inputs[inputs[:, -1] == 0] if step["indicator"] else inputs
    ends = (step["fill"] - HALF_YEAR, step["fill"] + HALF_YEAR)
    quantiles: dict[str, Any] = {}
    if "time" in parts and len(known):
        values = known[:, parts.index("time")] * step["scale"] + step["center"]
        ends, quantiles = (float(values.min()), float(values.max())), _quantiles(values)
    unit = 3600.0 if any(part.startswith("hour") for part in parts) else DAY
    low, high = math.floor(ends[0] / unit) * unit, math.ceil(ends[1] / unit) * unit
    return {"kind": "date", "low": low, "high": high, "step": unit, "start": step["fill"]} | quantiles


def _text(step: Mapping[str, Any], inputs: np.ndarray) -> dict[str, Any]:
    return {"kind": "text", "start": None}


def _quantiles(values: np.ndarray) -> dict[str, Any]:
    return {"quantiles": np.quantile(values, LEVELS).tolist()} if len(values) else {}
