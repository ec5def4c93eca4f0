"""Tables of topics that are declared, from records made by hand: nothing is trained here."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from cutaway.options import DataOptions, TableOptions
from cutaway.topics.comparison.leaderboard import Leaderboard, RunLine, RunTable
from cutaway.topics.prediction.result import Contributions, Predictions


def test_a_leaderboard_shows_what_differs():
    line = RunLine("first", "finished", "4-8-2", 3, 0.5, (0.25, 0.75), 0.7, 1.5, 1234, cross_entropy=0.7)
    untested = RunLine("second", "stopped", "4-8-2", 1, None, None, None, None, None, relabeled=2)
    board = Leaderboard(Path("runs"), (RunTable("rows", "ab" * 32, 40, 0, (line, untested)),), ())
    (table,) = board.declared()
    first, second = table.texts()
    assert list(first)[-2:] == ["Relabeled", "Left out"]
    assert "Loss" not in first, "it is the cross-entropy"
    assert (first["95% interval"], second["95% interval"], second["Test acc."]) == ("25.00% to 75.00%", "–", "–")
    assert list(board.to_pandas())[:4] == ["table", "dataset", "run", "status"]


def test_predictions_show_what_was_asked_for():
    probabilities = np.array([[0.25, 0.75], [np.nan, np.nan]], np.float32)
    plain = Predictions(["a", "b"], probabilities, ("no", "yes"))
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
    with pytest.raises(TypeError):
        DataOptions()
