"""Any other backend of joblib, such as Spark's, or one that a user has registered."""

import copy
import itertools
import logging
import re
import tempfile
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from cutaway.errors import ExecutionError
from cutaway.log import survive

from .pool import Pending, Pool
from .sharing import share_in_files
from .worker import failed_import, perform, without_cutaway

log = logging.getLogger("cutaway.execution.joblib_backend")

_ERROR = re.compile(r"[\w.]*(?:Error|Exception)\b")
"""Begins the lines in which a traceback says what was raised."""


@contextmanager
def open_backend(backend: Any, jobs: int | None, *, words: str = "", can_abort: bool = False) -> Generator[Pool]:
    """The workers of a backend of joblib.

    Args:
        backend: The backend.
        jobs: See `joblib.Parallel`.
        words: What it is called; the name of its class if empty.
        can_abort: Whether it tells `joblib.Parallel` that what it has aborted has ended, which would wait without end.
    """
    pool = BackendPool(backend, jobs, words or type(backend).__name__.removesuffix("Backend"), can_abort=can_abort)
    try:
        yield pool
    finally:
        pool.stop()


class BackendPool:
    """Workers behind `joblib.Parallel`, which one thread waits for."""

    def __init__(self, backend: Any, jobs: int | None, words: str, *, can_abort: bool) -> None:
        self._backend, self._jobs, self.words, self._can_abort = backend, jobs, words, can_abort
        self._generates = getattr(backend, "supports_return_generator", False)
        self._stopped = threading.Event()
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._futures: list[Future[Any]] = []

    def share(self, arrays: Mapping[str, np.ndarray], folder: Path | None) -> Sequence[Any]:
        """Write arrays that no file holds into a folder, which all workers must be able to read."""
        self._folder = tempfile.TemporaryDirectory(prefix="cutaway-tasks-", dir=folder)
        return share_in_files(arrays, Path(self._folder.name))

    def submit(self, tasks: Sequence[tuple[Any, ...]]) -> Sequence[Pending]:
        """Begin tasks."""
        futures: list[Future[Any]] = [Future() for _ in tasks]
        self._futures += futures
        threading.Thread(target=self._run, args=(tasks, futures), daemon=True).start()
        return futures

    def _run(self, tasks: Sequence[tuple[Any, ...]], futures: Sequence[Future[Any]]) -> None:
        from joblib import Parallel, delayed

        options: Any = {"batch_size": 1, "return_as": "generator_unordered" if self._generates else "list"}
        left = (delayed(_attempt)(place, *task) for place, task in enumerate(tasks) if not self._stopped.is_set())
        try:
            parallel: Any = Parallel(self._jobs, backend=self._backend, **options)
            for part in [left] if self._generates else self._parts(left):
                for place, result, error in parallel(part):
                    if error is None:
                        futures[place].set_result(result)
                    else:
                        futures[place].set_exception(error)
        except BaseException as error:  # noqa: BLE001 - of the backend, raised by whoever waits
            for future in futures:
                if not future.done():
                    future.set_exception(_BackendError(error))

    def _parts(self, left: Iterator[Any]) -> Iterator[list[Any]]:
        """As many tasks as run simultaneously: if results come all together, finished ones are kept after each set."""
        size = max(1, self._backend.effective_n_jobs(self._jobs))
        while part := list(itertools.islice(left, size)):
            yield part

    def loss(self, error: Exception) -> ExecutionError | None:
        """Whether the backend failed, which does a task of a lost worker again by itself, or not at all."""
        if not isinstance(error, _BackendError):
            return None
        said = [line for line in str(error.__cause__).splitlines() if _ERROR.match(line)]
        why = said[-1] if said else f"{type(error.__cause__).__name__}: {error.__cause__}"
        if "No module named" in why or failed_import(error):
            return without_cutaway(why)
        return ExecutionError(
            f"the backend {self.words} of joblib brings the result of each task",
            got=" ".join(why.split())[:300],
            hint="look at its logs, then run it again; what was finished is kept",
        )

    def renew(self) -> bool:
        """Nothing is done again."""
        return False

    def check(self) -> None:
        """There is nothing to look at."""

    def stop(self) -> None:
        """Begin no more tasks; those under way are aborted, or end in their own time."""
        self._stopped.set()
        if self._can_abort and any(not future.done() for future in self._futures):
            with survive(log, "aborting the tasks of joblib's backend", Exception):
                self._backend.abort_everything(ensure_ready=False)
        if self._folder is not None:
            self._folder.cleanup()


class _BackendError(Exception):
    """What a backend raised itself."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(str(cause))
        self.__cause__ = cause


def _attempt(place: int, *task: Any) -> tuple[int, Any, Exception | None]:
    """Do a task; what it raises is returned, since not every backend brings it as it was raised (joblib-spark 0.6)."""
    try:
        return place, perform(*task), None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - raised by whoever waits
        return place, None, _picklable(error)


def _picklable(error: BaseException) -> Exception:
    """The error itself, or what it says where it cannot travel: copies are made as pickle makes them."""
    if isinstance(error, Exception):
        with survive(log, "copying an error", Exception):  # whatever its own code raises
            copy.deepcopy(error)
            return error
    return RuntimeError(f"{type(error).__name__}: {error}")
