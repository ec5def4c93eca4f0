"""Predicted probabilities of each sample in a few numbers, and probabilities at another temperature."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cutaway.errors import DataError

from .confusion import ROUNDING, check_classes, check_probabilities, check_same_length

LEAST = float(np.finfo(np.float32).tiny)
"""Where logarithms of probabilities are cut off: -87.3."""


@dataclass(frozen=True, eq=False)
class ScoredSamples:
    """The prediction of a model for each sample, in so few numbers that samples of many classes fit into memory.

    Attributes:
        labels: int64 ``(sample,)``, true classes.
        predicted: int64 ``(sample,)``, classes with the largest probability, the first one in a tie.
        confidence: float32 ``(sample,)``, those probabilities.
        own: float32 ``(sample,)``, probabilities of the true classes.
        squared: float32 ``(sample,)``, sums over the classes of the squared difference to 1 for the true class and 0
            for the others, in 0..2.
        classes: Number of classes.
    """

    labels: np.ndarray = field(repr=False)
    predicted: np.ndarray = field(repr=False)
    confidence: np.ndarray = field(repr=False)
    own: np.ndarray = field(repr=False)
    squared: np.ndarray = field(repr=False)
    classes: int

    @classmethod
    def of(cls, probabilities: np.ndarray, labels: np.ndarray) -> "ScoredSamples":
        """Score samples.

        Args:
            probabilities: float ``(sample, class)``, 0..1. Rows that do not sum to 1, as from several sigmoids, are
                divided by their sums.
            labels: int ``(sample,)``, true classes.

        Raises:
            DataError: The arrays do not fit together, or a number is outside its range.
        """
        values = distributions(check_probabilities(probabilities))
        labels = check_classes(labels, name="labels", classes=values.shape[1])
        check_same_length(labels, values)
        own = np.take_along_axis(values, labels[:, None], axis=1)[:, 0]
        squares = np.square(values, dtype=np.float64).sum(axis=1)
        # the true class adds (1 - p)^2 in place of p^2
        squared = np.maximum(squares + 1 - 2 * own.astype(np.float64), 0).astype(np.float32)
        predicted = values.argmax(axis=1).astype(np.int64, copy=False)
        confidence = values.max(axis=1).astype(np.float32, copy=False)
        return cls(labels, predicted, confidence, own.astype(np.float32, copy=False), squared, values.shape[1])

    @classmethod
    def join(cls, parts: "Sequence[ScoredSamples]") -> "ScoredSamples":
        """The samples of several parts, at least one, in their order."""
        names = ("labels", "predicted", "confidence", "own", "squared")
        columns = [np.concatenate([getattr(part, name) for part in parts]) for name in names]
        return cls(*columns, classes=parts[0].classes)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def correct(self) -> np.ndarray:
        """Whether the true class is predicted, bool ``(sample,)``."""
        return self.predicted == self.labels

    @property
    def log_loss(self) -> np.ndarray:
        """Minus the logarithm of the probability of the true class, float64 ``(sample,)``, at most 87.3 nats."""
        return -np.log(np.maximum(self.own.astype(np.float64), LEAST))


def distributions(probabilities: np.ndarray) -> np.ndarray:
    """The same probabilities, with rows that do not sum to 1, such as from several sigmoids, divided by their sums.

    Args:
        probabilities: float ``(sample, class)``, 0..1.
    """
    off = np.abs(probabilities.sum(axis=1, dtype=np.float32) - 1) > ROUNDING
    if not off.any():
        return probabilities
    values = probabilities.astype(np.float32)
    values[off] = at_temperature(values[off], 1.0)
    return values


def at_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities at another temperature: the softmax of their logarithms divided by it.

    A temperature above 1 makes a model less confident, one below 1 more confident; the order of the classes stays.

    Args:
        probabilities: float ``(sample, class)``, 0..1, at temperature 1.
        temperature: Above 0.

    Returns:
        float32 ``(sample, class)``; each row sums to 1.

    Source:
        Guo, Pleiss, Sun, Weinberger 2017, "On calibration of modern neural networks", equation 9.
    """
    logs: Any = np.log(np.maximum(probabilities, LEAST, dtype=np.float32))
    logs -= logs.max(axis=1, keepdims=True)
    span = np.finfo(np.float32)  # beyond it, the probabilities reach their limit: 0 and 1, or all alike
    with np.errstate(over="ignore"):
        np.exp(np.divide(logs, np.float32(np.clip(temperature, span.tiny, span.max)), out=logs), out=logs)
    logs /= logs.sum(axis=1, keepdims=True)
    return logs


def check_outcomes(confidence: np.ndarray, correct: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return confidence as float64 and correctness as bool, each ``(sample,)`` of at least one sample.

    Raises:
        DataError: They do not fit together, are empty, or a confidence is not a number.
    """
    confidence, correct = np.asarray(confidence, np.float64), np.asarray(correct, bool)
    if confidence.shape != correct.shape or confidence.ndim != 1 or not len(confidence):
        raise DataError(
            f"confidence and correctness must be one number per sample, got {confidence.shape} and {correct.shape}",
            hint="take both from the same samples",
        )
    if not ((confidence >= 0) & (confidence <= 1 + ROUNDING)).all():
        outside = confidence[~((confidence >= 0) & (confidence <= 1 + ROUNDING))][0]
        raise DataError(f"confidence must be between 0 and 1, got {outside:g}", hint="pass probabilities")
    return confidence, correct
