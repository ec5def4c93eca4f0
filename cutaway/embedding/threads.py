"""Numba kernels over ranges of rows, in threads."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import TypeVar

Result = TypeVar("Result")


def ranges(total: int, step: int) -> list[tuple[int, int]]:
    """Cut ``range(total)`` in pieces (low, high) of ``step``, the last one as long as what is left."""
    return [(low, min(low + step, total)) for low in range(0, total, step)]


def in_threads(
    work: Callable[[int, int], Result], pieces: list[tuple[int, int]], *, products: bool = False
) -> Iterator[tuple[int, Result]]:
    """Run ``work(low, high)`` over pieces in Numba's number of threads and yield (high, result) in their order.

    The threads are Python's, for kernels that let go of the interpreter (nogil): a thread takes the next piece as it
    gets free, so unequal pieces cost nothing, Ctrl-C ends the work after the pieces in hand, and kernels compile in a
    third of the time that Numba's own threads take. What a piece gives must not depend on the others.

    Args:
        work: Takes low and high.
        pieces: The ranges.
        products: Whether kernels multiply matrices: each product then stays on the thread that asks for it.
    """
    from numba import get_num_threads

    with _single_products() if products else nullcontext(), ThreadPoolExecutor(get_num_threads()) as pool:
        futures = [pool.submit(work, low, high) for low, high in pieces]
        try:
            for (_, high), future in zip(pieces, futures, strict=True):
                yield high, future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _single_products():
    import scipy.linalg  # noqa: F401  # Numba calls the BLAS of SciPy: it must be loaded to be limited
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1, user_api="blas")
