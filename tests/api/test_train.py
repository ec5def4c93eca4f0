import json
import os
from pathlib import Path

import keras
import numpy as np
import pandas
import pytest
import scipy.sparse
from sklearn.metrics import log_loss

import cutaway as ct
from cutaway.cli import main
from cutaway.data import LazyRows
from cutaway.errors import ConfigError, DataError, ModelError, RunError, TrainingError, UnknownNameError, UsageError
from cutaway.training import make_config


def small_data(**settings):
    generator = np.random.default_rng(0)
    y = generator.integers(0, 3, 300)
    return ct.Dataset.from_arrays(generator.normal(size=(300, 5)).astype("float32") + y[:, None], y, **settings)


def test_a_run_folder_holds_what_the_design_says(digits_run):
    path = digits_run.path
    manifest = json.loads((path / "run.json").read_text())
    assert (manifest["format"], manifest["status"], manifest["why"]) == (2, "finished", None)
    assert manifest["dataset"]["name"] == "digits"
    assert len(manifest["dataset"]["sha256"]) == 64
    assert [layer["name"] for layer in manifest["model"]["layers"]] == [
        *("dense_1", "dropout_1", "dense_2", "dropout_2", "output")
    ]
    assert manifest["config"]["epochs"] == 6
    assert manifest["config"]["learning_rate"] > 0
    assert {"python", "cutaway", "keras", "jax", "numpy"} <= manifest["versions"].keys()
    assert manifest["device"]["threads"] >= 1
    rows = [json.loads(line) for line in (path / "history.jsonl").read_text().splitlines()]
    epochs = [row for row in rows if row["kind"] == "epoch"]
    assert [row["epoch"] for row in epochs] == [1, 2, 3, 4, 5, 6]
    assert set(epochs[0]) == {
        *("kind", "epoch", "loss", "accuracy", "val_loss", "val_accuracy", "val_cross_entropy"),
        *("learning_rate", "seconds", "samples_per_second", "gap", "best_epoch", "turned", "rise_error"),
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
    smoothing = digits_run.config["label_smoothing"]
    target = np.eye(10)[labels] * (1 - smoothing) + smoothing / 10
    loss = -(target * np.log(predicted)).sum(axis=1)
    assert digits_run.test["loss"] == pytest.approx(loss.mean(), abs=1e-4)
    assert digits_run.test["cross_entropy"] == pytest.approx(log_loss(labels, predicted), abs=1e-6)
    assert digits_run.test["cross_entropy"] < digits_run.test["loss"] - 0.1, "label smoothing is in the loss alone"
    held = log_loss(digits_run.labels(split="val"), digits_run.predictions(split="val"))
    assert digits_run.history["val_cross_entropy"][-1] == pytest.approx(held, abs=1e-6)


@pytest.mark.exhaustive
def test_a_bunch_of_scikit_learn_is_data_with_its_labels(tmp_path):
    from sklearn.datasets import load_wine

    bunch = load_wine()
    run = ct.train(ct.mlp((4,)), bunch, epochs=1, runs=tmp_path, progress=False)
    assert (run.class_names, run.data.feature_names) == (tuple(bunch.target_names), tuple(bunch.feature_names))
    with pytest.raises(DataError):
        ct.train(ct.mlp((4,)), type(bunch)(data=bunch.data, target=bunch.target[:9]), runs=tmp_path, progress=False)


@pytest.mark.exhaustive
def test_the_users_net_is_trained_as_fit_would(tmp_path):
    model, data = ct.mlp((8,)), small_data()
    run = ct.train(model, data, epochs=2, optimizer="sgd", runs=tmp_path, progress=False)
    assert run.config["learning_rate"] == 0.01, "another optimizer than the recipe's takes its own default rate"
    for mine, kept in zip(model.get_weights(), run.model().get_weights(), strict=True):
        np.testing.assert_array_equal(mine, kept)
    again = ct.train(model, data, epochs=1, runs=tmp_path, progress=False)
    assert again.folder.manifest.first_weights == "as the model had them"
    for name, value in again.folder.snapshot(0).items():
        np.testing.assert_array_equal(value, run.folder.snapshot(-1)[name])


@pytest.mark.exhaustive
def test_a_functional_keras_model_trains_and_opens_again(tmp_path):
    entry = keras.Input((5,))
    hidden = keras.layers.BatchNormalization(name="norm")(keras.layers.Dense(8, activation="relu", name="h")(entry))
    model = keras.Model(entry, keras.layers.Dense(3, activation="softmax", name="out")(hidden), name="mine")
    data = small_data()
    run = ct.train(model, data, epochs=3, learning_rate=0.01, runs=tmp_path, progress=False)
    assert run.history["loss"][-1] < run.history["loss"][0]
    opened = ct.open_run(run.path, data=data)
    np.testing.assert_array_equal(opened.model().get_weights()[4], model.get_weights()[4])
    assert opened.activations("norm", split="val").shape == (len(run.split.val), 8)


def check_ends(told):
    """A training begins at what was done before, ends once, at its end, and never goes back."""
    assert {now.task for now in told} == {"training"}
    assert [now.ended for now in told] == [False] * (len(told) - 1) + [True]
    assert [now.done for now in told] == sorted(now.done for now in told)


def test_progress_is_told_in_samples_and_ends_with_the_validation_of_the_last_epoch(tmp_path):
    told = []
    run = ct.train(ct.mlp((8,)), small_data(), epochs=3, runs=tmp_path, progress=told.append)
    check_ends(told)
    assert told[0].done == 0
    assert told[-1].done == told[-1].total == 3 * 180
    notes = [
        f"epoch {row['epoch']}/3  loss {row['loss']:.3f}  val {row['val_accuracy']:.1%}" for row in run.history.rows
    ]
    assert [now.note for now in told if now.note in notes] == notes, "each epoch has its own validation"
    assert told[-1].note == notes[-1]


def test_the_command_trains_and_answers_with_the_run(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["train", "digits", "--hidden", "16", "--epochs", "1", "--seed", "4", "--name", "mine", "--json"])
    out, err = capsys.readouterr()
    answer = json.loads(out)
    run = ct.open_run("latest")
    assert (ended.value.code, answer["run"], "-mine-" in answer["run"]) == (0, str(run.path), True)
    assert (answer["status"], answer["history"], answer["test"]) == ("finished", run.history.rows, run.test)
    assert answer["config"] == run.config
    assert answer["seconds"]["total"] > answer["seconds"]["training"] > 0
    assert "training" in err, "progress goes to stderr"


WRONG = [
    ({"epochs": -1}, ConfigError),
    ({"recipe": "nonsense"}, UnknownNameError),
    ({"epochz": 3}, ConfigError),
    ({"data": "imagenet"}, UnknownNameError),
    ({"model": keras.Sequential([keras.layers.Conv1D(2, 2)])}, ModelError),
    ({"model": keras.Sequential([keras.Input((7,)), keras.layers.Dense(3)])}, ModelError),
    ({"validation": 0.999}, DataError),
]


@pytest.mark.parametrize(("change", "error"), WRONG)
def test_wrong_calls_leave_no_half_made_run(change, error, tmp_path):
    call = {"model": ct.mlp((4,)), "data": small_data(), "runs": tmp_path / "runs", "progress": False, **change}
    with pytest.raises(error):
        ct.train(call.pop("model"), call.pop("data"), **call)
    assert not (tmp_path / "runs").exists()


X, Y = np.zeros((6, 2), np.float32), [0, 1] * 3


@pytest.mark.parametrize(
    "data", [(ct.Dataset.from_arrays(X, Y), Y), ("digits", Y), (Path("data.npz"), Y), (X,), ([[0.0], [1.0]],)]
)
def test_data_and_labels_that_do_not_go_together_are_refused(data, tmp_path):
    with pytest.raises(UsageError):
        ct.train(ct.mlp((4,)), *data, runs=tmp_path / "runs", progress=False)
    assert not (tmp_path / "runs").exists()


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError):
        ct.train(ct.mlp((4,)), small_data(), runs=tmp_path / "file", progress=False)


def test_how_a_run_ended_is_written_whatever_happened(tmp_path):
    def interrupt(progress):
        raise KeyboardInterrupt

    def crash(progress):
        raise ZeroDivisionError("mine")

    data = small_data()
    broken = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3, activation="softmax")])
    broken.set_weights([np.full((5, 3), np.nan), np.zeros(3)])
    for n, (model, on_progress, error, status, why) in enumerate(
        [
            (ct.mlp((4,)), interrupt, KeyboardInterrupt, "stopped", "canceled by the user"),
            (ct.mlp((4,)), crash, ZeroDivisionError, "failed", "ZeroDivisionError: mine"),
            (broken, False, TrainingError, "failed", "is not finite"),
        ]
    ):
        with pytest.raises(error):
            ct.train(model, data, runs=tmp_path / str(n), progress=on_progress)
        run = ct.open_run("latest", runs=tmp_path / str(n), data=data)
        assert run.folder.status == status
        assert why in run.folder.manifest.why
        assert run.folder.epochs == [0]


def binary_data():
    generator = np.random.default_rng(0)
    y = generator.integers(0, 2, 300)
    return ct.Dataset.from_arrays(generator.normal(size=(300, 4)).astype("float32") + 2 * y[:, None], y)


@pytest.mark.exhaustive
def test_one_sigmoid_unit_needs_binary_crossentropy_and_then_learns(tmp_path):
    def model():
        return keras.Sequential([keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1, activation="sigmoid")])

    call = {"runs": tmp_path / "runs", "progress": False, "epochs": 8, "learning_rate": 0.02}
    with pytest.raises(ConfigError):
        ct.train(model(), binary_data(), **call)
    assert not (tmp_path / "runs").exists()
    run = ct.train(model(), binary_data(), loss="binary_crossentropy", **call)
    assert run.test["accuracy"] > 0.9
    assert run.predictions().shape == (60, 2)
    assert run.report(progress=False).is_file()


def test_a_net_without_probabilities_at_its_end_is_refused(tmp_path):
    model = keras.Sequential([keras.layers.Dense(3, name="logits")])
    with pytest.raises(ModelError, match='"logits"'):
        ct.train(model, small_data(), runs=tmp_path / "runs", progress=False)
    assert not (tmp_path / "runs").exists()


def test_early_stopping_restores_the_best_epoch(tmp_path):
    model, told = ct.mlp((64,)), []
    run = ct.train(model, noise(), epochs=60, patience=3, learning_rate=0.01, runs=tmp_path, progress=told.append)
    losses = run.history["val_loss"]
    check_ends(told)
    assert told[-1].done == told[-1].total == len(losses) * len(run.split.train)
    assert told[-1].note.startswith(f"epoch {len(losses)}/60 ")
    best = int(np.argmin(losses)) + 1
    assert len(losses) == best + 3 < 60, "labels are noise: it must overfit soon"
    assert (run.folder.manifest.best_epoch, run.folder.manifest.kept_epoch) == (best, best)
    for mine, kept in zip(model.get_weights(), run.model(best).get_weights(), strict=True):
        np.testing.assert_array_equal(mine, kept)
    accuracy = np.mean(run.predictions(epoch=best).argmax(1) == run.labels())
    assert run.test["accuracy"] == pytest.approx(accuracy)
    last = run.history.rows[-1]
    assert last["best_epoch"] == best
    assert last["gap"] == pytest.approx(last["val_loss"] - last["loss"])
    assert last["turned"] is True


def noise():
    """Labels that nothing can be learned of: a model overfits after a few epochs."""
    generator = np.random.default_rng(0)
    return ct.Dataset.from_arrays(generator.normal(size=(200, 20)).astype("float32"), generator.integers(0, 2, 200))


def train_noise(runs, epochs=6, model=None, data=None, **settings):
    settings = {"patience": 10, "learning_rate": 0.01, "schedule": "constant", "label_smoothing": 0.0, **settings}
    return ct.train(model or ct.mlp((64,)), data or noise(), epochs=epochs, runs=runs, progress=False, **settings)


def test_the_best_epoch_is_kept_where_the_planned_epochs_end_first(tmp_path):
    model = ct.mlp((64,))
    run = train_noise(tmp_path, model=model)
    best = int(np.argmin(run.history["val_loss"])) + 1
    assert best < len(run.history) == 6, "it must overfit before its epochs end, and within the patience"
    manifest = run.folder.manifest
    assert (manifest.best_epoch, manifest.kept_epoch, run.context.epoch()) == (best, best, best)
    for mine, kept in zip(model.get_weights(), run.model(best).get_weights(), strict=True):
        np.testing.assert_array_equal(mine, kept)
    assert run.test["cross_entropy"] == pytest.approx(log_loss(run.labels(), run.predictions(epoch=best)), abs=1e-6)
    assert run.test["loss"] == pytest.approx(run.test["cross_entropy"], abs=1e-6)
    last = train_noise(tmp_path, patience=None)
    assert (last.folder.manifest.best_epoch, last.folder.manifest.kept_epoch) == (best, 6)
    assert last.history["val_loss"] == run.history["val_loss"]
    compared = ct.compare(run, last, progress=False)
    (differs,) = [each for each in compared.settings if each.setting == "kept_epoch"]
    assert "kept_epoch" not in compared.tables()[0].values["setting"], "it is a result, and no setting"
    assert (differs.section, differs.a, differs.b) == ("training", best, 6)


@pytest.mark.exhaustive
def test_a_classifier_and_a_longer_training_like_it_keep_their_best_epoch(tmp_path):
    data = noise()
    x, y = data.sources["train"].x, data.sources["train"].y
    fitted = ct.Classifier((64,), epochs=6, patience=10, learning_rate=0.01, random_state=0, runs=tmp_path).fit(x, y)
    for run in (fitted.run_, ct.train_like(fitted.run_, epochs=9, runs=tmp_path, progress=False)):
        best = int(np.argmin(run.history["val_loss"])) + 1
        assert run.folder.manifest.kept_epoch == best < len(run.history) == run.config["epochs"]
    np.testing.assert_array_equal(
        fitted.predict_proba(x), fitted.run_.predict(x, epoch=fitted.run_.folder.manifest.kept_epoch)
    )


def test_of_a_training_that_has_not_ended_the_best_epoch_so_far_counts(tmp_path):
    def stop(progress):
        if progress.note.startswith("epoch 6/9") and "val" in progress.note.partition("  last")[0]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ct.train(
            *(ct.mlp((64,)), noise()),
            patience=20,
            learning_rate=0.01,
            schedule="constant",
            label_smoothing=0.0,
            epochs=9,
            runs=tmp_path,
            progress=stop,
        )
    run = ct.open_run("latest", runs=tmp_path, data=noise())
    best = int(np.argmin(run.history["val_loss"])) + 1
    assert (run.folder.status, run.folder.manifest.kept_epoch) == ("stopped", None)
    assert run.context.epoch() == best < len(run.history)
    assert run.context.row()["epoch"] == best
    told = []
    resumed = ct.resume(run, progress=told.append)
    check_ends(told)
    assert (told[0].done, told[-1].done) == (6 * len(run.split.train), 9 * len(run.split.train))
    assert resumed.folder.manifest.kept_epoch == int(np.argmin(resumed.history["val_loss"])) + 1 == best
    whole = train_noise(tmp_path, epochs=9, patience=20)
    assert whole.test == resumed.test, "the epoch that counts was trained before the training was resumed"


@pytest.mark.parametrize("class_weight", [pytest.param("balanced", marks=pytest.mark.exhaustive), {0: 3.0, 2: 0.0}])
def test_class_and_sample_weights_equal_keras(class_weight, tmp_path):
    from cutaway.data import split_dataset
    from cutaway.models import get_weights, model_from_spec, set_weights
    from cutaway.training.loop.order import epoch_order

    data = small_data()
    weight = np.random.default_rng(1).random(300).astype("float32")
    settings = {"optimizer": "sgd", "learning_rate": 0.1, "epochs": 2, "batch_size": 50, "precision": "float32"}
    settings |= {"schedule": "constant", "label_smoothing": 0.0}
    model = ct.mlp((6,))
    run = ct.train(
        model, data, class_weight=class_weight, sample_weight=weight, runs=tmp_path, progress=False, **settings
    )
    theirs = model_from_spec(run.context.spec)
    set_weights(theirs, run.folder.snapshot(0))
    theirs.compile(keras.optimizers.SGD(0.1), loss="sparse_categorical_crossentropy")
    split = split_dataset(data, seed=0)
    x, y = data.inputs(split.train), data.y(split.train)
    counts = np.bincount(y)
    per_class = len(y) / (3 * counts) if class_weight == "balanced" else np.array([3.0, 1.0, 0.0])
    weights = weight[split.train.index] * per_class[y]
    for epoch in (1, 2):
        for rows in epoch_order(len(y), batch_size=50, seed=0, epoch=epoch):
            rows = rows[rows < len(y)]
            theirs.train_on_batch(x[rows], y[rows], sample_weight=weights[rows])
    for name, value in get_weights(theirs).items():
        np.testing.assert_allclose(get_weights(model)[name], value, atol=1e-5, err_msg=name)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"class_weight": "even"}, '"even"'),
        ({"class_weight": {3: 1.0}}, "class 3"),
        ({"class_weight": {0: -1.0}}, "-1.0"),
        ({"sample_weight": np.ones(7)}, r"300 .*\(7,\)"),
        ({"sample_weight": np.full(300, np.nan)}, "train"),
    ],
)
def test_wrong_weights_are_said(settings, named, tmp_path):
    with pytest.raises(UsageError, match=named):
        ct.train(ct.mlp((4,)), small_data(), runs=tmp_path / "runs", progress=False, **settings)
    assert not (tmp_path / "runs").exists()


def test_a_file_cut_under_a_training_ends_it_and_the_whole_file_lets_it_go_on(tmp_path, monkeypatch):
    data, runs = tmp_path / "data", tmp_path / "runs"
    data.mkdir()
    x, y = np.random.default_rng(0).standard_normal((300, 5, 4), np.float32), np.arange(300) % 3
    np.save(data / "x_train.npy", x)
    np.save(data / "y_train.npy", y)
    file, read, asked = data / "x_train.npy", LazyRows.__getitem__, []
    whole = file.read_bytes()

    def cut_then_read(rows, key):
        if isinstance(key, np.ndarray) and key.ndim == 2 and rows.ndim > 1:
            asked.append(key)
            if len(asked) == 3:
                os.truncate(file, 1000)
        return read(rows, key)

    monkeypatch.setattr(LazyRows, "__getitem__", cut_then_read)
    settings = {"epochs": 3, "batch_size": 2, "runs": runs, "progress": False}
    with pytest.raises(DataError, match=rf"x_train\.npy .* {len(whole)} to 1000 "):
        ct.train(ct.mlp((4,)), data, **settings)
    monkeypatch.undo()
    failed = ct.open_run("latest", runs=runs)
    assert (failed.folder.status, "x_train.npy" in failed.folder.manifest.why) == ("failed", True)
    with pytest.raises(DataError):
        ct.resume("latest", runs=runs, progress=False)
    file.write_bytes(whole)
    assert ct.resume("latest", runs=runs, progress=False).folder.status == "finished"


@pytest.mark.exhaustive
def test_a_full_disk_is_said_and_what_was_kept_stays(tmp_path, monkeypatch):
    real, left = os.fsync, [14]

    def nearly_full(descriptor):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", nearly_full)
    with pytest.raises(RunError):
        ct.train(ct.mlp((4,)), small_data(), epochs=5, runs=tmp_path, progress=False)
    monkeypatch.undo()
    run = ct.open_run("latest", runs=tmp_path, data=small_data())
    assert run.folder.status in ("failed", "running")
    finished = ct.resume(run, progress=False)
    straight = ct.train(ct.mlp((4,)), small_data(), epochs=5, runs=tmp_path / "b", progress=False)
    for name, value in finished.folder.snapshot().items():
        np.testing.assert_array_equal(value, straight.folder.snapshot()[name])


def test_a_disk_without_room_is_said_before_anything_is_written(tmp_path, monkeypatch):
    import shutil
    from types import SimpleNamespace

    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000, total=10**9))
    with pytest.raises(RunError):
        ct.train(ct.mlp((4,)), small_data(), runs=tmp_path / "runs", progress=False)
    assert not (tmp_path / "runs").exists()


@pytest.mark.exhaustive
def test_the_layer_that_blew_up_first_is_named(tmp_path):
    model = keras.Sequential(
        [
            keras.Input((5,)),
            keras.layers.Dense(4, activation="relu", name="fine"),
            keras.layers.Dense(4, activation="exponential", name="rocket"),
            keras.layers.Dense(3, activation="softmax", name="out"),
        ]
    )
    kernel, bias = model.get_layer("rocket").get_weights()
    model.get_layer("rocket").set_weights([kernel, bias + 200.0])
    with pytest.raises(TrainingError, match='"rocket"'):
        ct.train(model, small_data(), runs=tmp_path, progress=False)


@pytest.mark.parametrize(
    "schedule",
    ["one-cycle", *(pytest.param(each, marks=pytest.mark.exhaustive) for each in ("cosine", "constant", "step"))],
)
def test_schedules_run_as_they_say(schedule, tmp_path):
    settings = {"schedule": schedule, "learning_rate": 0.01, "epochs": 20, "batch_size": 180}
    run = ct.train(ct.mlp((4,)), small_data(), runs=tmp_path, progress=False, **settings)
    rates = np.array(run.history["learning_rate"])  # one step an epoch
    if schedule == "constant":
        np.testing.assert_allclose(rates, 0.01, rtol=1e-6)
    elif schedule == "cosine":
        np.testing.assert_allclose(rates, 0.005 * (1 + np.cos(np.pi * np.arange(1, 21) / 20)), atol=1e-8)
    elif schedule == "one-cycle":
        assert rates.argmax() == 5
        assert rates.max() == pytest.approx(0.01)
        assert rates[-1] == pytest.approx(0, abs=1e-6)
        assert (np.diff(rates[:6]) > 0).all()
        assert (np.diff(rates[5:]) < 0).all()
    else:
        np.testing.assert_allclose(rates[[0, 9, 11, 13, 16, 19]], [0.01, 0.01, 1e-3, 1e-3, 1e-4, 1e-4], rtol=1e-5)


@pytest.mark.parametrize(
    "settings",
    [{"epochs": "3"}, {"epochs": True}, {"learning_rate": "0.1"}, {"patience": True}, {"seed": False}],
    ids=str,
)
def test_settings_that_are_numbers_take_neither_text_nor_truth_values(settings, tmp_path):
    with pytest.raises(ConfigError, match=next(iter(settings))):
        ct.train(ct.mlp((4,)), small_data(), runs=tmp_path, progress=False, **settings)
    config = make_config(epochs=np.int64(3), learning_rate=np.float32(0.5))
    assert (config.epochs, config.learning_rate) == (3, 0.5)


@pytest.mark.exhaustive
def test_names_of_columns_are_kept(tmp_path):
    generator = np.random.default_rng(0)
    y = np.arange(120) % 2
    table = pandas.DataFrame({"age": generator.normal(size=120) + 3 * y, "height": generator.normal(size=120)})
    run = ct.train(ct.mlp((8,)), table, y, epochs=2, runs=tmp_path, progress=False)
    assert json.loads((run.path / "run.json").read_text())["dataset"]["feature_names"] == ["age", "height"]
    again = ct.open_run(run.path, data=ct.Dataset.from_arrays(table.to_numpy(), y))  # the same bytes without names
    assert set(again.explain("test[0]").to_pandas()["input"]) == {"age", "height"}
    assert set(ct.Dataset.from_arrays(table, y).to_record()) - set(again.data.to_record()) == {"feature_names"}


def test_what_is_no_selection_of_samples_is_one_line(tmp_path):
    data = small_data()
    with pytest.raises(UsageError):
        data.x(np.arange(3))


def test_sparse_inputs_get_all_their_entries_if_they_fit():
    x = scipy.sparse.csr_matrix(np.eye(6))
    np.testing.assert_array_equal(ct.Dataset.from_arrays(x, np.arange(6) % 2).sources["train"].x, np.eye(6))
    huge = scipy.sparse.csr_matrix((10**7, 10**6))
    with pytest.raises(DataError):
        ct.Dataset.from_arrays(huge, np.zeros(10**7, int))


@pytest.mark.exhaustive
def test_sparse_inputs_that_take_much_memory_are_told():
    wide = scipy.sparse.random(1000, 30_000, density=1e-4, format="csr", random_state=0)
    with pytest.warns(ct.CutawayWarning):
        ct.Dataset.from_arrays(wide, np.arange(1000) % 2)


def measured(targets=1):
    random = np.random.default_rng(0)
    x = random.uniform(-1, 1, size=(300, 5)).astype("float32")
    return x, 70 + 20 * (x[:, :targets] + x[:, 2:3])


def test_a_model_of_the_user_learns_numbers_as_they_are_and_is_trained_further(tmp_path):
    x, y = measured()
    layers = [keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((5,)), *layers])
    settings = {"runs": tmp_path, "progress": False, "epochs": 40, "learning_rate": 0.1}
    run = ct.train(model, x, y[:, 0], **settings)
    np.testing.assert_allclose(run.predict(x), model.predict(x, verbose=0)[:, 0], rtol=1e-6)
    assert [layer["name"] for layer in run.context.spec["layers"]] == [layer.name for layer in layers]
    held_out = run.data.y(run.split.test)
    assert run.test["loss"] == pytest.approx(((run.predictions() - held_out) ** 2).mean(), rel=1e-4)
    further = ct.train(run.model(), x, y[:, 0], **settings)
    np.testing.assert_array_equal(further.predictions(epoch=0), run.predictions())
    assert further.test["loss"] < run.test["loss"]
    with pytest.raises(ModelError):
        ct.train(run.model(), *measured(2), **settings)


def test_numbers_are_trained_again_and_from_an_epoch_in_the_same_unit(tmp_path):
    x, y = measured(2)
    run = ct.train(ct.mlp((8,)), x, y, runs=tmp_path, progress=False, epochs=3)
    again, further = (ct.train_like(run, runs=tmp_path, progress=False, from_epoch=k) for k in (None, 2))
    np.testing.assert_array_equal(again.predictions(), run.predictions())
    np.testing.assert_array_equal(further.predictions(epoch=0), run.predictions(epoch=2))
    assert again.test == run.test
    assert further.test["loss"] < run.test["loss"]


def test_numbers_of_samples_without_weight_are_not_learned(tmp_path):
    x, y = measured()
    y[:100] *= -50  # nor do they decide the unit
    data = ct.Dataset.from_arrays(x, y, x_test=x[100:], y_test=y[100:])
    weight = (np.arange(300) >= 100).astype(float)
    run = ct.train(ct.mlp((8,)), data, sample_weight=weight, runs=tmp_path, progress=False, epochs=40)
    assert run.test["r2"] > 0.8
