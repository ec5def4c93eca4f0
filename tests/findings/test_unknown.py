"""What is said of runs of which little is known: ready-made models, and runs without test samples."""

from pathlib import Path

import keras
import numpy as np
import pytest
from sick_runs import digits, model_of

import cutaway as ct
from cutaway.data import Shift
from cutaway.findings import GRADIENTS, LEAST_EPOCHS, PREDICTIONS, RULES, TRAINING, Evidence, run_checks

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::cutaway.CutawayWarning")]


def test_the_kinds_that_are_named_exist() -> None:
    assert {*GRADIENTS, *LEAST_EPOCHS, *PREDICTIONS, *TRAINING} <= RULES.keys()


@pytest.mark.exhaustive
def test_of_a_ready_made_model_what_was_not_judged_is_named(tmp_path: Path) -> None:
    x, y = digits()
    model = model_of(keras.layers.Flatten(), keras.layers.Dense(16, "relu"))
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x[:1200], y[:1200], epochs=2, verbose=0)
    data = ct.Dataset.from_arrays(x[:1500], y[:1500], x_test=x[1500:], y_test=y[1500:], scale=1.0)
    run = ct.record(model, data, runs=tmp_path, progress=False)
    found = ct.doctor(run, progress=False)
    for kind in ("overfitting", "learning-rate-too-high", "vanishing-gradients", "label-issues"):
        assert kind in " ".join(found.not_judged)
    (test,) = [each for each in found.findings if each.kind == "test-gap"]
    measured = np.mean(run.predictions(split="val").argmax(axis=1) == run.labels(split="val"))
    assert test.evidence["val_accuracy"] == measured
    assert ct.doctor(run, progress=False).findings == found.findings, "kept facts say the same"


@pytest.mark.exhaustive
def test_without_test_samples_predictions_are_judged_on_validation_samples(tmp_path: Path) -> None:
    x, y = digits()
    model = model_of(keras.layers.Flatten(), keras.layers.Dense(16, "relu"))
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    held = x[1437:], y[1437:]
    recorder = ct.Recorder(
        tmp_path / "fit", ct.Dataset.from_arrays(x[:1437], y[:1437], scale=1.0), validation_data=held
    )
    model.fit(x[:1437], y[:1437], validation_data=held, epochs=1, verbose=0, callbacks=[recorder])
    run = ct.open_run(tmp_path / "fit", data=recorder.data)
    found = ct.doctor(run, progress=False)
    judged = {each.kind: each for each in found.findings}
    wrong = int((run.predictions(split="val").argmax(axis=1) != run.labels(split="val")).sum())
    assert judged["confusion"].evidence["wrong"] == wrong
    assert "stalled" in " ".join(found.not_judged)


@pytest.mark.parametrize("test_samples", [0, 400])
def test_where_samples_differ_from_training_samples_no_remedy_is_tried(test_samples: int) -> None:
    (found,) = run_checks(Evidence(shift=Shift(0.9, 0.02, 400), test_samples=test_samples, val_samples=400))
    assert found.remedy is not None
    assert found.remedy.untried
