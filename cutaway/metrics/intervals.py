"""Confidence intervals: of a share, of the difference of two shares on the same samples, and of a mean difference."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from cutaway.errors import DataError, UsageError

CONFIDENCE = 0.95
"""How often an interval holds the true value, unless another share is asked for."""

Interval = tuple[float, float]
"""Lower and upper limit."""


def wilson_interval(successes: int, trials: int, *, confidence: float = CONFIDENCE) -> Interval:
    """Confidence interval of a share: Wilson's score interval.

    Args:
        successes: Number of samples that count, from 0 to `trials`.
        trials: Number of all samples, from 1 up.
        confidence: How often such an interval holds the true share, above 0 and below 1.

    Returns:
        Lower and upper limit of the share, in [0, 1].

    Raises:
        DataError: The counts do not fit together.
        UsageError: `confidence` is outside its range.

    Source:
        Wilson 1927, "Probable inference, the law of succession, and statistical inference", equation 4.
    """
    if not 0 <= successes <= trials or trials < 1:
        raise DataError(
            "a share is of 1 or more samples, of which none to all count",
            got=f"{successes} of {trials}",
            hint="count the samples again",
        )
    z = _deviate(confidence)
    share, weight = successes / trials, z * z / trials
    center = (share + weight / 2) / (1 + weight)
    half = z * math.sqrt(share * (1 - share) / trials + weight / (4 * trials)) / (1 + weight)
    low = 0.0 if successes == 0 else center - half
    return low, 1.0 if successes == trials else center + half


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
            "two shares are compared on 1 or more samples, some of which count for one of them only",
            got=f"{gained} and {lost} of {total}",
            hint="count the samples again",
        )
    from scipy.optimize import brentq

    squared, observed = _deviate(confidence) ** 2, (gained - lost) / total

    def excess(difference: float) -> float:
        """Above 0 where the score test rejects a difference."""
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
    """Confidence interval of a mean over samples, such as of differences, by the normal approximation.

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
    half = _deviate(confidence) * float(values.std(ddof=1, dtype=np.float64)) / math.sqrt(len(values))
    return mean - half, mean + half


def _deviate(confidence: float) -> float:
    """The normal deviate that a two-sided interval reaches on each side."""
    from scipy.special import ndtri

    if not 0 < confidence < 1:
        raise UsageError("confidence is above 0 and below 1", got=repr(confidence), hint="pass confidence=0.95")
    quantile: Callable[[float], Any] = ndtri
    return float(quantile((1 + confidence) / 2))
