"""What is said of workbooks, and of folders in which several data are."""

import os

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from cutaway.data import load_dataset
from cutaway.data.sources.table import tables_beside
from cutaway.errors import CutawayWarning, DataError, UsageError

FRAME = pd.DataFrame({"x": np.random.default_rng(0).permutation(40) / 2, "label": ["a", "b"] * 20})


@pytest.mark.parametrize("begins", [b"PK\x03\x04\x14\0\x06\0", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"])
def test_a_workbook_that_is_called_a_table_is_refused_as_one(tmp_path, begins):
    (tmp_path / "houses.csv").write_bytes(begins + os.urandom(3_000))
    with pytest.raises(DataError):
        load_dataset(tmp_path / "houses.csv", label="label")


def test_of_a_mixed_folder_it_is_said_what_is_not_read(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    FRAME.to_parquet(folder / "sales.parquet")
    for note in ("README.md", "notes.txt", ".hidden.csv", "dataset_info.json"):
        (folder / note).write_text("a,b\n")
    assert load_dataset(folder, label="label").labels["train"].shape == (40,), "no warning: the others are no data"
    for other in ("people.csv", "more.npz", "prices.xlsx", "zipped.csv.gz"):
        (folder / other).write_bytes(b"a,b\n")
    with pytest.warns(CutawayWarning, match="more.npz, people.csv, prices.xlsx and zipped.csv.gz"):
        load_dataset(folder, label="label")


def test_images_beside_a_table_are_said_to_be_read_without_it(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for k in range(3):
            Image.fromarray(np.full((4, 4), 40 * k, np.uint8)).save(tmp_path / name / f"{k}.png")
    assert load_dataset(tmp_path).classes == 2
    (tmp_path / "labels.csv").write_text("file,label\n")
    with pytest.warns(CutawayWarning, match="labels.csv"):
        load_dataset(tmp_path)


def test_a_folder_of_text_tables_names_one_to_train_on(tmp_path):
    for name in ("b.csv", "a.csv"):
        (tmp_path / name).write_text("x,label\n")
    assert tables_beside(tmp_path) == ["a.csv", "b.csv"]
    with pytest.raises(DataError, match="a.csv"):
        load_dataset(tmp_path)
    with pytest.raises(UsageError, match="a.csv"):
        load_dataset(tmp_path, label="label")
