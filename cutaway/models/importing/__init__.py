"""Importing: untrusted model files, read without running anything in them.

In comes a path to a .keras or .h5 file; out comes a `ModelFile`, which describes the layers of the model and why any of
them is refused, and from it a Keras model built from our own list of layers. May call `cutaway.models` and errors.
"""

from typing import TYPE_CHECKING

from cutaway._lazy import lazy_getattr

if TYPE_CHECKING:
    from .opening import ModelFile, build_from_file, read_model

# These load Keras.
_OPENING = "cutaway.models.importing.opening"
_MODULES = {"ModelFile": _OPENING, "build_from_file": _OPENING, "read_model": _OPENING}

__all__ = ["ModelFile", "build_from_file", "read_model"]

__getattr__ = lazy_getattr(__name__, _MODULES)
