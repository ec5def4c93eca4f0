"""Datasets of Hugging Face that were loaded in Python; folders of them are refused."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from cutaway.data import load_dataset
from cutaway.errors import DataError, UsageError


class Split:
    """What is used of a split as the package datasets holds it in memory."""

    def __init__(self, frame, **features):
        self.features = dict.fromkeys(frame, object()) | features
        self._frame = frame

    def to_pandas(self):
        return self._frame


class Image:
    """As the feature of images is called."""


X = np.random.default_rng(0).normal(size=300)
FRAME = pd.DataFrame({"x": X, "label": (X > 0).astype(int)})
NAMES = SimpleNamespace(names=["neg", "pos"])


def test_a_split_in_memory_is_a_table_with_its_label_and_names():
    table = load_dataset(Split(FRAME[:200], label=NAMES), test=FRAME[200:])
    assert (table.options.label, table.class_names) == ("label", ("neg", "pos"))
    assert {source: len(labels) for source, labels in table.labels.items()} == {"train": 200, "test": 100}
    np.testing.assert_array_equal(table.labels["test"], FRAME["label"][200:])
    assert load_dataset(Split(FRAME, label=NAMES), class_names=["a", "b"]).class_names == ("a", "b")


def test_images_and_dicts_of_splits_are_refused():
    with pytest.raises(DataError):
        load_dataset(Split(FRAME, img=Image()))
    for splits in ({"train": Split(FRAME)}, {}):
        with pytest.raises(UsageError):
            load_dataset(splits)


def test_folders_of_splits_are_refused(tmp_path):
    """As save_to_disk and the hub lay them out; files of both splits next to each other are not one table."""
    table = pa.Table.from_pandas(FRAME, preserve_index=False)
    for place in ("saved/train/data-00000-of-00001.arrow", "saved/test/data-00000-of-00001.arrow"):
        (tmp_path / place).parent.mkdir(parents=True)
        with pa.OSFile(str(tmp_path / place), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
            writer.write_table(table)
    (tmp_path / "hub" / "data").mkdir(parents=True)
    for part in ("train", "test"):
        parquet.write_table(table, tmp_path / "hub" / "data" / f"{part}-00000-of-00001.parquet")
    for folder in ("saved", "hub", "hub/data"):
        with pytest.raises(DataError):
            load_dataset(tmp_path / folder)
    assert len(load_dataset(tmp_path / "saved" / "train", label="label").labels["train"]) == 300


def test_images_in_columnar_files_are_refused(tmp_path):
    images = pa.array([{"bytes": b"GIF89a", "path": None}] * 4, pa.struct({"bytes": pa.binary(), "path": pa.string()}))
    parquet.write_table(pa.table({"image": images, "label": [0, 1, 0, 1]}), tmp_path / "t.parquet")
    with pytest.raises(DataError):
        load_dataset(tmp_path / "t.parquet", label="label")
