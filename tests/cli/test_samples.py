"""samples on the command line: how each sample was learned."""

import csv
import json
import warnings

import pyarrow.parquet as pq
import pytest

import cutaway as ct
from cutaway.topics.influence.result import Influences, InfluentialSample


def test_the_command_writes_all_of_them(cutaway, digits_run):
    expected = list(digits_run.dynamics().hardest().records())
    for ending in ("csv", "jsonl", "parquet"):
        code, out, _ = cutaway("samples", digits_run.path, "-o", f"s.{ending}", "--json")
        assert (code, json.loads(out)) == (0, {"samples": 1797, "file": f"s.{ending}"})
    with open("s.jsonl") as file:
        assert [json.loads(line) for line in file] == expected
    table = pq.read_table("s.parquet")
    assert table.to_pylist() == expected
    with open("s.csv") as file:
        rows = list(csv.DictReader(file))
    for row, record in zip(rows, expected, strict=True):
        learned = "" if record["first_learned"] is None else str(record["first_learned"])
        assert (row["sample"], row["first_learned"], row["forgotten"]) == (
            record["sample"],
            learned,
            str(record["forgotten"]),
        )
        assert float(row["margin"]) == pytest.approx(record["margin"], rel=1e-5)
    code, _, err = cutaway("samples", digits_run.path, "-o", "s.txt")
    assert (code, "s.txt" in err.splitlines()[-1]) == (2, True)
    code, out, _ = cutaway("samples", digits_run.path, "-o", "-")
    with open("s.csv", newline="") as file:
        assert out == file.read()


@pytest.mark.exhaustive
def test_explain_adds_the_samples_behind_an_answer(cutaway, digits_run):
    found = digits_run.explain("test[3]").influence()
    code, out, _ = cutaway("explain", digits_run.path, "test[3]", "--influence", "--json")
    document = json.loads(out)["influences"]
    assert (code, document["target"], list(document["rates"])) == (0, found.target, list("123456"))
    assert [part["sample"] for part in document["supporting"]] == [part.sample for part in found.supporting]
    assert "influences" not in json.loads(cutaway("explain", digits_run.path, "test[3]", "--json")[1])


@pytest.mark.exhaustive
def test_influences_of_a_model_without_contributions(cutaway, tmp_path):
    run = ct.train(ct.mlp((8,), activation="tanh"), "digits", epochs=1, runs=tmp_path, progress=False)
    assert cutaway("explain", run.path, "test[3]")[0] == 2
    with warnings.catch_warnings():
        warnings.simplefilter("default")  # printed, as outside of the tests
        code, out, err = cutaway("explain", run.path, "test[3]", "--influence", "--json")
    document = json.loads(out)
    assert (code, "contributions" in document) == (0, False)
    assert document["influences"]["supporting"][0]["influence"] > 0
    assert "note: " in err


def test_explain_prints_as_many_influences_as_were_asked_for(cutaway, digits_run, monkeypatch):
    def listed(sign):
        return tuple(InfluentialSample(f"train[{k}]", "0", sign / (k + 1)) for k in range(10))

    made = Influences("test[3]", "3", 0.9, 6, {6: 0.1}, 100, listed(1), listed(-1), "")
    monkeypatch.setattr("cutaway.topics.explanation.answer.influence", lambda *_, **__: [made])
    for limit, rows in ((2, 4), (0, 20)):
        code, out, _ = cutaway("explain", digits_run.path, "test[3]", "--influence", "--limit", limit)
        assert code == 0
        assert sum(line.split()[:1] == [f"train[{k}]"] for line in out.splitlines() for k in range(10)) == rows
