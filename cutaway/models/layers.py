"""The layers that may be trained and opened, and which of their settings are supported.

One table serves three purposes: `check_model` refuses everything else, `cutaway.models.spec` writes exactly these
fields into a run folder, and reads nothing else back.
"""

import math
from typing import Any

import keras

from cutaway.errors import ModelError

from .form import ACTIVATIONS
from .shapes import MEMBER_EQUATIONS, SUMMING_KINDS

INITIALIZERS = (
    *("Zeros", "Ones", "Constant", "RandomNormal", "RandomUniform", "TruncatedNormal", "VarianceScaling"),
    *("GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "LecunNormal", "LecunUniform"),
    *("Orthogonal", "Identity"),
)
REGULARIZERS = ("L1", "L2", "L1L2")
CONSTRAINTS = ("MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm")


def _of(*weights: str) -> tuple[str, ...]:
    return tuple(f"{w}_{part}" for w in weights for part in ("initializer", "regularizer", "constraint"))


LAYER_KINDS: dict[str, tuple[str, ...]] = {
    "Dense": ("units", "activation", "use_bias", *_of("kernel", "bias")),
    "EinsumDense": ("equation", "output_shape", "bias_axes", "activation", *_of("kernel", "bias")),
    "GlobalAveragePooling1D": ("data_format",),
    "Dropout": ("rate", "noise_shape", "seed"),
    "Activation": ("activation",),
    "ReLU": ("max_value", "negative_slope", "threshold"),
    "LeakyReLU": ("negative_slope",),
    "PReLU": (*_of("alpha"), "shared_axes"),
    "ELU": ("alpha",),
    "Softmax": ("axis",),
    "Flatten": ("data_format",),
    "Reshape": ("target_shape",),
    "Rescaling": ("scale", "offset"),
    # the values that adapt() found are settings: they are measured once, and no training changes them
    "Normalization": ("axis", "invert", "mean", "variance"),
    "BatchNormalization": (
        *(
            "axis",
            "momentum",
            "epsilon",
            "center",
            "scale",
            "synchronized",
            "renorm",
            "renorm_clipping",
            "renorm_momentum",
        ),
        *(*_of("beta", "gamma"), "moving_mean_initializer", "moving_variance_initializer"),
    ),
    "LayerNormalization": ("axis", "epsilon", "center", "scale", *_of("beta", "gamma")),
    "GaussianNoise": ("stddev", "seed"),
    "GaussianDropout": ("rate", "seed"),
    **dict.fromkeys(SUMMING_KINDS, ()),
    "Concatenate": ("axis",),
}
"""Keras' class name of each allowed layer -> its supported settings. ``InputLayer`` is allowed as well."""

RECORD = "fit the model yourself with cutaway.Recorder, which keeps history, test metrics and predictions of any model"
"""The next step for a model with other layers."""

WRAPPED = "keras.Model(i, mine(i)), where mine is your model and i = keras.Input(shape of a sample)"
"""A model of one input and one output, made of a subclass of keras.Model, whose inputs Keras does not know."""

_entry = keras.Input((1,))
_FUNCTIONAL = keras.Model(_entry, _entry)  # the class of functional models has no public name

_ALLOWED = ", ".join(("Input", *LAYER_KINDS))


def kind_of(layer: keras.Layer) -> str:
    """Keras' class name of a layer, if it is exactly a supported class and no subclass of one.

    Raises:
        ModelError: The layer is of another class; the message names it and lists the allowed ones.
    """
    kind = type(layer).__name__
    if kind not in (*LAYER_KINDS, "InputLayer") or type(layer) is not getattr(keras.layers, kind):
        raise ModelError(
            f'layer "{layer.name}" is a {type(layer).__module__}.{kind}, and cutaway supports {_ALLOWED}',
            hint=f"replace that layer, or {RECORD}",
        )
    return kind


def check_model(model: object) -> keras.Model:
    """Check that a model is a Sequential or functional Keras model of supported layers.

    Args:
        model: Any object; a valid model is returned unchanged.

    Raises:
        ModelError: Not such a model; more than one input or output; a layer that is not in `LAYER_KINDS`; an activation
            that is not in `ACTIVATIONS`; a dtype other than float32.
    """
    # a subclass of Model can do anything in call(); only these two consist of layers and connections
    functional = isinstance(model, keras.Model) and type(model) is type(_FUNCTIONAL)
    if not (type(model) is keras.Sequential or functional):
        raise ModelError(
            "the model must be a keras.Sequential or a keras.Model(inputs, outputs)",
            got=f"{type(model).__module__}.{type(model).__name__}",
            hint="build it with cutaway.mlp(...) or from keras.layers",
        )
    assert isinstance(model, keras.Model)
    for operation in model.operations if functional else ():
        if not isinstance(operation, keras.Layer):
            raise ModelError(
                f'the operation "{operation.name}" ({type(operation).__name__}) is not a layer',
                hint="write keras.layers.Add()([a, b]) for a + b, and keras.layers.Rescaling(2.0)(a) for 2 * a",
            )
    for layer in model.layers:
        kind_of(layer)
        _check_layer(layer)
    if functional and (len(model.inputs) != 1 or len(model.outputs) != 1):
        raise ModelError(
            f"the model must have one input and one output, got {len(model.inputs)} and {len(model.outputs)}",
            hint="split it into models of one input and one output",
        )
    return model


def _check_layer(layer: keras.Layer) -> None:
    activation = getattr(layer, "activation", None)
    if activation is not None:
        name = getattr(activation, "__name__", repr(activation))
        if name not in ACTIVATIONS or activation is not keras.activations.get(name):
            raise ModelError(
                f'layer "{layer.name}" has the activation "{name}"; cutaway supports {", ".join(ACTIVATIONS)}',
            )
    equation: Any = getattr(layer, "equation", None)
    if equation is not None and (
        equation not in MEMBER_EQUATIONS or getattr(layer, "bias_axes", None) not in (None, "ko")
    ):
        raise ModelError(
            f'layer "{layer.name}" is an EinsumDense with the equation "{equation}"',
            hint=f"use {' or '.join(MEMBER_EQUATIONS)} with bias_axes ko; or Dense, or Reshape before it",
        )
    if layer.dtype_policy.name != "float32":
        raise ModelError(
            f'layer "{layer.name}" computes in {layer.dtype_policy.name}, not in float32',
            hint='build the model under keras.config.set_dtype_policy("float32")',
        )


def layer_names(model: keras.Model) -> list[str]:
    """Names of the layers of a model in its order."""
    return [layer.name for layer in model.layers]


def normalizes_batches(model: keras.Model) -> bool:
    """Whether the samples of a batch influence each other in training, by BatchNormalization."""
    return any(isinstance(layer, keras.layers.BatchNormalization) for layer in model.layers)


def output_size(model: keras.Model, layer: str | None = None) -> int:
    """Number of values that a layer, or the model if None, puts out for one sample."""
    output = model.outputs[0] if layer is None else model.get_layer(layer).output
    return math.prod(output.shape[1:])
