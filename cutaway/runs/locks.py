"""Locks between processes: the system gives a lock back when a process ends, however it ends."""

import os
import sys
import time
from pathlib import Path

from cutaway.checks import open_regular
from cutaway.log import survive

BETWEEN = 0.005
"""Seconds between two tries."""

if sys.platform == "win32":
    import msvcrt

    FAR = 1 << 30
    """The place of the byte that is locked: other processes can neither read nor write a byte that is."""

    def lock_descriptor(descriptor: int, *, shared: bool = False) -> bool:
        """Take the lock of an open file, which is held until it is closed; False if another process holds it."""
        os.lseek(descriptor, FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

else:
    import fcntl

    def lock_descriptor(descriptor: int, *, shared: bool = False) -> bool:
        """Take the lock of an open file, which is held until it is closed in every process that was given it.

        Args:
            descriptor: File descriptor.
            shared: Whether other readers may hold it at the same time. Windows has no such lock.

        Returns:
            False if another process holds it.

        Raises:
            OSError: The file system has no locks.
        """
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def take_lock(path: Path, *, patience: float = 0.0, mode: int = 0o600) -> int | None:
    """Take the lock of a file; the file is made if it does not exist.

    Args:
        path: The file.
        patience: Seconds to wait for it: readers hold it for a moment.
        mode: Permissions of the lock file, less the umask.

    Returns:
        Its descriptor: the lock is held until it is closed here and in every process that was given it. None if
        another process, or another thread, holds it.

    Raises:
        OSError: The file cannot be made, or is a link or another kind of file.
    """
    try:
        descriptor = open_regular(path, os.O_RDWR | os.O_CREAT, mode=mode)
    except PermissionError:  # another user of a shared folder made it, and taking it needs no right to write
        descriptor = open_regular(path, os.O_RDONLY)
    end = time.monotonic() + patience
    try:
        while not lock_descriptor(descriptor):
            if time.monotonic() >= end:
                os.close(descriptor)
                return None
            time.sleep(BETWEEN)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock of a file."""
    with survive(__name__, f"looking who holds {path}", OSError):
        descriptor = open_regular(path, os.O_RDONLY)
        try:
            return not lock_descriptor(descriptor, shared=True)
        finally:
            os.close(descriptor)
    return False
