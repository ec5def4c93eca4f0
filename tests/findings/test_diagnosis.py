import json

import numpy as np
import pytest

from cutaway.errors import DataError
from cutaway.findings import diagnose


def rows(val_losses, **columns):
    return [{"epoch": epoch, "loss": 0.1, "val_loss": value, **columns} for epoch, value in enumerate(val_losses, 1)]


def only(*args, **kwargs):
    (finding,) = diagnose(*args, **kwargs)
    json.dumps(finding.evidence, allow_nan=False)
    return finding


def test_overfitting_is_told_with_its_epoch():
    finding = only(rows([0.5, 0.25, 0.3, 0.375]))
    assert (finding.kind, finding.severity, finding.title) == ("overfitting", "warning", "Overfitting since epoch 2")
    assert finding.text == (
        "The validation loss was lowest in epoch 2 (0.2500) and has risen to 0.3750 in epoch 4, while the training "
        "loss stands at 0.1000. Later epochs learn the training data by heart: use the snapshot of epoch 2, stop "
        "earlier, or add dropout."
    )
    assert finding.evidence == {
        "best_epoch": 2,
        "best_val_loss": 0.25,
        "last_epoch": 4,
        "gap": pytest.approx(0.275),
        "rise": 0.125,
    }


@pytest.mark.parametrize(
    ("val_losses", "text"),
    [
        (
            [0.5, 0.25],
            "The validation loss was lowest in epoch 2 (0.2500), the last one. More epochs may still improve it.",
        ),
        (
            [0.25, 0.26],
            "The validation loss was lowest in epoch 1 (0.2500) and is 0.2600 in epoch 2, which is no clear rise yet.",
        ),
    ],
)
def test_the_absence_of_overfitting_is_told_too(val_losses, text):
    finding = only(rows(val_losses))
    assert (finding.severity, finding.title, finding.text) == ("good", "No overfitting", text)


@pytest.mark.parametrize("broken", [float("nan"), float("inf"), None])
def test_a_diverged_loss_comes_before_all_else(broken):
    finding = only(rows([0.5, broken, 0.4]))
    assert (finding.kind, finding.severity) == ("divergence", "warning")
    assert finding.text.startswith("The validation loss stopped being a finite number in epoch 2.")
    assert finding.evidence == {"epoch": 2, "metric": "val_loss"}
    assert only([{"epoch": 1, "loss": broken}]).text.startswith(
        "The training loss stopped being a finite number in epoch 1"
    )


def test_without_validation_overfitting_is_left_open():
    finding = only([{"epoch": 1, "loss": 0.5}])
    assert (finding.kind, finding.severity, finding.title) == ("overfitting", "note", "Overfitting cannot be judged")


def test_a_model_that_was_not_trained_here_has_no_curves():
    assert diagnose([]) == ()


def test_confusions_are_told_by_name():
    matrix = np.array([[970, 30, 0], [1, 99, 0], [0, 0, 900]])
    finding = only([], matrix=matrix, class_names=["shirt", "coat", "bag"])
    assert (finding.kind, finding.severity, finding.title) == (
        "confusion",
        "note",
        "shirt is most often taken for coat",
    )
    assert finding.text == (
        "31 of 2,000 answers are wrong (1.55 %). Taken most often: shirt for coat, 30 times (3.00 % of all shirt); "
        "coat for shirt, once (1.00 % of all coat)."
    )
    assert finding.evidence["pairs"][0] == {"true": "shirt", "predicted": "coat", "count": 30, "share": 0.03}
    assert (finding.evidence["samples"], finding.evidence["wrong"]) == (2000, 31)


def test_classes_without_names_are_told_by_number():
    assert only([], matrix=np.array([[5, 1], [0, 5]])).title == "0 is most often taken for 1"


def test_the_absence_of_confusions_is_told_too():
    finding = only([], matrix=np.diag([1000, 500]))
    assert (finding.severity, finding.text) == ("good", "All 1,500 answers are right.")


@pytest.mark.parametrize(
    ("matrix", "names", "text"),
    [
        (np.eye(3, dtype=int), ["a", "b"], "one class name; got 2 names for 3 rows; next:"),
        (np.eye(3), None, "is square .* and holds counts, not all 0; got .* float64"),
    ],
)
def test_matrices_that_do_not_fit_are_refused(matrix, names, text):
    with pytest.raises(DataError, match=text):
        diagnose([], matrix=matrix, class_names=names)


def test_dead_units_are_told_for_each_layer_that_has_some():
    few, many = diagnose([], dead={"dense": (51, 512), "dense_1": (0, 512), "dense_2": (52, 512)})
    assert (few.severity, few.title) == ("note", "A few dead units in dense")
    assert few.text == "51 of the 512 units of dense (9.96 %) never fire on the data."
    assert (many.severity, many.title) == ("warning", "Many dead units in dense_2")
    assert many.text.startswith("52 of the 512 units of dense_2 (10.16 %) never fire on the data; a smaller layer,")
    assert many.evidence == {"layer": "dense_2", "dead": 52, "units": 512, "share": 52 / 512}


def test_the_absence_of_dead_units_is_told_too():
    finding = only([], dead={"dense": (0, 512), "dense_1": (0, 10)})
    assert (finding.severity, finding.text) == ("good", "Every unit of dense, dense_1 fires on some sample.")
    assert diagnose([], dead={}) == ()


@pytest.mark.parametrize(
    ("test", "validation", "severity", "text"),
    [
        (0.981, 0.9825, "good", "The test accuracy is 98.10 %, the validation accuracy 98.25 %: they agree."),
        (
            0.94,
            0.9825,
            "warning",
            "The test accuracy is 94.00 %, the validation accuracy 98.25 %, 4.25 points above it: ",
        ),
        (0.94, 0.9, "note", "The test accuracy is 94.00 %, the validation accuracy 90.00 %, 4.00 points below it: "),
    ],
)
def test_the_test_is_held_against_the_last_validation(test, validation, severity, text):
    history = [*rows([0.5], val_accuracy=0.1), {"epoch": 2, "loss": 0.1, "val_loss": 0.4, "val_accuracy": validation}]
    _, finding = diagnose(history, test_accuracy=test)
    assert (finding.kind, finding.severity) == ("test", severity)
    assert finding.text.startswith(text)
    assert finding.evidence["difference"] == pytest.approx(test - validation)


def test_a_test_without_validation_is_told_alone():
    finding = only([], test_accuracy=0.981)
    assert finding.text == "The test accuracy is 98.10 %; there is no validation accuracy to compare it with."


def test_findings_come_in_the_order_of_the_story():
    found = diagnose(
        rows([0.5, 0.4], val_accuracy=0.9), matrix=np.eye(2, dtype=int), dead={"dense": (0, 4)}, test_accuracy=0.9
    )
    assert [finding.kind for finding in found] == ["overfitting", "confusion", "dead-units", "test"]
