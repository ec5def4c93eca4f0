"""Tasks: a function of many small specifications, done wherever an engine does them."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from cutaway.errors import CutawayError
from cutaway.progress import Progress, ProgressCallback, ignore_progress, raise_if_canceled

from .engines import open_pool
from .pool import Pool
from .worker import Call, failed_import, versions, without_cutaway

POLL = 0.05
"""Seconds between two looks for finished tasks."""

HEALTH = 2.0
"""Seconds between two looks at the engine itself."""


def run_tasks(
    function: Callable[[Any, Mapping[str, np.ndarray]], Any],
    specs: Sequence[Any],
    *,
    arrays: Mapping[str, np.ndarray] | None = None,
    engine: str | None = None,
    name: str = "tasks",
    unit: str = "tasks",
    on_result: Callable[[int, Any], object] = lambda _place, _result: None,
    on_progress: ProgressCallback = ignore_progress,
) -> list[Any]:
    """Do a task for each specification, and return the results in order.

    Dask does a task again that was lost with its worker.

    Args:
        function: A function of a module that workers can import. It takes a specification and `arrays`, and gives the
            same result wherever it runs. In it, `cutaway.progress.raise_if_canceled` raises once nobody waits any more.
        specs: Small and picklable: paths, settings, seeds.
        arrays: The shared arrays of all tasks, by name. A memory map travels as its path, others once to each worker.
        engine: See `ENGINES`; this process if None.
        name: Name of the work, for `on_progress`.
        unit: Name of a task there, plural.
        on_result: Called in this thread with the place and the result of each task as soon as it is done, in any order.
        on_progress: Called in this thread several times a second; an error that it raises cancels all other tasks.

    Raises:
        UsageError: There is no such engine, or a package that it needs is not installed.
        ExecutionError: Nobody listens at its address, versions differ, or workers were lost.
        DataError: A worker cannot read the data.
        Canceled: A `CancelToken` was canceled, or `on_progress` raised it.
        Exception: The error of a task.
    """
    arrays, results = arrays or {}, [None] * len(specs)
    if engine is None:
        for place, spec in enumerate(specs):
            on_progress(Progress(name, place, len(specs), unit))
            results[place] = function(spec, arrays)
            on_result(place, results[place])
        on_progress(Progress(name, len(specs), len(specs), unit))
        return results
    with open_pool(engine, tasks=len(specs)) as pool:
        shared, found = pool.share(arrays), versions()
        calls = [(Call(function, spec, tuple(arrays), found), *shared) for spec in specs]
        pending = dict(enumerate(pool.submit(calls)))
        checked = time.monotonic()
        while True:
            on_progress(Progress(name, len(specs) - len(pending), len(specs), unit, pool.words))
            raise_if_canceled()
            if not pending:
                return results
            time.sleep(POLL)
            ended, failed = [place for place, task in pending.items() if task.done()], list[Exception]()
            for place in ended:
                try:
                    results[place] = pending.pop(place).result()
                except Exception as error:  # noqa: BLE001 - of the engine or of the task; raised below
                    failed.append(error)
                else:
                    on_result(place, results[place])
            if failed:
                _fail(pool, failed[0])
            if time.monotonic() > checked + HEALTH:
                pool.check()
                checked = time.monotonic()


def _fail(pool: Pool, error: Exception) -> NoReturn:
    """Raise the error of a task, or that it was lost with its worker."""
    if not isinstance(error, CutawayError):
        missing = failed_import(error)
        if said := pool.loss(error) or (without_cutaway(missing) if missing else None):
            raise said from error
    raise error
