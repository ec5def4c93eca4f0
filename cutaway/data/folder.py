"""A folder of data, its parts found by name: IDX files in MNIST's layout, or .npy files, which stay on disk."""

import re
from pathlib import Path

import numpy as np

from cutaway.errors import DataError

from .idx import read_idx
from .npy import map_npy

LAYOUT = {
    "x_train": r"train-images",
    "y_train": r"train-labels",
    "x_test": r"(t10k|test)-images",
    "y_test": r"(t10k|test)-labels",
}
ENDING = r"[-.](.*[-.])?(idx|ubyte)(\.gz)?"


def read_folder(folder: Path) -> dict[str, np.ndarray]:
    """Reads the IDX files of a folder, such as ``train-images-idx3-ubyte.gz``, and opens .npy files, ``x_train.npy``.

    Returns:
        "x_train" and "y_train", and "x_test" and "y_test" where they are present; .npy files as memory maps.

    Raises:
        DataError: A file is missing, there are two of one part, or a file is damaged.
    """
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file())
    except OSError as error:
        raise DataError(
            "a data folder can be read", got=f"{folder} ({error.strerror})", hint="check its permissions"
        ) from None
    found = {
        part: [p for p in files if p.name == f"{part}.npy" or re.fullmatch(stem + ENDING, p.name)]
        for part, stem in LAYOUT.items()
    }
    for part, paths in found.items():
        if len(paths) > 1:
            raise DataError(
                "a data folder holds each part once",
                got=f"{' and '.join(path.name for path in paths)} in {folder}",
                hint="keep one of them",
            )
        if not paths and part in ("x_train", "y_train"):
            raise DataError(
                "a data folder holds IDX files train-images* and train-labels*, or x_train.npy and y_train.npy",
                got=f"{folder} without {LAYOUT[part]}* or {part}.npy",
                hint="check the path; the names of IDX files end in .idx or -ubyte, with or without .gz",
            )
    return {part: _read(paths[0]) for part, paths in found.items() if paths}


def _read(path: Path) -> np.ndarray:
    return map_npy(path) if path.suffix == ".npy" else read_idx(path)
