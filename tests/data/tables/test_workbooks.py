"""Workbooks of Excel and LibreOffice: the same table as in CSV, and what is wrong with a sheet or a file, by name."""

import csv
import datetime
import json
import random
import sys

import numpy as np
import pytest

from cutaway.cli import main
from cutaway.data import load_dataset, look_at_table, split_and_prepare
from cutaway.data.tables import open_any, prepare_new_rows
from cutaway.errors import CutawayError, CutawayWarning, DataError, UsageError
from cutaway.file_process import process
from tests.workbooks import FORMULA, archive, ods, xlsx

DAY = datetime.date(2024, 1, 31)
RANDOM = random.Random(0)
ROWS = [["code", "size", "zip", "day", "open", "note", "y"]]
for k in RANDOM.sample(range(1000), 60):
    size, day = RANDOM.choice([1.5, 2.25, 1e-9, 1e20, None]), DAY + datetime.timedelta(k)
    ROWS.append([k, size, f"0{k % 3}1", day, k % 2 == 0, "a, b\nü", "uv"[k % 2]])


def cells(path, **options):
    return open_any(path, options).table.to_pydict()


@pytest.mark.parametrize("write", [xlsx, ods])
def test_a_sheet_is_the_same_table_as_its_csv(tmp_path, write):
    path, text = tmp_path / f"t.{write.__name__}", tmp_path / "t.csv"
    write(path, {"Tabelle 1": ROWS})
    with text.open("w", newline="") as file:
        csv.writer(file).writerows(ROWS)
    (_, data), (_, expected) = (split_and_prepare(load_dataset(each, label="y")) for each in (path, text))
    assert data.preparation == expected.preparation
    assert data.feature_names == expected.feature_names
    assert np.array_equal(data.sources["train"].x, expected.sources["train"].x)
    new = [list(prepare_new_rows(expected.preparation, each, {"sheet": "of the training"})) for each in (path, text)]
    assert np.array_equal(new[0][0][1], new[1][0][1])
    assert new[0][0][0] == new[1][0][0]
    assert cells(path)["code"][:2] == [str(row[0]) for row in ROWS[1:3]], "a whole number has no decimal point"


def test_the_only_visible_sheet_with_values_is_read_and_of_several_one_is_named(tmp_path):
    path = tmp_path / "t.xlsx"
    xlsx(path, {"Empty": [], "Data": ROWS, "Lists": [["k"], [1]]}, hidden=["Lists"])
    table = load_dataset(path, label="y")
    assert json.loads(table.origin["options"]) == {"label": "y"}
    assert cells(path, sheet="Lists") == {"k": ["1"]}
    xlsx(path, {"Empty": [], "Data": ROWS, "Notes": [["k"], [1]]})
    for sheet in (None, "data", 2):
        with pytest.raises(DataError, match="Data and Notes"):
            load_dataset(path, label="y", sheet=sheet)
    assert cells(path, sheet="Notes") == {"k": ["1"]}
    table = load_dataset(path, label="y", sheet="Data")
    assert json.loads(table.origin["options"]) == {"label": "y", "sheet": "Data"}
    assert look_at_table(path, sheet="Data").count == 60
    with pytest.raises(DataError):
        load_dataset(path, label="y", sheet="Empty")
    xlsx(path, {"Empty": []})
    with pytest.raises(DataError):
        look_at_table(path)


def test_the_command_line_names_a_sheet(tmp_path, capsys):
    path = tmp_path / "t.xlsx"
    xlsx(path, {"Data": ROWS, "Notes": [["k"], [1]]})
    with pytest.raises(SystemExit):
        main(["datasets", str(path), "--label", "y"])
    assert "--sheet" in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        main(["datasets", str(path), "--label", "y", "--sheet", "Data", "--json"])
    assert (ended.value.code, json.loads(capsys.readouterr().out)["source_counts"]) == (0, {"train": 60})


@pytest.mark.parametrize("write", [xlsx, ods, lambda *given: xlsx(*given, prefix="x:")])
def test_cells_that_are_errors_are_named(tmp_path, write):
    path, column = tmp_path / f"t.{'ods' if write is ods else 'xlsx'}", ROWS[0].index
    rows = [row.copy() for row in ROWS]
    rows[3][column("code")] = "#N/A"
    write(path, {"Data": rows})
    assert {each.name: each.missing for each in load_dataset(path, label="y").columns}["code"] == 1
    rows[7][column("code")] = "#DIV/0!"
    write(path, {"Data": rows})
    with pytest.raises(DataError, match="#DIV/0!.* row 7 "):
        load_dataset(path, label="y")
    rows[7][column("code")], rows[7][column("zip")] = 7, "#REF!"
    write(path, {"Data": rows})
    with pytest.warns(CutawayWarning, match='"zip".*#REF!'):
        split_and_prepare(load_dataset(path, label="y"))


def test_a_formula_without_a_value_is_named_and_one_that_returns_no_text_is_empty(tmp_path):
    path = tmp_path / "t.xlsx"
    xlsx(path, {"Data": [[*row, ["sum", FORMULA][k > 0], ["none", ""][k > 0]] for k, row in enumerate(ROWS)]})
    columns = {each.name: each for each in load_dataset(path, label="y").columns}
    assert columns["none"].missing == 60
    assert list(columns["sum"].values.values()) == [60]
    with pytest.warns(CutawayWarning, match='"sum"'):
        split_and_prepare(load_dataset(path, label="y"))


def test_where_the_names_are(tmp_path):
    path = tmp_path / "t.xlsx"
    space = [[None, None, *row] for row in ROWS]
    xlsx(path, {"Data": [3, *space[:5], 2, [None, None, " "], *space[5:], 1_000_000, [None, None, None, " "]]})
    assert cells(path)["zip"] == [row[2] for row in ROWS[1:]], "what is empty around the table and in it is left out"
    xlsx(path, {"Data": [["Report of 2024"], *ROWS]})
    with pytest.warns(CutawayWarning, match='first row of sheet "Data"'):
        assert list(cells(path))[:2] == ["Report of 2024", "column 2"]
    xlsx(path, {"Data": [["a", "b", "a"], [1, 2, 3]]})
    with pytest.raises(DataError, match='"a".* column 3'):
        open_any(path)
    assert list(open_any(path, wanted={"b"}).columns) == ["a", "b", "a"]
    xlsx(path, {"Data": [[1, 2], [3, 4]]})
    assert cells(path) == {"column 1": ["1", "3"], "column 2": ["2", "4"]}
    assert cells(path, header=True) == {"1": ["3"], "2": ["4"]}
    xlsx(path, {"Data": [["a", "b"]]})
    assert cells(path) == {"a": [], "b": []}


def test_what_is_no_workbook_or_is_damaged_is_one_line(tmp_path):
    path = tmp_path / "t.xlsx"
    xlsx(path, {"Data": ROWS})
    good = path.read_bytes()
    locked = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(3000)  # as Excel writes one with a password
    damaged = [good[:at] + bytes([good[at] ^ 255]) + good[at + 1 :] for at in range(0, len(good), 97)]
    for content in (b"", b"x,y\n1,u\n", locked, good[: len(good) // 2], archive(a="b"), *damaged):
        path.write_bytes(content)
        said = ""
        try:
            assert open_any(path).columns
        except CutawayError as error:
            said = str(error)
        assert (str(path) in said and said.isprintable()) or (not said and content in damaged)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not limit memory")
def test_a_sheet_that_needs_more_memory_than_there_is_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(process, "LEAST", 300 << 20)
    monkeypatch.setattr(process, "free_memory", lambda: 0)
    path = tmp_path / "t.xlsx"
    xlsx(path, {"Data": [*ROWS, 1_000_000, [None] * 25 + [1]]})
    with pytest.raises(DataError, match=r"t\.xlsx.*memory"):
        open_any(path)
    path.write_bytes(archive(**{"xl/workbook.xml": bytes(400 << 20)}))
    with pytest.raises(DataError, match=r"memory.*t\.xlsx"):
        open_any(path)


def test_without_python_calamine_it_is_said_how_to_install_it(tmp_path, monkeypatch):
    xlsx(tmp_path / "t.xlsx", {"Data": ROWS})
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"\[excel\]"):
        load_dataset(tmp_path / "t.xlsx", label="y")
