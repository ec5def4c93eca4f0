"""A cause is shown and advises; what follows from it only tells, below it."""

import numpy as np
import pytest

from cutaway.data import ColumnFacts, EncodedTarget, InputFacts, LeakyInput, NearDuplicates, WholeGroups
from cutaway.findings import RULES, Evidence, SimplerModel, WeightFacts, folded, run_checks
from cutaway.findings.registry import EXPLAINS


def found(**known):
    return {finding.kind: finding for finding in run_checks(Evidence(**known))}


def history(losses):
    return [{"epoch": epoch, "loss": loss, "val_loss": loss} for epoch, loss in enumerate(losses, 1)]


SGD = {"optimizer": "sgd", "learning_rate": 0.01, "batch_size": 32}
ONE_ANSWER = np.array([[50, 0, 0], [48, 2, 0], [49, 1, 0]])


def test_causes_and_consequences_are_kinds_of_findings():
    assert set(EXPLAINS) <= set(RULES)
    assert {kind for kinds in EXPLAINS.values() for kind in kinds} <= set(RULES)
    assert not any(cause in kinds for cause, kinds in EXPLAINS.items())


def test_one_epoch_of_a_usual_rate_is_the_cause_and_nothing_else_advises():
    findings = found(
        history=history([1.08]), confusion=ONE_ANSWER, config=SGD, train_samples=1000, class_names=["a", "b", "c"]
    )
    cause = next(iter(findings.values()))
    assert (cause.kind, cause.severity, cause.cause) == ("too-few-epochs", "warning", None)
    assert cause.remedy.settings == {"epochs": 70}, "2,000 steps"
    assert findings["baseline"].cause == findings["baseline"].record()["cause"] == "too-few-epochs"
    assert cause.record()["cause"] is None
    for each in findings.values():
        if each is not cause:
            assert (each.cause, each.remedy, each.advice) == ("too-few-epochs", None, "")


@pytest.mark.parametrize(
    ("losses", "rate", "kind"),
    [
        ([1.08, 1.0, 0.93], 0.01, "too-few-epochs"),
        ([1.08, 1.0, 0.93], 0.001, None),
        ([1.08, 1.0, 0.999], 0.01, None),
        ([1.08, 0.6, 0.5], 0.01, None),
    ],
)
def test_few_epochs_are_the_cause_where_the_rate_is_usual_and_the_loss_is_high_and_falls(losses, rate, kind):
    config = SGD | {"learning_rate": rate}
    known = {"train_samples": 1000, "class_names": ["a", "b", "c"], "confusion": ONE_ANSWER}
    findings = found(history=history(losses), config=config, **known)
    assert ("too-few-epochs" in findings) == (kind is not None)


def test_a_good_model_has_had_enough_epochs_whatever_its_loss_is():
    good = np.diag([48, 49, 47]) + 1
    known = {"history": history([4.0, 2.6, 1.9]), "config": SGD, "train_samples": 1000, "class_names": ["a", "b", "c"]}
    assert "too-few-epochs" not in found(**known, confusion=good)
    assert "too-few-epochs" in found(**known, confusion=ONE_ANSWER)
    assert "too-few-epochs" not in found(**known, confusion=ONE_ANSWER, regularization={"l2": 0.01})
    assert "too-few-epochs" not in found(**known, confusion=ONE_ANSWER, ended=False)
    weighted = {**known, "config": SGD | {"class_weight": {0: 2.0}}}
    assert "too-few-epochs" not in found(**weighted, confusion=ONE_ANSWER)
    unknown = {**known, "config": SGD | {"batch_size": None}}
    assert "too-few-epochs" not in found(**unknown, confusion=ONE_ANSWER)


def test_epochs_are_not_too_few_where_more_of_them_made_nothing_better():
    falls = [1.08, 1.0, 0.93]
    known = {"history": history(falls), "train_samples": 1000, "class_names": ["a", "b", "c"], "confusion": ONE_ANSWER}
    planned = found(**known, config=SGD | {"epochs": 3})["too-few-epochs"]
    assert planned.remedy.settings == {"epochs": 70}
    assert "too-few-epochs" not in found(**known, config=SGD | {"epochs": 500}), "it was stopped early"
    for validation, named in (([1.0, 0.98, 0.97], True), ([1.0, 0.97, 1.02], False)):
        risen = [row | {"val_loss": loss} for row, loss in zip(history(falls), validation, strict=True)]
        assert ("too-few-epochs" in found(**known | {"history": risen}, config=SGD)) is named
    epochs = planned.remedy.settings["epochs"]
    advised = known | {"history": history([1.09 * 0.995**n for n in range(epochs - 1)] + [0.77])}
    assert "too-few-epochs" not in found(**advised, config=SGD | {"epochs": epochs}), "it followed the advice"


def test_chance_is_no_other_numbering_of_many_classes():
    random = np.random.default_rng(0)
    for _ in range(10):
        matrix = np.zeros((100, 100), int)
        np.add.at(matrix, (random.integers(0, 100, 60), random.integers(0, 100, 60)), 1)
        known = known_validation(matrix, val_accuracy=0.6)
        titles = [each.title for each in run_checks(Evidence(**known)) if each.kind == "test-labels"]
        assert "Test labels are numbered in another way" not in titles


def known_validation(matrix, **more):
    matrix = np.asarray(matrix)
    classes, samples = len(matrix), int(matrix.sum())
    return {
        "confusion": matrix,
        "test_samples": samples,
        "test_accuracy": float(np.trace(matrix) / samples),
        "val_accuracy": 0.95,
        "val_samples": 300,
        "class_counts": {"train": [900 // classes] * classes, "val": [300 // classes] * classes},
        **more,
    }


def test_shuffled_test_labels_are_told_from_a_model_that_has_not_learned():
    matrix = np.full((3, 3), 20)
    findings = found(**known_validation(matrix))
    assert next(iter(findings)) == "test-labels"
    assert findings["test-labels"].title == "Test labels do not fit the test samples"
    assert {findings[kind].cause for kind in ("baseline", "test-gap", "confusion")} == {"test-labels"}
    assert "test-labels" not in found(**known_validation(matrix, val_accuracy=0.35)), "nothing was learned"
    assert "test-labels" not in found(**known_validation(np.diag([50, 50, 50]) + 5))


def test_test_labels_with_another_numbering_are_named():
    renumbered = np.roll(np.diag([40, 50, 60]) + 1, 1, axis=1)
    finding = found(**known_validation(renumbered, class_names=["a", "b", "c"]))["test-labels"]
    assert finding.title == "Test labels are numbered in another way"
    assert finding.remedy.untried


def test_outputs_that_stand_for_other_classes_are_named_without_validation():
    renumbered = np.roll(np.diag([50, 50, 50]) + 1, 1, axis=1)
    for known in ({"val_accuracy": 0.02}, {"val_accuracy": None}, {"test_samples": 0}):
        findings = found(**known_validation(renumbered, **known))
        assert (next(iter(findings)), findings["baseline"].cause) == ("test-labels", "test-labels")
    for matrix in (np.full((3, 3), 20), np.diag([50, 50, 50]) + 1, [[0, 20, 20], [20, 0, 20], [20, 20, 0]]):
        assert "test-labels" not in found(**known_validation(matrix, val_accuracy=None))


def test_few_test_samples_say_nothing_of_test_labels():
    assert "test-labels" not in found(**known_validation([[3, 3, 3], [3, 3, 3], [3, 3, 2]]))
    assert "test-labels" not in found(**known_validation([[12, 3], [6, 9]]))


def test_strong_regularization_is_the_cause_where_training_samples_are_not_fitted():
    known = {"confusion": ONE_ANSWER, "val_accuracy": 0.36, "val_samples": 100, "test_samples": 150}
    held_back = found(**known, regularization={"dropout": 0.9}, trained=(380, 1000))
    strong = found(**known, regularization={"dropout": 0.65}, trained=(380, 1000))
    assert (strong["over-regularized"].severity, strong["baseline"].cause) == ("note", None)
    assert held_back["baseline"].cause == "over-regularized"
    assert held_back["over-regularized"].remedy.change == "no-regularization"
    for known_too in (
        {"regularization": {"dropout": 0.5, "l2": 0.01}, "trained": (380, 1000)},
        {"regularization": {"dropout": 0.9}, "trained": (990, 1000)},
        {"regularization": {"dropout": 0.9}, "trained": (600, 1000)},
    ):
        assert "over-regularized" not in found(**known, **known_too)


def test_classes_are_missed_by_more_than_chance():
    """Of eight equal classes of four samples, at an accuracy of 75%, one has at most one right in 29% of cases."""
    random, warned = np.random.default_rng(0), 0
    for _ in range(400):
        right = random.binomial(4, 0.75, size=8)
        matrix = np.diag(right)
        matrix[np.arange(8), (np.arange(8) + 1) % 8] += 4 - right
        warned += "missed-class" in found(confusion=matrix)
    assert warned <= 0.05 * 400
    assert "missed-class" in found(confusion=np.array([[90, 2, 2], [1, 95, 1], [40, 40, 10]]))


def test_weights_for_classes_are_the_advice_for_rare_classes_only():
    matrix = np.array([[90, 5, 5], [5, 90, 5], [45, 45, 10]])
    equal, rare = found(confusion=matrix), found(confusion=matrix, class_counts={"train": [500, 500, 50]})
    assert equal["missed-class"].remedy is None
    smaller = found(confusion=matrix, class_counts={"train": [500, 500, 300]})["missed-class"]
    assert smaller.remedy is None
    assert rare["class-imbalance"].remedy.settings == {"class_weight": "balanced"}
    assert rare["missed-class"].cause == "class-imbalance"


def test_imbalance_and_leaks_explain_before_units_and_other_models():
    matrix = np.array([[880, 20], [70, 11]])
    few = {"confusion": matrix, "class_counts": {"train": [2700, 240]}, "class_names": ["ok", "fraud"]}
    both = found(**few, dead_units={"dense_1": (40, 64)})
    assert both["dead-units"].severity == "note", "the sizes of the classes explain what is missed"
    assert both["missed-class"].cause == "class-imbalance"
    copies = NearDuplicates(copies=60, expected=2, samples=300, p_value=1e-20)
    models = (SimplerModel("boosted trees", trained=900, samples=300, correct=290, won=60, lost=10),)
    told = found(confusion=np.array([[120, 30], [30, 120]]), near=copies, simpler_models=models)
    assert told["simpler-model"].cause == "near-duplicates"


@pytest.mark.parametrize(
    ("kind", "known"),
    [
        ("target-leakage", {"leaky_inputs": (LeakyInput(3, 295, 300, 0.5),)}),
        ("duplicates", {"repeated": [f"test[{i}]" for i in range(60)]}),
        (
            "target-encoding",
            {"columns": (ColumnFacts("rate", encodes=EncodedTarget(1, 40, False, 900, 900)),), "input_names": ["rate"]},
        ),
        (
            "group-leakage",
            {"groups": (WholeGroups("patient", 90, 300, 290, 200, 1e-6, 150, is_input=False, shared=0.9),)},
        ),
    ],
)
def test_a_leak_explains_why_another_model_is_better(kind, known):
    models = (SimplerModel("boosted trees", trained=900, samples=300, correct=290, won=60, lost=10),)
    several = {"test_samples": 300, "val_samples": 0, "inputs": InputFacts(20, -3.0, 3.0, 0.0, 1.0, (), 1.5)}
    told = found(confusion=np.array([[120, 30], [30, 120]]), simpler_models=models, **several, **known)
    assert (told[kind].severity, told["simpler-model"].cause) == ("warning", kind)


def test_a_dead_layer_is_the_cause_and_not_the_size_of_classes():
    one = {"confusion": np.array([[90, 0, 0], [5, 0, 0], [5, 0, 0]]), "class_counts": {"train": [720, 40, 40]}}
    dead = found(**one, dead_units={"dense_1": (64, 64)})
    assert {dead[kind].cause for kind in ("class-imbalance", "baseline")} == {"dead-units"}
    assert found(**one, dead_units={"dense_1": (20, 64)})["baseline"].cause == "class-imbalance"


def test_findings_are_folded_below_their_cause():
    findings = run_checks(Evidence(history=history([1.08]), confusion=ONE_ANSWER, config=SGD, train_samples=1000))
    pairs = folded(findings)
    assert [cause.kind for cause, _ in pairs] == ["too-few-epochs"]
    others = {each.kind for each in findings if each.severity != "good"} - {"too-few-epochs"}
    assert {each.kind for each in pairs[0][1]} == others
    # a list without the cause, such as that of one severity, loses nothing
    assert [cause.kind for cause, _ in folded(findings[1:])] == [each.kind for each in findings[1:]]


def test_what_is_good_has_no_cause():
    unscaled = {"inputs": InputFacts(20, 0.0, 255.0, 90.0, 80.0, (), 1.5)}
    accuracies = {"test_accuracy": 0.9, "val_accuracy": 0.9, "test_samples": 200, "val_samples": 200}
    findings = run_checks(Evidence(confusion=np.array([[90, 10], [10, 90]]), **unscaled, **accuracies))
    (good,) = [each for each in findings if each.severity == "good"]
    assert (good.kind, good.cause) == ("test-gap", None)
    assert good in [each for each, _ in folded(findings)]


def test_what_follows_from_a_muted_cause_stands_for_itself_and_advises():
    evidence = Evidence(history=history([1.08]), confusion=ONE_ANSWER, config=SGD, train_samples=1000)
    alone = {each.kind: each for each in run_checks(evidence, muted=["too-few-epochs"])}
    assert alone["baseline"].cause is None
    assert alone["baseline"].advice
    assert "too-few-epochs" in alone


def test_an_input_that_is_far_larger_than_the_others_is_named():
    large = InputFacts(20, -3.0, 1.2e6, 5e4, 2e5, (), 1.5, widest_at=2, largest=987_654.0, largest_at=5)
    assert "column 6" in found(inputs=large)["unscaled-inputs"].text
    names = [f"name {i}" for i in range(20)]
    assert '"name 5"' in found(inputs=large, input_names=names)["unscaled-inputs"].text
    assert '"name 5"' not in found(inputs=large, input_names=names, images=True)["unscaled-inputs"].text
    uneven = InputFacts(20, -3.0, 90.0, 0.0, 1.0, (), 400.0, widest_at=7)
    assert "column 8" in found(inputs=uneven)["uneven-inputs"].text


def test_the_scale_of_inputs_of_a_model_that_does_not_open_is_a_note():
    unscaled = {"inputs": InputFacts(20, 0.0, 255.0, 90.0, 80.0, (), 1.5), "recorded": True}
    assert found(**unscaled)["unscaled-inputs"].severity == "note"
    assert found(**unscaled, regularization={})["unscaled-inputs"].severity == "warning"


COLLAPSED = {
    "history": [
        {"epoch": epoch, "loss": loss, "val_loss": 10.7454} for epoch, loss in enumerate([8.7292, *[10.7454] * 5], 1)
    ],
    "confusion": np.array([[0, 12, 0], [0, 12, 0], [0, 12, 0]]),
    "class_names": ["a", "b", "c"],
    "config": {"optimizer": "adam", "learning_rate": 0.003, "loss": "categorical_crossentropy"},
}
DEAD = {
    "dead_units": {"dense_1": (310, 512)},
    "weights": {"dense_1": WeightFacts(0.0086, (0.28, 0.12, 0.07, 0.04, 0.02, 0.01))},
}


def test_first_steps_that_are_too_large_explain_dead_units_and_a_loss_that_stands_still():
    findings = found(**COLLAPSED, **DEAD)
    cause = next(iter(findings.values()))
    assert (cause.kind, cause.cause) == ("learning-rate-too-high", None)
    assert cause.remedy.settings == pytest.approx({"learning_rate": 3e-4})
    assert {findings[kind].cause for kind in ("dead-units", "stalled", "baseline")} == {"learning-rate-too-high"}
    later = [{**row, "val_loss": 4.0} if row["epoch"] == 1 else row for row in COLLAPSED["history"]]
    assert "learning-rate-too-high" in found(**COLLAPSED | {"history": later}, **DEAD)


def test_inputs_of_which_all_samples_have_the_most_in_common_are_the_cause_and_not_the_learning_rate():
    inputs = InputFacts(768, 0.0, 1.0, 0.87, 0.13, (), 1.5, mean_over_spread=156.0)
    findings = found(**COLLAPSED, **DEAD, inputs=inputs, regularization={})
    cause = next(iter(findings.values()))
    assert (cause.kind, cause.cause, cause.remedy.change) == ("uncentered-inputs", None, "standardize")
    assert {findings[kind].cause for kind in ("dead-units", "stalled", "baseline")} == {"uncentered-inputs"}
    assert "learning-rate-too-high" not in findings
    for known in (
        {"confusion": np.diag([12, 12, 12])},
        {"weights": {"dense_1": WeightFacts(0.0086, (5.0, 0.12, 0.07, 0.04, 0.02, 0.01))}},  # the rate is
        {"history": history([0.5, *[10.7454] * 5])},  # it had learned something before
        {"default_weights": False},
        {"inputs": InputFacts(768, 0.0, 1.0, 0.87, 0.13, (), 1.5, mean_over_spread=20.0)},
    ):
        given = {**COLLAPSED, **DEAD, "inputs": inputs, "regularization": {}} | known
        assert "uncentered-inputs" not in found(**given), known


def test_updates_that_are_too_large_are_those_of_the_learning_rate_whatever_the_inputs_are():
    inputs = InputFacts(768, 0.0, 1.0, 0.87, 0.13, (), 1.5, mean_over_spread=156.0)
    weights = {"dense_1": WeightFacts(0.0086, (100.0, 3.0, 2.0, 1.0, 1.0, 1.0))}
    findings = found(**COLLAPSED | DEAD | {"weights": weights}, inputs=inputs, regularization={})
    cause = findings["learning-rate-too-high"]
    assert (cause.cause, cause.remedy.settings) == (None, pytest.approx({"learning_rate": 1e-4}))


@pytest.mark.parametrize(
    "known",
    [
        {"weights": {"dense_1": WeightFacts(0.0, (0.0,) * 6)}},  # dead from the start
        {"weights": {}},
        {"default_weights": False},  # all units the same
        {"history": history([0.5, *[10.7454] * 5])},  # it had learned something before
        {"dead_units": {"dense_1": (200, 512)}},
        {"confusion": np.diag([12, 12, 12])},
        {"regularization": {"l2": 0.3}},  # which makes weights 0
        {"history": history([1.2, 1.1, 1.0, 0.9, 0.8, 0.8])},
    ],
)
def test_large_steps_are_not_blamed_for_what_they_need_not_have_done(known):
    assert "learning-rate-too-high" not in found(**COLLAPSED | DEAD | known)


def test_a_loss_that_stands_still_far_above_that_of_knowing_nothing_is_tried_with_smaller_steps():
    assert found(**COLLAPSED)["stalled"].remedy.settings == pytest.approx({"learning_rate": 3e-4})
    near = found(**COLLAPSED | {"history": history([1.1] * 6)})["stalled"]
    assert near.remedy is None
