"""Label issues of data and of runs, found by real trainings, and what decisions on them change."""

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load, save
from sklearn.metrics import average_precision_score

import cutaway as ct
from cutaway import training
from cutaway.cli import main
from cutaway.data import read_decisions
from cutaway.errors import Canceled, DataError, RunError, UnknownNameError, UsageError
from cutaway.models import ModelForm
from cutaway.progress import Progress, ignore_progress
from cutaway.topics.label_issues.result import write_label_issues

pytestmark = pytest.mark.slow

WRONG = 36
"""Labels of the digits that are planted wrong: 2% of 1,797."""


@pytest.fixture(scope="module")
def planted() -> tuple[ct.Dataset, np.ndarray]:
    """The digits with some wrong labels, and which these are."""
    digits = ct.load_dataset("digits")
    x, y = digits.sources["train"].x, digits.labels["train"].copy()
    wrong = np.random.default_rng(0).choice(len(y), WRONG, replace=False)
    y[wrong] = (y[wrong] + 3) % 10
    return ct.Dataset.from_arrays(x, y, scale=16), wrong


@pytest.fixture
def few(planted: tuple[ct.Dataset, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ct.Dataset:
    """A third of them, judged by small models, whose folds are kept in an empty folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setitem(training.RECIPES, "default", replace(training.RECIPES["default"], form=ModelForm((16,))))
    data = planted[0]
    return ct.Dataset.from_arrays(data.sources["train"].x[:600], data.labels["train"][:600], scale=16)


@pytest.fixture(scope="module")
def run(planted: tuple[ct.Dataset, np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> ct.Run:
    runs = tmp_path_factory.mktemp("labels")
    return ct.train(ct.mlp((48,)), planted[0], epochs=15, runs=runs, progress=False)


@pytest.fixture(scope="module")
def issues(run: ct.Run) -> ct.LabelIssues:
    return run.label_issues(folds=3, seeds=2, progress=False)


def rows(issues: ct.LabelIssues) -> np.ndarray:
    return issues.ids.index


def test_planted_labels_are_found_and_the_true_ones_suggested(
    planted: tuple[ct.Dataset, np.ndarray], issues: ct.LabelIssues
) -> None:
    data, wrong = planted
    bad = np.isin(rows(issues), wrong)
    assert bad[:WRONG].mean() > 0.85
    assert average_precision_score(bad, issues.scores) > 0.9
    true = (data.labels["train"][rows(issues)] - 3) % 10
    assert (issues.suggested[bad] == true[bad]).mean() > 0.9
    assert 0 < issues.count.low <= WRONG <= issues.count.high
    assert (np.diff(issues.scores) <= 0).all()
    first = next(issues.records())
    assert first["given"] != first["suggested"]
    assert json.loads(json.dumps(first)) == first
    assert len(first["neighbors"]) == 10
    assert first["sample"] not in [neighbor["sample"] for neighbor in first["neighbors"]]


def test_nobody_judges_a_sample_that_it_was_trained_on(run: ct.Run, issues: ct.LabelIssues) -> None:
    """A model that memorizes everything would call no label wrong."""
    assert 0.85 < issues.accuracy < 0.98
    again = run.label_issues(folds=3, seeds=2, progress=False)  # read from the run folder
    assert (again.scores == issues.scores).all()
    assert again.ids.names() == issues.ids.names()


def test_work_that_was_canceled_goes_on_where_it_ended(
    few: ct.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = {"folds": 3, "seeds": 1, "epochs": 2}
    seen: list[Progress] = []

    def cancel(now: Progress) -> None:
        seen.append(now)
        if now.note == "fold 2 of 3" and now.done:
            raise Canceled("cancel", got="a test", hint="go on")

    with pytest.raises(Canceled, match="1 of 3"):
        ct.label_issues(few, progress=cancel, **sizes)
    assert len(list((tmp_path / "cutaway" / "results").glob("fold-*"))) == 1
    seen.clear()
    found = ct.label_issues(few, progress=seen.append, **sizes)
    assert seen[0].note == "fold 2 of 3, 1 from the cache"
    assert seen[-1].done == seen[-1].total
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
    whole = ct.label_issues(few, progress=False, **sizes)
    assert (whole.scores == found.scores).all()


def test_the_command_lists_them_as_python_does(
    run: ct.Run, issues: ct.LabelIssues, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cutaway.api.opening.open_run", lambda *_, **__: run)  # with its arrays
    monkeypatch.setattr("cutaway.training.loop.FoldTrainer", lambda *_, **__: pytest.fail("folds are kept"))
    with pytest.raises(SystemExit) as ended:
        main(["label-issues", str(run.path), "--folds", "3", "--seeds", "2", "--json"])
    out, err = capsys.readouterr()
    assert ended.value.code == 0, err
    said = json.loads(out)
    assert [each["sample"] for each in said["label_issues"]] == issues.ids.names()[: len(said["label_issues"])] != []
    assert (said["estimate"]["low"], said["estimate"]["high"]) == (issues.count.low, issues.count.high)


def test_work_after_the_folds_and_folds_from_the_cache_are_named(run: ct.Run, issues: ct.LabelIssues) -> None:
    seen: list[Progress] = []
    run.label_issues(folds=3, seeds=2, progress=seen.append)  # as `issues`: all folds are kept
    ended = [(now.task, now.done, now.unit, now.note) for now in seen if now.ended]
    assert ended == [
        ("cross-validation", 6, "folds", "from the cache"),
        ("estimate", 1, "step", "how many labels are wrong"),
        ("activations", 1797, "samples", "dense_1"),
        ("neighbors", len(issues), "samples", ""),
    ]


def test_neighbors_are_looked_for_among_a_sample_of_many(
    run: ct.Run, issues: ct.LabelIssues, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cutaway.topics.label_issues.search.SEARCHED", 200)
    found = run.label_issues(folds=3, seeds=2, progress=False)  # the folds are kept
    assert (found.scores == issues.scores).all()
    assert len(found.neighbor_ids) == 200
    assert len(issues.neighbor_ids) == 1797
    labels, at = run.data.labels["train"], {int(row): place for place, row in enumerate(found.neighbor_ids.index)}
    assert (found.neighbor_labels == labels[found.neighbor_ids.index[found.neighbors]]).all()
    h = run.activations("dense_1", split="all")
    row_of = {int(row): place for place, row in enumerate(run.split.part("all").index)}
    searched = np.array([row_of[row] for row in at])
    for row, near in zip(rows(found)[:30].tolist(), found.neighbors[:30].tolist(), strict=True):
        distance = ((h[searched] - h[row_of[row]]) ** 2).sum(axis=1)
        distance[at.get(row, -1)] = np.inf if row in at else distance[-1]
        assert np.sort(distance)[:10] == pytest.approx(distance[near], rel=1e-4)


def test_what_is_kept_is_not_trained_again(few: ct.Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {"folds": 2, "seeds": 1, "epochs": 1}
    first = ct.label_issues(few, progress=False, **sizes)
    monkeypatch.setattr("cutaway.topics.label_issues.cross_validation.first_equal", None)
    monkeypatch.setattr("cutaway.training.loop.FoldTrainer", None)
    assert (ct.label_issues(few, progress=False, **sizes).scores == first.scores).all()


def test_a_damaged_fold_of_a_run_is_trained_again(run: ct.Run, tmp_path: Path) -> None:
    """A run folder may come from a stranger: what its folds say is checked."""
    sizes = {"folds": 2, "seeds": 1, "epochs": 1, "progress": False}
    copy = ct.open_run(shutil.copytree(run.path, tmp_path / "run"), data=run.data)
    shutil.rmtree(copy.path / "folds", ignore_errors=True)
    first = copy.label_issues(**sizes)
    fold, other = sorted((copy.path / "folds").iterdir())
    whole, arrays = fold.read_bytes(), load(fold.read_bytes())
    wrong = [whole[:-40], save(arrays | {"others": arrays["others"] + 100}), save(arrays | {"epochs": np.zeros(0)})]
    for damaged in [*wrong, other.read_bytes()[:0]]:
        fold.write_bytes(damaged)
        with pytest.warns(ct.CutawayWarning):
            assert (copy.label_issues(**sizes).scores == first.scores).all()
        assert load(fold.read_bytes())["others"].tolist() == arrays["others"].tolist()


@pytest.mark.exhaustive
def test_a_table_is_judged_in_its_inputs_and_by_its_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    generator = np.random.default_rng(0)
    y = np.arange(300) % 2
    frame = pd.DataFrame({"id": [f"row-{i}" for i in range(300)], "a": generator.normal(3 * y, 1), "c": "u", "y": y})
    frame["b"] = generator.normal(-3 * y, 1)
    frame.loc[[7, 8], "y"] = 1 - frame.loc[[7, 8], "y"]
    path = tmp_path / "rows.csv"
    frame.to_csv(path, index=False)
    trained = ct.train(ct.mlp((16,)), ct.load_dataset(path, label="y", id="id"), runs=tmp_path, progress=False)
    found = trained.label_issues(folds=3, seeds=1, progress=False)
    assert {"row-7", "row-8"} <= set(found.ids.names()[:6])
    with pytest.raises(UsageError):
        found.plot()
    direct = ct.label_issues(path, label="y", id="id", folds=3, seeds=1, progress=False)
    assert {7, 8} <= set(rows(direct)[:6].tolist())
    assert 1 <= direct.epochs < 60  # the first fold found out when the held-out loss is lowest
    newest = max((tmp_path / "cutaway" / "results").glob("fold-*"), key=lambda fold: fold.stat().st_mtime_ns)
    newest.unlink()
    monkeypatch.setattr("cutaway.topics.label_issues.folds.find_epochs", None)  # that is not found out a second time
    again = ct.label_issues(path, label="y", id="id", folds=3, seeds=1, progress=False)
    assert again.epochs == direct.epochs
    assert (again.scores == direct.scores).all()


def test_decisions_change_a_new_training_and_survive_it(run: ct.Run, issues: ct.LabelIssues, tmp_path: Path) -> None:
    first, second, third = issues.ids.places()[:3]
    path = run.decide([ct.Decision(first, "relabel", "7"), ct.Decision(second, "drop", by="me")])
    before = path.read_bytes()
    run.decide([ct.Decision(third, "keep")])
    assert path.read_bytes().startswith(before)
    assert [(d.sample, d.action) for d in run.decisions] == [(first, "relabel"), (second, "drop"), (third, "keep")]
    assert run.decisions[1].by == "me"
    assert run.decisions[0].when
    again = ct.train_like(run, labels=path, runs=tmp_path, progress=False)
    assert again.data.y(again.context.sample(first)).tolist() == [7]
    assert second not in again.split.part("all").places()
    opened = ct.open_run(again.path, data=run.data)
    assert opened.data.sha256 == again.data.sha256 != run.data.sha256
    assert opened.test == again.test
    with pytest.raises(UnknownNameError):
        run.decide([ct.Decision("test[9999]", "drop")])
    for refused in ("drop", 5):
        with pytest.raises(UsageError):
            run.decide(refused)  # pyright: ignore[reportArgumentType]
    with pytest.raises(UsageError):
        ct.train_like(run, labels=5, runs=tmp_path, progress=False)  # pyright: ignore[reportArgumentType]
    assert run.decide(ct.Decision(third, "keep")) == path
    assert [d.sample for d in run.decisions] == [first, second, third, third]


def test_a_list_is_decided_in_and_never_overwritten(issues: ct.LabelIssues, tmp_path: Path) -> None:
    path = tmp_path / "label-issues.csv"
    write_label_issues(issues, path)
    write_label_issues(issues, path)  # no decision yet
    table = pd.read_csv(path, dtype={"decision": object, "label": object})
    assert table["sample"].tolist() == issues.ids.names()
    table.loc[0, ["decision", "label"]] = ["relabel", "3"]
    table.to_csv(path, index=False)
    assert read_decisions(path) == (ct.Decision(issues.ids.names()[0], "relabel", "3"),)
    with pytest.raises(UsageError):
        write_label_issues(issues, path)
    for ending in ("parquet", "jsonl"):
        write_label_issues(issues, tmp_path / f"s.{ending}")
    assert pd.read_parquet(tmp_path / "s.parquet")["score"].tolist() == issues.scores.tolist()
    lines = (tmp_path / "s.jsonl").read_text().splitlines()
    assert json.loads(lines[0])["sample"] == issues.ids.names()[0]
    write_label_issues(issues, tmp_path / "s.jsonl")  # a list without decisions is replaced


def test_decisions_are_added_to_what_a_spreadsheet_saved_where_it_has_the_same_columns(
    run: ct.Run, tmp_path: Path
) -> None:
    run = ct.open_run(shutil.copytree(run.path, tmp_path / "run"), data=run.data)
    path = tmp_path / "run" / "labels.csv"
    path.write_bytes(b'\xef\xbb\xbf"sample","decision","label","by","when"\r\nsample[1],drop,,me,\r\n')
    run.decide(ct.Decision("sample[2]", "relabel", "7"))
    assert [(d.sample, d.action, d.label) for d in run.decisions] == [
        ("sample[1]", "drop", None),
        ("sample[2]", "relabel", "7"),
    ]
    path.write_text("sample;decision;label;by;when\nsample[1];drop;;me;\n")
    before = path.read_bytes()
    with pytest.raises(DataError):
        run.decide(ct.Decision("sample[2]", "drop"))
    assert path.read_bytes() == before


def test_a_class_copied_from_the_list_is_that_class(issues: ct.LabelIssues, tmp_path: Path) -> None:
    names = ("=q", "'=q", " pad", "a\rb", "a;b", "'t", "NA", "-1", "8", "9")
    write_label_issues(replace(issues, class_names=names), tmp_path / "s.csv")
    with open(tmp_path / "s.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with open(tmp_path / "s.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0], quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows({**row, "decision": "relabel", "label": row["suggested"]} for row in rows)
    assert [each.label for each in read_decisions(tmp_path / "s.csv")] == [names[i] for i in issues.suggested]


@pytest.mark.exhaustive
def test_what_cannot_be_judged_is_refused_or_said() -> None:
    few = ct.Dataset.from_arrays(np.arange(12, dtype=np.float32).reshape(6, 2) / 12, [0, 0, 1, 1, 2, 2])
    with pytest.raises(DataError):
        ct.label_issues(few, progress=False)
    x, y = np.random.default_rng(0).normal(size=(41, 2)).astype(np.float32), np.r_[np.arange(40) % 2, 2]
    found = ct.label_issues(x, y, folds=2, seeds=1, epochs=1, progress=False)
    assert found.not_judged == 1
    assert 40 not in rows(found)


def test_a_folder_that_cannot_be_written_says_so(run: ct.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("cutaway.topics.label_issues.decisions.write_atomic", refuse)
    with pytest.raises(RunError):
        run.decide([ct.Decision("sample[1]", "keep")])


def test_the_report_shows_the_label_issues_that_were_found_before_and_trains_nothing(
    run: ct.Run, issues: ct.LabelIssues, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from cutaway.report.explorer.columns import label_issue_columns
    from cutaway.topics.common.source import ReportSource
    from cutaway.topics.findings.section import verdict
    from cutaway.topics.label_issues.section import label_issues

    monkeypatch.setattr("cutaway.training.loop.FoldTrainer", lambda *_, **__: pytest.fail("a fold is trained"))
    folder = tmp_path / "copy"
    shutil.copytree(run.path, folder, ignore=shutil.ignore_patterns("labels.csv"))  # decisions of other tests
    copy = ct.open_run(folder, data=run.data)
    (decided, relabeled) = issues.ids.names()[:2]
    copy.decide([ct.Decision(decided, "drop", when="2026-01-01"), ct.Decision(relabeled, "relabel", "7")])
    copy.decide(ct.Decision(decided, "keep", when="2026-01-02"))
    source = ReportSource(copy.context, ignore_progress)
    sheet = label_issues(source)
    count = min(200, int((issues.scores > 0.5).sum()))
    assert [each.name for each in sheet.issues] == issues.ids.names()[:count]
    for name in ("given", "suggested", "score"):
        expected = getattr(issues, "scores" if name == "score" else name)[:count]
        np.testing.assert_array_equal([getattr(each, name) for each in sheet.issues], expected)
    for number in (0, 5):
        first, names, near = sheet.issues[number], issues.class_names, issues.neighbor_labels[number]
        given, suggested = (f"{100 * value:.0f}%" for value in issues.probabilities[number].tolist())
        as_given, as_suggested = int((near == first.given).sum()), int((near == first.suggested).sum())
        shares = ((given, suggested), (as_given, as_suggested))
        for said, (one, other) in zip(first.said, shares, strict=True):
            assert said.endswith(f" {names[first.given]} {one}, {names[first.suggested]} {other}.")
        assert [each.caption for each in first.near] == [names[label] for label in near[:4]]
    _, samples = issues.surest
    assert samples == 180
    assert [(each.action, each.label) for each in sheet.issues[:3]] == [("keep", None), ("relabel", 7), (None, None)]
    (folder / "label-issues.csv").write_text(sheet.file)
    written = read_decisions(folder / "label-issues.csv")
    in_file = {each.sample: (each.action, each.label, each.when) for each in written}
    assert in_file == {each.sample: (each.action, each.label, each.when) for each in copy.decisions}, "the last ones"
    assert (sheet.file.count("\n"), sheet.decisions) == (1 + count, 3)
    first, count = verdict(source).lines[0], issues.count
    assert f"about {count.count} of 1,797 labels" in sheet.lead
    assert f"bout {count.count} of {len(run.split.part('all')):,} labels" in first.title
    assert f"{count.low} to {count.high}, " in first.text
    assert (first.severity, first.target) == ("warning", "label_issues")
    (column,) = label_issue_columns(source)
    scores = dict(zip(source.shown.names(), column.values[0].tolist(), strict=True))
    listed = dict(zip(issues.ids.names(), issues.scores.tolist(), strict=True))
    assert {name: scores[name] for name in listed if name in scores} == {n: s for n, s in listed.items() if n in scores}
    others = [score for name, score in scores.items() if name not in listed]
    assert max(others) <= min(listed.values()), "samples that are not listed have lower scores"
    for path in (folder / "folds").glob("*-0-1.safetensors"):
        path.unlink()
    gone = ReportSource(copy.context, ignore_progress)
    assert label_issues(gone) is None
    assert label_issue_columns(gone) == []


def test_arrays_of_any_scale_are_judged_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    random = np.random.default_rng(0)
    monkeypatch.setitem(training.RECIPES, "default", replace(training.RECIPES["default"], form=ModelForm((32, 16))))
    y = np.arange(200) % 2
    x = random.normal(2.0 * y[:, None], 1, size=(200, 4)).astype(np.float32)
    wrong = y.copy()
    wrong[[4, 9, 20]] = 1 - wrong[[4, 9, 20]]
    x[:, 3] = x[:, 3] * 1e5 + 1e6
    found = ct.label_issues(ct.Dataset.from_arrays(x, wrong, scale=1.0), folds=2, seeds=1, epochs=20, progress=False)
    assert found.can_judge
    assert set(rows(found)[:3]) == {4, 9, 20}
    scaled = (x - x.mean(axis=0)) / x.std(axis=0)
    near = np.square(scaled[rows(found)[:1], None] - scaled[None]).sum(axis=2)[0].argsort()[1:11]
    assert set(found.neighbor_ids.index[found.neighbors[0]]) == set(near)


def test_models_that_cannot_judge_say_so_first_and_list_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setitem(training.RECIPES, "default", replace(training.RECIPES["default"], form=ModelForm((16,))))
    random = np.random.default_rng(0)
    data = ct.Dataset.from_arrays(random.normal(size=(120, 3)).astype(np.float32), random.integers(0, 2, 120))
    found = ct.label_issues(data, folds=2, seeds=1, epochs=1, progress=False)
    assert not found.can_judge
    (printed,) = found.tables()
    assert len(printed) == 0
    assert printed.title == found.note == found.to_json()["note"] != ""
    assert replace(found, can_judge=True).tables()[0].title == found.note, "why there is no estimate"
    with pytest.raises(DataError):
        write_label_issues(found, tmp_path / "label-issues.csv")
    assert not (tmp_path / "label-issues.csv").exists()
