"""Parallel work: how many CPUs there are, threads that share the rows of an array, and BLAS on one thread.

In come functions of a range of rows; out come their results, in order or as side effects on rows of their own. Every
pool of threads in the package is made here. May call errors and progress only.
"""

from .cpu import cpu_flags, has_fast_bfloat16
from .pool import WorkerPool
from .prefetch import prefetch
from .ranges import count_threads, in_threads, ranges, single_products
from .threads import workers

__all__ = [
    "WorkerPool",
    "count_threads",
    "cpu_flags",
    "has_fast_bfloat16",
    "in_threads",
    "prefetch",
    "ranges",
    "single_products",
    "workers",
]
