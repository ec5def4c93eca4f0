"""What a layer knows of the classes: two simple classifiers, learned on half of the samples, measured on the rest."""

import numpy as np

NEIGHBORS = 15
"""The k of `knn_accuracy` where nothing is said."""

PENALTY = 1e-3
"""Of `probe_accuracy`, relative to the mean variance of a unit."""

BLOCK = 1000
"""Samples that are compared with all others at a time: 20 MB of distances to 5,000 samples."""


def halves(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut samples into two halves with as many of each class: every second one of a class, in their order.

    Args:
        labels: int64 ``(sample,)``.

    Returns:
        Positions, int64, ascending: of the half to learn from, which has the odd one of a class, and of the other.
    """
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(labels[order]) != 0]) if len(labels) else np.zeros(0, int)
    lengths = np.diff(np.r_[starts, len(labels)])
    place = np.empty(len(labels), np.int64)
    place[order] = np.arange(len(labels)) - np.repeat(starts, lengths)
    return np.flatnonzero(place % 2 == 0), np.flatnonzero(place % 2 == 1)


def knn_accuracy(h: np.ndarray, labels: np.ndarray, *, k: int = NEIGHBORS) -> float | None:
    """Share of one half of the samples whose class most of their nearest in the other half have.

    Args:
        h: float32 ``(sample, unit)``, finite.
        labels: int64 ``(sample,)``.
        k: Neighbors that vote, by Euclidean distance, and with them all that are as near as the k-th; the whole half
            where it has fewer. Of classes with as many votes the first counts.

    Returns:
        In [0, 1]; None where a half is empty.

    Source:
        Cover and Hart 1967, "Nearest neighbor pattern classification" (the rule).
    """
    known, asked = halves(labels)
    if not len(known) or not len(asked):
        return None
    h = h - h.mean(axis=0)  # distances stay, but products of large means would round them
    near, far = h[known], h[asked]
    names, member = np.unique(labels, return_inverse=True)
    squares, k, right = (near**2).sum(axis=1), min(k, len(known)), 0
    for start in range(0, len(far), BLOCK):
        # |a|^2 - 2 ab orders as |a - b|^2 does
        distances = far[start : start + BLOCK] @ near.T
        distances *= -2
        distances += squares
        # the k-th distance and a comparison take a quarter of the time of argpartition, and break no ties by chance
        rows, places = np.nonzero(distances <= np.partition(distances, k - 1, axis=1)[:, k - 1 : k])
        cells = rows * len(names) + member[known[places]]
        counts = np.bincount(cells, minlength=len(distances) * len(names)).reshape(len(distances), len(names))
        right += int((counts.argmax(axis=1) == member[asked[start : start + BLOCK]]).sum())
    return right / len(asked)


def probe_accuracy(h: np.ndarray, labels: np.ndarray) -> float | None:
    """Accuracy of a linear classifier of a layer's activations: ridge regression on one-hot classes, largest wins.

    It is learned on one half of the samples and measured on the other. The penalty is `PENALTY` times the mean over
    units of their sum of squares, so that a layer's scale does not matter.

    Args:
        h: float32 ``(sample, unit)``, finite.
        labels: int64 ``(sample,)``.

    Returns:
        In [0, 1]; None where a half is empty.

    Source:
        Alain and Bengio 2016, "Understanding intermediate layers using linear classifier probes" (the idea); Hoerl and
        Kennard 1970, "Ridge regression: biased estimation for nonorthogonal problems" (the estimator).
    """
    known, asked = halves(labels)
    if not len(known) or not len(asked):
        return None
    names, member = np.unique(labels, return_inverse=True)
    mean = h[known].mean(axis=0, dtype=np.float64)
    x, y = h[known] - mean, np.eye(len(names))[member[known]]
    center = y.mean(axis=0)
    # the smaller of two equal systems: units by units, or samples by samples
    tall = len(x) >= x.shape[1]
    system = x.T @ x if tall else x @ x.T
    penalty = PENALTY * float(np.trace(system)) / x.shape[1]
    if not penalty > 0:
        weights = np.zeros((x.shape[1], len(names)))  # all samples are one point: the commonest class wins
    else:
        system[np.diag_indices_from(system)] += penalty
        right = y - center
        weights = np.linalg.solve(system, x.T @ right) if tall else x.T @ np.linalg.solve(system, right)
    scores = (h[asked] - mean) @ weights + center
    return float((scores.argmax(axis=1) == member[asked]).mean())
