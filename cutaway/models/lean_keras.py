"""Importing Keras without the packages that it takes along, in processes that are cutaway's own.

Keras imports each of them if it is installed, for features that cutaway does not use, and has no setting against it.
None in `sys.modules` is documented: an import raises ModuleNotFoundError, which Keras expects.
"""

import gc
import importlib
import logging
import sys
import threading
from collections.abc import Callable, Container, Mapping
from typing import Any

from cutaway._lazy import lazy_getattr

from .backend import require_jax
from .compiled_programs import keep_compiled_programs

log = logging.getLogger("cutaway.models")

HIDDEN = ("IPython", "PIL", "matplotlib", "pandas", "requests", "sklearn")
"""Packages that Keras 3.15 and JAX 0.10 import if they are installed."""

_ours = False  # set by `lean_keras`


def lean_keras() -> None:
    """Say that this process is cutaway's own, such as a command: importing Keras may hide packages in it."""
    global _ours
    _ours = True


def import_lean_keras() -> None:
    """Import Keras before it is needed, and keep XLA's compiled programs for the next process.

    Raises:
        BackendError: See `require_jax`.
    """
    require_jax()
    _import_keras()
    keep_compiled_programs()


def lazy_getattr_with_keras(
    package: str, modules: Mapping[str, str], *, light: Container[str], needs_jax: bool = False
) -> Callable[[str], Any]:
    """As `lazy_getattr`, for a package whose modules import Keras but for `light`: it is imported leanly before.

    Args:
        package: See `lazy_getattr`.
        modules: See `lazy_getattr`.
        light: Full names of the modules that need no Keras.
        needs_jax: Whether the other modules need Keras on JAX; another backend is then refused before it is imported.
    """
    find = lazy_getattr(package, modules)

    def find_after_keras(name: str) -> Any:
        if name in modules and modules[name] not in light:
            if needs_jax:
                require_jax()
            _import_keras()
        return find(name)

    return find_after_keras


def _import_keras() -> None:
    """Import Keras without `HIDDEN`, unless some code would lack them for good.

    That is a user's code in a process that is not cutaway's own (fit on a DataFrame, plots), and the imports of other
    threads meanwhile.
    """
    if "keras" in sys.modules:
        return
    hidden = [name for name in HIDDEN if name not in sys.modules]
    if not _ours or threading.active_count() > 1:
        log.debug("Keras is imported with all that it takes along")
        hidden = []
    sys.modules.update(dict.fromkeys(hidden))  # pyright: ignore[reportArgumentType, reportCallIssue]
    try:
        importlib.import_module("keras")
    finally:
        for name in hidden:
            del sys.modules[name]
    if _ours:
        gc.freeze()  # modules stay as long as the process: every collection would go through them, 0.15 s
