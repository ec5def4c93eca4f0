"""Nets: what is trained and looked into.

In come sizes (`mlp`), a user's own Keras model (`check_net`) or the specification that a run folder holds
(`net_from_spec`); out go Keras models of allow-listed layers, their weights by name, and plain data that describes
them. Keras and JAX are loaded when the first name that needs them is asked for. May call errors and progress only.
"""

from typing import TYPE_CHECKING

from cutaway.doors import late

from .backend import import_lean_keras, require_jax

if TYPE_CHECKING:
    from .inference import batch_size, forward, prepare_inputs
    from .layers import ACTIVATIONS, LAYER_KINDS, check_net
    from .outputs import class_probabilities
    from .perceptron import build_net, check_fit, mlp
    from .spec import net_from_spec, spec_of
    from .weights import get_weights, initialize, reseed, set_weights

_HOMES = {
    "ACTIVATIONS": "cutaway.nets.layers",
    "LAYER_KINDS": "cutaway.nets.layers",
    "batch_size": "cutaway.nets.inference",
    "build_net": "cutaway.nets.perceptron",
    "check_fit": "cutaway.nets.perceptron",
    "check_net": "cutaway.nets.layers",
    "class_probabilities": "cutaway.nets.outputs",
    "forward": "cutaway.nets.inference",
    "get_weights": "cutaway.nets.weights",
    "initialize": "cutaway.nets.weights",
    "mlp": "cutaway.nets.perceptron",
    "net_from_spec": "cutaway.nets.spec",
    "prepare_inputs": "cutaway.nets.inference",
    "reseed": "cutaway.nets.weights",
    "set_weights": "cutaway.nets.weights",
    "spec_of": "cutaway.nets.spec",
}

__all__ = [
    "ACTIVATIONS",
    "LAYER_KINDS",
    "batch_size",
    "build_net",
    "check_fit",
    "check_net",
    "class_probabilities",
    "forward",
    "get_weights",
    "import_lean_keras",
    "initialize",
    "mlp",
    "net_from_spec",
    "prepare_inputs",
    "require_jax",
    "reseed",
    "set_weights",
    "spec_of",
]

__getattr__ = late(__name__, _HOMES)
