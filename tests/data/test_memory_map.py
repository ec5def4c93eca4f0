"""Inputs that stay on disk: the same dataset as in memory, never loaded, and broken files refused."""

import os
import pickle
import re
import struct
import tracemalloc
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cutaway.data import Dataset, LazyRows, SampleIds, load_dataset, mapping, split_dataset
from cutaway.errors import CutawayWarning, DataError

RNG = np.random.default_rng(0)
FLOATS = RNG.standard_normal((60, 4, 3)).astype(np.float32)
BYTES = RNG.integers(0, 256, (60, 4, 3), np.uint8)
Y = np.arange(60) % 3
SOURCES = ("train", "test")


def save(folder, **arrays):
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return folder


def on_disk(folder, array, *, mode="r"):
    np.save(folder / "array.npy", array)
    return np.load(folder / "array.npy", mmap_mode=mode)


def owner(array):
    while isinstance(array, np.ndarray):
        array = array.base
    return array


@pytest.mark.parametrize("x", [BYTES, FLOATS, np.asfortranarray(FLOATS)], ids=["bytes", "floats", "fortran"])
def test_a_folder_of_npy_files_equals_the_dataset_in_memory(tmp_path, monkeypatch, x):
    data = load_dataset(save(tmp_path, x_train=x, y_train=Y, x_test=x[:20] // 2, y_test=Y[:20]))
    reference = Dataset.from_arrays(x, Y, x_test=x[:20] // 2, y_test=Y[:20])
    assert (data.in_memory, reference.in_memory) == (False, True)
    assert data.origin == {"kind": "path", "path": str(tmp_path.resolve())}
    assert (data.shape, data.scale, data.class_names) == (reference.shape, reference.scale, reference.class_names)
    monkeypatch.setattr(mapping, "PIECE_BYTES", 100)  # several pieces, the last one smaller
    assert data.sha256 == reference.sha256
    split, same = split_dataset(data, seed=3), split_dataset(reference, seed=3)
    assert split.to_record() == same.to_record()
    ids = split.part("all").take(RNG.permutation(80))
    for one, other in [
        (data.x(ids), reference.x(ids)),
        (data.y(ids), reference.y(ids)),
        (data.inputs(ids), reference.inputs(ids)),
        (np.asarray(data.rows(ids)), reference.x(ids)),
        (np.asarray(reference.rows(ids)), reference.x(ids)),
    ]:
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


def test_the_test_split_is_optional_and_labels_may_be_strings(tmp_path):
    data = load_dataset(save(tmp_path, x_train=FLOATS, y_train=np.array(list("bac"))[Y]))
    assert list(data.sources) == ["train"]
    assert data.class_names == ("a", "b", "c")
    assert data.sources["train"].y.tolist()[:3] == [1, 0, 2]


@pytest.mark.parametrize(
    "view", [lambda m: m, np.asarray, lambda m: m[:30].reshape(30, 12)], ids=["map", "view", "cut"]
)
def test_a_memory_map_and_its_views_are_not_copied_and_remain_writeable(tmp_path, view):
    mine = view(on_disk(tmp_path, FLOATS, mode="r+"))
    data = Dataset.from_arrays(mine, Y[: len(mine)])
    held = data.sources["train"].x
    assert np.shares_memory(held, mine)
    assert not data.in_memory
    mine[0] = 5
    assert (held[0] == 5).all()
    with pytest.raises(ValueError, match="read-only"):
        held[0] = 1


def test_results_computed_from_a_memory_map_are_in_memory(tmp_path):
    mine = on_disk(tmp_path, FLOATS)
    for x in (mine * 2, mine.copy(), mine[[0, 1, 2]], np.ma.array(mine * 1)):
        assert Dataset.from_arrays(x, Y[: len(x)]).in_memory
    assert not Dataset.from_arrays(FLOATS, Y, x_test=mine, y_test=Y).in_memory


def test_labels_are_read_into_memory(tmp_path):
    data = load_dataset(save(tmp_path, x_train=FLOATS, y_train=Y))
    assert owner(data.sources["train"].x) is not None
    assert owner(data.sources["train"].y) is None


@pytest.mark.parametrize("dtype", [np.float64, np.int64, np.int8, np.bool_, ">f4", np.float16])
def test_memory_maps_of_other_dtypes_are_refused(tmp_path, dtype):
    x = FLOATS.astype(dtype)
    with pytest.raises(DataError):
        Dataset.from_arrays(on_disk(tmp_path, x), Y)
    with pytest.raises(DataError):
        load_dataset(save(tmp_path, x_train=x, y_train=Y))


@pytest.mark.parametrize(("value", "name"), [(np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf")])
def test_values_that_are_not_finite_are_found_in_any_piece(tmp_path, monkeypatch, value, name):
    monkeypatch.setattr(mapping, "PIECE_BYTES", 7 * FLOATS[0].nbytes)
    for sample in (0, 6, 7, 41, 59):
        x = FLOATS.copy()
        x[sample, 2, 1] = value
        with pytest.raises(DataError, match=rf"{name} in train\[{sample}\]"):
            Dataset.from_arrays(on_disk(tmp_path, x), Y)


def test_the_range_is_that_of_all_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr(mapping, "PIECE_BYTES", 7 * FLOATS[0].nbytes)
    x = FLOATS.copy()
    x[0, 0, 0], x[59, 3, 2] = -250, 120
    with pytest.warns(CutawayWarning):
        Dataset.from_arrays(on_disk(tmp_path, x), Y)


def test_pieces_cover_an_array_in_order_and_are_bounded(monkeypatch):
    monkeypatch.setattr(mapping, "PIECE_BYTES", 100)
    for shape, lengths in {(60, 12): [8] * 7 + [4], (3, 500): [1, 1, 1], (4, 0): [4], (0, 5): []}.items():
        array = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
        parts = list(mapping.pieces(array))
        assert [len(part) for part in parts] == lengths
        np.testing.assert_array_equal(np.concatenate([array[:0], *parts]), array)


def test_reading_in_fortran_order_takes_the_memory_of_one_piece(tmp_path):
    form = {"dtype": np.float32, "shape": (24_576, 1024), "fortran_order": True}  # 96 MiB
    x, y = np.lib.format.open_memmap(tmp_path / "x.npy", mode="w+", **form), np.arange(24_576) % 2
    tracemalloc.start()
    try:
        digest = Dataset.from_arrays(x, y).sha256
        x[-1, -1] = np.nan
        with pytest.raises(DataError):
            Dataset.from_arrays(x, y)
        assert tracemalloc.get_traced_memory()[1] < 2.5 * mapping.PIECE_BYTES < 48 * 2**20
    finally:
        tracemalloc.stop()
    x[-1, -1] = 0
    assert digest == Dataset.from_arrays(np.zeros(x.shape, np.float32), y).sha256


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """Training samples on disk, test samples in memory, and ids of both in a random order with repeats."""
    mapped = on_disk(tmp_path_factory.mktemp("mixed"), BYTES)
    data = Dataset.from_arrays(mapped, Y, x_test=BYTES[:9] ^ 255, y_test=Y[:9])
    code = RNG.integers(0, 2, 40, np.uint8)
    ids = SampleIds(SOURCES, code, np.where(code == 0, RNG.integers(0, 60, 40), RNG.integers(0, 9, 40)))
    full = np.array([BYTES[i] if c == 0 else BYTES[i] ^ 255 for c, i in zip(code, ids.index, strict=True)])
    return data.rows(ids), full


KEYS = st.one_of(
    st.slices(40),
    st.integers(-40, 39),
    hnp.arrays(
        np.int64, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5), elements=st.integers(-40, 39)
    ),
    hnp.arrays(np.uint8, st.integers(0, 6), elements=st.integers(0, 39)),
    hnp.arrays(np.bool_, 40),
    st.lists(st.integers(-40, 39), min_size=1, max_size=5),
)


@given(key=KEYS)
def test_lazy_rows_are_indexed_as_in_numpy(mixed, key):
    rows, full = mixed
    picked = rows[key]
    assert picked.dtype == full.dtype
    assert picked.shape == full[key].shape
    np.testing.assert_array_equal(picked, full[key])


def test_lazy_rows_have_the_shape_and_dtype_of_the_array(mixed):
    rows, full = mixed
    assert isinstance(rows, LazyRows)
    assert (len(rows), rows.shape, rows.ndim, rows.dtype) == (len(full), full.shape, full.ndim, full.dtype)
    assert repr(rows) == "<LazyRows: 40 of (4, 3) uint8>"
    np.testing.assert_array_equal(np.asarray(rows, np.float32), full.astype(np.float32))
    np.testing.assert_array_equal(list(rows), full)
    with pytest.raises(ValueError, match="asarray"):
        np.array(rows, copy=False)


@pytest.mark.parametrize("key", [40, -41, [0, 40], np.ones(39, bool), (0, 1), slice(0, 2, 0), 1.0, "a"])
def test_indices_out_of_range_are_refused_as_in_numpy(mixed, key):
    with pytest.raises((IndexError, ValueError)):
        mixed[0][key]


def test_rows_that_were_read_are_copies(mixed):
    rows, full = mixed
    for key in (slice(0, 40), np.arange(40), np.flatnonzero(rows.source_index == 0)):
        rows[key][:] = 7
    np.testing.assert_array_equal(rows[:], full)
    with pytest.raises((TypeError, AttributeError)):
        rows[0] = 1


def test_rows_of_no_ids_are_empty_and_unknown_ids_are_refused(tmp_path):
    data = Dataset.from_arrays(on_disk(tmp_path, BYTES), Y)
    for sources in ((), ("train",), ("elsewhere",)):
        nobody = SampleIds(sources, np.zeros(0, np.uint8), np.zeros(0, np.int64))
        assert data.rows(nobody)[:].shape == (0, 4, 3)
    for stranger, index in [("train", 60), ("train", -1), ("elsewhere", 0)]:
        ids = SampleIds(("train", stranger), np.array([0, 1], np.uint8), np.array([0, index]))
        with pytest.raises(DataError):
            data.rows(ids)


def test_ids_may_list_the_sources_in_another_order(mixed):
    data = Dataset.from_arrays(BYTES, Y, x_test=BYTES[:9] ^ 255, y_test=Y[:9])
    ids = SampleIds(("test", "train"), np.array([0, 1, 0], np.uint8), np.array([8, 8, 0]))
    np.testing.assert_array_equal(data.rows(ids)[:], [BYTES[8] ^ 255, BYTES[8], BYTES[0] ^ 255])


def header(text):
    text = text.ljust(117) + "\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text.encode()


WHOLE = header("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)}") + bytes(16)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        WHOLE[:-1],
        WHOLE + b"\0",
        WHOLE[:60],
        b"\x93NUMPY\x09\0" + WHOLE[8:],
        header("{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776, 1099511627776)}"),
        header("{'descr': '<f4', 'fortran_order': False, 'shape': (-2, -2)}") + bytes(16),
        header("{'descr': 'zz', 'fortran_order': False, 'shape': (4,)}"),
        header("(" * 110),
        b"PK\x03\x04" + bytes(200),
        pickle.dumps({"x": list(range(9))}),
    ],
)
def test_a_damaged_file_is_refused_with_its_name(tmp_path, content):
    save(tmp_path, y_train=Y)
    path = tmp_path / "x_train.npy"
    path.write_bytes(content)
    with pytest.raises(DataError, match=re.escape(str(path))) as caught:
        load_dataset(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("part", ["x_train", "y_train"])
def test_objects_are_never_unpickled(tmp_path, part):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "sprung"),)

    save(tmp_path, x_train=BYTES, y_train=Y)
    np.save(tmp_path / f"{part}.npy", np.array([[Trap()]], dtype=object), allow_pickle=True)
    with pytest.raises(DataError):
        load_dataset(tmp_path)
    assert not (tmp_path / "sprung").exists()
    np.load(tmp_path / f"{part}.npy", allow_pickle=True)
    assert (tmp_path / "sprung").exists()  # the trap works


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_mutated_and_truncated_files_raise_a_data_error_or_are_read(tmp_path, data):
    save(tmp_path, x_train=FLOATS, y_train=Y)
    path = tmp_path / f"{data.draw(st.sampled_from(['x_train', 'y_train']))}.npy"
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, 200))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.sampled_from([len(content), len(content) // 2, len(content) - 1, 3]))])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of headers that look old, and of wide inputs
        try:
            load_dataset(tmp_path).sha256  # noqa: B018
            message = None
        except DataError as error:
            message = str(error)
    assert message is None or str(tmp_path) in message


def test_files_that_do_not_fit_together_are_refused_with_the_folder(tmp_path):
    for arrays in (
        {"x_train": BYTES, "y_train": Y[:5]},
        {"x_train": BYTES[:, 0, 0], "y_train": Y},
        {"x_train": BYTES, "y_train": Y, "x_test": FLOATS},
        {"x_test": FLOATS, "y_test": Y},
    ):
        with pytest.raises(DataError, match=str(tmp_path)):
            load_dataset(save(tmp_path, **arrays))
    (tmp_path / "train-images.idx").write_bytes(b"")
    with pytest.raises(DataError):
        load_dataset(tmp_path)
    for name in ("train-images.idx", "y_train.npy"):
        (tmp_path / name).unlink()
    with pytest.raises(DataError):
        load_dataset(tmp_path)
