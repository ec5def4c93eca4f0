"""What a report holds of the model of a run, run in Node, against what the run itself says."""

import json
import shutil
import warnings

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers as L
from PIL import Image

import cutaway as ct
from cutaway.cache import cache_folder
from cutaway.interpret import input_attribution
from cutaway.page import NetworkData
from cutaway.report.network import model as model_file
from cutaway.report.network import network_data
from tests.ready_runs import write_table

pytestmark = pytest.mark.slow

NETWORK = {"network/forward.js": "Network", "network/explaining.js": "Explainer"}


def packed(data):
    assert isinstance(data, NetworkData), data
    json.dumps([data.spec, data.preparation, data.drawing], allow_nan=False)
    return {"spec": data.spec, "weights": list(data.weights), "preparation": data.preparation, "drawing": data.drawing}


def answers(run_script, data, rows):
    body = """
      const network = new Network(data.spec, data.weights);
      return data.rows.map((row) => network.forward(row).probabilities);
    """
    return np.stack(run_script(body, packed(data) | {"rows": [row.reshape(-1) for row in rows]}, imports=NETWORK))


@pytest.fixture(scope="module", params=["table", pytest.param("quantile", marks=pytest.mark.exhaustive)])
def table_run(request, ready_run, tmp_path_factory):
    """The run on a table, or one whose numbers are prepared by their ranks, with a column of true and false."""
    if request.param == "table":
        return ready_run("table")
    folder = tmp_path_factory.mktemp("table")
    frame = pd.read_csv(write_table(folder / "table.csv"))
    frame.assign(member=frame["age"] % 2 == 0).to_csv(folder / "table.csv", index=False)
    with warnings.catch_warnings(action="ignore", category=ct.CutawayWarning):
        data = ct.load_dataset(folder / "table.csv", label="churned", numbers="quantile")
        return ct.train(ct.mlp((16,)), data, epochs=3, runs=folder / "runs", progress=False)


def new_rows(run, folder):
    """Rows that the model of a run never saw, one of them with an unknown city."""
    frame = pd.read_csv(write_table(folder / "new.csv", 40)).drop(columns="churned")
    frame.loc[3, "city"] = "Lima"
    return frame.assign(member=frame["age"] % 2 == 0) if "member" in run.context.preparation.columns else frame


@pytest.fixture(scope="module")
def digits_data(digits_run):
    return network_data(digits_run.context)


def test_the_page_predicts_as_the_run_does(run_script, digits_run, digits_data):
    x = digits_run.data.x(digits_run.split.test)
    assert {array.dtype.name for array in digits_data.weights} == {"float16", "float32"}
    expected = digits_run.predictions(split="test")
    np.testing.assert_allclose(answers(run_script, digits_data, x), expected, rtol=0, atol=1e-3)
    assert digits_data.spec["hidden"] == "dense_2"


def test_the_page_explains_as_the_run_does(run_script, digits_run, digits_data):
    body = "return new Explainer(new Network(data.spec, data.weights)).explain(data.row);"
    for sample in ("test[0]", "test[7]"):
        row = digits_run.data.x(digits_run.context.sample(sample))[0]
        found = run_script(body, packed(digits_data) | {"row": row.reshape(-1)}, imports=NETWORK)
        wanted = digits_run.explain(sample).attribution
        assert (found["winner"], found["other"]) == (wanted.winner, wanted.runner_up)
        np.testing.assert_allclose(found["inputs"], wanted.inputs.reshape(-1), atol=5e-3)
        for layer, values in wanted.contributions.items():
            np.testing.assert_allclose(found["contributions"][layer], values, atol=5e-3)


def test_a_drawing_is_predicted_as_its_file_is(run_script, digits_run, digits_data, tmp_path):
    picture = digits_run.data.inputs(digits_run.split.test, flat=False)[3] * 255
    sheet = np.asarray(Image.fromarray(picture.astype(np.uint8)).resize((240, 240), Image.Resampling.BICUBIC))
    Image.fromarray(sheet).save(tmp_path / "drawing.png")
    assert digits_data.drawing == {"shape": [8, 8], "scale": 16.0, "centering": "upright", "paper": 0}
    body = """
      const { input } = prepareDrawing(data.drawing, data.sheet);
      return new Network(data.spec, data.weights).forward(input).probabilities;
    """
    given = packed(digits_data) | {"sheet": {"values": sheet.reshape(-1), "width": 240, "height": 240}}
    imports = NETWORK | {"network/drawing.js": "prepareDrawing"}
    found = run_script(body, given, imports=imports)
    np.testing.assert_allclose(found, digits_run.predict(tmp_path / "drawing.png")[0], atol=5e-3)


def test_rows_of_a_table_are_predicted_as_the_run_does(run_script, table_run, tmp_path):
    data = network_data(table_run.context)
    frame = new_rows(table_run, tmp_path)
    with warnings.catch_warnings(action="ignore", category=ct.CutawayWarning):
        expected = table_run.predict(frame)
    if "member" in frame:
        frame = frame.assign(member=frame["member"].map({True: "true", False: "false"}))
    rows = json.loads(frame.to_json(orient="records"))
    body = """
      const network = new Network(data.spec, data.weights);
      return data.rows.map((cells) => network.forward(prepareRow(data.preparation, cells)).probabilities);
    """
    imports = NETWORK | {"network/preparing.js": "prepareRow"}
    found = run_script(body, packed(data) | {"rows": rows}, imports=imports)
    np.testing.assert_allclose(np.stack(found), expected, rtol=0, atol=1e-3)
    assert data.drawing is None


def test_columns_of_a_table_contribute_what_python_says(run_script, table_run):
    ids = table_run.split.test.take(slice(40))
    x = table_run.data.x(ids)
    body = """
      const explainer = new Explainer(new Network(data.spec, data.weights));
      return data.rows.map((row) => sumByColumn(data.preparation, explainer.explain(row).inputs));
    """
    data = packed(network_data(table_run.context)) | {"rows": list(x)}
    found = run_script(body, data, imports=NETWORK | {"network/preparing.js": "sumByColumn"})
    contributions, _ = input_attribution(table_run.model(), scale=1.0)(x)
    columns = np.array(table_run.context.preparation.columns_of_features)
    for ours, row in zip(found, contributions, strict=True):
        assert [each["column"] for each in ours] == list(dict.fromkeys(columns))
        expected = [row[columns == each["column"]].sum() for each in ours]
        np.testing.assert_allclose([each["value"] for each in ours], expected, atol=5e-3)


def test_controls_have_the_range_and_the_usual_values_of_a_column(table_run):
    controls = {control["column"]: control for control in network_data(table_run.context).preparation["controls"]}
    frame = pd.read_csv(table_run.path.parents[1] / "table.csv")
    assert list(controls) == [name for name in frame if name != "churned"]
    age, income, city, since = (controls[name] for name in ("age", "income", "city", "since"))
    assert (age["kind"], age["missing"]) == ("number", False)
    assert age["step"] == 1.0
    assert 18 <= age["low"] <= age["start"] <= age["high"] < 80
    assert age["start"] == pytest.approx(frame["age"].median(), abs=4)
    assert income["missing"]
    np.testing.assert_allclose(income["quantiles"], frame["income"].quantile([0.05, 0.25, 0.5, 0.75, 0.95]), rtol=0.2)
    assert income["low"] < income["quantiles"][0] < income["quantiles"][-1] < income["high"]
    assert 200 <= (income["high"] - income["low"]) / income["step"] < 500
    about = {"column": "city", "kind": "category", "missing": False, "other": False}
    assert city == about | {"values": ["Bern", "Oslo", "Rome"], "start": city["start"]}
    assert city["start"] in city["values"]
    assert (since["kind"], since["step"]) == ("date", 86_400.0)
    seconds = pd.to_datetime(frame["since"]).astype("datetime64[s]").astype(np.int64)
    assert seconds.min() <= since["low"] < since["start"] < since["high"] <= seconds.max()
    if "member" in controls:
        assert controls["member"]["values"] == ["false", "true"]


def test_without_its_data_a_run_has_the_same_model(digits_run, table_run, tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise ct.errors.DataError("data are there", got="none", hint="look for them")

    for run in (digits_run, table_run):
        before = network_data(run.context)
        with monkeypatch.context() as patch:
            patch.setattr(ct.Dataset, "x", refuse)
            after = network_data(run.context)
        assert after.spec == before.spec
        assert all(np.array_equal(a, b) for a, b in zip(after.weights, before.weights, strict=True))
        if after.preparation:
            assert [c["column"] for c in after.preparation["controls"]] == [
                c["column"] for c in before.preparation["controls"]
            ]


def recorded(runs, *layers):
    model = keras.Sequential([keras.Input((64,)), *layers, L.Dense(10, activation="softmax", name="last")])
    return ct.record(model, "digits", runs=runs, progress=False)


@pytest.fixture(scope="module")
def recorded_run(tmp_path_factory):
    return recorded(tmp_path_factory.mktemp("recorded"), L.Dense(4, name="first"))


@pytest.fixture
def first(recorded_run):
    """The first layer of the model, whose weights a test may change."""
    layer = recorded_run.context.model().get_layer("first")
    before = layer.get_weights()
    forget(recorded_run)
    yield layer
    layer.set_weights(before)
    forget(recorded_run)


def forget(run):
    """Empty the cache, whose keys do not know that a test changes weights in memory."""
    shutil.rmtree(cache_folder("results"), ignore_errors=True)


def test_layers_that_the_page_does_not_compute_are_named(tmp_path):
    run = recorded(tmp_path, L.Reshape((8, 8)), L.Flatten(data_format="channels_first", name="odd"))
    reason = network_data(run.context)
    assert isinstance(reason, str)
    assert "channels_first" in reason
    assert "odd" in reason


def test_a_model_that_is_too_large_or_diverged_is_refused_in_words(recorded_run, first, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(model_file, "MOST_BYTES", 200)
        assert "296" in network_data(recorded_run.context)
    first.kernel.assign(np.full((64, 4), np.nan, np.float32))
    forget(recorded_run)
    assert isinstance(network_data(recorded_run.context), str)


def test_kernels_that_rounding_would_change_travel_with_32_bits(run_script, recorded_run, first, monkeypatch):
    first.kernel.assign(np.tile([[3e4], [-3e4 + 1.0]], (32, 4)).astype(np.float32))
    data = network_data(recorded_run.context)
    assert {array.dtype.name for array in data.weights} == {"float32"}
    x = recorded_run.data.x(recorded_run.split.test)[:20]
    np.testing.assert_allclose(answers(run_script, data, x), recorded_run.predict(x), rtol=0, atol=1e-3)
    monkeypatch.setattr(model_file, "MOST_BYTES", 1_000)
    forget(recorded_run)
    reason = network_data(recorded_run.context)
    assert isinstance(reason, str)


@pytest.mark.parametrize("size", [1e-30, 1e-9, 0.05, 1.0, 7e4, 1e30])
def test_weights_of_every_size_fit_into_16_bits(size):
    value = np.random.default_rng(0).normal(0, size, (50, 40)).astype(np.float32)
    half, factor = model_file.to_half(value)
    assert np.isfinite(half).all()
    error = np.abs(half.astype(float) * factor - value)
    assert (error <= np.abs(value) * 2**-11 + np.abs(value).max() * 2**-38).all()
    assert model_file.to_half(np.zeros((2, 2), np.float32))[1] == 1.0
