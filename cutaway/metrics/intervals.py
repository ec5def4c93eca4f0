"""How sure a share is: Wilson's interval of one, and Newcombe's of the difference of two."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from cutaway.errors import DataError, UsageError

LEVEL = 0.95
"""Probability with which an interval holds the true value."""


@dataclass(frozen=True)
class Share:
    """A share of some samples, and the interval in which the true share is; made by `share_of`.

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
        return f"{self.value:.2%} ({self.low:.2%} to {self.high:.2%})"


@dataclass(frozen=True)
class Difference:
    """A difference of two shares, and the interval in which the true one is.

    Attributes:
        value: -1..1.
        low: Lower end of the 95% interval.
        high: Upper end.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        value, low, high = (100 * end for end in (self.value, self.low, self.high))
        return f"{value:+.2f} points ({low:+.2f} to {high:+.2f})"


def share_of(count: int, samples: int) -> Share:
    """The share ``count / samples`` with Wilson's 95% interval."""
    low, high = wilson_interval(count, samples)
    return Share(int(count), int(samples), float(count / samples) if samples else float("nan"), low, high)


def wilson_interval(successes: Any, samples: Any, level: float = LEVEL) -> tuple[Any, Any]:
    """The interval in which a true share is, Wilson's score interval; it never leaves 0..1.

    Args:
        successes: Samples that are counted: a number, or an int array.
        samples: All samples, a number or an array that fits.
        level: Probability with which the interval holds the true share, in (0, 1).

    Returns:
        Lower and upper end, float for numbers and float64 arrays for arrays; NaN where there are no samples.

    Raises:
        DataError: A count is below 0 or above the number of its samples.
        UsageError: `level` is outside its range.

    Source:
        Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    if not 0 < level < 1:
        raise UsageError("the level of an interval is between 0 and 1", got=repr(level), hint="pass level=0.95")
    counts, totals = np.broadcast_arrays(np.asarray(successes, np.float64), np.asarray(samples, np.float64))
    outside = ~((counts >= 0) & (counts <= totals))
    if outside.any():
        raise DataError(
            "a share is of counts from 0 to the number of samples",
            got=f"{counts[outside][0]:g} of {totals[outside][0]:g}",
            hint="count samples that are among all samples",
        )
    z = normal_quantile(level)
    known = np.maximum(totals, 1)
    share = counts / known
    middle = (share + z**2 / (2 * known)) / (1 + z**2 / known)
    half = z / (1 + z**2 / known) * np.sqrt(share * (1 - share) / known + z**2 / (4 * known**2))
    # at the ends both terms are equal, and rounding must not leave the range
    low = np.where(totals > 0, np.where(counts == 0, 0.0, np.maximum(middle - half, 0)), np.nan)
    high = np.where(totals > 0, np.where(counts == totals, 1.0, np.minimum(middle + half, 1)), np.nan)
    return (low, high) if low.ndim else (float(low), float(high))


def difference_of(first: Share, second: Share) -> Difference:
    """The difference of two shares of different samples, first minus second.

    Source:
        Newcombe 1998, "Interval estimation for the difference between independent proportions", method 10.
    """
    difference = first.value - second.value
    below = np.hypot(first.value - first.low, second.high - second.value)
    above = np.hypot(first.high - first.value, second.value - second.low)
    return Difference(difference, float(difference - below), float(difference + above))


def normal_quantile(level: float) -> float:
    """The number of standard deviations within which a normal variable is with probability `level`."""
    from scipy.special import ndtri

    return float(ndtri(0.5 + level / 2))
