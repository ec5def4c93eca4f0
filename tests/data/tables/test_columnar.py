"""Columnar files that are damaged, or small on the disk and large in memory."""

import io
import random
from functools import partial

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import feather, parquet

from cutaway.data import load_dataset, look_at_table
from cutaway.data.tables import open_any, open_columnar, prepare_new_rows
from cutaway.data.tables.readers import unpacking
from cutaway.errors import CutawayError, DataError
from cutaway.parallel import memory

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


@pytest.fixture
def free(monkeypatch):
    """Sets how much memory is free, and returns what is asked for."""
    asked = []

    def set_free(size):
        monkeypatch.setattr(memory, "free_memory", lambda: size)

    real = unpacking.ask_memory
    monkeypatch.setattr(unpacking, "ask_memory", lambda size, **words: (asked.append(size), real(size, **words)))
    set_free.asked = asked
    return set_free


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
    chunks = open_columnar(path).chunks()
    assert len(next(chunks)) == 30_000
    with open(path, "r+b") as file:
        file.truncate(300_000)  # in the second part
    with pytest.raises(DataError):
        list(chunks)


@pytest.mark.parametrize("kind", ["feather", "parquet", pytest.param("stream", marks=pytest.mark.exhaustive)])
def test_any_bit_may_flip(tmp_path, kind):
    """Damaged parts are read or refused; tests/attacks does the same to many more files in processes of their own."""
    path = tmp_path / {"feather": "t.feather", "stream": "t.arrow", "parquet": "t.parquet"}[kind]
    if kind == "parquet":
        parquet.write_table(TABLE, path)
    else:
        path.write_bytes(ipc(TABLE, stream=kind == "stream", compression="lz4"))
    good, draw, said = path.read_bytes(), random.Random(3), set[str]()
    for place in (*range(0, 200, 3), *(draw.randrange(len(good)) for _ in range(60))):
        damaged = bytearray(good)
        damaged[place] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        try:
            load_dataset(path, label="label")
        except CutawayError as error:
            said.add(str(error))
    assert len(said) > 3
    assert all(text.isprintable() for text in said)


@given(st.data())
def test_the_memory_that_is_asked_for_is_what_the_parts_take(tmp_path_factory, data):
    stream, compression = data.draw(st.booleans()), data.draw(st.sampled_from([None, "lz4", "zstd"]))
    rows, legacy = data.draw(st.integers(1, 300)), data.draw(st.booleans())
    path = tmp_path_factory.mktemp("sizes") / "table.arrow"
    columns = data.draw(st.lists(st.sampled_from(TABLE.column_names), min_size=1, unique=True))
    table = TABLE.select(columns)
    path.write_bytes(ipc(table, stream=stream, compression=compression, rows=rows, use_legacy_format=legacy))
    asked = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unpacking, "ask_memory", lambda size, **words: asked.append(size))
        assert read(path).equals(table)
    batches = table.to_batches(max_chunksize=rows)
    values = sum(batches[0]["word"].dictionary.get_total_buffer_size() for _ in "w" if "word" in columns)
    largest = max(sum(c.nbytes for c in batch.columns) for batch in batches)
    needed = asked[0] - unpacking.LABEL_BYTES * len(table)
    assert 0.5 * largest <= needed <= largest + values + 64 * 4 * len(columns) * len(batches) + 512


def test_memory_is_asked_for_before_a_packed_file_is_unpacked(tmp_path, free):
    zeros = pa.table({"x": np.zeros(2_000_000, np.float64), "label": np.zeros(2_000_000, np.int8)})
    for name, content in {
        "bomb.feather": ipc(zeros, rows=2_000_000, compression="zstd"),
        "bomb.arrow": ipc(zeros, rows=2_000_000, compression="zstd", stream=True),
    }.items():
        (tmp_path / name).write_bytes(content)
    parquet.write_table(zeros, tmp_path / "bomb.parquet", compression="zstd")
    for path in sorted(tmp_path.iterdir()):
        assert path.stat().st_size < 50_000
        free.asked.clear()
        free(10_000_000)
        before = pa.total_allocated_bytes()
        with pytest.raises(DataError):
            list(open_columnar(path).chunks())
        assert free.asked[0] >= 16_000_000
        assert pa.total_allocated_bytes() - before < 1_000_000
        free(1 << 40)
        assert sum(map(len, open_columnar(path).chunks())) == 2_000_000


@pytest.mark.parametrize("ending", ["arrow", "parquet"])
@pytest.mark.parametrize("kept", [True, False])
def test_a_long_value_that_is_repeated_is_read_a_few_rows_at_a_time(tmp_path, ending, kept, monkeypatch):
    monkeypatch.setattr(unpacking, "CHUNK_BYTES", 1_000_000)
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
    for chunk in open_columnar(path).chunks():
        assert len(chunk) <= 10, "a hundred rows of such values are 10 MB"
        sizes.append(len(chunk))
    assert sum(sizes) == 3500


def test_a_file_in_one_part_is_divided_into_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "CHUNK_ROWS", 128)
    feather.write_feather(TABLE, tmp_path / "one.feather", chunksize=300)
    chunks = list(open_columnar(tmp_path / "one.feather").chunks(["label", "x"]))
    assert [len(chunk) for chunk in chunks] == [128, 128, 44]
    assert pa.concat_tables(chunks).equals(TABLE.select(["label", "x"]))


def test_values_that_share_their_beginnings_are_read_a_thousand_rows_at_a_time(tmp_path):
    table = pa.table({"word": [f"{'x' * 1000}{row}" for row in range(3000)]})
    encoding = {"word": "DELTA_BYTE_ARRAY"}
    parquet.write_table(table, tmp_path / "t.parquet", use_dictionary=False, column_encoding=encoding)
    chunks = list(open_columnar(tmp_path / "t.parquet").chunks())
    assert [len(chunk) for chunk in chunks] == [1024, 1024, 952]
    assert pa.concat_tables(chunks).equals(table)


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
def preparations(tmp_path_factory):
    """Of models of a number, a category and a date."""
    path, found = tmp_path_factory.mktemp("usual") / "table.arrow", []
    for column in (NUMBERS, ["u", "v"] * 30, DAYS):
        path.write_bytes(ipc(pa.table({"column": column, "label": LABELS})))
        table = load_dataset(path, label="label")
        found.append(table.prepare(table.split(seed=0), warn=False).preparation)
    return found


@pytest.mark.filterwarnings("ignore::cutaway.errors.CutawayWarning")
@pytest.mark.parametrize("name", ODD)
def test_columns_of_every_type_are_used_left_out_or_refused(name, tmp_path, preparations):
    path = tmp_path / "table.arrow"
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
def test_codes_of_dates_are_read_as_the_dates_themselves(tmp_path):
    days, path, found = pa.array(DAYS.astype("datetime64[ms]")), tmp_path / "table.arrow", []
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
