"""The inputs of a model after the layers that only prepare them: what its first layer of units learns from."""

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import keras
import numpy as np

from cutaway.models import prepare_inputs

PREPARING = ("Rescaling", "Normalization", "BatchNormalization", "LayerNormalization")
"""Kinds of layers that change the scale of inputs, and leave each of them at its place."""

SHAPING, NOISE = ("Flatten", "Reshape"), ("Dropout", "GaussianNoise")
"""Kinds of layers that may be among these, and leave the scale of inputs as it is; noise is left out."""


def prepared_inputs(model: keras.Model, spec: Mapping[str, Any], x: np.ndarray, *, scale: float) -> np.ndarray | None:
    """Inputs as they leave the last of the layers that prepare them at the beginning of a model.

    The layers are called as in training, where a BatchNormalization computes by the samples themselves: after a short
    training its moving averages are still far from theirs.

    Args:
        model: A built model; it is not changed.
        spec: Its specification.
        x: ``(sample, ...)`` raw samples.
        scale: The value of `x` that becomes 1.

    Returns:
        float32 ``(sample, input)``, each input at its place; None where no layer prepares them.
    """
    names = preparing_layers(spec)
    if not names:
        return None
    with keras.StatelessScope():
        values: Any = prepare_inputs(jnp.asarray(x), scale, tuple(model.inputs[0].shape[1:]))
        for name in names:
            values = model.get_layer(name)(values, training=True)
    return np.asarray(values, np.float32).reshape(len(x), -1)


def preparing_layers(spec: Mapping[str, Any]) -> list[str]:
    """Names of the layers through which all inputs go, one after the other, up to the last one that prepares them."""
    passed, last, at = list[str](), 0, spec["input"]["name"]
    while True:
        following = [layer for layer in spec["layers"] if at in layer["inputs"]]
        if len(following) != 1 or following[0]["kind"] not in (*PREPARING, *SHAPING, *NOISE):
            return passed[:last]
        at, kind = following[0]["name"], following[0]["kind"]
        passed += [] if kind in NOISE else [at]
        last = len(passed) if kind in PREPARING else last
