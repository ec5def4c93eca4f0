"""What is bad is never called good: models with one answer, losses that stand still, classes that are missed."""

import json

import numpy as np
import pytest
from scipy.sparse import csr_array

from cutaway.findings import Evidence, run_checks
from cutaway.findings.simpler_models import learned_nothing


def found(**known):
    findings = {finding.kind: finding for finding in run_checks(Evidence(**known))}
    json.dumps([finding.evidence for finding in findings.values()], allow_nan=False)
    return findings


def history(val_losses):
    return [{"epoch": epoch, "loss": value, "val_loss": value} for epoch, value in enumerate(val_losses, 1)]


def always(predicted, sizes):
    """The confusion matrix of a model that always predicts one class."""
    matrix = np.zeros((len(sizes), len(sizes)), np.int64)
    matrix[:, predicted] = sizes
    return matrix


def accuracy(matrix):
    return float(np.trace(matrix) / matrix.sum())


@pytest.mark.parametrize("predicted", [0, 3])
def test_a_model_that_always_predicts_one_class_is_warned_of_first_and_never_praised(predicted):
    matrix = always(predicted, [40, 35, 35, 30])
    known = {"test_accuracy": accuracy(matrix), "val_accuracy": accuracy(matrix), "val_samples": 100}
    findings = found(confusion=matrix, history=history([1.5, 1.4, 1.38]), test_samples=140, **known)
    assert next(iter(findings)) == "baseline"
    warning = findings["baseline"]
    assert warning.severity == "warning"
    assert warning.evidence["baseline"] == pytest.approx(40 / 140)
    assert "good" not in {each.severity for each in findings.values()}
    assert "missed-class" not in findings, "said once"


def test_rare_samples_that_are_missed_are_warned_of_though_the_accuracy_is_99_percent():
    matrix = np.array([[2079, 0], [20, 1]])
    findings = found(confusion=matrix, test_accuracy=accuracy(matrix), val_accuracy=0.99, class_names=["no", "yes"])
    assert findings["baseline"].severity == "warning"
    assert "good" not in {each.severity for each in findings.values()}


def test_a_class_that_is_missed_is_named_with_the_balanced_accuracy():
    matrix = np.array([[900, 0, 0], [0, 90, 0], [4, 5, 1]])
    warning = found(confusion=matrix, class_names=["a", "b", "class_c"])["missed-class"]
    assert warning.severity == "warning"
    assert warning.evidence["classes"] == [{"class": "class_c", "samples": 10, "recall": 0.1}]
    assert warning.evidence["balanced_accuracy"] == pytest.approx(0.7)
    assert "missed-class" not in found(confusion=np.array([[9, 1], [1, 9]]))
    assert "missed-class" not in found(confusion=np.array([[99, 0], [2, 0]])), "two samples say nothing"


def test_a_class_that_is_taken_for_one_other_may_be_labeled_as_it():
    taken = np.array([[90, 2, 0, 1], [0, 85, 4, 0], [1, 19, 1, 0], [2, 0, 0, 88]])
    warning = found(confusion=csr_array(taken), expected=(93, 89, 21, 90), class_names=list("abcd"))["missed-class"]
    assert (warning.severity, "for class b" in warning.title) == ("warning", True)
    spread = np.array([[90, 2, 0, 1], [0, 85, 4, 0], [7, 7, 1, 6], [2, 0, 0, 88]])
    noisy = np.array([[60, 32, 0, 1], [0, 85, 4, 0], [1, 19, 1, 0], [30, 0, 0, 58]])
    for other in (spread, noisy, np.array([[90, 9], [19, 6]])):
        warning = found(confusion=other, class_names=["a", "b", "class_c", "d"][: len(other)])["missed-class"]
        assert "for class b" not in warning.title


@pytest.mark.parametrize(
    ("matrix", "severity"),
    [
        ([[50, 10], [12, 9]], "warning"),  # 59 of 81 is below the 60 of always predicting class 0
        # 64 of 81, four more than the baseline, on 8 samples that differ: chance; but 6 of the 8 answers 1 are right,
        # which no model that knows nothing gives (Cohen's kappa 3.3 standard errors above 0)
        ([[58, 2], [15, 6]], "note"),
        ([[400, 100], [20, 80]], "note"),  # 480 of 600 is below 500, though the answers tell the classes apart
        ([[60, 0], [11, 10]], None),
        ([[7, 0], [0, 3]], None),  # perfect, though on few samples
        ([[33, 1, 1], [1, 33, 1], [1, 1, 33]], None),
    ],
)
def test_an_accuracy_is_compared_with_that_of_always_predicting_the_largest_class(matrix, severity):
    matrix = np.array(matrix)
    findings = found(confusion=matrix, test_accuracy=accuracy(matrix), val_accuracy=accuracy(matrix))
    assert (findings["baseline"].severity if "baseline" in findings else None) == severity
    assert findings["test-gap"].severity == ("note" if severity == "warning" else "good")


def test_answers_that_know_nothing_of_the_class_are_hardly_ever_said_to_tell_them_apart():
    random = np.random.default_rng(0)
    told = 0
    for _ in range(2000):
        classes, samples = random.integers(2, 6), random.integers(60, 400)
        true, predicted = (random.choice(classes, samples, p=random.dirichlet(np.full(classes, 2.0))) for _ in "ab")
        matrix = np.zeros((classes, classes), int)
        np.add.at(matrix, (true, predicted), 1)
        found = Evidence(confusion=matrix)
        told += not learned_nothing(found) and accuracy(matrix) <= matrix.sum(axis=1).max() / samples
    assert told <= 8  # one in a thousand, on one side


def test_a_loss_that_never_moved_is_a_warning_and_no_absence_of_overfitting():
    findings = found(history=history([9.9395] * 10))
    assert list(findings) == ["stalled"]
    assert findings["stalled"].severity == "warning"
    assert "stalled" in found(history=[{"epoch": epoch, "loss": 2.3} for epoch in (1, 2)])
    assert "stalled" not in found(history=history([2.3, 2.25]))
    assert "stalled" not in found(history=history([2.3]))


def test_overfitting_after_the_kept_epoch_does_no_harm():
    losses = history([0.5, 0.25, 0.3, 0.375])
    kept = found(history=losses, kept_epoch=2)["overfitting"]
    assert kept.severity == "good"
    last = found(history=losses, kept_epoch=4)["overfitting"]
    assert (last.severity, last.evidence["kept_epoch"]) == ("warning", 4)


def test_an_epoch_that_was_clearly_worse_than_another_is_named_unless_it_is_the_last():
    shares = (0.57, 0.8, 0.93, 0.57)
    rows = [row | {"val_accuracy": shares[i]} for i, row in enumerate(history([0.81, 0.5, 0.29, 0.33]))]
    known = {"history": rows, "val_samples": 30, "confusion": always(0, [10, 10, 10])}
    findings = found(**known, kept_epoch=1)
    assert next(iter(findings)) == "kept-epoch"
    assert {key: findings["kept-epoch"].evidence[key] for key in ("kept", "best")} == {"kept": 1, "best": 3}
    assert findings["baseline"].cause == "kept-epoch"
    for change in ({"kept_epoch": 4}, {"kept_epoch": 3}, {"kept_epoch": 2}, {}, {"kept_epoch": 1, "val_samples": 8}):
        assert "kept-epoch" not in found(**known | change), change
    few = known | {"history": [*rows, rows[3] | {"epoch": 5}], "val_samples": 8, "kept_epoch": 1}
    assert "kept-epoch" in found(**few), "of five epochs it has the highest loss"


def test_a_rise_like_one_that_passed_is_no_overfitting_unless_it_is_more_than_chance():
    losses = history([1.0, 0.11, 0.09, 0.11, 0.08, 0.1, 0.09, 0.115])
    assert found(history=losses)["overfitting"].severity == "note"
    tested = [row | {"val_cross_entropy": row["val_loss"], "rise_error": 0.001} for row in losses]
    higher = history([*(row["val_loss"] for row in losses[:-1]), 0.2])
    assert {found(history=each)["overfitting"].severity for each in (tested, higher)} == {"warning"}


def test_a_small_rise_is_none_whichever_epoch_is_kept():
    losses = history([0.5, 0.4, 0.403])
    for kept in (2, 3):
        finding = found(history=losses, kept_epoch=kept)["overfitting"]
        assert (finding.severity, finding.evidence["kept_epoch"]) == ("good", kept)


def test_a_large_difference_of_few_samples_is_no_agreement():
    few = {"test_accuracy": 0.87, "val_accuracy": 0.93, "test_samples": 100, "val_samples": 100}
    assert found(**few)["test-gap"].severity == "note"
    assert found(**few | {"val_accuracy": 0.88})["test-gap"].severity != "warning"
