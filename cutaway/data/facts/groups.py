"""Samples that belong together, and what a quick model is worth on groups that it has seen no sample of."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cutaway.metrics import exchange_test

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


def grouping_of(values: np.ndarray, y: np.ndarray, *, ordered: bool) -> Grouping | None:
    """Find out whether rows that share a value have the same label more often than chance and the value explain.

    Where values are numbers, rows of the next number are compared as well: an age tells the label, and so does the next
    age, but not the number of the next household.

    Args:
        values: float ``(sample,)``, whole numbers or codes; NaN if nothing is known.
        y: int ``(sample,)``, classes from 0.
        ordered: Whether the values are numbers.

    Returns:
        None if there is no such agreement, or the values are no groups: few, large, or of one row each.
    """
    known = np.isfinite(values)
    _, codes, sizes = np.unique(values[known], return_inverse=True, return_counts=True)
    groups, classes = len(sizes), int(y.max()) + 1 if len(y) else 0
    if groups < FEWEST or classes > MOST_CLASSES or len(codes) > LARGEST * groups:
        return None
    if sizes[sizes > 1].sum() < len(codes) / 2:
        return None
    random = np.random.default_rng(0)
    drawn = np.sort(random.permutation(groups)[:GROUPS])
    rows = np.isin(codes, drawn)
    codes, labels = np.searchsorted(drawn, codes[rows]), y[known][rows]
    counts = _counts(codes, labels, (len(drawn), classes))
    found, of_class = _within(counts), counts.sum(axis=0)
    chance = float((of_class * (of_class - 1)).sum()) / (len(labels) * max(len(labels) - 1, 1))
    explained = _agreement(counts[:-1], counts[1:], counts[1:].sum(axis=1)) if ordered else chance
    if (found - max(chance, explained)) / max(1 - chance, 1e-9) < AGREES:
        return None  # nearly all columns end here, without shuffling
    shuffled = (_within(_counts(codes, random.permutation(labels), counts.shape)) for _ in range(SHUFFLES))
    return Grouping(groups, found, chance) if all(each < found for each in shuffled) else None


def _counts(codes: np.ndarray, labels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return np.bincount(codes * shape[1] + labels, minlength=shape[0] * shape[1]).reshape(shape)


def _within(counts: np.ndarray) -> float:
    return _agreement(counts, counts - 1, counts.sum(axis=1) - 1)


def _agreement(own: np.ndarray, same: np.ndarray, totals: np.ndarray) -> float:
    """The mean, over rows, of the share of the rows compared with them that have the same label.

    Args:
        own: int ``(group, class)``, rows.
        same: int ``(group, class)``, the rows of this label among those compared with; -1 for no row.
        totals: int ``(group,)``, all rows compared with.
    """
    some = totals > 0
    share = same[some] / totals[some, None]
    return float((own[some] * share).sum() / max(own[some].sum(), 1))


FOLDS, TREES = 5, 25
ROWS, VALUES = 3_000, 3_000_000
"""Samples that the quick model is trained and judged on at most, and their inputs."""

LEAST_GROUPS = 12
"""Groups at least: signs of fewer can be exchanged in too few ways for a level of 0.1% over two columns."""

MOST_JUDGED = 50

RARE = 2 * FOLDS
"""Samples of a class below which it is left out."""

PERIODS = 20
"""Periods of equally many samples into which times are divided."""

BLOCK = 5
"""The order is examined if blocks of equal labels have at least this many samples in the mean: less than half as many
blocks as in a random order."""


@dataclass(frozen=True)
class WholeGroups:
    """Held-out samples that a quick model predicts correctly: in random folds, and in folds of whole groups.

    Attributes:
        name: The column that says which samples belong together; empty for their order.
        groups: Number of groups.
        samples: Number of samples.
        at_random: Samples that are predicted correctly in random folds.
        by_group: The same in folds of whole groups.
        p_value: How likely at least such a difference is where groups do not matter: the signs of the differences of
            groups are exchanged.
        majority_samples: Samples of the largest class.
        of_time: Whether the groups are periods of time.
        is_input: Whether the column is one of the model's inputs.
        shared: Share of held-out samples of the split with a training sample of their group; None of times.
    """

    name: str
    groups: int
    samples: int
    at_random: int
    by_group: int
    p_value: float
    majority_samples: int
    of_time: bool = False
    is_input: bool = True
    shared: float | None = None


def whole_groups(
    inputs: Callable[[np.ndarray], np.ndarray],
    y: np.ndarray,
    groups: np.ndarray,
    *,
    name: str,
    features: int,
    of_time: bool = False,
    is_input: bool = True,
    shared: float | None = None,
) -> WholeGroups | None:
    """Compare the accuracy in random folds with that in folds of whole groups, of a forest of extremely random trees.

    Args:
        inputs: Gives float32 ``(row, input)`` of some samples by their positions, int64 ``(row,)``.
        y: int ``(sample,)``, classes from 0.
        groups: int ``(sample,)``, from 0; of times in their order, so a fold is one stretch of time.
        name: See `WholeGroups`.
        features: Number of inputs.
        of_time: See `WholeGroups`.
        is_input: See `WholeGroups`.
        shared: See `WholeGroups`.

    Returns:
        None if there are too few groups or samples, or too many classes.

    Source:
        Roberts et al. 2017, "Cross-validation strategies for data with temporal, spatial, hierarchical, or phylogenetic
        structure"; Geurts, Ernst, Wehenkel 2006 for the trees.
    """
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.model_selection import PredefinedSplit, StratifiedGroupKFold, StratifiedKFold, cross_val_predict

    kept = _kept(y, groups, most=min(ROWS, VALUES // features))
    y, groups = y[kept], np.unique(groups[kept], return_inverse=True)[1]
    count = int(groups.max()) + 1 if len(groups) else 0
    if count < (FOLDS if of_time else LEAST_GROUPS) or not 2 <= len(np.unique(y)) <= MOST_JUDGED:
        return None
    x, at_random = inputs(kept), StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    by_group = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0).split(x, y, groups)
    divided = at_random.split(x, y), PredefinedSplit(groups * FOLDS // count).split() if of_time else by_group
    model = ExtraTreesClassifier(TREES, min_samples_leaf=2, random_state=0, n_jobs=1)
    right = [np.asarray(cross_val_predict(model, x, y, cv=folds)) == y for folds in divided]
    changes = np.bincount(groups, weights=right[0].astype(float) - right[1])
    return WholeGroups(
        name=name,
        groups=count,
        samples=len(y),
        at_random=int(right[0].sum()),
        by_group=int(right[1].sum()),
        p_value=exchange_test(changes, draws=10_000),
        majority_samples=int(np.bincount(y).max()),
        of_time=of_time,
        is_input=is_input,
        shared=shared,
    )


def _kept(y: np.ndarray, groups: np.ndarray, *, most: int) -> np.ndarray:
    """Rows of groups, or of all groups if they are large, drawn at random, without rare classes."""
    random, count = np.random.default_rng(0), int(groups.max(initial=-1)) + 1
    are_large = len(groups) > LARGEST * count
    order = random.permutation(len(groups)) if are_large else random.permutation(count)[groups]
    rows = np.sort(np.argsort(order, kind="stable")[:most])
    return rows[np.bincount(y[rows])[y[rows]] >= RARE]


def periods(times: np.ndarray) -> np.ndarray:
    """The period of each sample: int64 ``(sample,)``, `PERIODS` of about equally many samples, in order of time.

    Samples of one moment are in one period.

    Args:
        times: float64 ``(sample,)``, all known.
    """
    edges = np.unique(np.quantile(times, np.linspace(0, 1, PERIODS + 1)[1:-1]))
    return np.searchsorted(edges, times, side="right")


def blocks_of_labels(y: np.ndarray) -> np.ndarray | None:
    """The block of each sample, int64 ``(sample,)``: neighbors with one label; None where these are not what they seem.

    In a random order a label is that of the sample before as often as two random samples have one label. Samples that
    are sorted by class have a block for each class, which says nothing about which samples belong together.

    Args:
        y: int ``(sample,)``, in the order of the file.

    Source:
        Wald, Wolfowitz 1940, "On a test whether two samples are from the same population".
    """
    changes = np.diff(y) != 0
    blocks = 1 + int(changes.sum())
    shares = np.bincount(y) / max(len(y), 1)
    by_chance = len(changes) * float(1 - (shares**2).sum())
    many = max(FEWEST, 3 * int((shares > 0).sum()))
    if blocks < many or len(y) < BLOCK * blocks or blocks > by_chance / 2:
        return None
    return np.concatenate([[0], np.cumsum(changes)])
