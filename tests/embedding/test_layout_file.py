import io
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.embedding import Layout, Quality, layout_from_npz, layout_to_npz
from cutaway.errors import DataError

LAYOUT = Layout(
    xy=np.arange(10, dtype=np.float32).reshape(5, 2),
    method="tsne",
    settings={"perplexity": 30.0, "initialization": "pca", "seed": 7},
    seconds={"optimize": 1.5, "total": 2.0},
    kl_divergence=1.25,
    quality=Quality(
        trustworthiness=0.9, neighbors_preserved=0.4, k=15, samples=2000, accuracy_layer=0.98, accuracy_plane=0.97
    ),
    misplaced=np.array([0, 0.2, 0.4, 1, 0.6], dtype=np.float32),
)
IDS = {"split": np.array(["train", "test", "test", "val", "test"]), "index": np.array([3, 1, 4, 1, 5])}
DATA = layout_to_npz(LAYOUT, IDS)


@pytest.mark.parametrize(
    "layout", [LAYOUT, replace(LAYOUT, method="pca", kl_divergence=None, quality=None, misplaced=None)]
)
def test_a_layout_is_read_as_it_was_written(layout):
    read, ids = layout_from_npz(layout_to_npz(layout, IDS))
    np.testing.assert_array_equal(read.xy, layout.xy)
    assert read.xy.dtype == np.float32
    np.testing.assert_array_equal(read.misplaced, layout.misplaced)
    assert replace(read, xy=None, misplaced=None).__dict__ == replace(layout, xy=None, misplaced=None).__dict__
    assert list(ids) == ["split", "index"]
    for name, array in IDS.items():
        np.testing.assert_array_equal(ids[name], array)


def test_identities_may_have_the_names_of_our_own_arrays():
    _, ids = layout_from_npz(layout_to_npz(LAYOUT, {"xy": np.arange(5), "layout": np.arange(5)}))
    assert {name: array.tolist() for name, array in ids.items()} == {"xy": list(range(5)), "layout": list(range(5))}


@pytest.mark.parametrize(
    "array",
    [np.arange(4), np.zeros((5, 1)), np.array([None] * 5)],
)
def test_identities_that_do_not_fit_are_refused(array):
    with pytest.raises(DataError):
        layout_to_npz(LAYOUT, {"index": array})


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"not a zip", DATA[: len(DATA) // 2], DATA[:-1]])
def test_damaged_bytes_are_refused(data):
    with pytest.raises(DataError):
        layout_from_npz(data)


@given(place=st.integers(0, len(DATA) - 1), value=st.integers(0, 255))
def test_a_changed_byte_is_refused_or_harmless(place, value):
    damaged = bytearray(DATA)
    damaged[place] = value
    try:
        layout, _ = layout_from_npz(bytes(damaged))
    except DataError:
        return
    np.testing.assert_array_equal(layout.xy, LAYOUT.xy)
    np.testing.assert_array_equal(layout.misplaced, LAYOUT.misplaced)
    assert layout.settings == LAYOUT.settings


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def record(text='"format": 3', **changes):
    fields = {
        "method": '"pca"',
        "settings": "{}",
        "seconds": '{"total": 1.0}',
        "kl_divergence": "null",
        "quality": "null",
    } | changes
    return np.array("{" + ", ".join([text, *(f'"{name}": {value}' for name, value in fields.items())]) + "}")


XY = LAYOUT.xy


def test_the_file_written_by_hand_is_valid():
    layout, ids = layout_from_npz(npz(xy=XY, layout=record(), id_index=np.arange(5)))
    assert (layout.method, layout.seconds, list(ids)) == ("pca", {"total": 1.0}, ["index"])


@pytest.mark.parametrize(
    "data",
    [
        npz(layout=record()),
        npz(xy=XY),
        npz(xy=XY.astype(float), layout=record()),
        npz(xy=XY[:, :1], layout=record()),
        npz(xy=XY, layout=record('"format": 1')),
        npz(xy=XY, layout=record(method="7")),
        npz(xy=XY, layout=record(settings="[]")),
        npz(xy=XY, layout=record(quality='{"k": 1}')),
        npz(xy=XY, layout=record(color="1")),
        npz(xy=XY, layout=np.array("{")),
        npz(xy=XY, layout=record(), other=XY),
        npz(xy=XY, layout=record(), misplaced=np.zeros(5)),
        npz(xy=XY, layout=record(), misplaced=np.zeros(4, np.float32)),
        npz(xy=XY, layout=record(misplaced="1")),
        npz(xy=XY * np.float32("nan"), layout=record()),
        npz(xy=XY + np.float32("inf"), layout=record()),
        npz(xy=XY, layout=record(), misplaced=np.full(4, np.nan, np.float32)),
        npz(xy=XY, layout=record(), id_preserved=np.full(4, np.nan, np.float32)),
        npz(xy=XY, layout=record(kl_divergence="NaN")),
        npz(xy=XY, layout=record(), id_index=np.arange(4)),
        npz(xy=XY, layout=record(), id_index=np.array([{}] * 5)),
    ],
)
def test_other_files_are_refused(data):
    with pytest.raises(DataError):
        layout_from_npz(data)


def test_a_file_that_would_inflate_is_refused_unread():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xy.npy", bytes(10_000_000))
    with pytest.raises(DataError):
        layout_from_npz(file.getvalue())
