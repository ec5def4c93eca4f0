"""The form of a multilayer perceptron, checked without Keras."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from numbers import Integral, Real
from typing import Any

from cutaway.errors import ModelError

ACTIVATIONS = (
    *("relu", "softplus", "sigmoid", "tanh", "gelu", "softmax", "linear"),
    *("elu", "selu", "leaky_relu", "relu6", "silu", "mish", "softsign"),
    *("hard_sigmoid", "exponential", "log_softmax"),
)
"""Names of the activation functions of `keras.activations` that a layer may carry."""

MOST_MEMBERS = 256


@dataclass(frozen=True)
class ModelForm:
    """What `mlp` makes a model of.

    Attributes:
        hidden: Units of each hidden layer, from input to output, each at least 1; empty gives softmax regression.
        dropout: Dropout rate after each hidden layer, in [0, 1).
        batch_norm: Whether each hidden layer is normalized over the batch, before its activation.
        activation: Activation of the hidden layers, one of `ACTIVATIONS`.
        ensemble: Number of members, from 1 to `MOST_MEMBERS`; 1 is a plain model.

    Raises:
        ModelError: A value is outside its range, or two do not go together.
    """

    hidden: tuple[int, ...] = (512, 512)
    dropout: float = 0.0
    batch_norm: bool = False
    activation: str = "relu"
    ensemble: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "hidden", _checked_hidden(self.hidden))
        if not isinstance(self.dropout, Real) or not 0 <= self.dropout < 1:
            raise ModelError(
                "dropout is a fraction, from 0 up to but not including 1",
                got=repr(self.dropout),
                hint="try dropout=0.2",
            )
        given: Any = self.batch_norm
        if not isinstance(given, bool) and type(given).__name__ not in ("bool", "bool_"):  # or that of NumPy
            raise ModelError("batch_norm is true or false", got=repr(given), hint="try batch_norm=True")
        object.__setattr__(self, "batch_norm", bool(given))
        if self.activation not in ACTIVATIONS:
            raise ModelError(
                f"activation is one of {', '.join(ACTIVATIONS)}", got=repr(self.activation), hint='try "relu"'
            )
        members: Any = self.ensemble
        if not _is_whole(members) or not 1 <= members <= MOST_MEMBERS:
            raise ModelError(
                f"ensemble is a number of members, from 1 to {MOST_MEMBERS}", got=repr(members), hint="try ensemble=8"
            )
        if self.batch_norm and members > 1:
            raise ModelError(
                "the members of an ensemble have no batch normalization",
                got=f"batch_norm=True and ensemble={members}",
                hint="choose ensemble=1 or batch_norm=False, or train models with different seeds",
            )


FORM = tuple(each.name for each in fields(ModelForm))
"""Names of the settings of a model; all others are of its training."""


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _checked_hidden(hidden: Any) -> tuple[int, ...]:
    if isinstance(hidden, (int, str)) or not isinstance(hidden, Iterable):
        raise ModelError("hidden lists the units of each layer", got=repr(hidden), hint="try hidden=(512, 512)")
    layers = tuple[Any, ...](hidden)
    for units in layers:
        if not _is_whole(units) or not 1 <= units <= 1_000_000:
            raise ModelError(
                "a hidden layer has a whole number of units, at least 1 and at most 1,000,000",
                got=repr(units),
                hint="try hidden=(512, 512)",
            )
    return layers
