"""What must be trained to be seen: dropout, seeds, losses that are not finite, virtual adversarial training."""

import keras
import numpy as np
import pytest
from keras import layers

import cutaway as ct
from cutaway.errors import Canceled, ConfigError, TrainingError
from cutaway.models import build_model, forward, mlp
from cutaway.runs import RunFolder, RunWriter
from cutaway.training import TrainingData, make_config, train_model
from cutaway.training.loop.order import epoch_order

DATASET = {"name": "toy", "sha256": "0" * 64, "shape": [4], "scale": 1.0, "class_names": ["a", "b"]}
DATASET["origin"] = {"kind": "arrays"}
MANIFEST = {"dataset": DATASET, "split": {}, "model": None, "config": {}, "seed": 0}


def trained(model, x, y, folder, *, train, val, **settings):
    """A training of our loop on arrays that no dataset has looked at."""
    data = TrainingData(x, y, train=train, val=val, scale=1.0, classes=int(y.max()) + 1)
    writer = RunWriter.create(folder, name="t", manifest=MANIFEST)
    try:
        train_model(model, data, config=make_config(**settings), writer=writer)
        writer.finish("finished")
    finally:
        writer.close()
        found = RunFolder.open(writer.path)
    return found


def masking_model(dropout: layers.Layer, *, seed=0) -> keras.Model:
    """Two logits that copy the two inputs through dropout: predictions show the mask."""
    model = keras.Sequential([dropout, layers.Dense(2, activation="softmax", name="out")])
    build_model(model, shape=(2,), classes=2, seed=seed)
    model.get_layer("out").set_weights([np.eye(2, dtype="float32") * 4, np.zeros(2, "float32")])
    return model


def recorded(model, tmp_path, *, seed=0, epochs=1) -> np.ndarray:
    settings = {"batch_size": 32, "optimizer": "sgd", "learning_rate": 1e-6, "seed": seed, "epochs": epochs}
    run = trained(model, np.ones((64, 2), np.float32), np.arange(64) % 2, tmp_path, train=32, val=16, **settings)
    return np.stack([run.predictions(epoch) for epoch in range(1, epochs + 1)])


def test_dropout_is_on_in_training_and_off_in_evaluation(tmp_path):
    model = masking_model(layers.Dropout(0.5, name="drop"))
    one, two = recorded(model, tmp_path, epochs=2)
    orders = [epoch_order(32, batch_size=32, seed=0, epoch=epoch)[0] for epoch in (1, 2)]
    assert not np.array_equal(one[orders[0]], two[orders[1]]), "masks differ between steps"
    first = one[:, 0]
    np.testing.assert_allclose(first[32:], 0.5, atol=1e-3)
    kept = {round(float(p), 3) for p in first[:32]}
    # inputs of 1 become 0 or 2: logit differences are 0 or +-8
    assert kept == {0.0, 0.5, 1.0}
    np.testing.assert_allclose(forward(model, np.ones((5, 2), np.float32), scale=1.0), 0.5, atol=1e-5)


@pytest.mark.exhaustive
def test_noise_shape_is_respected(tmp_path):
    shared = recorded(masking_model(layers.Dropout(0.5, noise_shape=(None, 1), name="drop")), tmp_path)[0]
    np.testing.assert_allclose(shared[:32], 0.5, atol=1e-3, err_msg="both units of a sample fall together")


@pytest.mark.exhaustive
def test_a_layers_own_seed_is_respected(tmp_path):
    def masks(layer_seed, run_seed):
        model = masking_model(layers.Dropout(0.5, seed=layer_seed, name="drop"), seed=run_seed)
        order = epoch_order(32, batch_size=32, seed=run_seed, epoch=1)[0]
        return recorded(model, tmp_path, seed=run_seed)[0][order]  # in the order of training

    np.testing.assert_array_equal(masks(5, 0), masks(5, 1))
    assert not np.array_equal(masks(None, 0), masks(None, 1))
    assert not np.array_equal(masks(5, 0), masks(6, 0))


def of_8_numbers(folder, *, seed=0, missing=slice(0)):
    """Two epochs on noise, in which some rows are not known."""
    model, random = mlp((16,), dropout=0.2), np.random.default_rng(0)
    build_model(model, shape=(8,), classes=3, seed=seed)
    x, y = random.random((500, 8), np.float32), random.integers(0, 3, 500)
    x[missing] = np.nan
    return trained(model, x, y, folder, train=400, val=50, epochs=2, seed=seed)


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    def weights(seed):
        run = of_8_numbers(tmp_path, seed=seed)
        metrics.append([row["loss"] for row in run.history()])
        return (run.path / "snapshots" / "epoch-0002.safetensors").read_bytes()

    metrics = []
    assert weights(0) == weights(0)
    assert metrics[0] == metrics[1], "however the clock cut the epochs into chunks"
    assert weights(0) != weights(1)


def test_a_loss_that_is_not_finite_ends_the_training_and_keeps_earlier_snapshots(tmp_path):
    with pytest.raises(TrainingError):
        of_8_numbers(tmp_path, missing=slice(400))
    (path,) = tmp_path.iterdir()
    assert RunFolder.open(path).epochs == [0]


SETTINGS = {"epochs": 2, "batch_size": 32, "seed": 1, "progress": False}


def snapshots(run):
    return [path.read_bytes() for path in sorted((run.path / "snapshots").iterdir())]


@pytest.mark.parametrize("precision", ["float32", pytest.param("bfloat16", marks=pytest.mark.exhaustive)])
def test_a_virtual_adversarial_training_is_another_one_and_the_same_after_a_resumption(precision, tmp_path):
    def stop(progress):
        if progress.done > 1000:
            raise Canceled("work goes on", got="a request to stop", hint="call it again")

    def train(runs, **settings):
        return ct.train(
            ct.mlp((16,), dropout=0.2), "digits", runs=tmp_path / runs, precision=precision, **{**SETTINGS, **settings}
        )

    straight = train("a", virtual_adversarial=0.5)
    with pytest.raises(Canceled):
        train("b", virtual_adversarial=0.5, progress=stop)
    resumed = ct.resume(ct.open_run("latest", runs=tmp_path / "b"), progress=False)
    assert snapshots(resumed) == snapshots(straight)
    plain = train("c")
    assert snapshots(plain)[0] == snapshots(straight)[0]
    assert snapshots(plain)[1] != snapshots(straight)[1]
    assert straight.history.rows[0]["loss"] > plain.history.rows[0]["loss"]


@pytest.mark.exhaustive
def test_an_ensemble_and_a_single_output_unit_learn_with_it(tmp_path):
    digits = ct.load_dataset("digits").sources["train"]
    ct.train(ct.mlp((8,), ensemble=3), "digits", runs=tmp_path, virtual_adversarial=0.5, **SETTINGS)
    single = keras.Sequential([keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1, activation="sigmoid")])
    settings = {**SETTINGS, "loss": "binary_crossentropy", "label_smoothing": 0.0}
    run = ct.train(single, digits.x, digits.y % 2, runs=tmp_path, virtual_adversarial=0.5, **settings)
    assert np.isfinite(run.history.rows[-1]["loss"])
    with pytest.raises(ConfigError):
        ct.train(ct.mlp((8,)), "digits", runs=tmp_path, virtual_adversarial=0.5, **settings)
