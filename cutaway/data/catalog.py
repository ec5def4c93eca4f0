"""Datasets by name and by path."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, overload
from weakref import WeakValueDictionary

from cutaway._lazy import public
from cutaway.checks import SURROGATES, check_regular, check_unchanged, meant, warn_user
from cutaway.errors import DataError, Hint, UnknownNameError, UsageError
from cutaway.options import DataOptions
from cutaway.progress import ProgressCallback, ignore_progress
from cutaway.words import listed, quoted, shown

from .dataset import Dataset
from .images import as_centering
from .labeled import holds_labels, labeled_frame, named_labels
from .sources import DatasetInfo, DataSource, registry
from .sources.record import data_states
from .sources.table import table_of, tables_beside
from .tables import (
    Table,
    frame_reader,
    is_frame,
)

KNOWN_OPTIONS = frozenset({"name", *(field.name for field in fields(DataOptions))})
"""Options that an origin may hold."""

_NAMED: WeakValueDictionary[str, Dataset | Table] = WeakValueDictionary()
"""The named datasets in use, which runs share: to unpack MNIST takes 0.2 s."""


def dataset_names() -> tuple[DatasetInfo, ...]:
    """The named datasets, which all load without a network."""
    return tuple(source.info for source in registry.SOURCES if source.info is not None)


@overload
def load_dataset(
    where: str | os.PathLike[str],
    *,
    size: Any = None,
    class_names: Any = None,
    name: str | None = None,
    centering: str | None = None,
    on_progress: ProgressCallback = ...,
) -> Dataset: ...


@overload
def load_dataset(
    where: Any, *, label: str | int | None, name: str | None = None, on_progress: ProgressCallback = ..., **options: Any
) -> Table: ...


@overload
def load_dataset(
    where: Any, *, target: Any, name: str | None = None, on_progress: ProgressCallback = ..., **options: Any
) -> Table: ...


@public
def load_dataset(
    where: Any,
    *,
    name: str | None = None,
    centering: str | None = None,
    on_progress: ProgressCallback = ignore_progress,
    **options: Any,
) -> Dataset | Table:
    """Load a dataset by name or by path, or from a table in memory.

    Args:
        where: "mnist", "digits"; a table: a CSV, TSV, Excel, ODS, Parquet, Feather or Arrow file, a folder of the last
            three, a frame of pandas or Polars, an Arrow table, a Bunch of scikit-learn, or one split of a Hugging Face
            dataset; a folder with a folder of images for each class, perhaps inside folders train, val and
            test; a folder of IDX files named as MNIST's; a folder with x_train.npy and y_train.npy, whose inputs stay
            on disk; or an .npz file with arrays of these names. x_test and y_test are optional. A name takes precedence
            over a path: write "./mnist" for a folder of that name.
        name: Name for reports and run folders; if None, the name of the data, the file or the folder.
        centering: For gray images that show single digits or letters: how they were made from ink on paper, so that new
            images and drawings are prepared in the same way. "mass" is for those of MNIST, "upright" for UCI's digits,
            see `cutaway.data.Centering`; None if new images are only brought to their size. Not needed for named
            datasets.
        on_progress: Told while a table is read, with `Progress` records.
        options: For a table: ``label``, the name or the number (from 1, or from -1 backwards) of the column with the
            classes, and `cutaway.data.TableOptions`. For images: ``size``, the (rows, columns) of all. For images and
            for arrays in files: ``class_names``, a name for each label in their order.

    Returns:
        A `Dataset`; for a table a `Table`, which becomes a `Dataset` when it is split.

    Raises:
        UnknownNameError: Neither a known name nor an existing path, or a column that does not exist.
        DataError: The files are damaged or do not fit together.
        UsageError: `where` is not a name, a path or a table, or an option does not fit such data.
    """
    data = _load_any(where, options, on_progress)
    if name is not None and (not isinstance(name, str) or not name.strip()):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UsageError(
            f"the name of a dataset must be a string, not {shown(name)}",
            hint=Hint("pass for example {}", name="customers"),
        )
    if centering is not None:
        if isinstance(data, Table):
            raise UsageError(f"centering is for gray images, and {data.name} is a table", hint="leave it out")
        data = replace(data, centering=as_centering(centering, data.sources["train"].x))
    given = {key: value for key, value in (("name", name), ("centering", centering)) if value is not None}
    if not given:
        return data
    again = origin_options(data.origin) | given  # it is the same when it is loaded again
    origin = {**data.origin, "options": json.dumps(again, ensure_ascii=False)}
    return replace(data, name=name or data.name, origin=origin)


def _load_any(where: Any, options: dict[str, Any], on_progress: ProgressCallback) -> Dataset | Table:
    if not isinstance(where, str | os.PathLike):
        return _load_frame(where, options, on_progress)
    if isinstance(where, str) and (named := find_source(where)):
        return _load(named, where, options, on_progress)
    place = os.path.expanduser(where)
    if not os.path.exists(place):
        raise _unknown(where)
    path = Path(place).resolve()
    if SURROGATES.search(str(path)):  # how Python reads bytes of a path that are no UTF-8; JSON and Arrow take none
        raise DataError(f"the path {os.fsencode(path)!r} is not text in UTF-8", hint="rename the file or folder")
    if not path.is_dir():
        check_regular(path)
    source = find_source(path)
    if source is None:
        kinds = ", or ".join(source.description for source in registry.SOURCES if source.info is None)
        raise DataError(
            f"{path} is not {kinds}",
            hint="read the file yourself and pass the arrays to Dataset.from_arrays(x, y)",
        )
    others = tables_beside(path)
    if others and not {name for name, value in options.items() if value is not None} <= source.options:
        raise UsageError(
            f"the options are for a table, and {path} is a folder with {listed(others, 5)}",
            hint=f"name the table itself, such as {path / others[0]}",
        )
    states = data_states(path)
    loaded = _load(source, path, options, on_progress)
    check_unchanged(states)
    if others:
        warn_user(
            f"{path} is read as {source.description}, without the other data in it ({listed(others, 5)}): to train on "
            "those, name the file"
        )
    return loaded


def origin_options(origin: Mapping[str, str]) -> dict[str, Any]:
    """The options in the origin of a dataset.

    Raises:
        DataError: They are damaged.
    """
    try:
        options = json.loads(origin.get("options", "{}"))
        if not isinstance(options, dict) or not options.keys() <= KNOWN_OPTIONS:
            raise ValueError(f"{options!r:.80} as options")
        return {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}
    except (ValueError, RecursionError):
        raise DataError(
            f"the options of the dataset in run.json are damaged: {origin['options'][:60]}",
            hint="restore run.json or train again",
        ) from None


def load_again(origin: Mapping[str, str]) -> Dataset | Table:
    """Load a dataset from its origin, as a run folder keeps it.

    Raises:
        UnknownNameError, DataError, UsageError: See `load_dataset`; or the options are damaged.
    """
    given = origin_options(origin)
    load: Callable[..., Dataset | Table] = load_dataset
    return load(origin["path"] if "path" in origin else origin["name"], **given)


def _load(
    source: DataSource, where: str | Path, options: dict[str, Any], on_progress: ProgressCallback
) -> Dataset | Table:
    given = {name: value for name, value in options.items() if value is not None}
    if unknown := sorted(set(given) - source.options):
        takes = f"takes {', '.join(sorted(source.options))}" if source.options else "takes no options"
        raise UsageError(
            f"{source.description if source.info is None else where} {takes}, not {', '.join(unknown)}",
            hint="leave it out" if len(unknown) == 1 else "leave them out",
        )
    if source.reports:
        given["on_progress"] = on_progress
    if source.info is None or given:
        return source.load(where, **given)
    data = _NAMED.get(source.info.name)
    if data is None:
        data = _NAMED[source.info.name] = source.load(where)
    return data


def _load_frame(frame: Any, options: dict[str, Any], on_progress: ProgressCallback) -> Dataset | Table:
    frame, names = labeled_frame(frame) if holds_labels(frame) else (frame, {})
    if not is_frame(frame):
        raise UsageError(
            f"cannot load data from a value of the type {type(frame).__name__}",
            hint="pass a name, a path, or a table of pandas, Polars or Arrow; for arrays, Dataset.from_arrays(x, y)",
        )
    given = {"label": next(iter(names)) if len(names) == 1 else None, **options}
    table = table_of(frame_reader(frame), name="table", origin={"kind": "arrays"}, on_progress=on_progress, **given)
    if table.options.class_names:
        return table
    return replace(table, class_names=named_labels(table.class_names, names.get(table.options.label, ())))


def find_source(where: str | Path) -> DataSource | None:
    """The source that loads a name, or a path, by its ending if no file is there; None if there is none."""
    return next((source for source in registry.SOURCES if source.matches(where)), None)


def looks_like_a_path(where: str | os.PathLike[str]) -> bool:
    """Whether a name with a suffix or a folder in it, such as "churn.csv", names a file, whether it exists or not."""
    path = Path(where)
    return bool(path.suffix) or len(path.parts) > 1


def _unknown(where: str | os.PathLike[str]) -> UnknownNameError:
    names = [info.name for info in dataset_names()]
    return UnknownNameError(
        f"no {'such path' if looks_like_a_path(where) else 'dataset'}: {quoted(os.fspath(where))}; "
        f"datasets: {', '.join(names)}",
        hint=meant(where, names, "check the spelling or the path"),
    )
