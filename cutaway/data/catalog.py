"""Datasets by name and by path."""

import difflib
import os
import stat
from pathlib import Path

from cutaway._lazy import public
from cutaway.checks import file_kind
from cutaway.errors import DataError, UnknownNameError, UsageError

from .dataset import Dataset
from .sources import DatasetInfo, DataSource, registry


def dataset_names() -> tuple[DatasetInfo, ...]:
    """The named datasets, all of which load without a network."""
    return tuple(source.info for source in registry.SOURCES if source.info is not None)


@public
def load_dataset(where: str | os.PathLike[str]) -> Dataset:
    """Load a dataset by name or by path.

    Args:
        where: "mnist", "digits", a folder of IDX files named as MNIST's, a folder with x_train.npy and y_train.npy,
            whose inputs stay on disk, or an .npz file with arrays of these names; x_test and y_test are optional. A
            name takes precedence over a path: write "./mnist" for a folder of that name.

    Raises:
        UnknownNameError: Neither a known name nor an existing path.
        DataError: The files are damaged or do not fit together.
        UsageError: Neither a name nor a path.
    """
    if not isinstance(where, str | os.PathLike):
        raise UsageError(
            "load_dataset takes a name or a path",
            got=type(where).__name__,
            hint="turn arrays into a dataset with Dataset.from_arrays(x, y)",
        )
    if isinstance(where, str) and (named := _find(where)):
        return named.load(where)
    place = os.path.expanduser(where)
    if not os.path.exists(place):
        raise _unknown(where)
    path = Path(place).resolve()
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # reading a pipe would wait forever
        raise DataError(
            "data are read from a file or a folder",
            got=f"{path}, which is {file_kind(mode)}",
            hint="copy the data into a file first",
        )
    source = _find(path)
    if source is None:
        kinds = ", or ".join(source.description for source in registry.SOURCES if source.info is None)
        raise DataError(
            f"a path to data is {kinds}",
            got=str(path),
            hint="read the file yourself and pass the arrays to Dataset.from_arrays(x, y)",
        )
    return source.load(path)


def _find(where: str | Path) -> DataSource | None:
    return next((source for source in registry.SOURCES if source.matches(where)), None)


def _unknown(where: str | os.PathLike[str]) -> UnknownNameError:
    names = [info.name for info in dataset_names()]
    similar = difflib.get_close_matches(str(where).lower(), names, n=1)
    return UnknownNameError(
        f"a dataset is one of {', '.join(names)}, or a path that exists",
        got=repr(os.fspath(where)),
        hint=f"did you mean {similar[0]!r}?" if similar else "check the spelling or the path",
    )
