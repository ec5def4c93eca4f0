"""Tables of topics that are declared, from records made by hand: nothing is trained here."""

import dataclasses
import importlib
import re
from pathlib import Path

import numpy as np

from cutaway.options import DataOptions, TableOptions
from cutaway.results.table import columns_of
from cutaway.runs import RunWriter
from cutaway.task import Task
from cutaway.topics.comparison.leaderboard import leaderboard_of
from cutaway.topics.prediction.prediction import Contributions, Predictions


def test_a_leaderboard_shows_what_differs(tmp_path):
    """Runs that were judged on the same samples share a table; of one that says nothing of them, nobody knows."""
    dataset = {"name": "rows", "sha256": "ab" * 32, "origin": {"kind": "arrays"}, "shape": [4], "scale": 1.0}
    manifest = {"dataset": {**dataset, "class_names": ["a", "b"]}, "model": None, "config": {}, "seed": 0}
    manifest["split"] = {"counts": {"train": 40, "val": 10, "test": 40}}
    for name, judged_on, ended in (
        ("first", "0" * 64, {"status": "finished", "test": {"accuracy": 0.5, "loss": 0.7, "cross_entropy": 0.7}}),
        ("second", "0" * 64, {"status": "stopped"}),
        ("unknown", None, {"status": "stopped"}),
        ("also unknown", None, {"status": "stopped"}),
    ):
        RunWriter.create_at(tmp_path / name, manifest={**manifest, "judged_on": judged_on}).finish(**ended)
    board = leaderboard_of(tmp_path)
    assert sorted([run.id for run in runs] for runs in board.tables) == [
        ["also unknown"],
        ["first", "second"],
        ["unknown"],
    ]
    first, second = board.declared()[0].texts()
    assert "Loss" not in first, "it is the cross-entropy"
    assert "Relabeled" not in first
    assert (first["95% interval"], second["95% interval"], second["Test acc."]) == ("35.20% to 64.80%", "–", "–")


def test_predictions_show_what_was_asked_for():
    probabilities = np.array([[0.25, 0.75], [np.nan, np.nan]], np.float32)
    plain = Predictions(["a", "b"], probabilities, Task(("no", "yes")))
    (table,) = plain.tables()
    assert table.texts()[0] == {"Sample": "a", "Predicted": "yes", "Probability": "75.0%", "Runner-up": "no 25.0%"}
    assert table.texts()[1]["Probability"] == "–"
    inputs = Contributions(np.array([0, 0]), np.array([["x", "y"]] * 2), np.array([[1.5, 0.1]] * 2, np.float32))
    (asked,) = dataclasses.replace(plain, contributions=inputs).tables()
    assert asked.texts()[0]["Input"] == "x 1.50"
    assert asked.notes == ("Only the first input and nearest sample are shown; use --json or -o for all.",)
    assert plain.to_json() == list(plain.records())


def test_options_of_data_are_those_of_tables_and_of_images():
    names = [field.name for field in dataclasses.fields(DataOptions)]
    assert names[:-2] == [field.name for field in dataclasses.fields(TableOptions)]
    assert names[-2:] == ["size", "centering"]
    assert all(field.metadata["help"] for field in dataclasses.fields(DataOptions))


def test_the_tables_of_the_reference_page_are_records_with_declared_fields():
    page = (Path(__file__).parents[2] / "docs" / "results.md").read_text(encoding="utf-8")
    named = [name.rpartition(".") for name in re.findall(r"\{result-table\} (\S+)", page)]
    assert len(named) > 20
    for module, _, name in named:
        assert columns_of(getattr(importlib.import_module(module), name)), name
