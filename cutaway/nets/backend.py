"""Which backend Keras runs on: JAX, unless the user chose another before us."""

import os
import sys

from cutaway.errors import BackendError


def prepare_keras() -> None:
    """Choose JAX as Keras' backend, if Keras is not loaded and the user has not chosen.

    The environment variable wins over ``~/.keras/keras.json``, where an old TensorFlow install may have left its name.
    """
    if "keras" not in sys.modules:
        os.environ.setdefault("KERAS_BACKEND", "jax")


def require_jax() -> None:
    """Check that Keras runs on JAX, which the compiled loop needs.

    Raises:
        BackendError: Keras is loaded on another backend.
    """
    import keras

    backend = keras.backend.backend()
    if backend != "jax":
        raise BackendError(
            "cutaway's compiled loop needs Keras on its JAX backend",
            came=f'Keras already loaded on "{backend}"',
            fix="set KERAS_BACKEND=jax before Python starts, or import cutaway before keras with KERAS_BACKEND unset",
        )
