"""Parallel work: CPUs and memory there are, worker pools, ranges of rows shared among threads, BLAS and OpenMP on one.

In come functions, most of them of a range of rows; out come their results, or rows that they have written. Every
pool of threads that compute together is made here, and each process that runs jobs is a `RunnerProcess`. May call only
errors, log, numpy, scipy and threadpoolctl.
"""

from typing import TYPE_CHECKING

from cutaway._lazy import lazy_getattr

from .blas import single_threaded_blas
from .cpu import cpu_count, cpu_flags, has_fast_bfloat16
from .memory import ask_memory, free_memory
from .openmp import single_threaded_openmp
from .pool import WorkerPool
from .prefetch import prefetch
from .ranges import map_ranges, ranges, run_ranges

if TYPE_CHECKING:
    from .runner_process import Message, MessageKind, RunnerProcess, how_it_ended

_MODULES: dict[str, str] = dict.fromkeys(
    ("Message", "MessageKind", "RunnerProcess", "how_it_ended"), f"{__name__}.runner_process"
)

__getattr__ = lazy_getattr(__name__, _MODULES)
