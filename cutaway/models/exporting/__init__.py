"""Exporting: a trained model as the bytes of a file for other programs.

In comes a Keras model of allow-listed layers; out come the bytes of a .keras file that plain Keras opens, or of an ONNX
graph with its preprocessing. May call `cutaway.models` and errors; onnx is loaded when it is needed.
"""

from typing import TYPE_CHECKING

from cutaway._lazy import lazy_getattr

if TYPE_CHECKING:
    from .keras_file import to_keras
    from .onnx_graph import to_onnx

# These load Keras.
_MODULES = {"to_keras": "cutaway.models.exporting.keras_file", "to_onnx": "cutaway.models.exporting.onnx_graph"}

__all__ = ["to_keras", "to_onnx"]

__getattr__ = lazy_getattr(__name__, _MODULES)
