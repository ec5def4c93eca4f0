"""Whether the rows that share a value belong together, as those of a household or a patient do."""

from dataclasses import dataclass

import numpy as np

FEWEST, LARGEST = 20, 20
"""Different values at least, and rows of a value at most on the mean: beyond, a value says what a row is, not which
ones belong together."""

AGREES = 0.3
"""How far beyond chance rows of a value agree in their label: 0 is chance, 1 means always (Cohen's kappa). Of 200
districts of ten rows it is 0.03 to 0.08 where shares of a class go from 30% to 70%, and 0.25 to 0.295 from 5% to 95%;
of households it is 0.33 to 0.35 where 80% have the label of their household, and 0.6 with 90% (3 seeds)."""

SHUFFLES = 99
"""Times that labels are shuffled: they must never agree as well; one in a hundred columns by chance gets further."""

GROUPS = 5_000
"""Values that are looked at, drawn at random of more."""

MOST_CLASSES = 100


@dataclass(frozen=True)
class Grouping:
    """How well rows of one value agree.

    Attributes:
        groups: Number of different values.
        agreement: Of a row, the mean share of the other rows of its value that have its label.
        chance: The same where labels are shuffled, in the mean of all orders.
    """

    groups: int
    agreement: float
    chance: float


def grouping_of(values: np.ndarray, y: np.ndarray, *, ordered: bool, seed: int = 0) -> Grouping | None:
    """Find out whether rows that share a value have the same label more often than chance and the value explain.

    Where values are numbers, rows of the next number are compared as well: an age tells the label, and so does the next
    age, but not the number of the next household.

    Args:
        values: float ``(sample,)``, whole numbers or codes; NaN where nothing is known.
        y: int ``(sample,)``, classes from 0.
        ordered: Whether the values are numbers.
        seed: Random seed.

    Returns:
        None where there is no such agreement, or the values are no groups: few, large, or of one row each.
    """
    known = np.isfinite(values)
    _, codes, sizes = np.unique(values[known], return_inverse=True, return_counts=True)
    groups, classes = len(sizes), int(y.max()) + 1 if len(y) else 0
    if groups < FEWEST or classes > MOST_CLASSES or len(codes) > LARGEST * groups:
        return None
    if sizes[sizes > 1].sum() < len(codes) / 2:
        return None
    random = np.random.default_rng(seed)
    drawn = np.sort(random.permutation(groups)[:GROUPS])
    rows = np.isin(codes, drawn)
    codes, labels = np.searchsorted(drawn, codes[rows]), y[known][rows]
    counts = _counts(codes, labels, (len(drawn), classes))
    found, of_class = _within(counts), counts.sum(axis=0)
    chance = float((of_class * (of_class - 1)).sum()) / (len(labels) * max(len(labels) - 1, 1))
    explained = _agreement(counts[:-1], counts[1:], counts[1:].sum(axis=1)) if ordered else chance
    if (found - max(chance, explained)) / max(1 - chance, 1e-9) < AGREES:
        return None  # true of nearly all columns, for which nothing needs to be shuffled
    shuffled = (_within(_counts(codes, random.permutation(labels), counts.shape)) for _ in range(SHUFFLES))
    return Grouping(groups, found, chance) if all(each < found for each in shuffled) else None


def _counts(codes: np.ndarray, labels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return np.bincount(codes * shape[1] + labels, minlength=shape[0] * shape[1]).reshape(shape)


def _within(counts: np.ndarray) -> float:
    return _agreement(counts, counts - 1, counts.sum(axis=1) - 1)


def _agreement(own: np.ndarray, same: np.ndarray, totals: np.ndarray) -> float:
    """The mean share, over rows, of the rows that they are compared with which have their label.

    Args:
        own: int ``(group, class)``, rows.
        same: int ``(group, class)``, of the rows compared with, those of this label; -1 where there is no row of it.
        totals: int ``(group,)``, all rows compared with.
    """
    some = totals > 0
    share = same[some] / totals[some, None]
    return float((own[some] * share).sum() / max(own[some].sum(), 1))
