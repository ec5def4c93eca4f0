"""The doctor on runs and on data: what it names, mutes, prints and keeps; test_remedy_tests.py trains its remedies."""

import html
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sick_runs import digits, model_of, not_finite, table, train

import cutaway as ct
from cutaway.cli import main
from cutaway.page import Summary
from cutaway.progress import ignore_progress
from cutaway.report import make_section
from cutaway.runs import by_name
from cutaway.topics.common.source import ReportSource
from cutaway.topics.doctor.remedy_tests import try_remedy
from cutaway.topics.doctor.result import WITHOUT, Judgment, RemedyTest
from cutaway.topics.findings.result import findings_html

pytestmark = pytest.mark.slow

KINDS = {"missed-class", "miscalibration"}
"""Warnings of the ready run "other", which trained for too short a time; the second has a remedy without a training."""


@pytest.fixture(scope="module")
def warned(ready_run: Any, tmp_path_factory: pytest.TempPathFactory) -> ct.Run:
    return ct.open_run(shutil.copytree(ready_run("other").path, tmp_path_factory.mktemp("warned") / "run"))


def test_a_muted_finding_keeps_its_reason_comes_last_and_is_not_tried(warned: ct.Run) -> None:
    found = ct.doctor(warned, progress=False)
    assert {each.kind for each in found.findings if each.severity == "warning"} == KINDS
    assert found.is_as_serious("warning")
    one = ct.doctor(warned, try_remedies=True, mute={"miscalibration": "a lesson"}, progress=False)
    assert [each.kind for each in one.findings if each.muted] == ["miscalibration"]
    assert one.findings[-1].muted == one.to_json()["findings"][-1]["muted"] == "a lesson"
    assert one.remedy_tests == ()
    assert one.is_as_serious("warning")
    both = ct.doctor(warned, mute=dict.fromkeys(KINDS, "a lesson"), progress=False)
    assert not both.is_as_serious("warning")
    for wrong in ({"overfiting": "why"}, {"overfitting": " "}):
        (kind,) = wrong
        with pytest.raises(ct.CutawayError, match=kind):
            ct.doctor(warned, mute=wrong, progress=False)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ("--fail-on warning", 3),
        ("--fail-on warning --json --mute miscalibration=lesson", 3),
        ("--fail-on warning --mute miscalibration=lesson --mute missed-class=too", 0),
        ("", 0),
        ("--fail-on good", 2),
        ("--mute miscalibration", 2),
        ("--mute nothing=why", 2),
    ],
)
def test_a_pipeline_ends_with_a_code_by_severity(warned: ct.Run, options: str, code: int) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["doctor", str(warned.path), *options.split()])
    assert (ended.value.code or 0) == code


def test_rules_are_printed_and_in_every_document(warned: ct.Run, capsys: pytest.CaptureFixture[str]) -> None:
    found = ct.doctor(warned, progress=False)
    rule = found.findings[0].rule
    assert rule is not None
    shown = found.to_pandas()[["rule", "source", "known_as"]].iloc[0].tolist()
    assert shown == [rule.words, rule.source, rule.known_as]

    def printed(*arguments: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        assert ended.value.code == 0
        return " ".join(capsys.readouterr().out.split())

    assert json.loads(printed("show", str(warned.path), "--json"))["findings"] == list(found.records())
    assert rule.source not in printed("doctor", str(warned.path))
    with_rules = printed("doctor", str(warned.path), "--rules")
    assert all(words in with_rules for words in (rule.words, rule.source, rule.known_as, rule.kind))
    assert found.findings[0].title in printed("show", str(warned.path))
    for page in (printed("doctor", "--explain", rule.kind), findings_html(found.findings)):
        assert all(html.escape(each, quote=False) in html.unescape(page) for each in rule.page)
    for wrong in (["--explain", "dead-unit"], []):
        with pytest.raises(SystemExit) as ended:
            main(["doctor", *wrong])
        assert ended.value.code == 2


@pytest.mark.parametrize("name", ["digits", "other", "wine", "people"])
def test_all_doors_of_a_run_name_the_same_next_step(
    ready_run: Any, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ready_run(name)
    step = ct.doctor(run, progress=False).next_step
    known = run.verdict()
    assert step == dict(known.lines())["next"] == f"{known.next_step} {known.command or ''}".strip()
    source = ReportSource(run.context, ignore_progress)
    shown = make_section(source, "verdict")  # of the report, and of the studio's page of the run
    assert isinstance(shown, Summary)
    line = shown.lines[0]
    assert line.action.rstrip(".:").lower() == known.next_step.removeprefix("Next: ").rstrip(".:").lower()
    assert line.target or line.command == by_name(known.command or "", run.path)
    doors = [html.unescape(run._repr_html_()), html.unescape(ct.doctor(run, progress=False)._repr_html_())]
    for command in ("doctor", "show"):
        for as_json in ((), ("--json",)):
            with pytest.raises(SystemExit) as ended:
                main([command, str(run.path), *as_json])
            assert (ended.value.code or 0) == 0
            doors.append(capsys.readouterr().out)
    assert all(json.dumps(step)[1:-1] in door or step in door for door in doors)


def test_a_temperature_is_proved_without_a_training(warned: ct.Run) -> None:
    (tested,) = ct.doctor(warned, try_remedies=True, progress=False).remedy_tests
    assert tested.kind == "miscalibration"
    before, after = (warned.calibration().scores, warned.calibration().scaled_scores)
    assert after is not None
    (error, loss) = tested.judgments
    assert (error.measure, loss.measure) == ("calibration error", "loss")
    assert (error.before, error.after) == pytest.approx((before.ece_equal_mass, after.ece_equal_mass), abs=1e-6)
    assert (loss.before, loss.after) == pytest.approx((before.log_loss, after.log_loss), abs=1e-6)
    assert error.interval[0] <= error.after - error.before <= error.interval[1]
    assert tested.helped
    assert (tested.fixed, tested.broken, tested.seconds) == (0, 0, 0.0)


def test_a_remedy_that_makes_a_run_worse_is_told_from_one_that_helps() -> None:
    better = Judgment("loss", 0.5, 0.4, (-0.2, -0.05), 0.001, trainings=5)
    worse = Judgment("accuracy", 0.9, 0.8, (-0.12, -0.08), 0.001, trainings=5)
    tested = RemedyTest("overfitting", "stop earlier", 0.9, 0.8, (better, worse), broken=100, samples=1000)
    assert tested.helped
    assert tested.worse == ("accuracy",)
    by_chance = replace(tested, judgments=(better, replace(worse, p_value=0.2)))
    assert by_chance.worse == ()
    assert not replace(tested, judgments=(replace(better, before=0.3), worse)).helped
    honest = replace(better, measure=WITHOUT, before=0.3, after=0.8)
    leak = replace(tested, judgments=(honest,))
    assert leak.helped
    assert leak.words.index("-20.00 to -5.00 points") < leak.words.index("30.00%"), "the interval comes first"
    balanced = replace(better, measure="balanced accuracy", before=0.6, after=0.7)
    assert replace(tested, judgments=(balanced, worse)).worse == ()


@pytest.mark.exhaustive
def test_inputs_and_first_weights_are_changed_for_a_proof(tmp_path: Path) -> None:
    import keras

    x, y = digits()
    unscaled = train(model_of(keras.layers.Dense(24, "relu")), x * 255, y, tmp_path, epochs=2, scale=1.0)
    (first,) = [
        each
        for each in ct.doctor(unscaled, try_remedies=True, seeds=1, progress=False).remedy_tests
        if "standardize" in each.remedy
    ]
    assert first.kind == "unscaled-inputs"
    assert first.after > first.before + 0.1
    assert first.p_value is not None
    assert first.p_value < 1e-3
    wide = keras.initializers.RandomNormal(stddev=3.0)
    ends = train(model_of(keras.layers.Dense(24, "tanh", kernel_initializer=wide)), x, y, tmp_path, epochs=2)
    (second,) = [
        each
        for each in ct.doctor(ends, try_remedies=True, seeds=1, progress=False).remedy_tests
        if "first weights" in each.remedy
    ]
    assert second.kind == "saturated-units"
    assert second.after > second.before


@pytest.mark.exhaustive
def test_what_cannot_be_tried_says_why(tmp_path: Path) -> None:
    import keras

    model = model_of(keras.layers.Flatten(), keras.layers.Dense(16, "relu"))
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    x, y = digits()
    data = ct.Dataset.from_arrays(x * 255, y, scale=1.0)
    train = (recorder := ct.Recorder(tmp_path / "fit", data)).split.train
    model.fit(data.x(train), data.y(train), epochs=1, verbose=0, callbacks=[recorder])
    found = ct.doctor(ct.open_run(tmp_path / "fit", data=data), try_remedies=True, progress=False)
    trained = [each for each in found.remedy_tests if each.kind != "miscalibration"]  # a temperature needs no training
    assert trained
    assert all(each.why and not each.judgments for each in trained)


def test_data_are_judged_before_anything_is_trained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x, y = table(600)
    leak = x.copy()
    leak[:, 4] = y + np.random.default_rng(0).normal(size=600) * 0.01
    found = ct.doctor(leak, y, progress=False)
    assert [each.kind for each in found.findings if each.severity == "warning"] == ["target-leakage"]
    assert not [each for each in ct.doctor(x, y, progress=False).findings if each.severity == "warning"]
    with pytest.raises(SystemExit) as ended:
        main(["doctor", "digits", "--json"])
    assert ended.value.code == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["name"] == "digits"
    assert all(each["severity"] != "warning" for each in printed["findings"])


@pytest.mark.exhaustive
def test_a_training_that_was_ended_by_its_loss_diverged(tmp_path: Path) -> None:
    run = not_finite(tmp_path)
    found = ct.doctor(run, progress=False)
    first = found.findings[0]
    assert (first.kind, first.evidence) == ("divergence", {"epoch": 1, "metric": "loss"})
    assert not any("divergence" in sentence for sentence in found.not_judged)


@pytest.mark.exhaustive
def test_a_remedy_that_holds_out_other_samples_is_listed_as_not_tried(tmp_path: Path) -> None:
    x, y = digits()
    order = np.argsort(y, kind="stable")
    # the last class is held out but for 9 samples, and so are 20 of the training samples
    first, rest = np.r_[order[:-160], order[-9:]], np.r_[order[-160:-9], order[:20]]
    run = train(ct.mlp((8,)), x[first], y[first], tmp_path, epochs=1, x_test=x[rest], y_test=y[rest])
    findings = {each.kind: each for each in run.findings()}
    for kind in ("unshuffled-split", "duplicates"):
        tested = try_remedy(run, findings[kind])
        assert tested.why
        assert tested.judgments == ()
    assert run.verdict().command is None


@pytest.mark.exhaustive
def test_where_no_training_helps_the_finding_says_what_does_and_why_there_is_no_proof(tmp_path: Path) -> None:
    x, y = table(1500)
    run = train(ct.mlp((32,)), x[:1100], y[:1100], tmp_path, epochs=4, x_test=x[1100:] + 1.0, y_test=y[1100:])
    found = ct.doctor(run, try_remedies=True, seeds=1, progress=False)
    remedy_tests = {each.kind: each for each in found.remedy_tests}
    assert remedy_tests["shifted-test-samples"].why
    assert not remedy_tests["shifted-test-samples"].helped
    (follows,) = [each for each in found.findings if each.kind == "test-gap"]
    assert (follows.cause, follows.remedy) == ("shifted-test-samples", None)
    assert "test-gap" not in remedy_tests


@pytest.mark.exhaustive
@pytest.mark.parametrize("first", ["normalization", "batch normalization", "nothing"])
def test_inputs_are_measured_after_the_layers_that_prepare_them(tmp_path: Path, first: str) -> None:
    import keras

    x, y = table(300)
    x[:, 5] = x[:, 5] * 1e5 + 1e6
    layers: list[Any] = []
    if first == "normalization":
        layers = [keras.layers.Normalization(mean=x.mean(axis=0), variance=x.var(axis=0))]
    if first == "batch normalization":
        layers = [keras.layers.BatchNormalization()]
    model = keras.Sequential(
        [keras.Input((12,)), *layers, keras.layers.Dense(8, "relu"), keras.layers.Dense(2, "softmax")]
    )
    found = {each.kind: each for each in train(model, x, y, tmp_path, epochs=2, scale=1.0).findings()}
    assert not {"double-scaling", "uneven-inputs"} & found.keys()
    if first == "nothing":
        assert "column 6" in found["unscaled-inputs"].text
    else:
        assert not {"unscaled-inputs", "exploding-gradients"} & found.keys()
    assert {each.cause for each in found.values() if each.severity == "good"} <= {None}


@pytest.mark.exhaustive
def test_the_last_line_names_what_judges_labels_until_it_has(copied_run: Any) -> None:
    run = copied_run("other")
    before = ct.doctor(run, progress=False).not_judged
    assert f"cutaway label-issues {run.path}" in before[-1]
    run.label_issues(folds=2, seeds=1, epochs=1, progress=False)
    after = ct.doctor(run, progress=False).not_judged
    assert after == before[:-1]
