"""Layers whose settings are lists: what a specification keeps of them, and what it refuses."""

import json

import keras
import numpy as np
import pytest
from keras import layers as L

from cutaway.errors import ModelError
from cutaway.models import get_weights, model_from_spec, set_weights, spec_of
from cutaway.models.importing.opening import build_from_file, read_model


def adapted(shape, **settings):
    layer = L.Normalization(**settings)
    layer.adapt(np.random.default_rng(2).normal(3, 2, size=(50, *shape)).astype(np.float32))
    return layer


def outputs(model):
    x = np.random.default_rng(1).normal(size=(7, *model.inputs[0].shape[1:])).astype(np.float32)
    return np.asarray(model(x, training=False))


ROUND_TRIPS = {
    "ELU": lambda: [L.ELU(0.3)],
    "PReLU": lambda: [L.PReLU(alpha_initializer="ones", shared_axes=[2])],
    "Softmax": lambda: [L.Softmax(axis=1)],
    "Reshape": lambda: [L.Reshape((2, -1))],
    "Normalization": lambda: [adapted((4, 3))],
    "Normalization of two axes": lambda: [adapted((4, 3), axis=(2, 1))],
    "Normalization of the first axis": lambda: [adapted((4, 3), axis=1, invert=True)],
    "Normalization of no axis": lambda: [adapted((4, 3), axis=None)],
    "Normalization by hand": lambda: [L.Normalization(mean=np.float32([1, 2, 3]), variance=[1.0, 2.0, 3.0])],
}


@pytest.mark.parametrize("make", ROUND_TRIPS.values(), ids=ROUND_TRIPS)
def test_a_specification_keeps_every_setting(make, tmp_path):
    model = keras.Sequential([keras.Input((4, 3)), *make(), L.Flatten(), L.Dense(2)], name="kept")
    again = model_from_spec(json.loads(json.dumps(spec_of(model))))
    set_weights(again, get_weights(model))
    np.testing.assert_allclose(outputs(again), outputs(model), rtol=1e-6, atol=1e-6)
    assert spec_of(again) == spec_of(model)
    for path in (tmp_path / "model.keras", tmp_path / "model.h5"):
        again.save(path)
        np.testing.assert_allclose(outputs(build_from_file(read_model(path))), outputs(model), rtol=1e-6, atol=1e-6)


def test_what_a_normalization_was_adapted_to_is_a_setting_of_few_digits():
    model = keras.Sequential([keras.Input((2,)), L.Normalization(name="norm"), L.Dense(2)])
    model.get_layer("norm").adapt(np.float32([[0.1, 1.0], [0.3, 3.0]]))
    (norm, _) = spec_of(model)["layers"]
    assert norm["config"] | {"variance": []} == {"axis": [-1], "invert": False, "mean": [0.2, 2.0], "variance": []}
    assert norm["config"]["variance"] == pytest.approx([0.01, 1.0])
    assert not any("norm" in name for name in get_weights(model)), "it is no weight, which snapshots would repeat"


WRONG = [
    ("Reshape", {"target_shape": [5, -1]}, "target.shape"),
    ("Reshape", {"target_shape": [-1, -1]}, "target.shape"),
    ("Reshape", {"target_shape": [0]}, "target.shape"),
    ("Reshape", {}, "target.shape"),
    ("Softmax", {"axis": [1, 2]}, "axis"),
    ("Softmax", {"axis": 3}, "axis"),
    ("PReLU", {"shared_axes": [3]}, "shared.axes"),
    ("PReLU", {"shared_axes": [0]}, "shared.axes"),
    ("ELU", {"alpha": float("nan")}, "alpha"),
    ("Normalization", {}, "mean"),
    ("Normalization", {"mean": [1.0, 2.0], "variance": [1.0, 1.0]}, "mean"),
    ("Normalization", {"mean": [1.0, [2.0]], "variance": 1.0}, "mean"),
    ("Normalization", {"mean": [[1.0] * 3] * 4, "variance": 1.0}, "mean"),
    ("Normalization", {"mean": 0.0, "variance": -1.0}, "variance"),
    ("Normalization", {"mean": [0.0] * (2**16 + 1), "variance": 1.0}, "mean"),
    ("Normalization", {"axis": [0], "mean": 0.0, "variance": 1.0}, "axis"),
]


@pytest.mark.parametrize(("kind", "config", "name"), WRONG)
def test_settings_that_do_not_fit_are_refused_by_name(kind, config, name):
    layers = [{"kind": kind, "name": "odd", "inputs": ["input"], "config": config}]
    spec = {"name": "m", "kind": "Sequential", "input": {"name": "input", "shape": [4, 3]}, "layers": layers}
    with pytest.raises(ModelError, match=name):
        model_from_spec({**spec, "output": "odd"})


def test_two_inputs_are_subtracted_and_no_more():
    item = {"kind": "Subtract", "name": "odd", "inputs": ["input"] * 3, "config": {}}
    spec = {"name": "m", "kind": "Functional", "input": {"name": "input", "shape": [4]}, "layers": [item]}
    with pytest.raises(ModelError):
        model_from_spec({**spec, "output": "odd"})


def test_a_model_that_could_not_be_opened_again_has_no_specification():
    """Keras adds inputs of different shapes, which nothing here does."""
    entry = keras.Input((4,))
    model = keras.Model(entry, L.Add()([entry, L.Dense(1)(entry)]))
    with pytest.raises(ModelError):
        spec_of(model)
