"""What can be loaded: the datasets that come with cutaway by name, and the user's own by path."""

import difflib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import numpy as np

from cutaway.errors import CutawayError, DataError, UnknownNameError, UsageError

from .dataset import Dataset
from .folder import read_folder
from .idx import read_content
from .npz import read_npz

DIGITS = tuple("0123456789")
MNIST_FILES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}


@dataclass(frozen=True)
class DatasetInfo:
    """What is known of a named dataset without loading it.

    Attributes:
        name: What `load_dataset` takes.
        samples: The number of samples in all sources.
        shape: Of one sample.
        classes: The number of classes.
        provenance: Where it comes from and who made it.
        license: On what terms.
    """

    name: str
    samples: int
    shape: tuple[int, ...]
    classes: int
    provenance: str
    license: str


def dataset_names() -> tuple[DatasetInfo, ...]:
    """The named datasets, all of which load without a network."""
    return tuple(info for info, _ in CATALOGUE.values())


def load_dataset(where: str | os.PathLike) -> Dataset:
    """Loads a dataset by name or by path.

    Args:
        where: "mnist", "digits", a folder of IDX files in MNIST's layout, a folder of x_train.npy, y_train.npy,
            x_test.npy and y_test.npy, whose inputs stay on disk, or an .npz file with arrays of these names; the test
            may be lacking. A name goes before a path of the same text: write "./mnist" for the path.

    Raises:
        UnknownNameError: Neither a known name nor an existing path.
        DataError: The files are damaged or do not fit together.
    """
    if not isinstance(where, str | os.PathLike):
        raise UsageError(
            "load_dataset takes a name or a path",
            got=type(where).__name__,
            hint="turn arrays into a dataset with Dataset.from_arrays(x, y)",
        )
    if isinstance(where, str) and where in CATALOGUE:
        return CATALOGUE[where][1]()
    place = os.path.expanduser(where)
    if not os.path.exists(place):
        close = difflib.get_close_matches(str(where).lower(), CATALOGUE, n=1)
        raise UnknownNameError(
            f"a dataset is one of {', '.join(CATALOGUE)}, or a path that exists",
            got=repr(os.fspath(where)),
            hint=f"did you mean {close[0]!r}?" if close else "check the spelling or the path",
        )
    return _load_path(Path(place).resolve())


def _load_path(path: Path) -> Dataset:
    if path.is_dir():
        arrays = read_folder(path)
    elif path.suffix == ".npz":
        arrays = read_npz(path)
    else:
        raise DataError(
            "a path to data is a folder of IDX or .npy files, or an .npz file",
            got=str(path),
            hint="read the file yourself and pass it to Dataset.from_arrays(x, y)",
        )
    try:
        dataset = _from_parts(arrays, name=path.name if path.is_dir() else path.stem)
    except CutawayError as error:
        raise DataError(error.rule, got=f"{error.got} in {path}", hint=error.hint) from None
    return replace(dataset, origin={"kind": "path", "path": str(path)})


def _load_mnist() -> Dataset:
    folder = resources.files("cutaway.data") / "mnist"
    try:
        lines = (folder / "SHA256SUMS").read_text(encoding="ascii").splitlines()
        sums = {name: digest for digest, name in (line.split() for line in lines)}
        arrays = {part: _read_bundled(folder / f"{name}.gz", sums[name]) for part, name in MNIST_FILES.items()}
    except (CutawayError, OSError, ValueError, KeyError) as error:
        raise DataError(
            "the MNIST files that come with cutaway are whole", got=str(error), hint="reinstall cutaway"
        ) from None
    dataset = _from_parts(arrays, name="mnist", class_names=DIGITS)
    return replace(dataset, origin={"kind": "named", "name": "mnist"})


def _read_bundled(file: Traversable, digest: str) -> np.ndarray:
    with resources.as_file(file) as path:
        content = read_content(path, bundled=True)
    if content.sha256() != digest:
        raise DataError(
            f"the SHA-256 of the unpacked {file.name} is {digest}", got=content.sha256(), hint="install cutaway again"
        )
    return content.array()


def _load_digits() -> Dataset:
    from sklearn.datasets import load_digits

    digits: Any = load_digits()
    # Values 0..16 as float64 there: counts of pixels, so uint8 holds them exactly.
    images = digits.images.astype(np.uint8)
    dataset = Dataset.from_arrays(images, digits.target, name="digits", class_names=DIGITS, scale=16)
    return replace(dataset, origin={"kind": "named", "name": "digits"})


def _from_parts(arrays: dict[str, np.ndarray], *, name: str, class_names: tuple[str, ...] | None = None) -> Dataset:
    return Dataset.from_arrays(
        arrays["x_train"],
        arrays["y_train"],
        x_test=arrays.get("x_test"),
        y_test=arrays.get("y_test"),
        name=name,
        class_names=class_names,
    )


CATALOGUE: dict[str, tuple[DatasetInfo, Callable[[], Dataset]]] = {
    "mnist": (
        DatasetInfo(
            name="mnist",
            samples=70_000,
            shape=(28, 28),
            classes=10,
            provenance="handwritten digits, LeCun, Cortes and Burges, from NIST SD-1 and SD-3; comes with cutaway",
            license="copyright LeCun and Cortes; commonly distributed under CC BY-SA 3.0",
        ),
        _load_mnist,
    ),
    "digits": (
        DatasetInfo(
            name="digits",
            samples=1_797,
            shape=(8, 8),
            classes=10,
            provenance="handwritten digits, Alpaydin and Kaynak, UCI repository; comes with scikit-learn",
            license="CC BY 4.0 (UCI repository)",
        ),
        _load_digits,
    ),
}
