"""What is done on a GPU, as far as a CPU can show it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cutaway.models import build_model, get_weights, mlp
from cutaway.runs import RunWriter
from cutaway.training import TrainingData, make_config, train_model
from cutaway.training.loop.chunks import CHUNK_STEPS, chunk_steps
from cutaway.training.loop.device_data import DeviceData, accelerator_memory, to_device
from cutaway.training.loop.jaxpr_rewrite import rewritten

DATASET = {"name": "toy", "sha256": "0" * 64, "shape": [4], "scale": 1.0, "class_names": ["a", "b"]}
DATASET["origin"] = {"kind": "arrays"}
MANIFEST = {"dataset": DATASET, "split": {}, "model": None, "config": {}, "seed": 0}


def train(tmp_path):
    generator = np.random.default_rng(0)
    y = generator.integers(0, 3, 350)
    x = np.clip(generator.normal(size=(350, 9)) * 20 + 60 * y[:, None] + 60, 0, 255).astype(np.uint8)
    data = TrainingData(x, y, train=250, val=50, scale=255.0, classes=3)
    model = mlp((8,), dropout=0.2)
    build_model(model, shape=(9,), classes=3, seed=1)
    writer = RunWriter.create(tmp_path, name="run", manifest=MANIFEST)
    result = train_model(model, data, config=make_config(epochs=2, batch_size=16, seed=1), writer=writer)
    writer.finish("finished")
    return result.test, get_weights(model)


@pytest.mark.exhaustive
def test_device_data_train_to_the_same_bytes(tmp_path, monkeypatch):
    test, streamed = train(tmp_path / "streamed")
    asked = []
    monkeypatch.setattr("cutaway.training.loop.trainer.accelerator_memory", lambda: asked.append(1) or 2**20)
    again, device_data = train(tmp_path / "device")
    assert asked
    assert again == test
    for name, weights in streamed.items():
        np.testing.assert_array_equal(device_data[name], weights)


def test_samples_go_to_the_device_only_where_they_fit():
    x = np.arange(60, dtype=np.uint8).reshape(20, 3)
    assert to_device(x, samples=20, memory=0) is x
    assert to_device(x, samples=20, memory=119) is x
    rows = to_device(x, samples=10, memory=120)
    assert isinstance(rows, DeviceData)
    taken = rows[np.array([[3, 1], [9, 0]])]
    assert isinstance(taken, jax.Array)
    np.testing.assert_array_equal(taken, x[[[3, 1], [9, 0]]])


def test_large_samples_are_transferred_in_parts(monkeypatch):
    monkeypatch.setattr("cutaway.training.loop.device_data.PART_BYTES", 7)
    x = np.arange(60, dtype=np.float32).reshape(20, 3)
    np.testing.assert_array_equal(DeviceData(x, 17)[np.arange(17)], x[:17])


def test_a_cpu_is_not_an_accelerator():
    assert accelerator_memory() == 0


def test_a_chunk_on_an_accelerator_has_more_steps():
    assert chunk_steps(128, 784, steps=5000, device_data=True) == 16 * CHUNK_STEPS
    assert chunk_steps(128, 784, steps=352, device_data=True) == 352


def test_precision_auto_is_float32_on_an_accelerator(monkeypatch):
    monkeypatch.setattr("cutaway.training.config.has_fast_bfloat16", lambda: True)
    assert make_config(precision="auto").precision == "bfloat16"
    assert make_config(precision="auto", accelerator=True).precision == "float32"
    assert make_config(precision="bfloat16", accelerator=True).precision == "bfloat16"


@pytest.mark.parametrize("sizes", [(40, 33, 64), (5, 7, 3)])
def test_on_an_accelerator_bfloat16_rounds_only_the_factors(sizes):
    m, k, n = sizes
    generator = np.random.default_rng(0)
    a, b = (jnp.asarray(generator.normal(size=s).astype(np.float32)) for s in ((k, m), (k, n)))
    product = rewritten(lambda a, b: a.T @ b, bfloat16=True, cpu=False)(a, b)
    kind = jnp.bfloat16 if min(sizes) >= 32 else jnp.float32
    rounded = (np.asarray(v.astype(kind).astype(jnp.float32)) for v in (a, b))
    left, right = rounded
    np.testing.assert_allclose(product, left.T @ right, rtol=1e-4, atol=1e-4)
    assert product.dtype == jnp.float32


def test_on_an_accelerator_random_bits_come_from_jax():
    key = jax.random.key(3)
    draw = rewritten(lambda k: jax.random.bits(jax.random.wrap_key_data(k), (50,)), bfloat16=True, cpu=False)
    np.testing.assert_array_equal(draw(jax.random.key_data(key)), jax.random.bits(key, (50,)))
