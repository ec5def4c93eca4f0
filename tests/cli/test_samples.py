"""samples on the command line: how each sample was learned."""

import csv
import json

import pyarrow.parquet as pq
import pytest


@pytest.fixture(scope="module")
def found(digits_run):
    return digits_run.dynamics()


def test_the_command_shows_the_hardest(cutaway, digits_run, found, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, err = cutaway("samples", digits_run.path, "--limit", 3)
    lines = out.splitlines()
    assert (code, err[:9]) == (0, "samples: ")
    assert max(map(len, lines)) <= 80
    assert lines[0].rstrip() == "3 of 1,797 samples, by area_under_margin, in 6 epochs"
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
