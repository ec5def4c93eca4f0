"""Locks between processes: one that is killed in any way leaves none behind."""

import contextlib
import fcntl
import os
import time
from pathlib import Path


def take_lock(path: Path, *, patience: float = 0.0) -> int | None:
    """Take the lock of a file, which is made where it is not there.

    Args:
        path: The file.
        patience: Seconds to wait for it: who only looks whether a lock is held holds it for a moment.

    Returns:
        Its descriptor: the lock is held until it is closed here and in every process that was given it. None if
        another process holds it.

    Raises:
        OSError: The file cannot be made, or is a link.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    end = time.monotonic() + patience
    try:
        while True:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return descriptor
            if time.monotonic() >= end:
                break
            time.sleep(0.01)
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None
