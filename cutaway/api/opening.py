"""The verb that finds a run: `open_run`."""

from pathlib import Path

from cutaway._lazy import public
from cutaway.data import Dataset, Table
from cutaway.runs import RUNS, find_run

from .context import RunContext, find_data, same_data
from .run import Run


@public
def open_run(path: str | Path, *, data: Dataset | Table | str | Path | None = None, runs: str | Path = RUNS) -> Run:
    """Open a run folder, finished or not.

    Args:
        path: The folder, its name in `runs`, or "latest".
        data: The dataset, where it came from arrays or has moved: a `Dataset`, a `Table`, or what
            `load_dataset` takes.
        runs: Folder in which names are looked up.

    Raises:
        UnknownNameError: There is no such run.
        RunError: It is damaged.
        DataError: `data` is not what the run was trained on.
    """
    folder = find_run(path, runs=runs)
    if data is not None:
        record = folder.manifest.dataset
        loaded = find_data(data, record)
        return Run(RunContext(folder, data=same_data(loaded, record), loaded=loaded))
    return Run(RunContext(folder))
