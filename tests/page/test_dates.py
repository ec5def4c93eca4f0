"""Dates in the explorer: colors, words, search and the table of a widget."""

import numpy as np
import pandas
import pytest

from cutaway.page import Explorer, LayerMap, Page, SampleColumn
from cutaway.page.notebook.samples import sample_table

from .node import run_script

COUNT = 60
DAYS = pandas.date_range("2024-02-01", periods=COUNT, freq="D")
SECONDS = (DAYS - pandas.Timestamp(0)).total_seconds().to_numpy().copy()
SECONDS[3] += 45_296  # 12:34:56
SECONDS[4] += 45_240  # 12:34
SECONDS[7] = np.nan


@pytest.fixture(scope="module")
def record(colors):
    layout = np.stack([np.linspace(1000, 60000, COUNT)] * 2, axis=1).astype(np.uint16)
    return Explorer(
        name="explore",
        title="Samples",
        names=tuple(f"test[{i}]" for i in range(COUNT)),
        epochs=(0,),
        kept=0,
        columns=(
            SampleColumn(key="label", title="Label", kind="category", values=(np.zeros(COUNT, int),), names=("a",)),
            SampleColumn(key="column0", title="sold", own=True, kind="date", values=(SECONDS,)),
        ),
        layers=(LayerMap(name="input", title="Input", detail="", layouts=(layout,)),),
        details=("column0",),
        colors=colors,
    )


@pytest.mark.browser
def test_dates_color_the_map_and_are_read_and_searched_as_dates(browser, visit, record):
    opened = visit(browser, page=Page(title="A run", sections=(record,)))
    page = opened.page
    page.evaluate("window.explorer = document.querySelector('.explorer').explorer")
    page.locator(".toolbar select").select_option("column0")
    assert page.locator(".ramp-ends span").all_inner_texts() == ["2024-02-01", "2024-03-31"]
    codes = page.evaluate("[...explorer.map.surface.codes]")
    known = [code for i, code in enumerate(codes) if i != 7]
    assert known == sorted(known)
    assert len(set(known)) > 50
    assert codes[7] not in known, "the color of missing values"
    for sample, words in [(0, "2024-02-01"), (3, "2024-02-04 12:34:56"), (4, "2024-02-05 12:34"), (7, "–")]:
        page.evaluate(f"explorer.store.set({{ pinned: {sample} }})")
        assert words in page.locator(".sample-card dd").all_inner_texts()

    def shown(text):
        page.get_by_role("searchbox").fill(text)
        return page.evaluate("[...explorer.map.states].flatMap((s, i) => s & 4 ? [i] : [])")

    february = [i for i in range(29) if i != 7]
    assert shown("sold<2024-03") == february
    assert shown("sold<=2024-02") == february
    assert shown("sold=2024-02") == february
    assert shown("2024-02") == february
    assert shown("sold>2024-02") == list(range(29, COUNT))
    assert shown("sold>=2024-02-29") == list(range(28, COUNT))
    assert shown("sold:2024-02-04") == [3]
    assert shown('sold>"2024-02-04 12:34" sold<2024-02-06') == [4]
    opened.check_quiet()


def test_a_date_that_no_calendar_of_the_browser_has_is_a_dash():
    found = run_script(
        "return data.map(dateText);", [0, -1, 1e20, 253402300799, 0.75], imports={"explorer/samples.js": "dateText"}
    )
    assert found == ["1970-01-01", "1969-12-31 23:59:59", "–", "9999-12-31 23:59:59", "1970-01-01"]


def test_the_table_of_a_widget_has_dates(record):
    table = sample_table(record, range(COUNT), epoch=0)
    expected = pandas.Series(pandas.to_datetime(SECONDS, unit="s").as_unit("us"), index=table.index, name="sold")
    pandas.testing.assert_series_equal(table["sold"], expected)
