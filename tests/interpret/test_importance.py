"""Permutation importance, against scikit-learn's and against what is known of data that are made here."""

import keras
import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.inspection import permutation_importance as reference

from cutaway.errors import DataError
from cutaway.interpret import permutation_importance


class Wrapped(ClassifierMixin, BaseEstimator):
    """A Keras model as scikit-learn wants it."""

    def __init__(self, model):
        self.model, self.classes_ = model, np.arange(2)

    def fit(self, x, y):
        return self

    def predict_proba(self, x):
        return np.asarray(self.model(x))

    def predict(self, x):
        return self.predict_proba(x).argmax(axis=1)


@pytest.fixture(scope="module")
def known():
    """A model that answers by columns 0 and 1 alone, and samples labeled as it would with a little noise."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, activation="softmax")])
    model.set_weights([np.array([[0, 3], [0, 1], [0, 0], [0, 0]], np.float32), np.zeros(2, np.float32)])
    return model, *labeled(2000, seed=0)


def labeled(samples, *, seed):
    """Samples and their labels."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(samples, 4)).astype(np.float32)
    return x, (x[:, 0] * 3 + x[:, 1] + rng.logistic(size=samples) > 0).astype(int)


def test_it_equals_that_of_scikit_learn(known):
    model, x, y = known
    ours = permutation_importance(model, x, y, [[0], [1], [2], [3]], scale=1.0, repeats=20)
    for score, found, errors in (
        ("neg_log_loss", ours.loss_increase, ours.loss_error),
        ("accuracy", ours.accuracy_decrease, ours.accuracy_error),
    ):
        theirs = reference(Wrapped(model), x, y, scoring=score, n_repeats=20, random_state=1)
        spread = theirs.importances_std / np.sqrt(20)
        assert (np.abs(found - theirs.importances_mean) <= 5 * np.sqrt(2) * spread + 1e-7).all()
        assert (errors[:2] > 0).all()
    assert ours.loss_increase[0] > ours.loss_increase[1] > 0.05
    np.testing.assert_allclose(ours.loss_increase[2:], 0, atol=1e-6)
    assert ours.accuracy_decrease[2:].tolist() == [0, 0]
    assert ours.accuracy == (np.asarray(model(x)).argmax(axis=1) == y).mean()


@pytest.mark.exhaustive
def test_the_standard_error_is_how_much_samples_change_it(known):
    """Over 400 parts of 50 samples each, values spread as the error of one part says."""
    model, *_ = known
    x, y = labeled(20_000, seed=1)
    parts = [
        permutation_importance(model, x[i::400], y[i::400], [[0], [1]], scale=1.0, repeats=5, seed=i)
        for i in range(400)
    ]
    values, errors = (np.array([getattr(p, n) for p in parts]) for n in ("loss_increase", "loss_error"))
    # the standard deviation of 400 values is within 11% of the true one in 998 of 1,000 cases
    np.testing.assert_allclose(values.std(axis=0), errors.mean(axis=0), rtol=0.11)


def test_inputs_of_one_column_are_shuffled_together():
    """Two inputs that always agree: shuffled apart they would disagree, which the model has never seen."""
    x = np.repeat(np.random.default_rng(0).integers(0, 2, 400), 2).reshape(-1, 2).astype(np.float32)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, activation="softmax")])
    model.set_weights([np.array([[0, 9], [0, -9]], np.float32), np.array([1, 0], np.float32)])
    y = np.zeros(400, int)
    together = permutation_importance(model, x, y, [[0, 1]], scale=1.0)
    apart = permutation_importance(model, x, y, [[0], [1]], scale=1.0)
    assert together.accuracy_decrease[0] == 0
    assert apart.accuracy_decrease.min() > 0.1


def test_samples_are_scaled_and_left_as_they_were(known):
    model, x, y = known
    raw = x.copy()
    scaled = permutation_importance(model, raw * 8, y, [[0]], scale=8.0, seed=3)
    assert scaled.loss_increase[0] == pytest.approx(
        permutation_importance(model, raw, y, [[0]], scale=1.0, seed=3).loss_increase[0], rel=1e-4
    )
    np.testing.assert_array_equal(raw, x)


def test_a_single_sample_is_refused(known):
    model, x, y = known
    with pytest.raises(DataError):
        permutation_importance(model, x[:1], y[:1], [[0]], scale=1.0)
