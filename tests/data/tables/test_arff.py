"""ARFF files: as OpenML writes them, against pandas; and what is refused."""

import gzip

import numpy as np
import pandas as pd
import pytest
import scipy.io.arff

from cutaway.data import load_again, load_dataset, prepare_new_rows, split_and_prepare
from cutaway.data.tables import cell_chunks
from cutaway.data.tables.readers.arff import open_arff
from cutaway.errors import DataError, UsageError

TITANIC = """% of OpenML, 40945
@relation 'd'
@attribute 'pclass' {1,2,3}
@ATTRIBUTE survived {0,1}
@attribute "full name" string
@attribute 'it\\'s' numeric

@attribute sex { 'female', male }
@attribute when date "yyyy-MM-dd"
@data
1,1,"Allen, Miss. Elisabeth",29, 'female',2020-01-03
% a comment
3,0,'O\\'Brien, "Tim"',0.9167,male,2020-01-04
2,0,"Cohen's",?,'male',?

"""


def test_cells_and_columns(tmp_path):
    (tmp_path / "t.arff").write_text(TITANIC)
    table = load_dataset(tmp_path / "t.arff", label="survived")
    assert [column.name for column in table.columns] == ["pclass", "survived", "full name", "it's", "sex", "when"]
    kinds = ["category", "category", "category", "number", "category", "date"]
    assert [column.profile.kind for column in table.columns] == kinds
    assert table.class_names == ("0", "1")
    (chunk,) = table.readers["train"].chunks()
    assert chunk["full name"].to_pylist() == ["Allen, Miss. Elisabeth", 'O\'Brien, "Tim"', "Cohen's"]
    assert chunk["it's"].to_pylist() == ["29", "0.9167", "?"]
    assert table.columns[3].profile.missing == 1
    assert chunk["sex"].to_pylist() == ["female", "male", "male"]


@pytest.mark.parametrize("packed", [False, True])
def test_the_same_table_as_csv_gives_the_same_dataset(tmp_path, packed):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=300).round(6), "code": rng.integers(0, 3, 300)})
    frame["kind"] = np.where(frame["x"] + rng.normal(size=300) > 0, "a b", "c")
    frame.to_csv(tmp_path / "t.csv", index=False)
    rows = "\n".join(f"{x},{code},'{kind}'" for x, code, kind in frame.itertuples(index=False))
    text = f"@relation r\n@attribute x real\n@attribute code {{0,1,2}}\n@attribute kind {{'a b',c}}\n@data\n{rows}"
    path = tmp_path / ("t.arff.gz" if packed else "t.arff")
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    table = load_dataset(path, label="kind")
    _, data = split_and_prepare(table)
    _, expected = split_and_prepare(load_dataset(tmp_path / "t.csv", label="kind", category=["code"]))
    assert (data.sha256, data.feature_names, data.name) == (expected.sha256, expected.feature_names, "t")
    assert load_again(table.origin).options == table.options


def test_cells_are_those_that_scipy_reads(tmp_path):
    rng = np.random.default_rng(1)
    numbers, kinds = rng.normal(size=200), rng.choice(["a b", "c,d", "e"], 200)
    rows = "\n".join(f"{x!r},'{kind}'" for x, kind in zip(numbers.tolist(), kinds, strict=True))
    (tmp_path / "t.arff").write_text(
        f"@RELATION r\n\n@ATTRIBUTE x NUMERIC\n@ATTRIBUTE k {{'a b','c,d',e}}\n@DATA\n{rows}\n"
    )
    theirs, _ = scipy.io.arff.loadarff(tmp_path / "t.arff")
    (chunk,) = open_arff(tmp_path / "t.arff").chunks()
    assert [float(cell) for cell in chunk["x"].to_pylist()] == theirs["x"].tolist()
    assert chunk["k"].to_pylist() == [kind.decode() for kind in theirs["k"]]


PAINS = """@relation r
@attribute pain {none,'NA',strong}
@attribute post string
@attribute day string
@attribute level{lo,hi}
@attribute 'dose'{1,2} % of the drug
@attribute age numeric
@attribute class {None, some}
@data
none,10115,2020-01-01,lo,1,NA,None
'NA',20095,2020-01-02,hi,2,31,some
?,10115,2020-01-01,hi,1,NaN,None
strong,NA,2020-01-02,lo,2,50,some
"""


def test_what_is_declared_is_a_value_and_text_is_text(tmp_path):
    (tmp_path / "t.arff").write_text(PAINS)
    table = load_dataset(tmp_path / "t.arff", label="class")
    found = {column.name: column for column in table.columns}
    assert list(found) == ["pain", "post", "day", "level", "dose", "age", "class"]
    assert dict(found["pain"].profile.values) == {"none": 1, "NA": 1, "strong": 1}
    assert dict(found["post"].profile.values) == {"10115": 2, "20095": 1, "NA": 1}
    assert [found[name].profile.missing for name in ("pain", "post", "age", "class")] == [1, 0, 2, 0]
    kinds = {name: column.profile.kind for name, column in found.items()}
    assert {name for name, kind in kinds.items() if kind != "category"} == {"age"}
    assert table.class_names == ("None", "some")
    assert set(load_dataset(tmp_path / "t.arff", label="class", id="post").row_names._cells["train"].to_pylist()) == {
        *("10115", "20095", "NA")
    }
    cells = next(cell_chunks(table.readers["train"], {"pain": "category"}, formats={}, values={}))[1]
    assert cells["pain"].to_pylist() == ["none", "NA", None, "strong"]


def test_what_orders_the_rows_is_read_as_dates(tmp_path):
    (tmp_path / "t.arff").write_text(PAINS)
    table = load_dataset(tmp_path / "t.arff", label="class", time="day")
    assert np.unique(table.extras["train"]["time"]).tolist() == [1577836800.0, 1577923200.0]


def test_a_declared_value_is_that_value_in_new_rows_of_every_kind(tmp_path):
    kinds = np.random.default_rng(0).choice(["none", "NA", "some"], 90)
    rows = "\n".join(f"{kind},{number % 2}" for number, kind in enumerate(kinds))
    (tmp_path / "t.arff").write_text(f"@relation r\n@attribute k {{none,NA,some}}\n@attribute y {{0,1}}\n@data\n{rows}")
    pd.DataFrame({"k": ["none", "NA", "some", "null"]}).to_csv(tmp_path / "new.csv", index=False)
    _, data = split_and_prepare(load_dataset(tmp_path / "t.arff", label="y"))
    assert data.feature_names == ("k=NA", "k=none", "k=some")
    for new in (tmp_path / "new.csv", pd.read_csv(tmp_path / "new.csv", keep_default_na=False)):
        ((_, inputs),) = prepare_new_rows(data.preparation, new)
        assert inputs.tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 0, 0]]


HEAD = "@relation r\n@attribute x real\n@attribute y {a,b}\n@data\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("@relation r\n@attribute x real\n", "no line @data after the columns of"),
        ("@relation r\n@data\n1,2\n", "no line @data after the columns of"),
        ("x,y\n1,a\n", "'x,y' in line 1 of"),
        ("@relation r\n@attribute 'x real\n@data\n", r'"@attribute \'x real" in line 2'),
        ("@relation r\n@attribute x relational\n@data\n", "in line 2 of"),
        ("@relation r\n@attribute x real\n@attribute x real\n@data\n1,2\n", "columns of a table have different names"),
        ("@relation r\n@attribute creal\n@data\n", r"'@attribute creal' in line 2 of"),
        ("@relation r\n@attribute c {a,b\n@data\n", r"'@attribute c {a,b' in line 2 of"),
        ("@relation r\n@attribute c {a,'b}\n@data\n", r"in line 2 of"),
        (HEAD, "at least one row; got none in"),
        (HEAD + "1,a\n2\n", r"as there are columns, 2; got 1 in line 6 of .*: '2'"),
        (HEAD + "{0 1, 1 b}\n", "a sparse row in line 5 of"),
        (HEAD + "'1'x,a\n", "ends inside of a cell, in line 5 of"),
        (HEAD + "1,  'a\n", "a quote that is not closed, or ends inside of a cell, in line 5 of"),
    ],
)
def test_what_is_refused_is_said_with_the_line(tmp_path, text, message):
    (tmp_path / "t.arff").write_text(text)
    with pytest.raises(DataError, match=message):
        load_dataset(tmp_path / "t.arff", label="y")


def test_bytes_that_are_no_text(tmp_path):
    (tmp_path / "t.arff").write_bytes(HEAD.encode() + b"1,a\n2,\xff\n")
    with pytest.raises(DataError, match=r"a byte that is no UTF-8 after line \d"):
        load_dataset(tmp_path / "t.arff", label="y")
    (tmp_path / "u.arff.gz").write_bytes(gzip.compress((HEAD + "1,a\n" * 999).encode())[:-30])
    with pytest.raises(DataError, match=r"an ARFF file has lines .* of .*u.arff.gz"):
        load_dataset(tmp_path / "u.arff.gz", label="y")


def test_the_label_is_needed(tmp_path):
    (tmp_path / "t.arff").write_text(TITANIC)
    with pytest.raises(UsageError, match='with the columns "pclass", "survived"'):
        load_dataset(tmp_path / "t.arff")
