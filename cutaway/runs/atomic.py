"""Writing a file so that it is there whole or not at all."""

import os
import re
import secrets
from pathlib import Path

TEMPORARY = re.compile(r"\..+\.[0-9a-f]{8}\.tmp", re.ASCII)
"""Names of the temporary files of `write_atomic`."""


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file under a temporary name beside its place, fsync it, and rename it into place.

    A process that is killed, or a power cut, leaves the old file or the new one, and at worst a stray ``.tmp``.

    Raises:
        OSError: The disk or the folder refuses; the old file is untouched and no temporary file is left.

    Source:
        Pillai et al. 2014, "All File Systems Are Not Created Equal", OSDI: write, fsync, rename, fsync the folder.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_output(path: Path, data: bytes) -> None:
    """Write a file that a user named: as `write_atomic` does, but through a link, and onto a device or pipe as it is.

    Renaming a file onto /dev/null would replace the device for everybody.

    Raises:
        OSError: The disk or the folder refuses.
    """
    real = Path(os.path.realpath(path))
    if real.exists() and not real.is_file():
        with open(real, "wb") as file:
            file.write(data)
    else:
        write_atomic(real, data)


def sync_folder(folder: Path) -> None:
    """Make a rename in a folder survive a power cut (nothing to do where folders cannot be opened, on Windows)."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
