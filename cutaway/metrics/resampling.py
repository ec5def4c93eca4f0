"""Tests and intervals that compare two classifiers on the same samples, by exchanging and by drawing samples."""

import math
from collections.abc import Callable

import numpy as np

from .intervals import CONFIDENCE, Interval

DRAWS = 2000
"""Exchanges or drawn sets of samples: p-values are 1 / 2001 or more, and the ends of a 95% interval are of 50 draws."""

CHUNK = 2**22
"""Exchanges times samples at a time."""


def exchange_test(differences: np.ndarray, *, draws: int = DRAWS) -> float:
    """Test whether the mean of paired differences is 0: the signs of all differences are drawn at random.

    Args:
        differences: float ``(sample,)``, such as the loss of one model minus that of another; finite.
        draws: Number of drawn signs of all samples.

    Returns:
        The share of draws whose mean is as far from 0 as the observed mean, which counts as one draw itself.

    Source:
        Pitman 1937, "Significance tests which may be applied to samples from any populations"; Phipson and Smyth 2010,
        "Permutation p-values should never be zero".
    """
    random, step = np.random.default_rng(0), max(1, CHUNK // max(len(differences), 1))
    observed, as_far = abs(float(differences.sum())), 1
    for start in range(0, draws, step):
        signs = random.integers(0, 2, (min(step, draws - start), len(differences)), dtype=np.int8) * 2 - 1
        as_far += int((np.abs(signs @ differences.astype(np.float64)) >= observed * (1 - 1e-12)).sum())
    return as_far / (draws + 1)


def exchange_test_of(statistic: Callable[[np.ndarray], float], samples: int, *, draws: int = 500) -> float:
    """The same for a difference that is not a mean, such as between two calibration errors.

    Args:
        statistic: Gives the difference where the results of some samples, bool ``(sample,)``, are exchanged.
        samples: Number of samples.
        draws: See `exchange_test`.
    """
    random = np.random.default_rng(0)
    observed = abs(statistic(np.zeros(samples, bool)))
    found = [abs(statistic(random.random(samples) < 0.5)) for _ in range(draws)]
    return (1 + sum(each >= observed * (1 - 1e-12) for each in found)) / (draws + 1)


def bootstrap_interval(statistic: Callable[[np.ndarray], float], samples: int, *, draws: int = 500) -> Interval:
    """The 95% percentile interval of a statistic over sets of samples that are drawn with replacement.

    Args:
        statistic: Of rows, int64 ``(sample,)``.
        samples: Number of samples.
        draws: Number of sets.

    Returns:
        Lower and upper limit; NaN of a single sample.

    Source:
        Efron 1979, "Bootstrap methods: another look at the jackknife".
    """
    if samples < 2:
        return math.nan, math.nan
    random = np.random.default_rng(0)
    found = [statistic(random.integers(0, samples, samples)) for _ in range(draws)]
    low, high = np.nanquantile(found, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)
