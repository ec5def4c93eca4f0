"""The unit of targets is in the last layers of a model."""

import keras
import numpy as np
import pytest

from cutaway.errors import DataError
from cutaway.models import (
    TargetUnit,
    build_model,
    get_weights,
    members_of,
    mlp,
    model_from_spec,
    set_weights,
    spec_of,
)


def made(y, *, is_log=False, ensemble=1):
    unit = TargetUnit.fit(y, tuple("ab"[: y.shape[1]]), is_log=is_log)
    model = mlp((4,), ensemble=ensemble)
    build_model(model, shape=(3,), classes=y.shape[1], seed=0, unit=unit)
    return unit, model


@pytest.mark.parametrize("is_log", [False, True])
@pytest.mark.parametrize("targets", [1, 2])
def test_outputs_are_in_the_unit_of_the_targets_also_of_a_copy(targets, is_log):
    random = np.random.default_rng(0)
    y = np.exp(random.normal(size=(50, targets)) + [12, -3][:targets])
    unit, model = made(y, is_log=is_log)
    x = random.normal(size=(20, 3)).astype(np.float32)
    hidden = np.maximum(x @ model.layers[0].kernel.numpy() + model.layers[0].bias.numpy(), 0)
    standard = hidden @ model.get_layer("output").kernel.numpy() + model.get_layer("output").bias.numpy()
    values = np.log(y) if is_log else y
    expected = standard * values.std(axis=0) + values.mean(axis=0)
    expected = np.exp(expected) if is_log else expected
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-4)
    np.testing.assert_allclose(unit.standardize(expected), standard, atol=1e-4)
    copy = model_from_spec(spec_of(model))
    set_weights(copy, get_weights(model))
    np.testing.assert_array_equal(copy.predict(x, verbose=0), model.predict(x, verbose=0))
    for name in ("center", "scale", "is_log"):
        np.testing.assert_array_equal(getattr(TargetUnit.of(copy), name), getattr(unit, name))


def test_a_model_of_the_user_has_the_unit_of_its_outputs():
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2)])
    values = np.array([[5.0, 7.0]])
    np.testing.assert_array_equal(TargetUnit.of(model).standardize(values), values)


def test_members_of_an_ensemble_answer_in_the_unit_and_their_mean_is_the_answer():
    _, model = made(np.array([[100.0], [300.0], [200.0]]), ensemble=4)
    x = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    answers, members = members_of(model).predict(x, verbose=0)
    assert members.shape == (5, 4, 1)
    np.testing.assert_allclose(members.mean(axis=1), answers, rtol=1e-5)
    np.testing.assert_allclose(answers, model.predict(x, verbose=0), rtol=1e-6)


@pytest.mark.parametrize(
    ("y", "is_log"),
    [
        (np.array([[1.0], [0.0]]), True),  # 0 has no logarithm
        (np.array([[1.0, 2.0], [3.0, -2.0]]), True),
        (np.full((4, 1), 3.0), False),
        (1e9 + np.array([[1.0], [2.0], [3.0]]), False),  # float32 has a step of 64 there
    ],
)
def test_targets_that_cannot_be_standardized_are_refused(y, is_log):
    with pytest.raises(DataError):
        TargetUnit.fit(y, tuple("ab"[: y.shape[1]]), is_log=is_log)


def test_weights_decide_the_unit_as_repeated_samples_would():
    y = np.random.default_rng(0).normal(size=(30, 2))
    times = np.arange(30) % 3
    found = TargetUnit.fit(y, ("a", "b"), is_log=False, weight=times.astype(np.float32))
    expected = TargetUnit.fit(np.repeat(y, times, axis=0), ("a", "b"), is_log=False)
    np.testing.assert_allclose(found.center, expected.center)
    np.testing.assert_allclose(found.scale, expected.scale)
