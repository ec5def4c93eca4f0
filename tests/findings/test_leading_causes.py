"""What leads and what only follows; and sentences that the evidence does not carry."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from cutaway.data import InputFacts, LeakyInput, Repeats
from cutaway.findings import (
    CountEstimate,
    Evidence,
    Finding,
    SimplerModel,
    WeightFacts,
    alike_units,
    folded,
    run_checks,
)
from cutaway.interpret import LayerHealth
from cutaway.topics.findings.verdict import explained_in_words, pressing


def found(**known: Any) -> dict[str, Finding]:
    return {each.kind: each for each in run_checks(Evidence(**known))}


RISING = [{"epoch": n, "loss": 0.5, "val_loss": loss} for n, loss in enumerate((0.9, 0.3, 0.5, 0.6, 0.7, 0.8), 1)]
ONE_MISSED = np.array([[95, 5, 0], [5, 95, 0], [45, 43, 12]])
ALL_HARD = np.array([[40, 2, 1, 0], [2, 38, 1, 0], [15, 14, 2, 9], [16, 10, 11, 3]])


def test_where_several_classes_are_missed_or_none_was_learned_another_cause_leads() -> None:
    for matrix, trained, first in (
        (ONE_MISSED, None, "missed-class"),
        (ONE_MISSED, (990, 1000), "missed-class"),
        (ONE_MISSED, (680, 1000), "overfitting"),  # 67% of the test samples are predicted correctly
        (ALL_HARD, (990, 1000), "overfitting"),
    ):
        warnings = list(found(confusion=matrix, trained=trained, history=RISING).values())
        assert warnings[0].kind == first, (matrix, trained)
        assert {"missed-class", "overfitting"} <= {each.kind for each in warnings if each.severity == "warning"}
    assert next(iter(found(confusion=ALL_HARD))) == "missed-class", "nothing else is known"


def test_classes_that_overlap_are_missed_without_a_warning() -> None:
    overlap, rare = [[628, 58], [244, 70]], [[900, 0, 0], [5, 85, 0], [4, 5, 1]]
    cases = (overlap, (), "warning"), (overlap, (690.0, 310.0), "note"), (overlap, (790.0, 210.0), "warning")
    for matrix, expected, severity in (*cases, (rare, (903.0, 87.0, 10.0), "warning")):
        assert found(confusion=np.array(matrix), expected=expected)["missed-class"].severity == severity


def test_sizes_of_classes_stand_where_too_few_of_the_smallest_are_held_out() -> None:
    for held, severity in ((1, "warning"), (30, "note")):
        known = {"confusion": np.diag([140, 30, held]), "class_counts": {"train": [430, 100, 3]}}
        assert found(**known)["class-imbalance"].severity == severity


def test_labels_are_to_be_looked_at_only_where_something_shows_that_they_are_wrong() -> None:
    wrong = {"wrong_labels": CountEstimate(12, 9, 30), "judged": 280}
    for bounds, named in (({}, False), ({"wrong_labels": CountEstimate(3, 0, 30)}, False), (wrong, True)):
        assert ("label" in found(confusion=ONE_MISSED, **bounds)["missed-class"].advice) is named
    nothing = np.array([[50, 50], [50, 50]])
    assert "label" not in found(confusion=nothing, trained=(520, 1000))["baseline"].advice
    assert "label" in found(confusion=nothing, trained=(990, 1000))["baseline"].advice


@pytest.mark.parametrize(
    ("sure", "warned"), [((1, 28), False), ((2, 28), True), ((2, 134), False), ((14, 134), True), ((0, 28), False)]
)
def test_a_single_sample_is_no_evidence_on_labels(sure: tuple[int, int], warned: bool) -> None:
    known = {"wrong_labels": CountEstimate(14, 9, 40), "judged": 280, "confusion": np.diag([60, 60]) + 8}
    assert ("label-issues" in found(**known, sure=sure)) is warned


def test_a_symptom_is_named_inside_its_cause() -> None:
    known = {"confusion": ONE_MISSED, "class_counts": {"train": [500, 500, 40]}}
    ((cause, consequences), *_) = folded(run_checks(Evidence(**known)))
    assert cause.kind == "class-imbalance"
    assert "missed-class" in [each.kind for each in consequences]
    assert all(each.title in explained_in_words(consequences) for each in consequences)


LAYER = LayerHealth(units=64, activation="relu", constant=0, saturated=None, rank=30.0, redundant=0)


def test_equal_first_weights_are_the_cause_of_what_follows_from_them() -> None:
    drawn = np.random.default_rng(0).normal(size=(10, 64))
    assert [alike_units(each) for each in (drawn, np.ones((10, 64)), np.tile(drawn[:, :8], 8), drawn[0])] == [
        *(0, 63, 56, 0)
    ]
    alike = {"weights": {"dense_1": WeightFacts(0.1, (0.1,), alike=63)}}
    poor, good = np.full((2, 2), 50), np.diag([50, 50])
    redundant = {"dense_1": replace(LAYER, redundant=63, rank=1.0)}
    for confusion, layers in ((poor, {"dense_1": LAYER}), (poor, redundant), (good, redundant)):
        (first, *rest) = [
            e for e in found(**alike, layers=layers, confusion=confusion).values() if e.severity != "good"
        ]
        assert (first.kind, first.severity) == ("equal-weights", "warning")
        assert first.remedy is not None
        assert first.remedy.change == "default-weights"
        assert {each.cause for each in rest} <= {"equal-weights"}
    assert "equal-weights" not in found(**alike, layers={"dense_1": LAYER}, confusion=good), "training made them differ"
    few = {"weights": {"dense_1": WeightFacts(0.1, (0.1,), alike=30)}}
    assert "equal-weights" not in found(**few, layers=redundant, confusion=poor)


LEAK = LeakyInput(3, 299, 300, 0.5)
CARRIES = LeakyInput(3, 250, 300, 0.5, everything=255, without=170)
INPUTS = InputFacts(inputs=20, low=-3.0, high=3.0, mean=0.0, std=1.0, constant=(), widest=1.5)


@pytest.mark.parametrize(
    ("known", "severity"),
    [
        ({}, "warning"),
        ({"leaky_inputs": (replace(LEAK, everything=299, without=220),)}, "warning"),
        ({"leaky_inputs": (replace(LEAK, everything=299, without=296),)}, "note"),  # others tell it as well
        ({"leaky_inputs": (replace(LEAK, everything=299, without=296),), "images": True}, None),
        ({"images": True}, "warning"),
        ({"inputs": replace(INPUTS, inputs=2)}, "note"),
        ({"inputs": replace(INPUTS, inputs=5, constant=(0, 1, 2))}, "note"),
        # data of which nearly every input tells the class are easy
        ({"inputs": replace(INPUTS, inputs=3), "leaky_inputs": (LEAK, replace(LEAK, input=1))}, "note"),
        ({"inputs": replace(INPUTS, inputs=4), "leaky_inputs": (LEAK, replace(LEAK, input=1))}, "warning"),
        ({"inputs": replace(INPUTS, inputs=1)}, None),
        # it tells too little to be a leak, and without it hardly anything is known
        ({"leaky_inputs": (CARRIES,)}, "note"),
        ({"leaky_inputs": (LeakyInput(3, 250, 300, 0.5, everything=290, without=270),)}, None),
        ({"leaky_inputs": (LeakyInput(3, 230, 300, 0.5, everything=255, without=170),)}, None),  # others tell as much
        ({"leaky_inputs": (CARRIES,), "confusion": np.diag([96, 96]) + 4}, None),
        ({"leaky_inputs": (LeakyInput(3, 250, 300, 0.5),)}, None),
    ],
)
def test_a_column_that_carries_the_answer_is_a_question_and_leads_only_where_others_tell_less(
    known: dict[str, Any], severity: str | None
) -> None:
    told = found(**{"leaky_inputs": (LEAK,), "inputs": INPUTS} | known)
    findings = [each for each in told.values() if each.kind == "target-leakage"]
    assert [each.severity for each in findings] == ([] if severity is None else [severity])
    for each in findings:
        assert each.remedy is not None
        assert each.remedy.inputs == tuple(leak.input for leak in known.get("leaky_inputs", (LEAK,)))
        assert "known before the outcome?" in each.text
        both = [each, Finding("label-issues", "warning", "", "", {})][:: 1 if each.warns else -1]  # warnings first
        assert [one.kind for one, _ in pressing([(one, ()) for one in both])] == ["target-leakage", "label-issues"]
        assert "train without" in each.help


def test_the_option_that_leaves_a_column_out_is_named() -> None:
    names = ("age", "seconds", "city", "job", "day")
    known = {"leaky_inputs": (replace(LEAK, input=1),), "input_names": names, "input_columns": names}
    (finding,) = found(**known).values()
    assert 'ignore="seconds"' in finding.text


REPEATED = {"repeated": [f"test[{i}]" for i in range(40)], "test_samples": 200, "val_samples": 200}


@pytest.mark.parametrize(
    ("seen", "too_good"),
    [(((40, 40), (280, 360)), True), (((31, 40), (288, 360)), False), (((37, 40), (324, 360)), False)],
)
def test_accuracies_are_too_good_only_if_those_on_equal_samples_are_higher(seen: Any, too_good: bool) -> None:
    (finding,) = found(**REPEATED, seen=seen, repeats=Repeats(agree=40, distinct=40)).values()
    assert finding.severity == "warning"
    assert ("too good" in finding.text) is too_good
    assert "too good" not in found(**REPEATED)["duplicates"].text


def test_of_equal_samples_it_is_said_what_their_labels_are() -> None:
    def said(**known: Any) -> Finding:
        return found(**REPEATED, repeats=Repeats(**known))["duplicates"]

    copies, others, one, few = (
        said(agree=agree, distinct=distinct) for agree, distinct in ((40, 40), (12, 40), (22, 1), (39, 40))
    )
    assert len({copies.title, others.title}) == 2
    assert few.title == copies.title, "a single label may be a mistake"
    assert [each.evidence["contradict"] for each in (copies, others, one, few)] == [0, 28, 18, 1]
    assert "one and the same" in one.text
    assert "one and the same" not in others.text
    ties = said(agree=30, distinct=20, are_ties=True)
    assert (ties.severity, ties.remedy) == ("note", None)


@pytest.mark.parametrize(
    ("names", "alike"),
    [
        (("Yes", "no", "yes"), [["Yes", "yes"]]),
        (("new york", "New  York ", "Paris"), [["new york", "New  York "]]),
        (("a", "A", "b"), []),  # letters
        (("cat", "cats"), []),
        (("1", "10"), []),
    ],
)
def test_classes_whose_names_differ_by_case_or_spaces_are_named(names: tuple[str, ...], alike: list[list[str]]) -> None:
    assert [each.evidence["names"] for each in found(class_names=names).values()] == [alike] * bool(alike)


def test_many_classes_that_are_numbers_with_near_mistakes_are_a_quantity() -> None:
    random = np.random.default_rng(0)
    true = random.integers(0, 30, 2000)
    near, far = np.zeros((30, 30), int), np.diag([20] * 30) + 2
    np.add.at(near, (true, np.clip(true + random.normal(0, 3, 2000).round().astype(int), 0, 29)), 1)
    minutes = tuple(str(5 + 2 * n) for n in range(30))
    known = {"class_names": minutes, "confusion": near, "class_counts": {"train": [400, *[30] * 29]}}
    findings = found(**known)
    assert next(iter(findings)) == "numeric-labels"
    assert findings["class-imbalance"].cause == "numeric-labels"
    for names, matrix in ((minutes, far), ([*minutes[:-1], "more"], near), (minutes[:10], near[:10, :10])):
        assert "numeric-labels" not in found(class_names=names, confusion=matrix)
    assert "numeric-labels" not in found(class_names=random.permutation(minutes).tolist(), confusion=near)


def test_few_training_samples_are_said_and_explain_what_follows() -> None:
    small = {"train_samples": 53, "trained": (53, 53), "confusion": np.array([[8, 3], [4, 6]]), "history": RISING}
    findings = found(**small)
    assert next(iter(findings)) == "few-samples"
    assert findings["overfitting"].cause == "few-samples"
    assert "53" in findings["few-samples"].text
    measured = found(**small, more_data="more data would help: twice the data is expected to give 74.00%")
    assert "more data would help" in measured["few-samples"].text
    for change in (
        {"trained": (44, 53)},  # they are not learned either
        {"train_samples": 60},
        {"train_samples": None},
        {"confusion": np.array([[10, 1], [1, 10]])},
        {"trained": None},
    ):
        assert "few-samples" not in found(**small | change), change


LINEAR = SimplerModel("a linear model", 1200, 20_000, correct=16_600, won=600, lost=620, losses=(0.52, 0.41))
BETTER = replace(LINEAR, won=1600)


def test_a_simpler_model_with_a_lower_log_loss_is_not_called_no_better() -> None:
    def judged(**changes: Any) -> Finding:
        return found(simpler_models=(replace(LINEAR, **changes),), test_samples=20_000)["simpler-model"]

    assert judged(p_value=0.2).severity == judged(p_value=0.001, losses=(0.41, 0.52)).severity == "good"
    lower = judged(p_value=0.001)
    assert lower.severity == "note"
    assert "0.410" in lower.text
    assert lower.evidence["log_loss_gains"] == {"a linear model": pytest.approx(0.11)}
    assert judged(p_value=0.001, won=1600, lost=600).severity == "warning"


def test_another_model_that_is_better_leads_only_where_no_cause_is_known() -> None:
    known = {"simpler_models": (BETTER,), "test_samples": 20_000}
    assert next(iter(found(**known))) == "simpler-model"
    assert list(found(**known, history=RISING))[:2] == ["overfitting", "simpler-model"]


def test_a_layer_that_averages_inputs_is_the_cause_where_another_model_is_better() -> None:
    model = [{"kind": kind, "name": kind[:6], "config": {}} for kind in ("GlobalAveragePooling1D", "Dense")]
    layers = {each["name"]: LayerHealth(16, "relu", 0, None, 9.0, 0) for each in model}
    known = {"model": model, "layers": layers, "class_names": list("abcd"), "test_samples": 20_000}
    cause, explained = found(**known, simpler_models=(BETTER,)).values()
    assert (cause.kind, cause.evidence["layer"], explained.cause) == ("bottleneck", "Global", cause.kind)
    for change in ({"simpler_models": (LINEAR,)}, {"model": model[::-1]}):  # as in an ensemble
        assert "bottleneck" not in found(**known | {"simpler_models": (BETTER,)} | change)


def test_a_difference_that_is_rare_by_chance_is_not_called_chance() -> None:
    """11.25 points have p = 0.0056 here: too much for chance, and too little for a warning."""
    rare = found(test_accuracy=168 / 240, val_accuracy=195 / 240, test_samples=240, val_samples=240)["test-gap"]
    assert rare.severity == "note"
    assert "0.0056" in rare.text
    assert "chance" not in rare.title + rare.text
