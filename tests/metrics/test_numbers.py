"""Measures of predicted numbers equal scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as theirs

from cutaway.metrics import number_metrics, squared_errors


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
