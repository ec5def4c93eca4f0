"""Coverage against accuracy: how often a model is right if it answers only when it is confident."""

from dataclasses import dataclass, field

import numpy as np

from .intervals import Share, share_of, wilson_interval
from .probabilities import check_outcomes


@dataclass(frozen=True, eq=False)
class CoverageCurve:
    """Accuracy of the answered samples by their share, from the most confident samples to all of them.

    Attributes:
        thresholds: float64 ``(point,)``, descending: samples with at least this confidence are answered. Samples of
            equal confidence are answered together: there is a point for each different confidence.
        answered: int64 ``(point,)``, ascending, the number of answered samples; the last is the number of all samples.
        correct: int64 ``(point,)``, how many of them are predicted correctly.
    """

    thresholds: np.ndarray = field(repr=False)
    answered: np.ndarray = field(repr=False)
    correct: np.ndarray = field(repr=False)

    @property
    def coverage(self) -> np.ndarray:
        """The share of answered samples, float64 ``(point,)`` in 0..1."""
        return self.answered / self.answered[-1]

    @property
    def accuracy(self) -> np.ndarray:
        """The accuracy of the answered samples, float64 ``(point,)`` in 0..1; the last one counts all samples."""
        return self.correct / self.answered

    @property
    def interval(self) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends of the accuracy's 95% intervals (Wilson), float64 ``(point,)`` each."""
        return wilson_interval(self.correct, self.answered)

    def threshold_for(self, accuracy: float) -> float | None:
        """The lowest confidence to answer at, for as many answers as possible.

        Args:
            accuracy: The accuracy that the answered samples must have at least, 0..1.

        Returns:
            0 if all samples can be answered; None if not even the most confident ones are right often enough.
        """
        reached = np.flatnonzero(self.accuracy >= accuracy)
        if not len(reached):
            return None
        last = int(reached[-1])
        return 0.0 if last == len(self.thresholds) - 1 else float(self.thresholds[last])


@dataclass(frozen=True)
class Answered:
    """The samples that are answered at a threshold.

    Attributes:
        threshold: The lowest confidence to answer at, 0..1.
        coverage: Share of all samples that are answered.
        accuracy: Share of the answered samples that is predicted correctly.
    """

    threshold: float
    coverage: Share
    accuracy: Share


def coverage_curve(confidence: np.ndarray, correct: np.ndarray) -> CoverageCurve:
    """The curve of samples that are answered in the order of their confidence.

    Args:
        confidence: float ``(sample,)``, 0..1, of at least one sample.
        correct: bool ``(sample,)``, whether they are predicted correctly.

    Raises:
        DataError: The arrays do not fit together, or are empty.
    """
    confidence, correct = check_outcomes(confidence, correct)
    levels, counts, right = down_to_each(confidence, correct)
    return CoverageCurve(levels, counts, right.astype(np.int64))


def down_to_each(scores: np.ndarray, hits: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The different scores, highest first, and for each the samples that have at least it: how many, and their hits."""
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    return ranked[ends], ends + 1, np.cumsum(hits[order])[ends]


def answered_at(confidence: np.ndarray, correct: np.ndarray, threshold: float) -> Answered:
    """The share of answered samples, and their accuracy, from a confidence on.

    Args:
        confidence: See `coverage_curve`.
        correct: See `coverage_curve`.
        threshold: 0..1.

    Raises:
        DataError: See `coverage_curve`.
    """
    confidence, correct = check_outcomes(confidence, correct)
    answered = confidence >= threshold
    count = int(answered.sum())
    right = int((answered & correct).sum())
    return Answered(float(threshold), share_of(count, len(confidence)), share_of(right, count))
