"""What a data source is, and how the parts that it reads become a dataset."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from cutaway.checks import file_state
from cutaway.data.dataset import Dataset
from cutaway.data.images import Centering
from cutaway.data.labels import check_class_names
from cutaway.data.split import PARTS
from cutaway.data.tables import Table
from cutaway.errors import CutawayError, DataError

from .class_names import numbered_labels


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
        centering: How its images were made, as in `Dataset`.
    """

    name: str
    samples: int
    shape: tuple[int, ...]
    classes: int
    provenance: str
    license: str
    centering: Centering | None = None


@dataclass(frozen=True)
class DataSource:
    """A kind of data that `load_dataset` can load.

    Attributes:
        description: A noun phrase for error messages, such as "an .npz file".
        matches: Whether the source is responsible for a name (a str, as the user wrote it) or for an existing path (an
            absolute `Path`).
        load: Loads the dataset of a name or path that matches. Raises a DataError if the files are damaged or do not
            fit together.
        info: Description of a named dataset; None for a source of paths.
        options: Names of the keyword arguments that `load` takes.
        reports: Whether `load` takes `on_progress` as well.
    """

    description: str
    matches: Callable[[str | Path], bool]
    load: Callable[..., Dataset | Table]
    info: DatasetInfo | None = None
    options: frozenset[str] = frozenset()
    reports: bool = False


def dataset_from_files(
    arrays: Mapping[str, np.ndarray], path: str | Path, *, class_names: Sequence[str] | None = None
) -> Dataset:
    """Make a dataset of the arrays that were read from a path.

    Args:
        arrays: "x_train" and "y_train", and "x_test" and "y_test" if there is a test split.
        path: The file or folder, which the dataset is named after.
        class_names: A name for each label, in the order of the labels; or, where labels are numbers from 0, for each
            number. None if they name themselves.

    Raises:
        DataError: The arrays do not fit together.
        UsageError: There are more or fewer names than labels.
    """
    path = Path(path)
    name = path.name if path.is_dir() else path.stem
    given = dict(arrays)
    if class_names is not None and given["y_train"].dtype.kind in "iu":
        given = numbered_labels(given, check_class_names(class_names))
    try:
        dataset = Dataset.from_arrays(
            given["x_train"],
            given["y_train"],
            x_test=given.get("x_test"),
            y_test=given.get("y_test"),
            name=name,
            class_names=class_names,
        )
    except CutawayError as error:
        raise DataError(f"{error.fault} in {path}", hint=error.hint) from None
    return replace(dataset, origin=path_origin(path, class_names=class_names))


def data_states(path: object) -> dict[Path, Any]:
    """What changes with the data at a path: the `file_state` of it, all in it, and all in the folders of its parts.

    A folder itself changes when a file is added to it, but not when one is added to a folder in it.
    """
    where = Path(str(path))
    folders = (where, *map(where.joinpath, PARTS))
    return {each: file_state(each) for folder in folders for each in (folder, *sorted(folder.glob("*")))}


def path_origin(path: Path, **options: Any) -> dict[str, str]:
    """How data from a path are loaded again, with the options that were given."""
    given = {name: value for name, value in options.items() if value is not None}
    return {"kind": "path", "path": str(path)} | ({"options": json.dumps(given, ensure_ascii=False)} if given else {})
