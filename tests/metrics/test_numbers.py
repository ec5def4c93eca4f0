"""Measures of predicted numbers equal scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_ind
from sklearn import metrics as theirs

from cutaway.metrics import (
    conformal_radius,
    least_for_interval,
    number_intervals,
    number_metrics,
    squared_errors,
    standard_errors_apart,
)


@given(st.integers(2, 80), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_measures_equal_scikit_learns(samples, targets, seed):
    random = np.random.default_rng(seed)
    y = random.normal(size=(samples, targets)) * 10.0 ** random.integers(-3, 6)
    predicted = (y + random.normal(size=y.shape) * y.std() / 3).astype(np.float32)
    found = number_metrics(y, predicted)
    assert found["r2"] == pytest.approx(theirs.r2_score(y, predicted), abs=1e-9)
    assert squared_errors(y, predicted, y.var(axis=0)).mean() == pytest.approx(1 - found["r2"], abs=1e-9)
    assert set(found) == ({"r2"} if targets > 1 else {"r2", "rmse", "mae", "median_error"})
    if targets == 1:
        assert found["rmse"] == pytest.approx(theirs.root_mean_squared_error(y, predicted))
        assert found["mae"] == pytest.approx(theirs.mean_absolute_error(y, predicted))
        assert found["median_error"] == pytest.approx(theirs.median_absolute_error(y, predicted))


def test_of_a_constant_there_is_no_r2():
    assert set(number_metrics(np.ones((3, 1)), np.zeros((3, 1)))) == {"rmse", "mae", "median_error"}


def test_intervals_are_quantiles_of_scikit_learns_measures_of_drawn_samples():
    random = np.random.default_rng(3)
    y = random.lognormal(size=(70, 1))
    predicted = y + random.normal(0, 0.3, y.shape)
    found, drawn = number_intervals(y, predicted), np.random.default_rng(0)
    draws = [drawn.integers(0, 70, 70) for _ in range(500)]
    for name, measure in {
        "r2": theirs.r2_score,
        "rmse": theirs.root_mean_squared_error,
        "mae": theirs.mean_absolute_error,
        "median_error": theirs.median_absolute_error,
    }.items():
        values = [measure(y[rows], predicted[rows]) for rows in draws]
        assert found[name][0] == pytest.approx(measure(y, predicted))
        assert found[name][1:] == pytest.approx(np.quantile(values, [0.025, 0.975]))


def test_of_a_constant_only_errors_have_intervals():
    found = number_intervals(np.ones((30, 1)), np.ones((30, 1)) + np.arange(30)[:, None])
    assert np.isnan(found["r2"]).all()
    assert np.isfinite(found["mae"]).all()


@given(st.integers(20, 60), st.integers(20, 60), st.integers(0, 2**32 - 1))
def test_distance_of_means_is_welchs(here, others, seed):
    random = np.random.default_rng(seed)
    values, part = random.normal(size=here + others), np.arange(here + others) < here
    expected = ttest_ind(values[part], values[~part], equal_var=False).statistic
    assert standard_errors_apart(values, part) == pytest.approx(expected)


def test_small_parts_and_equal_values_are_no_difference():
    values = np.arange(50.0)
    assert standard_errors_apart(values, values < 19) == 0
    assert standard_errors_apart(values, values < 31) == 0
    assert standard_errors_apart(np.ones(50), values < 25) == 0


@pytest.mark.parametrize(("level", "least"), [(0.9, 9), (0.95, 19), (0.5, 1), (0.8, 4), (0.99, 99)])
def test_the_radius_is_the_smallest_error_that_keeps_the_promise(level, least):
    assert least_for_interval(level) == least
    errors = np.random.default_rng(0).permutation(np.arange(1.0, least + 1))[:, None]
    assert conformal_radius(errors, level) == least, "the largest"
    for samples in (least + 1, 2 * least + 1, 200):
        (radius,) = conformal_radius(np.arange(1.0, samples + 1)[:, None], level)
        # a new error is equally likely to have each rank among all of them
        assert radius / (samples + 1) >= level - 1e-12
        assert (radius - 1) / (samples + 1) < level


def test_intervals_hold_their_share_of_new_samples_of_any_distribution():
    random = np.random.default_rng(0)
    for draw in (random.standard_normal, random.standard_cauchy, random.standard_exponential):
        errors = np.abs(draw((4000, 21)))
        held = [(each[0] <= conformal_radius(each[1:, None], 0.9)).item() for each in errors]
        assert np.mean(held) == pytest.approx(19 / 21, abs=0.02)
