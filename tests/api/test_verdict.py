"""The verdict: what a run is worth, what is wrong first and what to do next, of runs in every state."""

import dataclasses
import json
import re
import shutil

import numpy as np
import pytest

import cutaway as ct
from cutaway.errors import DataError
from cutaway.findings import RULES, Finding, Remedy, SimplerModel
from cutaway.metrics import number_intervals, per_class
from cutaway.progress import ignore_progress
from cutaway.report.sections import SECTIONS
from cutaway.topics.classes.classes import ClassMeasures
from cutaway.topics.common.source import ReportSource
from cutaway.topics.findings import section, simpler_models
from cutaway.topics.findings import verdict as verdicts
from cutaway.topics.findings.verdict import VERSION, _next_step
from cutaway.words import digits_of, measured
from tests.ready_runs import record_untrained


@pytest.fixture(scope="module")
def short_run(ready_run, tmp_path_factory):
    """A run as it was after its first of one epoch: its loss still fell."""
    path = shutil.copytree(ready_run("other").path, tmp_path_factory.mktemp("verdict") / "short")
    first = changed(path, "finished", epochs=1)
    record = json.loads((path / "run.json").read_text())
    record["test"]["accuracy"] = float((first.predictions().argmax(axis=1) == first.labels()).mean())
    (path / "run.json").write_text(json.dumps(record))
    return ct.open_run(path)


def changed(path, status, *, epochs):
    """A run as if its training had got no further than some epochs."""
    record = json.loads((path / "run.json").read_text())
    record["status"] = status
    if status == "finished":
        record["config"]["epochs"] = epochs
    else:
        record["test"] = None
    for key in ("best_epoch", "kept_epoch"):
        record[key] = epochs if status == "finished" else None
    (path / "run.json").write_text(json.dumps(record))
    rows = (path / "history.jsonl").read_text().splitlines(keepends=True)
    (path / "history.jsonl").write_text("".join(row for row in rows if (json.loads(row).get("epoch") or 0) <= epochs))
    for file in [*(path / "snapshots").iterdir(), *(path / "predictions").iterdir()]:
        if int(file.stem.split("-")[1]) > epochs:
            file.unlink()
    return ct.open_run(path)


def lines(run):
    return dict(run.verdict().lines())


def test_a_finished_run_is_compared_with_always_giving_one_class(digits_run):
    digits_run.findings()
    found = digits_run.verdict()
    told, worth = lines(digits_run), found.worth
    assert (found.state, found.epochs, found.kept_epoch) == ("finished", 6, 6)
    assert worth.score == digits_run.test["accuracy"]
    assert worth.baseline == pytest.approx(digits_run.per_class().measures.baseline)
    assert f" {worth.score:.1%} of 360 test samples" in told["worth"], "as many digits as 6 points carry"
    assert told["worth"].index(f"{worth.low:.1%}") < told["worth"].index(f"{worth.score:.1%}"), "the interval first"
    assert f"{worth.low:.1%} to" in found.line()
    assert f" {worth.baseline:.1%}." in told["worth"]
    assert found.is_measured
    assert "unknown" not in told
    assert len(told) <= 5
    kinds = {each.kind for each in digits_run.findings() if each.severity != "good"}
    assert {"divergence", "duplicates"} <= set(found.passed) <= RULES.keys() - kinds
    assert all(kind.replace("-", " ") in told["checked"] for kind in found.passed[:6])


def test_what_was_not_measured_is_said_with_the_command(short_run, own_cache):
    found = ct.open_run(short_run.path).verdict()
    assert not found.is_measured
    assert found.problem.kind == "too-few-epochs", "which the history shows"
    assert found.wrong[0] == found.problem.title
    assert found.command == f"cutaway doctor {short_run.path}", "a history does not show the cause"
    assert found.passed == ()
    assert not list(own_cache.glob("facts*"))


def test_a_cause_is_named_first_and_its_consequences_are_counted(short_run):
    findings, found = short_run.findings(), short_run.verdict()
    assert (found.problem.kind, found.problem.cause) == ("too-few-epochs", None)
    assert found.explains == sum(each.cause == "too-few-epochs" and each.severity != "good" for each in findings)
    assert f" {found.explains} more" in lines(short_run)["problem"]


def test_a_run_whose_data_are_gone_has_a_verdict(tmp_path):
    random = np.random.default_rng(0)
    x, y = random.normal(size=(200, 4)).astype(np.float32), np.arange(200) % 2
    run = record_untrained(ct.Dataset.from_arrays(x + y[:, None], y), tmp_path)
    found = ct.open_run(run.path).verdict()
    assert found.state == "finished"
    assert found.worth.samples == len(run.split.test)
    assert found.worth.score == run.test["accuracy"]


def test_stopped_and_failed_trainings_have_a_verdict(copied_run):
    run = copied_run("other")
    stopped = changed(run.path, "stopped", epochs=2).verdict()
    assert (stopped.state, stopped.command.startswith("cutaway resume ")) == ("stopped", True)
    rows = (run.path / "history.jsonl").read_text()
    (run.path / "history.jsonl").write_text(re.sub(r'"(loss|val_loss)": [^,]+', r'"\1": null', rows))
    record = json.loads((run.path / "run.json").read_text())
    (run.path / "run.json").write_text(json.dumps({**record, "status": "failed", "why": "the loss is not finite"}))
    failed = ct.open_run(run.path).verdict()
    assert failed.state == "failed"
    assert "finite" in dict(failed.lines())["state"]
    assert failed.problem.kind == "divergence"


def test_only_a_run_that_cutaway_trained_is_told_that_a_training_tries_the_remedy(tmp_path, digits_run):
    recorded = ct.record(digits_run.model(), "digits", runs=tmp_path, progress=False)
    assert (recorded.verdict().worth.split, recorded.verdict().epochs) == ("test", 0)
    works = Remedy("train longer", settings={"epochs": 60})
    found = Finding("too-few-epochs", "warning", "Too few epochs", "2.", {}, remedy=works)
    told = [section.gather(run.context, findings=(found,)) for run in (digits_run, recorded)]
    assert all("train longer" in each.next_step for each in told)
    assert (told[0].command.endswith("--try"), told[1].command) == (True, None)


def test_a_column_that_tells_most_of_the_answer_is_a_question(digits_run):
    leave_out = Remedy("train without it, unless it is known before", change="drop-inputs", inputs=(3,))
    asked = Finding("target-leakage", "note", '"seconds" tells most of the answer', "Is it?", {}, remedy=leave_out)
    alone = section.gather(digits_run.context, findings=(asked,))
    assert '"seconds"' in dict(alone.lines())["problem"]
    assert "train without it" in alone.next_step
    for kind, leads in (("too-few-epochs", True), ("label-issues", False)):  # the column makes labels look wrong
        other = Finding(kind, "warning", "Other", "2.", {}, remedy=Remedy("train longer"))
        both = section.gather(digits_run.context, findings=(other, asked))
        assert both.wrong == ([other.title, asked.title] if leads else [asked.title, other.title])
        assert both.wrong[0] in dict(both.lines())["problem"]
        assert ("train longer" in both.next_step, "train without it" in both.next_step) == (leads, not leads)
    source = ReportSource(digits_run.context, ignore_progress)
    source.computed[section.findings_of.__wrapped__] = (asked,)
    lines = section.verdict(source).lines  # other tests may have looked for wrong labels of this run
    assert any('"seconds"' in line.title for line in lines)


def test_a_running_training_is_not_told_that_it_ended(copied_run):
    found = changed(copied_run("other").path, "running", epochs=2).verdict()
    assert (found.state, found.problem, found.command) == ("running", None, "cutaway studio")
    assert found.worth.split == "val"
    assert found.unknown == ()


def test_wrong_labels_come_before_what_is_less_important(digits_run, monkeypatch):
    monkeypatch.setattr(verdicts, "are_judged", lambda context: True)
    for kind, first in (("overfitting", "label-issues"), ("divergence", "doctor")):
        problem = Finding(kind, "warning", "", "", {}, remedy=Remedy("stop", {"epochs": 2}))
        for wrong, verb in ((3, first), (0, "doctor")):
            _, command = _next_step(digits_run.context, "finished", problem, is_measured=True, wrong=wrong)
            assert command.split()[1] == verb


def test_a_muted_warning_is_no_next_step(digits_run):
    remedy = Remedy("use 1", {"learning_rate": 1})
    for why in ("", "a lesson"):
        found = Finding("overfitting", "warning", "", ".", {}, remedy=remedy, muted=why)
        told = section.gather(digits_run.context, findings=(found,))
        assert (told.problem is None, "use 1" not in told.next_step) == (bool(why), bool(why))


@pytest.mark.parametrize("test", [None, {"loss": 0.3}, {"accuracy": 5.0, "loss": 0.3, "cross_entropy": 0.3}])
def test_without_a_test_accuracy_validation_samples_count(short_run, tmp_path, test):
    shutil.copytree(short_run.path, tmp_path / "copy")
    document = json.loads((tmp_path / "copy" / "run.json").read_text())
    document["test"] = test
    (tmp_path / "copy" / "run.json").write_text(json.dumps(document))
    found = ct.open_run(tmp_path / "copy").verdict()
    assert found.worth.split == "val"
    assert found.worth.score == pytest.approx(short_run.history.rows[-1]["val_accuracy"])
    assert found.worth.baseline is not None


def test_it_is_a_result_like_any_other(digits_run):
    document = (found := digits_run.verdict()).to_json()
    assert document["version"] == VERSION == 1
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["lines"] == [text for _, text in found.lines()]
    assert found.to_pandas()["text"].tolist() == document["lines"]
    assert document["lines"][0] in digits_run._repr_html_()


def test_the_report_begins_with_the_answer_and_each_line_leads_to_what_it_is_about(short_run):
    source = ReportSource(short_run.context, ignore_progress)
    shown, found = section.verdict(source), short_run.verdict()
    assert (shown.number, shown.answer) == (f"{found.worth.score:.0%}", "of 360 test samples are right.")
    assert f"95% interval: {found.worth.interval}" in shown.beside
    assert any(all(kind.replace("-", " ") in line for kind in found.passed[:6]) for line in shown.small)
    assert shown.lines[0].title == f"{found.problem.title}."
    assert len(shown.lines[0].card.consequences) == found.explains
    assert shown.lines[0].command.endswith("--try")
    assert [line for line in shown.lines if line.severity == "warning" and not line.action] == []
    assert len({line.command for line in shown.lines if line.command}) == 1, "a command is named once"
    severities = [line.severity for line in shown.lines]
    assert severities == sorted(severities, key=["warning", "note", "good"].index)
    assert len(shown.lines) <= 4
    own, *others = shown.marks
    assert f"always {found.worth.largest_class}: {found.worth.baseline:.0%}" in [mark.name for mark in others]
    assert 0 <= own.low < own.at < own.high <= 1
    assert own.row == 0
    assert min(mark.at for mark in others) == 0, "the scale begins at what is worst"
    assert all(mark.row > 0 for mark in others)
    assert RULES.keys() >= {*section.TELLING, *section.PLACES}
    assert {line.target for line in shown.lines if line.target} <= {each.__name__ for each in SECTIONS}


def test_the_answer_of_a_run_that_was_not_measured_is_that_it_is_not_known(short_run, monkeypatch):
    unknown = dataclasses.replace(short_run.verdict(), worth=None, passed=(), unknown=("No samples were held out.",))
    monkeypatch.setattr(section, "gather", lambda *_, **__: unknown)
    shown = section.verdict(ReportSource(short_run.context, ignore_progress))
    assert "%" not in shown.answer
    assert not shown.marks
    assert shown.small == ("No samples were held out.",)


def test_other_models_are_compared_only_if_they_were_judged_on_the_same_samples(short_run, monkeypatch, tmp_path):
    known = SimplerModel("a linear model", 1200, 180, correct=1, won=30, lost=12)
    monkeypatch.setattr(verdicts, "known_simpler_models", lambda context: (known,))
    worth = short_run.verdict().worth
    assert worth.others["a linear model"] == pytest.approx(worth.score + 0.1), "of 180 of 360 samples"
    copy = shutil.copytree(short_run.path, tmp_path / "copy")
    record = json.loads((copy / "run.json").read_text())
    (copy / "run.json").write_text(json.dumps({**record, "test": None}))
    assert len(ct.open_run(copy).verdict().worth.others) == 1, "of validation samples"


def test_a_small_table_is_compared_with_other_models_and_a_large_one_says_how_to(ready_run, monkeypatch, own_cache):
    run = ready_run("wine")
    for most, compared in ((100, False), (1_000_000, True)):
        monkeypatch.setattr(simpler_models, "CHEAP", most)
        shown = section.verdict(ReportSource(run.context, ignore_progress))
        assert any("cutaway doctor " in line for line in shown.small) is not compared
        assert any("boosted trees: " in mark.name for mark in shown.marks) is compared


def test_a_share_has_as_many_digits_as_its_interval_carries():
    assert [measured(share, 1) for share in (0.9997, 1.0, 0.5)] == ["99.97%", "100.0%", "50.0%"]
    assert [digits_of(0.9, 0.9 + width) for width in (0.005, 0.02, 0.2)] == [2, 1, 0]


@pytest.mark.parametrize(
    ("confusion", "said"),
    [
        ([[95, 5], [7, 3]], "7 of 10 test samples of rare"),
        ([[95, 2, 3], [3, 92, 5], [2, 1, 2]], "3 of 5 test samples of rare"),
        ([[95, 5], [2, 8]], ""),
    ],
)
def test_nothing_needs_attention_is_not_said_if_half_of_the_rarest_class_is_missed(short_run, confusion, said):
    names, measures = ("common", *["other"][: len(confusion) - 2], "rare"), per_class(np.array(confusion))
    counted = ClassMeasures("test", 1, names, measures, (0.8312, 0.7, 0.9))
    worth = verdicts.Worth("test", 110, 0.96, 0.92, 0.98).with_classes(counted, ())
    recall = f"Recall of rare, the rarest class: {confusion[-1][-1]} of {sum(confusion[-1])}"
    assert worth.besides == (recall, "AUC: 0.83"), "of few samples the count is said"
    found = dataclasses.replace(short_run.verdict(), worth=worth, causes=(), is_measured=True)
    told = dict(found.lines())["problem"]
    assert (said in told, "Nothing needs attention" in told, found.wrong) == (True, not said, [told] if said else [])
    unclear = dataclasses.replace(found, worth=dataclasses.replace(worth, low=0.4)).no_problem
    assert (said in unclear, "may be no better" in unclear) == (True, True)
    note = Finding("missed-class", "note", "Most of rare are missed", "7 of 10.", {})
    known = dataclasses.replace(found, causes=((note, ()),))
    assert dict(known.lines())["problem"] == "Most of rare are missed. 7 of 10."


def test_a_warning_of_wrong_labels_stays_where_their_number_is_not_known(digits_run, monkeypatch):
    source = ReportSource(digits_run.context, ignore_progress)
    noise = Finding("label-issues", "warning", "Many labels are probably wrong", "12% at least.", {})
    monkeypatch.setitem(source.computed, section.findings_of.__wrapped__, (noise,))
    monkeypatch.setattr(section, "_label_lines", lambda source: [])
    first = section.verdict(source).lines[0]
    assert (first.title, first.severity) == ("Many labels are probably wrong.", "warning")
    wrong = section.SummaryLine("About 3 labels may be wrong.", "", "warning", section.GO_THROUGH, "label_issues")
    monkeypatch.setattr(section, "_label_lines", lambda source: [wrong])
    source.computed.pop(section.shown_lines.__wrapped__)
    titles = [line.title for line in section.verdict(source).lines]
    assert titles[0] == wrong.title
    assert "Many labels are probably wrong." not in titles, "the same fact is said once"


def test_a_verdict_survives_a_comparison_that_fails(digits_run, monkeypatch):
    def fail(source):
        raise DataError("a model has finite outputs", got="NaN", hint="compare another epoch")

    source = ReportSource(digits_run.context, ignore_progress, against=object())
    monkeypatch.setattr(section, "comparison_of", fail)
    shown = section.verdict(source)
    assert all(line.target != "comparison" for line in shown.lines)


def test_numbers_are_judged_by_r2_with_its_interval(ready_run, monkeypatch, own_cache):
    run = ct.open_run(ready_run("homes").path)
    before = verdicts.verdict(run.context, measure=False).worth
    assert (before.score, before.gain, before.errors) == (run.test["r2"], "unknown", {}), "nothing is predicted for it"
    assert "nan" not in before.in_words
    run = ready_run("homes")
    known = SimplerModel("a linear model", 360, 120, losses=(0.3, 0.35), of_numbers=(-0.1, 0.01))
    monkeypatch.setattr(verdicts, "known_simpler_models", lambda context: (known,))
    worth, y = run.verdict().worth, run.data.y(run.split.test)
    r2 = number_intervals(y, run.predictions().reshape(-1, 1))["r2"]
    assert (worth.score, worth.low, worth.high) == pytest.approx(r2)
    errors = np.abs(run.predictions().ravel() - y[:, 0])
    assert worth.errors["price"]["median_error"] == pytest.approx(np.median(errors))
    assert worth.others == {"always the mean": 0.0, "a linear model": pytest.approx(worth.score - 0.05)}
    assert (worth.gain, worth.baseline, worth.samples) == ("clear", 0.0, 120)
    document = run.verdict().to_json()["worth"]
    assert document.keys() == {"split", "samples", "r2", "low", "high", "baseline", "others", "errors"}
    assert document["r2"] == worth.score
    told = lines(run)
    assert worth.interval in told["worth"]
    assert "cutaway doctor" in told["next"]
    monkeypatch.setattr(verdicts, "LEAST_NUMBERS", 121)
    assert run.verdict().worth is None, "of few samples nothing is claimed"
    assert "121 samples" in lines(run)["unknown"]


def test_the_scale_of_r2_begins_at_the_mean_or_at_a_model_that_is_worse():
    worth = verdicts.Worth("test", 50, 0.5, 0.4, 0.6, errors={})
    far = SimplerModel("a linear model", 100, 50, losses=(0.5, 30.0), of_numbers=(-40.0, -20.0))
    marks = {mark.name: mark for mark in section._marks(worth.compared("the mean", 0.0, [far]))}
    assert marks["this model: 50%"].at == 0.5
    assert marks["a linear model: -2900%"].at == marks["always the mean: 0%"].at == 0
    worse = dataclasses.replace(worth, score=-0.5, low=-1.0, high=-0.1).compared("the mean", 0.0, [])
    marks = {mark.name: mark for mark in section._marks(worse)}
    assert (marks["this model: -50%"].at, marks["always the mean: 0%"].at) == (0.25, 0.5)
    ends = {(-0.2, -0.1): "none", (-0.2, -0.001): "unclear", (-0.1, 0.1): "unclear", (0.1, 0.2): "clear"}
    for (low, high), gain in ends.items():
        assert dataclasses.replace(worse, low=low, high=high).gain == gain


def test_a_model_that_learned_nothing_of_numbers_is_compared_with_the_mean(ready_run, monkeypatch):
    run = ready_run("homes")
    worth = verdicts.Worth("test", 120, -0.01, -0.1, 0.05, errors={}).compared("the mean", 0.0, ())
    found = dataclasses.replace(run.verdict(), worth=worth, causes=())
    assert not found.has_gain
    assert "the mean" in dict(found.lines())["problem"]
    monkeypatch.setattr(section, "gather", lambda *_, **__: found)
    shown = section.verdict(ReportSource(run.context, ignore_progress))
    assert (shown.number, "the mean" in shown.answer) == ("-1%", True)
