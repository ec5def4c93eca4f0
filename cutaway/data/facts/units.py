"""Numbers of one column in two units, such as grams and kilograms."""

from dataclasses import dataclass

import numpy as np

FACTORS = {1000.0: "1,000", 100.0: "100", 2.54: "2.54", 1 / 0.45359237: "2.205", 1e6: "1,000,000"}
"""Factors between usual units: grams and kilograms, centimeters and meters, inches and centimeters, kilograms and
pounds, and milligrams and kilograms."""

LEAST = 20
"""Rows, and different values, of one class in each unit at least."""

SAME = 0.05
"""p-value of a two-sample Kolmogorov-Smirnov test from which both groups of values are alike except for the factor."""


@dataclass(frozen=True)
class MixedUnits:
    """Two groups of values in the rows of one class that a factor makes alike.

    Attributes:
        factor: How much larger the values of one group are, as text, such as "1,000".
        rows: Rows of the group of large values.
        samples: Rows of both, of the classes in which there are two.
        low: Median of the group of small values.
        high: Median of the group of large values.
    """

    factor: str
    rows: int
    samples: int
    low: float
    high: float


def mixed_units(values: np.ndarray, y: np.ndarray) -> MixedUnits | None:
    """Find two groups of values that are apart on a logarithmic scale and alike but for a factor between usual units.

    Classes are looked at one by one, since classes may differ: mice and elephants are no grams and kilograms.

    Args:
        values: float64 ``(sample,)``; NaN where nothing is known. Only columns without values below 0 are looked at.
        y: int ``(sample,)``, classes from 0.
    """
    known = np.isfinite(values)
    if not known.any() or values[known].min() < 0:
        return None
    found: dict[float, list[tuple[np.ndarray, np.ndarray]]] = {}
    for label in np.unique(y):
        logs = np.log(np.sort(values[known & (y == label) & (values > 0)]))
        parts = _parts(logs)
        if parts is not None:
            factor, low, high = parts
            found.setdefault(factor, []).append((low, high))
    if not found:
        return None
    factor, groups = max(found.items(), key=lambda each: sum(len(low) + len(high) for low, high in each[1]))
    low, high = (np.concatenate(side) for side in zip(*groups, strict=True))
    return MixedUnits(
        FACTORS[factor],
        len(high),
        len(low) + len(high),
        *(float(np.exp(np.median(g))) for g in (low, high)),
    )


def _parts(logs: np.ndarray) -> tuple[float, np.ndarray, np.ndarray] | None:
    """The factor and both groups of logarithms, sorted, of one class."""
    from scipy.stats import ks_2samp

    if len(logs) < 2 * LEAST:
        return None
    inside = np.diff(logs)[LEAST - 1 : len(logs) - LEAST]
    place = LEAST + int(inside.argmax())
    low, high, gap = logs[:place], logs[place:], float(inside.max())
    if min(len(np.unique(low)), len(np.unique(high))) < LEAST:
        return None
    center = float(np.median(high) - np.median(low))
    factor = min(FACTORS, key=lambda each: abs(np.log(each) - center))
    # each group is narrower than half of the factor, so that the groups are no halves of one
    if gap <= np.log(factor) / 2 or np.asarray(ks_2samp(low + np.log(factor), high))[1] < SAME:
        return None
    return factor, low, high
