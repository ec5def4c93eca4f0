import copy
import json

import keras
import numpy as np
import pytest
from keras import layers

from cutaway.errors import ModelError
from cutaway.models import build_model, check_model, get_weights, mlp, model_from_spec, set_weights, spec_of


def every_layer() -> keras.Model:
    entry = keras.Input((4, 4), name="image")
    flat = layers.Flatten(name="flat")(layers.Rescaling(2.0, offset=-1.0, name="rescale")(entry))
    one = layers.Dense(6, activation="gelu", kernel_regularizer=keras.regularizers.L1L2(0.1, 0.2), name="one")(flat)
    two = layers.Dense(6, use_bias=False, kernel_constraint=keras.constraints.MaxNorm(2.0), name="two")(flat)
    two = layers.LeakyReLU(negative_slope=0.1, name="leak")(layers.BatchNormalization(momentum=0.9, name="norm")(two))
    both = layers.Concatenate(name="both")([layers.Add(name="sum")([one, two]), two])
    both = layers.GaussianNoise(0.1, seed=4, name="noise")(layers.LayerNormalization(name="layer_norm")(both))
    both = layers.Dropout(0.3, noise_shape=(None, 1), seed=3, name="drop")(
        layers.ReLU(max_value=6.0, name="clip")(both)
    )
    out = layers.Activation("softmax", name="probabilities")(layers.Dense(3, name="logits")(both))
    return keras.Model(entry, out, name="everything")


@pytest.fixture
def rows():
    return np.random.default_rng(0).normal(size=(5, 4, 4)).astype(np.float32)


def test_every_allowed_layer_survives_json_with_config_and_outputs(rows):
    model = every_layer()
    spec = json.loads(json.dumps(spec_of(model)))
    again = model_from_spec(spec)
    set_weights(again, get_weights(model))
    np.testing.assert_array_equal(again(rows), model(rows))
    assert again.get_config() == model.get_config()
    assert spec_of(again) == spec_of(model)


def test_a_layer_called_input_in_a_sequential(rows):
    model = keras.Sequential(
        [keras.Input((4, 4)), layers.Flatten(name="input_"), layers.Dense(3, name="input", activation="softmax")]
    )
    again = model_from_spec(spec_of(model))
    set_weights(again, get_weights(model))
    np.testing.assert_array_equal(again(rows), model(rows))
    assert spec_of(model)["input"]["name"] not in ("input", "input_")


def test_sequential_survives_json():
    model = mlp((7,), dropout=0.1, activation="tanh")
    build_model(model, shape=(9,), classes=3, seed=0)
    again = model_from_spec(json.loads(json.dumps(spec_of(model))))
    assert isinstance(again, keras.Sequential)
    set_weights(again, get_weights(model))
    x = np.random.default_rng(0).random((4, 9), np.float32)
    np.testing.assert_array_equal(again(x), model(x))
    assert [layer.get_config() for layer in again.layers] == [layer.get_config() for layer in model.layers]


class Homemade(layers.Dense):
    pass


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv1D(3, 3, name="conv"),
        layers.Lambda(lambda x: x, name="trick"),
        Homemade(3, name="mine"),
        layers.Dense(3, activation=lambda x: x, name="odd"),
        layers.Dense(3, dtype="float16", name="half"),
    ],
)
def test_other_layers_are_refused_by_name(layer):
    with pytest.raises(ModelError, match=f'"{layer.name}"'):
        check_model(keras.Sequential([layer]))


def test_what_is_not_a_model_is_refused():
    class Mine(keras.Model):
        def call(self, x):
            return x

    for model in (Mine(), "mlp", layers.Dense(3)):
        with pytest.raises(ModelError):
            check_model(model)
    a, b = keras.Input((3,)), keras.Input((3,))
    with pytest.raises(ModelError):
        check_model(keras.Model([a, b], layers.Add()([a, b])))


def test_a_layer_called_twice_is_refused():
    entry, shared = keras.Input((3,)), layers.Dense(3, name="shared")
    with pytest.raises(ModelError):
        spec_of(keras.Model(entry, shared(shared(entry))))


HOSTILE = [
    lambda s: s["layers"][0].update(kind="Lambda"),
    lambda s: s["layers"][0].update(kind="__class__"),
    lambda s: s["layers"][0]["config"].update(function="os.system"),
    lambda s: s["layers"][0]["config"].update(activation={"module": "os", "class_name": "system"}),
    lambda s: s["layers"][0]["config"].update(kernel_initializer={"class_name": "deserialize", "config": {}}),
    lambda s: s["layers"][0]["config"].update(units=-4),
    lambda s: s.pop("input"),
    lambda s: s["input"].update(shape="wide"),
    lambda s: s.update(layers=17),
]


@pytest.mark.parametrize("change", HOSTILE)
def test_a_hostile_specification_is_refused(change):
    model = mlp((7,))
    build_model(model, shape=(9,), classes=3, seed=0)
    spec = copy.deepcopy(spec_of(model))
    change(spec)
    with pytest.raises(ModelError):
        model_from_spec(spec)


def test_weights_of_another_model_are_refused_and_change_nothing():
    model = mlp((7,))
    build_model(model, shape=(9,), classes=3, seed=0)
    before = get_weights(model)
    for change in ({"dense_1/kernel": np.zeros((2, 2), np.float32)}, {"extra/kernel": np.zeros(3)}):
        (name,) = change
        with pytest.raises(ModelError, match=f'"{name}"'):
            set_weights(model, {**before, **change})
    with pytest.raises(ModelError):
        set_weights(model, {k: np.ones_like(v) for k, v in before.items() if k != "output/bias"})
    for name, value in get_weights(model).items():
        np.testing.assert_array_equal(value, before[name])


def test_arithmetic_between_tensors_is_refused_by_name():
    entry = keras.Input((3,))
    with pytest.raises(ModelError):
        check_model(keras.Model(entry, entry + layers.Dense(3)(entry)))


@pytest.mark.parametrize(
    "activation", ["celu", {"module": "keras.layers", "class_name": "Dense", "config": {"units": 7}}]
)
def test_activations_of_a_specification_are_looked_up_in_our_own_list(activation):
    model = mlp((7,))
    build_model(model, shape=(9,), classes=3, seed=0)
    spec = copy.deepcopy(spec_of(model))
    spec["layers"][0]["config"]["activation"] = activation
    with pytest.raises(ModelError):
        model_from_spec(spec)


def test_a_setting_that_would_be_lost_is_refused():
    constant = keras.initializers.Constant(np.ones((3,)).tolist())
    model = keras.Sequential([keras.Input((2,)), layers.Dense(3, bias_initializer=constant, name="odd")])
    with pytest.raises(ModelError):
        spec_of(model)
