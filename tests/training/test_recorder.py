import importlib.util
import json
import math
import os
import subprocess
import sys
import warnings

import keras
import numpy as np
import pytest
from sklearn.metrics import r2_score

import cutaway as ct
from cutaway.errors import CutawayWarning, ModelError, RunError
from cutaway.findings import run_checks
from cutaway.runs import RunFolder
from cutaway.topics.findings.evidence import recorded_evidence
from cutaway.training.recorder import plain

CATEGORICAL, SPARSE = "categorical_crossentropy", "sparse_categorical_crossentropy"


@pytest.fixture(scope="module")
def digits():
    return ct.load_dataset("digits")


@pytest.fixture(scope="module")
def blobs():
    """Three classes around three points; 135 training samples, 3 batches of one size: another size compiles again.

    Sizes are those of test_recorded_fits.py, whose programs are the same.
    """
    generator = np.random.default_rng(0)
    y = generator.integers(0, 3, 240)
    x = generator.normal(size=(240, 36)).astype("float32") + y[:, None]
    return ct.Dataset.from_arrays(x[:180], y[:180], x_test=x[180:], y_test=y[180:], name="blobs")


def make_model(
    *, features=36, hidden=8, classes=3, more=(), loss=SPARSE, optimizer="adam", metrics=("accuracy",), **settings
):
    first = [keras.Input((features,)), keras.layers.Dense(hidden, activation="relu", name="hidden")]
    last = keras.layers.Dense(classes, activation="softmax", name="out")
    model = keras.Sequential([*first, *more, last], name="mine")
    # compiling takes a second each; a compiled fit is in `recorded` and in the test that training is not changed
    model.compile(optimizer, loss, metrics=list(metrics), **{"run_eagerly": True, **settings})
    return model


def fit(model, recorder, *, callbacks=(), after=(), **settings):
    data, train = recorder.data, recorder.split.train
    call = {"epochs": 2, "batch_size": 45, "verbose": 0, **settings}
    return model.fit(data.inputs(train), data.y(train), callbacks=[*callbacks, recorder, *after], **call)


def assert_same_weights(model, snapshot):
    """Against Keras' own order of a model's weights, not ours."""
    names = [f"{layer.name}/{weight.name}" for layer in model.layers for weight in layer.weights]
    assert sorted(names) == sorted(snapshot)
    for name, value in zip(names, [w for layer in model.layers for w in layer.get_weights()], strict=True):
        np.testing.assert_array_equal(snapshot[name], value, err_msg=name)


@pytest.fixture(scope="module")
def recorded(digits, tmp_path_factory):
    """One-hot labels, validation data, several steps a call, predictions: a fit with everything."""
    recorder = ct.Recorder(tmp_path_factory.mktemp("recorded") / "runs" / "mine", digits, predictions=True)
    more = (keras.layers.BatchNormalization(name="norm"), keras.layers.Dropout(0.1, seed=3, name="drop"))
    settings = {"loss": CATEGORICAL, "optimizer": "sgd", "steps_per_execution": 4, "run_eagerly": False}
    model = make_model(features=64, classes=10, more=more, **settings)
    first = [w.copy() for w in model.get_weights()]
    pairs = [(digits.inputs(s), np.eye(10)[digits.y(s)]) for s in (recorder.split.train, recorder.split.val)]
    slower = keras.callbacks.LearningRateScheduler(lambda epoch, rate: 0.1 / (epoch + 1))
    history = model.fit(
        *pairs[0], validation_data=pairs[1], batch_size=50, epochs=3, verbose=0, callbacks=[recorder, slower]
    )
    return model, first, history, recorder


def test_the_history_equals_that_of_keras(recorded):
    _, _, history, recorder = recorded
    rows = RunFolder.open(recorder.path).history()
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    for name in ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"):
        assert [row[name] for row in rows] == history.history[name], name
    assert [row["learning_rate"] for row in rows] == pytest.approx([0.1, 0.05, 0.1 / 3])
    for row in rows:
        assert row["samples_per_second"] * row["seconds"] == pytest.approx(len(recorder.split.train), rel=0.05)


def test_snapshots_are_the_weights_of_the_model_first_and_last(recorded):
    model, first, _, recorder = recorded
    folder = RunFolder.open(recorder.path)
    assert folder.epochs == [0, 1, 2, 3]
    assert_same_weights(model, folder.snapshot(3))
    model.set_weights(first)
    assert_same_weights(model, folder.snapshot(0))
    for name in ("hidden/kernel", "norm/moving_mean"):
        assert all(np.abs(folder.snapshot(e)[name] - folder.snapshot(e + 1)[name]).max() > 0 for e in range(3)), name
    model.set_weights([folder.snapshot(3)[f"{layer.name}/{w.name}"] for layer in model.layers for w in layer.weights])


def test_the_manifest_holds_what_is_known(recorded, digits):
    manifest = RunFolder.open(recorded[3].path).manifest
    assert (manifest.status, manifest.why, manifest.origin) == ("finished", None, "keras fit")
    assert manifest.name == "mine"
    assert manifest.dataset.model_dump(mode="json") == {
        "name": "digits",
        "sha256": digits.sha256,
        "origin": digits.origin,
        "shape": [8, 8],
        "scale": 16.0,
        "class_names": list("0123456789"),
        "feature_names": None,
        "preparation": None,
        "relabeled": None,
        "centering": {"rule": "upright", "dark_ink": False},
        "targets": [],
        "is_log": False,
    }
    assert manifest.split == recorded[3].split.to_record()
    known = {"epochs": 3, "batch_size": 50, "optimizer": "sgd", "loss": CATEGORICAL, "momentum": 0.0, "seed": 0}
    assert known.items() <= manifest.config.items()
    assert manifest.config["learning_rate"] == 0.01, "in the digits that the user gave"
    assert manifest.config["schedule"] is None
    assert manifest.device["backend"] == "jax"
    assert manifest.versions["jax"]
    assert [layer.kind for layer in manifest.model.layers] == ["Dense", "BatchNormalization", "Dropout", "Dense"]


def test_test_metrics_are_those_of_evaluate(recorded, digits):
    model, _, _, recorder = recorded
    manifest, test = RunFolder.open(recorder.path).manifest, recorder.split.test
    loss, accuracy = model.evaluate(digits.inputs(test), np.eye(10)[digits.y(test)], verbose=0)
    assert {name: manifest.test[name] for name in ("loss", "accuracy")} == pytest.approx(
        {"loss": loss, "accuracy": accuracy}, rel=1e-5
    )
    assert manifest.kept_epoch == 3


def test_predictions_are_those_of_the_model_and_training_rows_are_nan(recorded, digits):
    model, _, _, recorder = recorded
    kept = RunFolder.open(recorder.path).predictions(3)
    train = len(recorder.split.train)
    assert np.isnan(kept[:train]).all()
    expected = model.predict(digits.inputs(recorder.split.part("all"))[train:], verbose=0)
    np.testing.assert_allclose(kept[train:], expected, atol=1e-3)


@pytest.mark.exhaustive
def test_recording_does_not_change_the_training(blobs, tmp_path):
    def weights(*, record):
        keras.utils.set_random_seed(5)
        model = make_model(run_eagerly=False)
        recorder = ct.Recorder(tmp_path / f"run {record}", blobs, predictions=True)
        rows, held = ((blobs.inputs(ids), blobs.y(ids)) for ids in (recorder.split.train, recorder.split.val))
        callbacks = [recorder] if record else []
        model.fit(*rows, validation_data=held, epochs=3, batch_size=45, verbose=0, callbacks=callbacks)
        return model.get_weights()

    for with_it, without in zip(weights(record=True), weights(record=False), strict=True):
        np.testing.assert_array_equal(with_it, without)


@pytest.mark.exhaustive
def test_validation_every_second_epoch_and_other_metrics_are_recorded(blobs, tmp_path):
    recorder = ct.Recorder(tmp_path / "run", blobs)
    each_class = keras.metrics.F1Score(average=None, name="f1")
    optimizer = keras.optimizers.SGD(0.05, momentum=0.5, clipnorm=1.0)
    model = make_model(loss=CATEGORICAL, metrics=[each_class], optimizer=optimizer)
    one_hot = np.eye(3, dtype="float32")
    parts = recorder.split.train, recorder.split.val
    rows, held = ((blobs.inputs(ids), one_hot[blobs.y(ids)]) for ids in parts)
    settings = {"validation_data": held, "validation_freq": 2, "epochs": 2, "batch_size": 45, "verbose": 0}
    history = model.fit(*rows, **settings, callbacks=[recorder])
    first, second = RunFolder.open(recorder.path).history()
    assert "val_loss" not in first
    assert [second["val_loss"]] == history.history["val_loss"]
    np.testing.assert_allclose([first["f1"], second["f1"]], history.history["f1"])
    config = RunFolder.open(recorder.path).manifest.config
    assert (config["momentum"], config["batch_size"], config["clipnorm"]) == (0.5, 45, 1.0)
    assert "clipvalue" not in config


@pytest.mark.exhaustive
def test_one_batch_per_epoch_holds_all_samples(blobs, tmp_path):
    recorder = ct.Recorder(tmp_path / "run", blobs)
    fit(make_model(), recorder, epochs=1, batch_size=1000)
    folder = RunFolder.open(recorder.path)
    assert folder.manifest.config["batch_size"] == len(recorder.split.train)
    assert folder.history()[0]["samples_per_second"] > 0


@pytest.mark.exhaustive
def test_a_second_fit_continues_in_the_same_folder(blobs, tmp_path):
    model, recorder = make_model(), ct.Recorder(tmp_path / "run", blobs)
    fit(model, recorder)
    before = RunFolder.open(recorder.path)
    statuses = []
    look = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: statuses.append(RunFolder.open(recorder.path).status))
    model.get_layer("hidden").trainable = False
    model.compile("sgd", SPARSE, run_eagerly=True)
    fit(model, recorder, callbacks=[look], epochs=3, batch_size=27)
    after = RunFolder.open(recorder.path)
    assert statuses == ["running"] * 3
    assert (before.status, after.status) == ("finished", "finished")
    assert [row["epoch"] for row in after.history()] == [1, 2, 3, 4, 5]
    assert after.epochs == [0, 1, 2, 3, 4, 5]
    assert_same_weights(model, after.snapshot(-1))
    np.testing.assert_array_equal(after.snapshot(2)["hidden/kernel"], after.snapshot(5)["hidden/kernel"])
    assert {"optimizer": "sgd", "epochs": 5, "batch_size": 27}.items() <= after.manifest.config.items()
    assert after.manifest.model.layers[0].config["trainable"] is False
    assert after.manifest.cost["training"] > before.manifest.cost["training"]
    with pytest.raises(ModelError):
        fit(make_model(hidden=9), recorder)
    assert RunFolder.open(recorder.path).status == "finished"


def test_a_fit_that_raises_stays_running_and_can_continue(blobs, tmp_path):
    def crash(epoch, logs):
        if epoch == 1:
            raise ZeroDivisionError("mine")

    model, recorder = make_model(), ct.Recorder(tmp_path / "run", blobs)
    with pytest.raises(ZeroDivisionError):
        fit(model, recorder, callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=crash)], epochs=3)
    folder = RunFolder.open(recorder.path)
    assert (folder.status, len(folder.history()), folder.epochs) == ("running", 1, [0, 1])
    fit(model, recorder, epochs=1)
    folder = RunFolder.open(recorder.path)
    assert (folder.status, len(folder.history()), folder.epochs) == ("finished", 2, [0, 1, 2])
    assert_same_weights(model, folder.snapshot())


@pytest.mark.exhaustive
def test_restored_weights_are_recognized_by_their_epoch(blobs, tmp_path):
    recorder = ct.Recorder(tmp_path / "run", blobs)
    model = make_model(optimizer=keras.optimizers.SGD(0.1), metrics=["accuracy"])
    best = keras.callbacks.EarlyStopping("loss", mode="max", patience=2, restore_best_weights=True)
    fit(model, recorder, callbacks=[best], epochs=9)
    folder = RunFolder.open(recorder.path)
    assert (folder.epochs, folder.manifest.kept_epoch) == ([0, 1, 2, 3], 1)
    assert_same_weights(model, folder.snapshot(1))
    test = recorder.split.test
    expected = model.evaluate(blobs.inputs(test), blobs.y(test), verbose=0)
    assert list(folder.manifest.test.values())[:2] == pytest.approx(expected, rel=1e-5)


def test_a_callback_that_stops_fit_after_the_recorder_is_warned_of(blobs, tmp_path):
    best = keras.callbacks.EarlyStopping("loss", mode="max", patience=2, restore_best_weights=True)
    with pytest.warns(CutawayWarning) as said:
        fit(make_model(), ct.Recorder(tmp_path / "run", blobs), after=[best], epochs=9)
    assert [each.filename for each in said if each.category is CutawayWarning] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error", CutawayWarning)
        fit(make_model(), ct.Recorder(tmp_path / "last", blobs), callbacks=[best], epochs=9)
        fit(make_model(), ct.Recorder(tmp_path / "whole", blobs), after=[best], epochs=1)


@pytest.mark.parametrize("restore", [True, pytest.param(False, marks=pytest.mark.exhaustive)])
def test_what_keras_kept_is_recorded_and_said_where_it_is_not_the_best_epoch(restore, tmp_path, caplog):
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(240, 36)).astype("float32"), generator.integers(0, 3, 240)
    noise = ct.Dataset.from_arrays(x[:180], y[:180], x_test=x[180:], y_test=y[180:])
    recorder = ct.Recorder(tmp_path / "run", noise)
    train, val = recorder.split.train, recorder.split.val
    keras.utils.set_random_seed(0)
    model = make_model(optimizer=keras.optimizers.Adam(0.05))
    stop = keras.callbacks.EarlyStopping(patience=9, restore_best_weights=restore)
    held = (noise.inputs(val), noise.y(val))
    settings = {"validation_data": held, "batch_size": 45, "epochs": 6, "verbose": 0, "callbacks": [stop, recorder]}
    with caplog.at_level("INFO", "cutaway.training.recorder"):
        model.fit(noise.inputs(train), noise.y(train), **settings)
    run = ct.open_run(recorder.path, data=noise)
    best = int(np.argmin(run.history["val_loss"])) + 1
    assert best < len(run.history) == 6
    assert (run.folder.manifest.best_epoch, run.folder.manifest.kept_epoch) == (best, best if restore else 6)
    assert (f"epoch {best}" in caplog.text) is not restore
    finding = next(each for each in run.findings() if each.kind == "overfitting")
    assert (finding.severity == "warning") is not restore
    assert (finding.evidence["best_epoch"], finding.evidence["kept_epoch"]) == (best, best if restore else 6)
    assert run.test["loss"] == pytest.approx(
        model.evaluate(noise.inputs(ids := run.split.test), noise.y(ids), verbose=0)[0]
    )


def test_a_history_that_is_deleted_between_two_epochs_of_a_fit_is_written_again(blobs, tmp_path, caplog):
    class Delete(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                (recorder.path / "history.jsonl").unlink()

    recorder = ct.Recorder(tmp_path / "run", blobs)
    history = fit(make_model(), recorder, callbacks=[Delete()], epochs=4)
    assert [row["loss"] for row in RunFolder.open(recorder.path).history()] == history.history["loss"]
    assert "history.jsonl" in caplog.text


def test_averages_that_an_optimizer_swaps_in_replace_the_last_snapshot(blobs, tmp_path):
    recorder = ct.Recorder(tmp_path / "run", blobs)
    model = make_model(optimizer=keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9))
    fit(model, recorder)
    folder = RunFolder.open(recorder.path)
    assert (folder.epochs, folder.manifest.kept_epoch) == ([0, 1, 2], 2)
    assert_same_weights(model, folder.snapshot(2))


def test_a_loss_that_diverges_is_null_and_its_weights_are_not_saved(blobs, tmp_path):
    def refuse(constant):
        raise ValueError(f"{constant} is no JSON")

    recorder = ct.Recorder(tmp_path / "run", blobs)
    history = fit(make_model(optimizer=keras.optimizers.SGD(1e30)), recorder, epochs=3)
    assert not math.isfinite(history.history["loss"][-1])
    lines = (recorder.path / "history.jsonl").read_text().splitlines()
    rows = [json.loads(line, parse_constant=refuse) for line in lines]
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert rows[-1]["loss"] is None
    manifest = json.loads((recorder.path / "run.json").read_text(), parse_constant=refuse)
    assert (manifest["status"], manifest["test"], manifest["kept_epoch"]) == ("finished", None, None)
    folder = RunFolder.open(recorder.path)
    assert 0 in folder.epochs
    assert 3 not in folder.epochs
    assert all(np.isfinite(value).all() for epoch in folder.epochs for value in folder.snapshot(epoch).values())


def test_a_model_that_does_not_fit_the_data_leaves_no_folder(blobs, tmp_path):
    model = keras.Sequential([keras.Input((36,)), keras.layers.Dense(4, activation="softmax")])
    model.compile("sgd", SPARSE)
    recorder = ct.Recorder(tmp_path / "runs" / "run", blobs)
    with pytest.raises(ModelError):
        fit(model, recorder)
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_is_taken_is_an_error_and_stays_unchanged(blobs, tmp_path):
    (tmp_path / "mine").write_text("a user's own")
    for place in ("mine", "mine/run"):
        with pytest.raises(RunError):
            fit(make_model(), ct.Recorder(tmp_path / place, blobs))
    assert (tmp_path / "mine").read_text() == "a user's own"


def test_a_folder_that_disappears_is_an_error(blobs, tmp_path):
    def move(epoch, logs):
        (tmp_path / "run").rename(tmp_path / "moved")

    callbacks = [keras.callbacks.LambdaCallback(on_epoch_end=move)]
    with pytest.raises(RunError):
        fit(make_model(), ct.Recorder(tmp_path / "run", blobs), callbacks=callbacks)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.25, 0.25),
        (3, 3),
        (float("nan"), None),
        (float("-inf"), None),
        (np.float32(0.5), 0.5),
        (np.array([0.5, np.inf]), [0.5, None]),
        (keras.ops.convert_to_tensor([[1.0], [2.0]]), [[1.0], [2.0]]),
    ],
)
def test_metrics_become_json(value, expected):
    assert plain(value) == expected


OTHER_BACKEND = """
import sys, keras, numpy as np, cutaway as ct
from cutaway.runs import RunFolder
from cutaway.topics.findings.evidence import recorded_evidence
data = ct.load_dataset("digits")
model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(10)])
model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
recorder = ct.Recorder(sys.argv[1], data, predictions=True)
train, val = recorder.split.train, recorder.split.val
history = model.fit(data.inputs(train), data.y(train), validation_data=(data.inputs(val), data.y(val)), batch_size=40,
                  epochs=2, verbose=0, callbacks=[recorder])
folder = RunFolder.open(recorder.path)
assert "jax" not in sys.modules, "jax was imported"
assert [row["val_loss"] for row in folder.history()] == history.history["val_loss"]
names = [f"{l.name}/{w.name}" for l in model.layers for w in l.weights]
for name, value in zip(names, model.get_weights(), strict=True):
    np.testing.assert_array_equal(folder.snapshot()[name], value)
assert folder.manifest.device["backend"] == keras.backend.backend()
assert folder.manifest.config["batch_size"] == 40
loss, accuracy = model.evaluate(data.inputs(recorder.split.test), data.y(recorder.split.test), verbose=0)
np.testing.assert_allclose(list(folder.manifest.test.values())[:2], [loss, accuracy], rtol=1e-5)
"""


@pytest.mark.exhaustive
@pytest.mark.parametrize("backend", ["torch", "tensorflow"])
def test_other_backends_write_the_same_folder(backend, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    environment = {**os.environ, "KERAS_BACKEND": backend}
    command = [sys.executable, "-c", OTHER_BACKEND, str(tmp_path / "run")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    run = ct.open_run(tmp_path / "run")  # here Keras is on JAX
    assert run.test["accuracy"] == pytest.approx(np.mean(run.predictions().argmax(1) == run.labels()), abs=1e-6)


def test_a_second_fit_that_dies_leaves_no_result_of_the_first(tmp_path, blobs):
    recorder, model = ct.Recorder(tmp_path / "run", blobs), make_model()
    fit(model, recorder)
    assert RunFolder.open(recorder.path).manifest.test

    class Dies(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fit(model, recorder, callbacks=[Dies()])
    manifest = RunFolder.open(recorder.path).manifest
    assert (manifest.status, manifest.test, manifest.kept_epoch) == ("running", None, None)


def test_a_table_is_prepared_before_it_is_recorded(tmp_path):
    file = tmp_path / "x.csv"
    file.write_text("a,y\n" + "".join(f"{(row * 37) % 50},{'yes' if row % 2 else 'no'}\n" for row in range(100)))
    table = ct.load_dataset(file, label="y")
    with pytest.raises(ct.CutawayError):
        ct.Recorder(tmp_path / "run", table)
    split = table.split()
    recorder = ct.Recorder(tmp_path / "run", table.prepare(split))
    np.testing.assert_array_equal(recorder.split.train.index, split.train.index)


@pytest.mark.filterwarnings("ignore:In loss categorical_crossentropy")
@pytest.mark.parametrize(("classes", "last", "loss", "kind"), [
    (3, {"units": 3}, SPARSE, "not-probabilities"),
    (3, {"units": 3, "activation": "sigmoid"}, SPARSE, "sigmoid-output"),
    (2, {"units": 1}, "binary_crossentropy", "not-probabilities"),
    (2, {"units": 1, "activation": "sigmoid"}, CATEGORICAL, "one-output"),
    (2, {"units": 1, "activation": "relu"}, "mse", "loss-of-numbers"),
])  # fmt: skip
def test_a_loss_that_does_not_fit_the_output_is_recorded_and_named(classes, last, loss, kind, blobs, tmp_path):
    source = blobs.sources["train"]
    data = ct.Dataset.from_arrays(source.x, source.y % classes)
    model = keras.Sequential([keras.Input((36,)), keras.layers.Dense(**last)])
    model.compile("sgd", loss, metrics=["accuracy"], run_eagerly=True)
    recorder = ct.Recorder(tmp_path / "run", data)
    val = recorder.split.val
    fit(model, recorder, epochs=1, validation_data=(data.inputs(val), data.y(val)))
    run = ct.open_run(recorder.path, data=data)
    assert run.folder.manifest.status == "finished"
    assert kind in [each.kind for each in run_checks(recorded_evidence(run.context))]


def test_a_loss_that_takes_logits_is_noted(blobs, tmp_path):
    model = make_model(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    recorder = ct.Recorder(tmp_path / "run", blobs)
    fit(model, recorder, epochs=1)
    found = run_checks(recorded_evidence(ct.open_run(recorder.path, data=blobs).context))
    assert "double-activation" in [each.kind for each in found]


def numbers(targets=1):
    """Samples of which sums are known in another unit, with noise."""
    random = np.random.default_rng(0)
    x = random.normal(size=(300, 6)).astype("float32")
    y = 700 + 20 * x @ random.normal(size=(6, targets)) + random.normal(size=(300, targets))
    return ct.Dataset.from_arrays(x[:240], y[:240], x_test=x[240:], y_test=y[240:])


@pytest.mark.parametrize(
    ("loss", "targets", "weighted"),
    [
        ("mse", 1, True),
        ("mean_absolute_error", 2, False),
        (keras.losses.Huber(delta=3.0), 2, True),
        pytest.param("log_cosh", 1, False, marks=pytest.mark.exhaustive),
    ],
)
def test_a_fit_of_numbers_is_a_run_that_agrees_with_keras_to_six_digits(loss, targets, weighted, tmp_path):
    data = numbers(targets)
    recorder = ct.Recorder(tmp_path / "run", data, predictions=True)
    more = [keras.layers.Dense(8, activation="relu"), keras.layers.Dense(targets)]
    model = keras.Sequential([keras.Input((6,)), keras.layers.Normalization(mean=0.0, variance=1.0), *more])
    model.compile(keras.optimizers.Adam(0.3), loss, metrics=["mae", "mse"], run_eagerly=True)
    train, val, test = (recorder.split.part(part) for part in ("train", "val", "test"))
    pairs = {part: (data.inputs(ids), data.y(ids)) for part, ids in (("val", val), ("test", test))}
    settings = {"validation_data": pairs["val"], "sample_weight": np.linspace(0, 2, len(train)) if weighted else None}
    history = fit(model, recorder, epochs=3, **settings).history
    run = ct.open_run(recorder.path, data=data)
    expected = model.evaluate(*pairs["test"], verbose=0, return_dict=True)
    assert run.test["loss"] == pytest.approx(expected["loss"], rel=1e-6)
    if targets == 1:
        assert run.test["mae"] == pytest.approx(expected["mae"], rel=1e-6)
        assert run.test["rmse"] ** 2 == pytest.approx(expected["mse"], rel=1e-6)
    predicted = model.predict(pairs["test"][0], verbose=0)
    np.testing.assert_allclose(run.predictions(), predicted, rtol=1e-6)
    np.testing.assert_array_equal(run.folder.predictions(3)[-60:], predicted)
    np.testing.assert_allclose(run.predict(data.x(test)).reshape(60, targets), predicted, rtol=1e-6)
    assert run.test["r2"] == pytest.approx(r2_score(pairs["test"][1], predicted), abs=1e-6)
    for name in ("loss", "val_loss", "val_mae"):
        np.testing.assert_array_equal(run.history[name], history[name])
    assert run.folder.manifest.status == "finished"


@pytest.mark.parametrize("metrics", [(), ("mae",)])
def test_samples_of_numbers_that_are_not_what_fit_got_are_an_error(metrics, tmp_path):
    data = numbers()
    recorder = ct.Recorder(tmp_path / "run", data)
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(1, kernel_regularizer="l2" if metrics else None)])
    model.compile(keras.optimizers.Adam(0.3), "mse", metrics=list(metrics), run_eagerly=True)
    val = recorder.split.val
    with pytest.raises(RunError, match="val_mae" if metrics else "val_loss"):
        fit(model, recorder, validation_data=(data.inputs(val), data.y(val) / 1000))


def test_a_fit_of_numbers_on_other_samples_has_no_test_measures(tmp_path):
    x = np.random.default_rng(0).normal(size=(200, 6)).astype("float32")
    recorder = ct.Recorder(tmp_path / "run", (x, x[:, 0] * 3))
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["accuracy"], run_eagerly=True)  # of numbers it says nothing
    with pytest.warns(CutawayWarning, match="test"):
        model.fit(x, x[:, 0] * 3, validation_split=0.2, verbose=0, callbacks=[recorder])
    assert RunFolder.open(recorder.path).manifest.test is None


def test_numbers_that_fit_is_validated_on_are_of_the_same_targets(tmp_path):
    data = numbers(2)
    train, held = data.sources["train"], data.sources["test"]
    data = ct.Dataset.from_arrays(train.x, train.y, targets=("price", "age"))
    recorder = ct.Recorder(tmp_path / "run", data, validation_data=(held.x, held.y))
    assert recorder.data.targets == ("price", "age")
    np.testing.assert_array_equal(recorder.data.y(recorder.split.val), held.y)


def test_a_model_of_fewer_outputs_than_targets_is_refused(tmp_path):
    recorder = ct.Recorder(tmp_path / "run", numbers(2))
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    with pytest.raises(ModelError, match="2"):
        fit(model, recorder)


def test_a_model_of_other_layers_that_predicts_numbers_is_recorded(tmp_path):
    data = numbers()
    recorder = ct.Recorder(tmp_path / "run", data)
    layers = [keras.layers.Reshape((6, 1)), keras.layers.Conv1D(2, 3), keras.layers.Flatten(), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((6,)), *layers])
    model.compile("adam", "mse", run_eagerly=True)
    with pytest.warns(CutawayWarning, match="Conv1D"):
        fit(model, recorder)
    run = ct.open_run(recorder.path, data=data)
    np.testing.assert_allclose(run.predictions(), model.predict(data.inputs(recorder.split.test), verbose=0), rtol=1e-6)


def test_arrays_of_classes_are_recorded_as_a_dataset_of_them(tmp_path):
    x = np.random.default_rng(0).normal(size=(60, 4))
    assert ct.Recorder(tmp_path / "run", (x, np.arange(60) % 3)).data.classes == 3


def test_a_fit_of_classes_with_validation_split_of_as_many_samples_is_no_disagreement(tmp_path):
    random = np.random.default_rng(0)
    y = random.integers(0, 3, 200)
    x = random.normal(size=(200, 36)).astype("float32") + y[:, None] / 2
    recorder = ct.Recorder(tmp_path / "run", (x, y))
    with pytest.warns(CutawayWarning, match="no test accuracy"):
        make_model().fit(x, y, validation_split=len(recorder.split.val) / 200, verbose=0, callbacks=[recorder])
    manifest = RunFolder.open(recorder.path).manifest
    assert (manifest.status, manifest.test) == ("finished", None)
