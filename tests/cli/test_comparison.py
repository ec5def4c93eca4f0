"""The command compare: what it prints, its JSON, and tables of runs among which some are damaged."""

import json
import re
import shutil

import numpy as np
import pytest

import cutaway as ct
from cutaway.metrics import wilson_interval
from cutaway.topics.comparison.settings import value_in_words


@pytest.fixture(scope="module")
def folder(digits_run, tmp_path_factory):
    """Two runs on the same samples, one on others, and damaged ones."""
    runs = tmp_path_factory.mktemp("leaderboard") / "runs"
    shutil.copytree(digits_run.path, runs / "first")
    for seed, name in ((0, "second"), (1, "reseeded")):
        trained = ct.train(
            ct.mlp((16,)), "digits", epochs=1, seed=seed, batch_size=32, runs=runs, name=name, progress=False
        )
        trained.path.rename(runs / name)

    def damage(name, change):
        shutil.copytree(runs / "second", runs / name)
        file = runs / name / "run.json"
        record = json.loads(file.read_text())
        change(record)
        file.write_text(json.dumps(record))

    def units(record):
        record["model"]["layers"][0]["config"]["units"] = {"nested": ["\x1b[31m"] * 3}

    damage("no accuracy", lambda record: record.update(test={"accuracy": 7, "loss": 0.1, "cross_entropy": 0.1}))
    damage("no split", lambda record: record["split"].update(membership={"train": 3}))
    damage("odd units", units)
    damage("untested", lambda record: record.update(test=None, status="stopped"))
    damage("red\x1b[31m", lambda record: record.update(format=99))
    shutil.copytree(runs / "second", runs / "no snapshot")
    for file in (runs / "no snapshot" / "snapshots").iterdir():
        file.write_bytes(file.read_bytes()[:50])
    shutil.copytree(runs / "second", runs / "no json")
    (runs / "no json" / "run.json").write_text("{")
    shutil.copytree(runs / "second", runs / "torn history")
    (runs / "torn history" / "history.jsonl").write_text('{"kind": "epoch", "epoch": [1]}\n' * 2)
    return runs


DAMAGED = {"no accuracy", "no split", "no snapshot", "no json", "torn history", "red\x1b[31m"}


def test_runs_on_the_same_samples_share_a_table_and_damaged_ones_have_a_reason(cutaway, folder):
    code, out, err = cutaway("compare", "--leaderboard", folder, "--json")
    assert code == 0, err
    answer = json.loads(out)
    assert [[row["run"] for row in table["runs"]] for table in answer["tables"]] == [
        ["first", "odd units", "second", "untested"],
        ["reseeded"],
    ]
    assert {row["run"] for row in answer["damaged"]} == DAMAGED
    assert all(row["why"] for row in answer["damaged"])
    first = answer["tables"][0]["runs"][0]
    run = ct.open_run(folder / "first")
    assert (first["epochs"], first["accuracy"], first["loss"]) == (6, run.test["accuracy"], run.test["loss"])
    assert first["cross_entropy"] == run.test["cross_entropy"]
    assert first["interval"] == pytest.approx(wilson_interval(round(first["accuracy"] * 360), 360))
    assert first["parameters"] == sum(layer.parameters for layer in run.layers())
    assert first["seconds"] == run.context.manifest.cost["training"]
    assert first["model"] == "64-32-16-10"
    assert answer["tables"][0]["runs"][3]["accuracy"] is None
    assert [table["test_samples"] for table in answer["tables"]] == [360, 360]


def test_the_table_is_printed_safely(cutaway, folder, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")  # in 80, names are folded where a training took long
    code, out, err = cutaway("compare", "--leaderboard", folder)
    assert code == 0, err
    assert "\x1b" not in out
    for name in DAMAGED - {"red\x1b[31m"}:
        assert f"damaged: {name}: " in out
    assert '"test" in run.json must have an "accuracy" from 0 to 1' in out
    assert "split with seed 1" in out
    assert "tested on different samples" in out
    assert out.index("first") < out.index("second") < out.index("untested")
    test = ct.open_run(folder / "first").test
    numbers = (f"{test[name]:.4f}" for name in ("cross_entropy", "loss"))
    assert re.search(r"\s+".join(["first", r"\S+", "6", f"{test['accuracy']:.2%}", r"\S+ to \S+", *numbers]), out)


def test_a_folder_in_which_all_is_damaged_has_no_table(cutaway, folder, tmp_path):
    shutil.copytree(folder / "no snapshot", tmp_path / "runs" / "no snapshot")
    code, out, _ = cutaway("compare", "--leaderboard", "runs")
    assert code == 0
    assert out.startswith("damaged: no snapshot: ")
    assert len(out.splitlines()) == 1


def test_a_folder_without_runs(cutaway, tmp_path):
    assert cutaway("compare", "--leaderboard", tmp_path)[1] == f'No runs in "{tmp_path}". Next: cutaway train mnist\n'
    code, _, err = cutaway("compare", "--leaderboard", tmp_path / "nowhere")
    assert code == 2
    assert "runs are kept in a folder" in err
    assert cutaway("compare", "--leaderboard", tmp_path, "--json")[1].startswith('{\n  "folder"')


def test_two_runs_side_by_side(cutaway, folder):
    code, out, err = cutaway("compare", folder / "first", folder / "second", "--limit", "2")
    assert code == 0, err
    for words in (
        "Settings that differ",
        "On 360 test samples, with 95% intervals",
        "McNemar's test: ",
        "Right in A, wrong in B: 2 of ",
        "Moved most: 2 of 360 samples",
        "CKA of layers, on 360 samples",
        "Units of dense_1 and dense_1 were not matched: they have 32 and 16 units.",
    ):
        assert words in out
    found = ct.compare(folder / "first", folder / "second", progress=False)
    assert f"{100 * found.measures.accuracy_difference:+.2f} (" in out
    code, out, _ = cutaway("compare", "first", "second", "--runs", folder, "--json")
    answer = json.loads(out)
    assert code == 0
    assert answer == json.loads(json.dumps(found.summary()))
    assert len(answer["moved"]) == 360
    assert len(answer["broken"]) == answer["mcnemar"]["broken"]


def test_other_samples_are_refused_with_the_option_that_compares_them(cutaway, folder):
    code, _, err = cutaway("compare", folder / "first", folder / "reseeded")
    assert code == 2
    assert "the same test samples; got 360 and 360" in err
    hint = (
        r"got 360 and 360, of which they share (\d+); next: pass --shared to compare them on the \d+ samples that they"
    )
    assert re.search(hint, err)
    code, out, _ = cutaway("compare", folder / "first", folder / "reseeded", "--shared", "--epochs", "0,-1")
    assert code == 0
    assert "that one of the runs was trained on" in out
    assert "epoch 0" in out


def test_a_report_compares_with_another_run_or_says_which_option_does(cutaway, folder, tmp_path):
    page = tmp_path / "page.html"
    code, out, err = cutaway("report", folder / "first", "--against", folder / "reseeded", "-o", page)
    assert (code, out, page.exists()) == (2, "", False)
    assert "runs are compared on the same test samples; got 360 and 360" in err
    assert "next: pass --shared to compare them on the " in err
    code, out, _ = cutaway("report", "first", "--against", "second", "--runs", folder, "-o", page)
    assert code == 0
    assert "Comparison with second" in page.read_text()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "got none"),
        (["first"], "got one run"),
        (["first", "second", "--leaderboard", "."], 'got the run "first" beside it'),
        (["first", "second", "--epochs", "1"], 'one epoch for each run; got "1"'),
        (["first", "second", "--split", "train"], "not trained on"),
        (["first", "red"], "choose one of"),
    ],
)
def test_wrong_calls_are_one_line(cutaway, folder, arguments, says):
    code, out, err = cutaway("compare", *arguments, "--runs", folder)
    assert (code, out) == (2, "")
    assert says in err.strip().splitlines()[-1]


def test_a_leaderboard_as_a_frame(folder):
    from cutaway.topics.comparison.leaderboard import leaderboard_of

    found = leaderboard_of(folder)
    table = found.to_pandas()
    assert list(table["table"]) == [1, 1, 1, 1, 2]
    assert (table["accuracy_low"] < table["accuracy"])[:3].all()
    assert np.isnan(table["accuracy"][3])
    assert repr(found).endswith(
        f"5 runs in 2 tables, 6 damaged, best first with {found.tables[0].lines[0].accuracy:.2%}>"
    )


def test_runs_with_decisions_on_labels_can_be_told_from_others(cutaway, digits_run, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    shutil.copytree(digits_run.path, tmp_path / "runs" / "first")
    places = digits_run.split.train.places()
    decisions = [ct.Decision(place, "drop") for place in places[:3]]
    settings = {"epochs": 1, "runs": tmp_path / "runs", "progress": False}
    dropped = ct.train_like(digits_run, labels=decisions, **settings)
    lines = {
        row["run"]: (row["relabeled"], row["dropped"])
        for table in json.loads(cutaway("compare", "--leaderboard", tmp_path / "runs", "--json")[1])["tables"]
        for row in table["runs"]
    }
    assert lines == {"first": (0, 0), dropped.path.name: (0, 3)}
    out = cutaway("compare", "--leaderboard", tmp_path / "runs")[1]
    assert "Relabeled" in out
    assert next(line for line in out.splitlines() if dropped.path.name in line).split()[-2:] == ["0", "3"]


def test_a_sha256_among_settings_is_shown_by_its_beginning():
    assert value_in_words("0123456789abcdef" * 4) == "0123456789ab"
    assert value_in_words("0123456789abcdef") == "0123456789abcdef"
