"""Atomic writing: a file is there whole or not at all."""

import errno
import os
import re
import secrets
import sys
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cutaway.errors import UsageError
from cutaway.log import survive

from .locks import take_lock

TEMPORARY = re.compile(r"\.(.+)\.[0-9a-f]{8}\.tmp", re.ASCII | re.DOTALL)
"""Names of the temporary files of `write_atomic`, and of the files that they become."""

PATIENCE = 60.0
"""Seconds to wait for other processes to change a file; each holds its lock for some 20 ms."""

READER_SECONDS = 2.0
"""Seconds to wait, on Windows, until nobody reads the file that is replaced."""


def write_atomic(path: Path, data: bytes | bytearray, *, mode: int = 0o666) -> None:
    """Write a file under a temporary name in the same folder, fsync it, and rename it into place.

    A process that is killed, or a power cut, leaves the old file or the new one, and at worst a stray ``.tmp``.

    Args:
        path: Where.
        data: The content.
        mode: Permissions of the file, less the umask.

    Raises:
        OSError: The disk or the folder refuses; the old file is untouched and no temporary file is left.

    Source:
        Pillai et al. 2014, "All File Systems Are Not Created Equal", OSDI: write, fsync, rename, fsync the folder.
    """
    with _renamed(path, mode=mode) as temporary:
        temporary.write_bytes(data)


def check_output(path: Path, endings: Sequence[str] = ()) -> None:
    """Refuse a file that a user named and that cannot be written, before the work whose result it is to hold.

    Args:
        path: The file.
        endings: In lower case, what its name may end in; anything if empty.

    Raises:
        UsageError: Its name has another ending, it is a folder, its folder does not exist, or one of them may not be
            written.
    """
    if endings and path.suffix.lower() not in endings:
        named = f"rename it, for example to {path.stem or 'file'}{endings[0]}"
        raise UsageError(f"the name of {path} must end in {' or '.join(endings)}", hint=named)
    if os.path.isdir(path):  # unlike Path.is_dir, it returns False in a folder that nobody may look into
        raise UsageError(f"{path} is a folder", hint="name a file in that folder")
    if not os.path.isdir(path.parent):
        raise UsageError(f"no such folder: {path.parent}", hint="make it first")
    real = os.path.realpath(path)
    is_new = os.path.isfile(real) or not os.path.exists(real)  # a new file takes the place of an old one
    if not os.access(os.path.dirname(real) if is_new else real, os.W_OK | (os.X_OK if is_new else 0)):
        raise _unwritable(path, "no permission to write, or a read-only disk")


@contextmanager
def output_file(path: Path, *, mode: int = 0o666) -> Iterator[Path]:
    """A file that a user named, to be written piece by piece: a new file next to it, renamed once it is complete.

    Links are followed. Devices and pipes are written into: renaming a file onto /dev/null would replace the device for
    everybody. A new file has the `mode`, less what the umask takes away. What a killed process left of it is removed.

    Yields:
        The path to open and write.

    Raises:
        UsageError: The disk or the folder refuses. After any error the old file is untouched.
    """
    real = Path(os.path.realpath(path))
    try:
        if real.exists() and not real.is_file():
            yield real
        else:
            remove_strays(real.parent, real.name)
            with _renamed(real, mode=mode) as temporary:
                yield temporary
    except OSError as error:
        raise _unwritable(path, error.strerror or str(error)) from error


def write_output(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Write a file that a user named, whole or not at all; see `output_file`.

    Raises:
        UsageError: The disk or the folder refuses.
    """
    with output_file(path, mode=mode) as target:
        target.write_bytes(data)


def _unwritable(path: Path, got: str) -> UsageError:
    return UsageError(f"cannot write {path}: {got}", hint="name another file")


@contextmanager
def _renamed(path: Path, *, mode: int) -> Iterator[Path]:
    """A new file in the folder of a path: fsynced, then renamed to the path, or deleted after an error.

    It is locked until then: a file that nobody holds was left by a process that was killed.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        temporary.touch(mode=mode, exist_ok=False)
        with _held(temporary):
            yield temporary
            with open(temporary, "r+b") as file:
                os.fsync(file.fileno())
            if sys.platform != "win32":
                _replace(temporary, path)
        if sys.platform == "win32":  # no open file is renamed there, and none is deleted
            _replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


@contextmanager
def _held(path: Path) -> Generator[None]:
    """Hold the lock of a file, on file systems that have locks."""
    lock = None
    with survive(__name__, f"locking {path}", OSError):
        lock = take_lock(path)
    try:
        yield
    finally:
        if lock is not None:
            os.close(lock)


def _replace(source: Path, target: Path) -> None:
    """Rename a file into place. On Windows that waits for whoever is reading the old one."""
    end = time.monotonic() + READER_SECONDS
    while True:
        try:
            os.replace(source, target)
        except PermissionError:
            if sys.platform != "win32" or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return


def remove_strays(folder: Path, name: str | None = None) -> None:
    """Remove temporary files of killed processes, for one file of a folder or for all of them."""
    for stray in folder.glob(".*.tmp"):
        found = TEMPORARY.fullmatch(stray.name)
        if found is not None and name in (None, found[1]):
            # one that somebody else removed or may not be opened, or on a file system without locks
            with survive(__name__, f"removing {stray}", OSError):
                lock = take_lock(stray)
                if lock is not None:
                    os.close(lock)
                    stray.unlink(missing_ok=True)


@contextmanager
def changing(path: Path, *, patience: float = PATIENCE) -> Generator[None]:
    """Hold while a file is read, changed and replaced by `write_atomic`: no change of another process is lost.

    The lock is on a second file next to it, since the file itself is replaced. Temporary files of processes that were
    killed are removed.

    Raises:
        OSError: The lock cannot be made, or another process holds it for `patience` seconds.
    """
    lock = take_lock(path.with_name(f".{path.name}.lock"), patience=patience, mode=0o666)
    if lock is None:
        raise TimeoutError(errno.ETIMEDOUT, f"another process has been changing it for {patience:.0f} s", str(path))
    try:
        remove_strays(path.parent, path.name)
        yield
    finally:
        os.close(lock)


def sync_folder(folder: Path) -> None:
    """Make a rename in a folder survive a power cut (nothing to do where folders cannot be opened, on Windows)."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
