"""Why a new sample gets its answer: the nearest training samples and the inputs that contributed most."""

import json
import re

import numpy as np
import pandas as pd
import pytest

import cutaway as ct
from cutaway.errors import DataError
from cutaway.topics.common import nearest as nearest_module
from cutaway.topics.common.rows_file import write_rows
from cutaway.topics.prediction.options import PredictionOptions
from cutaway.topics.prediction.prediction import predictions
from tests.ready_runs import record_untrained

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(ready_run):
    return ready_run("people")


@pytest.fixture(scope="module")
def customers(run):
    return pd.read_csv(run.data.origin["path"])


def test_the_nearest_are_those_that_a_search_over_all_finds(digits_run):
    new = digits_run.data.x(digits_run.split.test)[:40]
    found = digits_run.examine(new, nearest=3, explain=0).nearest
    h, train = (digits_run.activations("dense_2", split=split).astype(float) for split in ("test", "train"))
    distances = np.sqrt(((h[:40, None] - train[None]) ** 2).sum(axis=2))
    expected = np.argsort(distances, axis=1, kind="stable")[:, :3]
    np.testing.assert_allclose(found.distances, np.take_along_axis(distances, expected, 1), rtol=1e-4, atol=1e-4)
    assert found.names.tolist() == [[digits_run.split.train[int(j)] for j in row] for row in expected]
    np.testing.assert_array_equal(found.labels, digits_run.labels(split="train")[expected])


def test_a_training_sample_is_its_own_nearest_and_goes_by_its_name(run, customers):
    rows = run.split.train.index[:20]
    found = run.examine(customers.iloc[rows], nearest=1, explain=0)
    table = found.to_pandas()
    assert table["sample"].tolist() == [f"c-{row}" for row in rows] == list(found.names)
    same = table["nearest 1"] == table["sample"]  # others may have the same activations where all units are 0
    assert (same | (table["nearest 1 distance"] == 0)).all()
    assert table["nearest 1 distance"].max() < 1e-3
    assert same.mean() > 0.5
    labels = dict(zip(customers["who"], customers["left"], strict=True))
    assert table["nearest 1 label"].tolist() == [labels[name] for name in table["nearest 1"]]


def test_contributions_are_those_of_the_explanation(run, customers):
    found = run.examine(customers[:8], nearest=0, explain=4)
    assert found.nearest is None
    for row in range(8):
        explained = run.explain(customers.iloc[[row]])
        expected = explained.to_pandas().set_index("input")["contribution"]
        values = pd.Series(found.contributions.values[row], found.contributions.inputs[row])
        pd.testing.assert_series_equal(values, expected[values.index], check_names=False, atol=1e-5, rtol=1e-4)
        assert run.class_names[found.contributions.runner_up[row]] == explained.runner_up
        assert found.predicted[row] == explained.winner
        assert (np.diff(np.abs(values)) <= 0).all()
    assert {"age", "noise", "city=Oslo"} <= set(found.contributions.inputs.ravel()) <= set(run.data.feature_names)


def test_inputs_of_images_are_named_by_their_place(digits_run):
    new = digits_run.data.x(digits_run.split.test)[:3]
    found = digits_run.examine(new, nearest=0, explain=64).contributions
    expected = digits_run.explain("test[2]").attribution.inputs
    for name, value in zip(found.inputs[2], found.values[2], strict=True):
        row, column = map(int, re.findall(r"\d+", name))
        assert value == pytest.approx(expected[row - 1, column - 1], abs=1e-5)


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_what_was_asked_for_is_written(ending, run, customers, tmp_path):
    path = tmp_path / f"out.{ending}"
    options = PredictionOptions(nearest=2, explain=1, distance=True)
    assert write_rows(predictions(run.context, customers, options), path) == 900
    expected = run.examine(customers, nearest=2, explain=1).to_pandas()
    if ending == "jsonl":
        read = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        for record, row in zip(read, expected.to_dict("records"), strict=True):
            assert set(record) == {
                *("sample", "predicted", "probabilities", "runner_up", "contributions", "nearest", "distance", "far")
            }
            assert [near["sample"] for near in record["nearest"]] == [row["nearest 1"], row["nearest 2"]]
            assert [near["label"] for near in record["nearest"]] == [row["nearest 1 label"], row["nearest 2 label"]]
            assert record["contributions"][0]["input"] == row["input 1"]
            assert record["distance"] == pytest.approx(row["distance"], rel=1e-6)
            assert record["far"] is row["far"]
    else:
        read = pd.read_csv(path) if ending == "csv" else pd.read_parquet(path)
        pd.testing.assert_frame_equal(read, expected, check_dtype=False, check_exact=False, rtol=1e-5, atol=1e-6)


def test_chunks_make_no_difference(run, customers, tmp_path):
    whole = run.examine(customers, nearest=2, explain=2).to_pandas()
    files = []
    for number in range(4):
        path = tmp_path / f"part-{number}.csv"
        customers[number * 225 : (number + 1) * 225].to_csv(path, index=False)
        files.append(path)
    parts = run.examine(files, nearest=2, explain=2).to_pandas()
    pd.testing.assert_frame_equal(parts.drop(columns="sample"), whole.drop(columns="sample"), rtol=1e-4, atol=1e-5)


def test_arrays_are_answered_in_chunks(digits_run, monkeypatch, tmp_path):
    from cutaway.topics.prediction import samples

    x = digits_run.data.x(digits_run.split.test)
    np.save(tmp_path / "x.npy", x)
    monkeypatch.setattr(samples, "ROWS", 100)
    parts = list(predictions(digits_run.context, tmp_path / "x.npy"))
    assert [len(part) for part in parts] == [100, 100, 100, 60]
    assert [part.names[0] for part in parts] == ["0", "100", "200", "300"]
    np.testing.assert_allclose(digits_run.predict(x), digits_run.predictions(), atol=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e39])
def test_a_value_of_an_array_that_is_not_finite_is_refused_with_its_row(value, digits_run, monkeypatch, tmp_path):
    from cutaway.topics.prediction import samples

    x = digits_run.data.x(digits_run.split.test).astype(float)
    x[217, 3, 4] = value
    np.save(tmp_path / "x.npy", x)
    monkeypatch.setattr(samples, "ROWS", 100)
    with pytest.raises(DataError, match="sample 217 "):
        digits_run.predict(x)
    with pytest.raises(DataError, match="sample 217 "):
        digits_run.examine(x, nearest=0, explain=0)
    parts = predictions(digits_run.context, tmp_path / "x.npy")
    assert [len(next(parts)), len(next(parts))] == [100, 100]  # a file is still read chunk by chunk
    with pytest.raises(DataError, match=r"sample 217 .*x\.npy"):
        next(parts)


def test_no_samples_are_no_rows(digits_run):
    empty = np.empty((0, 8, 8), np.float32)
    assert digits_run.predict(empty).shape == (0, 10)
    table = digits_run.examine(empty, nearest=2, explain=2).to_pandas()
    assert (len(table), list(table)[-2:]) == (0, ["distance", "far"])


def test_many_training_samples_are_drawn_from(digits_run, monkeypatch):
    monkeypatch.setattr(nearest_module, "VALUES", 300 * 32)
    monkeypatch.setattr(nearest_module, "_KEPT", {})
    new = digits_run.data.x(digits_run.split.test)[:2]
    with pytest.warns(ct.CutawayWarning):
        digits_run.examine(new, nearest=1, explain=0)


@pytest.mark.parametrize("given", [{"nearest": -1}, {"nearest": 10**6}, {"explain": 65}])
def test_numbers_outside_their_range_are_refused(given, digits_run):
    with pytest.raises(ct.CutawayError, match=next(iter(given))):
        digits_run.examine(np.zeros((1, 8, 8), np.float32), **given)


def test_a_model_that_is_not_piecewise_linear_has_neighbors_but_no_contributions(tmp_path):
    run = record_untrained(ct.load_dataset("digits"), tmp_path, activation="tanh")
    new = run.data.x(run.split.test)[:2]
    with pytest.raises(ct.CutawayError):
        run.examine(new)
    assert run.examine(new, explain=0).nearest.names.shape == (2, 5)
