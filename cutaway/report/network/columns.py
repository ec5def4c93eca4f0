"""What a slider or a list for each column of a table needs."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from cutaway.context import RunContext
from cutaway.data import Column, Table
from cutaway.errors import CutawayError
from cutaway.log import survive

SAMPLES = 2000
"""Number of training samples to take quantiles from."""

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Which quantiles."""

STEPS = 200
"""Steps of a slider at least, from end to end, where a column does not hold whole numbers."""

HOUR, DAY = 3_600.0, 86_400.0

HALF_YEAR = 183 * DAY


def column_controls(context: RunContext) -> dict[str, Any] | None:
    """The preparation of a table as JSON-able data, with what a control for each column needs.

    Args:
        context: The run. Where its data cannot be loaded, there are no quantiles, and steps and usual values are what
            the preparation alone tells.

    Returns:
        ``{"steps": [...], "controls": [...]}``, one of each for every column; None if the data are not a table.
    """
    preparation = context.preparation
    if preparation is None:
        return None
    inputs, table = np.empty((0, len(preparation.features)), np.float32), None
    with survive(__name__, "loading samples for the controls of columns", CutawayError):
        inputs, table = context.data.x(context.ids("train", samples=SAMPLES)), context.loaded
    known = {column.name: column for column in table.columns} if isinstance(table, Table) else {}
    widths = [len(step.features) for step in preparation.steps]
    columns = np.split(inputs.astype(np.float64), np.cumsum(widths)[:-1], axis=1)
    steps = preparation.to_record()["steps"]
    found = [_control(step, own, known.get(step["column"])) for step, own in zip(steps, columns, strict=True)]
    return {"steps": steps, "controls": found}


def _control(step: Mapping[str, Any], inputs: np.ndarray, known: Column | None) -> dict[str, Any]:
    """What a control for a column needs.

    Args:
        step: As run.json keeps it.
        inputs: float64 (sample, input), what the column became in some training samples.
        known: What is known of the column, or None.
    """
    make = {"number": _number, "category": _category, "date": _date, "hash": _text}[step["kind"]]
    missing = step["kind"] == "hash" or step["indicator"]
    return {"column": step["column"], "missing": missing} | make(step, inputs, known)


def _number(step: Mapping[str, Any], inputs: np.ndarray, known: Column | None) -> dict[str, Any]:
    low, high, start = step["low"], step["high"], step["fill"]
    if step["quantiles"]:
        values = np.asarray(step["quantiles"], np.float64)
    else:
        values = _known(step, inputs)[:, 0] * step["scale"] + step["center"]
    whole = known is not None and known.whole
    control = {"kind": "number", "low": low, "high": high, "step": _step(low, high, whole=whole)}
    return control | {"start": round(start) if whole else start} | _quantiles(values)


def _step(low: float, high: float, *, whole: bool) -> float:
    """A round step of a slider: 1, 2 or 5 times a power of ten; of whole numbers at least 1."""
    wanted = (high - low) / STEPS
    if wanted <= 0 or (whole and wanted <= 1):
        return 1.0
    power = 10.0 ** math.floor(math.log10(wanted))
    return next(factor * power for factor in (5.0, 2.0, 1.0) if factor * power <= wanted * (1 + 1e-9))


def _category(step: Mapping[str, Any], inputs: np.ndarray, known: Column | None) -> dict[str, Any]:
    values: list[str] = step["values"]
    counts: Mapping[str, int] = {} if known is None else known.values
    usual = sorted(values, key=lambda value: -counts.get(value, 0))
    return {"kind": "category", "values": values, "other": step["other"], "start": usual[0] if usual else None}


def _date(step: Mapping[str, Any], inputs: np.ndarray, known: Column | None) -> dict[str, Any]:
    low, high = step["fill"] - HALF_YEAR, step["fill"] + HALF_YEAR
    if known is not None and math.isfinite(known.low) and math.isfinite(known.high):
        low, high = known.low, known.high
    unit = HOUR if any(part.startswith("hour") for part in step["parts"]) else DAY
    ends = {"low": math.floor(low / unit) * unit, "high": math.ceil(high / unit) * unit}
    found = {"kind": "date", **ends, "step": unit, "start": step["fill"]}
    if "time" not in step["parts"]:
        return found
    times = _known(step, inputs)[:, step["parts"].index("time")] * step["scale"] + step["center"]
    return found | _quantiles(times)


def _text(step: Mapping[str, Any], inputs: np.ndarray, known: Column | None) -> dict[str, Any]:
    return {"kind": "text", "start": None}


def _known(step: Mapping[str, Any], inputs: np.ndarray) -> np.ndarray:
    """The inputs of samples with a known value of a column."""
    return inputs[inputs[:, -1] == 0] if step["indicator"] else inputs


def _quantiles(values: np.ndarray) -> dict[str, Any]:
    return {"quantiles": np.quantile(values, LEVELS).tolist()} if len(values) else {}
