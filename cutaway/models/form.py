"""The form of a multilayer perceptron, checked without Keras."""

from dataclasses import dataclass, fields
from functools import partial

from cutaway.checks import check_each, check_flag, check_whole
from cutaway.errors import Hint, ModelError
from cutaway.options import Options, number_option, option, parse_numbers

ACTIVATIONS = (
    *("relu", "softplus", "sigmoid", "tanh", "gelu", "softmax", "linear"),
    *("elu", "selu", "leaky_relu", "relu6", "silu", "mish", "softsign"),
    *("hard_sigmoid", "exponential", "log_softmax"),
)
"""Names of the activation functions of `keras.activations` that a layer may carry."""

MOST_MEMBERS = 256


@dataclass(frozen=True)
class ModelForm(Options):
    """The settings of `mlp`.

    Attributes:
        hidden: Units of each hidden layer, from input to output, each at least 1; empty gives softmax regression.
        dropout: Dropout rate after each hidden layer, in [0, 1).
        batch_norm: Whether each hidden layer is normalized over the batch, before its activation.
        activation: Activation of the hidden layers, one of `ACTIVATIONS`.
        ensemble: Number of members, from 1 to `MOST_MEMBERS`; 1 is a plain model.

    Raises:
        UsageError: A value is outside its range.
        ModelError: Two values do not go together.
    """

    hidden: tuple[int, ...] = option(
        (512, 512),
        "Units of each hidden layer, such as 512,512.",
        check=partial(check_each, check=partial(check_whole, least=1, most=1_000_000)),
        parse=partial(parse_numbers, flag="hidden", example="512,512"),
    )
    dropout: float = number_option(0.0, "Share of hidden units dropped in training.", least=0, below=1)
    batch_norm: bool = option(
        False,
        "Normalize each hidden layer over the batch, before its activation.",
        check=check_flag,
        flag="--batch-norm/--no-batch-norm",
    )
    activation: str = option("relu", "Activation of the hidden layers. Default: relu.", choices=ACTIVATIONS)
    ensemble: int = option(1, "Train N models side by side and average their logits.", least=1, most=MOST_MEMBERS)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.batch_norm and self.ensemble > 1:
            raise ModelError(
                f"batch_norm=True does not work with ensemble={self.ensemble}",
                hint=Hint("choose {} or {}, or train models with different seeds", ensemble=1, batch_norm=False),
            )


FORM = tuple(each.name for each in fields(ModelForm))
"""Names of the settings of a model; all others are of its training."""
