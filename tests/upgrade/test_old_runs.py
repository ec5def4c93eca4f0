"""Runs and a sweep of older versions: opened, listed, reported on, continued; and nothing in them is changed."""

import pytest

import cutaway as ct
from cutaway.runs import RunFolder, list_runs
from cutaway.studio.runs import Notes, RunIndex, change_notes, read_notes

DAYS = ("1125", "1126", "1128")


def unchanged(before, after):
    """Whether every file of before is there, as it was."""
    return before.items() <= after.items()


def test_all_are_listed_and_none_is_damaged(runs, digests):
    before = digests(runs)
    assert [type(run).__name__ for run in list_runs(runs)] == ["RunFolder"] * 3
    index = RunIndex(runs)
    assert len([row for rows, _ in index.scan() for row in rows]) == 3
    rows = {row["id"].split("-")[3]: row for row in index.rows()}
    assert {day: (row["state"], row["epochs"]) for day, row in rows.items()} == {
        "1125": ("finished", 1),
        "1126": ("finished", 2),
        "1128": ("stopped", 1),
    }
    assert digests(runs) == before


@pytest.mark.parametrize("day", DAYS)
def test_a_run_is_opened_with_its_numbers(find, digests, day):
    before = digests(find(day))
    run = ct.open_run(find(day))
    recorded = RunFolder.open(find(day)).history()
    assert list(run.history.to_pandas()["val_loss"]) == [row["val_loss"] for row in recorded]
    assert run.predictions().shape == (360, 10)
    assert run.findings().to_pandas().size
    if day != "1128":
        assert round(float(run.test["accuracy"]), 4) == {"1125": 0.2444, "1126": 0.2667}[day]
    assert unchanged(before, digests(find(day)))


@pytest.mark.slow
def test_a_run_of_the_first_format_is_reported_on(find, digests, tmp_path):
    before = digests(find("1125"))
    page = ct.open_run(find("1125")).report(tmp_path / "report.html", samples=200, epochs=[1], progress=False)
    assert "old-1125" in page.read_text(encoding="utf-8")
    assert unchanged(before, digests(find("1125")))


@pytest.mark.slow
def test_a_run_that_was_stopped_is_resumed_and_keeps_what_it_had(find, digests):
    path = find("1128")
    before, history = digests(path), (path / "history.jsonl").read_bytes()
    run = ct.resume(path, progress=False)
    assert (run.folder.status, run.folder.epochs) == ("finished", [0, 1, 2])
    after = digests(path)
    assert {name for name in before if before[name] != after[name]} == {
        "run.json",
        "history.jsonl",
        "checkpoint.safetensors",
    }
    assert (path / "history.jsonl").read_bytes().startswith(history)


def test_notes_whose_tags_had_commas_lose_nothing_else(find):
    path = find("1128")
    assert read_notes(path) == Notes(title="Small", note="It was stopped.")
    change_notes(path, Notes(title="Smaller"))
    assert read_notes(path) == Notes(title="Smaller", note="It was stopped.")
    assert "slow, wide" in (path / "notes.json").read_text(encoding="utf-8")


def test_a_sweep_is_looked_at_and_continued_with_the_command_that_began_it(runs, digests):
    before, journal = digests(runs / "sweep-old"), (runs / "sweep-old" / "journal.log").read_bytes()
    assert len(ct.open_sweep("sweep-old", runs=runs).trials) == 2
    assert unchanged(before, digests(runs / "sweep-old"))
    sweep = ct.sweep("digits", space="small", epochs=2, trials=2, name="old", runs=runs, progress=False)
    assert [trial.state for trial in sweep.trials] == ["complete", "pruned"]
    assert (runs / "sweep-old" / "journal.log").read_bytes().startswith(journal)
    with pytest.raises(ct.errors.UsageError, match=r"got other fixed settings \(epochs 3 instead of 2\)"):
        ct.sweep("digits", space="small", epochs=3, trials=2, name="old", runs=runs, progress=False)
