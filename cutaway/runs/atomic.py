"""Writing a file so that it is there whole or not at all."""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TEMPORARY = re.compile(r"\..+\.[0-9a-f]{8}\.tmp", re.ASCII)
"""Names of the temporary files of `write_atomic`."""


def write_atomic(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Write a file under a temporary name beside its place, fsync it, and rename it into place.

    A process that is killed, or a power cut, leaves the old file or the new one, and at worst a stray ``.tmp``.

    Args:
        path: Where.
        data: What it holds.
        mode: Who may read and write it, less what the umask takes away.

    Raises:
        OSError: The disk or the folder refuses; the old file is untouched and no temporary file is left.

    Source:
        Pillai et al. 2014, "All File Systems Are Not Created Equal", OSDI: write, fsync, rename, fsync the folder.
    """
    with _renamed(path, mode=mode) as temporary:
        temporary.write_bytes(data)


@contextmanager
def output_file(path: Path, *, mode: int = 0o666) -> Iterator[Path]:
    """A file that a user named, to be written piece by piece: a new file beside it, renamed once it is complete.

    Links are followed. Devices and pipes are written into: renaming a file onto /dev/null would replace the device for
    everybody. A new file has the `mode`, less what the umask takes away.

    Yields:
        The path to open and write.

    Raises:
        OSError: The disk or the folder refuses. After any error the old file is untouched.
    """
    real = Path(os.path.realpath(path))
    if real.exists() and not real.is_file():
        yield real
        return
    with _renamed(real, mode=mode) as temporary:
        yield temporary


def write_output(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Write a file that a user named, whole or not at all; see `output_file`.

    Raises:
        OSError: The disk or the folder refuses.
    """
    with output_file(path, mode=mode) as target:
        target.write_bytes(data)


@contextmanager
def _renamed(path: Path, *, mode: int = 0o666) -> Iterator[Path]:
    """A new file beside a path, which is fsynced and takes its place at the end, and is deleted after an error."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        temporary.touch(mode=mode, exist_ok=False)
        yield temporary
        with open(temporary, "r+b") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def remove_strays(folder: Path, name: str = "*") -> None:
    """Remove what processes that were killed left half written of one file of a folder, or of all of them."""
    for stray in folder.glob(f".{name}.*.tmp"):
        if TEMPORARY.fullmatch(stray.name):
            stray.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make a rename in a folder survive a power cut (nothing to do where folders cannot be opened, on Windows)."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
