import pickle

import keras
import numpy as np
import pytest
from keras import layers

from cutaway.errors import UnknownNameError
from cutaway.interpret import activations, layer_records
from cutaway.models import build_model, mlp


@pytest.fixture
def model():
    model = mlp((16, 8), dropout=0.5)
    build_model(model, shape=(5, 4), classes=3, seed=0)
    return model


@pytest.fixture
def x():
    return np.random.default_rng(0).integers(0, 256, (300, 5, 4), dtype=np.uint8)


@pytest.mark.parametrize(("layer", "depth"), [("dense_1", 1), ("dropout_1", 2), ("dense_2", 3), ("output", 5)])
def test_activations_equal_a_truncated_keras_model_with_copied_weights(model, x, layer, depth):
    truncated = keras.Sequential([keras.Input((20,))])
    for original in model.layers[:depth]:
        copy = type(original).from_config(original.get_config())
        truncated.add(copy)
        copy.set_weights(original.get_weights())
    expected = truncated.predict((x / 255).reshape(-1, 20).astype("float32"), verbose=0)
    ours = activations(model, layer, x=x, scale=255.0)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, expected, atol=1e-6)


def test_an_unknown_layer_lists_the_known_ones(model, x):
    with pytest.raises(UnknownNameError):
        activations(model, "dense1", x=x, scale=255.0)


def test_records_of_layers_whose_settings_are_lists_of_keras_are_pickled(x):
    model = keras.Sequential([keras.Input((20,)), layers.Dense(4), layers.LayerNormalization()])
    _, norm = pickle.loads(pickle.dumps(layer_records(model, x=x.reshape(-1, 20), scale=255.0)))
    assert norm.config["axis"] == [-1]


def test_layer_records_against_numpy(model, x):
    kernel, bias = model.get_layer("dense_1").get_weights()
    bias[:5] = -100.0  # these five can never fire
    model.get_layer("dense_1").set_weights([kernel, bias])
    records = {record.name: record for record in layer_records(model, x=x, scale=255.0)}
    assert list(records) == ["dense_1", "dropout_1", "dense_2", "dropout_2", "output"]
    first = records["dense_1"]
    assert (first.kind, first.output_shape, first.units) == ("Dense", (16,), 16)
    assert (first.parameters, first.trainable) == (20 * 16 + 16, 20 * 16 + 16)
    assert first.config["activation"] == "relu"
    weight = first.weights[0]
    assert (weight.name, weight.shape) == ("kernel", (20, 16))
    assert weight.mean == pytest.approx(kernel.mean(), abs=1e-7)
    assert weight.std == pytest.approx(kernel.std(), rel=1e-5)
    assert (weight.min, weight.max) == (kernel.min(), kernel.max())
    hidden = np.maximum((x / 255).reshape(-1, 20) @ kernel + bias, 0)
    assert first.dead == int((hidden.max(axis=0) <= 0).sum()) >= 5
    assert first.dead_share == first.dead / 16
    assert records["dropout_1"].dead is None
    assert records["output"].dead is None, "the output has no rectifier"


@pytest.mark.parametrize(
    ("layer", "fires"),
    [
        (layers.Dense(3, activation="relu"), True),
        (layers.Dense(3, activation="relu6"), True),
        (layers.Activation("relu"), True),
        (layers.ReLU(max_value=6), True),
        (layers.ReLU(negative_slope=0.1), False),
        (layers.LeakyReLU(), False),
        (layers.Dense(3), False),
        (layers.Dense(3, activation="tanh"), False),
        (layers.BatchNormalization(), False),
    ],
)
def test_only_units_of_rectifiers_are_dead(layer, fires):
    model = keras.Sequential([keras.Input((3,)), layer])
    (record,) = layer_records(model, x=np.full((4, 3), -1.0, np.float32), scale=1.0)
    assert (record.dead is not None) == fires
    if fires and layer.count_params() == 0:
        assert record.dead == 3


@pytest.mark.parametrize("samples", [1, 2047, 2048, 2049])
def test_units_that_fire_for_one_sample_only_are_seen(samples):
    model = keras.Sequential([keras.Input((1,)), layers.ReLU(name="relu")])
    x = np.full((samples, 1), -1.0, np.float32)
    assert layer_records(model, x=x, scale=1.0)[0].dead == 1
    x[-1] = 1.0
    assert layer_records(model, x=x, scale=1.0)[0].dead == 0
