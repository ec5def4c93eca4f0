"""Confidence intervals: of a share, of the difference of two shares, and of a mean difference."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from cutaway.checks import check_number
from cutaway.errors import DataError
from cutaway.words import percent

CONFIDENCE = 0.95
"""How often an interval holds the true value, by default."""

Interval = tuple[float, float]
"""Lower and upper limit."""


@dataclass(frozen=True)
class Share:
    """A share of some samples, and an interval for the true share; made by `share_of`.

    Attributes:
        count: Samples that are counted.
        samples: All samples.
        value: ``count / samples``, 0..1; NaN without samples.
        low: Lower end of the 95% interval, 0..1; NaN without samples.
        high: Upper end.
    """

    count: int
    samples: int
    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{percent(self.value)} ({percent(self.low)} to {percent(self.high)})"


def share_of(count: int, samples: int) -> Share:
    """The share ``count / samples`` with Wilson's 95% interval."""
    (low,), (high,) = wilson_interval(np.array([count]), np.array([samples]))
    return Share(int(count), int(samples), count / samples if samples else math.nan, float(low), float(high))


def wilson_interval(successes: Any, trials: Any, *, confidence: float = CONFIDENCE) -> tuple[Any, Any]:
    """Confidence interval of a share: Wilson's score interval.

    Args:
        successes: Number of samples that count, from 0 to `trials`, or an int array of such numbers.
        trials: Number of all samples, or an int array that fits.
        confidence: How often such an interval holds the true share, above 0 and below 1.

    Returns:
        Lower and upper limit of the share, in [0, 1]: float for numbers, and float64 arrays for arrays, with NaN where
        there are no samples.

    Raises:
        DataError: The counts do not fit together.
        UsageError: `confidence` is outside its range.

    Source:
        Wilson 1927, "Probable inference, the law of succession, and statistical inference", equation 4.
    """
    counts, totals = np.broadcast_arrays(np.asarray(successes, np.float64), np.asarray(trials, np.float64))
    wrong = ~((counts >= 0) & (counts <= totals)) | ((totals < 1) & (counts.ndim == 0))
    if wrong.any():
        raise DataError(
            f"not a share: {counts[wrong][0]:g} of {totals[wrong][0]:g} samples",
            hint="count the samples again",
        )
    z, known = normal_deviate(confidence), np.maximum(totals, 1)
    share, weight = counts / known, z * z / known
    center = (share + weight / 2) / (1 + weight)
    half = z * np.sqrt(share * (1 - share) / known + weight / (4 * known)) / (1 + weight)
    # where none or all count, center and half are equal but for rounding
    low = np.where(totals > 0, np.where(counts == 0, 0.0, center - half), np.nan)
    high = np.where(totals > 0, np.where(counts == totals, 1.0, center + half), np.nan)
    return (low, high) if counts.ndim else (float(low), float(high))


def exact_interval(successes: int, trials: int, *, confidence: float) -> Interval:
    """Confidence interval of a share that holds it at least so often with any number of samples: the exact one.

    Args:
        successes: Number of samples that count, from 0 to `trials`.
        trials: Number of all samples, from 1 up.
        confidence: How often such an interval holds the true share, above 0 and below 1.

    Returns:
        Lower and upper limit of the share, in [0, 1].

    Source:
        Clopper, Pearson 1934, "The use of confidence or fiducial limits illustrated in the case of the binomial".
    """
    from scipy.special import betaincinv

    quantile: Callable[[float, float, float], Any] = betaincinv
    tail = (1 - confidence) / 2
    low = float(quantile(successes, trials - successes + 1, tail)) if successes else 0.0
    high = float(quantile(successes + 1, trials - successes, 1 - tail)) if successes < trials else 1.0
    return low, high


def paired_difference_interval(gained: int, lost: int, total: int, *, confidence: float = CONFIDENCE) -> Interval:
    """Confidence interval of the difference of two shares of the same samples: Tango's score interval.

    It is the set of differences that the score test does not reject; of 0 that test is McNemar's.

    Args:
        gained: Samples that count for the second share only.
        lost: Samples that count for the first share only.
        total: Number of all samples, from 1 up, at least ``gained + lost``.
        confidence: How often such an interval holds the true difference, above 0 and below 1.

    Returns:
        Lower and upper limit of the second share minus the first, in [-1, 1].

    Raises:
        DataError: The counts do not fit together.
        UsageError: `confidence` is outside its range.

    Source:
        Tango 1998, "Equivalence test and confidence interval for the difference in proportions for the paired-sample
        design", equations 6 to 8 and 25.
    """
    if min(gained, lost) < 0 or total < max(1, gained + lost):
        raise DataError(
            f"cannot compare shares: {gained} gained and {lost} lost of {total} samples",
            hint="count the samples again",
        )
    from scipy.optimize import brentq

    squared, observed = normal_deviate(confidence) ** 2, (gained - lost) / total

    def excess(difference: float) -> float:
        """Above 0 if the score test rejects a difference."""
        variance = total * (2 * _only_first(gained, lost, total, difference) + difference * (1 - difference))
        return (gained - lost - total * difference) ** 2 - squared * variance

    def limit(edge: float) -> float:
        # where no sample or every one counts for one of them only, the difference itself is a second root
        inside = observed + 1e-9 * (edge - observed)
        found: Any = edge if excess(edge) <= 0 else brentq(excess, inside, edge, xtol=1e-12)
        return float(found)

    return limit(-1.0), limit(1.0)


def _only_first(gained: int, lost: int, total: int, difference: float) -> float:
    """Share of the samples that count for the first only: its likeliest value where the difference is given."""
    a, b = 2 * total, (2 * total - gained + lost) * difference - gained - lost
    c = -lost * difference * (1 - difference)
    return (math.sqrt(max(b * b - 4 * a * c, 0.0)) - b) / (2 * a)


def mean_interval(values: np.ndarray, *, confidence: float = CONFIDENCE) -> Interval:
    """Confidence interval of a mean over samples, such as the mean of differences, by the normal approximation.

    Args:
        values: float ``(sample,)``, at least one.
        confidence: How often such an interval holds the true mean, above 0 and below 1.

    Returns:
        Lower and upper limit; both are NaN for a single sample, which tells nothing of the spread.

    Raises:
        UsageError: `confidence` is outside its range.
    """
    mean = float(values.mean(dtype=np.float64))
    if len(values) < 2:
        return math.nan, math.nan
    half = normal_deviate(confidence) * float(values.std(ddof=1, dtype=np.float64)) / math.sqrt(len(values))
    return mean - half, mean + half


def normal_deviate(confidence: float) -> float:
    """The normal deviate that a two-sided interval reaches on each side."""
    from scipy.special import ndtri

    quantile: Callable[[float], Any] = ndtri
    return float(quantile((1 + check_number(confidence, name="confidence", above=0, below=1)) / 2))
