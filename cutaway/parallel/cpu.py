"""Features of the CPU, and the number of CPUs that this process may use."""

import os
import sys
from pathlib import Path


def cpu_count(*, at_most: int | None = None) -> int:
    """Number of CPUs that this process may use, 1 or more: how many threads are worth starting.

    A limit that the user has set for Numba (``NUMBA_NUM_THREADS`` or ``numba.set_num_threads``) counts once Numba is
    loaded; it is not loaded for this, which would take half a second.

    Args:
        at_most: An upper limit, 1 or more.
    """
    get_num_threads = getattr(sys.modules.get("numba"), "get_num_threads", None)
    if get_num_threads is not None:
        count = int(get_num_threads())
    else:
        count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return count if at_most is None else min(count, at_most)


def cpu_flags() -> str:
    """Names of the CPU's instruction sets, as Linux lists them; empty on other systems."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:  # only Linux has it
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(("flags", "Features"))), "")


def has_fast_bfloat16() -> bool:
    """Whether the CPU has bfloat16 instructions (AVX512-BF16 or AMX)."""
    return not {"avx512_bf16", "amx_bf16"}.isdisjoint(cpu_flags().split())
