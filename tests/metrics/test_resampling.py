"""Tests and intervals by exchanging and drawing samples, against scipy's."""

import numpy as np
import pytest
from scipy import stats

from cutaway.metrics import bootstrap_interval, exchange_test, exchange_test_of


@pytest.mark.parametrize("shift", [0.0, 0.15, 0.3])
def test_the_signs_of_differences_are_exchanged_as_by_scipy(shift):
    differences = np.random.default_rng(3).normal(shift, 1.0, 120)
    ours = exchange_test(differences, draws=8000)
    theirs = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=8000, rng=np.random.default_rng(1)
    )
    assert ours == pytest.approx(theirs.pvalue, abs=0.02)


def test_a_p_value_is_never_zero_and_one_where_nothing_differs():
    assert exchange_test(np.full(40, 1.0), draws=500) == pytest.approx(1 / 501)
    assert exchange_test(np.zeros(40)) == 1


def test_a_difference_that_is_no_mean_is_tested_as_one_that_is():
    first, second = np.random.default_rng(0).normal([[0.0], [0.35]], 1.0, (2, 90))

    def statistic(swapped):
        return float(np.where(swapped, first, second).mean() - np.where(swapped, second, first).mean())

    assert exchange_test_of(statistic, 90, draws=2000) == pytest.approx(exchange_test(second - first), abs=0.03)


def test_the_interval_of_a_mean_is_that_of_scipy():
    values = np.random.default_rng(5).gamma(2.0, size=200)
    low, high = bootstrap_interval(lambda rows: float(values[rows].mean()), 200, draws=2000)
    theirs = stats.bootstrap((values,), np.mean, method="percentile", rng=np.random.default_rng(2)).confidence_interval
    assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=0.03)
    assert np.isnan(bootstrap_interval(lambda rows: 0.0, 1)).all()
