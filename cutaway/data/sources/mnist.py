"""MNIST, whose files come with cutaway."""

from dataclasses import replace
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np

from cutaway.data.dataset import Dataset
from cutaway.data.idx import read_content
from cutaway.data.images import Centering
from cutaway.errors import CutawayError, DataError

from .record import DatasetInfo, DataSource

INFO = DatasetInfo(
    name="mnist",
    samples=70_000,
    shape=(28, 28),
    classes=10,
    provenance="handwritten digits, LeCun, Cortes and Burges, from NIST SD-1 and SD-3; comes with cutaway",
    license="copyright LeCun and Cortes; commonly distributed under CC BY-SA 3.0",
    centering=Centering("mass"),
)
FILES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}


def load(_: str | Path) -> Dataset:
    """Load MNIST from the files of the package, after comparing their checksums.

    Raises:
        DataError: A file is missing or damaged.
    """
    folder = resources.files("cutaway.data") / "mnist"
    try:
        lines = (folder / "SHA256SUMS").read_text(encoding="ascii").splitlines()
        sums = {name: digest for digest, name in (line.split() for line in lines)}
        arrays = {part: _read(folder / f"{name}.gz", sums[name]) for part, name in FILES.items()}
    except (CutawayError, OSError, ValueError, KeyError) as error:
        raise DataError(
            f"the MNIST files that come with cutaway are damaged: {error}", hint="reinstall cutaway"
        ) from None
    dataset = Dataset.from_arrays(
        arrays["x_train"],
        arrays["y_train"],
        x_test=arrays["x_test"],
        y_test=arrays["y_test"],
        name=INFO.name,
        class_names=tuple("0123456789"),
    )
    return replace(dataset, origin={"kind": "named", "name": INFO.name}, centering=INFO.centering)


def _read(file: Traversable, digest: str) -> np.ndarray:
    with resources.as_file(file) as path:
        content = read_content(path)
    if content.sha256() != digest:
        raise DataError(
            f"the unpacked {file.name} has the SHA-256 {content.sha256()}, not {digest}", hint="reinstall cutaway"
        )
    return content.array()


SOURCE = DataSource("MNIST", lambda where: where == INFO.name, load, INFO)
