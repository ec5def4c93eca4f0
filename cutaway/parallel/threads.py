"""Threads for work in NumPy, each with its products to itself."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

MOST = 8
"""Threads at most: each holds a copy or two of a layer's activations."""


@contextmanager
def workers() -> Iterator[ThreadPoolExecutor]:
    """A pool with a thread for each processor that this process may use, BLAS on one thread inside.

    BLAS' own threads wait for each other in busy loops; where other programs want the processors too, products and
    eigenvalues of a few hundred units take several times as long as on one thread. What a thread computes does not
    depend on how many there are. Work that has not begun is dropped where the block is left by an exception.
    """
    from threadpoolctl import threadpool_limits

    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(min(count, MOST)) as pool:
        try:
            yield pool
        finally:
            pool.shutdown(cancel_futures=True)
