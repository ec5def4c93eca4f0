"""What is said of runs of which little is known: ready-made models, and runs without test samples."""

from pathlib import Path

import keras
import numpy as np
import pytest
from sick_runs import digits, model_of

import cutaway as ct
from cutaway.data import Shift
from cutaway.errors import UsageError
from cutaway.findings import RULES, Evidence, Finding, run_checks
from cutaway.topics.doctor.judging import Judgment
from cutaway.topics.doctor.result import Proof
from cutaway.topics.doctor.unknown import GRADIENTS, LEAST_EPOCHS, PREDICTIONS, TRAINING

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
    said = " ".join(found.not_judged)
    assert all(kind in said for kind in ("overfitting", "learning-rate-too-high", "vanishing-gradients", "label-noise"))
    (test,) = [each for each in found.findings if each.kind == "test"]
    measured = np.mean(run.predictions(split="val").argmax(axis=1) == run.labels(split="val"))
    assert test.evidence["val_accuracy"] == measured
    assert f"{measured:.2%}" in test.text
    assert "not known" in test.text
    assert ct.doctor(run, progress=False).findings == found.findings, "kept facts say the same"


@pytest.mark.exhaustive
def test_without_test_samples_predictions_are_judged_on_validation_samples(tmp_path: Path) -> None:
    x, y = digits()
    model = model_of(keras.layers.Flatten(), keras.layers.Dense(16, "relu"))
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    recorder = ct.Recorder(tmp_path / "fit", ct.Dataset.from_arrays(x, y, scale=1.0))
    model.fit(x, y, validation_split=0.2, epochs=1, verbose=0, callbacks=[recorder])
    run = ct.open_run(tmp_path / "fit", data=ct.Dataset.from_arrays(x, y, scale=1.0))
    found = ct.doctor(run, progress=False)
    judged = {each.kind: each for each in found.findings}
    wrong = int((run.predictions(split="val").argmax(axis=1) != run.labels(split="val")).sum())
    assert judged["confusion"].evidence["wrong"] == wrong
    assert (
        f"{wrong:,} of {len(run.split.val):,} predictions of validation samples are wrong" in judged["confusion"].text
    )
    said = " ".join(found.not_judged)
    assert "on the validation samples" in said
    assert "Not checked: stalled" in said
    assert "(1 epoch is too few)" in said


def test_texts_name_the_samples_that_were_judged() -> None:
    one = np.array([[90, 0], [60, 0]])
    missed = np.array([[95, 5, 0], [5, 95, 0], [9, 9, 2]])
    for confusion, names, kinds in ((one, ("a", "b"), ("baseline",)), (missed, ("a", "b", "c"), ("missed-class",))):
        known = Evidence(confusion=confusion, class_names=names, test_samples=0, calibration=(0.3, 0.3, 0.02))
        found: dict[str, Finding] = {each.kind: each for each in run_checks(known)}
        for kind in (*kinds, "miscalibration"):
            assert "validation" in found[kind].text
            assert "test" not in found[kind].text.lower()


@pytest.mark.parametrize(("test_samples", "said"), [(0, "validation"), (400, "test")])
def test_samples_that_differ_from_training_samples_are_called_what_they_are(test_samples: int, said: str) -> None:
    (found,) = run_checks(Evidence(shift=Shift(0.9, 0.02, 400), test_samples=test_samples, val_samples=400))
    assert found.title == f"{said.capitalize()} samples differ from training samples"
    other = {"validation": "test", "test": "validation"}[said]
    assert f" {other} " not in found.text
    assert found.remedy is not None
    assert found.remedy.untried
    assert f" {other} " not in found.remedy.words


def test_a_difference_without_an_interval_is_said_in_words() -> None:
    for interval, words in (
        ((float("nan"), float("nan")), "(with so few samples the difference has no interval, p = 0.002)"),
        ((-0.0248, -0.0248), "(difference -2.48 points, whichever samples are drawn, p = 0.002)"),
    ):
        judgment = Judgment("calibration error", 0.1, 0.0752, interval, 0.002)
        proof = Proof("miscalibration", "try", 0.5, 0.5, judgments=(judgment,), samples=9)
        assert words in proof.words


def test_the_hint_of_the_doctor_names_what_it_takes() -> None:
    with pytest.raises(UsageError, match=r"doctor\(x, y\)"):
        ct.doctor(None)
