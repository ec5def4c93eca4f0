import json

import keras
import numpy as np
import pytest

import cutaway as ct
from cutaway.errors import DataError, NetError, PlanError, RunError, TrainingError, UnknownNameError


def small_data(**settings):
    generator = np.random.default_rng(0)
    y = generator.integers(0, 3, 300)
    return ct.Dataset.from_arrays(generator.normal(size=(300, 5)).astype("float32") + y[:, None], y, **settings)


def test_a_run_folder_holds_what_the_design_says(digits_run):
    path = digits_run.path
    manifest = json.loads((path / "run.json").read_text())
    assert (manifest["format"], manifest["status"], manifest["why"]) == (1, "finished", None)
    assert manifest["dataset"]["name"] == "digits"
    assert len(manifest["dataset"]["sha256"]) == 64
    assert [layer["name"] for layer in manifest["net"]["layers"]] == [
        *("dense_1", "dropout_1", "dense_2", "dropout_2", "output")
    ]
    assert manifest["plan"]["epochs"] == 6
    assert manifest["plan"]["learning_rate"] > 0
    assert {"python", "cutaway", "keras", "jax", "numpy"} <= manifest["versions"].keys()
    assert manifest["device"]["threads"] >= 1
    rows = [json.loads(line) for line in (path / "history.jsonl").read_text().splitlines()]
    epochs = [row for row in rows if row["kind"] == "epoch"]
    assert [row["epoch"] for row in epochs] == [1, 2, 3, 4, 5, 6]
    assert set(epochs[0]) == {
        *("kind", "epoch", "loss", "accuracy", "val_loss", "val_accuracy"),
        *("learning_rate", "seconds", "samples_per_second"),
    }
    assert any(row["kind"] == "progress" for row in rows)
    assert sorted(p.name for p in (path / "snapshots").iterdir()) == [f"epoch-{e:04d}.safetensors" for e in range(7)]
    assert sorted(p.name for p in (path / "predictions").iterdir()) == [f"epoch-{e:04d}.npy" for e in range(1, 7)]
    predictions = np.load(path / "predictions" / "epoch-0006.npy")
    assert (predictions.shape, predictions.dtype) == ((1797, 10), np.float16)
    assert (path / "checkpoint.safetensors").is_file()
    assert digits_run.history["accuracy"][-1] > 0.8


def test_test_metrics_belong_to_the_test_split(digits_run):
    predicted, labels = digits_run.predictions(), digits_run.labels()
    assert digits_run.test["accuracy"] == pytest.approx(np.mean(predicted.argmax(1) == labels), abs=1e-6)
    loss = -np.log(predicted[np.arange(len(labels)), labels])
    assert digits_run.test["loss"] == pytest.approx(loss.mean(), abs=1e-4)


def test_the_users_net_is_trained_as_fit_would(tmp_path):
    net, data = ct.mlp((8,)), small_data()
    run = ct.train(net, data, epochs=2, runs=tmp_path, progress=False)
    for mine, kept in zip(net.get_weights(), run.model().get_weights(), strict=True):
        np.testing.assert_array_equal(mine, kept)
    again = ct.train(net, data, epochs=1, runs=tmp_path, progress=False)
    assert again.folder.manifest["first_weights"] == "as the net had them"
    for name, value in again.folder.snapshot(0).items():
        np.testing.assert_array_equal(value, run.folder.snapshot(-1)[name])


def test_a_functional_keras_model_trains_and_opens_again(tmp_path):
    entry = keras.Input((5,))
    hidden = keras.layers.BatchNormalization(name="norm")(keras.layers.Dense(8, activation="relu", name="h")(entry))
    net = keras.Model(entry, keras.layers.Dense(3, activation="softmax", name="out")(hidden), name="mine")
    data = small_data()
    run = ct.train(net, data, epochs=3, learning_rate=0.01, runs=tmp_path, progress=False)
    assert run.history["loss"][-1] < run.history["loss"][0]
    opened = ct.open_run(run.path, data=data)
    np.testing.assert_array_equal(opened.model().get_weights()[4], net.get_weights()[4])
    assert opened.activations("norm", split="val").shape == (len(run.split.val), 8)


def test_progress_is_told_in_samples(tmp_path):
    told = []
    ct.train(ct.mlp((8,)), small_data(), epochs=3, runs=tmp_path, progress=told.append)
    assert {p.task for p in told} == {"training"}
    done = [p.done for p in told]
    assert done == sorted(done)
    assert told[-1].done == told[-1].total == 3 * 180
    assert told[-1].note.startswith("epoch 3/3  loss ")


WRONG = [
    ({"epochs": -1}, PlanError),
    ({"recipe": "nonsense"}, UnknownNameError),
    ({"epochz": 3}, PlanError),
    ({"data": "imagenet"}, UnknownNameError),
    ({"net": keras.Sequential([keras.layers.Conv1D(2, 2)])}, NetError),
    ({"net": keras.Sequential([keras.Input((7,)), keras.layers.Dense(3)])}, NetError),
    ({"validation": 0.999}, DataError),
]


@pytest.mark.parametrize(("change", "error"), WRONG)
def test_wrong_calls_leave_no_half_made_run(change, error, tmp_path):
    call = {"net": ct.mlp((4,)), "data": small_data(), "runs": tmp_path / "runs", "progress": False, **change}
    with pytest.raises(error):
        ct.train(call.pop("net"), call.pop("data"), **call)
    assert not (tmp_path / "runs").exists()


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="folder for runs must be one that can be written"):
        ct.train(ct.mlp((4,)), small_data(), runs=tmp_path / "file", progress=False)


def test_how_a_run_ended_is_written_whatever_happened(tmp_path):
    def interrupt(progress):
        raise KeyboardInterrupt

    def crash(progress):
        raise ZeroDivisionError("mine")

    data = small_data()
    broken = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3, activation="softmax")])
    broken.set_weights([np.full((5, 3), np.nan), np.zeros(3)])
    for n, (net, report, error, status, why) in enumerate(
        [
            (ct.mlp((4,)), interrupt, KeyboardInterrupt, "stopped", "interrupted by the user"),
            (ct.mlp((4,)), crash, ZeroDivisionError, "failed", "ZeroDivisionError: mine"),
            (broken, False, TrainingError, "failed", "must stay finite"),
        ]
    ):
        with pytest.raises(error):
            ct.train(net, data, runs=tmp_path / str(n), progress=report)
        run = ct.open_run("latest", runs=tmp_path / str(n), data=data)
        assert run.folder.status == status
        assert why in run.folder.manifest["why"]
        assert run.folder.epochs == [0]
