"""Which backend Keras runs on: JAX, unless the user chose another before us."""

import gc
import importlib
import os
import sys

from cutaway.errors import BackendError

OPTIONAL_MODULES = ("pandas", "matplotlib", "sklearn")
"""Packages that Keras 3.15 imports if they are installed, for features that cutaway does not use: 3.4 s of 4.7 s."""


def import_lean_keras() -> None:
    """Import Keras as if `OPTIONAL_MODULES` were not installed; only for our own processes, such as the command line.

    A user's own Keras code in the same process would lack them (fit on a DataFrame, plots), so the library does not do
    this.
    """
    require_jax()
    if "keras" in sys.modules:
        return
    hidden = [name for name in OPTIONAL_MODULES if name not in sys.modules]
    # None makes an import of a module fail as if it were not installed
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    gc.disable()
    try:
        importlib.import_module("keras")
    finally:
        for name in hidden:
            del sys.modules[name]
        # modules live as long as the process, and every garbage collection that goes through them takes 0.15 s
        gc.freeze()
        gc.enable()


def require_jax() -> None:
    """Check that Keras runs on JAX, which the compiled loop needs.

    Raises:
        BackendError: Keras is loaded on another backend.
    """
    loaded = sys.modules.get("keras")
    backend = loaded.backend.backend() if loaded else os.environ.get("KERAS_BACKEND", "jax")
    if backend != "jax":
        got = f'Keras already loaded on "{backend}"' if loaded else f'KERAS_BACKEND="{backend}"'
        raise BackendError(
            "cutaway's compiled loop needs Keras on its JAX backend",
            got=got,
            hint="set KERAS_BACKEND=jax before Python starts, or import cutaway before keras with KERAS_BACKEND unset",
        )
