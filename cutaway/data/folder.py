"""A folder in MNIST's layout: four IDX files, found by name."""

import re
from pathlib import Path

import numpy as np

from cutaway.errors import DataError

from .idx import read_idx

LAYOUT = {
    "x_train": r"train-images",
    "y_train": r"train-labels",
    "x_test": r"(t10k|test)-images",
    "y_test": r"(t10k|test)-labels",
}
ENDING = r"[-.](.*[-.])?(idx|ubyte)(\.gz)?"


def read_folder(folder: Path) -> dict[str, np.ndarray]:
    """Reads the IDX files of a folder, such as ``train-images-idx3-ubyte.gz``.

    Returns:
        "x_train" and "y_train", and "x_test" and "y_test" where they are present.

    Raises:
        DataError: A file is missing, there are two of one part, or a file is damaged.
    """
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file())
    except OSError as error:
        raise DataError(
            "a data folder can be read", came=f"{folder} ({error.strerror})", fix="check its permissions"
        ) from None
    found = {part: [p for p in files if re.fullmatch(stem + ENDING, p.name)] for part, stem in LAYOUT.items()}
    for part, paths in found.items():
        if len(paths) > 1:
            raise DataError(
                "a data folder holds each part once",
                came=f"{' and '.join(path.name for path in paths)} in {folder}",
                fix="keep one of them",
            )
        if not paths and part in ("x_train", "y_train"):
            raise DataError(
                "a data folder holds train-images* and train-labels* as IDX files, and t10k-* for the test",
                came=f"{folder} without {LAYOUT[part]}*",
                fix="check the path; the names end in .idx or -ubyte, with or without .gz",
            )
    return {part: read_idx(paths[0]) for part, paths in found.items() if paths}
