import gc
import subprocess
import sys
import weakref

import jax.numpy as jnp
import keras
import numpy as np
import pytest

from cutaway.errors import ModelError
from cutaway.models import ForwardPass, build_model, forward, get_weights, mlp, set_weights
from cutaway.models.forward_pass import BATCH, batch_slices


@pytest.fixture
def model():
    model = mlp((7, 5), dropout=0.5)
    build_model(model, shape=(3, 4), classes=3, seed=0)
    return model


def rows(samples):
    return np.random.default_rng(0).integers(0, 256, (samples, 3, 4), dtype=np.uint8)


@pytest.mark.parametrize("samples", [1, 5, BATCH, BATCH + 1])
def test_forward_equals_keras_for_any_number_of_samples(model, samples):
    x, told = rows(samples), []
    out = forward(model, x, scale=255.0, on_progress=told.append)
    np.testing.assert_allclose(
        out, model.predict((x / 255).reshape(samples, 12).astype("float32"), verbose=0), atol=1e-6
    )
    assert told[-1].done == told[-1].total == samples


@pytest.mark.parametrize("samples", [1, BATCH, BATCH + 1, 2 * BATCH + 5])
def test_batches_cover_every_sample_once_in_order(model, samples):
    x, slices = rows(samples), []
    for new, outputs in ForwardPass(model, ["dense_1", "output"], scale=255.0).batches(x):
        slices.append(new)
        assert outputs["dense_1"].shape == (new.stop - new.start, 7)
        np.testing.assert_array_equal(outputs["output"], forward(model, x, scale=255.0)[new])
    assert [row for new in slices for row in range(samples)[new]] == list(range(samples))


def test_a_reduction_runs_over_whole_batches(model):
    x = rows(BATCH + 3)
    largest = np.full(7, -np.inf, np.float32)
    for _, outputs in ForwardPass(model, ["dense_1"], scale=255.0, reduce=lambda h: jnp.max(h, axis=0)).batches(x):
        largest = np.maximum(largest, outputs["dense_1"])
    np.testing.assert_array_equal(largest, forward(model, x, scale=255.0, layer="dense_1").max(axis=0))


def test_a_snapshot_gives_the_outputs_of_its_epoch_and_leaves_the_model_alone(model):
    x, before = rows(50), get_weights(model)
    snapshot = {name: value * 2 + np.float32(0.1) for name, value in before.items()}
    one = ForwardPass.of(model, scale=255.0)
    found, own = one(x, weights=snapshot)["output"], one(x)["output"]
    assert all(np.array_equal(value, before[name]) for name, value in get_weights(model).items())
    set_weights(model, snapshot)
    np.testing.assert_array_equal(one(x)["output"], found)  # its own weights are read at every call
    assert not np.array_equal(own, found)
    assert ForwardPass.of(model, scale=255.0) is one


def test_a_snapshot_of_another_model_is_refused(model):
    weights = get_weights(model)
    with pytest.raises(ModelError):
        forward(model, rows(2), scale=1.0, weights={k: v for k, v in weights.items() if k != "dense_1/bias"})
    with pytest.raises(ModelError):
        forward(model, rows(2), scale=1.0, weights={**weights, "dense_1/bias": np.zeros(8, np.float32)})


def test_a_layer_frozen_or_added_later_is_seen():
    model = keras.Sequential([keras.Input((12,)), keras.layers.Dense(4, name="a"), keras.layers.Dense(4, name="b")])
    x = rows(9)
    before = forward(model, x, scale=255.0)
    model.get_layer("a").trainable = False
    np.testing.assert_array_equal(forward(model, x, scale=255.0), before)
    model.get_layer("a").trainable, model.get_layer("b").trainable = True, False
    np.testing.assert_allclose(forward(model, x[:5], scale=255.0), before[:5], atol=1e-6)
    model.add(keras.layers.Dense(2, name="c"))
    assert forward(model, x, scale=255.0).shape == (9, 2)


def test_a_pass_does_not_keep_the_model_alive(model):
    model = keras.Sequential([keras.Input((12,)), keras.layers.Dense(4)])
    forward(model, rows(3), scale=1.0)
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize(("samples", "size"), [(1, 1), (5, 5), (6, 5), (11, 5)])
def test_batches_have_one_size_and_end_with_what_is_new(samples, size):
    seen = []
    for first, new in batch_slices(samples, size):
        assert new.stop - first == size
        seen += range(samples)[new]
    assert seen == list(range(samples))


def test_keras_on_another_backend_is_an_error_that_says_what_to_do():
    code = """
import sys, types
keras = types.ModuleType("keras"); keras.backend = types.SimpleNamespace(backend=lambda: "torch")
sys.modules["keras"] = keras
import importlib.util
spec = importlib.util.find_spec("cutaway")
sys.path.insert(0, spec.submodule_search_locations[0] + "/models")
import backend
backend.require_jax()
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert out.returncode == 1
    assert "KERAS_BACKEND=jax" in out.stderr.strip().splitlines()[-1]
