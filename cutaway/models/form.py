"""The form of a multilayer perceptron, checked without Keras."""

from collections.abc import Iterable, Sequence
from numbers import Integral, Real

from cutaway.errors import ModelError

ACTIVATIONS = (
    *("relu", "softplus", "sigmoid", "tanh", "gelu", "softmax", "linear"),
    *("elu", "selu", "leaky_relu", "relu6", "silu", "mish", "softsign"),
    *("hard_sigmoid", "exponential", "log_softmax"),
)
"""Names of the activation functions of `keras.activations` that a layer may carry."""

MOST_MEMBERS = 256


def check_form(
    hidden: Sequence[int] = (), *, dropout: float = 0.0, activation: str = "relu", ensemble: int = 1
) -> tuple[int, ...]:
    """Check what `mlp` is asked for, and return the units of each hidden layer.

    Raises:
        ModelError: A value is outside its range.
    """
    if isinstance(hidden, (int, str)) or not isinstance(hidden, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ModelError("hidden lists the units of each layer", got=repr(hidden), hint="try hidden=(512, 512)")
    hidden = tuple(hidden)
    for units in hidden:
        if not isinstance(units, Integral) or isinstance(units, bool) or not 1 <= units <= 1_000_000:
            raise ModelError(
                "a hidden layer has a whole number of units, at least 1 and at most 1,000,000",
                got=repr(units),
                hint="try hidden=(512, 512)",
            )
    if not isinstance(dropout, Real) or not 0 <= dropout < 1:
        raise ModelError(
            "dropout is a fraction, from 0 up to but not including 1",
            got=repr(dropout),
            hint="try dropout=0.2",
        )
    if activation not in ACTIVATIONS:
        raise ModelError(f"activation is one of {', '.join(ACTIVATIONS)}", got=repr(activation), hint='try "relu"')
    if not isinstance(ensemble, Integral) or isinstance(ensemble, bool) or not 1 <= ensemble <= MOST_MEMBERS:
        raise ModelError(
            f"ensemble is a number of members, from 1 to {MOST_MEMBERS}", got=repr(ensemble), hint="try ensemble=8"
        )
    return hidden
