"""Exported models take raw samples and say what `Run.predict` says, in plain Keras and in onnxruntime."""

import hashlib
import json
import subprocess
import sys
import warnings
import zipfile

import keras
import numpy as np
import onnxruntime
import pandas as pd
import pytest
from keras import layers as L
from PIL import Image
from sklearn.datasets import load_wine

import cutaway as ct
from cutaway.data import Preparation
from cutaway.errors import DataError, UsageError
from cutaway.models import TargetUnit, build_model
from tests.ready_runs import record_untrained

pytestmark = pytest.mark.slow


def customers(count):
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "age": random.normal(45, 15, count),
            "city": random.choice(["Rome", "Oslo", "Ürümqi", "a b"], count),
            "active": random.random(count) < 0.5,
            "tariff": random.choice([1.0, 2.0, 3.0], count),
            "label": random.normal(0, 1, count),  # the name of an output
        }
    )
    frame["churned"] = np.where(frame["age"] + 20 * (frame["city"] == "Oslo") > 50, "yes", "no")
    frame.loc[::7, "age"] = frame.loc[::5, "tariff"] = np.nan
    frame.loc[::11, "city"] = None
    return frame


@pytest.fixture(scope="module")
def rows():
    return customers(900)


@pytest.fixture(scope="module")
def mixed(rows, tmp_path_factory):
    data = ct.load_dataset(rows, label="churned", category=["tariff"])
    return record_untrained(data, tmp_path_factory.mktemp("mixed"))


@pytest.fixture(scope="module")
def wine(ready_run):
    return ready_run("wine")


@pytest.fixture(scope="module")
def wine_rows():
    return load_wine(as_frame=True).data  # pyright: ignore[reportAttributeAccessIssue]


def said(file, inputs):
    return onnxruntime.InferenceSession(file).run(["label", "probabilities"], inputs)


def as_inputs(file, frame):
    """A frame as the inputs of an ONNX file, each by its type."""
    session, inputs = onnxruntime.InferenceSession(file), {}
    for entry in session.get_inputs():
        column = frame[entry.name]
        is_text = entry.type == "tensor(string)"
        values = column.where(column.notna(), "").astype(str).to_numpy(object) if is_text else column.to_numpy(float)
        inputs[entry.name] = values[:, None]
    return inputs


PLAIN = """
import sys, keras, numpy as np
model = keras.saving.load_model(sys.argv[1])
np.save(sys.argv[3], model.predict(np.load(sys.argv[2]), verbose=0))
assert "cutaway" not in sys.modules
"""


def said_by_plain_keras(file, x, folder):
    np.save(folder / "x.npy", x)
    arguments = [sys.executable, "-c", PLAIN, str(file), str(folder / "x.npy"), str(folder / "y.npy")]
    subprocess.run(arguments, check=True, capture_output=True)
    return np.load(folder / "y.npy")


@pytest.mark.exhaustive
def test_digits_in_plain_keras(digits_run, tmp_path):
    x = digits_run.data.x(digits_run.split.test)
    file = ct.export(digits_run, tmp_path / "model.keras", epoch=2)
    out = said_by_plain_keras(file, x.astype(np.float32), tmp_path)
    np.testing.assert_allclose(out, digits_run.predict(x, epoch=2), rtol=1e-5, atol=1e-6)
    assert not (tmp_path / "model.keras.preparation.json").exists()
    metadata = json.loads(zipfile.ZipFile(file).read("metadata.json"))
    assert metadata["class_names"] == list("0123456789")
    assert metadata["preparation"] == "inside"
    assert metadata["keras_version"] == keras.__version__


@pytest.mark.exhaustive
@pytest.mark.parametrize("flat", [True, False])
def test_images_of_mnist(tmp_path, flat):
    source = ct.load_dataset("mnist").sources["train"]
    data = ct.Dataset.from_arrays(source.x[:600], source.y[:600])
    layers = [L.Dense(20, activation="relu"), L.Dense(10, activation="softmax")]
    model = keras.Sequential([keras.Input((784,) if flat else (28, 28)), *([] if flat else [L.Flatten()]), *layers])
    run = ct.record(model, data, runs=tmp_path / "runs", progress=False)
    expected = run.predict(source.x[600:700])
    file = ct.export(run, tmp_path / "model.onnx")
    (out,) = onnxruntime.InferenceSession(file).run(["output"], {"input": source.x[600:700]})
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-6)
    theirs = keras.saving.load_model(ct.export(run, tmp_path / "model.keras"))
    np.testing.assert_allclose(theirs.predict(source.x[600:700], verbose=0), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.exhaustive
def test_a_table_of_numbers_in_plain_keras(wine, wine_rows, tmp_path):
    file = ct.export(wine, tmp_path / "wine.keras")
    out = said_by_plain_keras(file, wine_rows.to_numpy(np.float32), tmp_path)
    np.testing.assert_allclose(out, wine.predict(wine_rows), rtol=1e-3, atol=1e-4)
    metadata = json.loads(zipfile.ZipFile(file).read("metadata.json"))
    assert metadata["feature_names"] == list(wine_rows.columns)
    assert metadata["class_names"] == list(wine.class_names)


def test_a_table_of_numbers_in_onnx(wine, wine_rows, tmp_path):
    file, expected = ct.export(wine, tmp_path / "wine.onnx"), wine.predict(wine_rows)
    label, probabilities = said(file, as_inputs(file, wine_rows))
    np.testing.assert_allclose(probabilities, expected, rtol=1e-5, atol=1e-6)
    assert label.tolist() == [wine.class_names[best] for best in expected.argmax(axis=1)]


def test_a_mixed_table_in_onnx(mixed, rows, tmp_path):
    file, expected = ct.export(mixed, tmp_path / "mixed.onnx"), mixed.predict(rows)
    session = onnxruntime.InferenceSession(file)
    assert [(entry.name, entry.type, entry.shape) for entry in session.get_inputs()] == [
        ("age", "tensor(double)", ["batch", 1]),
        ("city", "tensor(string)", ["batch", 1]),
        ("active", "tensor(string)", ["batch", 1]),
        ("tariff", "tensor(string)", ["batch", 1]),
        ("label", "tensor(double)", ["batch", 1]),
    ]
    label, probabilities = session.run(["label_", "probabilities"], as_inputs(file, rows))
    np.testing.assert_allclose(probabilities, expected, rtol=1e-5, atol=1e-6)
    assert label.tolist() == [mixed.class_names[best] for best in expected.argmax(axis=1)]
    facts = session.get_modelmeta().custom_metadata_map
    assert json.loads(facts["class_names"]) == ["no", "yes"]
    assert json.loads(facts["columns"])[:2] == [{"name": "age", "kind": "number"}, {"name": "city", "kind": "category"}]


def test_new_rows_of_a_mixed_table_in_onnx(mixed, tmp_path):
    new = pd.DataFrame(
        {
            "age": [1e9, np.nan, -3.0],
            "city": ["Atlantis", "", "Oslo"],
            "active": ["TRUE", "False", "?"],
            "tariff": ["3", "3.0", "7"],
            "label": [0.0, np.nan, 1.0],
        }
    )
    file = ct.export(mixed, tmp_path / "mixed.onnx")
    (probabilities,) = onnxruntime.InferenceSession(file).run(["probabilities"], as_inputs(file, new))
    with pytest.warns(ct.CutawayWarning):
        expected = mixed.predict(new)
    np.testing.assert_allclose(probabilities, expected, rtol=1e-4, atol=1e-6)


def test_what_keras_cannot_prepare_is_beside_it(mixed, rows, tmp_path):
    with pytest.warns(ct.CutawayWarning, match='"age"'):
        file = ct.export(mixed, tmp_path / "mixed.keras")
    document = json.loads((tmp_path / "mixed.keras.preparation.json").read_text())
    assert document["class_names"] == ["no", "yes"]
    assert document["model_sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    # the file says enough to prepare rows
    preparation = Preparation.from_record({"steps": document["columns"], "rows": 1})
    assert list(preparation.features) == document["feature_names"]
    assert json.loads(zipfile.ZipFile(file).read("metadata.json"))["preparation"] == "beside"
    inputs = mixed.data.inputs(mixed.split.test)
    theirs = keras.saving.load_model(file)
    np.testing.assert_allclose(theirs.predict(inputs, verbose=0), mixed.predictions(), rtol=1e-4, atol=1e-6)


@pytest.fixture(scope="module")
def worded(tmp_path_factory):
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"word": random.integers(0, 200, 600).astype(str), "x": random.normal(size=600)})
    frame["class"] = np.where(frame["x"] > 0, "a", "b")
    frame["word"] = np.where(random.random(600) < 0.1, None, "w" + frame["word"])
    return frame, record_untrained(ct.load_dataset(frame, label="class"), tmp_path_factory.mktemp("worded"))


def test_hashed_values_of_the_training_samples_are_in_the_file(worded, tmp_path):
    frame, run = worded
    assert run.context.preparation.steps[0].kind == "hash"
    seen = frame.iloc[run.split.train.index]
    file = ct.export(run, tmp_path / "model.onnx")
    label, probabilities = said(file, as_inputs(file, seen))
    np.testing.assert_allclose(probabilities, run.predict(seen), rtol=1e-5, atol=1e-6)
    assert label.tolist() == [run.class_names[best] for best in probabilities.argmax(axis=1)]
    new = pd.DataFrame({"word": ["never seen", "", "NA"], "x": 0.5})
    missing = run.predict(pd.DataFrame({"word": [None], "x": 0.5}))
    np.testing.assert_allclose(said(file, as_inputs(file, new))[1], np.repeat(missing, 3, axis=0), rtol=1e-5, atol=1e-6)


def test_hashed_values_need_the_data(worded, tmp_path):
    frame, run = worded
    for given in (run.path, ct.open_run(run.path, data=run.data)):  # no table, and one that is prepared already
        with pytest.raises(DataError):
            ct.export(given, tmp_path / "model.onnx")
    again = ct.open_run(run.path, data=ct.load_dataset(frame, label="class"))
    assert ct.export(again, tmp_path / "model.onnx").exists()


def test_dates_are_not_for_onnx(tmp_path):
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"x": random.normal(size=400), "when": pd.date_range("2020-01-01", periods=400, freq="37h")})
    frame["class"] = np.where(frame["x"] > 0, "a", "b")
    run = record_untrained(ct.load_dataset(frame, label="class"), tmp_path / "runs")
    with pytest.raises(UsageError, match='"when"'):
        ct.export(run, tmp_path / "model.onnx")
    file = ct.export(run, tmp_path / "model.onnx", preparation=False)
    assert (tmp_path / "model.onnx.preparation.json").exists()
    out = said(file, {"input": run.data.inputs(run.split.test)})[1]
    np.testing.assert_allclose(out, run.predictions(), rtol=1e-5, atol=1e-6)


@pytest.mark.filterwarnings("ignore:1 of 400 samples is unusually far from the training samples:cutaway.CutawayWarning")
def test_ranks_and_numbers_of_many_digits_are_not_for_keras(tmp_path):
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"year": 1.7e9 + random.normal(size=400), "x": random.normal(size=400)})
    frame["class"] = np.where(frame["x"] > 0, "a", "b")
    run = record_untrained(ct.load_dataset(frame, label="class"), tmp_path / "runs")
    with pytest.warns(ct.CutawayWarning, match='"year"'):
        ct.export(run, tmp_path / "model.keras")
    file = ct.export(run, tmp_path / "model.onnx")
    np.testing.assert_allclose(said(file, as_inputs(file, frame))[1], run.predict(frame), rtol=1e-5, atol=1e-6)
    run = record_untrained(ct.load_dataset(frame, label="class", numbers="quantile"), tmp_path / "runs")
    for ending in ("keras", "onnx"):
        with pytest.warns(ct.CutawayWarning, match='"year"'):
            ct.export(run, tmp_path / f"ranks.{ending}")


def test_a_model_without_its_preparation(digits_run, wine, tmp_path):
    x = digits_run.data.inputs(digits_run.split.test)
    theirs = keras.saving.load_model(ct.export(digits_run, tmp_path / "a.keras", preparation=False))
    np.testing.assert_allclose(theirs.predict(x, verbose=0), digits_run.predictions(), rtol=1e-5, atol=1e-6)
    document = json.loads((tmp_path / "a.keras.preparation.json").read_text())
    assert (document["scale"], document["shape"], document["columns"]) == (16, [8, 8], None)
    file = ct.export(digits_run, tmp_path / "a.onnx", preparation=False)
    (out,) = onnxruntime.InferenceSession(file).run(["output"], {"input": x})
    np.testing.assert_allclose(out, digits_run.predictions(), rtol=1e-5, atol=1e-6)
    for run, options in ((wine, {}), (digits_run, {"preparation": False})):
        with pytest.raises(UsageError):
            ct.export(run, tmp_path / "c.onnx", input="uint8", **options)


@pytest.mark.exhaustive
def test_an_exported_model_is_not_scaled_twice(digits_run, tmp_path):
    file = ct.export(digits_run, tmp_path / "model.keras")
    again = ct.record(file, "digits", runs=tmp_path / "runs", progress=False)
    np.testing.assert_allclose(again.predictions(), digits_run.predictions(), rtol=1e-4, atol=1e-6)
    model = ct.open_model(file)
    further = ct.train(model, "digits", epochs=1, learning_rate=1e-9, runs=tmp_path / "runs", progress=False)
    np.testing.assert_allclose(further.predictions(), digits_run.predictions(), rtol=1e-3, atol=1e-4)
    assert ct.open_run(further.path).data.scale == 1
    x = digits_run.data.x(digits_run.split.test)
    np.testing.assert_allclose(further.predict(x), digits_run.predict(x), rtol=1e-3, atol=1e-4)
    other = ct.train_like(further, seed=1, learning_rate=1e-9, runs=tmp_path / "runs", progress=False)
    np.testing.assert_allclose(other.predict(x), digits_run.predict(x), rtol=1e-3, atol=1e-4)


def test_an_exported_model_of_a_table_takes_raw_rows_again(wine, wine_rows, tmp_path):
    file, bunch = ct.export(wine, tmp_path / "wine.keras"), load_wine(as_frame=True)
    table = ct.load_dataset(bunch)
    standardized = table.prepare(table.split())
    for verb in (ct.record, ct.train):
        with pytest.raises(UsageError):
            verb(ct.open_model(file), standardized, runs=tmp_path / "runs", progress=False)
    table = ct.load_dataset(bunch, numbers="none")
    again = ct.record(file, table.prepare(table.split()), runs=tmp_path / "runs", progress=False)
    np.testing.assert_allclose(again.predict(wine_rows), wine.predict(wine_rows), rtol=1e-3, atol=1e-4)


def test_new_images_for_a_model_that_rescales_them(tmp_path):
    random = np.random.default_rng(0)
    for label in "ab":
        for number in range(20):
            file = tmp_path / "images" / label / f"{number}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(random.integers(0, 256, (6, 5), dtype=np.uint8)).save(file)
    layers = [L.Rescaling(1 / 255), L.Flatten(), L.Dense(2, activation="softmax")]
    model = keras.Sequential([keras.Input((6, 5)), *layers])
    run = ct.record(model, tmp_path / "images", runs=tmp_path / "runs", progress=False)
    pixels = np.asarray(Image.open(tmp_path / "images" / "b" / "3.png"))[None]
    expected = model.predict(pixels.astype(np.float32), verbose=0)
    np.testing.assert_allclose(run.predict(tmp_path / "images" / "b" / "3.png"), expected, rtol=1e-5, atol=1e-6)
    with pytest.raises(ct.CutawayError):
        run.predict(pixels / 255)


@pytest.mark.exhaustive
def test_an_ensemble_of_models_for_a_table(wine_rows, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ct.CutawayWarning)
        table = ct.load_dataset(load_wine(as_frame=True))
        run = ct.train(ct.mlp((8,), ensemble=3), table, epochs=2, runs=tmp_path, progress=False)
    expected, file = run.predict(wine_rows), ct.export(run, tmp_path / "wine.onnx")
    np.testing.assert_allclose(said(file, as_inputs(file, wine_rows))[1], expected, rtol=1e-4, atol=1e-6)
    theirs = keras.saving.load_model(ct.export(run, tmp_path / "wine.keras"))
    out = theirs.predict(wine_rows.to_numpy(np.float32), verbose=0)
    np.testing.assert_allclose(out, expected, rtol=1e-3, atol=1e-4)


def test_the_preparation_beside_a_model_goes_with_the_model_that_it_was_written_for(digits_run, tmp_path):
    file, beside = tmp_path / "model.keras", tmp_path / "model.keras.preparation.json"
    ct.export(digits_run, file, preparation=False)
    assert beside.exists()
    ct.export(digits_run, file)
    assert sorted(tmp_path.iterdir()) == [file]
    ct.export(digits_run, file, preparation=False)
    file.write_bytes(b"another model")
    for kept in (beside.read_bytes(), b'{"format": 1}', b"[]", b"my notes"):  # none is of the file that is replaced
        beside.write_bytes(kept)
        ct.export(digits_run, file)
        assert beside.read_bytes() == kept


def test_numbers_of_a_table_are_in_their_unit_in_onnx(ready_run, tmp_path):
    run = ready_run("homes")
    frame = pd.read_csv(run.path.parents[1] / "homes.csv").drop(columns=["price", "who"])
    file = ct.export(run, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(file)
    assert [each.name for each in session.get_outputs()] == ["price"]
    assert json.loads(session.get_modelmeta().custom_metadata_map["targets"]) == ["price"]
    assert "class_names" not in session.get_modelmeta().custom_metadata_map
    (found,) = session.run(None, as_inputs(file, frame))
    np.testing.assert_allclose(found, run.predict(frame), rtol=1e-5)


def test_numbers_of_a_table_are_in_their_unit_in_keras(ready_run, tmp_path):
    run = ready_run("homes")
    with pytest.warns(ct.CutawayWarning):
        file = ct.export(run, tmp_path / "model.keras")  # categories are prepared beside it
    beside = json.loads((tmp_path / "model.keras.preparation.json").read_text())
    assert beside["targets"] == json.loads(zipfile.ZipFile(file).read("metadata.json"))["targets"] == ["price"]
    assert "class_names" not in beside
    test = run.split.test
    found = keras.saving.load_model(file).predict(run.data.inputs(test), verbose=0)
    np.testing.assert_allclose(found, run.predictions(), rtol=1e-5)
    opened = ct.record(ct.open_model(file), run.data, runs=tmp_path, progress=False)
    np.testing.assert_allclose(opened.predictions(), run.predictions()[: len(test)], rtol=1e-5)
    assert opened.test["r2"] == pytest.approx(run.test["r2"], abs=1e-5)


@pytest.mark.parametrize("log", [False, True])
def test_arrays_of_numbers_in_both_formats(log, tmp_path):
    x = np.random.default_rng(0).uniform(-1, 1, size=(80, 3)).astype(np.float32)
    y = np.exp(x[:, :2] + 9)
    data = ct.Dataset.from_arrays(x, y, scale=2.0, targets=("a", "b"), log=log)
    model = ct.mlp((4,))
    build_model(model, shape=(3,), classes=2, seed=0, unit=TargetUnit.fit(y, ("a", "b"), is_log=log))
    run = ct.record(model, data, runs=tmp_path, progress=False)
    onnx, plain = (ct.export(run, tmp_path / f"model.{ending}") for ending in ("onnx", "keras"))
    expected = run.predict(x)
    assert expected.shape == (80, 2)
    (found,) = onnxruntime.InferenceSession(onnx).run(["output"], {"input": x})
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    np.testing.assert_allclose(keras.saving.load_model(plain).predict(x, verbose=0), expected, rtol=1e-5)
