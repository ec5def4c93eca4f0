"""The commands labels and doctor as they are typed, on a small table with planted wrong labels."""

import json

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.slow

QUICK = ("--folds", "2", "--seeds", "1", "--epochs", "3")


@pytest.fixture
def table(tmp_path, monkeypatch):
    """A file in the current folder whose rows 5 and 6 have a wrong label."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    random = np.random.default_rng(0)
    y = np.arange(240) % 2
    frame = pd.DataFrame({"id": [f"c{i}" for i in range(240)], "a": random.normal(2.6 * y), "b": random.normal(-2.6 * y)})
    frame["y"] = np.where((np.arange(240) == 5) | (np.arange(240) == 6), 1 - y, y)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    return ("rows.csv", "--label", "y", "--id", "id")


def test_suspects_of_data_are_listed_by_name_decided_on_and_applied(cutaway, table, tmp_path):
    code, out, err = cutaway("labels", *table, *QUICK, "-o", "suspects.csv", "--json")
    assert code == 0, err
    document = json.loads(out)
    assert {each["sample"] for each in document["suspects"][:2]} == {"c5", "c6"}
    assert set(document["suspects"][0]) >= {"sample", "given", "suggested", "score", "neighbors"}
    assert document["estimate"]["low"] <= 2 <= document["estimate"]["high"]
    code, _, err = cutaway("train", *table, "--epochs", "1", "--labels", "suspects.csv")
    assert (code, "holds at least one" in err) == (1, True)
    listed = pd.read_csv("suspects.csv", dtype=object)
    listed.loc[0, ["decision", "label"]] = ["relabel", document["suspects"][0]["suggested"]]
    listed.loc[1, "decision"] = "drop"
    listed.to_csv("suspects.csv", index=False)
    code, _, err = cutaway("labels", *table, "-o", "suspects.csv")
    assert (code, "never overwritten" in err) == (2, True)
    code, out, _ = cutaway("train", *table, "--epochs", "1", "--labels", "suspects.csv")
    assert (code, "1 samples relabeled, 1 left out" in out) == (0, True)
    code, out, _ = cutaway("show", "latest")
    assert (code, "1 samples relabeled, 1 left out" in out) == (0, True)


def test_decisions_of_a_second_round_join_those_of_the_first(cutaway, table, tmp_path):
    assert cutaway("train", *table, "--epochs", "1")[0] == 0
    code, out, _ = cutaway("labels", "latest", "--drop", "c5", "--keep", "c7")
    assert code == 0
    again = out.splitlines()[-1].removeprefix("Next: cutaway ").split()
    assert cutaway(*again, "--epochs", "1")[0] == 0
    code, out, _ = cutaway("labels", "latest", "--drop", "val[0]", "--relabel", "c9=0")
    assert code == 0
    again = out.splitlines()[-1].removeprefix("Next: cutaway ").split()
    code, out, _ = cutaway(*again, "--epochs", "1")
    assert (code, "1 samples relabeled, 2 left out" in out) == (0, True)


def test_a_list_of_suspects_is_refused_before_anything_is_trained(cutaway, table, tmp_path):
    for name, words in (("s.png", "ends in .csv"), ("none/s.csv", "folder that exists")):
        code, _, err = cutaway("labels", *table, "-o", name)
        assert (code, words in err) == (2, True)
    (tmp_path / "d.jsonl").write_text('{"sample": "c1", "decision": "drop"}\n')
    code, _, err = cutaway("labels", *table, "-o", "d.jsonl")
    assert (code, "never overwritten" in err) == (2, True)


def test_the_doctor_says_what_it_cannot_judge_of_data(cutaway, table):
    code, out, _ = cutaway("doctor", *table)
    assert code == 0
    assert "Labels are judged by models" in out
    code, _, err = cutaway("doctor", *table, "--prove")
    assert (code, "remedies are tried on a run" in err) == (2, True)
