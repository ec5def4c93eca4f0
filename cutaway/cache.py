"""Folders in the user's cache, private to the user; deleting them loses only time."""

import os
import tempfile
from pathlib import Path


def private_folder(name: str) -> Path | None:
    """Return a folder of the user's cache, made if need be, or None if none can be written.

    Whoever may write into it could replace what is read from it, so it must belong to the user alone.

    Args:
        name: Name of the folder in ``~/.cache/cutaway``, or in ``$XDG_CACHE_HOME/cutaway``.
    """
    try:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        folder = home / "cutaway" / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
        if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & 0o022):
            return None
        tempfile.TemporaryFile(dir=folder).close()
    # RuntimeError: there is no home folder.
    except (OSError, RuntimeError):
        return None
    return folder
