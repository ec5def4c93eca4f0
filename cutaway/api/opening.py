"""The verb that finds a run: `open_run`."""

from pathlib import Path
from typing import Any

from cutaway._lazy import public
from cutaway.context import RunContext, same_data
from cutaway.data import Dataset, Table, dataset_names, load_dataset, origin_options, relabel
from cutaway.errors import CutawayError
from cutaway.log import survive
from cutaway.runs import RUNS, DatasetRecord, find_run

from .run import Run


@public
def open_run(path: str | Path, *, data: Dataset | Table | str | Path | None = None, runs: str | Path = RUNS) -> Run:
    """Open a run folder, finished or not.

    Args:
        path: The folder, its name in `runs`, the name or title that the run was given, or "latest".
        data: The dataset, if it came from arrays or has moved: a `Dataset`, a `Table`, or what `load_dataset` takes.
        runs: Folder to look names up in.

    Raises:
        UnknownNameError: There is no such run, or there are several with that name.
        RunError: It is damaged.
        DataError: `data` is not what the run was trained on.
    """
    folder = find_run(path, runs=runs)
    if data is not None:
        record = folder.manifest.dataset
        loaded = _find_data(data, record)
        return Run(RunContext(folder, data=same_data(loaded, record), loaded=loaded))
    return Run(RunContext(folder))


def _find_data(data: Any, record: DatasetRecord) -> Dataset | Table:
    """The dataset that a user passes for a run: as it is, or loaded with the options of the one in the run.

    Where a table has moved, its table of test samples is also looked for next to it, under its old name. Samples that
    were relabeled for the run get their new labels.

    Raises:
        UnknownNameError, DataError, UsageError: See `cutaway.load_dataset`.
    """
    return relabel(_load(data, record), record.relabeled or {})


def _load(data: Any, record: DatasetRecord) -> Dataset | Table:
    if isinstance(data, Dataset | Table):
        return data
    if isinstance(data, str) and data in {info.name for info in dataset_names()}:
        return load_dataset(data)
    options = origin_options(record.origin)
    test = options.get("test")
    if test and isinstance(data, str | Path) and not Path(test).exists():
        beside = Path(data).expanduser().parent / Path(test).name
        options["test"] = str(beside) if beside.exists() else test
    if record.origin["kind"] == "arrays":  # the names of their classes are in the digest, but not in a file of arrays
        named: dict[str, Any] = {"class_names": record.class_names} | options
        # data that these names do not fit are loaded without, and refused by their digest
        with survive(__name__, "loading the data with the class names of the run", CutawayError):
            return load_dataset(data, **named)
    return load_dataset(data, **options)
