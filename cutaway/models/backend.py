"""Which backend Keras runs on: JAX, unless the user chose another before us."""

import os
import sys

from cutaway.errors import BackendError

try:
    import resource
except ImportError:  # Windows has no such limit
    resource = None

ADDRESS_SPACE = 2 * 10**9
"""Address space in bytes for a small training on a CPU: with 1.5 GB, XLA ends the process without an error."""


def require_jax() -> None:
    """Check that Keras runs on JAX, which the compiled loop needs, and that JAX has the address space to start.

    Raises:
        BackendError: Keras is loaded on another backend, or the address space is limited to less than JAX needs.
    """
    _check_address_space()
    loaded = sys.modules.get("keras")
    backend = loaded.backend.backend() if loaded else os.environ.get("KERAS_BACKEND", "jax")
    if backend != "jax":
        got = f'Keras already loaded on "{backend}"' if loaded else f'KERAS_BACKEND="{backend}"'
        raise BackendError(
            f"Keras runs on another backend than JAX: {got}",
            hint="set KERAS_BACKEND=jax before Python starts, or import cutaway before keras with KERAS_BACKEND unset",
        )


def _check_address_space() -> None:
    if resource is None:
        return
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY and limit < ADDRESS_SPACE:
        raise BackendError(
            f"the address space is limited to {limit / 1e9:.2g} GB, and JAX needs {ADDRESS_SPACE / 1e9:g} GB",
            hint="raise the limit, in a shell with: ulimit -v unlimited",
        )
