"""Two classifiers on the same samples: whether one is right more often, by McNemar's test."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from cutaway.errors import DataError

from .intervals import Interval, mean_interval, paired_difference_interval

EXACT = 25
"""Samples that only one of two classifiers predicts correctly, below which the exact test is taken."""


@dataclass(frozen=True)
class McNemar:
    """McNemar's test of whether two classifiers are right equally often.

    Attributes:
        fixed: Number of samples that only the second predicts correctly.
        broken: Number of samples that only the first predicts correctly.
        statistic: Chi-square with continuity correction, one degree of freedom; None for the exact test.
        p_value: How likely at least such a difference is between classifiers that are right equally often.
    """

    fixed: int
    broken: int
    statistic: float | None
    p_value: float

    @property
    def method(self) -> str:
        """Which form of the test it is."""
        return "exact binomial" if self.statistic is None else "chi-square with continuity correction"


def mcnemar(fixed: int, broken: int) -> McNemar:
    """Test whether two classifiers are right equally often, by the samples that only one of them gets right.

    Args:
        fixed: Number of samples that only the second predicts correctly, from 0 up.
        broken: Number of samples that only the first predicts correctly, from 0 up.

    Returns:
        The exact binomial test below `EXACT` such samples, otherwise chi-square with continuity correction.

    Raises:
        DataError: A number is below 0.

    Source:
        McNemar 1947, "Note on the sampling error of the difference between correlated proportions or percentages"; the
        correction is from Edwards 1948, "Note on the 'correction for continuity'".
    """
    if min(fixed, broken) < 0:
        raise DataError(f"counts must be 0 or more, got {fixed} and {broken}", hint="count them again")
    from scipy.stats import binomtest, chi2

    discordant = fixed + broken
    if discordant < EXACT:
        exact: Any = binomtest(fixed, discordant).pvalue if discordant else 1.0
        return McNemar(fixed, broken, None, float(exact))
    statistic = max(abs(fixed - broken) - 1, 0) ** 2 / discordant
    tail: Any = chi2.sf(statistic, 1)
    return McNemar(fixed, broken, statistic, float(tail))


@dataclass(frozen=True)
class PairedMeasures:
    """Measures of two classifiers on the same samples. Differences are the second minus the first.

    Attributes:
        samples: Number of samples.
        correct: How many of them each predicts correctly.
        loss: Mean cross-entropy of each, in nats.
        accuracy_difference: Difference of the shares that are predicted correctly.
        accuracy_interval: Its 95% interval.
        loss_difference: Difference of the mean losses, in nats.
        loss_interval: Its 95% interval; NaN for a single sample.
        test: McNemar's test.
    """

    samples: int
    correct: tuple[int, int]
    loss: tuple[float, float]
    accuracy_difference: float
    accuracy_interval: Interval
    loss_difference: float
    loss_interval: Interval
    test: McNemar


def paired_measures(correct: tuple[np.ndarray, np.ndarray], loss: tuple[np.ndarray, np.ndarray]) -> PairedMeasures:
    """Compare two classifiers sample by sample.

    Args:
        correct: bool ``(sample,)`` of each: whether a sample is predicted correctly; at least one sample.
        loss: float ``(sample,)`` of each: the cross-entropy of a sample, in nats.

    Raises:
        DataError: The arrays are empty or of different lengths.
    """
    lengths = {len(values) for values in (*correct, *loss)}
    if len(lengths) != 1 or 0 in lengths:
        raise DataError(
            f"classifiers must be compared on the same samples, got {', '.join(map(str, sorted(lengths)))}",
            hint="take both from the same split",
        )
    first, second = correct
    total = len(first)
    fixed, broken = int((second & ~first).sum()), int((first & ~second).sum())
    difference = loss[1].astype(np.float64) - loss[0]
    means = (float(loss[0].mean(dtype=np.float64)), float(loss[1].mean(dtype=np.float64)))
    return PairedMeasures(
        samples=total,
        correct=(int(first.sum()), int(second.sum())),
        loss=means,
        accuracy_difference=(fixed - broken) / total,
        accuracy_interval=paired_difference_interval(fixed, broken, total),
        loss_difference=float(difference.mean()),
        loss_interval=mean_interval(difference),
        test=mcnemar(fixed, broken),
    )
