"""What a data source is, and how the parts that it reads become a dataset."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cutaway.data.dataset import Dataset
from cutaway.data.tables import Table
from cutaway.errors import CutawayError, DataError


@dataclass(frozen=True)
class DatasetInfo:
    """What is known about a named dataset without loading it.

    Attributes:
        name: What `load_dataset` takes.
        samples: Number of samples in all splits.
        shape: Shape of one sample.
        classes: Number of classes.
        provenance: Where it comes from and who made it.
        license: Its terms of use.
    """

    name: str
    samples: int
    shape: tuple[int, ...]
    classes: int
    provenance: str
    license: str


@dataclass(frozen=True)
class DataSource:
    """A kind of data that `load_dataset` can load.

    Attributes:
        description: A noun phrase for error messages, such as "an .npz file".
        matches: Whether the source is responsible for a name (a str, as the user wrote it) or for an existing path (an
            absolute `Path`).
        load: Loads the dataset of a name or path that matches. Raises a DataError if the files are damaged or do not
            fit together.
        info: Of a named dataset; None for a source of paths.
        options: Names of the keyword arguments that `load` takes.
    """

    description: str
    matches: Callable[[str | Path], bool]
    load: Callable[..., Dataset | Table]
    info: DatasetInfo | None = None
    options: frozenset[str] = frozenset()


def dataset_from_files(arrays: Mapping[str, np.ndarray], path: str | Path) -> Dataset:
    """Make a dataset of the arrays that were read from a path.

    Args:
        arrays: "x_train" and "y_train", and "x_test" and "y_test" if there is a test split.
        path: The file or folder, which the dataset is named after.

    Raises:
        DataError: The arrays do not fit together.
    """
    path = Path(path)
    name = path.name if path.is_dir() else path.stem
    x_test, y_test = arrays.get("x_test"), arrays.get("y_test")
    try:
        dataset = Dataset.from_arrays(arrays["x_train"], arrays["y_train"], x_test=x_test, y_test=y_test, name=name)
    except CutawayError as error:
        raise DataError(error.rule, got=f"{error.got} in {path}", hint=error.hint) from None
    return replace(dataset, origin={"kind": "path", "path": str(path)})
