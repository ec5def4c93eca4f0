"""The command compare --leaderboard, of a folder in which some runs are damaged, and runs on other samples."""

import json
import shutil

import pytest

import cutaway as ct
from cutaway.metrics import wilson_interval


@pytest.fixture(scope="module")
def folder(digits_run, ready_run, tmp_path_factory):
    """Two runs on the same samples, one on others, one with fewer labels, and damaged ones."""
    runs = tmp_path_factory.mktemp("leaderboard") / "runs"
    shutil.copytree(digits_run.path, runs / "first")
    shutil.copytree(ready_run("other").path, runs / "second")
    recorded = ct.record(ready_run("other").model(), "digits", seed=1, runs=runs, progress=False)
    recorded.path.rename(runs / "reseeded")

    def change(name, change):
        shutil.copytree(runs / "second", runs / name)
        file = runs / name / "run.json"
        record = json.loads(file.read_text())
        change(record)
        file.write_text(json.dumps(record))

    split = digits_run.split
    dropped = ct.data.Split(split.train.take(slice(3, None)), split.val, split.test, 0.25, 0, dropped=split.train[:3])
    change("dropped", lambda record: record.update(split=dropped.to_record()))
    change("no accuracy", lambda record: record.update(test={"accuracy": 7, "loss": 0.1, "cross_entropy": 0.1}))
    change("odd split", lambda record: record["split"].update(membership={"train": 3}))
    change("odd units", lambda record: record["model"]["layers"][0]["config"].update(units={"nested": ["\x1b[31m"]}))
    odd = {"kind": "EinsumDense", "config": {"output_shape": 3.5}}
    change("odd shape", lambda record: record["model"]["layers"][0].update(odd))
    change("untested", lambda record: record.update(test=None, status="stopped"))
    change("red\x1b[31m", lambda record: record.update(format=99))
    shutil.copytree(runs / "second", runs / "no snapshot")
    for file in (runs / "no snapshot" / "snapshots").iterdir():
        file.write_bytes(file.read_bytes()[:50])
    shutil.copytree(runs / "second", runs / "no json")
    (runs / "no json" / "run.json").write_text("{")
    shutil.copytree(runs / "second", runs / "torn history")
    (runs / "torn history" / "history.jsonl").write_text('{"kind": "epoch", "epoch": [1]}\n' * 2)
    return runs


DAMAGED = {"no accuracy", "no snapshot", "no json", "torn history", "red\x1b[31m"}


def test_runs_on_the_same_samples_share_a_table_and_damaged_ones_have_a_reason(cutaway, folder):
    code, out, err = cutaway("compare", "--leaderboard", folder, "--json")
    assert code == 0, err
    answer = json.loads(out)
    tables = [{row["run"] for row in table["runs"]} for table in answer["tables"]]
    assert tables == [{"first", "odd shape", "odd split", "odd units", "second", "untested", "dropped"}, {"reseeded"}]
    assert {row["run"] for row in answer["damaged"]} == DAMAGED
    assert all(row["why"] for row in answer["damaged"])
    rows = {row["run"]: row for row in answer["tables"][0]["runs"]}
    first, run = rows["first"], ct.open_run(folder / "first")
    assert (first["epochs"], first["accuracy"], first["loss"]) == (6, run.test["accuracy"], run.test["loss"])
    assert first["cross_entropy"] == run.test["cross_entropy"]
    assert first["interval"] == pytest.approx(wilson_interval(round(first["accuracy"] * 360), 360))
    assert first["parameters"] == sum(layer.parameters for layer in run.layers())
    assert first["seconds"] == run.context.manifest.cost["training"]
    assert first["model"] == "64-32-16-10"
    assert [rows[name]["dropped"] for name in ("first", "dropped", "odd split")] == [0, 3, None]
    assert answer["tables"][0]["runs"][-1]["accuracy"] is None
    assert [table["test_samples"] for table in answer["tables"]] == [360, 360]
    assert all(row["accuracy_low"] < row["accuracy"] for row in answer["tables"][0]["runs"][:6])


def test_the_table_is_printed_safely(cutaway, folder):
    code, out, err = cutaway("compare", "--leaderboard", folder)
    assert code == 0, err
    assert "\x1b" not in out
    assert all(f"damaged: {name}: " in out for name in DAMAGED - {"red\x1b[31m"})


def test_a_folder_in_which_all_is_damaged_or_nothing_is_there_has_no_table(cutaway, folder, tmp_path):
    shutil.copytree(folder / "no snapshot", tmp_path / "runs" / "no snapshot")
    code, out, _ = cutaway("compare", "--leaderboard", "runs")
    assert (code, len(out.splitlines())) == (0, 1)
    (tmp_path / "empty").mkdir()
    code, out, _ = cutaway("compare", "--leaderboard", "empty", "--json")
    assert (code, json.loads(out)["tables"]) == (0, [])


def test_other_samples_are_refused_with_the_option_that_compares_them(cutaway, folder, tmp_path):
    page = tmp_path / "page.html"
    for command in (("compare", "first", "reseeded"), ("report", "first", "--against", "reseeded", "-o", page)):
        code, out, err = cutaway(*command, "--runs", folder)
        assert (code, out, "--shared" in err) == (2, "", True)
    assert not page.exists()
    code, out, _ = cutaway("compare", "first", "reseeded", "--runs", folder, "--shared", "--epochs", "0,-1", "--json")
    answer = json.loads(out)
    found = ct.compare(folder / "first", folder / "reseeded", shared=True, epochs=(0, -1), progress=False)
    assert (code, answer) == (0, json.loads(json.dumps(found.to_json())))
    _, out, _ = cutaway("compare", "first", "reseeded", "--runs", folder, "--shared", "--epochs", "0,-1")
    assert out.startswith(found.answer())


@pytest.mark.exhaustive
def test_a_report_compares_with_another_run(cutaway, folder, tmp_path):
    page = tmp_path / "page.html"
    few = ("--epochs", "0,-1", "--samples", "30")
    code, out, _ = cutaway("report", "first", "--against", "second", "--runs", folder, *few, "-o", page)
    assert (code, out.startswith("file://")) == (0, True)
    assert page.read_text().startswith("<!doctype html>")
    assert "Comparison with " in page.read_text()


def test_a_split_without_samples_of_both_and_a_damaged_run_are_refused(cutaway, folder):
    for arguments in (["first", "second", "--split", "train"], ["first", "red\x1b[31m"]):
        code, out, err = cutaway("compare", *arguments, "--runs", folder)
        assert (code > 0, out, "\x1b" in err, err.startswith("error: ")) == (True, "", False, True)
