"""Folders in the user's cache, private to the user; deleting them loses only time."""

import os
import tempfile
from pathlib import Path


def cache_folder(name: str) -> Path:
    """Where a folder of the user's cache is: in ``$XDG_CACHE_HOME/cutaway``, or in ``~/.cache/cutaway``.

    Raises:
        OSError: There is no home folder.
    """
    try:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError as error:
        raise OSError(str(error)) from None
    return home / "cutaway" / name


def private_folder(name: str) -> Path:
    """Make a folder of the user's cache, or return the one that is there.

    Whoever may write into it could replace what is read from it, even code, so it must belong to the user alone.

    Args:
        name: Name of the folder.

    Raises:
        OSError: It cannot be written, or others may write into it.
    """
    return make_private(cache_folder(name))


def make_private(folder: Path) -> Path:
    """Make a folder that belongs to the user alone, or return the one that is there.

    Raises:
        OSError: It cannot be written, or others may write into it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.stat()
    if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & 0o022):
        raise PermissionError(None, "others may write into it")
    tempfile.TemporaryFile(dir=folder).close()
    return folder
