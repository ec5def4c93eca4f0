import io
import json
import sys

import h5py
import numpy as np
import pytest

from cutaway.errors import DataError
from cutaway.file_process import hdf5
from cutaway.models.importing.hdf5 import Node, open_hdf5


def written(write, **options):
    file = io.BytesIO()
    with h5py.File(file, "w", **options) as h5:
        write(h5)
    return file.getvalue()


def root_of(data):
    """What the process says of a file, asked in this one."""
    found, raw = hdf5.index(data=data)
    assert raw == b""
    return Node(json.loads(json.dumps(found)), "")


def values_of(data, *paths):
    return np.frombuffer(hdf5.values(data=data, paths=paths)[1], np.float32)


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_arrays_in_groups_are_read_in_the_order_asked_for(libver):
    values = [np.arange(6, dtype=">f4").reshape(2, 3), np.empty((0, 4)), np.float64(1e300), np.float16([[[2.5]]])]
    data = written(
        lambda h5: [h5.create_dataset(f"größe/{n}", data=each) for n, each in enumerate(values)], libver=libver
    )
    file = open_hdf5(data, "x")
    assert list(file.root.children) == ["größe"]
    assert file.root.find("größe/4") is file.root.find("größe/1/x") is None
    nodes = [file.root.find(f"größe/{n}") for n in (3, 2, 1, 0)]
    assert [(node.shape, node.bytes) for node in nodes] == [(each.shape, each.nbytes) for each in values[::-1]]
    for found, wanted in zip(file.values(nodes), [values[3], np.float32(np.inf), *values[1::-1]], strict=True):
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, wanted)
    assert file.values([]) == []
    with pytest.raises(DataError, match="the file y"):
        open_hdf5(b"x", "the file y")


def test_more_names_or_texts_than_the_limits_are_refused(monkeypatch):
    monkeypatch.setattr(hdf5, "MAX_NODES", 5)
    monkeypatch.setattr(hdf5, "MAX_TEXT", 100)
    assert len(root_of(written(lambda h5: [h5.create_group(f"{i}") for i in range(5)])).children) == 5
    for write in (
        lambda h5: [h5.create_group(f"{i}/{i}") for i in range(3)],
        lambda h5: h5.attrs.update(weight_names=["x" * 60, "y" * 60]),
    ):
        with pytest.raises(hdf5._Refused):
            root_of(written(write))


TEXTS = [
    (np.array(["a", "", "größe"], h5py.string_dtype()), ["a", "", "größe"]),
    ("größe" * 20_000, ["größe" * 20_000]),
    ([b"dense/kernel:0", b"b"], ["dense/kernel:0", "b"]),
    ([], []),
    ([1.0], None),
]


@pytest.mark.parametrize(("value", "texts"), TEXTS, ids=["loose", "long", "of one length", "none", "numbers"])
def test_texts_in_attributes(value, texts):
    root = root_of(written(lambda h5: h5.attrs.update(weight_names=value, other="what Keras does not read")))
    assert root.attribute("weight_names") == texts
    assert root.attribute("other") is root.attribute("missing") is None


@pytest.mark.parametrize("kind", [h5py.string_dtype(), "S2"])
def test_texts_that_are_not_UTF_8_are_refused(kind):
    with pytest.raises(UnicodeDecodeError):
        root_of(written(lambda h5: h5.attrs.create("weight_names", [b"\xff", b"a"], dtype=kind)))


def test_bfloat16_as_keras_stores_it():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    values = np.array([1.5, -2.25, 3e38, 0.0, 1e-30]).astype(ml_dtypes.bfloat16)
    data = written(lambda h5: h5.create_dataset("x", data=values))
    assert root_of(data).children["x"].bytes == 10
    np.testing.assert_array_equal(values_of(data, "/x"), values.astype(np.float32))


def test_an_array_inside_a_header():
    def write(h5):
        layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        layout.set_layout(h5py.h5d.COMPACT)
        space = h5py.h5s.create_simple((3,))
        h5py.h5d.create(h5.id, b"x", h5py.h5t.IEEE_F32LE, space, layout).write(
            h5py.h5s.ALL, h5py.h5s.ALL, np.arange(3, dtype="<f4")
        )

    np.testing.assert_array_equal(values_of(written(write), "/x"), [0, 1, 2])


REFUSED = {  # tests/attacks has links, other files, packed values and those that are missing
    "chunks": lambda h5: h5.create_dataset("x", data=np.zeros(3, "f4"), chunks=(1,)),
    "a group": lambda h5: h5.create_group("x"),
    "the root again": lambda h5: h5.update(x=h5["/"]),
    "a type": lambda h5: h5.update(x=np.dtype("f4")),
}


@pytest.mark.parametrize("write", REFUSED.values(), ids=REFUSED)
def test_unsupported_features_are_refused(write):
    with pytest.raises(DataError, match='"/x"'):
        _ = root_of(written(write)).children["x"].shape


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_the_process_can_open_no_file(tmp_path):
    """So no link of a file, refused or not, reaches another one."""
    (tmp_path / "other").write_bytes(written(lambda h5: h5.create_dataset("x", data=np.zeros(3, "f4"))))
    data = written(lambda h5: h5.update(x=h5py.ExternalLink(str(tmp_path / "other"), "x")))
    assert values_of(data, "x").tolist() == [0, 0, 0], "h5py would follow it"
    file = open_hdf5(data, "the file")
    with pytest.raises(DataError, match="the file"):
        file.values([Node({"shape": (3,)}, "x")])
