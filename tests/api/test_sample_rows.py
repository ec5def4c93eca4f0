"""Samples of a table as rows, with the cells marked that spoke most for the answer."""

import numpy as np
import pandas
import pytest

import cutaway as ct
from cutaway.page import Table
from cutaway.progress import ignore_progress
from cutaway.topics.common.sample_rows import COLUMNS, NEAREST, _headings, sample_rows
from cutaway.topics.common.source import ReportSource
from cutaway.topics.mistakes.section import mistakes
from cutaway.topics.samples.section import hardest
from tests.ready_runs import record_untrained


def people(columns=3):
    random = np.random.default_rng(0)
    made = {f"n{number}": random.normal(size=300).round(3) for number in range(columns)}
    made["city"] = random.choice(["Oslo", "Rome", "<b>"], 300)
    made["Truth"] = random.integers(0, 5, 300)
    right = made["n0"] + (made["city"] == "Oslo") + random.normal(size=300)
    made["y"] = np.where(right > 0.5, "yes", "no")
    found = pandas.DataFrame(made)
    found.loc[::5, "n1"] = np.nan
    return found


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rows")
    people().to_csv(folder / "people.csv", index=False)
    data = ct.load_dataset(folder / "people.csv", label="y")
    return record_untrained(data, folder, hidden=(16,))


def test_the_marked_cells_are_those_that_contributed_most_to_the_answer(run):
    ids = run.split.test[:12]
    found = sample_rows(run.context, ids, {"Truth": ["yes"] * 12}, label="Truth")
    rows = run.context.loaded.rows_of(ids)
    for i, (name, row) in enumerate(zip(run.context.named(ids).names(), rows, strict=True)):
        shown = found.rows[i]
        assert (shown["Sample"], shown["Truth"], shown["city"]) == (name, "yes", row["city"])
        assert shown["Truth (column)"] == str(row["Truth"]), "a column that is called like a heading keeps its cells"
        most = [each for each in run.explain(name).columns()[:2] if each["contribution"] > 0]
        expected = {each["column"].replace("Truth", "Truth (column)") for each in most}
        assert {heading for row, heading in found.marked if row == i} == expected
    missing = [i for i, row in enumerate(rows) if row["n1"] in (None, "")]
    assert missing
    assert all(found.rows[i]["n1"] == "–" for i in missing)
    assert found.left_out == 0


def test_mistakes_and_hardest_samples_of_a_table_are_tables(run, ready_run):
    assert isinstance(hardest(ReportSource(ready_run("table").context, ignore_progress)), Table)
    source = ReportSource(run.context, ignore_progress)
    wrong = run.mistakes()
    shown = mistakes(source)
    assert isinstance(shown, Table)
    assert list(shown.samples) == run.context.named(run.split.test.take(wrong.position)).names()
    assert [row["Confidence"] for row in shown.rows] == [f"{each:.1%}" for each in wrong.confidence]
    assert all(row["Label"] != row["Predicted"] for row in shown.rows)
    assert shown.marked


def test_below_each_row_are_the_nearest_training_rows_with_their_labels(ready_run):
    run = ready_run("table")
    ids = run.split.test[:6]
    found = sample_rows(run.context, ids, {"Truth": ["yes"] * 6, "Confidence": ["1%"] * 6}, label="Truth")
    rows = pandas.DataFrame(run.context.loaded.rows_of(ids)).drop(columns="churned")
    known = run.examine(rows, nearest=NEAREST).nearest
    for below, names, labels in zip(found.nearest, known.names, known.labels, strict=True):
        assert [row["Sample"] for row in below] == names.tolist()
        assert [row["Truth"] for row in below] == [run.context.class_names[label] for label in labels]
        assert all(row["Confidence"] == "" and list(row) == list(found.rows[0]) for row in below)
        cells = run.context.loaded.rows_of(run.context.samples(names.tolist()))
        assert [row["city"] for row in below] == [each["city"] for each in cells]


def test_rows_are_named_by_a_column_that_no_model_sees(tmp_path):
    people().assign(customer=[f"C-{number}" for number in range(300)]).to_csv(tmp_path / "named.csv", index=False)
    data = ct.load_dataset(tmp_path / "named.csv", label="y")
    run = record_untrained(data, tmp_path)
    ids = run.split.test[:4]
    found = sample_rows(run.context, ids, {}, label="")
    assert [row["customer"] for row in found.rows] == [f"C-{place}" for place in ids.index]
    assert list(found.rows[0])[1] == "customer"


def test_a_training_row_is_not_its_own_neighbor(ready_run):
    run = ready_run("table")
    ids = run.context.named(run.split.train[:6])
    found = sample_rows(run.context, ids, {}, label="")
    for row, below in zip(found.rows, found.nearest, strict=True):
        assert len(below) == NEAREST
        assert row["Sample"] not in [each["Sample"] for each in below]


def test_of_many_columns_those_are_shown_that_speak_most_and_the_rest_is_counted(tmp_path):
    people(30).to_csv(tmp_path / "wide.csv", index=False)
    data = ct.load_dataset(tmp_path / "wide.csv", label="y")
    run = record_untrained(data, tmp_path, hidden=(16,))
    found = sample_rows(run.context, run.split.test[:5], {}, label="")
    assert len(found.rows[0]) == COLUMNS + 1
    assert found.left_out == 32 - COLUMNS
    assert f"{32 - COLUMNS} " in found.words
    assert all(heading in found.rows[row] for row, heading in found.marked)
    most = [run.explain(row["Sample"]).columns()[:2] for row in found.rows]
    expected = {(i, each["column"]) for i, both in enumerate(most) for each in both if each["column"] in found.rows[0]}
    assert found.marked == expected, "also where the columns that speak most are not shown"


def test_no_column_is_lost_under_a_heading_that_is_taken():
    assert _headings(["Truth (column)", "Truth", "a"], {"Sample", "Truth"}) == [
        "Truth (column)",
        "Truth (column) (column)",
        "a",
    ]


def test_a_model_that_is_not_piecewise_linear_marks_nothing(tmp_path):
    people().to_csv(tmp_path / "people.csv", index=False)
    data = ct.load_dataset(tmp_path / "people.csv", label="y")
    run = record_untrained(data, tmp_path, activation="tanh")
    found = sample_rows(run.context, run.split.test[:5], {}, label="")
    assert len(found.rows) == 5
    assert not found.marked


def test_arrays_are_no_rows_of_a_table(tmp_path):
    x = np.random.default_rng(0).normal(size=(80, 4)).astype(np.float32)
    data = ct.Dataset.from_arrays(x, (x[:, 0] > 0).astype(int))
    run = record_untrained(data, tmp_path)
    assert sample_rows(run.context, run.split.test, {}, label="") is None
