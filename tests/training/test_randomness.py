"""Dropout is on in training and off in evaluation; everything random comes from the seed."""

import keras
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from keras import layers

from cutaway.models import build_model, forward, mlp
from cutaway.runs import RunFolder, RunWriter
from cutaway.training import TrainingData, make_config, train_model
from cutaway.training.loop.order import epoch_order, parts_of

DATASET = {"name": "toy", "sha256": "0" * 64, "shape": [4], "scale": 1.0, "class_names": ["a", "b"]}
DATASET["origin"] = {"kind": "arrays"}
MANIFEST = {"dataset": DATASET, "split": {}, "model": None, "config": {}, "seed": 0}


def masking_model(dropout: layers.Layer, *, seed=0) -> keras.Model:
    """Two logits that copy the two inputs through dropout: predictions show the mask."""
    model = keras.Sequential([dropout, layers.Dense(2, activation="softmax", name="out")])
    build_model(model, shape=(2,), classes=2, seed=seed)
    model.get_layer("out").set_weights([np.eye(2, dtype="float32") * 4, np.zeros(2, "float32")])
    return model


def recorded(model, tmp_path, *, seed=0, epochs=1) -> np.ndarray:
    x = np.ones((64, 2), np.float32)
    data = TrainingData(x, np.arange(64) % 2, train=32, val=16, scale=1.0, classes=2)
    config = make_config(epochs=epochs, batch_size=32, optimizer="sgd", learning_rate=1e-6, seed=seed)
    writer = RunWriter.create(tmp_path, name="t", manifest=MANIFEST)
    train_model(model, data, config=config, writer=writer)
    writer.finish("finished")
    return np.stack([RunFolder.open(writer.path).predictions(e) for e in range(1, epochs + 1)])


def test_dropout_is_on_in_training_and_off_in_evaluation(tmp_path):
    model = masking_model(layers.Dropout(0.5, name="drop"))
    first = recorded(model, tmp_path)[0][:, 0]
    np.testing.assert_allclose(first[32:], 0.5, atol=1e-3)
    kept = {round(float(p), 3) for p in first[:32]}
    # inputs of 1 become 0 or 2: logit differences are 0 or +-8
    assert kept == {0.0, 0.5, 1.0}
    np.testing.assert_allclose(forward(model, np.ones((5, 2), np.float32), scale=1.0), 0.5, atol=1e-5)


def test_noise_shape_is_respected(tmp_path):
    shared = recorded(masking_model(layers.Dropout(0.5, noise_shape=(None, 1), name="drop")), tmp_path)[0]
    np.testing.assert_allclose(shared[:32], 0.5, atol=1e-3, err_msg="both units of a sample fall together")


def test_a_layers_own_seed_is_respected(tmp_path):
    def masks(layer_seed, run_seed):
        model = masking_model(layers.Dropout(0.5, seed=layer_seed, name="drop"), seed=run_seed)
        order = epoch_order(32, batch_size=32, seed=run_seed, epoch=1)[0]
        return recorded(model, tmp_path, seed=run_seed)[0][order]  # in the order of training

    np.testing.assert_array_equal(masks(5, 0), masks(5, 1))
    assert not np.array_equal(masks(None, 0), masks(None, 1))
    assert not np.array_equal(masks(5, 0), masks(6, 0))


def test_masks_differ_between_steps(tmp_path):
    one, two = recorded(masking_model(layers.Dropout(0.5, name="drop")), tmp_path, epochs=2)
    orders = [epoch_order(32, batch_size=32, seed=0, epoch=epoch)[0] for epoch in (1, 2)]
    assert not np.array_equal(one[orders[0]], two[orders[1]])


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    def weights(seed):
        model = mlp((64, 32), dropout=0.2)
        build_model(model, shape=(8,), classes=3, seed=seed)
        generator = np.random.default_rng(0)
        x, y = generator.random((500, 8), np.float32), generator.integers(0, 3, 500)
        data = TrainingData(x, y, train=400, val=50, scale=1.0, classes=3)
        writer = RunWriter.create(tmp_path, name="t", manifest=MANIFEST)
        train_model(model, data, config=make_config(epochs=2, seed=seed), writer=writer)
        writer.close()
        metrics.append([row["loss"] for row in RunFolder.open(writer.path).history()])
        return (writer.path / "snapshots" / "epoch-0002.safetensors").read_bytes()

    metrics = []
    assert weights(0) == weights(0)
    assert metrics[0] == metrics[1], "however the clock cut the epochs into chunks"
    assert weights(0) != weights(1)


@given(st.integers(1, 300), st.integers(1, 64), st.integers(0, 2**31 - 1), st.integers(1, 1000))
def test_every_sample_is_in_the_order_once(samples, batch, seed, epoch):
    order = epoch_order(samples, batch_size=batch, seed=seed, epoch=epoch)
    assert order.shape[1] == batch
    assert sorted(order[order < samples]) == list(range(samples))
    assert (order >= samples).sum() == -samples % batch
    np.testing.assert_array_equal(order, epoch_order(samples, batch_size=batch, seed=seed, epoch=epoch))
    for exact in (True, False):
        parts = parts_of(order, samples, exact=exact)
        np.testing.assert_array_equal(np.concatenate([p.ravel() for p in parts])[:samples], order.ravel()[:samples])
        if exact:
            assert all((p < samples).all() for p in parts)


def test_orders_of_epochs_and_seeds_differ():
    orders = [tuple(epoch_order(50, batch_size=50, seed=s, epoch=e)[0]) for s in range(3) for e in range(1, 4)]
    assert len(set(orders)) == 9
