"""The worker pool."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import Any, TypeVar

from .blas import single_threaded_blas

Result = TypeVar("Result")


class WorkerPool(AbstractContextManager["WorkerPool"]):
    """A fixed number of threads, for work that releases the interpreter: compiled kernels, and NumPy on large arrays.

    There are three ways to use it: `submit` and `map` for single calls, `map_ranges` for results in order while the
    caller reports progress, and `run` for thousands of short pieces, where the calling thread works too. Chance
    decides which thread does what, so no result may depend on it. Python's threads share compiled kernels as well as
    Numba's own would, the kernels compile in a third of the time, and no thread spins while it waits.

    Work that has not begun when the ``with`` block is left is dropped; work under way is finished first.

    Args:
        threads: Number of threads, 1 or more; in `run` the calling thread is one of them.
        single_blas: Whether to keep BLAS on one thread inside the block; products then start no more threads.
    """

    def __init__(self, threads: int, *, single_blas: bool = False) -> None:
        self.threads = threads
        self._executor = ThreadPoolExecutor(threads, "cutaway-worker")
        self._limits = ExitStack()
        self._single_blas = single_blas

    def __enter__(self) -> "WorkerPool":
        if self._single_blas:
            self._limits.enter_context(single_threaded_blas())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._limits:
            self._executor.shutdown(cancel_futures=True)

    def submit(self, function: Callable[..., Result], *args: Any) -> Future[Result]:
        """Start one call and return its future."""
        return self._executor.submit(function, *args)

    def map(self, function: Callable[..., Result], *iterables: Iterable[Any]) -> Iterator[Result]:
        """Call ``function`` on the items of ``iterables`` and yield the results in order."""
        return self._executor.map(function, *iterables)

    def map_ranges(
        self, work: Callable[[int, int], Result], ranges: list[tuple[int, int]]
    ) -> Iterator[tuple[int, Result]]:
        """Call ``work(start, stop)`` on all ranges and yield (stop, result) in order.

        A thread takes the next range as soon as it is free, so ranges may take different times. The calling thread
        only hands the results on, and can be interrupted; that suits ranges of 10 ms and more.
        """
        futures = deque(self.submit(work, start, stop) for start, stop in ranges)
        for _, stop in ranges:
            # popped, because the list would keep every result alive to the end
            yield stop, futures.popleft().result()

    def begin(self, work: Callable[[int, int], None], ranges: Iterable[tuple[int, int]]) -> Callable[[], None]:
        """Start ``work(start, stop)`` on the other threads and return a function that joins in and waits for the end.

        Handing over takes 50 µs. Each range must write to rows of its own.
        """
        remaining = iter(list(ranges))
        helpers = [self.submit(_work_off, work, remaining) for _ in range(self.threads - 1)]

        def finish() -> None:
            try:
                _work_off(work, remaining)
            finally:
                _wait(helpers, remaining)

        return finish

    def run(self, work: Callable[[int, int], None], ranges: Iterable[tuple[int, int]]) -> None:
        """Call ``work(start, stop)`` on all ranges, the calling thread included."""
        self.begin(work, ranges)()


def _work_off(work: Callable[[int, int], None], remaining: Iterator[tuple[int, int]]) -> None:
    # next() on a list's iterator is one step of the interpreter: no range is taken twice
    for start, stop in remaining:
        work(start, stop)


def _wait(helpers: list[Future[None]], remaining: Iterator[tuple[int, int]]) -> None:
    """Wait for the helpers; after an interrupt nothing is left for them to take, and no kernel writes afterwards."""
    for _ in remaining:
        pass
    for helper in helpers:
        helper.result()
