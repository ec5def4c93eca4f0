"""samples on the command line: how each sample was learned."""

import csv
import json
import warnings

import pyarrow.parquet as pq
import pytest

import cutaway as ct
from cutaway.topics.influence.result import Influences, InfluentialSample


@pytest.fixture(scope="module")
def found(digits_run):
    return digits_run.dynamics()


def test_the_command_shows_the_hardest(cutaway, digits_run, found, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, err = cutaway("samples", digits_run.path, "--limit", 3)
    lines = out.splitlines()
    assert (code, err[:9]) == (0, "samples: ")
    assert max(map(len, lines)) <= 80
    assert lines[0].rstrip() == "3 of 1,797 samples, by AUM, in 6 epochs"
    assert [line.split()[0] for line in lines[4:7]] == found.hardest(3).ids.names()
    hardest = next(found.hardest().records())
    assert f"{hardest['area_under_margin']:.2f}" in lines[4]
    code, out, _ = cutaway("samples", digits_run.path, "--split", "test", "--sort", "forgotten", "--json")
    document = json.loads(out)
    assert (code, document["predictions"], len(document["samples"])) == (0, "recorded", 360)
    assert document["samples"] == list(digits_run.dynamics(split="test").hardest(sort="forgotten").records())
    code, _, err = cutaway("samples", digits_run.path, "--sort", "size")
    assert (code, err.count("\n")) == (2, 1)


def test_the_command_writes_all_of_them(cutaway, digits_run, found):
    expected = list(found.hardest().records())
    for ending in ("csv", "jsonl", "parquet"):
        code, out, _ = cutaway("samples", digits_run.path, "-o", f"s.{ending}")
        assert (code, out) == (0, f"1,797 samples written to s.{ending}\n")
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
    assert (code, err.splitlines()[-1]) == (
        2,
        "error: samples are written to a file that ends in .csv, .jsonl, .parquet; got s.txt; next: rename it, for "
        "example to samples.csv",
    )
    code, out, _ = cutaway("samples", digits_run.path, "-o", "-")
    with open("s.csv", newline="") as file:
        assert out == file.read()


@pytest.mark.exhaustive
def test_explain_adds_the_samples_behind_an_answer(cutaway, digits_run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    found = digits_run.explain("test[3]").influence()
    for kept in (digits_run.path / "results").glob("influence-*"):
        kept.unlink()
    code, out, err = cutaway("explain", digits_run.path, "test[3]", "--influence", "--limit", 1)
    lines = out.splitlines()
    assert (code, err[:11]) == (0, "influence: ")
    (note,) = (i for i, line in enumerate(lines) if line.startswith("Computed from 1,077 training"))
    # sentences are wrapped by a terminal alone
    tables = [line.rstrip() for line in lines[:note] if not line.startswith(("sample[", "A contribution is "))]
    assert max(map(len, tables)) <= 80
    share = f"{found.probability:.1%}"
    raised = f"Raised the probability of {found.target} for {found.sample} ({share}) most"
    for title, parts in ((raised, found.supporting), ("Lowered it most", found.opposing)):
        (place,) = (i for i, line in enumerate(lines) if line.strip() == title)
        assert lines[place + 1 + (not lines[place + 1].strip())].split() == ["Training", "sample", "Label", "Influence"]
        (first,) = (line.split() for line in lines[place:] if line.split()[:1] == [parts[0].sample])
        assert first[1] == parts[0].label
        assert not any(line.split()[:1] == [parts[1].sample] for line in lines[place:])
        assert float(first[2]) == pytest.approx(parts[0].influence, rel=0.01)
    assert lines[note:] == [
        "Computed from 1,077 training samples and 6 snapshots.",
        "Approximate: it ignores how adam scales each weight.",
        found.reliability,
    ]
    code, out, _ = cutaway("explain", digits_run.path, "test[3]", "--influence", "--json")
    document = json.loads(out)["influences"]
    assert (code, document["target"], list(document["rates"])) == (0, found.target, list("123456"))
    assert [part["sample"] for part in document["supporting"]] == [part.sample for part in found.supporting]
    assert "influences" not in json.loads(cutaway("explain", digits_run.path, "test[3]", "--json")[1])


def test_influences_of_a_model_without_contributions(cutaway, tmp_path):
    run = ct.train(ct.mlp((8,), activation="tanh"), "digits", epochs=1, runs=tmp_path, progress=False)
    assert cutaway("explain", run.path, "test[3]")[0] == 2
    with warnings.catch_warnings():
        warnings.simplefilter("default")  # printed, as outside of the tests
        code, out, err = cutaway("explain", run.path, "test[3]", "--influence", "--json")
        assert "training samples and 1 snapshot." in cutaway("explain", run.path, "test[3]", "--influence")[1]
    document = json.loads(out)
    assert (code, "contributions" in document) == (0, False)
    assert document["influences"]["supporting"][0]["influence"] > 0
    assert "note: there are no contributions: exact contributions need piecewise linear activations" in err


def test_explain_prints_as_many_influences_as_were_asked_for(cutaway, digits_run, monkeypatch):
    def listed(sign):
        return tuple(InfluentialSample(f"train[{k}]", "0", sign / (k + 1)) for k in range(10))

    made = Influences("test[3]", "3", 0.9, 6, {6: 0.1}, 100, listed(1), listed(-1), "")
    monkeypatch.setattr("cutaway.topics.explanation.answer.influence", lambda *_, **__: [made])
    for limit, rows in ((2, 4), (0, 20)):
        code, out, _ = cutaway("explain", digits_run.path, "test[3]", "--influence", "--limit", limit)
        assert code == 0
        assert sum(line.split()[:1] == [f"train[{k}]"] for line in out.splitlines() for k in range(10)) == rows
