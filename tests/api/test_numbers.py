"""Runs that predict numbers: what they record, measure and predict."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

import cutaway as ct
from cutaway.data import split_and_prepare
from cutaway.errors import CutawayError, CutawayWarning, UsageError
from cutaway.progress import ignore_progress
from cutaway.report.explorer import explore
from cutaway.topics.common.source import ReportSource
from cutaway.topics.findings.evidence import warn_of_leaks

TASK = {"class_names": [], "targets": ["price"], "is_log": False}


@pytest.fixture(scope="module")
def run(ready_run):
    return ready_run("homes")


@pytest.fixture(scope="module")
def frame(run):
    return pd.read_csv(run.path.parents[1] / "homes.csv")


def test_test_measures_are_scikit_learns_of_the_predictions_in_the_unit_of_the_target(run):
    y, predicted = run.data.y(run.split.test), run.predictions()
    assert predicted.shape == y.shape
    assert run.test["r2"] == pytest.approx(metrics.r2_score(y, predicted), abs=1e-6)
    assert run.test["rmse"] == pytest.approx(metrics.root_mean_squared_error(y, predicted), rel=1e-5)
    assert run.test["mae"] == pytest.approx(metrics.mean_absolute_error(y, predicted), rel=1e-5)
    assert run.test["median_error"] == pytest.approx(metrics.median_absolute_error(y, predicted), rel=1e-5)
    spread = np.std(run.data.y(run.split.train))
    assert run.test["loss"] == pytest.approx(run.test["rmse"] ** 2 / spread**2, rel=1e-4)
    assert run.history["val_r2"][-1] == pytest.approx(
        metrics.r2_score(run.data.y(run.split.val), run.predictions(split="val")), abs=1e-6
    )


def test_recorded_predictions_are_those_of_the_epoch(run):
    recorded = run.folder.predictions(5)
    assert recorded.dtype == np.float32
    np.testing.assert_allclose(recorded[-len(run.split.test) :], run.predictions(epoch=5), rtol=1e-5)


def test_new_rows_are_predicted_as_those_of_the_test(run, frame):
    rows = frame.drop(columns="price")
    predicted = run.predict(rows)
    assert predicted.shape == (600,)
    whole = dict(zip(frame["who"], predicted, strict=True))
    test = run.split.test
    found = [whole[name] for name in run.context.named(test).names()]
    np.testing.assert_allclose(found, run.predictions()[:, 0], rtol=1e-5)


def test_run_json_says_what_the_answers_are(run):
    record = json.loads((run.path / "run.json").read_text())
    assert record["format"] == 3
    assert record["dataset"].items() >= TASK.items()
    assert record["baseline"] is None


@pytest.mark.parametrize(
    "change",
    [
        {"targets": []},
        {"targets": "price"},
        {"targets": ["price", "price\n"]},
        {"targets": [3]},
        {"class_names": ["a", "b"]},
        {"is_log": "perhaps"},
        {"is_log": None},
    ],
)
def test_a_damaged_record_of_targets_is_refused(change, copied_run):
    path = copied_run("homes").path
    record = json.loads((path / "run.json").read_text())
    record["dataset"] |= change
    (path / "run.json").write_text(json.dumps(record))
    with pytest.raises(CutawayError):
        ct.open_run(path).data  # noqa: B018


def test_other_targets_than_those_of_the_run_are_not_its_data(run, frame, tmp_path):
    other = frame.rename(columns={"price": "cost"})
    other.to_csv(tmp_path / "homes.csv", index=False)
    with pytest.raises(CutawayError):
        ct.open_run(run.path, data=ct.load_dataset(tmp_path / "homes.csv", target="cost", id="who")).data  # noqa: B018


@pytest.mark.parametrize("name", ["confusion", "per_class", "calibration", "thresholds"])
def test_what_is_of_classes_is_refused(run, name):
    with pytest.raises(UsageError, match="price"):
        getattr(run, name)()


def test_terminal_shows_and_lists_it(run, run_cli):
    shown, listed = run_cli("show", run.path), run_cli("runs", run.path.parent, "--json")
    assert run.verdict().worth.interval in shown
    (found,) = json.loads(listed)
    assert found["targets"] == ["price"]
    assert found["test_r2"] == pytest.approx(run.test["r2"])
    assert found["test_accuracy"] is None


def test_terminal_predicts_numbers_into_a_file(run, frame, run_cli, tmp_path):
    frame.drop(columns="price").head(30).to_csv(tmp_path / "new.csv", index=False)
    run_cli("predict", run.path, tmp_path / "new.csv", "-o", tmp_path / "out.csv")
    out = pd.read_csv(tmp_path / "out.csv")
    assert len(out) == 30
    predicted = run.predict(frame.drop(columns="price").head(30))
    np.testing.assert_allclose(out.filter(like="price").iloc[:, -1], predicted, rtol=1e-4)


def test_the_report_has_its_learning_curves_and_nothing_of_classes(run, tmp_path):
    html = run.report(tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Learning curves" in html
    assert "confus" not in html.split("<script")[0]


def test_the_map_is_colored_by_the_target_the_prediction_and_the_error_after_each_epoch(run):
    source = ReportSource(run.context, ignore_progress)
    found = explore(source)
    columns = {column.key: column for column in found.columns}
    assert list(columns)[:3] == ["target", "predicted", "error"]
    assert "right" not in columns
    y = run.data.y(source.shown)[:, 0]
    np.testing.assert_array_equal(columns["target"].values[0], y)
    for place, epoch in enumerate(found.epochs):
        predicted = run.predictions(epoch=epoch)[source.shown.positions_in(run.split.test), 0]
        np.testing.assert_allclose(columns["predicted"].values[place], predicted, rtol=1e-5)
        np.testing.assert_allclose(columns["error"].values[place], predicted - y, rtol=1e-3, atol=1)
    low, high = columns["error"].range or (0, 0)
    assert -low == high > 0
    assert columns["target"].range == columns["predicted"].range == tuple(np.quantile(y, [0.01, 0.99]))
    assert found.network is None


def test_an_embedding_is_drawn_in_the_colors_of_the_target(run):
    found = run.embed(samples=100)
    assert found.quality.samples == 100
    figure = found.plot()
    (drawn,) = figure.axes[0].collections
    np.testing.assert_allclose(drawn.get_array(), found.labels[:, 0], rtol=1e-6)
    assert figure.axes[1].get_ylabel() == "price"
    assert {"target", "predicted"} <= {*found.to_pandas().columns}


def test_terminal_describes_the_targets(run, run_cli, frame):
    shown = run_cli("datasets", run.path.parents[1] / "homes.csv", "--target", "price")
    assert f"price from {frame['price'].min():,.0f} to {frame['price'].max():,.0f}" in shown


def test_a_training_warns_of_a_column_that_tells_the_target(frame):
    table = ct.load_dataset(frame.assign(tax=frame["price"] / 100), target="price")
    split, data = split_and_prepare(table, validation=0.25, seed=0)
    with pytest.warns(CutawayWarning, match="tax"):
        warn_of_leaks(table, data, split)
