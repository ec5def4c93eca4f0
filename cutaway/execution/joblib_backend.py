"""Any other backend of joblib, such as Spark's, or one that a user has registered."""

import tempfile
import threading
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from cutaway.errors import ExecutionError

from .pool import Pending, Pool
from .sharing import share_in_files
from .worker import perform


@contextmanager
def open_backend(backend: Any, jobs: int | None) -> Generator[Pool]:
    """The workers of a backend of joblib."""
    pool = BackendPool(backend, jobs)
    try:
        yield pool
    finally:
        pool.stop()


class BackendPool:
    """Workers behind `joblib.Parallel`, which one thread waits for."""

    def __init__(self, backend: Any, jobs: int | None) -> None:
        self._backend, self._jobs = backend, jobs
        self.words = type(backend).__name__.removesuffix("Backend")
        self._stopped = threading.Event()
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def share(self, arrays: Mapping[str, np.ndarray], folder: Path | None) -> Sequence[Any]:
        """Write arrays that no file holds into a folder, which all workers must be able to read."""
        self._folder = tempfile.TemporaryDirectory(prefix="cutaway-tasks-", dir=folder)
        return share_in_files(arrays, Path(self._folder.name))

    def submit(self, tasks: Sequence[tuple[Any, ...]]) -> Sequence[Pending]:
        """Begin tasks."""
        futures: list[Future[Any]] = [Future() for _ in tasks]
        threading.Thread(target=self._run, args=(tasks, futures), daemon=True).start()
        return futures

    def _run(self, tasks: Sequence[tuple[Any, ...]], futures: Sequence[Future[Any]]) -> None:
        from joblib import Parallel, delayed

        generates = getattr(self._backend, "supports_return_generator", False)
        options: Any = {"batch_size": 1, "return_as": "generator_unordered" if generates else "list"}
        parallel: Any = Parallel(self._jobs, backend=self._backend, **options)
        left = ((_numbered, (place, *task), {}) for place, task in enumerate(tasks) if not self._stopped.is_set())
        try:
            for place, result in parallel(delayed(f)(*args) for f, args, _ in left):
                futures[place].set_result(result)
        except BaseException as error:
            for future in futures:
                if not future.done():
                    future.set_exception(error)

    def loss(self, error: Exception) -> ExecutionError | None:
        """Joblib says what its backend says: errors are raised as they are."""

    def renew(self) -> bool:
        """Nothing is done again."""
        return False

    def check(self) -> None:
        """There is nothing to look at."""

    def stop(self) -> None:
        """Begin no more tasks; those under way end in their own time."""
        self._stopped.set()
        if self._folder is not None:
            self._folder.cleanup()


def _numbered(place: int, *task: Any) -> tuple[int, Any]:
    return place, perform(*task)
