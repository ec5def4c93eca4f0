"""The decorator of compiled kernels: how Numba compiles them, and their place on disk."""

import hashlib
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from threading import Lock
from time import perf_counter
from typing import Any

import numba.core.config
import numpy as np
from numba import njit
from numba.core import event

from cutaway.cache import cache_folder, private_folder
from cutaway.errors import Canceled
from cutaway.progress import Progress, ProgressCallback

from .kernel_files import tell_unwritable, with_checked_files

# The type of indices in hot loops: a signed index could count from the end, which costs seven more instructions.
U = np.uint64
# Typed as Any, because Numba creates its settings when it is imported.
config: Any = numba.core.config

COMPILING = "compiling"
"""Task of the progress of `compilation_progress`."""

# Several threads may import modules simultaneously, and the cache folder is a global setting of Numba.
_CONFIG_LOCK = Lock()


def kernel(*, inner: bool = False, **flags: Any) -> Callable[[Any], Any]:
    """Make the decorator that compiles a function without Python objects and keeps it on disk if possible.

    The function releases the interpreter while it runs: Python threads can share its work. Division by zero
    gives infinity as in NumPy, because checking for it would prevent vectorized loops.

    Kernels compare instead of calling ``min`` and ``max``, which Numba compiles again for each type and each set of
    flags: they were 17 of the 60 functions that a first t-SNE compiled.

    Args:
        inner: Whether only other kernels call it; leaving out the wrapper for Python saves a sixth of the compilation.
        flags: Further options of `numba.njit`, such as ``fastmath``.
    """

    def compiled(function: Any) -> Any:
        options = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True, "no_cpython_wrapper": inner} | flags
        with _CONFIG_LOCK:
            users = config.CACHE_DIR
            folder = users or _folder()
            if folder is None:
                return njit(**options)(function)
            # Numba reads the folder while it decorates; the user's own functions must not end up in ours.
            config.CACHE_DIR = str(folder)
            try:
                return with_checked_files(njit(cache=True, **options)(function))
            finally:
                config.CACHE_DIR = users

    return compiled


class Compilation(event.Listener):
    """Reports each kernel that is compiled, and not those that are read from disk.

    Attributes:
        count: Kernels compiled so far.
        seconds: Their time.
    """

    def __init__(self, on_progress: ProgressCallback) -> None:
        self.on_progress, self.count, self.depth, self.seconds = on_progress, 0, 0, 0.0

    def on_start(self, event: Any) -> None:
        """Called by Numba as it begins with a function, also with one that another one calls."""
        if not self.depth:
            name = event.data["dispatcher"].py_func.__name__
            self.on_progress(Progress(COMPILING, 0, 1, "step", f"once on this machine: {name}"))
            self._begun = perf_counter()
        self.depth += 1

    def on_end(self, event: Any) -> None:
        """Called by Numba as it ends."""
        self.depth -= 1
        if not self.depth:
            self.count, self.seconds = self.count + 1, self.seconds + perf_counter() - self._begun


@contextmanager
def compilation_progress(on_progress: ProgressCallback) -> Generator[Compilation]:
    """Report kernels that have to be compiled, which takes from ten seconds to a minute the first time.

    Args:
        on_progress: Called as each of them begins, from the thread that needs it, and at the end.

    Yields:
        The count, to which what another process compiles can be added.
    """
    listener = Compilation(on_progress)
    event.register("numba:compile", listener)
    try:
        yield listener
    finally:
        event.unregister("numba:compile", listener)
    if listener.count:
        told = f"{listener.count} functions in {listener.seconds:.1f} s, once on this machine"
        with suppress(Canceled):  # the next report raises it again, where a layout that is done is kept
            on_progress(Progress(COMPILING, 1, 1, "step", told))


@cache
def _folder() -> Path | None:
    """Return the folder of compiled kernels, private to the user; None, with a warning, if none can be written.

    Its name contains a digest of the source of all packages with kernels. Numba itself checks only size and date of the
    file that defines a function, so it would reuse a kernel whose helper in another file has changed (and all files of
    a wheel have the same date).
    """
    source, package = hashlib.sha256(), Path(__file__).parents[1]
    for name in ("neighbors", "embedding", "augmentation"):
        for file in sorted((package / name).rglob("*.py")):
            source.update(file.read_bytes())
    name = f"numba-{sys.implementation.cache_tag}-{source.hexdigest()[:16]}"
    try:
        return private_folder(name)
    except OSError as error:
        with suppress(OSError):  # without a home there is no better name
            name = str(cache_folder(name))
        tell_unwritable(name, error.strerror or str(error))
        return None
