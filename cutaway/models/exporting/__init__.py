"""Exporting: a trained model as the bytes of a file for other programs.

In comes a Keras model of allow-listed layers, and what becomes of raw samples before it: plain data, as run.json keeps
it. Out come the bytes of a .keras file that plain Keras opens, or of an ONNX graph, with that preparation inside, or
the reason why it cannot be; and the operations by which the page computes a model (`to_operations`). May call
`cutaway.models` and errors; onnx is loaded when it is needed.
"""

from typing import TYPE_CHECKING

from cutaway._lazy import lazy_getattr

from .expressible import why_not_in_keras, why_not_in_onnx

if TYPE_CHECKING:
    from .keras_file import to_keras
    from .onnx_graph import table_to_onnx, to_onnx
    from .operations import Operations, to_operations

# These load Keras.
_MODULES = {
    "Operations": "cutaway.models.exporting.operations",
    "table_to_onnx": "cutaway.models.exporting.onnx_graph",
    "to_keras": "cutaway.models.exporting.keras_file",
    "to_onnx": "cutaway.models.exporting.onnx_graph",
    "to_operations": "cutaway.models.exporting.operations",
}

__all__ = [
    "Operations",
    "table_to_onnx",
    "to_keras",
    "to_onnx",
    "to_operations",
    "why_not_in_keras",
    "why_not_in_onnx",
]

__getattr__ = lazy_getattr(__name__, _MODULES)
