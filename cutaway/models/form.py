"""The form of a multilayer perceptron, checked without Keras."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from numbers import Real
from typing import Any

from cutaway.checks import is_whole
from cutaway.errors import Hint, ModelError

ACTIVATIONS = (
    *("relu", "softplus", "sigmoid", "tanh", "gelu", "softmax", "linear"),
    *("elu", "selu", "leaky_relu", "relu6", "silu", "mish", "softsign"),
    *("hard_sigmoid", "exponential", "log_softmax"),
)
"""Names of the activation functions of `keras.activations` that a layer may carry."""

MOST_MEMBERS = 256


@dataclass(frozen=True)
class ModelForm:
    """The settings of `mlp`.

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
                f"dropout must be at least 0 and below 1, got {self.dropout!r}",
                hint=Hint("try {}", dropout=0.2),
            )
        given: Any = self.batch_norm
        if not isinstance(given, bool) and type(given).__name__ not in ("bool", "bool_"):  # or NumPy's bool
            raise ModelError(f"batch_norm must be true or false, got {given!r}", hint=Hint("try {}", batch_norm=True))
        object.__setattr__(self, "batch_norm", bool(given))
        if self.activation not in ACTIVATIONS:
            raise ModelError(f"unknown activation: {self.activation!r}; activations: {', '.join(ACTIVATIONS)}")
        members: Any = self.ensemble
        if not is_whole(members) or not 1 <= members <= MOST_MEMBERS:
            raise ModelError(
                f"ensemble must be a whole number from 1 to {MOST_MEMBERS}, got {members!r}",
                hint=Hint("try {}", ensemble=8),
            )
        if self.batch_norm and members > 1:
            raise ModelError(
                f"batch_norm=True does not work with ensemble={members}",
                hint=Hint("choose {} or {}, or train models with different seeds", ensemble=1, batch_norm=False),
            )


FORM = tuple(each.name for each in fields(ModelForm))
"""Names of the settings of a model; all others are of its training."""


def _checked_hidden(hidden: Any) -> tuple[int, ...]:
    if isinstance(hidden, (int, str)) or not isinstance(hidden, Iterable):
        raise ModelError(
            f"hidden must list the units of each layer, got {hidden!r}", hint=Hint("try {}", hidden=(512, 512))
        )
    layers = tuple[Any, ...](hidden)
    for units in layers:
        if not is_whole(units) or not 1 <= units <= 1_000_000:
            raise ModelError(
                f"hidden must hold whole numbers from 1 to 1,000,000, got {units!r}",
                hint=Hint("try {}", hidden=(512, 512)),
            )
    return layers
