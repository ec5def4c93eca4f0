"""Tasks: a function of many small specifications, done wherever an engine does them."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cutaway.errors import CutawayError
from cutaway.progress import Progress, ProgressCallback, ignore_progress, raise_if_canceled

from .engines import open_pool
from .pool import Pending, Pool
from .worker import Call, failed_import, versions, without_cutaway

POLL = 0.05
"""Seconds between two looks at what is done."""

HEALTH = 2.0
"""Seconds between two looks at the engine itself."""


def run_tasks(
    function: Callable[[Any, Mapping[str, np.ndarray]], Any],
    specs: Sequence[Any],
    *,
    arrays: Mapping[str, np.ndarray] | None = None,
    engine: str | None = None,
    folder: Path | None = None,
    name: str = "tasks",
    unit: str = "tasks",
    on_result: Callable[[int, Any], object] = lambda _place, _result: None,
    on_progress: ProgressCallback = ignore_progress,
) -> list[Any]:
    """Do a task for each specification, and return the results in order.

    A task that was lost with its worker is done again: by Dask and Ray as often as they are told to, by processes of
    this machine once.

    Args:
        function: Of a module, so that workers can import it. It takes a specification and `arrays`, and gives the same
            result wherever it runs. Inside it `cutaway.progress.raise_if_canceled` says when nobody waits any longer.
        specs: Small and picklable: paths, settings, seeds.
        arrays: What all tasks read, by name. A memory map travels as its path, other arrays once to each worker.
        engine: See `ENGINES`; None is what is active by `joblib.parallel_config`, or else this process.
        folder: Where arrays are written for engines that take them from files; a temporary one if None.
        name: What is being done, for `on_progress`.
        unit: What a task is called there, plural.
        on_result: Called in this thread with the place and the result of each task as soon as it is done, in any order.
        on_progress: Called in this thread several times a second; what it raises cancels what is outstanding.

    Raises:
        UsageError: There is no such engine, or what it needs is not installed.
        ExecutionError: Nobody listens at its address, versions differ, or workers were lost.
        DataError: A worker cannot read the data.
        Canceled: A `CancelToken` was canceled, or `on_progress` raised it.
        Exception: What a task raised.
    """
    arrays, results = arrays or {}, [None] * len(specs)
    with open_pool(engine, tasks=len(specs)) as pool:
        if pool is None:
            for place, spec in enumerate(specs):
                on_progress(Progress(name, place, len(specs), unit))
                results[place] = function(spec, arrays)
                on_result(place, results[place])
            on_progress(Progress(name, len(specs), len(specs), unit))
            return results
        shared, found = pool.share(arrays, folder), versions()
        calls = [Call(function, spec, tuple(arrays), found) for spec in specs]
        work = _Work(pool, calls, shared)
        done, checked = 0, time.monotonic()
        while True:
            on_progress(Progress(name, done, len(specs), unit, pool.words))
            raise_if_canceled()
            if done == len(specs):
                return results
            time.sleep(POLL)
            for place, result in work.collect():
                results[place], done = result, done + 1
                on_result(place, result)
            if time.monotonic() > checked + HEALTH:
                pool.check()
                checked = time.monotonic()


class _Work:
    """The tasks that are outstanding in a pool."""

    def __init__(self, pool: Pool, calls: Sequence[Call], shared: Sequence[Any]) -> None:
        self._pool, self._calls, self._shared = pool, calls, shared
        self._pending: dict[int, Pending] = {}
        self._submit(range(len(calls)))

    def _submit(self, places: Sequence[int]) -> None:
        tasks = [(self._calls[place], *self._shared) for place in places]
        self._pending |= dict(zip(places, self._pool.submit(tasks), strict=True))

    def collect(self) -> list[tuple[int, Any]]:
        """The places and results of the tasks that ended since the last call; those that were lost are begun again."""
        ended, lost = list[tuple[int, Any]](), None
        for place, pending in list(self._pending.items()):
            if not pending.done():
                continue
            try:
                ended.append((place, pending.result()))
            except CutawayError:
                raise
            except Exception as error:  # of the engine or of the task
                lost = self._pool.loss(error)
                if lost is None:
                    missing = failed_import(error)
                    raise (without_cutaway(missing) if missing else error) from error
                continue
            del self._pending[place]
        if lost is not None:
            if not self._pool.renew():
                raise lost
            self._submit(list(self._pending))
        return ended
