import keras
import numpy as np
import pytest

from cutaway.errors import ModelError
from cutaway.models import build_model, get_weights, mlp


def built(seed=0, **settings):
    model = mlp(**{"hidden": (16, 8), "dropout": 0.2, **settings})
    build_model(model, shape=(4, 5), classes=3, seed=seed)
    return model


def test_layers_are_named_and_sized_by_the_data():
    model = built()
    assert isinstance(model, keras.Sequential)
    assert [layer.name for layer in model.layers] == ["dense_1", "dropout_1", "dense_2", "dropout_2", "output"]
    assert model.input_shape == (None, 20)
    assert model.output_shape == (None, 3)
    assert model.get_layer("output").activation is keras.activations.softmax
    assert model.count_params() == 20 * 16 + 16 + 16 * 8 + 8 + 8 * 3 + 3


@pytest.mark.parametrize("activation", ["relu", "softplus", "sigmoid", "tanh", "gelu"])
def test_hidden_activation(activation):
    model = built(activation=activation)
    assert model.get_layer("dense_2").activation is keras.activations.get(activation)


def test_no_dropout_layer_without_dropout_and_no_hidden_layer_without_hidden():
    assert [layer.name for layer in built(dropout=0.0).layers] == ["dense_1", "dense_2", "output"]
    assert [layer.name for layer in built(hidden=()).layers] == ["output"]


def test_first_weights_are_a_function_of_the_seed():
    one, same, other = get_weights(built(0)), get_weights(built(0)), get_weights(built(1))
    for name, value in one.items():
        np.testing.assert_array_equal(value, same[name])
        if name.endswith("kernel"):
            assert np.abs(value - other[name]).max() > 0.01
    assert np.abs(one["dense_1/kernel"]).max() <= np.sqrt(6 / (20 + 16)), "Glorot's bound"
    assert not np.array_equal(one["dense_1/kernel"][:8, :8], one["dense_2/kernel"][:8, :8])


def test_a_built_model_keeps_its_weights():
    model = built(0)
    before = get_weights(model)
    assert build_model(model, shape=(4, 5), classes=3, seed=7) is False
    for name, value in get_weights(model).items():
        np.testing.assert_array_equal(value, before[name])


def test_an_initializer_with_a_seed_keeps_it():
    def kernel(seed):
        layer = keras.layers.Dense(3, "softmax", kernel_initializer=keras.initializers.HeNormal(seed=5))
        model = keras.Sequential([layer])
        build_model(model, shape=(6,), classes=3, seed=seed)
        return np.asarray(layer.kernel.value)

    np.testing.assert_array_equal(kernel(1), kernel(2))


def test_a_model_that_does_not_fit_its_data_is_refused():
    model = keras.Sequential([keras.Input((10,)), keras.layers.Dense(3)])
    with pytest.raises(ModelError):
        build_model(model, shape=(4, 5), classes=3, seed=0)
    model = keras.Sequential([keras.Input((4, 5)), keras.layers.Flatten(), keras.layers.Dense(4, "softmax")])
    with pytest.raises(ModelError):
        build_model(model, shape=(4, 5), classes=3, seed=0)


def test_layers_are_normalized_before_their_activation():
    model = built(batch_norm=True, activation="tanh")
    hidden = ["dense_1", "batch_norm_1", "activation_1", "dropout_1"]
    assert [layer.name for layer in model.layers[:4]] == hidden
    assert [layer.name for layer in model.layers[4:]] == [name.replace("1", "2") for name in hidden] + ["output"]
    assert not model.get_layer("dense_1").use_bias
    assert model.get_layer("activation_2").activation is keras.activations.tanh
    x = np.random.default_rng(0).normal(size=(64, 20)).astype(np.float32)
    sums = x @ get_weights(model)["dense_1/kernel"]
    inputs = keras.Model(model.inputs[0], model.get_layer("batch_norm_1").output)
    normal = (sums - sums.mean(axis=0)) / np.sqrt(sums.var(axis=0) + 1e-3)
    np.testing.assert_allclose(np.asarray(inputs(x, training=True)), normal, atol=1e-4)


def test_an_ensemble_has_no_batch_normalization():
    with pytest.raises(ModelError):
        mlp((8,), batch_norm=True, ensemble=2)
