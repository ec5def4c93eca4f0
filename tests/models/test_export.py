import json
import sys

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers as L

from cutaway.errors import ModelError, UsageError
from cutaway.models import ACTIVATIONS, LAYER_KINDS, MERGING_KINDS
from cutaway.models.exporting.keras_file import to_keras
from cutaway.models.exporting.onnx_graph import to_onnx


def net_of(*layers, shape=(6,)):
    return shaken(keras.Sequential([keras.Input(shape), *layers], name="model"))


def shaken(model):
    """The model with weights that no initializer draws."""
    rng = np.random.default_rng(0)
    model.set_weights(
        [rng.uniform(0.2, 1.0, w.shape) * rng.choice([-1, 1]) ** (w.ndim > 1) for w in model.get_weights()]
    )
    return model


def answer(packed, x):
    return onnxruntime.InferenceSession(packed).run(["output"], {"input": x})[0]


def check(model, *, atol=1e-5, seed=0, scale=3.0):
    shape = model.inputs[0].shape[1:]
    x = np.random.default_rng(seed).normal(0, 2, (9, *shape)).astype(np.float32)
    theirs = np.asarray(model(x / np.float32(scale), training=False))
    np.testing.assert_allclose(answer(to_onnx(model, shape=shape, scale=scale), x), theirs, rtol=1e-5, atol=atol)


def test_every_activation_in_onnx():
    entry = keras.Input((6,))
    ends = [L.Activation(name)(L.Dense(5, activation=name)(entry)) for name in ACTIVATIONS]
    check(shaken(keras.Model(entry, L.Concatenate()(ends))))


LAYERS = {
    "Dense": [L.Dense(4), L.Dense(3, use_bias=False, activation="tanh")],
    "EinsumDense": [
        L.EinsumDense("bi,kio->bko", (4, 5), bias_axes="ko", activation="relu"),
        L.EinsumDense("bki,kio->bko", (4, 3)),
    ],
    "GlobalAveragePooling1D": [L.Reshape((2, 3)), L.GlobalAveragePooling1D()],
    "Dropout": [L.Dropout(0.5), L.Dense(2)],
    "Activation": [L.Activation("softplus")],
    "ReLU": [L.ReLU(), L.ReLU(max_value=1.0), L.ReLU(negative_slope=0.1)],
    "ReLU, all at once": [L.ReLU(max_value=1.2, negative_slope=0.3, threshold=0.4)],
    "LeakyReLU": [L.LeakyReLU(0.07)],
    "Flatten": [L.Flatten(), L.Dense(2)],
    "Rescaling": [L.Rescaling(0.3, offset=-0.2), L.Rescaling([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])],
    "BatchNormalization": [L.BatchNormalization(), L.BatchNormalization(center=False, scale=False)],
    "LayerNormalization": [L.LayerNormalization(), L.LayerNormalization(center=False, epsilon=0.1)],
    "GaussianNoise": [L.GaussianNoise(0.5)],
    "GaussianDropout": [L.GaussianDropout(0.5)],
    "PReLU": [L.PReLU(), L.Reshape((2, 3)), L.PReLU(shared_axes=[1])],
    "ELU": [L.ELU(), L.ELU(0.3)],
    "Softmax": [L.Softmax(), L.Reshape((3, 2)), L.Softmax(axis=1), L.Softmax(axis=[2])],
    "Reshape": [L.Reshape((3, -1)), L.Reshape((1, 6)), L.Dense(2), L.Reshape((2,))],
    "Normalization": [L.Normalization(mean=1.5, variance=4.0), L.Normalization(mean=[0.5] * 6, variance=[0.0] * 6)],
    "Normalization, of several axes": [
        L.Reshape((2, 3)),
        L.Normalization(axis=[2, 1], mean=[1.0, 2.0, 3.0], variance=[1.0, 4.0, 9.0]),
        L.Normalization(axis=1, mean=[1.0, 2.0], variance=[2.0, 3.0], invert=True),
        L.Normalization(axis=None, mean=1.0, variance=2.0),
    ],
}


@pytest.mark.parametrize("layers", LAYERS.values(), ids=LAYERS)
def test_every_layer_in_onnx(layers):
    check(net_of(*layers))


def test_all_layers_are_covered_above():
    assert {name.split(",")[0] for name in LAYERS} | {*MERGING_KINDS} == LAYER_KINDS.keys()


@pytest.mark.parametrize("kind", ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"])
def test_every_combination_in_onnx(kind):
    entry = keras.Input((4, 3))
    tensors = [L.Dense(3)(entry), L.Dense(3)(entry), *([entry] if kind != "Subtract" else [])]
    check(keras.Model(entry, getattr(L, kind)()(tensors)))


def test_axes_in_onnx():
    check(
        net_of(
            L.BatchNormalization(axis=1),
            L.LayerNormalization(axis=[2, 1]),
            L.Dense(3, activation="softmax"),
            L.Dense(2, use_bias=False),
            L.LayerNormalization(axis=1),
            L.Flatten(),
            shape=(4, 5, 2),
        )
    )


def test_a_functional_model_in_onnx():
    entry = keras.Input((4, 3))
    a, b = L.Dense(3, name="a/b".replace("/", " "))(entry), L.Dense(3)(entry)
    both = L.Concatenate(axis=1)([L.Add()([a, b, entry]), a])
    check(keras.Model(entry, L.Flatten()(L.Concatenate()([both, both]))))


@pytest.mark.exhaustive
@settings(max_examples=settings.default.max_examples // 3, deadline=None)
@given(
    sides=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    flat=st.booleans(),
    dtype=st.sampled_from(["uint8", "float32"]),
    scale=st.sampled_from([1.0, 16.0, 255.0]),
    batch=st.integers(1, 20),
)
def test_preparation_is_in_the_graph(sides, flat, dtype, scale, batch):
    size = int(np.prod(sides))
    model = net_of(
        *(() if flat else (L.Flatten(),)), L.Dense(3, activation="softmax"), shape=(size,) if flat else sides
    )
    x = np.random.default_rng(size).integers(0, int(scale) + 1, (batch, *sides)).astype(dtype)
    packed = to_onnx(model, shape=sides, scale=scale, dtype=dtype, class_names=("a", "b", "ç"))
    inputs = (x.astype(np.float32) / np.float32(scale)).reshape(batch, *model.inputs[0].shape[1:])
    np.testing.assert_allclose(answer(packed, x), np.asarray(model(inputs)), rtol=1e-5, atol=1e-5)
    session = onnxruntime.InferenceSession(packed)
    (entry,), (out,) = session.get_inputs(), session.get_outputs()
    assert (entry.name, entry.shape) == ("input", ["batch", *sides])
    assert entry.type == {"uint8": "tensor(uint8)", "float32": "tensor(float)"}[dtype]
    assert (out.name, out.shape) == ("output", ["batch", 3])
    assert json.loads(session.get_modelmeta().custom_metadata_map["class_names"]) == ["a", "b", "ç"]


def test_the_file_refers_to_no_other():
    model = onnx.load_model_from_string(to_onnx(net_of(L.Dense(700), L.Dense(2)), shape=(6,)))
    assert all(not tensor.external_data for tensor in model.graph.initializer)
    assert {op.domain: op.version for op in model.opset_import} == {"": 20}


def test_the_same_model_gives_the_same_bytes():
    model = net_of(L.Dense(3))
    assert to_onnx(model, shape=(6,)) == to_onnx(model, shape=(6,))


def test_a_model_in_plain_keras(tmp_path):
    model = net_of(L.Dense(5, activation="gelu"), L.BatchNormalization(), L.Dropout(0.2), L.Dense(2))
    model.compile("adam", "mse")
    (tmp_path / "model.keras").write_bytes(to_keras(model))
    theirs = keras.saving.load_model(tmp_path / "model.keras")
    x = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    assert theirs is not None
    np.testing.assert_array_equal(np.asarray(theirs(x)), np.asarray(model(x)))
    assert [layer.name for layer in theirs.layers] == [layer.name for layer in model.layers]
    assert theirs.name == "model"
    assert model.compiled
    assert not theirs.compiled


def test_what_cannot_be_exported_is_an_error(monkeypatch):
    model = net_of(L.Dense(2))
    with pytest.raises(ModelError):
        to_onnx(model, shape=(7,))
    with pytest.raises(UsageError):
        to_onnx(model, shape=(6,), dtype="int8")
    with pytest.raises(ModelError):
        to_keras(keras.Sequential([L.Dense(3)]))
    with pytest.raises(ModelError):
        to_onnx(keras.Sequential([keras.Input((6,)), L.UnitNormalization()]), shape=(6,))
    with pytest.raises(ModelError):
        to_onnx(net_of(L.Flatten(data_format="channels_first"), shape=(2, 3)), shape=(2, 3))
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(UsageError):
        to_onnx(model, shape=(6,))
