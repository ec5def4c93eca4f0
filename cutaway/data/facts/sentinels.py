"""Numbers and words in a column that stand for something else than a measurement, such as -999 for a missing value."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

DISTINCT, FEW = 10, 3
"""Different values of the rest at least, and different sentinels at each end, or different words, at most."""

ROWS = 5
"""Rows with a sentinel at least."""

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
        values: The values as text, the most frequent first: far numbers, or words among numbers.
        rows: Rows with one of them.
        samples: Rows in which the column is known.
        low: Smallest of the other numbers.
        high: Largest of them.
        are_words: Whether they are words, for which all numbers of the column are read as text.
    """

    values: tuple[str, ...]
    rows: int
    samples: int
    low: float
    high: float
    are_words: bool = False


def far_values(values: np.ndarray, *, columns: int = 1) -> Sentinels | None:
    """Find values that are repeated exactly, farther from all others than those are from each other.

    The null hypothesis is that far values repeat each other as often as the other values of the column do.

    Args:
        values: float64 ``(sample,)``; NaN where nothing is known.
        columns: Number of columns that are looked at, for which the level is corrected (Bonferroni).

    Returns:
        None where there are none, or the other values are fewer than `DISTINCT` different ones.
    """
    distinct, counts = np.unique(values[np.isfinite(values)], return_counts=True)
    for peeled in range(2 * FEW, 0, -1):
        for below in range(max(0, peeled - FEW), min(peeled, FEW) + 1):
            inner = slice(below, len(distinct) - (peeled - below))
            rest, weights = distinct[inner], counts[inner]
            if len(rest) < DISTINCT:
                continue
            rows, others = int(counts.sum() - weights.sum()), int(weights.sum())
            gaps = [distinct[i + 1] - distinct[i] for i in _edges(below, peeled - below, len(distinct))]
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


def _edges(below: int, above: int, distinct: int) -> list[int]:
    """The positions of the values before the gaps between far values and the others."""
    return [below - 1] * (below > 0) + [distinct - above - 1] * (above > 0)


def words_among_numbers(texts: Sequence[str | None]) -> Sentinels | None:
    """Find the few words for which a column of numbers is read as text.

    Args:
        texts: ``(sample,)``; None where nothing is known.

    Returns:
        None where there are none, where most cells are words, or where numbers begin with a zero, as codes do.
    """
    known = [text for text in texts if text is not None]
    words = [text for text in known if not NUMBER.fullmatch(text)]
    if not ROWS <= len(words) <= len(known) / 2:
        return None
    names, counts = np.unique(words, return_counts=True)
    numbers = {text for text in known if NUMBER.fullmatch(text)}
    if len(names) > FEW or len(numbers) < DISTINCT or any(re.match(r"[-+]?0\d", text) for text in numbers):
        return None
    parsed = [float(text.replace(",", ".")) for text in numbers]
    ordered = tuple(str(names[i]) for i in np.argsort(-counts, kind="stable"))
    return Sentinels(ordered, len(words), len(known), min(parsed), max(parsed), are_words=True)
