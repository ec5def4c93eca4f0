"""Processes of this machine, by joblib's loky."""

import os
import signal
import tempfile
import threading
import time
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from cutaway.errors import ExecutionError, Hint
from cutaway.parallel import cpu_count

from .pool import Pending, Pool
from .sharing import share_in_files
from .worker import perform

# NPROC is what XLA asks for its number of threads; the others are those of BLAS, OpenMP and Numba.
THREADS = ("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


@contextmanager
def open_local(processes: int | None, *, tasks: int) -> Generator[Pool]:
    """Processes of this machine that share its cores, for as long as the ``with`` block lasts.

    Args:
        processes: How many; one for each core if None.
        tasks: Number of tasks; there are no more processes.
    """
    count = max(1, min(cpu_count() if processes is None else processes, tasks))
    with tempfile.TemporaryDirectory(prefix="cutaway-tasks-") as folder:
        pool = LocalPool(count, Path(folder))
        try:
            yield pool
        finally:
            pool.stop()


class LocalPool:
    """A process for each core, each with its share of the threads."""

    def __init__(self, processes: int, folder: Path) -> None:
        from joblib.externals.loky import ProcessPoolExecutor

        self._processes, self._folder = processes, folder
        self._waiting: deque[tuple[tuple[Any, ...], Future[Any]]] = deque()
        self._lock, self._stopped = threading.Lock(), False
        self.words = f"{processes} process{'es' if processes > 1 else ''}"
        # the environment is set before any module is loaded: XLA reads it once
        env: Any = dict.fromkeys(THREADS, str(max(1, cpu_count() // processes)))
        self._executor = ProcessPoolExecutor(processes, initializer=_begin, initargs=(os.getpid(),), env=env)

    def share(self, arrays: Mapping[str, np.ndarray]) -> Sequence[Any]:
        """Write arrays that no file holds into a temporary folder."""
        return share_in_files(arrays, self._folder)

    def submit(self, tasks: Sequence[tuple[Any, ...]]) -> Sequence[Pending]:
        """Begin tasks."""
        # one for each process at a time: loky prints a traceback when it is ended while it has more
        futures: list[Future[Any]] = [Future() for _ in tasks]
        self._waiting = deque(zip(tasks, futures, strict=True))
        for _ in range(self._processes):
            self._begin_next()
        return futures

    def _begin_next(self) -> None:
        with self._lock:
            if self._waiting and not self._stopped:
                task, future = self._waiting.popleft()
                self._executor.submit(perform, *task).add_done_callback(partial(self._hand_over, future))

    def _hand_over(self, future: Future[Any], done: Any) -> None:
        if error := done.exception():
            future.set_exception(error)
        else:
            future.set_result(done.result())
        if not isinstance(error, BrokenProcessPool):
            self._begin_next()

    def loss(self, error: Exception) -> ExecutionError | None:
        """Whether a process was ended from outside."""
        if not isinstance(error, BrokenProcessPool):
            return None
        return ExecutionError(
            "a worker process was ended from outside, perhaps because memory ran out",
            hint=Hint("run it again with fewer processes, such as {}; finished tasks are kept", engine="local:1"),
        )

    def check(self) -> None:
        """There is nothing to look at: lost processes are noticed by their tasks."""

    def stop(self) -> None:
        """End the processes, whatever they do."""
        with self._lock:
            self._stopped = True
        self._executor.shutdown(wait=True, kill_workers=True)


def _begin(parent: int) -> None:
    """Prepare a process: it leaves Ctrl-C to its parent, ends with it, and loads Keras quickly."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from cutaway.models import import_lean_keras, lean_keras

    lean_keras()
    import_lean_keras()  # before there is a second thread
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)
