"""What users do with a recorder: models of other layers, cells run again, raw inputs, splits of their own."""

import json

import keras
import numpy as np
import pytest
from keras import layers as L

import cutaway as ct
from cutaway.cli import main
from cutaway.errors import CutawayWarning, DataError, ModelError, RunError, UsageError
from cutaway.runs import RunFolder

SPARSE = "sparse_categorical_crossentropy"
GENERATOR = np.random.default_rng(0)
LABELS = GENERATOR.integers(0, 3, 240)


@pytest.fixture(autouse=True)
def seeded():
    """Keras draws first weights and orders from its global seed, which tests before would have moved on."""
    keras.utils.set_random_seed(0)


@pytest.fixture(scope="module")
def images():
    """Three classes of 6 x 6 bytes, each bright in rows of its own; no two samples are equal."""
    x = GENERATOR.integers(0, 120, (240, 6, 6))
    for row in (0, 1):
        x[np.arange(240), 2 * LABELS + row] += 100
    x, y = x.astype(np.uint8), LABELS
    return ct.Dataset.from_arrays(x[:180], y[:180], x_test=x[180:], y_test=y[180:], name="images")


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
def convolved(images, tmp_path_factory):
    recorder = ct.Recorder(tmp_path_factory.mktemp("conv") / "run", images)
    model = compiled(
        L.Conv2D(4, 3, name="conv"), L.MaxPooling2D(), L.Flatten(), L.Lambda(lambda v: 2 * v), shape=(6, 6, 1)
    )
    with pytest.warns(CutawayWarning):
        fit(model, recorder, lambda ids: images.inputs(ids, flat=False)[..., None], epochs=3)
    return model, ct.open_run(recorder.path, data=images)


@pytest.mark.exhaustive
def test_a_model_of_other_layers_is_recorded_with_its_predictions(convolved, images):
    model, run = convolved
    assert json.loads((run.path / "run.json").read_text())["model"] is None
    assert (run.folder.status, len(run.history), run.folder.manifest.kept_epoch) == ("finished", 3, 3)
    for split in ("val", "test"):
        ids = run.split.part(split)
        expected = model.predict(images.inputs(ids, flat=False)[..., None], verbose=0)
        np.testing.assert_allclose(run.predictions(split=split), expected, atol=1e-3)
    loss, accuracy = model.evaluate(
        images.inputs(run.split.test, flat=False)[..., None], images.y(run.split.test), verbose=0
    )
    assert run.test == pytest.approx({"loss": loss, "accuracy": accuracy, "cross_entropy": loss}, rel=1e-5)
    predicted = expected.argmax(axis=1)
    np.testing.assert_array_equal(run.confusion(), _counts(images.y(run.split.test), predicted))
    assert len(run.mistakes(60).position) == (predicted != images.y(run.split.test)).sum()
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


@pytest.mark.exhaustive
def test_a_nested_model_is_recorded(images, tmp_path):
    inner = keras.Sequential([L.Dense(4, name="same"), L.Dense(4, name="same2")], name="inner")
    model = compiled(inner, L.Dense(5, name="same"))
    with pytest.warns(CutawayWarning):
        fit(model, ct.Recorder(tmp_path / "run", images), images.inputs)
    assert len(RunFolder.open(tmp_path / "run").snapshot()) == len(model.weights)


class Mine(keras.Model):
    """A subclass, whose inputs and layers Keras does not know."""

    def __init__(self, activation):
        super().__init__()
        self.out = L.Dense(3, activation)

    def call(self, x):
        return self.out(x)


@pytest.mark.parametrize("activation", ["linear", pytest.param("softmax", marks=pytest.mark.exhaustive)])
def test_a_subclass_is_recorded_once_it_has_an_input(images, tmp_path, activation, capsys):
    recorder, mine = ct.Recorder(tmp_path / "run", images), Mine(activation)
    settings = {"loss": keras.losses.SparseCategoricalCrossentropy(from_logits=activation == "linear")}
    mine.compile("adam", metrics=["accuracy"], **settings)
    with pytest.raises(ModelError):
        fit(mine, recorder, images.inputs)
    entry = keras.Input((36,))
    model = keras.Model(entry, mine(entry))
    model.compile("adam", metrics=["accuracy"], **settings)
    with pytest.warns(CutawayWarning):
        fit(model, recorder, images.inputs)
    run = ct.open_run(recorder.path, data=images)
    outputs = model.predict(images.inputs(run.split.test), verbose=0)
    expected = outputs if activation == "softmax" else keras.ops.softmax(outputs)
    np.testing.assert_allclose(run.predictions(), expected, atol=1e-5)
    assert not run.verdict().is_measured
    findings = run.findings()
    found = run.verdict()
    assert found.is_measured, "what was judged is known afterwards, although its layers are not"
    assert found.problem in findings or found.problem is None
    with pytest.raises(SystemExit):
        main(["show", str(run.path)])
    assert '"mine' in capsys.readouterr().out
    for view in ("layers", "units", "embed", "model", "layer_history", "similarity"):
        with pytest.raises(RunError):
            getattr(run, view)()
    with pytest.raises(RunError):  # only those of validation and test samples are recorded
        run.predictions(split="train")


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


def test_a_cell_that_runs_again_records_under_a_new_name_or_replaces(images, tmp_path):
    fit(dense(), ct.Recorder(tmp_path / "run", images), images.inputs, epochs=1)
    with pytest.warns(CutawayWarning):
        second = ct.Recorder(tmp_path / "run", images)
    assert second.path == tmp_path / "run-2"
    fit(dense(), second, images.inputs, epochs=2)
    third = ct.Recorder(tmp_path / "run", images, overwrite=True)
    assert len(RunFolder.open(third.path).history()) == 1, "nothing is deleted before fit starts"
    fit(dense(), third, images.inputs, epochs=3)
    assert [len(RunFolder.open(tmp_path / name).history()) for name in ("run", "run-2")] == [3, 2]


def test_what_is_no_run_is_never_replaced(images, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("a user's own")
    for overwrite in (False, True):
        with pytest.raises(RunError):
            ct.Recorder(tmp_path / "mine", images, overwrite=overwrite)
    assert (tmp_path / "mine" / "notes.txt").read_text() == "a user's own"


def test_a_fit_that_fails_at_once_is_in_nobodys_way(images, tmp_path):
    class Crash(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise ZeroDivisionError

    for _ in range(2):
        recorder = ct.Recorder(tmp_path / "run", images)
        assert recorder.path == tmp_path / "run"
        x = images.inputs(recorder.split.train)
        with pytest.raises(ZeroDivisionError):
            dense().fit(x, images.y(recorder.split.train), batch_size=45, verbose=0, callbacks=[Crash(), recorder])
    fit(dense(), ct.Recorder(tmp_path / "run", images), images.inputs)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert RunFolder.open(tmp_path / "run").status == "finished"


def test_metrics_with_the_names_of_our_entries_are_kept_beside_them(images, tmp_path):
    names = ["epoch", "seconds", "kind"]
    metrics = [keras.metrics.SparseCategoricalAccuracy(name=name) for name in names]
    recorder = ct.Recorder(tmp_path / "run", images)
    with pytest.warns(CutawayWarning):
        history = fit(dense(metrics=metrics), recorder, images.inputs).history
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


@pytest.mark.parametrize(
    ("inputs", "validate"),
    [("auto", True), *(pytest.param(*each, marks=pytest.mark.exhaustive) for each in (("raw", True), ("auto", False)))],
)
def test_a_model_that_rescales_raw_samples_is_measured_on_raw_samples(images, tmp_path, validate, inputs):
    model, recorder = rescaling(), ct.Recorder(tmp_path / "run", images, inputs=inputs)
    fit(model, recorder, raw(images), validate=validate, epochs=4)
    run = ct.open_run(tmp_path / "run", data=images)
    test = run.split.test
    loss, accuracy = model.evaluate(raw(images)(test), images.y(test), verbose=0)
    assert run.test == pytest.approx({"loss": loss, "accuracy": accuracy, "cross_entropy": loss}, rel=1e-5)
    np.testing.assert_allclose(run.predictions(), model.predict(raw(images)(test), verbose=0), atol=1e-5)
    assert run.data.scale == 1
    assert run.folder.manifest.model_extra["fit"]["inputs"] == "raw"


def test_inputs_that_are_not_what_fit_got_are_an_error_with_both_numbers(images, tmp_path):
    model, recorder = rescaling(), ct.Recorder(tmp_path / "run", images, inputs="scaled")
    with pytest.raises(RunError, match='inputs="raw"'):
        fit(model, recorder, raw(images), epochs=8)
    run = ct.open_run(tmp_path / "run", data=images)
    assert run.folder.status == "failed"
    assert "by Keras" in run.folder.manifest.why


@pytest.mark.exhaustive
@pytest.mark.parametrize("part", ["val", "test"])
def test_another_preparation_is_an_error(images, tmp_path, part):
    def upside_down(ids):
        return 1 - images.inputs(ids)

    model, recorder = dense(), ct.Recorder(tmp_path / "run", images)
    held = recorder.split.part(part)
    pair = upside_down(held), images.y(held)
    with pytest.raises(RunError):
        fit(model, recorder, upside_down, validate=False, validation_data=pair, epochs=15)


@pytest.mark.exhaustive
def test_weights_of_validation_samples_are_in_their_loss_alone(images, tmp_path):
    def weighted(name, **settings):
        recorder = ct.Recorder(tmp_path / name, images, **settings)
        val = recorder.split.val
        held = images.inputs(val), images.y(val), np.where(images.y(val) == 0, 5.0, 1.0)
        fit(dense(), recorder, images.inputs, validate=False, validation_data=held)
        return RunFolder.open(recorder.path)

    with pytest.raises(RunError):
        weighted("auto")
    assert weighted("given", inputs="scaled").status == "finished"


def test_there_are_three_kinds_of_inputs(images, tmp_path):
    with pytest.raises(UsageError):
        ct.Recorder(tmp_path / "run", images, inputs="bytes")


def known(run):
    """What is known of a fit, and whether there is a test accuracy."""
    return run.folder.manifest.model_extra["fit"] | {"test": run.test is not None}


def test_a_fit_on_the_split_has_a_test_accuracy(images, tmp_path):
    recorder = ct.Recorder(tmp_path / "run", images)
    fit(dense(), recorder, images.inputs)
    run = ct.open_run(recorder.path, data=images)
    assert known(run) == {"inputs": "scaled", "training": "train", "validation": "val", "test": True}
    assert (run.verdict().worth.split, run.verdict().worth.samples) == ("test", 60)


@pytest.mark.parametrize(
    "given",
    [
        "validation_split",
        *(
            pytest.param(each, marks=pytest.mark.exhaustive)
            for each in ("a part of the samples", "test samples as well")
        ),
    ],
)
def test_a_fit_on_another_number_of_samples_has_no_test_accuracy(images, tmp_path, given):
    recorder = ct.Recorder(tmp_path / "run", images)
    everything, split = images.sources["train"], recorder.split
    rows = {
        "validation_split": (everything.x.reshape(180, -1) / 255, everything.y, {"validation_split": 0.5}),
        "a part of the samples": (images.inputs(split.train[:90]), images.y(split.train[:90]), {}),
        "test samples as well": (images.inputs(split.part("all")), images.y(split.part("all")), {}),
    }
    x, y, settings = rows[given]
    saw = (90, 90, 240)[list(rows).index(given)]
    with pytest.warns(CutawayWarning, match=f"{saw} .*135") as said:
        dense().fit(x, y, epochs=2, batch_size=45, verbose=0, callbacks=[recorder], **settings)
    lines = [each.filename for each in said if each.category is CutawayWarning]
    assert lines == [__file__], "once, at the line of the user and not at one of the recorder or of Keras"
    run = ct.open_run(recorder.path, data=images)
    validation = {"validation": "unknown"} if settings else {}
    assert known(run) == {"inputs": "scaled", "training": "unknown", **validation, "test": False}
    assert not len(run.split.test), "nothing is judged on samples that may have been learned from"
    assert (run.split.train.names(), run.split.val.names()) == (split.train.names(), split.val.names())
    assert not run.verdict().worth
    assert "accuracy" not in repr(run)
    assert not {"agreement", "test"} & {each.kind for each in run.findings()}


def test_the_last_rows_of_sorted_samples_are_validation_samples_of_other_classes(images, tmp_path):
    train, order = images.sources["train"], np.argsort(images.sources["train"].y, kind="stable")
    data, y = ct.Dataset.from_arrays(train.x[order], train.y[order], name="sorted"), train.y[order]
    recorder = ct.Recorder(tmp_path / "run", data)
    fitted = train.x[order].reshape(180, -1) / 255, y
    with pytest.warns(CutawayWarning):
        dense(optimizer="sgd").fit(*fitted, validation_split=0.25, epochs=2, verbose=0, callbacks=[recorder])
    found = {each.kind: each for each in ct.open_run(recorder.path, data=data).findings()}["unshuffled-split"]
    shares = [np.bincount(part, minlength=3) / len(part) for part in (y[:135], y[135:])]
    assert found.evidence["split"] == "val"
    assert found.evidence["distance"] == pytest.approx(abs(shares[0] - shares[1]).sum() / 2)


def test_a_test_accuracy_does_not_come_back_with_another_fit(images, tmp_path):
    model, recorder = dense(), ct.Recorder(tmp_path / "run", images)
    part = images.inputs(recorder.split.train[:90]), images.y(recorder.split.train[:90])
    with pytest.warns(CutawayWarning):
        model.fit(*part, batch_size=45, verbose=0, callbacks=[recorder])
    fit(model, recorder, images.inputs)
    assert not known(ct.open_run(recorder.path, data=images))["test"]


@pytest.mark.parametrize(
    ("part", "settings"),
    [
        ("test", {}),
        pytest.param("val", {"validation_steps": 1, "validation_batch_size": 20}, marks=pytest.mark.exhaustive),
    ],
)
def test_samples_of_another_number_are_not_taken_for_the_validation_samples(part, settings, images, tmp_path):
    recorder = ct.Recorder(tmp_path / "run", images)
    held = images.inputs(recorder.split.part(part)), images.y(recorder.split.part(part))
    fit(dense(), recorder, images.inputs, validate=False, validation_data=held, **settings)
    assert known(ct.open_run(recorder.path, data=images))["validation"] == "unknown"


def test_samples_that_fit_is_validated_on_can_be_given(images, tmp_path):
    x, y = GENERATOR.integers(0, 256, (45, 6, 6)).astype(np.uint8), np.arange(45) % 3
    recorder = ct.Recorder(tmp_path / "run", images, validation_data=(x, y))
    assert repr(recorder.split) == "<Split: train 180, val 45, test 60>"
    assert recorder.split.val.names()[7] == "val[7]"
    fit(dense(), recorder, recorder.data.inputs)
    run = ct.open_run(recorder.path, data=recorder.data)
    assert known(run) == {"inputs": "scaled", "training": "train", "validation": "val", "test": True}
    right = (run.predictions(split="val").argmax(axis=1) == y).mean()
    assert right == pytest.approx(run.history.rows[-1]["val_accuracy"])


@pytest.mark.parametrize("given", [(LABELS,), (LABELS[:, None], LABELS)])
def test_validation_data_are_a_pair_like_the_data(images, tmp_path, given):
    with pytest.raises((UsageError, DataError)):
        ct.Recorder(tmp_path / "run", images, validation_data=given)


def test_validation_data_are_given_once(images, tmp_path):
    train = images.sources["train"]
    held = {"x_val": train.x[:50], "y_val": train.y[:50]}
    data = ct.Dataset.from_arrays(train.x, train.y, **held)
    with pytest.raises(UsageError):
        ct.Recorder(tmp_path / "run", data, validation_data=(train.x, train.y))


def test_epochs_have_the_numbers_that_keras_shows(images, tmp_path):
    model, recorder = dense(), ct.Recorder(tmp_path / "run", images)
    x, y = images.inputs(recorder.split.train), images.y(recorder.split.train)
    settings = {"batch_size": 45, "verbose": 0, "callbacks": [recorder]}

    def numbers():
        run = ct.open_run(recorder.path, data=images)
        return run.history["epoch"], run.folder.epochs, run.config["epochs"]

    model.fit(x, y, initial_epoch=2, epochs=4, **settings)
    assert numbers() == ([3, 4], [0, 3, 4], 4)
    model.fit(x, y, epochs=1, **settings)
    assert numbers() == ([3, 4, 5], [0, 3, 4, 5], 5)
    model.fit(x, y, initial_epoch=5, epochs=6, **settings)
    assert numbers() == ([3, 4, 5, 6], [0, 3, 4, 5, 6], 6)
    assert ct.open_run(recorder.path, data=images).layer_history(progress=False).to_pandas()["epoch"].max() == 6
