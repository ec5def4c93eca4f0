import json
import logging
import warnings
import zipfile

import h5py
import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras import layers as L

from cutaway.errors import CutawayWarning, DataError, ModelError
from cutaway.models import LAYER_KINDS
from cutaway.models.importing.description import snake_case
from cutaway.models.importing.opening import build_from_file, read_model
from cutaway.models.settings import check_settings

logging.getLogger("absl").setLevel(logging.ERROR)  # Keras calls .h5 a legacy format


def opened(path):
    return build_from_file(read_model(path))


def shaken(model, seed=0):
    """The model with weights that no initializer draws, moving averages included."""
    rng = np.random.default_rng(seed)
    model.set_weights(
        [rng.uniform(0.2, 1.0, w.shape) * rng.choice([-1, 1]) ** (w.ndim > 1) for w in model.get_weights()]
    )
    return model


def outputs(model, seed=1):
    x = np.random.default_rng(seed).normal(size=(7, *model.inputs[0].shape[1:])).astype(np.float32)
    return np.asarray(model(x, training=False))


def sequential():
    return keras.Sequential(
        [
            keras.Input((6, 5), name="images"),
            L.Rescaling(1 / 255, offset=0.1),
            L.BatchNormalization(axis=1),
            L.LayerNormalization(),
            L.Flatten(),
            L.Dense(8, name="first", activation="silu", kernel_regularizer="l2", kernel_constraint="max_norm"),
            L.BatchNormalization(scale=False, trainable=False),
            L.Dropout(0.3),
            L.Dense(8, use_bias=False, name="ohne Bias"),
            L.ReLU(max_value=3.0, negative_slope=0.1, threshold=0.05),
            L.LeakyReLU(0.2),
            L.GaussianNoise(0.1),
            L.Activation("softplus"),
            L.Dense(4, activation="softmax"),
        ]
    )


def functional():
    entry = keras.Input((5,), name="entry")
    a = L.Dense(3, activation="relu", name="a")(entry)
    b = L.Dense(3, activation="tanh", name="b")(entry)
    both = L.Concatenate()([L.Add()([b, a]), a, entry])
    return keras.Model(entry, L.Dense(2)(L.BatchNormalization()(both)), name="two_ways")


@pytest.mark.parametrize(
    ("make", "ending"),
    [
        (sequential, "h5"),
        (functional, "keras"),
        pytest.param(sequential, "keras", marks=pytest.mark.exhaustive),
        pytest.param(functional, "h5", marks=pytest.mark.exhaustive),
    ],
)
def test_outputs_equal_those_of_keras(tmp_path, make, ending):
    model, path = shaken(make()), tmp_path / f"model.{ending}"
    model.compile("adam", "mse", metrics=["mae"])
    model.save(path)
    theirs, ours = keras.saving.load_model(path, compile=False), opened(path)
    np.testing.assert_allclose(outputs(ours), outputs(theirs), rtol=1e-5, atol=1e-5)
    for mine, same in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, same)
    assert [layer.name for layer in ours.layers if "input" not in layer.name] == [
        layer.name for layer in model.layers if "input" not in layer.name
    ]
    assert type(ours) is type(model)
    assert not ours.compiled, "what the file says of training is not read"
    assert [layer.trainable for layer in ours.layers] == [layer.trainable for layer in model.layers]


def kind(name, **choices):
    """A layer to be made in the test: Keras draws a seed when it makes one."""
    return st.tuples(st.just(name), st.fixed_dictionaries(choices))


FLAGS = {"center": st.booleans(), "scale": st.booleans()}
KINDS = st.one_of(
    kind(
        "Dense", units=st.integers(1, 5), activation=st.sampled_from(["relu", "gelu", "linear"]), use_bias=st.booleans()
    ),
    kind("BatchNormalization", **FLAGS),
    kind("LayerNormalization", **FLAGS),
    kind("Flatten"),
    kind("ReLU"),
    kind("Dropout", rate=st.floats(0, 0.9)),
)


@settings(
    max_examples=settings.default.max_examples // 3,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(stack=st.lists(KINDS, min_size=1, max_size=6), shape=st.lists(st.integers(1, 4), min_size=1, max_size=3))
def test_any_stack_of_layers_is_opened(tmp_path, stack, shape):
    model, path = (
        shaken(keras.Sequential([keras.Input(shape), *(getattr(L, name)(**config) for name, config in stack)])),
        tmp_path / "model.keras",
    )
    model.save(path)
    file = read_model(path)
    ours = build_from_file(file)
    np.testing.assert_allclose(outputs(ours), outputs(model), rtol=1e-5, atol=1e-5)
    assert [layer.shape for layer in file.model.layers] == [layer.output.shape[1:] for layer in model.layers]
    assert [file.parameters(layer) for layer in file.model.layers] == [layer.count_params() for layer in model.layers]


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_a_sequential_with_a_layer_called_input(tmp_path, ending):
    model = shaken(keras.Sequential([keras.Input((5,)), L.Dense(4, name="input"), L.Dense(3, activation="softmax")]))
    path = tmp_path / f"model.{ending}"
    model.save(path)
    np.testing.assert_allclose(outputs(opened(path)), outputs(model), atol=1e-6)


def test_a_normalization_of_several_axes(tmp_path):
    model = shaken(keras.Sequential([keras.Input((4, 3)), L.LayerNormalization(axis=[1, 2]), L.Dense(2)]))
    model.save(tmp_path / "model.keras")
    np.testing.assert_allclose(outputs(opened(tmp_path / "model.keras")), outputs(model), rtol=1e-5, atol=1e-5)


def keras_2(path, model_class, config, weights, version="2.4.0"):
    """A whole-model file as Keras 2 laid it out (keras/saving/hdf5_format.py there)."""
    with h5py.File(path, "w") as h5:
        h5.attrs["model_config"] = json.dumps({"class_name": model_class, "config": config}).encode()
        h5.attrs["keras_version"] = version.encode()
        h5.attrs["backend"] = b"tensorflow"
        top = h5.create_group("model_weights")
        top.attrs["layer_names"] = [name.encode() for name in weights]
        for layer, values in weights.items():
            group = top.create_group(layer)
            group.attrs["weight_names"] = [f"{layer}/{name}:0".encode() for name in values]
            for name, value in values.items():
                group[f"{layer}/{name}:0"] = value.astype(np.float32)
    return path


def old(kind, **config):
    return {"class_name": kind, "config": {"trainable": True, "dtype": "float32", **config}}


def test_a_sequential_of_keras_2(tmp_path):
    rng = np.random.default_rng(0)
    w, v, b = rng.normal(size=(4, 3)), rng.normal(size=(3, 2)), rng.normal(size=2)
    gamma, beta, mean, variance = rng.uniform(0.5, 2, (4, 3))
    glorot = {"class_name": "GlorotUniform", "config": {"seed": None}}
    layers = [
        old("Dense", name="d", batch_input_shape=[None, 4], units=3, activation="swish", use_bias=False,
            kernel_initializer=glorot, activity_regularizer=None),
        old("BatchNormalization", name="n", axis=[1], momentum=0.99, epsilon=0.001, center=True, scale=True),
        old("LeakyReLU", name="l", alpha=0.3),
        old("Dense", name="e", units=2, activation="linear", use_bias=True),
    ]  # fmt: skip
    weights = {
        "d": {"kernel": w},
        "n": {"gamma": gamma, "beta": beta, "moving_mean": mean, "moving_variance": variance},
        "l": {},
        "e": {"kernel": v, "bias": b},
    }
    x = rng.normal(size=(5, 4))
    h = x @ w
    h = h / (1 + np.exp(-h))
    h = (h - mean) / np.sqrt(variance + 0.001) * gamma + beta
    expected = np.where(h > 0, h, 0.3 * h) @ v + b
    for config in ({"name": "old", "layers": layers}, layers):  # the second is how it was before 2.2.3
        model = opened(keras_2(tmp_path / "old.h5", "Sequential", config, weights))
        np.testing.assert_allclose(np.asarray(model(x.astype(np.float32))), expected, rtol=1e-5, atol=1e-5)


def test_a_functional_model_of_keras_2(tmp_path):
    rng = np.random.default_rng(0)
    w, v = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    config = {
        "name": "old",
        "layers": [
            {**old("InputLayer", name="i", batch_input_shape=[None, 4]), "name": "i", "inbound_nodes": []},
            {**old("Dense", name="a", units=3, use_bias=False), "name": "a", "inbound_nodes": [[["i", 0, 0, {}]]]},
            {**old("Dense", name="b", units=3, use_bias=False), "name": "b", "inbound_nodes": [[["i", 0, 0, {}]]]},
            {**old("Add", name="s"), "name": "s", "inbound_nodes": [[["a", 0, 0, {}], ["b", 0, 0, {}]]]},
        ],
        "input_layers": [["i", 0, 0]],
        "output_layers": [["s", 0, 0]],
    }
    weights = {"i": {}, "a": {"kernel": w}, "b": {"kernel": v}, "s": {}}
    model = opened(keras_2(tmp_path / "old.h5", "Model", config, weights))
    x = rng.normal(size=(5, 4)).astype(np.float32)
    np.testing.assert_allclose(np.asarray(model(x)), x @ (w + v), rtol=1e-5, atol=1e-5)


def test_the_hard_sigmoid_of_keras_2_is_another_function(tmp_path):
    layers = [old("Dense", name="d", batch_input_shape=[None, 1], units=1, activation="hard_sigmoid")]
    config, weights = {"name": "old", "layers": layers}, {"d": {"kernel": np.ones((1, 1)), "bias": np.ones(1)}}
    with pytest.raises(ModelError):
        opened(keras_2(tmp_path / "old.h5", "Sequential", config, weights))
    assert opened(keras_2(tmp_path / "new.h5", "Sequential", config, weights, version="3.0.0"))


def rewritten(source, target, *, config=lambda c: c, weights=lambda h5: None):
    """A .keras file with its configuration or its weights changed."""
    with zipfile.ZipFile(source) as old_zip, zipfile.ZipFile(target, "w") as new:
        for name in old_zip.namelist():
            data = old_zip.read(name)
            if name == "config.json":
                data = json.dumps(config(json.loads(data))).encode()
            if name == "model.weights.h5":
                (target.parent / name).write_bytes(data)
                with h5py.File(target.parent / name, "a") as h5:
                    weights(h5)
                data = (target.parent / name).read_bytes()
            new.writestr(name, data)
    return target


@pytest.fixture
def saved(tmp_path):
    model, path = shaken(sequential()), tmp_path / "saved.keras"
    model.save(path)
    return model, path


def test_the_keras_files_of_keras_2_name_their_layers_differently(saved, tmp_path):
    model, path = saved
    moved = rewritten(
        path, tmp_path / "m.keras", weights=lambda h5: h5.move("layers", "_layer_checkpoint_dependencies")
    )
    np.testing.assert_allclose(outputs(opened(moved)), outputs(model), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("policy", ["float16", "bfloat16", "mixed_float16"])
def test_lower_precision_is_opened_in_float32_with_a_warning(tmp_path, policy):
    model = keras.Sequential([keras.Input((3,)), L.Dense(2, dtype=policy, name="low")])
    model.save(tmp_path / "low.keras")
    with pytest.warns(CutawayWarning):
        ours = opened(tmp_path / "low.keras")
    np.testing.assert_array_equal(ours.get_weights()[0], np.asarray(model.get_weights()[0], np.float32))
    assert ours.layers[-1].dtype_policy.name == "float32"


def test_a_subclass_is_refused_with_a_step_that_helps(tmp_path):
    class Mine(keras.Model):
        def __init__(self):
            super().__init__()
            self.out = L.Dense(3)

        def call(self, x):
            return self.out(x)

    mine = Mine()
    mine(np.zeros((1, 4), np.float32))
    mine.save(tmp_path / "mine.keras")
    with pytest.raises(DataError):
        read_model(tmp_path / "mine.keras")


def test_unknown_layers_are_listed_and_refused(tmp_path):
    model = keras.Sequential(
        [keras.Input((8, 8, 1)), L.Conv2D(4, 3, name="conv"), L.Flatten(), L.Dense(3, activation="relu", name="last")]
    )
    model.save(tmp_path / "conv.keras")
    file = read_model(tmp_path / "conv.keras")
    conv, flat, last = file.model.layers
    assert (conv.kind, conv.shape, file.parameters(conv)) == ("Conv2D", None, 40)
    assert conv.problems == ("Conv2D is not one of the kinds that are opened",)
    assert (flat.problems, last.problems, file.parameters(last)) == ((), (), (6 * 6 * 4 + 1) * 3)
    with pytest.raises(ModelError):
        build_from_file(file)


def layer_of(config, kind):
    return next(item for item in config["config"]["layers"] if item["class_name"] == kind)


def change(kind, **more):
    def apply(config):
        layer_of(config, kind)["config"].update(more)
        return config

    return apply


CHANGES = {
    "negative": (change("Dense", units=-1), "units"),
    "activation": (change("Dense", activation="os.system"), "os.system"),
    "regularizer": (
        change("Dense", kernel_regularizer={"module": "os", "class_name": "L2", "config": {}}),
        "kernel_regularizer",
    ),
    "initializer": (
        change("Dense", kernel_initializer={"module": "keras", "class_name": "Mine", "config": {}}),
        "kernel_initializer",
    ),
    "dtype": (change("Dense", dtype="int8"), "dtype"),
    "unknown setting": (change("Dense", lora_rank=4), "lora_rank"),
    "renormalization": (change("BatchNormalization", renorm=True), "renorm"),
    "axis": (change("BatchNormalization", axis=5), "axis"),
    "rate": (change("Dropout", rate=[]), "rate"),
}


@pytest.mark.parametrize(("edit", "name"), CHANGES.values(), ids=CHANGES)
def test_a_wrong_setting_is_refused_by_name(saved, tmp_path, edit, name):
    with pytest.raises((ModelError, DataError), match=name):
        opened(rewritten(saved[1], tmp_path / "changed.keras", config=edit))


def test_every_supported_setting_of_every_layer_is_checked():
    """What is not a plain value of the right kind never reaches Keras."""
    odd = {"class_name": "Lambda", "config": {}, "module": "os"}
    for kind, keys in LAYER_KINDS.items():
        for key in keys:
            assert check_settings(kind, {key: odd}, old=False).problems, f"{kind}.{key}"


def test_default_settings_of_every_layer_pass():
    made = {"Dense": (3,), "Dropout": (0.5,), "Activation": ("relu",), "GaussianNoise": (0.1,), "Rescaling": (2.0,)}
    made |= {"GaussianDropout": (0.5,), "Reshape": ((2, 3),), "EinsumDense": ("bi,kio->bko", (2, 3), None, "ko")}
    for kind in LAYER_KINDS:
        config = json.loads(
            json.dumps(getattr(L, kind)(*made.get(kind, ())).get_config(), default=keras.saving.serialize_keras_object)
        )
        assert check_settings(kind, config, old=False).problems == (), kind


def test_class_names_become_group_names():
    named = {"Dense": "dense", "BatchNormalization": "batch_normalization", "ReLU": "re_lu", "LeakyReLU": "leaky_re_lu"}
    assert {kind: snake_case(kind) for kind in named} == named
    assert [snake_case(kind) for kind in ("Conv2D", "GRU", "RNNCell2")] == ["conv2d", "gru", "rnn_cell2"]


def test_missing_and_duplicate_weights(saved, tmp_path):
    def without(h5):
        del h5["layers/dense/vars/1"]

    def aliased(h5):
        for name in ("moving_mean", "1"):
            h5["layers/layer_normalization/vars"].pop(name, None)
        h5["layers/layer_normalization/vars/1"] = h5["layers/layer_normalization/vars/0"]

    with pytest.raises(DataError):
        opened(rewritten(saved[1], tmp_path / "a.keras", weights=without))
    with warnings.catch_warnings():
        assert opened(rewritten(saved[1], tmp_path / "b.keras", weights=aliased)), "one name twice is no crime"


def test_regularizers_and_constraints_are_kept(saved, tmp_path):
    model, ours = saved[0], opened(saved[1])
    dense, mine = model.get_layer("first"), ours.get_layer("first")
    assert dense.kernel_regularizer.get_config() == mine.kernel_regularizer.get_config()
    assert dense.kernel_constraint.get_config() == mine.kernel_constraint.get_config()


def test_weights_alone_are_not_a_model(saved, tmp_path):
    saved[0].save_weights(tmp_path / "w.weights.h5")
    with pytest.raises(DataError):
        read_model(tmp_path / "w.weights.h5")


def test_a_folder_is_refused_instead_of_read(tmp_path):
    with pytest.raises(DataError):
        read_model(tmp_path)
