"""Nets: what is trained and looked into.

In come sizes (`mlp`), a user's own Keras model (`check_net`) or the specification that a run folder holds
(`net_from_spec`); out go Keras models of allow-listed layers, their weights by name, and plain data that describes
them. Keras and JAX are loaded when this door opens, so callers that must be quick open it late. May call errors and
progress only.
"""

from .backend import prepare_keras

prepare_keras()  # must come before the first import of keras below

from .backend import require_jax  # noqa: E402
from .forward import forward, prepare_inputs  # noqa: E402
from .layers import ACTIVATIONS, LAYER_KINDS, check_net  # noqa: E402
from .mlp import build_net, mlp  # noqa: E402
from .spec import net_from_spec, spec_of  # noqa: E402
from .weights import get_weights, initialize, reseed, set_weights  # noqa: E402

__all__ = [
    "ACTIVATIONS",
    "LAYER_KINDS",
    "build_net",
    "check_net",
    "forward",
    "get_weights",
    "initialize",
    "mlp",
    "net_from_spec",
    "prepare_inputs",
    "require_jax",
    "reseed",
    "set_weights",
    "spec_of",
]
