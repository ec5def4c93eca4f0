"""Loading by name and by path: MNIST, digits, folders of IDX files, and wrong calls."""

import gc
import gzip
import os
import shutil
import struct
import subprocess
import sys
import threading
from importlib import resources
from pathlib import Path
from weakref import WeakValueDictionary

import numpy as np
import pandas as pd
import pytest

from cutaway.checks import check_regular
from cutaway.data import (
    Dataset,
    Decision,
    catalog,
    count_decisions,
    dataset_names,
    load_again,
    load_dataset,
    look_at_table,
    map_npy,
    read_decisions,
    read_new_image,
    split_and_prepare,
    split_dataset,
)
from cutaway.data.labeled import named_labels
from cutaway.data.sources import DataSource, registry
from cutaway.data.sources import mnist as mnist_source
from cutaway.data.sources.record import dataset_from_files
from cutaway.errors import CutawayError, DataError, UnknownNameError, UsageError
from cutaway.image_shape import ImageShape
from cutaway.models.importing.opening import read_model
from cutaway.options import parse_size
from cutaway.studio.people import read_names


@pytest.fixture(scope="module")
def mnist():
    return load_dataset("mnist")


def test_mnist_is_complete_and_unchanged(mnist):
    train, test = mnist.sources["train"], mnist.sources["test"]
    assert (train.x.shape, test.x.shape, train.x.dtype) == ((60_000, 28, 28), (10_000, 28, 28), np.uint8)
    assert np.bincount(train.y).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(test.y).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert train.y[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    # The mean and deviation that everyone normalizes MNIST with.
    assert train.x.mean() / 255 == pytest.approx(0.1307, abs=5e-5)
    assert train.x.std() / 255 == pytest.approx(0.3081, abs=5e-5)
    assert (mnist.name, mnist.scale, mnist.classes, mnist.image) == ("mnist", 255.0, 10, ImageShape(28, 28, 1))
    assert mnist.class_names == tuple("0123456789")
    assert mnist.origin == {"kind": "named", "name": "mnist"}


def test_digits_equal_those_of_scikit_learn():
    from sklearn.datasets import load_digits

    data, reference = load_dataset("digits"), load_digits()
    source = data.sources["train"]
    assert list(data.sources) == ["train"]
    assert (data.shape, data.scale, source.x.dtype) == ((8, 8), 16.0, np.uint8)
    np.testing.assert_array_equal(source.x, reference.images)
    np.testing.assert_array_equal(source.y, reference.target)
    split = split_dataset(data)
    assert [len(split.part(name)) for name in ("train", "val", "test")] == [1077, 360, 360]
    assert data.inputs(split.part("all")).max() == 1.0


def test_the_listing_agrees_with_the_loaded_data(mnist):
    assert [info.name for info in dataset_names()] == ["mnist", "digits"]
    for info in dataset_names():
        data = mnist if info.name == "mnist" else load_dataset(info.name)
        assert info.samples == sum(len(source.y) for source in data.sources.values())
        assert (info.shape, info.classes) == (data.shape, data.classes)
    assert "CC BY-SA 3.0" in dataset_names()[0].license


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    """A copy of the package's data that may be damaged."""
    shutil.copytree(str(resources.files("cutaway.data") / "mnist"), tmp_path / "mnist")
    monkeypatch.setattr(mnist_source.resources, "files", lambda _: tmp_path)
    monkeypatch.setattr(catalog, "_NAMED", WeakValueDictionary())
    return tmp_path / "mnist"


def damage_content(folder):
    path = folder / "t10k-labels-idx1-ubyte.gz"
    labels = bytearray(gzip.decompress(path.read_bytes()))
    labels[-1] ^= 1
    path.write_bytes(gzip.compress(labels, 1))


@pytest.mark.parametrize(
    "damage",
    [
        damage_content,
        lambda folder: (folder / "t10k-images-idx3-ubyte.gz").write_bytes(b"\x1f\x8b\x08"),
        lambda folder: (folder / "t10k-images-idx3-ubyte.gz").unlink(),
        lambda folder: (folder / "SHA256SUMS").unlink(),
        lambda folder: (folder / "SHA256SUMS").write_text("nothing"),
        lambda folder: (folder / "SHA256SUMS").write_text(""),
    ],
)
def test_damaged_package_data_is_noticed(bundle, damage):
    assert load_dataset("mnist").classes == 10
    damage(bundle)
    with pytest.raises(DataError):
        load_dataset("mnist")


def idx(array):
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()


IMAGES = np.arange(5 * 6, dtype=np.uint8).reshape(5, 2, 3)
LABELS = np.array([1, 0, 2, 1, 0])


def fill(folder, *, names, pack=bytes, **changed):
    arrays = {"x": IMAGES, "y": LABELS, "x_test": IMAGES[:3], "y_test": LABELS[:3]} | changed
    for name, array in zip(names, arrays.values(), strict=True):
        (folder / name).write_bytes(pack(idx(array)))
    return folder


UBYTE = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]
DOTTED = ["train-images.idx3-ubyte", "train-labels.idx1-ubyte", "test-images.idx", "test-labels.idx"]


@pytest.mark.parametrize(
    ("names", "pack"), [(UBYTE, bytes), (DOTTED, bytes), ([f"{name}.gz" for name in UBYTE], gzip.compress)]
)
def test_a_folder_of_idx_files_is_loaded(tmp_path, names, pack):
    (tmp_path / "README.txt").write_text("not data")
    data = load_dataset(str(fill(tmp_path, names=names, pack=pack)))
    np.testing.assert_array_equal(data.sources["train"].x, IMAGES)
    np.testing.assert_array_equal(data.sources["test"].y, LABELS[:3])
    assert (data.name, data.class_names, data.scale) == (tmp_path.name, ("0", "1", "2"), 255.0)
    assert data.origin == {"kind": "path", "path": str(tmp_path.resolve())}


def test_names_may_begin_with_that_of_the_dataset(tmp_path):
    names = [f"emnist-letters-{name.replace('t10k', 'test')}" for name in UBYTE]
    data = load_dataset(fill(tmp_path, names=names, y=LABELS + 1, y_test=LABELS[:3] + 1), class_names=["a", "b", "c"])
    assert {name: len(source.y) for name, source in data.sources.items()} == {"train": 5, "test": 3}
    np.testing.assert_array_equal(data.sources["train"].y, LABELS)
    np.testing.assert_array_equal(data.sources["test"].y, LABELS[:3])
    assert data.class_names == ("a", "b", "c")


def test_classes_of_files_get_names(tmp_path):
    names = ["T-shirt", "trouser", "ankle boot"]
    data = load_dataset(fill(tmp_path, names=UBYTE), class_names=names)
    assert data.class_names == tuple(names)
    np.testing.assert_array_equal(data.sources["train"].y, LABELS)
    again = load_again(data.origin)
    assert (again.sha256, again.class_names) == (data.sha256, data.class_names)
    # four names for the numbers 0 to 3, of which one has no sample
    assert load_dataset(tmp_path, class_names=[*names, "bag"]).class_names == (*names, "bag")
    np.savez(tmp_path / "x.npz", x_train=IMAGES, y_train=LABELS)
    assert load_dataset(tmp_path / "x.npz", class_names=tuple(names)).class_names == tuple(names)


def test_wrong_names_of_classes(tmp_path):
    fill(tmp_path, names=UBYTE)
    with pytest.raises(UsageError):
        load_dataset(tmp_path, class_names=["a", "b"])
    for names in ("abc", ["a", "a", "b"], ["a", "b", 3]):
        with pytest.raises(UsageError):
            load_dataset(tmp_path, class_names=names)
    fill(tmp_path, names=UBYTE, y=LABELS + 1, y_test=LABELS[:3] + 2)
    with pytest.raises(DataError):
        load_dataset(tmp_path, class_names=["a", "b", "c"])


def test_data_may_have_a_name_of_their_own(tmp_path):
    frame = pd.DataFrame({"a": np.linspace(-1, 1, 40), "label": np.tile(["x", "y"], 20)})
    frame.to_csv(tmp_path / "t.csv", index=False)
    assert load_dataset(frame, label="label").name == "table"
    table = load_dataset(frame, label="label", name="mine")
    assert (table.name, table.prepare(table.split(), warn=False).name) == ("mine", "mine")
    for data in (
        load_dataset(tmp_path / "t.csv", label="label", name="kund*innen"),
        load_dataset("digits", name="mine"),
    ):
        again = load_again(data.origin)
        assert (again.name, again.origin) == (data.name, data.origin)
    assert load_dataset("digits", name="mine").sha256 == load_dataset("digits").sha256
    with pytest.raises(UsageError):
        load_dataset("digits", name=3)


def test_the_test_files_are_optional(tmp_path):
    fill(tmp_path, names=UBYTE)
    for name in UBYTE[2:]:
        (tmp_path / name).unlink()
    assert list(load_dataset(tmp_path).sources) == ["train"]


def test_files_that_do_not_fit_together_are_refused(tmp_path):
    with pytest.raises(DataError):
        load_dataset(fill(tmp_path, names=UBYTE, y=LABELS[:4]))


def test_missing_and_duplicate_files_are_refused(tmp_path):
    with pytest.raises(DataError):
        load_dataset(tmp_path)
    fill(tmp_path, names=UBYTE)
    (tmp_path / "train-labels.idx").write_bytes(idx(LABELS))
    with pytest.raises(DataError):
        load_dataset(tmp_path)


@pytest.mark.parametrize(
    ("where", "meant"),
    [("mnits", "mnist"), ("Digits", "digits"), ("no/such/folder", ""), ("", ""), ("a\0b", ""), ("x" * 5000, "")],
)
def test_unknown_names_are_refused_with_a_suggestion(where, meant):
    with pytest.raises(UnknownNameError) as caught:
        load_dataset(where)
    assert meant in caught.value.hint


def test_arrays_are_refused_with_a_hint_at_from_arrays():
    with pytest.raises(UsageError):
        load_dataset(IMAGES)  # pyright: ignore[reportArgumentType]


def test_importing_the_room_loads_no_heavy_package():
    code = (
        "import sys, cutaway.data as data; heavy = {'sklearn', 'pandas', 'scipy', 'keras', 'jax'};"
        "assert not heavy & set(sys.modules);"
        "data.Dataset.from_arrays([[1.0], [2.0]], ['a', 'b']); assert not heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_named_dataset_is_loaded_once_for_as_long_as_somebody_holds_it(monkeypatch):
    monkeypatch.setattr(catalog, "_NAMED", WeakValueDictionary())
    held = load_dataset("digits")
    assert load_dataset("digits") is held
    assert load_dataset("digits", name="mine").name == "mine"
    assert held.name == "digits"
    assert len(catalog._NAMED) == 1
    del held
    gc.collect()
    assert not catalog._NAMED


def test_a_source_in_the_registry_is_used(monkeypatch, tmp_path):
    def load(where):
        return dataset_from_files({"x_train": IMAGES, "y_train": LABELS}, where)

    source = DataSource("a .dat file", lambda where: isinstance(where, Path) and where.suffix == ".dat", load)
    monkeypatch.setattr(registry, "SOURCES", (*registry.SOURCES, source))
    (tmp_path / "mine.dat").write_text("")
    data = load_dataset(tmp_path / "mine.dat")
    assert (data.name, data.origin["path"]) == ("mine", str((tmp_path / "mine.dat").resolve()))
    (tmp_path / "table.doc").write_text("a,b")
    with pytest.raises(DataError):
        load_dataset(tmp_path / "table.doc")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes in folders")
@pytest.mark.parametrize(
    ("name", "read"),
    [
        *((f"x.{ending}", load_dataset) for ending in ("csv", "parquet", "npz")),
        ("x.csv", read_decisions),
        ("x.jsonl", lambda path: count_decisions(path) or check_regular(path)),  # a list may be written into a pipe
        ("x.csv", look_at_table),
        ("x.npy", map_npy),
        ("x.png", lambda path: read_new_image(path, shape=(8, 8), scale=255)),
        ("x.keras", read_model),
        ("x.txt", read_names),
    ],
)
def test_a_pipe_is_refused_instead_of_read(name, read, tmp_path):
    os.mkfifo(tmp_path / name)
    waited = []  # whoever waits is let go in the end
    writer = threading.Timer(20, lambda: waited.append(os.close(os.open(tmp_path / name, os.O_WRONLY))))
    writer.start()
    with pytest.raises(CutawayError, match=name):
        read(tmp_path / name)
    writer.cancel()
    assert not waited
    (tmp_path / f"link-{name}").symlink_to("/dev/null")
    with pytest.raises(CutawayError):
        read(tmp_path / f"link-{name}")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes in folders")
def test_pipes_in_a_folder_are_no_data(tmp_path):
    for part in ("x_train", "y_train"):
        os.mkfifo(tmp_path / f"{part}.npy")
    with pytest.raises(DataError):
        load_dataset(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep names of files as text")
@pytest.mark.parametrize("ending", ["csv", "npz"])
def test_a_path_that_is_no_text_is_refused_in_one_line(ending, tmp_path):
    path = os.fsencode(tmp_path / "data.") + b"\xff." + ending.encode()
    with open(path, "wb") as file:
        file.write(b"a,y\n1,p\n2,q\n")
    with pytest.raises(DataError):
        load_dataset(os.fsdecode(path))


def test_a_number_of_5000_digits_is_refused_or_taken_for_a_name(tmp_path):
    digits = "9" * 5000  # Python reads and writes 4,300
    pd.DataFrame({"a": [digits, "1"] * 30, "label": ["x", "y"] * 30}).to_csv(tmp_path / "t.csv", index=False)
    for call in (
        lambda: load_dataset(tmp_path / "t.csv", label=digits),
        lambda: split_and_prepare(load_dataset(tmp_path / "t.csv", label="label")),
        lambda: parse_size(f"28x{digits}"),
        lambda: load_dataset(tmp_path / "t.csv", label="label").split(seed=10**5000),
        lambda: load_dataset(tmp_path / "t.csv", label=10**5000),
        lambda: Dataset.from_arrays(np.eye(2), [0, 1], scale=10**5000),
        lambda: Dataset.from_arrays(np.eye(2), [10**5000, 1]),
        lambda: Decision("test[0]", "relabel", 10**5000),
    ):
        with pytest.raises(CutawayError) as caught:
            call()
        assert len(str(caught.value)) < 1000
    assert named_labels(["0", digits], ["no", "yes"]) == ("0", digits)


def test_links_in_a_circle_are_no_data(tmp_path):
    (tmp_path / "a.npz").symlink_to(tmp_path / "b.npz")
    (tmp_path / "b.npz").symlink_to(tmp_path / "a.npz")
    with pytest.raises(UnknownNameError):
        load_dataset(tmp_path / "a.npz")


def test_a_file_that_does_not_fit_into_the_address_space_is_refused_in_one_line(tmp_path):
    pytest.importorskip("resource")
    np.lib.format.open_memmap(tmp_path / "x_train.npy", mode="w+", dtype="f4", shape=(10**6, 1000)).flush()
    np.save(tmp_path / "y_train.npy", np.zeros(10**6, int))
    limit = "import resource; resource.setrlimit(resource.RLIMIT_AS, (3 * 10**9, 3 * 10**9))"
    program = f"{limit}; from cutaway.data import load_dataset; load_dataset({str(tmp_path)!r})"
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=60)
    assert done.stderr.splitlines()[-1].endswith(
        "of 4.00 GB; next: raise the limit, in a shell with: ulimit -v unlimited"
    )
