"""Intervals against SciPy, against their definition by numerical likelihood, and by how often they hold the truth."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import xlogy
from scipy.stats import binomtest, norm

from cutaway.errors import DataError, UsageError
from cutaway.metrics import exact_interval, mean_interval, paired_difference_interval, share_of, wilson_interval


@given(trials=st.integers(1, 100_000), share=st.floats(0, 1), confidence=st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_wilson_is_that_of_scipy(trials, share, confidence):
    successes = round(share * trials)
    expected = binomtest(successes, trials).proportion_ci(confidence, method="wilson")
    found = wilson_interval(successes, trials, confidence=confidence)
    assert found == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_stays_within_0_and_1():
    assert wilson_interval(0, 10)[0] == 0
    assert wilson_interval(10, 10)[1] == 1
    low, high = wilson_interval(10, 10)
    assert (low, high) == pytest.approx((0.7224672, 1), abs=1e-7)


def test_wilson_takes_arrays():
    low, high = wilson_interval(np.array([0, 3, 10, 0]), np.array([10, 10, 10, 0]))
    for i, successes in enumerate((0, 3, 10)):
        assert (low[i], high[i]) == wilson_interval(successes, 10)
    assert np.isnan([low[3], high[3]]).all()
    with pytest.raises(DataError):
        wilson_interval(np.array([1, 3]), 2)


def test_shares_say_themselves_in_words():
    assert str(share_of(90, 100)) == "90.00% (82.56% to 94.48%)"
    assert np.isnan(share_of(0, 0).value)


@pytest.mark.parametrize(("successes", "trials"), [(-1, 5), (6, 5), (0, 0)])
def test_counts_that_do_not_fit_are_refused(successes, trials):
    with pytest.raises(DataError):
        wilson_interval(successes, trials)


@pytest.mark.parametrize("confidence", [0, 1, -0.5, math.nan])
def test_a_confidence_that_is_none_is_refused(confidence):
    with pytest.raises(UsageError):
        wilson_interval(1, 2, confidence=confidence)


def score(gained, lost, total, difference):
    """The score statistic of a difference, with the likeliest share found by a numerical search."""

    def unlikely(only_first):
        rest = 1 - difference - 2 * only_first
        return -(xlogy(gained, only_first + difference) + xlogy(lost, only_first) + xlogy(total - gained - lost, rest))

    span = max(0.0, -difference) + 1e-14, (1 - difference) / 2 - 1e-14
    only_first = minimize_scalar(unlikely, bounds=span, method="bounded", options={"xatol": 1e-13}).x
    variance = total * (2 * only_first + difference - difference**2)
    return (gained - lost - total * difference) / math.sqrt(variance)


@pytest.mark.parametrize(
    ("gained", "lost", "total"), [(12, 2, 50), (1, 7, 21), (3, 3, 40), (40, 25, 360), (9, 1, 10), (200, 140, 10_000)]
)
def test_the_paired_interval_ends_where_the_score_test_begins_to_reject(gained, lost, total):
    low, high = paired_difference_interval(gained, lost, total)
    assert low < (gained - lost) / total < high
    assert score(gained, lost, total, low) == pytest.approx(norm.ppf(0.975), abs=1e-3)
    assert score(gained, lost, total, high) == pytest.approx(norm.ppf(0.025), abs=1e-3)


@given(counts=st.tuples(*[st.integers(0, 300)] * 3).filter(lambda counts: sum(counts) > 0))
def test_the_paired_interval_is_mirrored_and_agrees_with_the_test_of_no_difference(counts):
    gained, lost, _ = counts
    total = sum(counts)
    low, high = paired_difference_interval(gained, lost, total)
    assert -1 <= low <= (gained - lost) / total <= high <= 1
    assert paired_difference_interval(lost, gained, total) == pytest.approx((-high, -low), abs=1e-9)
    if gained + lost:
        z = abs(gained - lost) / math.sqrt(gained + lost)  # McNemar's statistic, without a correction
        if abs(z - norm.ppf(0.975)) > 1e-6:
            assert (low > 0 or high < 0) == (z > norm.ppf(0.975))


def test_the_paired_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    drawn = rng.multinomial(200, [0.05, 0.02, 0.93], size=1500)
    intervals = [paired_difference_interval(gained, lost, 200) for gained, lost, _ in drawn.tolist()]
    held = np.mean([low <= 0.03 <= high for low, high in intervals])
    assert held == pytest.approx(0.95, abs=0.02)


def test_equal_predictions_leave_room_for_a_small_difference():
    low, high = paired_difference_interval(0, 0, 360)
    assert high == pytest.approx(norm.ppf(0.975) ** 2 / (360 + norm.ppf(0.975) ** 2))
    assert low == pytest.approx(-high)


@pytest.mark.parametrize("counts", [(-1, 0, 5), (3, 3, 5), (0, 0, 0)])
def test_pairs_that_do_not_fit_are_refused(counts):
    with pytest.raises(DataError):
        paired_difference_interval(*counts)


def test_a_mean_has_the_interval_of_the_normal_approximation():
    values = np.random.default_rng(1).normal(2, 3, 400)
    low, high = mean_interval(values)
    expected = norm.interval(0.95, values.mean(), values.std(ddof=1) / 20)
    assert (low, high) == pytest.approx(expected)
    assert all(map(math.isnan, mean_interval(values[:1])))


@pytest.mark.parametrize(("successes", "trials"), [(0, 1), (1, 1), (0, 20), (7, 20), (199, 200)])
def test_the_exact_interval_is_that_of_scipy(successes, trials):
    for confidence in (0.95, 0.9999):
        expected = binomtest(successes, trials).proportion_ci(confidence, method="exact")
        assert exact_interval(successes, trials, confidence=confidence) == pytest.approx(tuple(expected))
