"""What is measured inside models that predict numbers, against NumPy, scikit-learn and finite differences."""

import keras
import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.inspection import partial_dependence as sklearn_dependence
from sklearn.inspection import permutation_importance as sklearn_importance

from cutaway.errors import DataError
from cutaway.interpret import gradient_sizes, partial_dependence, permutation_importance
from cutaway.models import TargetUnit, build_model, get_weights, mlp, set_weights


def made(*, targets=1, is_log=False, ensemble=1, samples=300):
    """A model of 5 inputs with the unit of its targets, samples, and targets that they explain in part."""
    random = np.random.default_rng(2)
    x = random.normal(size=(samples, 5)).astype(np.float32)
    noise = random.normal(size=(samples, targets))
    y = np.exp(0.5 * (x[:, :targets] + np.maximum(x[:, 1:2], 0) + 0.5 * noise) + 4)
    model = mlp((8, 6), ensemble=ensemble)
    unit = TargetUnit.fit(y, ("a", "b")[:targets], is_log=is_log)
    build_model(model, shape=(5,), classes=targets, seed=1, unit=unit)
    weights = get_weights(model)
    set_weights(model, {n: w + random.normal(size=w.shape, scale=0.1).astype(np.float32) for n, w in weights.items()})
    return model, x, y


@pytest.mark.parametrize("is_log", [False, True])
def test_gradients_are_of_the_squared_error_of_standardized_targets(is_log):
    model, x, y = made(targets=2, is_log=is_log)
    (found,) = gradient_sizes(model, x=x, y=y, scale=1.0, snapshots=[None])
    weights, unit = get_weights(model), TargetUnit.of(model)
    first = np.maximum(x @ weights["dense_1/kernel"] + weights["dense_1/bias"], 0)
    hidden = np.maximum(first @ weights["dense_2/kernel"] + weights["dense_2/bias"], 0)
    residuals = hidden @ weights["output/kernel"] + weights["output/bias"] - unit.standardize(y)
    gradient = 2 * hidden.T @ residuals / residuals.size
    assert list(found) == ["dense_1", "dense_2", "output"]
    assert found["output"] == pytest.approx(np.sqrt((gradient**2).mean()), rel=1e-4)


def test_the_ending_of_a_model_of_the_user_is_computed():
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(1, activation="sigmoid", name="out")])
    x = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32)
    (found,) = gradient_sizes(model, x=x, y=np.asarray(model(x)), scale=1.0, snapshots=[None])
    assert found["out"] == pytest.approx(0, abs=1e-7)


class Wrapped(RegressorMixin, BaseEstimator):
    """A Keras model as scikit-learn wants it."""

    def __init__(self, model):
        self.model, self.is_fitted_ = model, True

    def fit(self, x, y):
        return self

    def predict(self, x):
        return np.squeeze(np.asarray(self.model(np.asarray(x, np.float32))), axis=1)


def test_importance_is_the_fall_of_r2_as_scikit_learn_has_it():
    model, x, y = made(is_log=True)
    ours = permutation_importance(model, x, y, [[k] for k in range(5)], scale=1.0, repeats=20)
    theirs = sklearn_importance(Wrapped(model), x, y[:, 0], scoring="r2", n_repeats=20, random_state=1)
    spread = theirs.importances_std / np.sqrt(20)
    assert (np.abs(ours.loss_increase - theirs.importances_mean) <= 5 * np.sqrt(2) * spread + 1e-6).all()
    assert np.isnan([ours.accuracy, *ours.accuracy_decrease]).all()
    with pytest.raises(DataError):
        permutation_importance(model, x, y * 0, [[0]], scale=1.0)


def test_partial_dependence_is_in_the_unit_of_the_target():
    model, x, _ = made()
    theirs = sklearn_dependence(Wrapped(model), x, [1], grid_resolution=9, method="brute")
    found = partial_dependence(model, x, [1], theirs["grid_values"][0][:, None], scale=1.0, numbers=True)
    np.testing.assert_allclose(found.mean[:, 0], theirs["average"][0], rtol=1e-5)
    assert ((found.low <= found.mean) & (found.mean <= found.high)).all()
