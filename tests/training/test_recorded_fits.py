"""What users do with a recorder: models of other layers, cells run again, raw inputs, splits of their own."""

import json

import keras
import numpy as np
import pytest
from keras import layers as L

import cutaway as ct
from cutaway.cli import main
from cutaway.errors import CutawayWarning, ModelError, RunError, UsageError
from cutaway.runs import RunFolder

SPARSE = "sparse_categorical_crossentropy"
GENERATOR = np.random.default_rng(0)
LABELS = GENERATOR.integers(0, 3, 240)


@pytest.fixture(autouse=True)
def seeded():
    """Keras draws first weights and orders from its global seed, which tests before would have moved on."""
    keras.utils.set_random_seed(0)


@pytest.fixture(scope="module")
def pictures():
    """Three classes of 6 x 6 bytes, each bright in rows of its own; no two samples are equal."""
    x = GENERATOR.integers(0, 120, (240, 6, 6))
    for row in (0, 1):
        x[np.arange(240), 2 * LABELS + row] += 100
    x, y = x.astype(np.uint8), LABELS
    return ct.Dataset.from_arrays(x[:180], y[:180], x_test=x[180:], y_test=y[180:], name="pictures")


def compiled(*layers, shape=(36,), metrics=("accuracy",), **settings):
    model = keras.Sequential([keras.Input(shape), *layers, L.Dense(3, activation="softmax", name="out")], name="mine")
    settings = {"optimizer": keras.optimizers.Adam(0.01), "loss": SPARSE, "run_eagerly": True, **settings}
    model.compile(metrics=list(metrics), **settings)
    return model


def dense(**settings):
    return compiled(L.Dense(8, activation="relu", name="hidden"), **settings)


def fit(model, recorder, x, *, validate=True, **settings):
    data, split = recorder.data, recorder.split
    call = {"epochs": 2, "batch_size": 45, "verbose": 0, **settings}
    if validate:
        call["validation_data"] = (x(split.val), data.y(split.val))
    return model.fit(x(split.train), data.y(split.train), callbacks=[recorder], **call)


# models of other layers


@pytest.fixture(scope="module")
def convolved(pictures, tmp_path_factory):
    recorder = ct.Recorder(tmp_path_factory.mktemp("conv") / "run", pictures)
    model = compiled(
        L.Conv2D(4, 3, name="conv"), L.MaxPooling2D(), L.Flatten(), L.Lambda(lambda v: 2 * v), shape=(6, 6, 1)
    )
    with pytest.warns(CutawayWarning, match='layer "conv" .*Conv2D, is not opened again: the run keeps history'):
        fit(model, recorder, lambda ids: pictures.inputs(ids, flat=False)[..., None], epochs=3)
    return model, ct.open_run(recorder.path, data=pictures)


@pytest.mark.exhaustive
def test_a_model_of_other_layers_is_recorded_with_its_predictions(convolved, pictures):
    model, run = convolved
    assert json.loads((run.path / "run.json").read_text())["model"] is None
    assert (run.folder.status, len(run.history), run.folder.manifest.kept_epoch) == ("finished", 3, 3)
    for split in ("val", "test"):
        ids = run.split.part(split)
        expected = model.predict(pictures.inputs(ids, flat=False)[..., None], verbose=0)
        np.testing.assert_allclose(run.predictions(split=split), expected, atol=1e-3)
    loss, accuracy = model.evaluate(
        pictures.inputs(run.split.test, flat=False)[..., None], pictures.y(run.split.test), verbose=0
    )
    assert run.test == pytest.approx({"loss": loss, "accuracy": accuracy, "cross_entropy": loss}, rel=1e-5)
    predicted = expected.argmax(axis=1)
    np.testing.assert_array_equal(run.confusion(), _counts(pictures.y(run.split.test), predicted))
    assert len(run.mistakes(60).position) == (predicted != pictures.y(run.split.test)).sum()
    run.findings()


def _counts(true, predicted):
    counts = np.zeros((3, 3), np.int64)
    np.add.at(counts, (true, predicted), 1)
    return counts


@pytest.mark.exhaustive
def test_snapshots_of_other_layers_hold_every_weight(convolved):
    model, run = convolved
    kept = run.folder.snapshot()
    assert sorted(kept) == sorted(variable.path for variable in model.weights)
    for variable in model.weights:
        np.testing.assert_array_equal(kept[variable.path], variable.numpy())


@pytest.mark.parametrize("view", ["layers", "units", "embed", "model", "layer_history", "similarity"])
def test_views_of_layers_say_why_they_are_not_to_be_had(convolved, view):
    _, run = convolved
    text = "needs the model's specification; got run, recorded without: .*conv.*next: its history"
    with pytest.raises(RunError, match=text) as raised:
        getattr(run, view)()
    assert "\n" not in str(raised.value)


def test_predictions_of_training_samples_are_not_recorded(convolved):
    with pytest.raises(RunError, match='for validation and test samples.*next: use split="test"'):
        convolved[1].predictions(split="train")


@pytest.mark.exhaustive
def test_a_nested_model_is_recorded(pictures, tmp_path):
    inner = keras.Sequential([L.Dense(4, name="same"), L.Dense(4, name="same2")], name="inner")
    model = compiled(inner, L.Dense(5, name="same"))
    with pytest.warns(CutawayWarning, match="is not opened again"):
        fit(model, ct.Recorder(tmp_path / "run", pictures), pictures.inputs)
    assert len(RunFolder.open(tmp_path / "run").snapshot()) == len(model.weights)


class Mine(keras.Model):
    """A subclass, whose inputs and layers Keras does not know."""

    def __init__(self, activation):
        super().__init__()
        self.out = L.Dense(3, activation)

    def call(self, x):
        return self.out(x)


@pytest.mark.parametrize("activation", ["softmax", "linear"])
def test_a_subclass_is_recorded_once_it_has_an_input_as_the_error_says(pictures, tmp_path, activation, capsys):
    recorder, mine = ct.Recorder(tmp_path / "run", pictures), Mine(activation)
    settings = {"loss": keras.losses.SparseCategoricalCrossentropy(from_logits=activation == "linear")}
    mine.compile("adam", metrics=["accuracy"], **settings)
    with pytest.raises(
        ModelError, match=r"got 0 inputs and 0 outputs known of Mine; next: .* keras.Model\(i, mine\(i\)\)"
    ):
        fit(mine, recorder, pictures.inputs)
    entry = keras.Input((36,))
    model = keras.Model(entry, mine(entry))
    model.compile("adam", metrics=["accuracy"], **settings)
    with pytest.warns(CutawayWarning, match='"mine.*Mine, is not opened again'):
        fit(model, recorder, pictures.inputs)
    run = ct.open_run(recorder.path, data=pictures)
    outputs = model.predict(pictures.inputs(run.split.test), verbose=0)
    expected = outputs if activation == "softmax" else keras.ops.softmax(outputs)
    np.testing.assert_allclose(run.predictions(), expected, atol=1e-5)
    assert not run.verdict().is_measured
    findings = run.findings()
    found = run.verdict()
    assert found.is_measured, "what was judged is known afterwards, although its layers are not"
    assert found.problem in findings or "its layers do not open" in dict(found.lines())["problem"]
    with pytest.raises(SystemExit):
        main(["show", str(run.path)])
    assert '  model    does not open: layer "mine' in capsys.readouterr().out


def test_the_cross_entropy_of_a_recorded_model_is_exact_everywhere(tmp_path):
    y = np.arange(120) % 2
    y[::10] = 1 - y[::10]
    data = ct.Dataset.from_arrays(np.where(np.arange(120) % 2, 60.0, -60.0)[:, None].astype("float32"), y, scale=1.0)
    model = keras.Sequential([keras.Input((1,)), L.Dense(2)])
    model.set_weights([np.array([[-0.5, 0.5]], np.float32), np.zeros(2, np.float32)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    runs = [ct.record(model, data, runs=tmp_path / "ready", progress=False)]
    recorder = ct.Recorder(tmp_path / "fit", data)
    model.optimizer.learning_rate = 0.0
    fit(model, recorder, data.inputs, validate=False, epochs=1)
    runs.append(ct.open_run(recorder.path, data=data))
    losses = []
    for run in runs:
        p = run.predictions()[np.arange(len(run.split.test)), run.labels()].astype(float)
        losses.append(exact := -np.log(p).mean())
        assert p.min() < 1e-20
        assert run.test["cross_entropy"] == pytest.approx(exact)
        assert run.test["loss"] < exact - 1
        assert run.calibration().scores.log_loss == pytest.approx(exact)
        assert run.importance().measures.loss == pytest.approx(exact)
        assert f"cross-entropy {exact:.4f}" in repr(run)
    assert ct.compare(*runs, progress=False).measures.loss == pytest.approx(tuple(losses))


# cells that run again


def test_a_recorder_tells_what_it_has_recorded(pictures, tmp_path):
    recorder = ct.Recorder(tmp_path / "run", pictures)
    assert repr(recorder) == f"<Recorder {str(tmp_path / 'run')!r}: pictures, not fitted yet>"
    fit(dense(), recorder, pictures.inputs, epochs=1)
    assert repr(recorder) == f"<Recorder {str(tmp_path / 'run')!r}: pictures, 1 epoch, finished>"


def test_a_cell_that_runs_again_records_under_a_new_name_or_replaces(pictures, tmp_path):
    fit(dense(), ct.Recorder(tmp_path / "run", pictures), pictures.inputs, epochs=1)
    with pytest.warns(CutawayWarning, match='run" already: this one is recorded at .*run-2"; pass overwrite=True'):
        second = ct.Recorder(tmp_path / "run", pictures)
    assert second.path == tmp_path / "run-2"
    fit(dense(), second, pictures.inputs, epochs=2)
    third = ct.Recorder(tmp_path / "run", pictures, overwrite=True)
    assert len(RunFolder.open(third.path).history()) == 1, "nothing is deleted before fit starts"
    fit(dense(), third, pictures.inputs, epochs=3)
    assert [len(RunFolder.open(tmp_path / name).history()) for name in ("run", "run-2")] == [3, 2]


def test_what_is_no_run_is_never_replaced(pictures, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("a user's own")
    for overwrite in (False, True):
        with pytest.raises(RunError, match="got something else at .*mine.*next: choose another path"):
            ct.Recorder(tmp_path / "mine", pictures, overwrite=overwrite)
    assert (tmp_path / "mine" / "notes.txt").read_text() == "a user's own"


def test_a_fit_that_fails_at_once_is_in_nobodys_way(pictures, tmp_path):
    class Crash(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise ZeroDivisionError

    for _ in range(2):
        recorder = ct.Recorder(tmp_path / "run", pictures)
        assert recorder.path == tmp_path / "run"
        x = pictures.inputs(recorder.split.train)
        with pytest.raises(ZeroDivisionError):
            dense().fit(x, pictures.y(recorder.split.train), verbose=0, callbacks=[Crash(), recorder])
    fit(dense(), ct.Recorder(tmp_path / "run", pictures), pictures.inputs)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert RunFolder.open(tmp_path / "run").status == "finished"


def test_metrics_with_the_names_of_our_entries_are_kept_beside_them(pictures, tmp_path):
    names = ["epoch", "seconds", "kind"]
    metrics = [keras.metrics.SparseCategoricalAccuracy(name=name) for name in names]
    recorder = ct.Recorder(tmp_path / "run", pictures)
    with pytest.warns(CutawayWarning, match='the metric "(epoch|seconds|kind)" has the name of an entry'):
        history = fit(dense(metrics=metrics), recorder, pictures.inputs).history
    rows = RunFolder.open(recorder.path).history()
    assert [row["epoch"] for row in rows] == [1, 2]
    for name in names:
        assert [row[f"metric_{name}"] for row in rows] == history[name]
    assert all(row["seconds"] not in history["seconds"] for row in rows)


# what fit was fed


def rescaling(**settings):
    return compiled(L.Rescaling(1 / 255), L.Dense(8, activation="relu", name="hidden"), **settings)


def raw(data):
    return lambda ids: data.x(ids).reshape(len(ids), -1)


@pytest.mark.parametrize("inputs", ["auto", "raw"])
@pytest.mark.parametrize("validate", [True, False])
def test_a_model_that_rescales_raw_samples_is_measured_on_raw_samples(pictures, tmp_path, validate, inputs):
    model, recorder = rescaling(), ct.Recorder(tmp_path / "run", pictures, inputs=inputs)
    fit(model, recorder, raw(pictures), validate=validate, epochs=4)
    run = ct.open_run(tmp_path / "run", data=pictures)
    test = run.split.test
    loss, accuracy = model.evaluate(raw(pictures)(test), pictures.y(test), verbose=0)
    assert run.test == pytest.approx({"loss": loss, "accuracy": accuracy, "cross_entropy": loss}, rel=1e-5)
    np.testing.assert_allclose(run.predictions(), model.predict(raw(pictures)(test), verbose=0), atol=1e-5)
    assert run.data.scale == 1
    assert run.folder.manifest.model_extra["fit"]["inputs"] == "raw"


def test_validation_data_say_more_than_the_first_layer(pictures, tmp_path):
    """A Rescaling after which users scale all the same, and none where they do not."""
    for model, x, said in ((rescaling(), pictures.inputs, "scaled"), (dense(), raw(pictures), "raw")):
        recorder = ct.Recorder(tmp_path / said, pictures)
        fit(model, recorder, x)
        manifest = RunFolder.open(recorder.path).manifest
        assert manifest.model_extra["fit"] == {"inputs": said, "validation": "val", "training": "train"}
        expected = model.evaluate(x(recorder.split.test), pictures.y(recorder.split.test), verbose=0)
        assert list(manifest.test.values())[:2] == pytest.approx(expected, rel=1e-4)


def test_inputs_that_are_not_what_fit_got_are_an_error_with_both_numbers(pictures, tmp_path):
    model, recorder = rescaling(), ct.Recorder(tmp_path / "run", pictures, inputs="scaled")
    text = r'val_\w+ [\d.]+ by Keras and [\d.]+ on the same 45 samples, with scaled inputs.*next: pass inputs="raw"'
    with pytest.raises(RunError, match=text):
        fit(model, recorder, raw(pictures), epochs=8)
    run = ct.open_run(tmp_path / "run", data=pictures)
    assert run.folder.status == "failed"
    assert "by Keras" in run.folder.manifest.why


@pytest.mark.exhaustive
def test_another_preparation_is_an_error_unless_the_user_vouches(pictures, tmp_path):
    def upside_down(ids):
        return 1 - pictures.inputs(ids)

    model, recorder = dense(), ct.Recorder(tmp_path / "run", pictures)
    with pytest.raises(RunError, match=r"val_accuracy [\d.]+ by Keras and [\d.]+ on the 45 validation samples of"):
        fit(model, recorder, upside_down, epochs=15)
    fit(dense(), ct.Recorder(tmp_path / "vouched", pictures, inputs="scaled"), upside_down, epochs=15)
    assert RunFolder.open(tmp_path / "vouched").status == "finished"


def test_there_are_three_kinds_of_inputs(pictures, tmp_path):
    with pytest.raises(UsageError, match="inputs is one of auto, scaled, raw; got 'bytes'"):
        ct.Recorder(tmp_path / "run", pictures, inputs="bytes")


@pytest.mark.exhaustive
def test_the_last_rows_that_fit_held_out_are_the_validation_samples(pictures, tmp_path):
    recorder = ct.Recorder(tmp_path / "run", pictures)
    everything = pictures.sources["train"]
    x = everything.x.reshape(180, -1) / 255  # float64, which Keras rounds
    dense().fit(x, everything.y, validation_split=0.2, epochs=2, batch_size=48, verbose=0, callbacks=[recorder])
    run = ct.open_run(recorder.path, data=pictures)
    assert run.split.val.names() == [f"train[{row}]" for row in range(144, 180)]
    assert run.context.manifest.split["stratified"] is run.split.stratified is False, "Keras takes the last rows"
    assert run.split.train.names() == [f"train[{row}]" for row in range(144)]
    assert run.split.test.names() == [f"test[{row}]" for row in range(60)]
    assert run.folder.manifest.model_extra["fit"] == {"inputs": "scaled", "validation": "val", "training": "train"}
    assert recorder.split.val.names() == run.split.val.names()
    predicted = run.predictions(split="val").argmax(axis=1)
    assert (predicted == run.labels(split="val")).mean() == pytest.approx(run.history.rows[-1]["val_accuracy"])


@pytest.mark.exhaustive
def test_a_fit_on_all_samples_leaves_none_to_test_on(tmp_path):
    x = GENERATOR.integers(0, 120, (240, 6, 6)).astype(np.uint8)
    order = np.argsort(LABELS, kind="stable")
    data = ct.Dataset.from_arrays(x[order], LABELS[order], name="sorted")
    recorder = ct.Recorder(tmp_path / "run", data)
    assert len(recorder.split.test) > 0
    rows = x[order].reshape(240, -1) / 255
    with pytest.warns(
        CutawayWarning, match="no samples are left to test the model on; fit on recorder.split.train"
    ) as said:
        dense().fit(rows, LABELS[order], validation_split=0.2, batch_size=48, verbose=0, callbacks=[recorder])
    lines = [each.filename for each in said if each.category is CutawayWarning]
    assert lines == [__file__], "the line of the user, not one of the recorder or of Keras"
    run = ct.open_run(recorder.path, data=data)
    assert run.config["validation"] == run.split.validation == 0.2, "as fit was given it"
    assert [len(run.split.part(name)) for name in ("train", "val", "test")] == [192, 48, 0]
    assert run.split.val.index.tolist() == list(range(192, 240)), "Keras takes the last rows"
    assert run.test is None
    assert len(run.predictions(split="val")) == 48
    assert "missing-shuffling" in [each.kind for each in run.findings() if each.severity == "warning"]


@pytest.mark.exhaustive
def test_samples_that_fit_saw_nothing_of_stay_out_of_the_training_samples(pictures, tmp_path):
    recorder = ct.Recorder(tmp_path / "run", pictures)
    given, aside = set(recorder.split.train.names()), set(recorder.split.val.names())
    fit(dense(), recorder, pictures.inputs, validate=False, validation_split=0.2)
    split = ct.open_run(recorder.path, data=pictures).split
    assert (len(split.train), len(split.val)) == (108, 27 + 45)
    assert aside < set(split.val.names())
    assert set(split.train.names()) < given
    said = RunFolder.open(recorder.path).manifest.model_extra["fit"]
    assert (said["validation"], said["training"]) == ("part of val", "train")


@pytest.mark.exhaustive
def test_validation_on_test_samples_and_on_a_part_is_said(pictures, tmp_path):
    def said(name, **settings):
        recorder = ct.Recorder(tmp_path / name, pictures)
        ids = recorder.split
        pair = {"test": ids.test, "part": ids.val}[name]
        x, y = pictures.inputs(pair), pictures.y(pair)
        dense().fit(
            pictures.inputs(ids.train), pictures.y(ids.train), validation_data=(x, y), verbose=0, callbacks=[recorder],
            **settings,
        )  # fmt: skip
        return RunFolder.open(recorder.path).manifest.model_extra["fit"]["validation"]

    assert said("test") == "test"
    assert said("part", validation_steps=1, validation_batch_size=20) == "unknown"


def test_epochs_have_the_numbers_that_keras_shows(tmp_path):
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(10, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    recorder = ct.Recorder(tmp_path / "run", "digits")
    x, y = recorder.data.inputs(recorder.split.train), recorder.data.y(recorder.split.train)
    model.fit(x, y, epochs=1, verbose=0)

    def numbers():
        run = ct.open_run(recorder.path)
        return run.history["epoch"], run.folder.epochs, run.config["epochs"]

    model.fit(x, y, initial_epoch=2, epochs=4, verbose=0, callbacks=[recorder])
    assert numbers() == ([3, 4], [0, 3, 4], 4)
    model.fit(x, y, epochs=1, verbose=0, callbacks=[recorder])
    assert numbers() == ([3, 4, 5], [0, 3, 4, 5], 5)
    model.fit(x, y, initial_epoch=5, epochs=6, verbose=0, callbacks=[recorder])
    assert numbers() == ([3, 4, 5, 6], [0, 3, 4, 5, 6], 6)
    assert ct.open_run(recorder.path).layer_history(progress=False).to_pandas()["epoch"].max() == 6
