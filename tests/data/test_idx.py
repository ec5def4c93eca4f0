"""The IDX reader against an independent writer, and against every way in which a file can be broken."""

import gzip
import math
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cutaway.data import read_idx
from cutaway.errors import CutawayError, DataError, UnknownNameError

FORMATS = {
    "uint8": (8, "B"),
    "int8": (9, "b"),
    "int16": (11, "h"),
    "int32": (12, "i"),
    "float32": (13, "f"),
    "float64": (14, "d"),
}


def idx_bytes(array):
    code, letter = FORMATS[array.dtype.name]
    values = array.ravel().tolist()
    return struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape) + struct.pack(
        f">{len(values)}{letter}", *values
    )


def declaring(*sizes, code=8, values=b""):
    return struct.pack(f">HBB{len(sizes)}I", 0, code, len(sizes), *sizes) + values


@pytest.fixture
def write(tmp_path):
    def write(content, name="file.idx"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@st.composite
def arrays(draw):
    dtype = draw(st.sampled_from(sorted(FORMATS)))
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=4))
    return draw(hnp.arrays(dtype, shape))


in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(array=arrays(), packed=st.booleans())
@in_one_folder
def test_every_dtype_and_rank_is_read_as_it_was_written(write, array, packed):
    content = idx_bytes(array)
    # The content decides, so the name lies on purpose.
    path = write(gzip.compress(content) if packed else content, "plain.idx" if packed else "packed.gz")
    read = read_idx(path)
    assert read.dtype == array.dtype
    assert read.dtype.isnative
    assert read.shape == array.shape
    np.testing.assert_array_equal(read, array)


def test_rank_32_is_read_and_rank_33_is_refused(write):
    assert read_idx(write(declaring(*[1] * 32, values=b"\7"))).shape == (1,) * 32
    with pytest.raises(DataError):
        read_idx(write(declaring(*[1] * 33, values=b"\7")))


@given(data=st.data(), packed=st.booleans())
@in_one_folder
def test_mutated_and_truncated_files_raise_a_data_error_or_are_read(write, data, packed):
    content = bytearray(idx_bytes(np.arange(24, dtype=np.int16).reshape(2, 3, 4)))
    if packed:
        content = bytearray(gzip.compress(bytes(content), mtime=0))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = write(bytes(content[: data.draw(st.integers(0, len(content)))]))
    try:
        read_idx(path)
        message = None
    except DataError as error:
        message = str(error)
    assert message is None or ("\n" not in message and str(path) in message)


@pytest.mark.parametrize("cut", range(4 + 8 + 12))
def test_every_truncation_is_noticed(write, cut):
    content = declaring(3, 4, values=bytes(12))
    with pytest.raises(DataError):
        read_idx(write(content[:cut]))


@pytest.mark.parametrize("keep", [1, 5, 12, 20, -9, -8, -1])
def test_truncated_gzip_is_noticed(write, keep):
    packed = gzip.compress(declaring(300, values=bytes(range(100)) * 3))
    with pytest.raises(DataError):
        read_idx(write(packed[:keep]))


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_more_bytes_than_are_declared_are_noticed(write, pack):
    with pytest.raises(DataError):
        read_idx(write(pack(declaring(20, 30, values=bytes(601)))))


def test_a_wrong_checksum_is_noticed(write):
    packed = bytearray(gzip.compress(declaring(4, values=b"abcd")))
    packed[-8] ^= 1
    with pytest.raises(DataError):
        read_idx(write(packed))


@pytest.mark.parametrize(
    "content",
    [
        b"<!DOCTYPE html><html>503</html>",
        b"\n <html>",
        gzip.compress(b"<html></html>", mtime=0),
        b"\x89PNG\r\n",
        b"\0\0\x0a\1\0\0\0\0",
        b"",
        b"\0\0\x08\2\0\0\0\1",
    ],
)
def test_files_of_other_formats_are_refused(write, content):
    with pytest.raises(DataError):
        read_idx(write(content))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UnknownNameError):
        read_idx(tmp_path / "nowhere.gz")
    with pytest.raises(UnknownNameError):
        read_idx(tmp_path)
    with pytest.raises(UnknownNameError):
        read_idx(Path("x" * 5000))


def peak_of(call):
    tracemalloc.start()
    try:
        with pytest.raises(CutawayError) as caught:
            call()
        return tracemalloc.get_traced_memory()[1], str(caught.value)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("sizes", [(2**20, 2**20), (0, 2**31, 2**31), (2**32 - 1,) * 20])
def test_a_huge_declaration_fails_before_memory_is_allocated(write, pack, sizes):
    path = write(pack(declaring(*sizes, values=bytes(8))))
    peak, _ = peak_of(lambda: read_idx(path))
    assert peak < 2**20


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_declaration_within_the_limit_is_compared_with_the_file(write, pack):
    path = write(pack(declaring(2**30, values=bytes(100))))
    peak, got = peak_of(lambda: read_idx(path))
    assert "1073741824" in got
    assert peak < 2**20


def test_a_gzip_bomb_is_not_decompressed(write):
    path = write(gzip.compress(declaring(1000, values=bytes(200 * 2**20)), compresslevel=1))
    peak, got = peak_of(lambda: read_idx(path))
    assert "1000 bytes" in got
    assert peak < 4 * 2**20


def test_a_small_packed_file_does_not_become_a_large_array(write, monkeypatch):
    path = write(gzip.compress(declaring(300_000, values=bytes(300_000))))
    assert len(read_idx(path)) == 300_000, "little does no harm"
    monkeypatch.setattr("cutaway.data.idx.MOST_UNPACKED", 200_000)
    peak, _ = peak_of(lambda: read_idx(path))
    assert peak < 2**20
    plain = write(declaring(300_000, values=bytes(300_000)))
    assert len(read_idx(plain)) == 300_000
    monkeypatch.setattr("cutaway.parallel.memory.free_memory", lambda: 100_000)
    peak_of(lambda: read_idx(plain))


def test_the_limit_counts_bytes_of_values(write):
    array = np.arange(10.0)
    path = write(idx_bytes(array))
    assert math.prod(read_idx(path, limit=80).shape) == 10
    with pytest.raises(DataError):
        read_idx(path, limit=79)
