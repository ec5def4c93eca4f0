"""Columnar files that are damaged, or small on the disk and large in memory."""

import io
import sys
from functools import partial

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import feather, parquet

from cutaway.data import load_dataset, look_at_table
from cutaway.data.tables import open_any, open_columnar, prepare_new_rows
from cutaway.data.tables.readers import delimited, reading
from cutaway.errors import CutawayError, DataError
from cutaway.file_process import columnar, process

TABLE = pa.table(
    {
        "x": np.arange(300, dtype=np.float32),
        "word": pa.array(["red", "green", "blue"] * 100).dictionary_encode(),
        "text": [None if row % 7 == 0 else f"number {row}" for row in range(300)],
        "label": ["a", "b", "c"] * 100,
    }
)


def ipc(table, *, stream=False, rows=100, **options):
    out = io.BytesIO()
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(
        out, table.schema, options=pa.ipc.IpcWriteOptions(**options)
    ) as writer:
        writer.write_table(table, max_chunksize=rows)
    return out.getvalue()


def read(path, columns=None):
    return pa.concat_tables(open_columnar(path).chunks(columns))


def batches_of(path, columns=None):
    """What the process reads, in this one."""
    return columnar.read_batches(str(path), "parquet" if path.suffix == ".parquet" else "arrow", columns)


@pytest.fixture(scope="module")
def one_path(tmp_path_factory):
    """The path of each of many small tables, which one process reads one after the other."""
    return tmp_path_factory.mktemp("tables") / "table.arrow"


def test_a_pass_goes_on_in_another_process(tmp_path):
    parquet.write_table(TABLE, tmp_path / "t.parquet", row_group_size=100)
    reader = open_columnar(tmp_path / "t.parquet")
    passes = [reader.chunks(), reader.chunks(["x"])]
    firsts = [next(each) for each in passes]
    with pytest.raises(DataError):
        reader.process.ask("index", name="x", file="nowhere", kind="parquet")
    reader.process._end()  # as if it had been idle
    for columns, first, others in zip((None, ["x"]), firsts, passes, strict=True):
        assert pa.concat_tables([first, *others]).equals(TABLE if columns is None else TABLE.select(columns))


@pytest.mark.parametrize("ending", ["csv", "arrow", "parquet"])
def test_a_file_that_is_replaced_between_two_chunks_or_two_passes_is_refused(tmp_path, ending, monkeypatch):
    """The old rows would be mixed with the new ones, also where there are as many."""
    path, other = tmp_path / f"t.{ending}", tmp_path / f"other.{ending}"
    monkeypatch.setattr(delimited, "BLOCK", 1_000)
    for file, table in ((path, TABLE), (other, TABLE.set_column(0, "x", pa.array(range(300, 600), pa.float32())))):
        if ending == "csv":
            file.write_bytes(table.to_pandas().to_csv(index=False).encode())
        elif ending == "arrow":
            file.write_bytes(ipc(table))
        else:
            parquet.write_table(table, file, row_group_size=100)
    loaded = load_dataset(path, label="label")
    rest = reading(open_any(path), task="reading")
    next(rest)
    other.replace(path)
    for read_on in (lambda: list(rest), lambda: loaded.prepare(loaded.split())):
        with pytest.raises(DataError, match=f"t.{ending}"):
            read_on()


@pytest.mark.parametrize("ending", ["arrow", "parquet"])
def test_values_that_point_out_of_their_buffers_are_refused_before_they_are_used(tmp_path, ending):
    """Each of these ended the process, or ended in an error of pyarrow's compute functions, before 0.2."""
    path = tmp_path / f"table.{ending}"
    numbers = pa.array([0, 1, 2], pa.int32())
    text = pa.StringArray.from_buffers(3, pa.py_buffer(np.array([0, 1, 99, 3], "<i4")), pa.py_buffer(b"abc"))
    broken = pa.DictionaryArray.from_arrays(pa.array([0, 1, 5000], pa.int32()), pa.array(["a", "b"]), safe=False)
    latin = pa.StringArray.from_buffers(3, pa.py_buffer(np.arange(4, dtype="<i4")), pa.py_buffer(b"a\xff\xfe"))
    for column in (text, broken, latin) if ending == "arrow" else (latin,):
        table = pa.table({"number": numbers, "label": column})
        path.write_bytes(ipc(table)) if ending == "arrow" else parquet.write_table(table, path)
        with pytest.raises(DataError):
            load_dataset(path, label="label")
        assert read(path, ["number"])["number"].to_pylist() == [0, 1, 2], "a column that is not damaged can be used"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
def test_a_file_that_is_cut_short_while_it_is_read_is_refused(tmp_path, stream, compression):
    path = tmp_path / "table.arrow"
    noise = np.random.default_rng(0).normal(size=300_000)  # more than what is read ahead
    path.write_bytes(ipc(pa.table({"x": noise}), stream=stream, rows=30_000, compression=compression))
    batches = batches_of(path)
    assert len(next(batches)) == 30_000
    with open(path, "r+b") as file:
        file.truncate(300_000)  # in the second part
    with pytest.raises((pa.ArrowException, OSError)):
        list(batches)


@given(
    stream=st.booleans(),
    compression=st.sampled_from([None, "lz4", "zstd"]),
    rows=st.integers(1, 300),
    legacy=st.booleans(),
    columns=st.lists(st.sampled_from(TABLE.column_names), min_size=1, unique=True),
)
def test_files_of_every_layout_are_read_as_they_were_written(one_path, stream, compression, rows, legacy, columns):
    content = ipc(TABLE, stream=stream, compression=compression, rows=rows, use_legacy_format=legacy)
    one_path.write_bytes(content)
    assert read(one_path, columns).equals(TABLE.select(columns))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not limit memory")
@pytest.mark.parametrize("stream", [False, True])
def test_a_packed_file_that_needs_more_memory_than_is_free_is_refused(tmp_path, stream, monkeypatch):
    zeros, path = pa.table({"x": np.zeros(40_000_000)}), tmp_path / "table.arrow"
    path.write_bytes(ipc(zeros, rows=len(zeros), compression="zstd", stream=stream))
    assert path.stat().st_size < 100_000
    monkeypatch.setattr(process, "LEAST", 250 << 20)
    monkeypatch.setattr(process, "free_memory", lambda: 0)
    with pytest.raises(DataError, match="memory"):
        list(open_columnar(path).chunks())


def test_declared_sizes_are_compared_with_memory_before_anything_is_read(tmp_path, monkeypatch):
    nothing, zeros = tmp_path / "nothing.arrow", tmp_path / "zeros.parquet"
    nothing.write_bytes(ipc(pa.table({"x": pa.nulls(2**20)}), rows=2**20))
    parquet.write_table(pa.table({"x": np.zeros(2_000_000)}), zeros, use_dictionary=False, compression="zstd")
    for path, memory in ((nothing, 1 << 20), (zeros, 16_000_000)):
        monkeypatch.setattr(columnar, "MEMORY", memory)
        before = pa.total_allocated_bytes()
        with pytest.raises(MemoryError):
            next(batches_of(path))
        assert pa.total_allocated_bytes() - before < 1_000_000


@pytest.mark.parametrize("ending", ["arrow", "parquet"])
@pytest.mark.parametrize("kept", [True, False])
def test_a_long_value_that_is_repeated_is_read_a_few_rows_at_a_time(tmp_path, ending, kept, monkeypatch):
    monkeypatch.setattr(columnar, "CHUNK_BYTES", 1_000_000)
    path = tmp_path / f"table.{ending}"
    values = ["x" * 100_000, "y"]
    codes = np.r_[np.ones(500, np.int32), np.zeros(3000, np.int32)]
    column = pa.DictionaryArray.from_arrays(codes, values)
    table = pa.table({"images": pa.array([{"bytes": b"p" * 10}] * 3500), "label": column})
    if ending == "arrow":
        path.write_bytes(ipc(table, rows=3500))
    else:
        parquet.write_table(table, path, row_group_size=2000, store_schema=kept)
    assert path.stat().st_size < 300_000
    sizes = []
    for chunk in batches_of(path):
        assert len(chunk) <= 10, "a hundred rows of such values are 10 MB"
        sizes.append(len(chunk))
    assert sum(sizes) == 3500


def test_a_file_in_one_part_is_divided_into_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr(columnar, "CHUNK_ROWS", 128)
    feather.write_feather(TABLE, tmp_path / "one.feather", chunksize=300)
    chunks = list(batches_of(tmp_path / "one.feather", ["label", "x"]))
    assert [len(chunk) for chunk in chunks] == [128, 128, 44]
    assert pa.Table.from_batches(chunks).equals(TABLE.select(["label", "x"]))


def test_values_that_share_their_beginnings_are_read_a_thousand_rows_at_a_time(tmp_path):
    table = pa.table({"word": [f"{'x' * 1000}{row}" for row in range(3000)]})
    encoding = {"word": "DELTA_BYTE_ARRAY"}
    parquet.write_table(table, tmp_path / "t.parquet", use_dictionary=False, column_encoding=encoding)
    chunks = list(batches_of(tmp_path / "t.parquet"))
    assert [len(chunk) for chunk in chunks] == [1024, 1024, 952]
    assert pa.Table.from_batches(chunks).equals(table)


def viewed(values, kind):
    return pa.array(values, pa.int32() if kind in (pa.date32(), pa.time32("s")) else pa.int64()).view(kind)


def coded(values):
    return pa.DictionaryArray.from_arrays(pa.array([0] * 60, pa.int32()), values)


ODD = {
    "a date after 9999": lambda: viewed([10**8] * 60, pa.date32()),
    "a date in milliseconds": lambda: viewed([86_400_000 * 10**9] * 60, pa.date64()),
    "a time after 9999": lambda: viewed([2**62] * 60, pa.timestamp("s")),
    "a time in an unknown zone": lambda: viewed(range(60), pa.timestamp("s", "Foo/Bar")),
    "a time of day": lambda: viewed(range(60), pa.time32("s")),
    "a duration": lambda: viewed([2**60] * 60, pa.duration("s")),
    "an interval": lambda: pa.array([(1, 2, 3)] * 60, pa.month_day_nano_interval()),
    "a large decimal": lambda: pa.array([b"\1" * 16] * 60, pa.binary(16)).view(pa.decimal128(38, -100)),
    "bytes": lambda: pa.array([b"\xff"] * 60),
    "bytes of one size": lambda: pa.array([b"\xff"] * 60, pa.binary(1)),
    "views of bytes": lambda: pa.array([b"\xff"] * 60, pa.binary_view()),
    "views of text": lambda: pa.array(["u", "v"] * 30, pa.string_view()),
    "runs": lambda: pa.RunEndEncodedArray.from_arrays(pa.array([60], pa.int32()), pa.array(["u"])),
    "a struct of dates": lambda: pa.StructArray.from_arrays([viewed([10**8] * 60, pa.date32())], ["d"]),
    "a struct with one name twice": lambda: pa.StructArray.from_arrays([pa.nulls(60), pa.nulls(60)], ["d", "d"]),
    "a map": lambda: pa.array([[("u", 1)]] * 60, pa.map_(pa.string(), pa.int64())),
    "a union": lambda: pa.UnionArray.from_sparse(pa.array([0] * 60, pa.int8()), [pa.array(range(60))]),
    "codes of dates": lambda: coded(viewed([10**8], pa.date32())),
    "codes of lists": lambda: coded(pa.array([[1]])),
    "codes of bytes": lambda: coded(pa.array([b"\xff"])),
    "codes of views": lambda: coded(pa.array(["u"], pa.string_view())),
    "codes of nothing": lambda: coded(pa.array([None], pa.string())),
    "identifiers": lambda: pa.ExtensionArray.from_storage(pa.uuid(), pa.array([bytes(16)] * 60, pa.binary(16))),
}
NUMBERS = np.random.default_rng(0).normal(size=60)
LABELS = ["a", "b", "c"] * 20
DAYS = np.datetime64("2024-01-01") + np.arange(60) % 20


@pytest.fixture(scope="module")
def preparations(one_path):
    """Of models of a number, a category and a date."""
    path, found = one_path, []
    for column in (NUMBERS, ["u", "v"] * 30, DAYS):
        path.write_bytes(ipc(pa.table({"column": column, "label": LABELS})))
        table = load_dataset(path, label="label")
        found.append(table.prepare(table.split(seed=0), warn=False).preparation)
    return found


@pytest.mark.filterwarnings("ignore::cutaway.errors.CutawayWarning")
@pytest.mark.parametrize("name", ODD)
def test_columns_of_every_type_are_used_left_out_or_refused(name, one_path, preparations):
    path = one_path
    path.write_bytes(ipc(pa.table({"x": NUMBERS, "column": ODD[name](), "label": LABELS})))
    roles = [{"label": "column"}, *({"label": "label", role: "column"} for role in ("group", "time", "weight", "id"))]

    def train(**options):
        table = load_dataset(path, **options)
        split = table.split(seed=0)
        table.prepare(split)
        return table.rows_of(split.train.take(np.arange(3)))

    look = look_at_table(path, label="label")
    assert look.count == 60
    assert len(look.rows) == 8
    assert {row["x"] for row in train(label="label")} <= set(NUMBERS.tolist())
    for options in roles:
        for use in (train, partial(look_at_table, path)):
            try:
                use(**options)
            except CutawayError as error:
                said = str(error)
                if not said.isprintable():
                    pytest.fail(said)
    for preparation in preparations:
        try:
            inputs = [inputs for _, inputs in prepare_new_rows(preparation, path, warn=False)]
        except DataError:
            continue
        if sum(map(len, inputs)) != 60:
            pytest.fail("rows are lacking")


@pytest.mark.filterwarnings("ignore::cutaway.errors.CutawayWarning")
def test_codes_of_dates_are_read_as_the_dates_themselves(one_path):
    days, path, found = pa.array(DAYS.astype("datetime64[ms]")), one_path, []
    for column in (days, days.dictionary_encode()):
        path.write_bytes(ipc(pa.table({"day": column, "label": LABELS})))
        table = load_dataset(path, label="label")
        found.append(table.prepare(table.split(seed=0)).sources["train"].x[:])
    assert np.array_equal(*found)


def test_cells_that_python_cannot_hold_are_marked_and_others_are_as_they_are(tmp_path):
    days = viewed([0, 10**8, 1], pa.date32())
    table = pa.table({"day": days, "bytes": pa.array([b"u", b"v", b"w"], pa.binary_view()), "label": ["a", "b", "a"]})
    (tmp_path / "t.arrow").write_bytes(ipc(table))
    found = look_at_table(tmp_path / "t.arrow", label="label")
    assert found.rows == (("1970-01-01", "b'u'", "a"), ("?", "b'v'", "b"), ("1970-01-02", "b'w'", "a"))


@pytest.mark.parametrize("ending", ["arrow", "parquet"])
@pytest.mark.parametrize("name", [b"label", b"bytes", b"inner"])
def test_a_name_that_is_no_text_is_refused(tmp_path, ending, name):
    images = pa.array([{"bytes": b"p", "path": "q"}] * 3)
    table = pa.table({"image": images, "list": pa.array([[{"inner": 1}]] * 3), "label": ["a", "b", "a"]})
    path = tmp_path / f"table.{ending}"
    path.write_bytes(ipc(table)) if ending == "arrow" else parquet.write_table(table, path, store_schema=False)
    path.write_bytes(path.read_bytes().replace(name, b"\xff" + name[1:]))
    with pytest.raises(DataError):
        load_dataset(path, label="label")
    with pytest.raises(DataError):
        list(open_columnar(path).chunks())


@pytest.mark.parametrize("name", ["table.csv", "table.csv.gz", "table.parquet"])
def test_a_table_that_may_not_be_read_is_refused(tmp_path, name, monkeypatch):
    path = tmp_path / name
    path.write_bytes(b"a,label\n")

    def refuses(path, mode="r"):
        raise PermissionError(13, "Permission denied", str(path))

    # an administrator, who may run the tests, may read everything
    monkeypatch.setattr("cutaway.data.tables.readers.opening.open", refuses, raising=False)
    with pytest.raises(DataError):
        open_any(path)
