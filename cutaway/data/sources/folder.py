"""A folder of IDX or .npy files, which are recognized by their names; .npy files stay on disk."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cutaway.data.dataset import Dataset
from cutaway.data.idx import read_idx
from cutaway.data.npy import map_npy
from cutaway.errors import DataError, os_errors

from .record import DataSource, dataset_from_files
from .table import tables_beside

FILE_NAMES = {
    "x_train": r"train-images",
    "y_train": r"train-labels",
    "x_test": r"(t10k|test)-images",
    "y_test": r"(t10k|test)-labels",
}
BEFORE = r"(.+-)?"
"""A name may begin with that of the dataset, as emnist-letters-train-images-idx3-ubyte.gz does."""

ENDING = r"[-.](.*[-.])?(idx|ubyte)(\.gz)?"


def read_folder(folder: Path) -> dict[str, np.ndarray]:
    """Read the IDX files of a folder, such as ``train-images-idx3-ubyte.gz``, or map its .npy files, ``x_train.npy``.

    Returns:
        "x_train" and "y_train", and "x_test" and "y_test" if present; .npy files as memory maps.

    Raises:
        DataError: A file is missing, two files are of the same part, or a file is damaged.
    """
    with os_errors(f"cannot read the data folder {folder}", hint="check its permissions", kind=DataError):
        files = sorted(path for path in folder.iterdir() if path.is_file())
    found = {
        part: [p for p in files if p.name == f"{part}.npy" or re.fullmatch(BEFORE + stem + ENDING, p.name)]
        for part, stem in FILE_NAMES.items()
    }
    for part, paths in found.items():
        if len(paths) > 1:
            raise DataError(
                f"{folder} contains the same part twice: {' and '.join(path.name for path in paths)}",
                hint="keep one of them",
            )
        if not paths and part in ("x_train", "y_train"):
            raise DataError(
                f"{folder} contains no {FILE_NAMES[part]}* and no {part}.npy",
                hint=f"name the table itself, {' or '.join(str(folder / each) for each in tables[:3])}"
                if (tables := tables_beside(folder))
                else "check the path; the names of IDX files end in .idx or -ubyte, with or without .gz; "
                "load other data in Python, and pass a frame or arrays",
            )
    return {part: _read(paths[0]) for part, paths in found.items() if paths}


def _read(path: Path) -> np.ndarray:
    return map_npy(path) if path.suffix == ".npy" else read_idx(path)


def load(where: str | Path, *, class_names: Sequence[str] | None = None) -> Dataset:
    """Load the dataset of a folder."""
    return dataset_from_files(read_folder(Path(where)), where, class_names=class_names)


SOURCE = DataSource(
    "a folder of IDX or .npy files",
    lambda where: isinstance(where, Path) and where.is_dir(),
    load,
    options=frozenset({"class_names"}),
)
