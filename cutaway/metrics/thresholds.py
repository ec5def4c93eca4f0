"""Two classes: the metrics of every threshold on a score, and the threshold whose mistakes cost least."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cutaway.errors import DataError, UsageError
from cutaway.words import shown

from .coverage import down_to_each
from .intervals import CONFIDENCE, Share, normal_deviate, share_of


@dataclass(frozen=True, eq=False)
class RocCurve:
    """The receiver operating characteristic: both rates at every threshold, from the highest threshold to the lowest.

    Attributes:
        false_positive_rate: float64 ``(point,)``, 0..1, ascending: the share of the negatives that is called positive.
        true_positive_rate: float64 ``(point,)``, 0..1, ascending: the share of the positives that is called positive.
        thresholds: float64 ``(point,)``, descending: scores from it up are called positive; the first is infinite.
        area: Area under the curve: the probability that a positive has a higher score than a negative, 0..1.
        low: Lower end of its 95% interval.
        high: Upper end.
    """

    false_positive_rate: np.ndarray = field(repr=False)
    true_positive_rate: np.ndarray = field(repr=False)
    thresholds: np.ndarray = field(repr=False)
    area: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class PrecisionRecall:
    """Precision and recall at every threshold, from the lowest threshold to the highest.

    Attributes:
        precision: float64 ``(point,)``, 0..1: the share of those called positive that is positive; the last is 1.
        recall: float64 ``(point,)``, 0..1, descending: the share of the positives that is called positive; the last is
            0.
        thresholds: float64 ``(point - 1,)``, ascending.
        average_precision: The mean of the precisions, each weighted by the recall it adds, 0..1.
    """

    precision: np.ndarray = field(repr=False)
    recall: np.ndarray = field(repr=False)
    thresholds: np.ndarray = field(repr=False)
    average_precision: float


@dataclass(frozen=True)
class OperatingPoint:
    """The metrics of one threshold.

    Attributes:
        threshold: Scores from this one up are called positive.
        recall: Share of the positives that is called positive (sensitivity).
        specificity: Share of the negatives that are called negative.
        precision: Share of the samples called positive that are positive; NaN if there are none.
        accuracy: Share of all samples that is called right.
        cost: Mean cost of a sample.
    """

    threshold: float
    recall: Share
    specificity: Share
    precision: Share
    accuracy: Share
    cost: float


def roc_curve(positive: np.ndarray, scores: np.ndarray) -> RocCurve:
    """The ROC curve and its area.

    Args:
        positive: bool ``(sample,)``, with at least one of each kind.
        scores: float ``(sample,)``, the higher, the more probably positive.

    Raises:
        DataError: The arrays do not fit together, or there are no positives or no negatives.

    """
    from sklearn import metrics

    positive, scores = _checked(positive, scores)
    return RocCurve(*metrics.roc_curve(positive, scores), *roc_area(positive, scores))


def roc_area(positive: np.ndarray, scores: np.ndarray) -> tuple[float, float, float]:
    """The area under the ROC curve, and the ends of its 95% interval; arguments and errors are as for `roc_curve`.

    Source:
        The interval: DeLong, DeLong, Clarke-Pearson 1988, "Comparing the areas under two or more correlated receiver
        operating characteristic curves", on the scale of logits, computed from ranks as by Sun and Xu 2014.
        If all positives are above all negatives, that variance is 0, and the interval is from Newcombe 2006,
        "Confidence intervals for an effect size measure based on the Mann-Whitney statistic. Part 2", method 5.
    """
    positive, scores = _checked(positive, scores)
    area, deviation = _delong(positive, scores)
    z = normal_deviate(CONFIDENCE)
    if 0 < area < 1 and deviation > 0:
        logit, spread = np.log(area / (1 - area)), z * deviation / (area * (1 - area))
        low, high = (float(1 / (1 + np.exp(-end))) for end in (logit - spread, logit + spread))
    else:
        low, high = _newcombe(area, int(positive.sum()), int((~positive).sum()), z)
    return area, low, high


def precision_recall(positive: np.ndarray, scores: np.ndarray) -> PrecisionRecall:
    """Precision and recall at every threshold; arguments and errors are as for `roc_curve`."""
    from sklearn import metrics

    positive, scores = _checked(positive, scores)
    precision, recall, thresholds = metrics.precision_recall_curve(positive, scores)
    average = float(metrics.average_precision_score(positive, scores))
    return PrecisionRecall(precision, recall, thresholds, average)


def check_cost(cost: Any) -> np.ndarray:
    """Return costs as float64 ``(true, predicted)``, both in the order negative, positive.

    Args:
        cost: 2 x 2 numbers, or None for 1 for each mistake.

    Raises:
        UsageError: They are not, or a mistake costs no more than the right answer.
    """
    if cost is None:
        return np.array([[0.0, 1.0], [1.0, 0.0]])
    try:
        values = np.array(cost, np.float64)
    except (TypeError, ValueError, OverflowError):
        values = np.zeros(0)
    fits = values.shape == (2, 2) and np.isfinite(values).all()
    if not fits or values[0, 1] <= values[0, 0] or values[1, 0] <= values[1, 1]:
        raise UsageError(
            "cost must be 2 x 2 numbers, a row for each true class (negative, positive) and a column for each answer, "
            "and a mistake must cost more than the right answer",
            got=shown(cost),
            hint="where a missed positive costs ten times as much as a false alarm, pass cost=[[0, 1], [10, 0]]",
        )
    return values


def best_threshold(positive: np.ndarray, scores: np.ndarray, cost: np.ndarray) -> float:
    """The threshold with the lowest cost on some samples; of several, the one nearest to `calibrated_threshold`.

    Args:
        positive: See `roc_curve`.
        scores: See `roc_curve`, in 0..1.
        cost: As `check_cost` returns it.

    Returns:
        It is midway between two scores; 0 if calling all samples positive costs least.

    Raises:
        DataError: See `roc_curve`.
    """
    positive, scores = _checked(positive, scores)
    levels, counts, hits = down_to_each(scores, positive)
    called = np.concatenate([[0], counts])  # the number called positive: none, or down to each different score
    true = np.concatenate([[0], hits])
    false, positives, negatives = called - true, int(positive.sum()), int((~positive).sum())
    costs = true * cost[1, 1] + false * cost[0, 1] + (positives - true) * cost[1, 0] + (negatives - false) * cost[0, 0]
    above = np.concatenate([[max(1.0, np.nextafter(levels[0], np.inf))], levels])
    below = np.concatenate([levels, [0.0]])
    between = (above + below) / 2
    between[0] = above[0] if below[0] >= 1 else between[0]
    between[-1] = 0.0
    # costs that differ by rounding alone are equal
    lowest = np.flatnonzero(costs <= costs.min() + 1e-9 * np.abs(cost).max() * len(scores))
    return float(between[lowest[np.abs(between[lowest] - calibrated_threshold(cost)).argmin()]])


def calibrated_threshold(cost: np.ndarray) -> float:
    """The threshold with the lowest cost where scores are calibrated probabilities, in 0..1.

    Source:
        Elkan 2001, "The foundations of cost-sensitive learning", equation 2.
    """
    false_alarm, miss = cost[0, 1] - cost[0, 0], cost[1, 0] - cost[1, 1]
    return float(false_alarm / (false_alarm + miss))


def operating_point(positive: np.ndarray, scores: np.ndarray, *, threshold: float, cost: np.ndarray) -> OperatingPoint:
    """The metrics of a threshold on some samples.

    Args:
        positive: See `roc_curve`.
        scores: See `roc_curve`.
        threshold: Scores from this one up are called positive.
        cost: As `check_cost` returns it.

    Raises:
        DataError: See `roc_curve`.
    """
    positive, scores = _checked(positive, scores)
    called = scores >= threshold
    counts = np.array([[(truth & answer).sum() for answer in (~called, called)] for truth in (~positive, positive)])
    (true_negatives, false_positives), (_, true_positives) = counts.tolist()
    negatives, positives = counts.sum(axis=1).tolist()
    return OperatingPoint(
        threshold=float(threshold),
        recall=share_of(true_positives, positives),
        specificity=share_of(true_negatives, negatives),
        precision=share_of(true_positives, true_positives + false_positives),
        accuracy=share_of(true_positives + true_negatives, len(scores)),
        cost=float((counts * cost).sum() / len(scores)),
    )


def _delong(positive: np.ndarray, scores: np.ndarray) -> tuple[float, float]:
    """The area under the ROC curve, and its standard deviation; 0 with a single positive or negative."""
    from scipy.stats import rankdata

    ranks: Any = rankdata(scores)  # ties get their mean rank
    m, n = int(positive.sum()), int((~positive).sum())
    # for each positive, the share of negatives below it; for each negative, the share of positives above it
    of_positives = (ranks[positive] - rankdata(scores[positive])) / n
    of_negatives = 1 - (ranks[~positive] - rankdata(scores[~positive])) / m
    if min(m, n) < 2:
        return float(of_positives.mean()), 0.0
    variance = of_positives.var(ddof=1) / m + of_negatives.var(ddof=1) / n
    return float(of_positives.mean()), float(np.sqrt(variance))


def _newcombe(area: float, positives: int, negatives: int, z: float) -> tuple[float, float]:
    """The interval of all areas at most z standard deviations away from the measured one."""
    from scipy.optimize import brentq

    star = (positives + negatives) / 2 - 1

    def beyond(true: float) -> float:
        variance = true * (1 - true) * (1 + star * (1 - true) / (2 - true) + star * true / (1 + true))
        return (area - true) ** 2 - z**2 * variance / (positives * negatives)

    low: Any = 0.0 if area <= 0 else brentq(beyond, 1e-12, area - 1e-12)
    high: Any = 1.0 if area >= 1 else brentq(beyond, area + 1e-12, 1 - 1e-12)
    return float(low), float(high)


def _checked(positive: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    positive, scores = np.asarray(positive, bool), np.asarray(scores, np.float64)
    if positive.shape != scores.shape or positive.ndim != 1 or not np.isfinite(scores).all():
        raise DataError(
            "each sample must be positive or not and have a finite score",
            got=f"the shapes {positive.shape} and {scores.shape}, or a score that is not a number",
            hint="take both from the same samples",
        )
    if not 0 < positive.sum() < len(positive):
        raise DataError(
            f"thresholds need both classes, got {int(positive.sum()):,} positives among {len(positive):,} samples",
            hint="use a split that has both, or more samples",
        )
    return positive, scores
