"""Functional models as Keras itself saves them: any graph of allow-listed layers opens with the same predictions."""

import json
import logging
import zipfile

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras import layers as L

from cutaway.errors import ModelError
from cutaway.models import LAYER_KINDS, spec_of
from cutaway.models.exporting.keras_file import to_keras
from cutaway.models.importing.opening import build_from_file, read_model

logging.getLogger("absl").setLevel(logging.ERROR)  # Keras calls .h5 a legacy format

# Each takes the shape of one sample, and makes a layer.
SINGLE = {
    "Dense": lambda shape: L.Dense(3, activation="tanh"),
    "EinsumDense": lambda shape: members(shape) if len(shape) < 3 else L.Flatten(),
    "GlobalAveragePooling1D": lambda shape: L.GlobalAveragePooling1D() if len(shape) == 2 else L.Flatten(),
    "Dropout": lambda shape: L.Dropout(0.4),
    "Activation": lambda shape: L.Activation("softplus"),
    "ReLU": lambda shape: L.ReLU(max_value=2.0, negative_slope=0.1),
    "LeakyReLU": lambda shape: L.LeakyReLU(0.2),
    "Flatten": lambda shape: L.Flatten(),
    "Rescaling": lambda shape: L.Rescaling(0.5, offset=0.1),
    "BatchNormalization": lambda shape: L.BatchNormalization(),
    "LayerNormalization": lambda shape: L.LayerNormalization(axis=list(range(1, len(shape) + 1))),
    "GaussianNoise": lambda shape: L.GaussianNoise(0.3),
    "GaussianDropout": lambda shape: L.GaussianDropout(0.3),
    "ELU": lambda shape: L.ELU(0.7),
    "PReLU": lambda shape: L.PReLU(shared_axes=[1]),
    "Softmax": lambda shape: L.Softmax(axis=1),
    "Reshape": lambda shape: L.Reshape((*shape[:-1], 1, -1) if len(shape) < 3 else (-1,)),
    "Normalization": lambda shape: adapted(shape),
}
MERGING = {
    **{kind: getattr(L, kind) for kind in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")},
    "Concatenate": lambda: L.Concatenate(axis=1),
}


def members(shape):
    equation, count = ("bi,kio->bko", 2) if len(shape) == 1 else ("bki,kio->bko", shape[0])
    return L.EinsumDense(equation, (count, 3), bias_axes="ko", activation="tanh")


def adapted(shape, **settings):
    layer = L.Normalization(**settings)
    layer.adapt(np.random.default_rng(2).normal(3, 2, size=(50, *shape)).astype(np.float32))
    return layer


def test_every_kind_is_drawn_below():
    assert {*SINGLE, *MERGING} == LAYER_KINDS.keys()


def shaken(model):
    """The model with weights that no initializer draws, moving averages included."""
    rng = np.random.default_rng(0)
    for layer in model.layers:
        if not isinstance(layer, L.Normalization):  # whose mean and variance it copies when it is adapted
            layer.set_weights(
                [rng.uniform(0.2, 1.0, w.shape) * rng.choice([-1, 1]) ** (w.ndim > 1) for w in layer.get_weights()]
            )
    return model


def outputs(model):
    x = np.random.default_rng(1).normal(size=(7, *model.inputs[0].shape[1:])).astype(np.float32)
    return np.asarray(model(x, training=False))


def graph(steps, shape):
    """A functional model of random layers, each reading any tensor before it, all of which reach the output."""
    tensors, taken = [keras.Input(shape)], set()

    def take(index):
        taken.add(index)
        return tensors[index]

    for kind, place in steps:
        index = place % len(tensors)
        tensor = take(index)
        of_one = tuple(tensor.shape[1:])
        if kind in SINGLE:
            tensors.append(SINGLE[kind](of_one)(tensor))
        else:
            alike = [i for i, t in enumerate(tensors) if t.shape == tensor.shape and i != index]
            other = take(alike[place % len(alike)]) if alike else L.ReLU()(tensor)
            tensors.append(MERGING[kind]()([tensor, other]))
    ends = [L.Flatten()(tensor) for i, tensor in enumerate(tensors) if i not in taken]
    return shaken(keras.Model(tensors[0], L.Dense(2)(L.Concatenate()(ends) if len(ends) > 1 else ends[0])))


STEPS = st.lists(st.tuples(st.sampled_from([*SINGLE, *MERGING]), st.integers(0, 50)), min_size=1, max_size=7)


@pytest.mark.exhaustive
@pytest.mark.filterwarnings("ignore:You are using a softmax over axis")  # of one value, which some graphs have
@settings(
    max_examples=settings.default.max_examples // 2,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS, shape=st.sampled_from([(4,), (3, 2)]), ending=st.sampled_from(["keras", "h5"]))
def test_any_graph_that_keras_saves_is_opened(tmp_path, steps, shape, ending):
    model, path = graph(steps, shape), tmp_path / f"model.{ending}"
    model.save(path)
    np.testing.assert_allclose(outputs(build_from_file(read_model(path))), outputs(model), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("ending", ["keras", pytest.param("h5", marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("kind", [*SINGLE, *MERGING])
def test_every_kind_in_a_graph(tmp_path, kind, ending):
    model, path = graph([("Dense", 0), (kind, 1), (kind, 0)], (4,)), tmp_path / f"model.{ending}"
    model.save(path)
    np.testing.assert_allclose(outputs(build_from_file(read_model(path))), outputs(model), rtol=1e-5, atol=1e-5)


def test_our_own_export_with_dropout_opens(tmp_path):
    entry = keras.Input((4,))
    model = keras.Model(entry, L.Dense(2)(L.Dropout(0.5)(L.Dense(3, activation="relu")(entry))))
    (tmp_path / "model.keras").write_bytes(to_keras(model))
    np.testing.assert_allclose(outputs(build_from_file(read_model(tmp_path / "model.keras"))), outputs(model))


ODD = [
    {"training": True},
    {"training": 0},
    {"mask": False},
    {"training": False, "gamma": None},
    {"training": {"class_name": "Lambda"}},
    None,
]


@pytest.mark.parametrize("arguments", ODD)
def test_other_arguments_of_a_call_are_the_only_complaint(tmp_path, arguments):
    entry = keras.Input((4,))
    hidden = L.Dropout(0.5, name="drop")(L.Dense(3, name="first")(entry))
    keras.Model(entry, L.Dense(2, name="last")(hidden)).save(tmp_path / "saved.keras")
    with zipfile.ZipFile(tmp_path / "saved.keras") as old, zipfile.ZipFile(tmp_path / "odd.keras", "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "config.json":
                config = json.loads(data)
                (drop,) = (item for item in config["config"]["layers"] if item["class_name"] == "Dropout")
                drop["inbound_nodes"][0]["kwargs"] = arguments
                data = json.dumps(config)
            new.writestr(name, data)
    model = read_model(tmp_path / "odd.keras").model
    assert [layer.name for layer in model.layers if layer.problems] == ["drop"]
    (reason,) = model.refused
    assert reason.startswith('layer "drop"')
    assert list(arguments or {"": 0})[-1] in reason


def test_a_model_that_drops_units_in_evaluation_is_refused_before_it_is_recorded():
    entry = keras.Input((4,))
    model = keras.Model(entry, L.Dense(2)(L.Dropout(0.5, name="drop")(entry, training=True)))
    with pytest.raises(ModelError):
        spec_of(model)
