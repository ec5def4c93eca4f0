"""Confidence of runs: as NumPy and scikit-learn have it, of two and of many classes, and why where it is not known."""

import json
import shutil
import warnings

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

import cutaway as ct
from cutaway.errors import DataError, RunError, UnknownNameError, UsageError
from cutaway.metrics import at_temperature


@pytest.fixture(scope="module")
def copy(digits_run, tmp_path_factory):
    """A copy of the run whose results may be damaged."""
    path = tmp_path_factory.mktemp("copies") / "copy"
    shutil.copytree(digits_run.path, path)
    return path


@pytest.fixture(scope="module")
def two_classes(ready_run):
    return ready_run("people")


def test_calibration_is_that_of_the_probabilities(digits_run):
    found = digits_run.calibration(bins=10)
    p, y = digits_run.predictions(), digits_run.labels()
    exact = p / p.sum(axis=1, dtype=np.float64)[:, None]
    assert found.scores.accuracy == pytest.approx(digits_run.test["accuracy"])
    assert found.scores.log_loss == pytest.approx(metrics.log_loss(y, exact), abs=1e-5)
    assert found.scores.brier == pytest.approx(metrics.brier_score_loss(y, exact), abs=1e-5)
    assert found.curve.counts.sum() == len(y) == found.samples
    assert len(found.curve.counts) == 10
    scaled = at_temperature(p, found.temperature.value)
    assert found.scaled_scores.log_loss == pytest.approx(-np.log(scaled[np.arange(len(y)), y]).mean(), abs=1e-5)
    assert found.scaled_scores.accuracy == found.scores.accuracy
    table = found.to_pandas()
    assert len(table) == 20
    np.testing.assert_allclose(table["accuracy"][:10], found.curve.accuracy)
    assert found.note == ""


def test_the_temperature_is_fitted_on_validation_samples_and_never_on_others(digits_run):
    found = digits_run.calibration().temperature
    p, y = digits_run.predictions(split="val"), digits_run.labels(split="val")

    def loss(temperature):
        return -np.log(at_temperature(p, temperature)[np.arange(len(y)), y]).mean()

    grid = np.geomspace(0.2, 5, 200)
    assert found.samples == len(y)
    assert found.log_loss == pytest.approx(loss(found.value), abs=1e-5)
    assert loss(found.value) <= min(map(loss, grid)) + 1e-5
    assert digits_run.calibration(split="train").temperature == found
    assert digits_run.calibration(split="val").note
    assert digits_run.calibration(split="all").note


def test_predictions_are_made_at_a_temperature_on_request(digits_run):
    x = digits_run.data.x(digits_run.split.test)[:20]
    plain = digits_run.predict(x)
    fitted = digits_run.predict(x, temperature="fitted")
    value = digits_run.calibration().temperature.value
    np.testing.assert_array_equal(fitted, digits_run.predict(x, temperature=value))
    np.testing.assert_allclose(fitted, at_temperature(plain, value), atol=1e-6)
    np.testing.assert_allclose(digits_run.predict(x, temperature=1), plain, atol=1e-6)
    assert (fitted.argmax(axis=1) == plain.argmax(axis=1)).all()
    examined = digits_run.examine(x, nearest=0, explain=0)
    np.testing.assert_allclose(examined.at_temperature(value).probabilities, fitted, atol=1e-6)


WHOLE = {"value": 1.5, "samples": 9, "log_loss": 0.1, "log_loss_before": 0.2}


def test_a_kept_temperature_needs_no_data(copied_run):
    run = copied_run("wine")
    rows, value = pd.read_csv(run.data.origin["path"])[:3], run.calibration(split="val").temperature.value
    record = json.loads((run.path / "run.json").read_text())
    record["dataset"]["origin"]["path"] += ".gone"
    (run.path / "run.json").write_text(json.dumps(record))
    alone = ct.open_run(run.path)
    with pytest.raises(DataError):
        _ = alone.data
    rows = rows.drop(columns="target")
    np.testing.assert_allclose(
        alone.predict(rows, temperature="fitted"), at_temperature(alone.predict(rows), value), atol=1e-6
    )


def test_coverage_is_chosen_on_validation_and_checked_on_test(digits_run):
    found = digits_run.coverage(accuracy=(0.9, 0.99))
    p, y = digits_run.predictions(), digits_run.labels()
    confidence, right = p.max(axis=1), p.argmax(axis=1) == y
    np.testing.assert_allclose(found.curve.accuracy[-1], right.mean())
    np.testing.assert_allclose(found.curve.thresholds, np.unique(confidence)[::-1])
    val = digits_run.predictions(split="val")
    val_right = val.argmax(axis=1) == digits_run.labels(split="val")
    for target, row in zip(found.targets, found.summaries(), strict=True):
        answered = val.max(axis=1) >= target.threshold
        assert val_right[answered].mean() >= target.wanted
        on_test = confidence >= row["threshold"]
        assert row["coverage"] == pytest.approx(on_test.mean())
        assert row["accuracy"] == pytest.approx(right[on_test].mean())
        assert row["low"] <= row["accuracy"] <= row["high"]
    table = found.to_pandas()
    assert list(table) == ["threshold", "answered", "coverage", "accuracy", "low", "high"]
    assert table["coverage"].is_monotonic_increasing
    assert digits_run.coverage(accuracy=0.99).targets == found.targets[1:]


def test_an_accuracy_that_is_not_reached_has_no_threshold(two_classes):
    p = two_classes.predictions(split="val")
    best = p.max(axis=1).argmax()
    wrong = 1 - p[best].argmax() == two_classes.labels(split="val")[best]
    found = two_classes.coverage(split="val", accuracy=1.0)
    assert (found.targets[0].threshold is None) == wrong
    assert found.note


def test_thresholds_of_two_classes(two_classes):
    found = two_classes.thresholds(split="val", cost=[[0, 1], [5, 0]])
    p, y = two_classes.predictions(split="val")[:, 1], two_classes.labels(split="val") == 1
    assert (found.positive, found.negative) == ("yes", "no")
    assert found.positives == y.sum()
    assert found.roc.area == pytest.approx(metrics.roc_auc_score(y, p))
    assert found.roc.low < found.roc.area < found.roc.high
    assert found.precision_recall.average_precision == pytest.approx(metrics.average_precision_score(y, p))
    called = p >= found.chosen.threshold
    assert found.chosen.cost == pytest.approx((5 * (y & ~called).sum() + (~y & called).sum()) / len(y))
    assert found.chosen.cost <= found.half.cost
    assert found.chosen == found.chosen_on
    table = found.to_pandas()
    assert table["cost"].min() == pytest.approx(found.chosen.cost)
    assert found.calibrated == pytest.approx(1 / 6)
    other = two_classes.thresholds(split="val", positive="no")
    assert other.roc.area == pytest.approx(found.roc.area)


def test_thresholds_of_one_class_against_all_others(digits_run):
    found = digits_run.thresholds(positive="8")
    assert digits_run.thresholds(positive=8).roc.area == found.roc.area
    y = digits_run.labels() == 8
    assert found.roc.area == pytest.approx(metrics.roc_auc_score(y, digits_run.predictions()[:, 8].astype(float)))
    assert found.negative == "all others"
    with pytest.raises(UsageError):
        digits_run.thresholds()
    with pytest.raises(UnknownNameError):
        digits_run.thresholds(positive="ten")
    with pytest.raises(UnknownNameError):
        digits_run.thresholds(positive=10)


def test_of_a_model_without_layers_recorded_predictions_are_judged(digits_run, tmp_path):
    path = tmp_path / "unopened"
    shutil.copytree(digits_run.path, path)
    record = json.loads((path / "run.json").read_text())
    (path / "run.json").write_text(json.dumps({**record, "model": None, "unopened": "a layer of class Conv2D"}))
    run = ct.open_run(path)
    found, other = run.calibration(), digits_run.calibration()
    assert found.scores.ece_equal_mass == pytest.approx(other.scores.ece_equal_mass, abs=2e-3)
    assert found.temperature.value == pytest.approx(other.temperature.value, rel=0.01)
    ours, theirs = (each.coverage(accuracy=0.9).targets[0] for each in (run, digits_run))
    assert ours.coverage == pytest.approx(theirs.coverage, abs=0.01)
    kept = np.load(path / "predictions" / "epoch-0006.npy")
    kept[: len(run.split.train)] = np.nan  # as of a user's own fit
    np.save(path / "predictions" / "epoch-0006.npy", kept)
    with pytest.raises(RunError):
        run.calibration(split="train")
    kept[-1] = np.nan
    np.save(path / "predictions" / "epoch-0006.npy", kept)
    with pytest.raises(DataError):
        run.coverage()


def test_a_model_that_diverged_says_so(digits_run, tmp_path):
    from safetensors.numpy import load_file, save_file

    path = tmp_path / "diverged"
    shutil.copytree(digits_run.path, path)
    snapshot = path / "snapshots" / "epoch-0006.safetensors"
    save_file({name: np.full_like(values, np.nan) for name, values in load_file(snapshot).items()}, snapshot)
    run = ct.open_run(path)
    calls = [run.calibration, run.coverage, lambda: run.thresholds(positive=1)]
    for call in [*calls, lambda: run.learning_curve(progress=False)]:
        with pytest.raises(DataError):
            call()
    assert run.calibration(epoch=5).epoch == 5


def test_a_thousand_classes_some_of_which_are_rare(tmp_path):
    random = np.random.default_rng(0)
    y = np.concatenate([np.arange(1000).repeat(3), np.full(2000, 7)])
    x = np.concatenate([random.normal(size=(1000, 8)).repeat(3, axis=0), np.zeros((2000, 8))]).astype(np.float32)
    x += 0.1 * random.normal(size=x.shape).astype(np.float32)
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1000, activation="softmax", name="out")])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of so many classes with so few samples
        run = ct.record(model, ct.Dataset.from_arrays(x, y), runs=tmp_path, progress=False)
    found = run.calibration()
    assert 0 <= found.scores.ece_equal_mass <= 1
    assert found.scaled_scores.log_loss <= found.scores.log_loss + 1e-3
    assert run.coverage().curve.coverage[-1] == 1
    assert run.thresholds(positive="7").positives > 300


def test_figures_show_the_numbers(digits_run):
    records = [digits_run.calibration(), digits_run.coverage()]
    for record in [*records, digits_run.thresholds(positive="8")]:
        assert record.plot().axes
    (axes,) = records[0].plot().axes
    before = next(line for line in axes.get_lines() if line.get_label() == "as it is")
    np.testing.assert_allclose(before.get_ydata(), records[0].curve.accuracy)
