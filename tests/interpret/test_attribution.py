import keras
import numpy as np
import pytest
from keras import layers

from cutaway.errors import DataError, ModelError
from cutaway.interpret import attribute, input_attribution

QUICK = ["norm", "one", "skip"]
OTHERS = ["mlp", "dropout", "last", "logits", "split", "frozen"]
FORMS = [*QUICK, *(pytest.param(form, marks=pytest.mark.exhaustive) for form in OTHERS)]


def _logits(model, x):
    """By Keras itself: the logarithm of its output, up to a constant."""
    inputs = (x / 255).astype("float32").reshape(1, *model.inputs[0].shape[1:])
    out = model.predict(inputs, verbose=0)[0].astype(np.float64)
    if len(out) == 1:
        return np.array([0.0, np.log(out[0] / (1 - out[0]))])
    return np.log(out) if abs(out.sum() - 1) < 1e-5 and (out > 0).all() else out


@pytest.mark.parametrize("form", FORMS)
def test_contributions_add_up_to_the_difference_of_the_logits(small_models, small_rows, form):
    model = small_models[form][0]
    for x in small_rows(2):
        found = attribute(model, x, scale=255.0)
        logits = _logits(model, x)
        order = np.argsort(-logits)
        assert (found.winner, found.runner_up) == tuple(order[:2])
        assert found.difference == pytest.approx(logits[order[0]] - logits[order[1]], abs=1e-4)
        assert found.total() == pytest.approx(found.difference, abs=1e-4)
        assert found.inputs.shape == (4, 5)
        assert found.contributions, "at least one layer that all paths go through"
        for layer in found.contributions:
            assert found.total(layer) == pytest.approx(found.difference, abs=1e-4)


@pytest.mark.parametrize("form", FORMS)
def test_many_samples_have_the_contributions_of_each(small_models, small_rows, form):
    model, rows = small_models[form][0], np.stack(list(small_rows(5)))
    values, pairs = input_attribution(model, scale=255.0)(rows)
    assert values.shape == (5, 20)
    for row, x in enumerate(rows):
        found = attribute(model, x, scale=255.0)
        np.testing.assert_allclose(values[row], found.inputs.ravel(), atol=1e-5)
        assert pairs[row].tolist() == [found.winner, found.runner_up]


def test_contributions_of_a_small_model_by_hand():
    model = keras.Sequential([keras.Input((2,)), layers.Dense(3, activation="relu"), layers.Dense(2)])
    model.layers[0].set_weights([np.array([[1, -1, 2], [1, 1, -3]], "f4"), np.array([0.5, 0.25, 0], "f4")])
    model.layers[1].set_weights([np.array([[1, 3], [2, 0], [4, 4]], "f4"), np.array([0.1, -0.2], "f4")])
    found = attribute(model, np.array([2.0, 1.0], "f4"), scale=1.0)
    # hidden: 3.5, relu(-0.75) = 0, 1; logits: 7.6 and 14.3; class 1 over class 0 weighs the units 2, -2, 0
    np.testing.assert_allclose(found.logits, [7.6, 14.3], atol=1e-5)
    assert (found.winner, found.runner_up) == (1, 0)
    name = model.layers[0].name
    np.testing.assert_allclose(found.activations[name], [3.5, 0, 1])
    np.testing.assert_allclose(found.contributions[name], [7, 0, 0], atol=1e-6)
    np.testing.assert_allclose(found.inputs, [4, 2], atol=1e-6)
    assert found.offsets[name] == pytest.approx(-0.3, abs=1e-6)  # the output's biases
    assert found.offsets[""] == pytest.approx(0.7, abs=1e-6)  # and 2 times the first unit's 0.5


def test_a_layer_that_a_path_bypasses_has_no_contributions(small_models, small_rows):
    found = attribute(small_models["skip"][0], small_rows(1)[0], scale=255.0)
    assert set(found.contributions) == {"flat", "first", "joined"}
    assert set(found.activations) == {"flat", "first", "second", "sum", "joined"}


def test_an_offset_of_the_input_is_counted(small_rows):
    model = keras.Sequential(
        [keras.Input((20,)), layers.Rescaling(2.0, offset=-1.0), layers.Dense(8, activation="relu"), layers.Dense(3)]
    )
    found = attribute(model, small_rows(1)[0], scale=255.0)
    assert found.total() == pytest.approx(found.difference, abs=1e-4)


@pytest.mark.parametrize("layer", [layers.Dense(4, activation="tanh"), layers.ReLU(max_value=6.0)])
def test_models_that_are_not_piecewise_linear_are_refused(layer):
    model = keras.Sequential([keras.Input((20,)), layer, layers.Dense(3)])
    with pytest.raises(ModelError):
        attribute(model, np.zeros(20, np.float32), scale=1.0)


def test_samples_that_do_not_fit_are_refused(small_models):
    model = small_models["mlp"][0]
    with pytest.raises(DataError):
        attribute(model, np.zeros(3), scale=1.0)
    with pytest.raises(DataError):
        attribute(model, np.full(20, np.inf, np.float32), scale=1.0)
