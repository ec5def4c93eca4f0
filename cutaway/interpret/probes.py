"""Probes of a layer: two simple classifiers, fitted to half of the samples, measured on the rest."""

from typing import Any

import numpy as np

from cutaway.neighbors import nearest_with_ties
from cutaway.parallel import ranges

NEIGHBORS = 15
"""Default k of `knn_accuracy`."""

SCORES = 2**22
"""Scores of the probe, of a sample and a class each, that are in memory at a time: 32 MB."""

PENALTIES = (1e-3, 1e-2, 0.1, 1.0)
"""Ridge penalties of `probe_accuracy`, relative to the mean variance of a unit: the first, or the best of all."""

FEW = 5
"""Samples for each unit below which the penalty is chosen."""


def halves(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split samples into two halves with the same number of each class: every second sample of a class, in order.

    Args:
        labels: int64 ``(sample,)``.

    Returns:
        Positions, int64, ascending: of the half to fit, which takes the odd one of a class, and of the half to measure.
    """
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(labels[order]) != 0]) if len(labels) else np.zeros(0, int)
    lengths = np.diff(np.r_[starts, len(labels)])
    rank = np.empty(len(labels), np.int64)  # among the samples of its class
    rank[order] = np.arange(len(labels)) - np.repeat(starts, lengths)
    return np.flatnonzero(rank % 2 == 0), np.flatnonzero(rank % 2 == 1)


def knn_accuracy(h: np.ndarray, labels: np.ndarray, *, k: int = NEIGHBORS) -> float | None:
    """Accuracy of a k-nearest-neighbor classifier on one half of the samples, with the other half as its neighbors.

    Args:
        h: float32 ``(sample, unit)``, finite.
        labels: int64 ``(sample,)``.
        k: Neighbors that vote, by Euclidean distance, together with all that are as near as the k-th; the whole half
            if it has fewer. The first of several classes with the same number of votes wins.

    Returns:
        In [0, 1]; None if a half is empty.

    Source:
        Cover and Hart 1967, "Nearest neighbor pattern classification" (the rule).
    """
    fitted, measured = halves(labels)
    if not len(fitted) or not len(measured):
        return None
    h = h - h.mean(axis=0)  # distances stay the same, but products of large means would round them
    right = 0
    for queries, neighbors in nearest_with_ties(h[fitted], h[measured], min(k, len(fitted))):
        voters, winners = _most_votes(queries, labels[fitted[neighbors]])
        right += int((winners == labels[measured[voters]]).sum())
    return right / len(measured)


def _most_votes(voters: np.ndarray, choices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each voter's most frequent choice, the smallest of several.

    Counted by pairs that occur: a table of voters and choices would take 3 GB of 40,000 samples of 10,000 classes.
    """
    order = np.lexsort((choices, voters))
    voters, choices = voters[order], choices[order]
    starts = np.flatnonzero(np.r_[True, (np.diff(voters) != 0) | (np.diff(choices) != 0)])
    voter, choice, votes = voters[starts], choices[starts], np.diff(np.r_[starts, len(voters)])
    best = np.lexsort((choice, -votes, voter))
    first = np.flatnonzero(np.r_[True, np.diff(voter[best]) != 0])
    return voter[best][first], choice[best][first]


def probe_accuracy(h: np.ndarray, labels: np.ndarray) -> float | None:
    """Accuracy of a linear classifier on a layer's activations: ridge regression to one-hot classes, the largest wins.

    It is fitted to one half of the samples and measured on the other. The penalty is a share of the mean over units of
    their sum of squares, which makes it independent of a layer's scale: the first of `PENALTIES`. If the half has fewer
    than `FEW` samples for each unit, so weak a penalty lets noise be learned. Then it is the one that predicts the
    second half of this half best when it is fitted to the first, the smallest of several.

    Args:
        h: float32 ``(sample, unit)``, finite.
        labels: int64 ``(sample,)``.

    Returns:
        In [0, 1]; None if a half is empty.

    Source:
        Alain and Bengio 2016, "Understanding intermediate layers using linear classifier probes" (the idea); Hoerl and
        Kennard 1970, "Ridge regression: biased estimation for nonorthogonal problems" (the estimator).
    """
    fitted, measured = halves(labels)
    if not len(fitted) or not len(measured):
        return None
    names, member = np.unique(labels, return_inverse=True)
    penalty = PENALTIES[0]
    if len(fitted) < FEW * h.shape[1]:
        first, second = (fitted[part] for part in halves(member[fitted]))
        trial = _Probe(h[first], member[first], len(names))
        right = [trial.right(h, member, second, penalty=each) for each in PENALTIES]
        penalty = PENALTIES[int(np.argmax(right))]
    probe = _Probe(h[fitted], member[fitted], len(names))
    return probe.right(h, member, measured, penalty=penalty) / len(measured)


class _Probe:
    """A ridge regression to one-hot classes, for several penalties.

    Args:
        h: float32 ``(sample, unit)``, the samples that it is fitted to.
        member: int64 ``(sample,)``, their classes.
        classes: How many there are.
    """

    def __init__(self, h: np.ndarray, member: np.ndarray, classes: int) -> None:
        self._mean = h.mean(axis=0, dtype=np.float64)
        self._x, self._y = h - self._mean, one_hot(member, classes)
        self._center = np.bincount(member, minlength=classes) / len(h)
        # the smaller of two equal systems: units by units, or samples by samples
        self._tall = len(h) >= h.shape[1]
        self._system = self._x.T @ self._x if self._tall else self._x @ self._x.T
        self._diagonal = self._system.diagonal().copy()

    def right(self, h: np.ndarray, member: np.ndarray, rows: np.ndarray, *, penalty: float) -> int:
        """How many of some rows it predicts correctly."""
        solution = self._solution(penalty * float(self._diagonal.sum()) / h.shape[1])
        found = 0
        for start, stop in ranges(len(rows), max(1, SCORES // len(self._center))):
            part = rows[start:stop]
            inputs = h[part] - self._mean
            if not self._tall:  # weights of 10,000 units and 10,000 classes would take 800 MB
                inputs = inputs @ self._x.T
            found += int(((inputs @ solution + self._center).argmax(axis=1) == member[part]).sum())
        return found

    def _solution(self, penalty: float) -> np.ndarray:
        """The weights, float64 ``(unit, class)``, or if samples are fewer, their weights ``(sample, class)``."""
        x, y, center = self._x, self._y, self._center
        if not penalty > 0:  # all samples are the same point: the most frequent class wins
            return np.zeros((len(self._diagonal), len(center)))
        self._system[np.diag_indices_from(self._system)] = self._diagonal + penalty
        if self._tall:
            return np.linalg.solve(self._system, (y.T @ x).T - np.outer(x.sum(axis=0), center))
        targets = y.toarray()
        targets -= center
        return np.linalg.solve(self._system, targets)


def one_hot(member: np.ndarray, classes: int) -> Any:
    """Class numbers as rows with a single 1, float64 ``(sample, class)``, a `scipy.sparse.csr_array`."""
    from scipy.sparse import csr_array

    return csr_array((np.ones(len(member)), member, np.arange(len(member) + 1)), shape=(len(member), classes))
