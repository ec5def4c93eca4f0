"""Columns of dates on the map of samples, however the dates are written."""

from types import SimpleNamespace

import numpy as np
import pandas
import pytest

import cutaway as ct
from cutaway.data import date_seconds
from cutaway.progress import ignore_progress
from cutaway.report.explorer.columns import sample_columns
from cutaway.topics.common.source import ReportSource
from tests.ready_runs import record_untrained

ROWS = 240
DAYS = pandas.Series(pandas.date_range("2024-01-03 10:30", periods=ROWS, freq="36h"))


@pytest.fixture(scope="module")
def columns(tmp_path_factory):
    """The dates of test rows in the table, and the columns of the explorer by title."""
    rng = np.random.default_rng(0)
    table = pandas.DataFrame(
        {
            "size": rng.normal(size=ROWS),
            "typed": DAYS,
            "iso": DAYS.dt.strftime("%Y-%m-%d"),
            "american": DAYS.dt.strftime("%m/%d/%Y"),
            "zoned": DAYS.dt.tz_localize("UTC"),
            "kind": np.where(rng.random(ROWS) < 0.5, "a", "b"),
        }
    )
    table.loc[rng.random(ROWS) < 0.2, "iso"] = None
    data = ct.load_dataset(table, label="kind")
    run = record_untrained(data, tmp_path_factory.mktemp("runs"))
    source = ReportSource(run.context, ignore_progress)
    found = sample_columns(source, [0], SimpleNamespace(misplaced=None))
    return table.iloc[source.shown.index], {column.title: column for column in found if column.own}


@pytest.mark.parametrize("name", ["typed", "iso", "american", "zoned"])
def test_dates_are_seconds_since_1970(columns, name):
    table, found = columns
    assert found[name].kind == "date"
    formats = {"iso": "%Y-%m-%d", "american": "%m/%d/%Y"}
    dates = pandas.to_datetime(table[name], format=formats.get(name))
    expected = (dates.dt.tz_localize(None) - pandas.Timestamp(0)).dt.total_seconds().to_numpy()
    np.testing.assert_array_equal(found[name].values[0], expected)


def test_a_column_without_a_date_is_missing_everywhere():
    np.testing.assert_array_equal(date_seconds([None, None], ""), [np.nan] * 2)
    np.testing.assert_array_equal(date_seconds(["", "1970-01-02", None], "ISO 8601"), [np.nan, 86400, np.nan])
