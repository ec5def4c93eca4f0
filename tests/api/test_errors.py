"""Errors of predicted numbers, the largest of them, and intervals around predictions."""

import json
import pickle
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

import cutaway as ct
from cutaway.data import split_dataset
from cutaway.errors import UsageError
from cutaway.topics.common.intervals import fit_radius, interval_ends
from cutaway.topics.errors.errors import errors
from cutaway.topics.errors.options import ErrorsOptions
from cutaway.topics.mistakes.result import mistakes

OPTIONS = ErrorsOptions()


@pytest.fixture(scope="module")
def run(ready_run):
    return ready_run("homes")


@pytest.fixture(scope="module")
def frame(run):
    return pd.read_csv(run.path.parents[1] / "homes.csv").set_index("who")


def recorded(data, predicted, *, loaded=None):
    """A run as topics see it whose model does not open: `predicted` is recorded, in the order train, val, test."""
    split = split_dataset(data, seed=0)
    return SimpleNamespace(
        task=data.task,
        data=data,
        loaded=loaded or data,
        split=split,
        path=Path("run"),
        opens=False,
        epoch=lambda number: 1,
        part=split.part,
        named=lambda ids: ids,
        folder=SimpleNamespace(predictions=lambda number: predicted(split.part("all")).astype(np.float32)),
    )


@pytest.fixture(scope="module")
def logs():
    """Predictions of two targets, exp(x): their logarithms err by normal noise, which is known."""
    x = np.random.default_rng(0).normal(size=(400, 2)).astype(np.float32)
    noise = np.random.default_rng(1).normal(size=x.shape) * (0.1, 0.4)
    data = ct.Dataset.from_arrays(x, np.exp(x + noise), targets=("area", "price"), log=True)
    return recorded(data, lambda ids: np.exp(data.x(ids)))


def test_measures_are_those_of_the_run_and_of_scikit_learn(run):
    (found,) = run.errors().measures
    assert {name: getattr(found, name)[0] for name in ("r2", "rmse", "mae", "median_error")} == pytest.approx(
        {name: run.test[name] for name in ("r2", "rmse", "mae", "median_error")}, rel=1e-5
    )
    for _, low, high in (found.r2, found.rmse, found.mae, found.median_error):
        assert low < high
    val = run.errors(split="val").measures[0]
    assert val.r2[0] == pytest.approx(metrics.r2_score(run.data.y(run.split.val), run.predictions(split="val")))
    assert val.coverage is None, "intervals were fitted to these"


def test_each_target_has_its_own_measures(logs):
    y, predicted, found = logs.data.y(logs.split.test), np.exp(logs.data.x(logs.split.test)), errors(logs, OPTIONS)
    assert [each.target for each in found.measures] == ["area", "price"]
    for k, each in enumerate(found.measures):
        assert each.r2[0] == pytest.approx(metrics.r2_score(y[:, k], predicted[:, k]))
        assert each.median_error[0] == pytest.approx(metrics.median_absolute_error(y[:, k], predicted[:, k]))
    assert len(found.panels()) == 4
    assert list(found.to_pandas()["target"]) == ["area", "price"]


def test_an_interval_is_as_wide_as_the_errors_on_validation_samples(run, frame):
    sizes = np.sort(np.abs(run.predictions(split="val") - run.data.y(run.split.val))[:, 0])
    radius = sizes[int(np.ceil((len(sizes) + 1) * 0.8)) - 1]
    rows = frame.drop(columns="price").head(7).reset_index()
    found = run.predict(rows, interval=0.8)
    assert found.shape == (7, 3)
    np.testing.assert_allclose(found[:, 0], run.predict(rows))
    np.testing.assert_allclose(found[:, 1:], found[:, :1] + [-radius, radius], rtol=1e-5)
    examined = run.examine(rows, interval=0.8, nearest=0)
    np.testing.assert_allclose(examined.to_pandas()[["price", "price low", "price high"]], found)
    np.testing.assert_allclose(examined.to_json()[3]["intervals"]["price"], found[3, 1:])


def test_the_share_of_test_samples_in_their_interval_is_measured(run):
    y, predicted = run.data.y(run.split.test), run.predictions()
    found = run.errors(level=0.7).measures[0]
    assert found.coverage.value == pytest.approx(np.mean(np.abs(y - predicted) <= found.radius[0]), abs=1 / len(y))
    assert found.coverage.low < found.coverage.value < found.coverage.high


def test_intervals_of_logarithms_are_factors(logs):
    y, predicted = logs.data.y(logs.split.val), np.exp(logs.data.x(logs.split.val))
    radius = np.sort(np.abs(np.log(y / predicted)), axis=0)[int(np.ceil(0.9 * (len(y) + 1))) - 1]
    np.testing.assert_allclose(fit_radius(logs, 0.9, epoch=None), radius, rtol=1e-4)
    low, high = interval_ends(logs.task, np.array([[1, 2]], np.float32), radius)
    np.testing.assert_allclose(low[0], [1, 2] / np.exp(radius))
    np.testing.assert_allclose(high[0], [1, 2] * np.exp(radius))


def test_with_too_few_validation_samples_there_are_errors_and_no_intervals():
    x = np.linspace(0.1, 1, 60, dtype=np.float32)[:, None]
    held_out = {"x_val": x[44:52], "y_val": x[44:52], "x_test": x[52:], "y_test": x[52:]}
    data = ct.Dataset.from_arrays(x[:44], x[:44], **held_out, targets=("y",))
    context = recorded(data, lambda ids: data.x(ids) + 0.1)
    with pytest.raises(UsageError, match="9"):
        fit_radius(context, 0.9, epoch=None)
    assert fit_radius(context, 0.8, epoch=None) == pytest.approx(0.1)
    found = errors(context, OPTIONS)
    assert found.measures[0].radius is None
    assert found.note
    assert found.measures[0].rmse[0] == pytest.approx(0.1)


def test_values_with_larger_or_biased_errors_are_found():
    random = np.random.default_rng(0)
    rows = pd.DataFrame({"x": random.normal(size=2000), "noise": random.normal(size=2000)})
    rows["site"] = random.choice(["north", "south", "west"], 2000)
    rows["y"] = rows.x + random.normal(size=2000) * np.where(rows.site == "west", 4, 1) - 4 * (rows.x > 1)
    table = ct.load_dataset(rows, target="y")
    data = table.prepare(table.split(seed=0), warn=False)
    context = recorded(data, lambda ids: rows[["x"]].to_numpy()[ids.index], loaded=table)
    found = errors(context, OPTIONS)
    named = {(each.column, each.values): each for each in found.parts}
    assert {column for column, _ in named} == {"x", "site", "predicted y"}
    west = rows.loc[context.split.test.index, "site"].to_numpy() == "west"
    off, part = (found.predicted - found.y)[:, 0], named["site", "west"]
    assert part.samples == west.sum()
    assert part.bias[0] == pytest.approx(off[west].mean())
    assert part.error[0] == pytest.approx(np.abs(off[west]).mean())
    assert part.elsewhere == pytest.approx(np.abs(off[~west]).mean())
    (high,) = (each for (column, words), each in named.items() if column == "x" and words.startswith("above"))
    assert high.bias[1] > 1


def test_the_largest_errors_are_the_mistakes(run, logs):
    y, predicted = run.data.y(run.split.test)[:, 0], run.predictions()[:, 0]
    found = run.mistakes(6).to_pandas()
    order = np.argsort(-np.abs(predicted - y))[:6]
    np.testing.assert_allclose(found["true"], y[order])
    np.testing.assert_allclose(found["error"], (predicted - y)[order], rtol=1e-4)
    assert list(found["sample"]) == run.context.named(run.split.test).take(order).names()
    assert "Target" not in run.mistakes(6).table().texts()[0]
    both = mistakes(logs, 40)
    assert {row["Target"] for row in both.table().texts()} == {"area", "price"}
    spread = logs.data.y(logs.split.test).std(axis=0)[both.target]
    assert (np.diff(np.abs(both.predicted - both.true) / spread) <= 1e-6).all()


def test_results_are_pickled_and_drawn(run):
    for found in (run.errors(), run.mistakes(3)):
        again = pickle.loads(pickle.dumps(found))
        assert repr(again) == repr(found)
        pd.testing.assert_frame_equal(again.to_pandas(), found.to_pandas())
    axes = run.errors().plot().axes
    np.testing.assert_allclose(axes[0].lines[0].get_ydata(), run.predictions()[:, 0], rtol=1e-6)


def test_classes_are_refused(digits_run):
    for ask in (digits_run.errors, lambda: digits_run.predict(digits_run.data.x(digits_run.split.test), interval=0.9)):
        with pytest.raises(UsageError):
            ask()


def test_the_command_answers_with_targets_and_columns(run, frame, run_cli, tmp_path):
    found = json.loads(run_cli("errors", run.path, "--json"))
    assert found["targets"][0]["r2"] == pytest.approx(run.test["r2"], abs=1e-6)
    assert found["columns"] == run.errors().to_json()["columns"]
    assert "RMSE" in run_cli("errors", run.path)
    frame.drop(columns="price").head(5).to_csv(tmp_path / "new.csv")
    run_cli("predict", run.path, tmp_path / "new.csv", "--interval", "0.9", "-o", tmp_path / "out.csv")
    out = pd.read_csv(tmp_path / "out.csv")
    assert (out["price low"] < out["price"]).all()
    assert (out["price"] < out["price high"]).all()


def test_the_report_shows_errors_and_the_largest_of_them(run, tmp_path):
    html = run.report(tmp_path / "report.html").read_text(encoding="utf-8")
    assert 'id="errors"' in html
    assert run.mistakes(1).table().texts()[0]["Sample"] in html
