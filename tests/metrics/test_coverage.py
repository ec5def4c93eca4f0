"""Accuracy of the answered samples: by hand, and what must hold of any samples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.errors import DataError
from cutaway.metrics import answered_at, coverage_curve

OUTCOMES = st.lists(st.tuples(st.sampled_from(np.linspace(0, 1, 12).tolist()), st.booleans()), min_size=1, max_size=60)


def test_the_curve_by_hand():
    confidence = np.array([0.5, 0.9, 0.7, 0.9, 0.6])
    correct = np.array([False, True, True, False, True])
    found = coverage_curve(confidence, correct)
    np.testing.assert_allclose(found.thresholds, [0.9, 0.7, 0.6, 0.5])
    np.testing.assert_allclose(found.coverage, [0.4, 0.6, 0.8, 1.0])
    np.testing.assert_allclose(found.accuracy, [1 / 2, 2 / 3, 3 / 4, 3 / 5])
    assert found.threshold_for(0.7) == 0.6
    assert found.threshold_for(0.6) == 0.0  # all of them
    assert found.threshold_for(0.8) is None
    answered = answered_at(confidence, correct, 0.65)
    assert (answered.coverage.count, answered.accuracy.count, answered.accuracy.samples) == (3, 2, 3)
    assert np.isnan(answered_at(confidence, correct, 1.0).accuracy.value)


@given(OUTCOMES, st.floats(0, 1))
def test_what_holds_of_any_samples(outcomes, wanted):
    confidence, correct = np.array(outcomes, float).T
    correct = correct.astype(bool)
    found = coverage_curve(confidence, correct)
    assert (np.diff(found.coverage) > 0).all()
    assert (np.diff(found.thresholds) < 0).all()
    assert found.coverage[-1] == 1
    assert found.accuracy[-1] == pytest.approx(correct.mean())
    low, high = found.interval
    assert ((low <= found.accuracy) & (found.accuracy <= high)).all()
    for threshold, coverage, accuracy in zip(found.thresholds, found.coverage, found.accuracy, strict=True):
        answered = answered_at(confidence, correct, threshold)
        assert (answered.coverage.value, answered.accuracy.value) == pytest.approx((coverage, accuracy))
    threshold = found.threshold_for(wanted)
    if threshold is None:
        assert (found.accuracy < wanted).all()
    else:
        answered = answered_at(confidence, correct, threshold)
        assert answered.accuracy.value >= wanted
        # the next lower threshold that reaches it does not exist
        assert (found.accuracy[found.coverage > answered.coverage.value + 1e-9] < wanted).all()


def test_samples_are_needed():
    with pytest.raises(DataError):
        coverage_curve(np.zeros(0), np.zeros(0, bool))
