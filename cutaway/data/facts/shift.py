"""Whether two sets of samples look alike: in one column, and to a classifier that tells which set a sample is from."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cutaway.parallel import single_threaded_blas, single_threaded_openmp

LEVEL = 1e-3
"""p-value, corrected for all columns, below which columns differ by more than chance."""

FAR = 0.2
"""Columns differ if the largest difference of two shares is at least this."""

LEAST = 50
"""Minimum number of samples of each set."""


@dataclass(frozen=True)
class ColumnShift:
    """How much a column differs between two sets of samples.

    Attributes:
        distance: Largest difference of the shares of both sets of values up to a number, or of some categories.
        p_value: How likely at least that is where both sets are drawn alike, corrected for all columns (Holm).
        first: Median of the first set; None for a category.
        second: Median of the second set; None for a category.
    """

    distance: float
    p_value: float
    first: float | None = None
    second: float | None = None


def column_shifts(
    columns: Mapping[str, tuple[np.ndarray, np.ndarray]], *, categories: frozenset[str] = frozenset()
) -> dict[str, ColumnShift]:
    """Compare columns one by one, and say which differ; a missing value is a value of its own.

    Args:
        columns: float64 ``(sample,)`` of both sets; NaN if nothing is known.
        categories: Columns of codes, whole numbers from 0, which have no order.

    Source:
        Massey 1951, "The Kolmogorov-Smirnov test for goodness of fit"; Holm 1979, "A simple sequentially rejective
        multiple test procedure"; Pearson's chi-square test for categories.
    """
    measured = {
        name: (_of_codes if name in categories else _of_numbers)(*both)
        for name, both in columns.items()
        if min(map(len, both)) >= LEAST
    }
    shifts: dict[str, ColumnShift] = {}
    corrected = 0.0
    for rank, (name, (distance, p)) in enumerate(sorted(measured.items(), key=lambda each: each[1][1])):
        corrected = max(corrected, min(1.0, (len(measured) - rank) * p))
        if corrected < LEVEL and distance >= FAR:
            medians = (None, None) if name in categories else tuple(map(_median, columns[name]))
            shifts[name] = ColumnShift(distance, corrected, *medians)
    return shifts


def _of_numbers(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """The Kolmogorov-Smirnov distance and its asymptotic p-value, which is no lower where values are equal."""
    from scipy.special import kolmogorov

    both = np.concatenate([first, second])
    missing = np.nanmin(both) - 1 if np.isfinite(both).any() else 0.0
    sides = [np.sort(np.nan_to_num(each, nan=missing)) for each in (first, second)]
    at = np.concatenate(sides)
    shares = [np.searchsorted(each, at, side="right") / len(each) for each in sides]
    distance = float(np.abs(shares[0] - shares[1]).max())
    size = len(first) * len(second) / (len(first) + len(second))
    return distance, float(kolmogorov(np.sqrt(size) * distance))


def _of_codes(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    from scipy.stats import chi2_contingency

    codes = [np.nan_to_num(each, nan=-1).astype(np.int64) + 1 for each in (first, second)]
    size = int(max(each.max() for each in codes)) + 1
    table = np.stack([np.bincount(each, minlength=size) for each in codes])
    rare = table.sum(axis=0) * min(map(len, codes)) / table.sum() < 5  # too few for a chi-square test: taken together
    table = np.concatenate([table[:, ~rare], table[:, rare].sum(axis=1, keepdims=True)], axis=1)
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2:
        return 0.0, 1.0
    shares = table / table.sum(axis=1, keepdims=True)
    return float(np.abs(shares[0] - shares[1]).sum() / 2), float(np.asarray(chi2_contingency(table)[1]))


def _median(values: np.ndarray) -> float | None:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else None


ROWS = 2000
"""Maximum number of samples of each set."""

SUREST = 20
"""Maximum number of rows that are named."""

COMPONENTS = 30
"""Maximum number of principal components that the classifier sees."""


@dataclass(frozen=True)
class Shift:
    """How well a classifier separates two sets.

    Attributes:
        auc: Area under the ROC curve, out of sample: 0.5 if they are alike, 1 if the classifier is always right.
        error: Its standard error.
        samples: Samples of both sets.
        surest: Rows of the second set that it separates with the most confidence, at most `SUREST`, the surest first.
    """

    auc: float
    error: float
    samples: int
    surest: tuple[int, ...] = ()


def tell_apart(first: np.ndarray, second: np.ndarray) -> Shift | None:
    """Train a classifier to tell two sets of samples apart, and judge it on samples that it was not trained on.

    Args:
        first: float32 ``(sample, input)``.
        second: float32 ``(sample, input)``.

    Returns:
        None where one of them has fewer than `LEAST` samples.

    Source:
        Lopez-Paz and Oquab 2017, "Revisiting classifier two-sample tests"; Hanley and McNeil 1982, "The meaning and use
        of the area under a ROC curve", for the standard error.
    """
    from sklearn.decomposition import PCA
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    if min(len(first), len(second)) < LEAST:
        return None
    random = np.random.default_rng(0)
    drawn = [random.permutation(len(part))[:ROWS] for part in (first, second)]
    parts = [part[rows] for part, rows in zip((first, second), drawn, strict=True)]
    x = np.concatenate(parts).astype(np.float32)  # a copy, and no wider: samples may be large
    y = np.repeat([0, 1], [len(part) for part in parts])
    x -= x.mean(axis=0, dtype=np.float64).astype(np.float32)
    x /= np.maximum(np.sqrt(np.square(x).mean(axis=0)), 1e-9)
    model = HistGradientBoostingClassifier(max_iter=50, random_state=0)
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    with single_threaded_blas(), single_threaded_openmp():
        if x.shape[1] > COMPONENTS:
            x = PCA(COMPONENTS, random_state=0).fit_transform(x)
        found = np.asarray(cross_val_predict(model, x, y, cv=folds, method="predict_proba"))[:, 1]
    auc = float(roc_auc_score(y, found))
    surest = drawn[1][np.argsort(-found[y == 1], kind="stable")[:SUREST]]
    return Shift(auc, _standard_error(auc, *np.bincount(y)), len(y), tuple(surest.tolist()))


def _standard_error(auc: float, negatives: int, positives: int) -> float:
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (positives - 1) * (q1 - auc**2) + (negatives - 1) * (q2 - auc**2)
    return float(np.sqrt(max(variance, 0) / (negatives * positives)))
