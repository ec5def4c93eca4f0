"""Metrics class by class: recall, precision, F1, and the balanced accuracy."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .confusion import SparseCounts, check_counts
from .intervals import wilson_interval

LISTED = 100
"""Classes in a list for people at most; of more, those with the lowest recall are listed."""


@dataclass(frozen=True, eq=False)
class PerClass:
    """Measures of each class from a confusion matrix.

    Attributes:
        matrix: int64 ``(true, predicted)``, counts, sparse.
    """

    matrix: SparseCounts

    @cached_property
    def samples(self) -> np.ndarray:
        """int64 ``(class,)``: samples that belong to each class."""
        return self.matrix.sum(axis=1)

    @cached_property
    def predicted(self) -> np.ndarray:
        """int64 ``(class,)``: samples that are predicted as each class."""
        return self.matrix.sum(axis=0)

    @cached_property
    def correct(self) -> np.ndarray:
        """int64 ``(class,)``: samples of each class that are predicted as it."""
        return self.matrix.diagonal()

    @cached_property
    def recall(self) -> np.ndarray:
        """float64 ``(class,)``: the share of a class's samples that are predicted as it; NaN without samples."""
        return _ratio(self.correct, self.samples)

    @cached_property
    def precision(self) -> np.ndarray:
        """float64 ``(class,)``: the share of a class's predictions that are right; NaN if it is never predicted."""
        return _ratio(self.correct, self.predicted)

    @cached_property
    def recall_interval(self) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends of the recall's 95% intervals (Wilson), float64 ``(class,)`` each; NaN as there."""
        return wilson_interval(self.correct, self.samples)

    @cached_property
    def precision_interval(self) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends of the precision's 95% intervals (Wilson), float64 ``(class,)`` each; NaN as there."""
        return wilson_interval(self.correct, self.predicted)

    @cached_property
    def f1(self) -> np.ndarray:
        """float64 ``(class,)``: the harmonic mean of both, 2 TP / (2 TP + FP + FN); NaN if all three are 0."""
        return _ratio(2 * self.correct, self.samples + self.predicted)

    @cached_property
    def total(self) -> int:
        """Number of all samples."""
        return int(self.samples.sum())

    @property
    def accuracy(self) -> float:
        """The share of all samples that are predicted correctly."""
        return float(self.correct.sum() / self.total)

    @property
    def accuracy_interval(self) -> tuple[float, float]:
        """Lower and upper end of the accuracy's 95% interval (Wilson)."""
        return wilson_interval(int(self.correct.sum()), self.total)

    @property
    def balanced_accuracy(self) -> float:
        """The mean recall of the classes that have samples: with two classes, 0.5 for always predicting one."""
        return float(np.nanmean(self.recall))

    @property
    def largest(self) -> int:
        """The class with the most samples, the first of equals."""
        return int(self.samples.argmax())

    @property
    def rarest(self) -> int:
        """The class with the fewest samples, but some; the first of equals."""
        return int(np.where(self.samples, self.samples, self.total + 1).argmin())

    @property
    def baseline(self) -> float:
        """The accuracy of always predicting the largest class."""
        return float(self.samples.max() / self.total)

    def listed(self, n: int = LISTED) -> np.ndarray:
        """The classes to list, int64 ``(class,)``: all in order if there are at most ``n``.

        If there are more, the ``n`` with the lowest recall, the lowest first and ties in order; classes without samples
        come last.
        """
        if len(self.samples) <= n:
            return np.arange(len(self.samples))
        return np.argsort(self.recall, kind="stable")[:n]


def per_class(matrix: Any) -> PerClass:
    """Measure every class of a confusion matrix.

    Args:
        matrix: int ``(true, predicted)``, counts, sparse or not.

    Raises:
        DataError: ``matrix`` is not square, holds other things than counts, or only zeros.
    """
    return PerClass(check_counts(matrix))


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)
