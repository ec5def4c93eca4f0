"""The .npz source: what NumPy writes is read, everything hostile is refused before it costs memory."""

import io
import struct
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cutaway.data import load_dataset
from cutaway.data.sources.npz import read_npz
from cutaway.errors import DataError

X = np.arange(6 * 4, dtype=np.uint8).reshape(6, 2, 2)
Y = np.array([0, 1, 2, 0, 1, 2])


def npy_bytes(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def npy_header(text):
    text = text.ljust(117) + "\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text.encode()


def write_zip(path, members, *, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_dataset_is_loaded_as_it_was_saved(tmp_path, save):
    save(tmp_path / "mine.npz", x_train=X, y_train=Y, x_test=X[:3], y_test=Y[:3], other=np.zeros(3))
    data = load_dataset(tmp_path / "mine.npz")
    assert (data.name, data.shape, data.classes, data.scale) == ("mine", (2, 2), 3, 255.0)
    assert data.origin == {"kind": "path", "path": str((tmp_path / "mine.npz").resolve())}
    np.testing.assert_array_equal(data.sources["train"].x, X)
    np.testing.assert_array_equal(data.sources["test"].y, Y[:3])
    assert load_dataset(data.origin["path"]).sha256 == data.sha256


def test_fortran_order_and_string_labels_are_read(tmp_path):
    np.savez(tmp_path / "f.npz", x_train=np.asfortranarray(X), y_train=np.array(list("cabcab")))
    data = load_dataset(tmp_path / "f.npz")
    np.testing.assert_array_equal(data.sources["train"].x, X)
    assert data.class_names == ("a", "b", "c")
    assert data.sources["train"].y.tolist() == [2, 0, 1, 2, 0, 1]


def test_arrays_that_do_not_fit_together_are_refused_with_the_file(tmp_path):
    path = tmp_path / "bad.npz"
    for arrays in (
        {"x_train": X, "y_train": Y[:5]},
        {"x_train": X, "y_train": Y, "x_test": X},
        {"x_train": X, "y_train": Y, "x_test": X, "y_test": Y + 1},
        {"x_train": X, "labels": Y},
    ):
        np.savez(path, **arrays)
        with pytest.raises(DataError, match="bad.npz"):
            load_dataset(path)


def test_objects_are_never_unpickled(tmp_path):
    np.savez(tmp_path / "o.npz", x_train=np.array([[print]], dtype=object), y_train=Y)
    with pytest.raises(DataError):
        load_dataset(tmp_path / "o.npz")


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1099511627776,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (-4, -1)}",
        "{'descr': '<U0', 'fortran_order': False, 'shape': (1099511627776,)}",
        "{'descr': 'zz', 'fortran_order': False, 'shape': (4,)}",
        "{'descr': '|u1', 'fortran_order': False}",
        "(" * 110,
    ],
)
def test_a_hostile_header_is_refused(tmp_path, header):
    path = write_zip(tmp_path / "h.npz", {"x_train.npy": npy_header(header) + bytes(4), "y_train.npy": npy_bytes(Y)})
    with pytest.raises(DataError):
        read_npz(path)


def test_sizes_are_bounded(tmp_path):
    path = write_zip(
        tmp_path / "big.npz", {"x_train.npy": npy_bytes(np.zeros(10**6, np.uint8)), "y_train.npy": npy_bytes(Y)}
    )
    assert path.stat().st_size < 5000
    with pytest.raises(DataError):
        read_npz(path, limit=100_000)
    # The zip directory claims a size that the packed bytes cannot hold.
    raw = path.read_bytes()
    claimed = struct.pack("<I", 10**6 + 128)
    assert raw.count(claimed) == 2
    for size in (2**27, 2**30):
        path.write_bytes(raw.replace(claimed, struct.pack("<I", size)))
        with pytest.raises(DataError):
            read_npz(path)


def test_other_compression_methods_are_refused(tmp_path):
    members = {"x_train.npy": npy_bytes(X), "y_train.npy": npy_bytes(Y)}
    path = write_zip(tmp_path / "l.npz", members, method=zipfile.ZIP_LZMA)
    with pytest.raises(DataError):
        read_npz(path)


@given(data=st.data(), packed=st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_mutated_and_truncated_files_raise_a_data_error_or_are_read(tmp_path, data, packed):
    stream = io.BytesIO()
    (np.savez_compressed if packed else np.savez)(stream, x_train=X, y_train=Y)
    content = bytearray(stream.getvalue())
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "m.npz"
    path.write_bytes(content[: data.draw(st.sampled_from([len(content), len(content) // 2, len(content) - 1, 3]))])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy warns of headers that look as if Python 2 had written them
        try:
            load_dataset(path)
            message = None
        except DataError as error:
            message = str(error)
    assert message is None or "m.npz" in message


def test_a_small_file_does_not_become_a_large_array(tmp_path, monkeypatch):
    zeros, noise = np.zeros((4000, 50), np.uint8), np.random.default_rng(0).integers(0, 9, (4000, 50), np.uint8)
    labels = np.arange(4000, dtype=np.uint8) % 3
    np.savez_compressed(tmp_path / "zeros.npz", x_train=zeros, y_train=labels)
    np.savez_compressed(tmp_path / "noise.npz", x_train=noise, y_train=labels)
    np.savez(tmp_path / "plain.npz", x_train=zeros, y_train=labels)
    assert read_npz(tmp_path / "zeros.npz")["x_train"].shape == (4000, 50), "little does no harm"
    monkeypatch.setattr("cutaway.data.idx.MOST_UNPACKED", 200_000)
    with pytest.raises(DataError):
        read_npz(tmp_path / "zeros.npz")
    for name in ("noise", "plain"):
        assert read_npz(tmp_path / f"{name}.npz")["x_train"].shape == (4000, 50)
    monkeypatch.setattr("cutaway.parallel.memory.free_memory", lambda: 204_255)
    with pytest.raises(DataError):
        read_npz(tmp_path / "noise.npz")
