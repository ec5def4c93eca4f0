"""Importing: a model file by anyone, read without running anything that is in it.

In comes a path to a .keras or .h5 file; out comes a `ModelFile`, which says what the file describes and what of it is
refused, and from it a Keras model built from our own list of layers. May call `cutaway.models`, errors and progress.
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
