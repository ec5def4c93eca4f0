"""Layers of a model by name, the default one if none is named, and the outputs of layers."""

import math
from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import keras
import numpy as np

from cutaway.checks import check_choice
from cutaway.errors import UsageError
from cutaway.models import forward, layer_names, prepare_inputs, spec_of
from cutaway.progress import ProgressCallback, ignore_progress

from .graph import Graph
from .outline import IDENTITY_KINDS, Outline


def find_layer(model: keras.Model, name: str) -> keras.Layer:
    """Look up a layer by name.

    Raises:
        UnknownNameError: The model has no layer of that name.
    """
    return model.get_layer(check_choice(name, name="layer", choices=layer_names(model)))


def default_layer(model: keras.Model) -> str:
    """The layer that is shown first: the last hidden one, whose values the output layer reads.

    See `Outline.default`.
    """
    return Outline.of(spec_of(model)).default


def hidden_graph(model: keras.Model, layer: str) -> Graph:
    """The graph of a model, if `layer` is one of its layers before the output.

    Raises:
        UnknownNameError: The model has no layer of that name.
        UsageError: The layer is the input or the output.
    """
    find_layer(model, layer)
    graph = Graph.of(model)
    if layer == graph.output or layer not in graph.layers:
        hidden = [name for name in graph.layers if name != graph.output and graph.kind(name) not in IDENTITY_KINDS]
        raise UsageError(
            f'"{layer}" is the {"output" if layer == graph.output else "input"}, not a hidden layer',
            hint=f"choose one of: {', '.join(hidden)}" if hidden else "train a model with a hidden layer",
        )
    return graph


def activations(
    model: keras.Model,
    layer: str,
    *,
    x: Any,
    scale: float,
    on_progress: ProgressCallback = ignore_progress,
) -> np.ndarray:
    """Compute the activations of a layer in evaluation (no dropout, no noise).

    Args:
        model: A built model; it is not changed.
        layer: Name of one of its layers.
        x: ``(sample, ...)`` raw rows, uint8 or float32.
        scale: The value of `x` that becomes 1.
        on_progress: Told after every batch, in samples.

    Returns:
        float32 ``(sample, unit)``; a layer with more axes is flattened to units.

    Raises:
        UnknownNameError: The model has no layer of that name.
    """
    find_layer(model, layer)
    out = forward(model, x, scale=scale, layer=layer, on_progress=on_progress)
    return out.reshape(len(out), math.prod(out.shape[1:]))


PREPARING = ("Rescaling", "Normalization", "BatchNormalization", "LayerNormalization")
"""Kinds of layers that change the scale of inputs, and leave each of them at its place."""

SHAPING, NOISE = ("Flatten", "Reshape"), ("Dropout", "GaussianDropout", "GaussianNoise")
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
