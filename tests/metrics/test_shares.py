"""Intervals of shares, against SciPy's Wilson interval and against simulated samples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from cutaway.errors import DataError, UsageError
from cutaway.metrics import difference_of, share_of, wilson_interval

COUNTS = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS, st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_the_interval_is_that_of_scipy(counts, level):
    successes, samples = counts
    expected = binomtest(successes, samples).proportion_ci(confidence_level=level, method="wilson")
    assert wilson_interval(successes, samples, level) == pytest.approx(tuple(expected), abs=1e-12)


def test_arrays_are_taken_element_by_element():
    low, high = wilson_interval(np.array([0, 3, 10, 0]), np.array([10, 10, 10, 0]))
    for i, successes in enumerate((0, 3, 10)):
        assert (low[i], high[i]) == wilson_interval(successes, 10)
    assert (low[0], high[2]) == (0, 1)
    assert np.isnan([low[3], high[3]]).all()
    assert isinstance(wilson_interval(3, 10)[0], float)


@pytest.mark.parametrize(("successes", "samples"), [(-1, 10), (11, 10), (np.array([1, 3]), np.array([2, 2]))])
def test_counts_that_do_not_fit_are_refused(successes, samples):
    with pytest.raises(DataError, match="counts from 0 to the number of samples"):
        wilson_interval(successes, samples)


@pytest.mark.parametrize("level", [0, 1, -1])
def test_a_level_is_a_share(level):
    with pytest.raises(UsageError, match="between 0 and 1"):
        wilson_interval(1, 2, level)


def test_a_share_says_itself_in_words():
    assert str(share_of(90, 100)) == "90.00% (82.56% to 94.48%)"
    assert np.isnan(share_of(0, 0).value)


def test_the_interval_of_a_difference_is_newcombes():
    # Newcombe 1998, table II, example (a), method 10
    found = difference_of(share_of(56, 70), share_of(48, 80))
    assert (found.low, found.value, found.high) == pytest.approx((0.0524, 0.2, 0.3339), abs=5e-5)
    assert str(found) == "+20.00 points (+5.24 to +33.39)"
