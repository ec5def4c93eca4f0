"""Numba, set up once: where compiled kernels are kept, and how they are compiled."""

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import numba.core.config
import numpy as np
from numba import njit

# What indices in hot loops are made of: one of a signed type costs seven more instructions, as it could count from the
# end.
U = np.uint64
# Typed as any: Numba makes its settings when it is imported.
config: Any = numba.core.config

# Modules may be imported in several threads at once, and the folder is a setting of all of Numba.
_SETTING = Lock()


def kernel(*, inner: bool = False, **flags: Any) -> Callable[[Any], Any]:
    """Make the decorator that compiles a function without Python objects, kept on disk where that is possible.

    The function lets go of the interpreter while it runs, so that Python threads share its work; division by zero
    gives infinity as in NumPy, since the check for it would keep loops from being vectorized.

    Args:
        inner: Whether only other kernels call it: what Python would need to call it takes a sixth of the compilation.
        flags: Further options of `numba.njit`, such as ``fastmath``.
    """

    def compiled(function: Any) -> Any:
        options = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True, "no_cpython_wrapper": inner} | flags
        with _SETTING:
            users = config.CACHE_DIR
            folder = users or _folder()
            if folder is None:
                return njit(**options)(function)
            # Numba asks for the folder while it decorates; a user's own functions shall not end up in ours.
            config.CACHE_DIR = str(folder)
            try:
                return njit(cache=True, **options)(function)
            finally:
                config.CACHE_DIR = users

    return compiled


@cache
def _folder() -> Path | None:
    """Return the folder of compiled kernels, private to the user, or None where none can be written.

    Its name holds a digest of the source of all rooms with kernels. Numba itself looks only at the file of a function,
    at its size and date, and would keep a kernel whose helper in another file has changed (and all files of a wheel
    have one date).
    """
    source, package = hashlib.sha256(), Path(__file__).parents[1]
    for room in ("neighbors", "embedding"):
        for file in sorted((package / room).rglob("*.py")):
            source.update(file.read_bytes())
    # A folder that someone else may write is a way to run code as this user, so it must be ours alone.
    try:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        folder = home / "cutaway" / f"numba-{sys.implementation.cache_tag}-{source.hexdigest()[:16]}"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
        if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & 0o022):
            return None
        tempfile.TemporaryFile(dir=folder).close()
    # RuntimeError: no home folder can be found.
    except (OSError, RuntimeError):
        return None
    return folder
