"""How many threads an embedding uses."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from cutaway.errors import UsageError


@contextmanager
def limited_threads(n_jobs: int | None) -> Iterator[None]:
    """Use N threads for a while, in what this thread starts: `cutaway.parallel.cpu_count` asks Numba.

    Args:
        n_jobs: At least 1; None or -1 for all. More than there are CPUs are not used.

    Raises:
        UsageError: It is not a number of threads.
    """
    if n_jobs is None or n_jobs == -1:
        yield
        return
    if not isinstance(n_jobs, int | np.integer) or isinstance(n_jobs, bool) or n_jobs < 1:
        raise UsageError(f"n_jobs must be a number of threads, or -1 for all, got {n_jobs!r}", hint="pass n_jobs=-1")
    import numba

    library: Any = numba  # it has no types
    before = library.get_num_threads()
    library.set_num_threads(min(int(n_jobs), library.config.NUMBA_NUM_THREADS))
    try:
        yield
    finally:
        library.set_num_threads(before)
