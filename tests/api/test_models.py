import keras
import numpy as np
import onnxruntime
import pandas as pd
import pytest

import cutaway as ct
from cutaway.api.model_files import export, inspect_model, open_model
from cutaway.api.opening import open_run
from cutaway.api.record import record
from cutaway.api.train import resume
from cutaway.errors import CutawayError, ModelError, UnknownNameError, UsageError


@pytest.fixture(scope="module")
def model_file(digits_run, tmp_path_factory):
    """The model of a finished run as plain Keras saves it."""
    path = tmp_path_factory.mktemp("models") / "digits.keras"
    digits_run.model().save(path)
    return path


@pytest.fixture(scope="module")
def recorded(model_file, tmp_path_factory):
    runs = tmp_path_factory.mktemp("recorded")
    return record(open_model(model_file), "digits", runs=runs, progress=False)


def test_a_recorded_model_is_a_finished_run_of_one_snapshot(recorded, digits_run):
    assert recorded.folder.status == "finished"
    assert recorded.folder.epochs == [0]
    assert len(recorded.history) == 0
    assert recorded.test["accuracy"] == pytest.approx(digits_run.test["accuracy"], abs=1e-9)
    of_truth = digits_run.predictions()[np.arange(len(digits_run.labels())), digits_run.labels()]
    assert recorded.test["loss"] == pytest.approx(-np.log(of_truth).mean(), rel=1e-4), "labels are not smoothed"
    for ours, theirs in zip(recorded.model().get_weights(), digits_run.model().get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_every_view_works_on_it(recorded, digits_run):
    again = open_run(recorded.path)
    assert [r.parameters for r in again.layers()] == [r.parameters for r in digits_run.layers()]
    np.testing.assert_allclose(again.activations("dense_2"), digits_run.activations("dense_2"), rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(again.confusion(), digits_run.confusion())
    assert len(again.mistakes(3).position) == 3
    assert any("test" in finding.title.lower() for finding in again.findings())
    embedding = again.embed(method="pca", split="test", progress=False)
    assert (embedding.layer, embedding.epoch, len(embedding.xy)) == ("dense_2", 0, len(again.split.test))


@pytest.mark.parametrize("how", ["group", "time"])
def test_a_prepared_table_is_split_as_the_table_says(how, tmp_path):
    numbers = np.random.default_rng(0).normal(size=120)
    frame = pd.DataFrame({"a": numbers, "when": np.arange(120) // 6, "y": np.arange(120) % 2})
    table = ct.load_dataset(frame, label="y", test_share=0.4, **{how: "when"})
    split = table.split()
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2, activation="softmax")])
    run = record(model, table.prepare(split), runs=tmp_path, progress=False)
    for part in ("train", "val", "test"):
        np.testing.assert_array_equal(run.split.part(part).index, split.part(part).index)
    with pytest.raises(AssertionError):
        np.testing.assert_array_equal(split.test.index, ct.load_dataset(frame, label="y").split().test.index)


def test_a_path_is_opened_safely_and_nothing_is_left_of_what_does_not_fit(model_file, tmp_path):
    run = record(model_file, "digits", runs=tmp_path / "runs", name="theirs", progress=False)
    assert "-theirs-" in run.path.name
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(10)])
    other = tmp_path / "other"
    with pytest.raises(ModelError):
        record(model, "digits", runs=other, progress=False)
    with pytest.raises(ModelError):
        record(keras.Sequential([keras.layers.Dense(10)]), "digits", runs=other, progress=False)
    with pytest.raises(ModelError):
        record(object(), "digits", runs=other, progress=False)  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="none.keras"):
        record(tmp_path / "none.keras", "digits", runs=other, progress=False)

    def interrupt(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        record(model_file, "digits", runs=other, progress=interrupt)
    assert not other.exists()


def test_a_model_that_ends_in_logits(tmp_path):
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(10)])
    run = record(model, "digits", runs=tmp_path, progress=False)
    x, y = run.data.inputs(run.split.test), run.data.y(run.split.test)
    logits = np.asarray(model(x), np.float64)
    log = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    assert run.test["loss"] == pytest.approx(-log[np.arange(len(y)), y].mean(), rel=1e-5)
    assert run.test["accuracy"] == (logits.argmax(axis=1) == y).mean()


def test_it_cannot_be_resumed(recorded):
    with pytest.raises(UsageError):
        resume(recorded)


def test_inspecting(model_file):
    summary = inspect_model(model_file)
    assert (summary.format, summary.kind, summary.input, summary.refused) == ("keras", "Sequential", (64,), ())
    assert summary.keras_version == keras.__version__
    assert summary.parameters == keras.saving.load_model(model_file).count_params()
    assert [layer["name"] for layer in summary.layers][:2] == ["dense_1", "dropout_1"]


@pytest.mark.parametrize(
    ("kind", "dtype"), [pytest.param("auto", np.float32, marks=pytest.mark.exhaustive), ("uint8", np.uint8)]
)
def test_a_run_as_onnx_takes_samples_as_they_are(digits_run, tmp_path, kind, dtype):
    file = export(str(digits_run.path), tmp_path / "model.onnx", input=kind)
    x = digits_run.data.x(digits_run.split.test).astype(dtype)
    (out,) = onnxruntime.InferenceSession(file).run(None, {"input": x})
    np.testing.assert_allclose(out, digits_run.predictions(), rtol=1e-5, atol=1e-5)


def test_bytes_are_the_input_where_the_data_are_bytes(tmp_path):
    rng = np.random.default_rng(0)
    data = ct.Dataset.from_arrays(rng.integers(0, 256, (60, 4, 3), dtype=np.uint8), np.arange(60) % 3)
    run = record(keras.Sequential([keras.Input((12,)), keras.layers.Dense(3)]), data, runs=tmp_path, progress=False)
    session = onnxruntime.InferenceSession(export(run, tmp_path / "model.onnx"))
    assert (session.get_inputs()[0].type, session.get_inputs()[0].shape) == ("tensor(uint8)", ["batch", 4, 3])


def test_wrong_exports(digits_run, tmp_path):
    (tmp_path / "folder.keras").mkdir()
    wrong = [
        ((digits_run, tmp_path / "model.h5"), {}, "model.h5"),
        ((digits_run, tmp_path / "folder.keras"), {}, "folder.keras"),
        ((digits_run, tmp_path / "none" / "model.keras"), {}, "none"),
        ((digits_run, tmp_path / "model.onnx"), {"input": "int8"}, "int8"),
        ((digits_run, tmp_path / "model.keras"), {"input": "uint8"}, ".onnx"),
        ((digits_run, tmp_path / "model.keras"), {"epoch": 99}, "99"),
        (("nothing", tmp_path / "model.keras"), {}, "nothing"),
        ((digits_run, "/proc/model.keras"), {}, "/proc/model.keras"),
    ]
    for arguments, options, text in wrong:
        with pytest.raises(CutawayError, match=text):
            export(*arguments, **options)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.keras"]
