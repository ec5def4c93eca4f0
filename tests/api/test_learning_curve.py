"""Learning curves of runs, against predictions and against trainings by the trainer itself."""

import dataclasses
import json
import shutil

import keras
import numpy as np
import pytest

import cutaway as ct
from cutaway.api.train import start
from cutaway.cli import main
from cutaway.data import Split, stratified_sample
from cutaway.errors import Canceled, DataError, UsageError
from cutaway.metrics import PowerLaw, forecast
from cutaway.topics.learning_curve import learning_curve
from cutaway.topics.learning_curve.learning_curve import CurvePoint
from cutaway.training import GIVEN, plan, recorded_config

pytestmark = pytest.mark.slow

SHARES = (0.1, 0.2, 0.4)


@pytest.fixture(scope="module")
def curve(digits_run):
    return digits_run.learning_curve(shares=SHARES, progress=False)


@pytest.mark.exhaustive
def test_shares_and_the_run_itself_are_points(digits_run, curve):
    total = len(digits_run.split.train)
    assert [point.samples for point in curve.points] == [*(round(share * total) for share in SHARES), total]
    assert [point.seed for point in curve.points] == [0, 0, 0, None]
    own, row = curve.points[-1], digits_run.history.rows[-1]
    assert own.test_accuracy == pytest.approx(digits_run.test["accuracy"]) == curve.accuracy
    assert own.val_accuracy == pytest.approx(row["val_accuracy"])
    assert own.test_loss == pytest.approx(digits_run.calibration().scores.log_loss)
    assert curve.points[0].test_accuracy < own.test_accuracy
    assert (curve.epochs, curve.split, curve.samples) == (6, "test", len(digits_run.split.test))
    table = curve.to_pandas()
    assert table["seed"].isna().tolist() == [False, False, False, True]
    assert table["test_accuracy"].tolist() == [point.test_accuracy for point in curve.points]


@pytest.mark.exhaustive
def test_a_share_is_trained_as_the_trainer_does(digits_run, curve, tmp_path):
    split, context = digits_run.split, digits_run.context
    drawn = stratified_sample(digits_run.labels(split="train"), curve.points[0].samples, seed=0)
    rest = np.setdiff1d(np.arange(len(split.train)), drawn)
    part = dataclasses.replace(split, train=split.train.take(drawn), dropped=split.train.take(rest))
    assert isinstance(part, Split)
    like = recorded_config(digits_run.config).model_dump()
    planned = plan(context.data, like=like, spec=context.spec, divide=(part, context.data))
    run = start(planned, loaded=context.loaded, runs=tmp_path, name="part", progress=False)
    assert run.test["accuracy"] == pytest.approx(curve.points[0].test_accuracy)
    assert run.history["val_accuracy"][-1] == pytest.approx(curve.points[0].val_accuracy)
    assert run.calibration().scores.log_loss == pytest.approx(curve.points[0].test_loss, rel=1e-4)


def test_forecasts_are_those_of_the_power_law(digits_run, curve):
    summaries = curve.summaries()
    assert [row["times"] for row in summaries] == [1, 2, 4]
    assert summaries[1]["samples"] == 2 * len(digits_run.split.train)
    for row in summaries:
        assert row["low"] <= row["accuracy"] <= row["high"]
        assert 1 - row["accuracy"] == pytest.approx(float(curve.error.law(row["times"])))
        assert row["gain_low"] <= row["gain_high"]
    assert curve.check.law != curve.error.law  # which has not seen the run itself


def test_results_are_kept(digits_run, curve, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("trained again")

    monkeypatch.setattr(learning_curve.ShareTrainings, "_train", refuse)
    again = digits_run.learning_curve(shares=SHARES, progress=False)
    assert again.points == curve.points
    np.testing.assert_array_equal(again.error.low, curve.error.low)


def test_what_was_canceled_goes_on(digits_run, curve, own_cache):
    told = []

    def cancel(now):
        told.append(now)
        if f"{curve.points[1].samples:,} of" in now.note and now.done > told[0].done:
            raise Canceled("work runs until it is done", got="a request", hint="run it again")

    with pytest.raises(Canceled):
        digits_run.learning_curve(shares=SHARES, progress=cancel)
    assert len(list(own_cache.glob("learning-*"))) == 1
    totals = {now.total for now in told}
    assert totals == {6 * sum(point.samples for point in curve.points[:3])}


@pytest.mark.parametrize("shares", [(0.1, 0.2), (0.1, 0.2, 0.2), (0.0005, 0.2, 0.4), 0.5])
def test_too_few_shares_and_too_small_ones_are_refused(digits_run, shares):
    with pytest.raises(UsageError):
        digits_run.learning_curve(shares=shares, progress=False)


def test_the_command_prints_the_points_that_python_has(digits_run, curve, capsys):
    for more in ((), ("--json",)):
        with pytest.raises(SystemExit) as ended:
            main(["learning-curve", str(digits_run.path), "--shares", "0.1,0.2,0.4", *more])
        assert ended.value.code == 0
        said = capsys.readouterr().out
        if more:
            answer = json.loads(said)
            assert [row["accuracy"] for row in answer["forecast"]] == [row["accuracy"] for row in curve.summaries()]
            assert [row["seed"] for row in answer["points"]] == [0, 0, 0, None]
        else:
            assert all(f"{point.test_accuracy:.2%}" in said for point in curve.points)


def test_a_recorded_model_has_no_settings_to_train_with(tmp_path):
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(10, activation="softmax", name="out")])
    run = ct.record(model, "digits", runs=tmp_path, progress=False)
    with pytest.raises(UsageError):
        run.learning_curve(progress=False)


def test_weights_and_first_weights_are_those_of_the_run(digits_run, tmp_path):
    path = tmp_path / "weighted"
    shutil.copytree(digits_run.path, path)
    record = json.loads((path / "run.json").read_text())
    record["config"]["class_weight"] = [3.0, *[1.0] * 9]
    (path / "run.json").write_text(json.dumps({**record, "first_weights": GIVEN}))
    run = ct.open_run(path)
    setup = learning_curve.ShareTrainings(run.context, counts=[100], seeds=1, on_progress=lambda _: None)
    np.testing.assert_array_equal(setup.weight, np.where(run.labels(split="train") == 0, 3.0, 1.0))
    np.testing.assert_array_equal(setup._first["output/kernel"], run.folder.snapshot(0)["output/kernel"])
    (path / "run.json").write_text(json.dumps({**record, "sample_weight": "0" * 64}))
    with pytest.raises(UsageError):
        ct.open_run(path).learning_curve(progress=False)


def made(law, *, samples=4000, seed=0):
    """A learning curve whose errors follow a law."""
    random = np.random.default_rng(seed)
    amounts, difficulty = np.array([0.1, 0.2, 0.4, 0.8, 1.0]), random.uniform(size=samples)
    wrong = (difficulty[None] < law(amounts)[:, None]).astype(float)
    points = tuple(
        CurvePoint(round(1000 * n), n, 0, 0.0, 0.0, 1 - w.mean(), 1.0) for n, w in zip(amounts, wrong, strict=True)
    )
    made, check = forecast(amounts, wrong), forecast(amounts[:-1], wrong[:-1], at=(1.0,))
    return ct.LearningCurve("test", samples, 1000, 5, points, made, made, check)


def test_the_verdict_says_whether_more_data_help():
    falling, flat = made(PowerLaw(0.0, 0.1, 0.7)), made(PowerLaw(0.1, 1e-4, 1.0))
    assert falling.verdict.startswith("more data would help")
    assert flat.verdict.startswith("more data would hardly help")
    assert falling.agrees
    worse = dataclasses.replace(falling, points=(dataclasses.replace(falling.points[-1], test_accuracy=0.5),))
    assert worse.agrees is False


def test_what_few_samples_say_is_not_judged():
    few, wide = made(PowerLaw(0.0, 0.1, 0.7), samples=29), made(PowerLaw(0.05, 0.3, 0.7), samples=30)
    assert "cannot be judged on 29" in few.verdict
    assert "cannot be judged" in wide.verdict
    assert (few.agrees, wide.agrees) == (None, None)


def test_of_one_test_sample_nothing_is_trained(copied_run, monkeypatch):
    run = copied_run("digits")
    one, rest = run.split.test.take(slice(1)), run.split.test.take(slice(1, None))
    record = json.loads((run.path / "run.json").read_text())
    record["split"] = Split(run.split.train, run.split.val, one, 0.25, 0, dropped=rest).to_record()
    (run.path / "run.json").write_text(json.dumps(record))
    run = ct.open_run(run.path)
    monkeypatch.setattr(learning_curve.ShareTrainings, "run", lambda *_: pytest.fail("trained"))
    with pytest.raises(UsageError):
        run.learning_curve(progress=False)
    assert "nan" not in repr(run.coverage())
    with pytest.raises(DataError):
        forecast(np.array([0.1, 0.2, 0.4]), np.ones((3, 1)))


def test_figures_show_the_numbers(digits_run, curve):
    error, loss = curve.plot().axes
    shares = next(line for line in error.get_lines() if line.get_label() == "shares")
    np.testing.assert_allclose(shares.get_ydata(), [1 - point.test_accuracy for point in curve.points[:-1]])
    assert error.get_xscale() == "log"
    assert len(loss.get_lines()) >= 1
