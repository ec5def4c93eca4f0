"""Results that are declared once: what programs get, what people read, and what follows from the declaration."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from cutaway.errors import UsageError
from cutaway.options import Options, option
from cutaway.results.notebook import declared_html
from cutaway.results.result import Answer, Result
from cutaway.results.table import POINTS, Column, Interval, Table, columns_of, value
from cutaway.results.units import (
    COUNT,
    COUNT_OF,
    COUNT_SHARE,
    INTERVAL,
    LOST,
    MARKED,
    NAME,
    SHARE_WITH_INTERVAL,
    THRESHOLD,
    decimals,
    share,
)
from cutaway.words import counted, cut, evenly_spaced, listed, shown

COLUMNS = (
    Column(("class",), "Class", NAME, "The class."),
    Column(("right",), "Right", share(), "Share that is right."),
    Column(("low", "high"), "Interval", INTERVAL, "Its interval."),
)
VALUES = {"class": ["a", "<b>"], "right": np.array([0.5, np.nan]), "low": [0.25, np.nan], "high": [0.75, np.nan]}
TABLE = Table(COLUMNS, VALUES, title="Classes")


def test_people_read_texts_by_heading():
    assert TABLE.texts() == [
        {"Class": "a", "Right": "50.00%", "Interval": "25.0% to 75.0%"},
        {"Class": "<b>", "Right": "–", "Interval": "–"},
    ]
    assert TABLE.only("Right", "Class").texts()[0] == {"Right": "50.00%", "Class": "a"}


@dataclass(frozen=True)
class Row:
    name: str = value("Class", NAME, "The class.")
    right: Interval | None = value("Right", share(), "Share that is right.", limits=("Interval", "Its interval."))
    found: tuple[int, int] = value("Found", COUNT_OF, "How many.", names=("count", "of"), shown=False)
    hidden: int = 0


def test_the_fields_of_a_record_are_columns():
    table = Table.of(Row, [Row("a", Interval(0.5, 0.25, 0.75), (1, 2)), Row("b", None, (0, 2))], title="Classes")
    assert [each.names for each in columns_of(Row)] == [
        ("name",),
        ("right",),
        ("right_low", "right_high"),
        ("count", "of"),
    ]
    assert table.texts() == [
        {"Class": "a", "Right": "50.00%", "Interval": "25.0% to 75.0%"},
        {"Class": "b", "Right": "–", "Interval": "–"},
    ]
    assert table.records()[1] == {
        "name": "b", "right": None, "right_low": None, "right_high": None, "count": 0, "of": 2
    }  # fmt: skip
    whole = Row(["a"], Interval(*np.array([[0.5], [0.25], [0.75]])), ([1], [2]))
    assert Table.of(Row, whole).records() == table.records()[:1]
    assert len(Table.of(Row, [])) == 0


def test_a_turned_table_has_a_row_for_each_column():
    turned = Table(COLUMNS, VALUES, turned=True)
    assert turned.texts() == [
        {"Class": "Right", "a": "50.00%", "<b>": "–"},
        {"Class": "Interval", "a": "25.0% to 75.0%", "<b>": "–"},
    ]


def test_programs_get_values_by_name():
    assert list(TABLE.to_pandas()) == ["class", "right", "low", "high"]
    assert TABLE.records()[1] == {"class": "<b>", "right": None, "low": None, "high": None}


@pytest.mark.parametrize("rows", [0, 1, 2, POINTS, POINTS + 1, 5 * POINTS])
def test_a_long_curve_is_thinned_with_both_ends(rows):
    curve = Table((Column(("x",), "X", decimals(1), "A number."),), {"x": np.arange(rows)})
    found = [row["x"] for row in curve.records(POINTS)]
    assert len(found) == min(rows, POINTS)
    assert found == sorted(set(found))
    assert rows == 0 or (found[0], found[-1]) == (0, rows - 1)


@pytest.mark.parametrize(
    ("unit", "values", "text"),
    [
        (share(1), (0.1234,), "12.3%"),
        (decimals(2), (None,), "–"),
        (COUNT_OF, (1234, 5678), "1,234 of 5,678"),
        (SHARE_WITH_INTERVAL, (0.5, 0.25, 0.75), "50.0% (25.0% to 75.0%)"),
        (SHARE_WITH_INTERVAL, (float("nan"), 0.0, 1.0), "–"),
        (THRESHOLD, (None,), "never"),
        (COUNT, (None,), "–"),
        (COUNT, (1234.0,), "1,234"),
        (NAME, (None,), "–"),
        (MARKED, (None, ""), "–"),
        (MARKED, (0.5, ""), "0.5000"),
        (MARKED, (0.25, "chosen"), "0.2500 chosen"),
    ],
)
def test_units_write_values(unit, values, text):
    assert unit.text(*values) == text


def test_a_notebook_shows_headings_meanings_and_escaped_texts():
    html = declared_html(TABLE)
    assert 'title="Share that is right.">Right</th>' in html
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    assert "2 of 2 rows" not in html
    turned = Table(COLUMNS, {**VALUES, "class": ["a", "b"]}, turned=True, notes=("Of 5 & more.",))
    assert 'title="Share that is right.">Right</td>' in declared_html(turned)
    assert "Of 5 &amp; more." in declared_html(turned)
    assert "1 of 2 rows<" in declared_html(TABLE, rows=1)


@dataclass(frozen=True)
class Bins(Options):
    bins: int = option(15, "Number of bins.", least=1)
    classes: list[str] | None = option(None, "Classes.", metavar="CLASS")


def program(command):
    import typer

    app = typer.Typer(add_completion=False)
    app.command()(command)
    return lambda *arguments: app(list(arguments), standalone_mode=False)


def test_the_flags_of_a_command_come_from_a_record_of_options():
    from cutaway.cli.options import with_records

    got = []

    @with_records
    def command(run: str, options: Bins, text: str = ""):
        got.append((run, options, text))

    call = program(command)
    call("latest", "--bins", "3", "--classes", "a", "--classes", "b", "--text", "c")
    assert got == [("latest", Bins(3, ["a", "b"]), "c")]
    with pytest.raises(UsageError, match="bins"):
        call("latest", "--bins", "0")


@pytest.mark.parametrize(
    ("typed", "options"),
    [
        ("", {}),
        ("--label y --time day --id name", {"label": "y", "time": "day", "id": "name"}),
        ("--test-share 0.2 --numbers standard", {"test_share": 0.2, "numbers": "standard"}),
        ("--no-header", {"header": False}),
        ("--header --month-first", {"header": True, "month_first": True}),
        ("--ignore a --ignore b", {"ignore": ["a", "b"]}),
        ("--class-names no,yes --size 28", {"class_names": ("no", "yes"), "size": (28, 28)}),
        ("--size 4x5 --centering mass", {"size": (4, 5), "centering": "mass"}),
    ],
)
def test_options_of_data_are_those_that_a_user_gives(typed, options):
    from cutaway.cli.options import GivenDataOptions, with_records

    got = []

    @with_records
    def command(*, options: GivenDataOptions):
        got.append(options)

    program(command)(*typed.split())
    assert got == [options]


def test_a_size_that_is_none_is_refused():
    from cutaway.options import parse_size

    with pytest.raises(UsageError):
        parse_size("28x")


def test_a_result_without_a_figure_says_so():
    class Plain(Result):
        def line(self):
            return "Plain: 2 rows"

        def table(self):
            return TABLE

    assert repr(Plain()) == "<Plain: 2 rows>"
    assert "Classes" in Plain()._repr_html_()
    assert Plain().to_json() == {"rows": TABLE.records()}
    with pytest.raises(UsageError):
        Plain().plot()


def test_rows_are_taken_and_columns_left_out():
    values = {
        "class": ["a", "b", "c"],
        "right": np.ma.masked_equal([0.5, -1, 1.0], -1),
        "low": [0] * 3,
        "high": [1] * 3,
    }
    table = Table(COLUMNS, values).take([2, 1])
    assert table.texts() == [
        {"Class": "c", "Right": "100.00%", "Interval": "0.0% to 100.0%"},
        {"Class": "b", "Right": "–", "Interval": "0.0% to 100.0%"},
    ]
    assert [row["right"] for row in table.records()] == [1.0, None]
    assert list(table.without("Interval").to_pandas()) == ["class", "right"]
    assert table.meanings()["Right"] == "Share that is right."


def test_programs_see_names_in_the_order_of_the_values():
    backwards = Table(COLUMNS, {"high": [1.0], "low": [0.0], "right": [0.5], "class": ["a"], "unseen": [0]})
    assert list(backwards.to_pandas()) == list(backwards.records()[0]) == ["high", "low", "right", "class"]


def test_an_answer_is_made_in_the_form_that_is_asked_for(capsys, monkeypatch):
    from cutaway.cli.output import print_answer

    explained = Column(("low",), "A long heading", share(), "The lower end.", explained=True)
    table = Table((*COLUMNS[:2], explained), VALUES, title="Classes", notes=("A note.",))
    monkeypatch.setenv("COLUMNS", "26")
    print_answer(Answer(dict, lambda: (table,)), run=Path("runs/a"), as_json=False)
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "Classes"
    assert lines[-2:] == ["A long heading: The lower end.", "A note."]
    assert [line.split() for line in lines[2:4]] == [["A", "long"], ["Class", "Right", "heading"]], (
        "headings are broken between words where space is narrow"
    )
    print_answer(Answer(lambda: {"x": 1}, tuple), run=Path("runs/a"), as_json=True)
    assert json.loads(capsys.readouterr().out) == {"run": "runs/a", "x": 1}


def test_lists_and_counts_in_words():
    assert [listed(list("abc")[:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]
    assert listed(list("abcde"), 2) == "a, b and 3 more"
    assert listed(list("abc"), 2) == "a, b and c", "a single one takes no more room than its number"
    assert [cut(range(n), 2) for n in (2, 3, 4)] == [(range(2), 0), (range(3), 0), (range(2), 2)]
    assert list(map(shown, ("a", "it's", 'a "b"', "\n", 5))) == ['"a"', '"it\'s"', "'a \"b\"'", '"\\n"', "5"]
    assert [counted(n, "epoch") for n in (0, 1, 1200)] == ["0 epochs", "1 epoch", "1,200 epochs"]
    assert counted(2, "class", "classes") == "2 classes"
    assert evenly_spaced(range(10), 4) == [0, 3, 6, 9]


def test_numbers_have_no_sign_where_they_round_to_0():
    assert [decimals(2).text(value) for value in (-0.001, -0.01, 0.001)] == ["0.00", "-0.01", "0.00"]
    assert LOST.text(0.1234, 0.01) == "-12.34±1.00"
    assert COUNT_SHARE.text(2, 0.1667) == "2 (16.7%)"
    assert COUNT_SHARE.text(None, None) == "–"
