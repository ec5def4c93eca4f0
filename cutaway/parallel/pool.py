"""Threads that share the rows of a kernel."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from types import TracebackType

Work = Callable[[int, int], None]
"""Does the rows from low up to, not including, high; kernels in it let go of the interpreter."""


class WorkerPool(AbstractContextManager["WorkerPool"]):
    """Threads that take chunk after chunk of a piece of work, the calling thread among them.

    Which thread does a chunk is left to chance, so work may not depend on it: each chunk writes rows of its own.
    Python's threads and kernels that release the interpreter do what Numba's own threads would; the kernels compile
    sooner, and nobody spins while an FFT runs. Handing over takes 50 µs; `cutaway.parallel.ranges.in_threads`, which
    gives results in order as they come, makes its threads anew each time and leaves the caller free to report.

    Args:
        threads: How many, the calling one included.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._pool = ThreadPoolExecutor(threads - 1, "embedding") if threads > 1 else None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)

    def begin(self, work: Work, chunks: Iterable[tuple[int, int]]) -> Callable[[], None]:
        """Let the other threads start and return what the calling thread calls to join in and wait for the end."""
        left = iter(list(chunks))
        helpers = [self._pool.submit(_take, work, left) for _ in range(self.threads - 1)] if self._pool else []

        def finish() -> None:
            try:
                _take(work, left)
            finally:
                _wait(helpers, left)

        return finish

    def run(self, work: Work, chunks: Iterable[tuple[int, int]]) -> None:
        """Do all chunks."""
        self.begin(work, chunks)()


def _take(work: Work, left: Iterator[tuple[int, int]]) -> None:
    # next() on a list's iterator is one step of the interpreter: no chunk is taken twice
    for low, high in left:
        work(low, high)


def _wait(helpers: list[Future[None]], left: Iterator[tuple[int, int]]) -> None:
    """Wait for the helpers; after an interrupt they find nothing left, and no kernel writes on behind our back."""
    for _ in left:
        pass
    for helper in helpers:
        helper.result()
