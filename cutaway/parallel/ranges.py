"""Numba kernels over ranges of rows, in threads."""

import os
import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from threading import Lock
from typing import Any, TypeVar

Result = TypeVar("Result")


def ranges(total: int, step: int) -> list[tuple[int, int]]:
    """Cut ``range(total)`` in pieces (low, high) of ``step``, the last one as long as what is left."""
    return [(low, min(low + step, total)) for low in range(0, total, step)]


def count_threads() -> int:
    """Numba's number of threads; where nobody has loaded it, which takes half a second, the number of cores."""
    numba = sys.modules.get("numba")
    if numba:
        return numba.get_num_threads()
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_threads(
    work: Callable[[int, int], Result], pieces: list[tuple[int, int]], *, products: bool = False
) -> Iterator[tuple[int, Result]]:
    """Run ``work(low, high)`` over pieces in Numba's number of threads and yield (high, result) in their order.

    The threads are Python's, for kernels that let go of the interpreter (nogil): a thread takes the next piece as it
    gets free, so unequal pieces cost nothing, Ctrl-C ends the work after the pieces in hand, and kernels compile in a
    third of the time that Numba's own threads take. What a piece gives must not depend on the others.

    The calling thread only hands results on and hears of Ctrl-C, which suits pieces of 10 ms and more; for the
    thousand short pieces of a descent, where it works itself and threads stay, there is `cutaway.parallel.pool.Crew`.

    Args:
        work: Takes low and high.
        pieces: The ranges.
        products: Whether kernels multiply matrices: each product then stays on the thread that asks for it.
    """
    with single_products() if products else nullcontext(), ThreadPoolExecutor(count_threads()) as pool:
        futures = deque(pool.submit(work, low, high) for low, high in pieces)
        try:
            for _, high in pieces:
                # popped, as each would keep its result to the end
                yield high, futures.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


class _SingleProducts:
    """BLAS on one thread while anyone asks for it.

    Searches may overlap, as where kernels are warmed beside other work. Each putting back what it found would leave
    BLAS on one thread for good, so the first one in sets the limit and the last one out lifts it.
    """

    def __init__(self) -> None:
        self._lock, self._users, self._limits = Lock(), 0, None

    def __enter__(self) -> None:
        import scipy.linalg  # noqa: F401  # Numba calls the BLAS of SciPy: it must be loaded to be limited
        from threadpoolctl import threadpool_limits

        with self._lock:
            if not self._users:
                self._limits = threadpool_limits(1, user_api="blas")
            self._users += 1

    def __exit__(self, *_: Any) -> None:
        with self._lock:
            self._users -= 1
            if not self._users and self._limits:
                self._limits.restore_original_limits()


_SINGLE = _SingleProducts()


def single_products() -> AbstractContextManager[None]:
    """BLAS on one thread, for whoever shares its products out, or has threads of its own at work right after."""
    return _SINGLE
