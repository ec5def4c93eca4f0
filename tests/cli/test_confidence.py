"""The command confidence where there are no test samples."""

import json

import numpy as np
import pytest

import cutaway as ct


def test_without_test_samples_validation_is_measured_and_said(cutaway, copied_run):
    run = copied_run("digits")
    nothing = run.split.test.take(slice(0))
    record = json.loads((run.path / "run.json").read_text())
    record["split"] = ct.data.Split(
        run.split.train, run.split.val, nothing, 0.25, 0, dropped=run.split.test
    ).to_record()
    (run.path / "run.json").write_text(json.dumps({**record, "test": None}))
    code, out, err = cutaway("confidence", run.path, "--json")
    assert (code, err, json.loads(out)["split"]) == (0, "", "val")
    code, _, err = cutaway("confidence", run.path, "--split", "test")
    assert (code, err.startswith("error: ")) == (2, True)


def test_the_positive_class_is_named_and_the_other_one_can_be_chosen(cutaway, ready_run):
    run = ready_run("people")
    code, out, _ = cutaway("confidence", run.path, "--split", "val")
    assert (code, '"yes"' in out, "--positive no" in out) == (0, True, True)
    assert 'positive="no"' in run.thresholds(split="val").tables()[0].notes[0]
    code, out, _ = cutaway("confidence", run.path, "--split", "val", "--positive", "no", "--json")
    assert (code, json.loads(out)["thresholds"]["positive"]) == (0, "no")


def test_numbers_that_json_does_not_have_are_null_and_curves_are_short(cutaway, digits_run):
    code, out, _ = cutaway("confidence", digits_run.path, "--positive", "3", "--json")
    answer = json.loads(out)
    assert (code, answer["thresholds"]["curve"][0]["threshold"]) == (0, None), "it is infinite"
    found = digits_run.calibration()
    assert answer["calibration"]["scores"]["brier"] == pytest.approx(found.scores.brier)
    assert answer["coverage"]["curve"][-1]["coverage"] == 1
    assert len(answer["coverage"]["curve"]) <= 200
    assert np.isfinite(answer["thresholds"]["roc"]["area"] if "roc" in answer["thresholds"] else 0.0)
