"""How a process gives way to others."""

import contextlib
import os
from pathlib import Path

MOST_NICE = "CUTAWAY_MOST_NICE"
"""Environment variable with the lowest priority that is taken: on a busy machine, tests would wait for hours."""


def lower_priority(nice: int) -> None:
    """Give way to everything else, also where the system shares CPUs among sessions before it looks at processes.

    Args:
        nice: 0 (as any other) to 19 (the lowest); a priority that is lower already stays.
    """
    nice = min(nice, int(os.environ.get(MOST_NICE, "19")))
    with contextlib.suppress(OSError, AttributeError):  # Windows has no such call
        os.setpriority(os.PRIO_PROCESS, 0, max(nice, os.getpriority(os.PRIO_PROCESS, 0)))
    with contextlib.suppress(OSError):  # not Linux, or without groups
        Path("/proc/self/autogroup").write_text(str(nice))
