"""Values of a column that stand for something else than a measurement, numbers as text, and values in two units."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

DISTINCT, FEW = 10, 3
"""Minimum number of different other values; maximum number of sentinels at each end, or of words."""

ROWS = 5
"""Minimum number of rows with a sentinel."""

FAR = 10
"""Ranges of the other values between these and a sentinel; one is enough for a usual one: nines such as 999, or a value
below 0 where no other is, which may also be in most rows."""

USUAL = re.compile(r"-?9+")

LEVEL = 1e-3
"""p-value, over all columns, below which equal values are no coincidence."""

NUMBER = re.compile(r"[-+]?(\d+[.,]?\d*|[.,]\d+)([eE][-+]?\d+)?")


@dataclass(frozen=True)
class Sentinels:
    """Values of a column that do not belong to its other values.

    Attributes:
        values: The values as text, the most frequent first: far numbers, or words among numbers, for which all numbers
            of the column are read as text.
        rows: Rows with one of them.
        samples: Rows with a known value.
        low: Smallest of the other numbers.
        high: Largest of them.
    """

    values: tuple[str, ...]
    rows: int
    samples: int
    low: float
    high: float


def far_values(values: np.ndarray, *, columns: int = 1) -> Sentinels | None:
    """Find values that are repeated exactly, farther from all others than those are from each other.

    The null hypothesis is that far values repeat each other as often as the other values of the column do.

    Args:
        values: float64 ``(sample,)``; NaN if nothing is known.
        columns: Number of columns that are tested; the level is corrected for it (Bonferroni).

    Returns:
        None if there are none, or the other values are fewer than `DISTINCT` different ones.
    """
    distinct, counts = np.unique(values[np.isfinite(values)], return_counts=True)
    for peeled in range(2 * FEW, 0, -1):
        for below in range(max(0, peeled - FEW), min(peeled, FEW) + 1):
            inner = slice(below, len(distinct) - (peeled - below))
            rest, weights = distinct[inner], counts[inner]
            if len(rest) < DISTINCT:
                continue
            rows, others = int(counts.sum() - weights.sum()), int(weights.sum())
            edges = [below - 1] * (below > 0) + [inner.stop - 1] * (peeled > below)
            gaps = [distinct[i + 1] - distinct[i] for i in edges]
            outer = [i for i in (*range(below), *range(inner.stop, len(distinct))) if counts[i] > 1]
            outer.sort(key=lambda i: -counts[i])
            names = tuple(f"{distinct[i]:.10g}" for i in outer)
            usual = all(USUAL.fullmatch(name) or (name[0] == "-" and rest[0] >= 0) for name in names)
            if rows < ROWS or (rows > others and not usual):
                continue
            if min(gaps) <= (1 if usual else FAR) * (rest[-1] - rest[0]):
                continue
            repeat = float((weights * (weights - 1.0)).sum() / (others * (others - 1.0)))
            if max(repeat, 1 / others) ** (rows - peeled) * columns >= LEVEL:
                continue
            return Sentinels(names, rows, rows + others, float(rest[0]), float(rest[-1]))
    return None


RARE, STRETCHED, NEAR = 100, 0.1, 3
"""Extreme values are among one in so many at each end, or are the last one; those between lie, standardized as all are,
within this range: a network can hardly tell them apart. A long tail has values from `NEAR` to `FAR` of their ranges."""


def extreme_values(values: np.ndarray) -> Sentinels | None:
    """Find a few values so large that the standard deviation of the column is theirs alone, such as typing errors.

    Args:
        values: float64 ``(sample,)``; NaN if nothing is known.

    Returns:
        None if there are none, or the other values are fewer than `DISTINCT` different ones.
    """
    known = np.sort(values[np.isfinite(values)])
    few = len(known) // RARE + 1
    others = known[few:-few]
    if len(np.unique(others)) < DISTINCT or np.ptp(others) >= STRETCHED * known.std():
        return None
    away = np.abs(known - others[0]) / np.ptp(others)
    rows = int((away > FAR).sum())
    if rows < (away > NEAR).sum():
        return None
    return Sentinels((f"up to {max(known, key=abs):.10g}",), rows, len(known), others[0], others[-1])


def words_among_numbers(texts: Sequence[str | None]) -> Sentinels | None:
    """Find the few words that make a column of numbers read as text.

    Args:
        texts: ``(sample,)``; None if nothing is known.

    Returns:
        None if there are none, if most cells are words, or if numbers begin with a zero, as codes do.
    """
    known = [text for text in texts if text is not None]
    words = [text for text in known if not NUMBER.fullmatch(text)]
    if not ROWS <= len(words) <= len(known) / 2:
        return None
    counts = Counter(sorted(words)).most_common()
    numbers = {text for text in known if NUMBER.fullmatch(text)}
    if len(counts) > FEW or len(numbers) < DISTINCT or any(re.match(r"[-+]?0\d", text) for text in numbers):
        return None
    parsed = [float(text.replace(",", ".")) for text in numbers]
    return Sentinels(tuple(word for word, _ in counts), len(words), len(known), min(parsed), max(parsed))


AMOUNT = re.compile(
    r"[^\w\s.,+-]? ?-?(?!0\d)(\d{1,3}(?:[,.' \xa0\u202f]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?)\s*(\W?[^\W\d_].{0,14}|\W)?"
)
"""A number, perhaps with thousands separators, a currency or a unit: "84,200 km", "$5", "6.1 l/100km"."""

MOSTLY = 0.9
"""Minimum share of such cells in a column of amounts."""


def amounts(texts: Sequence[str | None]) -> str | None:
    """Find numbers that are read as text because of what is written with them, such as a unit.

    Args:
        texts: ``(sample,)``, of a column that is read as text; None if nothing is known.

    Returns:
        A cell, or None if cells are others, whole numbers alone, or of more than `FEW` units, or fewer than `DISTINCT`
        different numbers.
    """
    found = [AMOUNT.fullmatch(text) for text in texts if text is not None]
    told = [each for each in found if each]
    numbers, units = ({each[part] for each in told} for part in (1, 2))
    is_whole = all(each.string.isdecimal() for each in told)  # such as numbers of customers, which are left out
    if is_whole or len(told) < MOSTLY * len(found) or len(units) > FEW or len(numbers) < DISTINCT:
        return None
    return told[0].string


FACTORS = {1000.0: "1,000", 100.0: "100", 2.54: "2.54", 1 / 0.45359237: "2.205", 1e6: "1,000,000"}
"""Factors between usual units: grams and kilograms, centimeters and meters, inches and centimeters, kilograms and
pounds, and milligrams and kilograms."""

LEAST = 20
"""Minimum number of rows, and of different values, of one class in each unit."""

SAME = 0.05
"""p-value of a two-sample Kolmogorov-Smirnov test above which both groups of values are alike except for the factor."""


@dataclass(frozen=True)
class MixedUnits:
    """Two groups of values in the rows of one class that a factor makes alike.

    Attributes:
        factor: How much larger the values of one group are, as text, such as "1,000".
        rows: Rows of the group of large values.
        samples: Rows of both groups, in the classes that have both.
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
        values: float64 ``(sample,)``; NaN if nothing is known. Only columns without values below 0 are looked at.
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
