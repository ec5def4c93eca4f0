"""How much memory the machine has left."""

import contextlib
from pathlib import Path


def free_memory() -> int:
    """Bytes of memory that programs can still get; a great many where the system does not say."""
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        return 1024 * int(next(line for line in lines if line.startswith("MemAvailable:")).split()[1])
    return 1 << 62
