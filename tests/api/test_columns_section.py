"""The section on columns, and the line of the verdict that says which of them carry the answer."""

import numpy as np
import pandas
import pytest

import cutaway as ct
from cutaway.interpret import Importance
from cutaway.progress import ignore_progress
from cutaway.topics.common.source import ReportSource
from cutaway.topics.importance.result import Importances
from cutaway.topics.importance.section import SAMPLES, carriers, columns
from cutaway.topics.verdict.section import verdict


def importances(rises, decreases, errors=0.01):
    names = tuple("abcdefgh"[: len(rises)])
    error = np.full(len(rises), errors)
    return Importances(names, "test", 100, 1, Importance(0.5, 0.8, np.array(rises), error, np.array(decreases), error))


@pytest.mark.parametrize(
    ("rises", "decreases", "title", "told"),
    [
        ([0.01, 0.5, 0.4], [0.0, 0.12, 0.1], '"b" and "c" carry most of the answer.', "they cost 12.0 and 10.0 "),
        ([0.9, 0.05], [0.2, 0.0], '"a" carries most of the answer.', "Shuffled, it costs 20.0 points of accuracy."),
        ([0.3] * 5, [0.05] * 5, '"a", "b" and "c" matter most.', "Shuffled, they cost 5.0, 5.0 and 5.0 points"),
        ([0.5, 0.1], [-0.012, 0.0], '"a" carries most of the answer.', "Shuffled, it raises the loss by 0.500."),
        ([0.0, 0.4], [0.0, 0.1], '"b" carries most of the answer.', "Shuffling 1 of 2 columns does not raise"),
    ],
)
def test_what_carries_the_answer(rises, decreases, title, told):
    found, text = carriers(importances(rises, decreases)) or ("", "")
    assert found == title
    assert told in text


def test_where_no_column_matters_measurably_nothing_carries_the_answer():
    assert carriers(importances([0.0, 0.015, -0.2], [0.0] * 3)) is None
    assert carriers(importances([0.023], [0.0])), "of one column 1.96 standard errors are asked"
    assert carriers(importances([0.023, 0.0, 0.0, 0.0], [0.0] * 4)) is None, "of four 2.5"


def test_columns_are_named_by_chance_as_seldom_as_is_said():
    # 1,000 tables of 40 columns that do not matter: with two standard errors each, 61% would name one
    random = np.random.default_rng(0)
    columns, named = 40, 0
    for _ in range(1000):
        error = np.full(columns, 0.01)
        rises = random.normal(0, 0.01, columns)
        found = Importance(0.5, 0.8, rises, error, rises, error)
        named += carriers(Importances(tuple(map(str, range(columns))), "test", 100, 1, found)) is not None
    assert named <= 45, "2.5% are expected, since only a rise counts"


def test_a_table_has_its_columns_in_the_report_and_in_the_verdict_and_an_array_has_not(tmp_path):
    random = np.random.default_rng(0)
    made = pandas.DataFrame({name: random.normal(size=600).round(3) for name in ("strong", "noise", "other")})
    made["y"] = np.where(made["strong"] + 0.2 * random.normal(size=600) > 0, "yes", "no")
    made.to_csv(tmp_path / "table.csv", index=False)
    data = ct.load_dataset(tmp_path / "table.csv", label="y", test_share=0.3)
    run = ct.train(ct.mlp((16,)), data, epochs=10, runs=tmp_path, progress=False)
    source = ReportSource(run.context, ignore_progress)
    shown, known = columns(source), run.importance(samples=SAMPLES, progress=False)
    assert [row["Column"] for row in shown.rows] == [row["column"] for row in known.summaries()]
    assert shown.rows[0]["Column"] == "strong"
    line = next(line for line in verdict(source).lines if line.target == "columns")
    assert line.title == '"strong" carries most of the answer.'
    lost = next(row["accuracy_decrease"] for row in known.summaries() if row["column"] == "strong")
    assert f"costs {100 * lost:.1f} points" in line.text


def test_samples_that_are_no_rows_have_no_columns(digits_run):
    source = ReportSource(digits_run.context, ignore_progress)
    assert columns(source) is None
    assert all(line.target != "columns" for line in verdict(source).lines)
