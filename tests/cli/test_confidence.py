"""confidence, learning-curve and predict --temperature on the command line."""

import json
import shutil

import numpy as np
import pytest

import cutaway as ct

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def untested(digits_run, tmp_path_factory):
    """A copy of the run whose test samples were dropped."""
    path = tmp_path_factory.mktemp("untested") / "untested"
    shutil.copytree(digits_run.path, path)
    split = digits_run.split
    nothing = split.test.take(slice(0))
    record = json.loads((path / "run.json").read_text())
    record["split"] = ct.data.Split(split.train, split.val, nothing, 0.25, 0, dropped=split.test).to_record()
    (path / "run.json").write_text(json.dumps({**record, "test": None}))
    return path


def test_confidence_fits_80_columns_and_says_what_the_run_says(cutaway, digits_run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, err = cutaway("confidence", digits_run.path, "--positive", "8", "--miss", 5, "--accuracy", 0.99)
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    found = digits_run.calibration()
    assert f"{found.scores.ece_equal_mass:.2%}" in out
    assert f"Temperature {found.temperature.value:.3f}" in out
    row = digits_run.coverage(accuracy=0.99).summaries()[0]
    assert f"{row['threshold']:.4f}" in out
    assert f"{row['coverage']:.2%}" in out
    thresholds = digits_run.thresholds(positive="8", cost=[[0, 1], [5, 0]])
    assert f"{thresholds.chosen.threshold:.4f} chosen" in out
    assert f"Area under the ROC curve {thresholds.roc.area:.4f}" in out
    assert "Cost" in out
    code, out, _ = cutaway("confidence", digits_run.path, "--positive", "8", "--accuracy", 0.2, "--accuracy", 0.3)
    assert "Cost" not in out, "no costs were given"
    assert "the best threshold would be" not in out
    assert f"{digits_run.thresholds(positive='8').half.cost:.2%}" in out
    assert all(any(line.startswith(f" {wanted}.00% ") for line in out.splitlines()) for wanted in (20, 30))


def test_confidence_in_json(cutaway, digits_run):
    code, out, err = cutaway("confidence", digits_run.path, "--json")
    answer = json.loads(out)
    assert (code, err, answer["split"], answer["thresholds"]) == (0, "", "test", None)
    found = digits_run.calibration()
    assert answer["calibration"]["scores"]["brier"] == pytest.approx(found.scores.brier)
    assert len(answer["calibration"]["bins"]) == len(found.to_pandas())
    assert answer["coverage"]["targets"] == digits_run.coverage().summaries()
    assert answer["coverage"]["curve"][-1]["coverage"] == 1
    assert len(answer["coverage"]["curve"]) <= 200
    code, out, _ = cutaway("confidence", digits_run.path, "--positive", "3", "--json")
    thresholds = json.loads(out)["thresholds"]
    assert thresholds["positive"] == "3"
    assert thresholds["curve"][0]["threshold"] is None  # infinite: JSON has no such number
    assert thresholds["chosen"]["recall"]["low"] <= thresholds["chosen"]["recall"]["value"]


def test_without_test_samples_validation_is_measured_and_said(cutaway, untested):
    code, out, err = cutaway("confidence", untested)
    assert (code, err) == (0, "")
    assert out.startswith("There are no test samples, so validation samples are measured")
    assert "Note: these samples are among those that the temperature was fitted on." in out
    code, out, err = cutaway("confidence", untested, "--split", "test")
    assert (code, err.startswith("error: measuring needs at least one sample")) == (2, True)


def test_classes_that_do_not_exist_are_refused(cutaway, digits_run):
    code, _, err = cutaway("confidence", digits_run.path, "--positive", "ten")
    assert code == 2
    assert err.startswith("error: positive is the name or the number of a class: 0, 1, 2")


def test_learning_curve_prints_trainings_and_forecast(cutaway, digits_run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    options = ("--shares", "0.1,0.2,0.4")
    code, out, err = cutaway("learning-curve", digits_run.path, *options)
    assert (code, "learning curve: " in err) == (0, True)
    found = digits_run.learning_curve(shares=(0.1, 0.2, 0.4), progress=False)
    for point in found.points:
        assert f"{point.test_accuracy:.2%}" in out
    assert found.verdict[1:] in out
    _, twice, _ = found.summaries()
    assert f"{twice['accuracy']:.2%}" in out
    assert " 1x " not in out, "the run itself was measured"
    assert out.count(f"{1 - float(found.check.error[0]):.2%}") >= 1
    assert "Check: the smaller trainings predict" in " ".join(out.split())
    code, out, _ = cutaway("learning-curve", digits_run.path, *options, "--json")
    answer = json.loads(out)
    assert answer["points"][-1]["seed"] is None
    assert [row["accuracy"] for row in answer["forecast"]] == [row["accuracy"] for row in found.summaries()]
    code, _, err = cutaway("learning-curve", digits_run.path, "--shares", "a,b")
    assert (code, "shares are numbers above 0" in err) == (2, True)


def test_predictions_are_printed_at_a_temperature(cutaway, digits_run, tmp_path):
    x = digits_run.data.x(digits_run.split.test)[:5]
    np.save(tmp_path / "new.npy", x)
    code, out, _ = cutaway("predict", digits_run.path, "new.npy", "--temperature", "fitted", "--json")
    found = np.array([list(record["probabilities"].values()) for record in json.loads(out)])
    np.testing.assert_allclose(found, digits_run.predict(x, temperature="fitted"), atol=1e-6)
    code, out, _ = cutaway("predict", digits_run.path, "new.npy", "--temperature", "2.5", "--json")
    found = np.array([list(record["probabilities"].values()) for record in json.loads(out)])
    np.testing.assert_allclose(found, digits_run.predict(x, temperature=2.5), atol=1e-6)
    code, _, err = cutaway("predict", digits_run.path, "new.npy", "--temperature", "warm")
    assert (code, err.startswith("error: temperature is a number above 0")) == (2, True)


def test_show_has_intervals_of_the_classes(cutaway, digits_run):
    _, out, _ = cutaway("show", digits_run.path)
    low, high = digits_run.per_class().measures.accuracy_interval
    assert f"95% interval of the accuracy: {low:.2%} to {high:.2%}." in out
    row = digits_run.per_class().summaries()[3]
    assert f"{row['recall_low']:.1%} to {row['recall_high']:.1%}" in out


def test_of_a_recorded_model_learning_curve_says_how_it_is_trained(cutaway, tmp_path):
    import keras

    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(10, activation="softmax", name="out")])
    run = ct.record(model, "digits", runs=tmp_path, progress=False)
    code, _, err = cutaway("learning-curve", run.path)
    assert code == 2
    assert "cutaway.train(run.model(), run.data)" in err
