"""How a text table is written is found in it; what pandas and Python's csv module write is read as it was."""

import bz2
import contextlib
import csv
import gzip
import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.data import load_dataset
from cutaway.data.tables.readers.delimited import find_dialect, open_delimited
from cutaway.errors import CutawayWarning, DataError


def rows_of(path):
    reader = open_delimited(path)
    return reader.columns, [tuple(row.values()) for chunk in reader.chunks() for row in chunk.to_pylist()]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"a,b\n1,2\n", "utf-8, comma, decimal point, names in line 1"),
        ("größe;name\n1,5;Öl\n2,5;Müll\n".encode("cp1252"), "cp1252, semicolon, decimal comma, names in line 1"),
        ("größe;name\n1.234,5;Öl\n".encode(), "utf-8, semicolon, decimal comma, names in line 1"),
        ("a\tb\n1\tü\n".encode("utf-16"), "utf-16, tab, decimal point, names in line 1"),
        ("a|b\n1|x\n".encode("utf-16-be"), "utf-16-be, vertical bar, decimal point, names in line 1"),
        ("\ufeffa,b\n1,ü\n".encode(), "utf-8-sig, comma, decimal point, names in line 1"),
        (b"5.1,3.5,setosa\n4.9,3.0,setosa\n", "utf-8, comma, decimal point, no names in line 1"),
        (b"39, State-gov, 77516\n50, Private, 83311\n", "utf-8, comma, decimal point, no names in line 1"),
        (b'"a;b";"c"\n1,5;2\n', "utf-8, semicolon, decimal comma, names in line 1"),
        (b"a\n1\n2\n", "utf-8, comma, decimal point, names in line 1"),
    ],
)
def test_the_dialect_is_found(content, found, tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    assert str(find_dialect(path)) == found


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
def test_cells_are_read_as_they_were_written(encoding, pack, tmp_path):
    text = 'name,größe\nÖl,1\n"a, b",2\n"zwei\nZeilen",3\n"say ""hi""",4\n'
    path = tmp_path / "table.csv"
    path.write_bytes(pack(text.encode(encoding)))
    assert rows_of(path) == (("name", "größe"), [("Öl", "1"), ("a, b", "2"), ("zwei\nZeilen", "3"), ('say "hi"', "4")])


cells = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)


@given(
    table=st.integers(2, 5).flatmap(lambda n: st.lists(st.lists(cells, min_size=n, max_size=n), min_size=1, max_size=8))
)
def test_whatever_python_writes_is_read_back(table, tmp_path_factory):
    path = tmp_path_factory.mktemp("csv") / "table.csv"
    names = [f"name {number}" for number in range(len(table[0]))]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([names, *table])
    columns, rows = rows_of(path)
    assert columns == tuple(names)
    assert rows == [tuple(row) for row in table]


def test_a_large_file_is_read_in_several_chunks(tmp_path):
    path = tmp_path / "table.csv.gz"
    frame = pd.DataFrame({"a": range(400_000), "b": "some text of a length that fills the blocks"})
    frame.to_csv(path, index=False)
    chunks = list(open_delimited(path).chunks(["a"]))
    assert len(chunks) > 1
    assert [int(value) for chunk in chunks for value in chunk["a"].to_pylist()] == list(range(400_000))


BROKEN = {
    "empty": (b"", ""),
    "only blank lines": (b"\n\n  \n", ""),
    "zeros": (bytes(1000), ""),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), ""),
    "the same name twice": (b"a,b,a\n1,2,3\n", '"a" again as column 3'),
    "a row that is too long": (b"a,b\n1,2\n1,2,3\n", "row 2"),
    "a row that is too short": (b"a,b,c\n1,2,3\n1,2\n", "row 2"),
    "a quote that is not closed": (b'a,b\n1,"2\n3,4\n5,6\n', 'row 1: the quote that begins in column "b"'),
    "a byte of another encoding, far down": (b"a,b\n" + b"1,2\n" * 100_000 + b"1,\xff\n", ""),
    "half a compressed file": (gzip.compress(b"a,b\n" + b"1,2\n" * 9000)[:-30], ""),
    "200,000 columns": (b",".join(b"c%d" % n for n in range(200_000)) + b"\n", ""),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_one_readable_line(name, tmp_path):
    content, place = BROKEN[name]
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        list(open_delimited(path).chunks())
    assert place in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("content", "got"),
    [
        (b",".join(b'"a, %d"' % n for n in range(20_001)) + b"\n", "20,001 in line 1"),
        (gzip.compress(b";".join(b"c%d" % n for n in range(100_000)) + b"\n"), "100,000 in line 1"),
        (b"\t".join(b"c%d" % n for n in range(1_000_000)) + b"\n1\t2\n", "line 1"),
    ],
    ids=["quoted", "gzip", "a line beyond the first block"],
)
def test_too_many_columns_are_refused_before_pyarrow_reads_any(content, got, tmp_path, monkeypatch):
    path = tmp_path / "wide.csv"
    path.write_bytes(content)
    monkeypatch.setattr("cutaway.data.tables.readers.delimited._open", lambda *_, **__: pytest.fail("it was read"))
    with pytest.raises(DataError) as caught:
        open_delimited(path)
    assert got in str(caught.value)


def test_delimiters_in_quotes_are_no_columns(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text('"' + "," * 30_000 + '",b\n1,2\n')
    with pytest.raises(DataError):
        open_delimited(path)
    path.write_text('"a,b",c\n1,2\n')
    assert open_delimited(path).columns == ("a,b", "c")


@given(content=st.binary(max_size=300))
def test_any_bytes_are_a_table_or_an_error(content, tmp_path_factory):
    path = tmp_path_factory.mktemp("bytes") / "table.csv"
    path.write_bytes(content)
    with contextlib.suppress(DataError):  # the only error that may come
        list(open_delimited(path).chunks())


def test_names_of_columns_may_lack(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(",value\n1,2\n")
    assert open_delimited(path).columns == ("column 1", "value")
    path.write_text("1,2\n3,4\n")
    assert open_delimited(path).columns == ("column 1", "column 2")
    assert open_delimited(path, header=True).columns == ("1", "2")


def test_the_reader_does_not_change_the_file(tmp_path):
    path, buffer = tmp_path / "t.csv", io.StringIO()
    pd.DataFrame({"a": [1, 2]}).to_csv(buffer, index=False)
    path.write_text(buffer.getvalue())
    before = path.stat().st_mtime_ns
    rows_of(path)
    assert (path.read_text(), path.stat().st_mtime_ns) == (buffer.getvalue(), before)


def test_names_that_occur_as_values_below_are_questioned(tmp_path):
    path = tmp_path / "colors.csv"
    rows = ["red,round,yes", "blue,round,no", "red,flat,yes", "blue,flat,no"] * 20
    path.write_text("\n".join(rows))
    with pytest.warns(CutawayWarning, match="header=False"):
        assert open_delimited(path).columns == ("red", "round", "yes")
    assert open_delimited(path, header=False).columns == ("column 1", "column 2", "column 3")
    path.write_text("\n".join(["color,shape,bought", *rows]))
    assert open_delimited(path).columns == ("color", "shape", "bought")
    # one cell that does not occur below is enough of a name
    path.write_text("\n".join(["red,shape,yes", *rows]))
    assert open_delimited(path).columns == ("red", "shape", "yes")


def test_a_name_with_a_line_break_is_one_name(tmp_path):
    rows = "".join(f"{n},{n % 5},{'ab'[n % 2]}\n" for n in range(60))
    (tmp_path / "t.csv").write_text('"size\nin cm",c,y\n' + rows)
    table = load_dataset(tmp_path / "t.csv", label="y")
    assert [(column.name, column.type, column.rows) for column in table.columns[:2]] == [
        ("size\nin cm", "number", 60),
        ("c", "number", 60),
    ]
    (tmp_path / "t.csv").write_text('"size\nin cm",c,y\n' + rows + "60,x,a\n")
    with pytest.raises(DataError, match='"x" in row 61'):
        load_dataset(tmp_path / "t.csv", label="y")


@pytest.mark.parametrize(
    ("bad", "column"),
    [
        ('K10038;02.12.2020;45;1.836,17;"Köln;monatlich;3;250,00;ja', "ort"),
        ('K10038;02.12.2020;45;1.836,17;Köln;monatlich;3;250,00;"ja', "gekündigt"),
    ],
)
@pytest.mark.parametrize("place", [1, 38, 300])
def test_a_quote_that_is_never_closed_is_named_by_its_row_and_column(bad, column, place, tmp_path):
    rows = [
        f"K{10000 + n};{1 + n % 28:02}.12.2020;45;1.836,{n % 100:02};Bonn;monatlich;3;250,00;ja" for n in range(300)
    ]
    rows.insert(place - 1, bad)
    path = tmp_path / "r2.csv"
    path.write_text("\n".join(["id;datum;alter;umsatz;ort;zahlung;tage;gebühr;gekündigt", *rows]) + "\n")
    with pytest.raises(DataError) as caught:
        load_dataset(path, label="gekündigt")
    assert f"row {place}:" in str(caught.value)
    assert f'"{column}"' in str(caught.value)


def test_a_quote_that_is_closed_in_a_later_row_is_warned_of(tmp_path):
    rows = [f"{n};{n % 7},5;Bonn;{'ab'[n % 2]}" for n in range(100)]
    rows[37], rows[60] = '37;2,5;"Köln;b', '60;4,5;"Köln;a'
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["a;b;c;y", *rows]))
    with pytest.warns(CutawayWarning, match="row 38 of t.csv"):
        assert open_delimited(path).dialect.delimiter == ";"
    path.write_text("\n".join(["a;b;c;y", '0;0,5;"Köln;\n50;667";a', *rows[:37]]))
    assert open_delimited(path).dialect.delimiter == ";"
