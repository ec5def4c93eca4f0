import json
import pickle
import re

import numpy as np
import pytest

from cutaway.data import input_facts
from cutaway.errors import DataError
from cutaway.findings import RULES, Evidence, Finding, Rule, check, passed_kinds, registry, run_checks


def rows(val_losses, **columns):
    return [{"epoch": epoch, "loss": 0.1, "val_loss": value, **columns} for epoch, value in enumerate(val_losses, 1)]


def only(**known):
    (finding,) = run_checks(Evidence(**known))
    json.dumps(finding.evidence, allow_nan=False)
    return finding


def test_overfitting_is_reported_with_its_epoch():
    finding = only(history=rows([0.5, 0.25, 0.3, 0.375]))
    assert (finding.kind, finding.severity) == ("overfitting", "warning")
    assert finding.evidence == {
        "best_epoch": 2,
        "best_val_loss": 0.25,
        "last_epoch": 4,
        "kept_epoch": None,
        "gap": pytest.approx(0.275),
        "rise": 0.125,
        "rise_error": None,
    }


@pytest.mark.parametrize("val_losses", [[0.5, 0.25], [0.25, 0.26], [0.25, 0.24, 0.242, 0.241]])
def test_the_absence_of_overfitting_is_reported(val_losses):
    finding = only(history=rows(val_losses))
    assert (finding.kind, finding.severity) == ("overfitting", "good")


@pytest.mark.parametrize("broken", [float("nan"), float("inf"), None])
def test_divergence_is_reported_in_place_of_overfitting(broken):
    finding = only(history=rows([0.5, broken, 0.4]))
    assert (finding.kind, finding.severity) == ("divergence", "warning")
    assert finding.evidence == {"epoch": 2, "metric": "val_loss"}


def test_without_validation_a_loss_and_a_test_accuracy_are_notes():
    for kind, known in (
        ("overfitting", {"history": [{"epoch": 1, "loss": 0.5}]}),
        ("test-gap", {"test_accuracy": 0.9}),
    ):
        assert (only(**known).kind, only(**known).severity) == (kind, "note")


def test_confusions_are_reported_by_class_name():
    matrix = np.array([[970, 30, 0], [1, 99, 0], [0, 0, 900]])
    finding = only(confusion=matrix, class_names=["shirt", "coat", "bag"])
    assert (finding.kind, finding.severity) == ("confusion", "note")
    assert finding.evidence["pairs"][0] == {"true": "shirt", "predicted": "coat", "count": 30, "share": 0.03}
    assert (finding.evidence["samples"], finding.evidence["wrong"]) == (2000, 31)


def test_the_absence_of_confusions_is_reported():
    finding = only(confusion=np.diag([1000, 500]))
    assert finding.severity == "good"
    assert only(confusion=np.diag([5, 0])).severity == "note", "one class in the test shows nothing"


@pytest.mark.parametrize(("matrix", "names"), [(np.eye(3, dtype=int), ["a", "b"]), (np.eye(3), None)])
def test_invalid_confusion_matrices_are_refused(matrix, names):
    with pytest.raises(DataError):
        run_checks(Evidence(confusion=matrix, class_names=names))


def test_dead_units_are_reported_for_each_layer_that_has_some():
    layers = {"dense": (460, 512), "dense_1": (0, 512), "dense_2": (461, 512)}
    many, few = run_checks(Evidence(dead_units=layers))
    assert (few.kind, few.severity) == ("dead-units", "note")
    assert many.severity == "warning"
    assert only(dead_units={"dense": (1, 16)}).severity == "note"
    assert many.evidence == {"layer": "dense_2", "dead": 461, "units": 512, "share": 461 / 512}


def test_the_absence_of_dead_units_is_reported():
    finding = only(dead_units={"dense": (0, 512), "dense_1": (0, 10)})
    assert finding.severity == "good"
    assert finding.evidence == {"layers": {"dense": {"dead": 0, "units": 512}, "dense_1": {"dead": 0, "units": 10}}}
    assert run_checks(Evidence(dead_units={})) == ()


@pytest.mark.parametrize(
    ("test", "validation", "severity"), [(0.981, 0.9825, "good"), (0.94, 0.9825, "warning"), (0.94, 0.9, "note")]
)
def test_the_test_accuracy_is_compared_with_the_validation_accuracy(test, validation, severity):
    finding = only(test_accuracy=test, val_accuracy=validation)
    assert (finding.kind, finding.severity) == ("test-gap", severity)
    assert finding.evidence["difference"] == pytest.approx(test - validation)


@pytest.mark.parametrize(("samples", "severity"), [(100, "note"), (10_000, "warning"), (None, "warning")])
def test_a_difference_that_chance_explains_is_no_warning(samples, severity):
    # three standard deviations at 90% are 12.7 points on 100 samples each, and 1.3 points on 10,000
    known = {"test_accuracy": 0.87, "val_accuracy": 0.93, "test_samples": samples, "val_samples": samples}
    assert only(**known).severity == severity


def everything():
    return Evidence(
        history=rows([0.5, 0.4], val_accuracy=0.9),
        confusion=np.eye(2, dtype=int),
        dead_units={"dense": (0, 4)},
        test_accuracy=0.9,
        val_accuracy=0.9,
    )


def test_findings_of_one_severity_come_in_the_order_of_the_registry():
    assert [finding.kind for finding in run_checks(everything())] == [
        "dead-units",
        "overfitting",
        "confusion",
        "test-gap",
    ]


def test_a_check_in_the_registry_is_run(monkeypatch):
    @check(Rule("epochs", "Always.", "", ""))
    def epochs(evidence):
        yield Finding("epochs", "note", "Epochs", f"{len(evidence.history)} epochs.", {})

    monkeypatch.setattr(registry, "CHECKS", (*registry.CHECKS, epochs))
    assert "2 epochs." in [finding.text for finding in run_checks(everything())]


def test_evidence_and_findings_can_be_pickled():
    evidence = pickle.loads(pickle.dumps(everything()))
    assert run_checks(evidence) == run_checks(everything()) == pickle.loads(pickle.dumps(run_checks(everything())))


def test_every_check_has_a_rule_with_its_source_and_the_name_that_others_know():
    kinds = [rule.kind for each in registry.CHECKS for rule in each.rules]
    assert len(kinds) == len(set(kinds))
    assert list(RULES) == kinds
    assert all(each.rules for each in registry.CHECKS)
    for rule in RULES.values():
        assert rule.words, rule
        assert re.search(r"\b(1[89]|20)\d\d\b|https://", rule.source), rule
        assert rule.known_as, rule
        assert len(f"{rule.about} {rule.advice}".split(". ")) > 1, f"what {rule.kind} means, and what helps"
        assert all(any(each in line for line in rule.page) for each in (rule.about, rule.words, rule.source))


def test_a_kind_has_passed_if_it_was_looked_for_and_not_found():
    assert all(set(kinds) <= set(RULES) for kinds in registry._NEEDED.values())
    assert passed_kinds(Evidence(history=rows([0.5, 0.4])), ()) == (), "nobody has looked at the data"
    known = Evidence(
        history=rows([0.5, 0.4, 0.3]), inputs=input_facts(np.eye(8)), calibration=(0.1, 0.0, 0.01), val_accuracy=0.9
    )
    good, warning, note = (
        Finding(kind, severity, "", "", {})
        for kind, severity in (("overfitting", "good"), ("baseline", "warning"), ("divergence", "note"))
    )
    passed = passed_kinds(known, (good, warning, note))
    assert {"overfitting", "duplicates", "missed-class"} <= set(passed)
    assert not {"baseline", "divergence"} & set(passed), "they were found"
    assert not {"oscillation", "dead-units", "mixed-units", "simpler-model"} & set(passed), "that needs more"


def test_a_finding_carries_the_rule_of_its_kind():
    assert all(each.rule is RULES[each.kind] for each in run_checks(everything()))


def test_a_finding_without_words_has_those_of_its_rule_with_its_numbers_and_units():
    text = {"title": "{layer} is short", "text": "It has {units:,} units.", "advice": "Train."}

    @check(rule := Rule("short", "", "", "", "It is.", **text))
    def short(evidence):
        yield Finding("short", "warning", evidence={"layer": "a{b}", "units": 1200})
        yield Finding("short", "note", "Named", "More.", {"layer": "c", "units": 2}, samples=("val[1]",))

    warning, note = short(Evidence(examples={"short/a{b}": ("a{b}[7]",)}))
    assert (warning.title, warning.text, warning.advice) == ("a{b} is short", "It has 1,200 units.", "Train.")
    assert (note.title, note.text, note.advice) == ("Named", "It has 2 units. More.", "")
    assert (warning.units, note.units, note.samples) == (("a{b}[7]",), (), ("val[1]",))
    assert rule.page[0] == "It is. Train."
