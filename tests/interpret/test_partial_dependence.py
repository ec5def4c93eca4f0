"""Partial dependence, against scikit-learn's."""

import keras
import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.inspection import partial_dependence as reference

from cutaway.errors import UsageError
from cutaway.interpret import partial_dependence


class Wrapped(ClassifierMixin, BaseEstimator):
    """A Keras model as scikit-learn wants it."""

    def __init__(self, model):
        self.model, self.classes_ = model, np.arange(3)

    def fit(self, x, y):
        return self

    def __sklearn_is_fitted__(self):
        return True

    def predict_proba(self, x):
        return np.asarray(self.model(x))


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(3, activation="softmax")]
    return keras.Sequential([keras.Input((4,)), *layers])


def test_it_equals_that_of_scikit_learn(model):
    x = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
    before = x.copy()
    expected = reference(Wrapped(model), x, [2], kind="both", grid_resolution=7, method="brute")
    points = expected["grid_values"][0][:, None].astype(np.float32)
    found = partial_dependence(model, x, [2], points, scale=1.0)
    np.testing.assert_allclose(found.mean, expected["average"].T, atol=1e-6)
    singles = expected["individual"]
    singles = singles - singles.mean(axis=2, keepdims=True) + singles.mean(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(found.low, np.percentile(singles, 10, axis=1).T.clip(0), atol=1e-5)
    np.testing.assert_allclose(found.high, np.percentile(singles, 90, axis=1).T.clip(max=1), atol=1e-5)
    assert (x == before).all()


def test_inputs_of_a_group_are_changed_together(model):
    x = np.random.default_rng(1).normal(size=(50, 4)).astype(np.float32)
    points = np.array([[0.5, -1.0]], np.float32)
    found = partial_dependence(model, x, [3, 0], points, scale=1.0)
    changed = x.copy()
    changed[:, 3], changed[:, 0] = 0.5, -1.0
    np.testing.assert_allclose(found.mean[0], np.asarray(model(changed)).mean(axis=0), atol=1e-6)


def test_there_is_a_sample(model):
    with pytest.raises(UsageError):
        partial_dependence(model, np.empty((0, 4), np.float32), [0], np.zeros((1, 1)), scale=1.0)
