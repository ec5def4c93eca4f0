"""The commands label-issues and doctor as they are typed, on a small table with planted wrong labels."""

import json
import re
import shlex
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import cutaway as ct
from cutaway.api.documents import dataset_document
from cutaway.cli.doctor import _named_again, _print
from cutaway.cli.label_issues import check_image_file, check_images
from cutaway.findings import Finding, Remedy
from cutaway.models import ModelForm
from cutaway.options import typed_options
from cutaway.topics.doctor.doctor import what_helped_most
from cutaway.topics.doctor.result import Judgment, RemedyTest

pytestmark = pytest.mark.slow

QUICK = ("--folds", "2", "--seeds", "1", "--epochs", "3")


@pytest.fixture
def table(tmp_path, monkeypatch):
    """A file in the current folder whose rows 5 and 6 have a wrong label."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    random = np.random.default_rng(0)
    y = np.arange(240) % 2
    frame = pd.DataFrame(
        {"id": [f"c{i}" for i in range(240)], "a": random.normal(2.6 * y), "b": random.normal(-2.6 * y)}
    )
    frame["y"] = np.where((np.arange(240) == 5) | (np.arange(240) == 6), 1 - y, y)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    return ("rows.csv", "--label", "y", "--id", "id")


@pytest.mark.exhaustive
def test_label_issues_of_data_are_listed_by_name_decided_on_and_applied(cutaway, table, tmp_path):
    code, out, err = cutaway("label-issues", *table, *QUICK, "-o", "label-issues.csv", "--json")
    assert code == 0, err
    document = json.loads(out)
    assert {each["sample"] for each in document["label_issues"][:2]} == {"c5", "c6"}
    assert set(document["label_issues"][0]) >= {"sample", "given", "suggested", "score", "neighbors"}
    assert document["estimate"]["low"] <= 2 <= document["estimate"]["high"]
    code, _, err = cutaway("train", *table, "--epochs", "1", "--labels", "label-issues.csv")
    assert (code, "label-issues.csv" in err) == (1, True)
    listed = pd.read_csv("label-issues.csv", dtype=object)
    listed.loc[0, ["decision", "label"]] = ["relabel", document["label_issues"][0]["suggested"]]
    listed.loc[1, "decision"] = "drop"
    listed.to_csv("label-issues.csv", index=False)
    code, _, err = cutaway("label-issues", *table, "-o", "label-issues.csv")
    assert (code, "label-issues.csv" in err) == (2, True)
    for command in (("train", *table, "--epochs", "1", "--labels", "label-issues.csv"), ("show", "latest")):
        code, out, _ = cutaway(*command)
        assert (code, "1 sample relabeled, 1 left out" in out) == (0, True)


def test_decisions_are_passed_on_and_the_training_is_compared_with_the_run_before(cutaway, asked, copied_run):
    run = copied_run("digits")
    places = run.split.train.places()
    file = run.decide([ct.Decision(places[0], "drop"), ct.Decision(places[1], "keep")])
    code, out, err = cutaway("train", "--like", run.path, "--labels", file, "--epochs", "1")
    assert code == 0, err
    assert (asked[0][0], asked[0][2]["labels"]) == ("train_like", str(file))
    then = out.splitlines()[-1].removeprefix("Next: cutaway ").split()
    assert (then[0], Path(then[1])) == ("compare", run.path)
    assert cutaway(*then, "--json")[0] == 0


@pytest.mark.exhaustive
def test_decisions_of_a_second_round_join_those_of_the_first(cutaway, table, tmp_path):
    assert cutaway("train", *table, "--epochs", "1")[0] == 0
    file = ct.open_run("latest").decide([ct.Decision("c5", "drop"), ct.Decision("c7", "keep")])
    code, out, _ = cutaway("train", "--like", "latest", "--labels", file, "--epochs", "1")
    assert code == 0
    then = out.splitlines()[-1].removeprefix("Next: cutaway ").split()
    assert (then[0], len(then)) == ("compare", 3)
    assert cutaway(*then, "--json")[0] == 0
    decisions = [ct.Decision("test[0]", "drop"), ct.Decision("c9", "relabel", "0"), ct.Decision("c8", "keep")]
    file = ct.open_run("latest").decide(decisions)
    code, out, _ = cutaway("train", "--like", "latest", "--labels", file, "--epochs", "1")
    assert (code, "1 sample relabeled, 2 left out, 1 kept" in out) == (0, True)
    then = out.splitlines()[-1].removeprefix("Next: cutaway ").split()
    assert (then[0], then[-1]) == ("compare", "--shared"), "the test samples of the two are not the same"
    assert cutaway(*then, "--json")[0] == 0


def test_printed_commands_work_for_runs_in_folders_with_blanks(cutaway, digits_run, tmp_path, own_cache):
    shutil.copytree(digits_run.path, tmp_path / "my runs" / "erster Lauf")
    code, out, _ = cutaway("show", "latest", "--runs", "my runs")
    doctor = shlex.split(re.search(r"predictions: cutaway (.*)", out)[1])
    assert (code, doctor[0], len(doctor)) == (0, "doctor", 2)
    assert cutaway(*doctor)[0] == 0


@pytest.mark.exhaustive
def test_of_a_recorded_fit_the_recipe_is_said_and_only_what_works_is_suggested(cutaway, tmp_path, monkeypatch):
    import keras

    import cutaway as ct
    from cutaway import training

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setitem(training.RECIPES, "default", replace(training.RECIPES["default"], form=ModelForm((8, 4))))
    random = np.random.default_rng(0)
    y = np.arange(120) % 2
    np.savez("rows.npz", x_train=random.normal(3.0 * y[:, None], size=(120, 4)).astype(np.float32), y_train=y)
    recorder = ct.Recorder("runs/fit", "rows.npz")
    data, train, val = recorder.data, recorder.split.train, recorder.split.val
    model = keras.Sequential([keras.layers.Dense(2, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    model.fit(data.inputs(train), data.y(train), epochs=1, verbose=0, callbacks=[recorder])
    longer = (*QUICK[:-1], "40")  # until the models can judge
    code, out, err = cutaway("label-issues", "runs/fit", *longer)
    assert code == 0, err
    assert "8-4" in out
    again = " ".join(out.splitlines()[-2:])
    assert "--like" not in again
    assert 'cutaway.train(run.model(epoch=0), run.data, labels="label-issues.csv")' in again
    code, out, _ = cutaway("label-issues", "runs/fit", *longer, "--json")
    document = json.loads(out)
    assert (document["recipe"], document["hidden"]) == ("default", [8, 4])
    run = ct.open_run("runs/fit")
    file = run.decide([ct.Decision(train.names()[0], "relabel", "1"), ct.Decision(val.names()[0], "drop")])
    out = cutaway("label-issues", "runs/fit", *longer)[1]
    assert str(file) in " ".join(out.split())
    again = " ".join(out.splitlines()[-2:]).split("train its model on: ")[1]
    assert eval(again.replace("label-issues.csv", str(file)), {"cutaway": ct, "run": run}).split.dropped


@pytest.mark.parametrize(
    ("origin", "change", "untried", "tried"),
    [
        ("training", None, "", True),
        ("training", None, "this takes other samples", False),
        ("keras fit", None, "", False),
        ("keras fit", "temperature", "", True),
    ],
)
def test_a_remedy_is_tried_where_a_training_or_a_temperature_can(origin, change, untried, tried):
    finding = Finding("low-rank", "warning", "", "", {}, Remedy("do", change=change, untried=untried))
    assert finding.can_be_tried(trained=origin == "training") is tried


@pytest.mark.exhaustive
def test_relabeled_samples_that_a_model_does_not_learn_from_are_counted(cutaway, table, tmp_path):
    assert cutaway("train", *table, "--epochs", "1")[0] == 0
    assert "recipe" not in cutaway("label-issues", "latest", *QUICK)[1], "models like that of the run"
    run = ct.open_run("latest")
    file = run.decide([ct.Decision(name, "relabel", "1") for name in ("val[0]", "test[0]", "train[0]")])
    code, out, _ = cutaway("train", "--like", "latest", "--labels", file, "--epochs", "1")
    assert code == 0
    assert "2 relabeled samples" in " ".join(out.split())


def test_a_list_of_label_issues_is_refused_before_anything_is_trained(cutaway, table, tmp_path):
    for name in ("s.png", "none/s.csv"):
        code, _, err = cutaway("label-issues", *table, "-o", name)
        assert (code, name.partition("/")[0] in err) == (2, True)
    for line in ('{"prompt": "mine"}', "[1]", "{", '{"sample": 5, "given": "a"}', '{"sample": "mine"}'):
        (tmp_path / "p.jsonl").write_text(f"{line}\n")
        code, _, err = cutaway("label-issues", *table, "-o", "p.jsonl")
        assert (code, "p.jsonl" in err) == (1, True)
        assert (tmp_path / "p.jsonl").read_text() == f"{line}\n"
    (tmp_path / "d.jsonl").write_text('{"sample": "c1", "decision": "drop"}\n')
    code, _, err = cutaway("label-issues", *table, "-o", "d.jsonl")
    assert (code, "d.jsonl" in err) == (2, True)


def test_a_sheet_is_refused_before_anything_is_trained(cutaway, table, tmp_path, monkeypatch):
    monkeypatch.setattr("cutaway.api.label_issues.label_issues", None)
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "notes.png").write_text("my notes")
    for name, code, words in (
        ("none/s.png", 2, "none"),
        ("s.gif", 2, "s.png"),
        ("folder.png", 2, "folder.png"),
        ("notes.png", 1, "notes.png"),
        ("s.png", 2, "--images"),
    ):
        found, _, err = cutaway("label-issues", *table, "--images", name)
        assert (found, words in err, err.count("\n")) == (code, True, 1), err
    assert (tmp_path / "notes.png").read_text() == "my notes"
    _, _, err = cutaway("label-issues", *table, "--images", "s.png", "-o", "list.csv")
    assert ("--images" in err, "-o" in err) == (True, False), "a list is written already"


def test_an_older_sheet_is_replaced_and_a_run_of_images_has_one(tmp_path):
    for name, begins in (("a.png", b"\x89PNG\r\n\x1a\n..."), ("a.PDF", b"%PDF-1.4"), ("b.png", b"")):
        (tmp_path / name).write_bytes(begins)
        check_image_file(tmp_path / name)
    check_images(SimpleNamespace(image=(8, 8, 1)), None)


def test_the_doctor_says_what_it_cannot_judge_of_data(cutaway, table):
    code, out, _ = cutaway("doctor", *table)
    assert code == 0
    assert f"cutaway label-issues {table[0]} --label" in " ".join(out.split())


def test_options_are_typed_as_the_command_line_takes_them():
    given = {"label": "y", "test": None, "ignore": "leak", "use": ("a", "b"), "header": False, "size": (8, 9)}
    typed = "--label y --ignore leak --use a --use b --no-header --size 8x9"
    assert (
        typed_options(given | {"month_first": True, "test_share": 0.3})
        == f"{typed} --month-first --test-share 0.3".split()
    )


def test_data_are_looked_at_with_the_options_that_a_training_takes(cutaway, tmp_path, monkeypatch):
    rows = "".join(f"{n % 7},2024-01-{1 + n // 10:02d},{1 + n % 3},{'ab'[n % 7 > 2]}\n" for n in range(300))
    (tmp_path / "t.csv").write_text("x,day,weight,y\n" + rows)
    options = ("t.csv", "--label", "y", "--time", "day", "--weight", "weight", "--test-share", "0.3")

    def answer(loaded, **asked):
        known = {column["name"]: column["use"] for column in dataset_document(loaded)["columns"]}
        return SimpleNamespace(to_json=lambda: {"columns": known, "asked": asked})

    monkeypatch.setattr("cutaway.api.label_issues.label_issues", answer)
    code, out, err = cutaway("label-issues", *options, "--folds", "2", "--seeds", "1", "--epochs", "2", "--json")
    assert code == 0, err
    said = json.loads(out)
    assert said["asked"] == {"folds": 2, "seeds": 1, "epochs": 2, "engine": None}
    assert said["columns"]["x"] != said["columns"]["weight"]
    following = cutaway("doctor", *options)[1].splitlines()[-1]
    assert sorted(following.partition("cutaway train ")[2].split()) == sorted(options), "those that were given"


def test_the_doctor_says_that_there_was_nothing_to_try(capsys):
    run, asked = SimpleNamespace(path=Path("runs/good")), SimpleNamespace(try_remedies=True, rules=False)
    commands = "cutaway label-issues good", "Next: look at its mistakes: cutaway report good"
    found = ct.Diagnosis("good", (), not_judged=commands[:1], next_step=commands[1])
    for where in ("good", "latest", "runs/good"):
        _print(found, asked, _named_again(where, run, "good.npz"), train="")
        said = capsys.readouterr().out
        assert said.endswith(f"cutaway report {where} --data good.npz\n")
        assert f"cutaway label-issues {where} --data good.npz" in said, "one name in all commands"


def test_the_next_step_for_data_with_a_warning_is_no_training(cutaway, tmp_path):
    rows, x = np.arange(300), np.random.default_rng(0).normal(size=(300, 2))
    for labels, trains in ((rows % 2, True), (rows < 12, False)):
        pd.DataFrame(x).assign(y=labels.astype(int)).to_csv(tmp_path / "rows.csv", index=False)
        said = cutaway("doctor", str(tmp_path / "rows.csv"), "--label", "y")[1].splitlines()
        assert said[-1].startswith("Next: ")
        assert ("cutaway train" in said[-1]) is trains


def test_what_helped_most_is_what_to_do_next():
    remedies = ("use a learning rate of 0.1", "standardize the inputs", "train for 9 epochs")

    def next_after(*gains, seconds=1.0):
        judged = (Judgment("accuracy", 0.5, 0.5 + g, (g - 0.05, g + 0.05), 1e-6 if g else 1.0) for g in gains)
        tests = (
            RemedyTest("stalled", remedy, 0.5, each.after, (each,), seconds=seconds)
            for remedy, each in zip(remedies, judged, strict=True)
        )
        return what_helped_most(tests).removeprefix("Next: ")

    assert next_after(0.3, 0.2, 0.1).startswith("use a learning rate of 0.1,")
    assert next_after(0.1, 0.2, 0.0).startswith("standardize the inputs,")
    assert next_after(0.0, 0.0, 0.2) == "train for 9 epochs."
    assert next_after(0.3, 0.2, 0.1, seconds=0.0) == "use a learning rate of 0.1.", "nothing needs to be trained for it"
    assert next_after(0.0, 0.0, 0.0) == ""
