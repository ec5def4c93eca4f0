import io

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.errors import DataError
from cutaway.models.importing.hdf5 import open_hdf5

# a name beyond ASCII makes h5py change to the newer layout of groups; Keras names groups by classes in a .keras file
NAMES = st.text(
    st.characters(codec="ascii", categories=("L", "N", "P"), exclude_characters="/."), min_size=1, max_size=12
)
ARRAYS = st.tuples(st.lists(st.integers(0, 4), max_size=4), st.sampled_from(["<f2", "<f4", "<f8", ">f4", ">f8"]))


def written(write):
    file = io.BytesIO()
    with h5py.File(file, "w") as h5:
        write(h5)
    return file.getvalue()


@given(tree=st.dictionaries(NAMES, st.dictionaries(NAMES, ARRAYS, max_size=12), max_size=12), seed=st.integers(0, 99))
def test_groups_and_datasets_are_as_h5py_reads_them(tree, seed):
    rng = np.random.default_rng(seed)

    def write(h5):
        for group, datasets in tree.items():
            made = h5.create_group(group)
            for name, (shape, dtype) in datasets.items():
                made[name] = rng.normal(size=shape).astype(dtype)

    data = written(write)
    root = open_hdf5(data)
    with h5py.File(io.BytesIO(data)) as h5:
        assert root.children.keys() == set(h5)
        for group in h5:
            assert root.children[group].children.keys() == set(h5[group])
            for name, dataset in h5[group].items():
                node = root.find(f"{group}/{name}")
                assert node is not None
                assert node.shape == dataset.shape
                values = node.values()
                assert values.dtype == np.float32
                np.testing.assert_array_equal(values, dataset[()].astype(np.float32))


def test_a_group_of_many_names_has_a_tree_of_several_nodes():
    data = written(lambda h5: [h5.create_group(f"layer_{i}") for i in range(700)])
    assert data.count(b"SNOD") > 32, "more leaves than one node of the tree holds"
    assert len(open_hdf5(data).children) == 700


@given(texts=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20), max_size=30))
def test_texts_in_attributes(texts):
    def write(h5):
        h5.attrs["loose"] = np.array(texts, dtype=h5py.string_dtype())
        h5.attrs["one"] = "".join(texts)

    root = open_hdf5(written(write))
    assert root.attribute("loose") == tuple(texts)
    assert root.attribute("one") == ("".join(texts),)
    assert root.attribute("none") is None


def test_texts_of_fixed_length_and_of_100_kB():
    def write(h5):
        h5.attrs["names"] = [b"dense/kernel:0", b"b"]
        h5.attrs["empty"] = []
        h5.attrs["numbers"] = [1.0]
        h5.attrs["config"] = "x" * 100_000

    root = open_hdf5(written(write))
    assert root.attribute("names") == ("dense/kernel:0", "b")
    assert root.attribute("empty") == ()
    assert root.attribute("numbers") is None
    assert root.attribute("config") == ("x" * 100_000,)


def test_bfloat16_as_keras_stores_it():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    values = np.array([1.5, -2.25, 3e38, 0.0, 1e-30]).astype(ml_dtypes.bfloat16)
    root = open_hdf5(written(lambda h5: h5.create_dataset("x", data=values)))
    np.testing.assert_array_equal(root.children["x"].values(), values.astype(np.float32))


def test_an_array_inside_a_header():
    def write(h5):
        layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        layout.set_layout(h5py.h5d.COMPACT)
        space = h5py.h5s.create_simple((3,))
        h5py.h5d.create(h5.id, b"x", h5py.h5t.IEEE_F32LE, space, layout).write(
            h5py.h5s.ALL, h5py.h5s.ALL, np.arange(3, dtype="<f4")
        )

    np.testing.assert_array_equal(open_hdf5(written(write)).children["x"].values(), [0, 1, 2])


def _virtual(h5):
    layout = h5py.VirtualLayout((3,), "<f4")
    layout[:] = h5py.VirtualSource("/etc/hostname", "x", (3,))
    h5.create_virtual_dataset("x", layout)


def _external(h5):
    h5.create_dataset("x", (3,), "<f4", external=[("/etc/hostname", 0, 12)])


def _link(kind):
    def write(h5):
        h5["x"] = kind

    return write


REFUSED = {
    "external link": _link(h5py.ExternalLink("/etc/hostname", "x")),
    "soft link": _link(h5py.SoftLink("/y")),
    "virtual dataset": _virtual,
    "values in another file": _external,
    "gzip": lambda h5: h5.create_dataset("x", data=np.zeros(3, "f4"), compression="gzip"),
    "chunks": lambda h5: h5.create_dataset("x", data=np.zeros(3, "f4"), chunks=(1,)),
    "integers": lambda h5: h5.create_dataset("x", data=np.zeros(3, "i4")),
    "never written": lambda h5: h5.create_dataset("x", (10**12,), "<f4"),
    "a group": lambda h5: h5.create_group("x"),
}


@pytest.mark.parametrize("write", REFUSED.values(), ids=REFUSED)
def test_unsupported_features_are_refused(write):
    root = open_hdf5(written(write))
    with pytest.raises(DataError):
        _ = root.children["x"].shape and root.children["x"].values()


def test_the_newer_layout_is_named():
    file = io.BytesIO()
    with h5py.File(file, "w", libver="latest") as h5:
        h5["x"] = np.zeros(3, "f4")
    with pytest.raises(DataError):
        open_hdf5(file.getvalue())


def test_a_name_beyond_ascii_is_in_the_newer_layout():
    with pytest.raises(DataError):
        _ = open_hdf5(written(lambda h5: h5.create_group("größe"))).children


def test_invalid_names_are_refused():
    def write(h5):
        h5.create_group("a\x1b[31m")

    with pytest.raises(DataError):
        _ = open_hdf5(written(write)).children
