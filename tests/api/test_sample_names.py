"""Rows of a table with a column of names are called by it wherever samples are named, and are found by it."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest

import cutaway as ct
from cutaway.data import SampleIds
from cutaway.progress import ignore_progress
from cutaway.topics.common.source import ReportSource
from cutaway.topics.mistakes.section import mistakes
from tests.ready_runs import record_untrained

pytestmark = pytest.mark.slow

ROWS = 240


def customers():
    random = np.random.default_rng(3)
    x, z = random.normal(size=(2, ROWS))
    names = [f"customer-{number}" for number in range(ROWS)]
    names[5], names[6], names[8], names[9] = None, "twin", "twin", "sample[3]"
    label = np.where(x + random.normal(size=ROWS) > 0, "yes", "no")
    return pd.DataFrame({"who": names, "x": x, "z": z, "label": label})


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("named")
    customers().to_csv(folder / "table.csv", index=False)
    table = ct.load_dataset(folder / "table.csv", label="label", id="who")
    return record_untrained(table, folder / "runs")


def test_a_row_is_found_by_its_name_and_by_its_place(run):
    by_name = run.explain("customer-17").to_pandas()
    pd.testing.assert_frame_equal(by_name, run.explain("sample[17]").to_pandas())
    pd.testing.assert_frame_equal(by_name, run.explain(customers().iloc[[17]]).to_pandas())
    assert run.context.sample("test[2]").places() == run.split.test.take([2]).places()


def test_a_name_of_several_rows_or_of_none_is_refused(run):
    with pytest.raises(ct.CutawayError, match=r"sample\[6\] and sample\[8\]"):
        run.explain("twin")
    with pytest.raises(ct.CutawayError, match="customer-17"):
        run.explain("custmer-17")
    with pytest.raises(ct.CutawayError):
        run.explain("§")


def test_what_reads_like_a_place_is_one(run):
    # row 9 is called "sample[3]"
    np.testing.assert_array_equal(run.context.sample("sample[3]").index, [3])
    np.testing.assert_array_equal(run.context.sample("sample[3] (sample[9])").index, [9])


def test_every_name_that_is_shown_is_different_and_leads_to_its_row(run):
    ids = run.context.named(run.split.part("all"))
    names = ids.names()
    assert len(set(names)) == ROWS
    by_row = dict(zip(ids.index.tolist(), names, strict=True))
    shown = [by_row[row] for row in (5, 6, 7, 8, 9)]
    assert shown == ["sample[5]", "twin (sample[6])", "customer-7", "twin (sample[8])", "sample[3] (sample[9])"]
    for row, name in by_row.items():
        np.testing.assert_array_equal(run.context.sample(name).index, [row])
    assert ids[3] == names[3]


def test_results_call_samples_by_their_names(run):
    known = set(run.context.named(run.split.test).names())
    mistakes = run.mistakes(5)
    assert set(mistakes.to_pandas()["sample"]) <= known
    assert mistakes.ids[0] in repr(mistakes)
    assert mistakes.ids[0] in known
    embedding = run.embed(method="pca", split="test", progress=False)
    assert set(embedding.to_pandas()["sample"]) == known
    drawn = embedding.bokeh().select({"type": _source()})
    assert {name for source in drawn for name in source.data.get("name", ())} == known
    assert run.units(progress=False).summary(0)["top_activating"][0]["sample"] in known


def _source():
    from bokeh.models import ColumnDataSource

    return ColumnDataSource


def test_names_travel_with_a_record(run):
    mistakes = run.mistakes(5)
    assert pickle.loads(pickle.dumps(mistakes)).ids.names() == mistakes.ids.names()


def test_the_report_shows_name_and_place(run):
    mistake = run.mistakes(1).ids
    assert mistakes(ReportSource(run.context, ignore_progress)).samples[0] == mistake[0]


def test_numbers_are_names_as_they_are_written(tmp_path):
    frame = customers().assign(who=range(1000, 1000 + ROWS)).astype({"who": float})
    table = ct.load_dataset(frame, label="label", id="who")
    everything = SampleIds(("train",), np.zeros(2, np.uint8), np.array([4, 0]), naming=table.row_names)
    assert everything.names() == ["1004", "1000"]
    assert table.row_names.find("1002", ("train",)).index.tolist() == [2]


def test_a_table_that_grew_has_no_names_that_fit(tmp_path):
    customers().to_csv(tmp_path / "t.csv", index=False)
    table = ct.load_dataset(tmp_path / "t.csv", label="label", id="who")
    customers()[:-1].to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(ct.CutawayError, match="t.csv"):
        table.row_names.find("customer-1", ("train",))


def test_a_table_without_names_has_places(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ct.CutawayWarning)
        table = ct.load_dataset(customers().drop(columns="who"), label="label")
    run = record_untrained(table, tmp_path)
    assert run.context.named(run.split.test).names() == run.split.test.places()
    with pytest.raises(ct.CutawayError, match=r"sample\[0\]"):
        run.explain("customer-17")
