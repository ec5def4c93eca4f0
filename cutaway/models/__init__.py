"""Models: what is trained and looked into.

In come sizes (`mlp`), a user's own Keras model (`check_model`) or the specification that a run folder holds
(`model_from_spec`); out go Keras models of allow-listed layers, their weights by name, and plain data that describes
them. Keras and JAX are loaded when the first name that needs them is asked for. May call errors and progress only.
"""

from typing import TYPE_CHECKING

from cutaway._lazy import lazy_getattr

from .backend import import_lean_keras, require_jax

if TYPE_CHECKING:
    from .inference import batch_size, forward, prepare_inputs
    from .layers import ACTIVATIONS, LAYER_KINDS, check_model
    from .outputs import class_probabilities
    from .perceptron import build_model, check_fit, mlp
    from .spec import model_from_spec, spec_of
    from .weights import get_weights, initialize, reseed, set_weights

_MODULES = {
    "ACTIVATIONS": "cutaway.models.layers",
    "LAYER_KINDS": "cutaway.models.layers",
    "batch_size": "cutaway.models.inference",
    "build_model": "cutaway.models.perceptron",
    "check_fit": "cutaway.models.perceptron",
    "check_model": "cutaway.models.layers",
    "class_probabilities": "cutaway.models.outputs",
    "forward": "cutaway.models.inference",
    "get_weights": "cutaway.models.weights",
    "initialize": "cutaway.models.weights",
    "mlp": "cutaway.models.perceptron",
    "model_from_spec": "cutaway.models.spec",
    "prepare_inputs": "cutaway.models.inference",
    "reseed": "cutaway.models.weights",
    "set_weights": "cutaway.models.weights",
    "spec_of": "cutaway.models.spec",
}

__all__ = [
    "ACTIVATIONS",
    "LAYER_KINDS",
    "batch_size",
    "build_model",
    "check_fit",
    "check_model",
    "class_probabilities",
    "forward",
    "get_weights",
    "import_lean_keras",
    "initialize",
    "mlp",
    "model_from_spec",
    "prepare_inputs",
    "require_jax",
    "reseed",
    "set_weights",
    "spec_of",
]

__getattr__ = lazy_getattr(__name__, _MODULES)
