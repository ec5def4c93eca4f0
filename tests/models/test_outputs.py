import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit, softmax

from cutaway.models import class_probabilities

LOGITS = arrays(np.float32, st.tuples(st.integers(1, 5), st.integers(1, 4)), elements=st.floats(-1e4, 1e4, width=32))


def net_ending_in(*layers):
    return keras.Sequential([keras.Input((2,)), *layers])


LINEAR = net_ending_in(keras.layers.Dense(1))


@given(LOGITS)
def test_logits_become_the_softmax_of_scipy(logits):
    expected = softmax(logits, axis=1)
    if logits.shape[1] == 1:
        expected = np.concatenate([expit(-logits), expit(logits)], axis=1)
    out = class_probabilities(LINEAR, logits)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, expected, atol=1e-6)


@pytest.mark.parametrize(
    "layers",
    [
        [keras.layers.Dense(1, activation="sigmoid")],
        [keras.layers.Dense(1), keras.layers.Activation("sigmoid")],
    ],
)
def test_one_probability_becomes_two(layers):
    out = class_probabilities(net_ending_in(*layers), np.array([[0.25], [1.0]], np.float32))
    np.testing.assert_array_equal(out, [[0.75, 0.25], [0, 1]])


def test_probabilities_stay_unchanged():
    given_ = np.array([[0.2, 0.3, 0.5]], np.float32)
    assert class_probabilities(net_ending_in(keras.layers.Dense(3, activation="softmax")), given_) is given_


def test_a_model_that_has_diverged_gives_nan_without_a_warning():
    out = class_probabilities(LINEAR, np.array([[np.inf, 1.0], [np.nan, 0.0], [1.0, 1.0]], np.float32))
    np.testing.assert_array_equal(np.isnan(out).any(axis=1), [True, True, False])
