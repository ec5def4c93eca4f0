"""Activations of a layer."""

import difflib
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from cutaway.errors import UnknownNameError
from cutaway.models import forward, layer_names
from cutaway.progress import ProgressCallback, ignore_progress

from .graph import IDENTITY_KINDS, Graph


def activations(
    model: keras.Model,
    layer: str,
    *,
    x: Any,
    scale: float,
    weights: Mapping[str, np.ndarray] | None = None,
    on_progress: ProgressCallback = ignore_progress,
) -> np.ndarray:
    """Compute the activations of a layer in evaluation (no dropout, no noise).

    Args:
        model: A built model; it is not changed.
        layer: Name of one of its layers.
        x: ``(sample, ...)`` raw rows, uint8 or float32.
        scale: The value of `x` that becomes 1.
        weights: A snapshot to use; None for the weights that the model has now.
        on_progress: Told after every batch, in samples.

    Returns:
        float32 ``(sample, unit)``; a layer with more axes is flattened to units.

    Raises:
        UnknownNameError: The model has no layer of that name.
    """
    find_layer(model, layer)
    out = forward(model, x, scale=scale, layer=layer, weights=weights, on_progress=on_progress)
    return out.reshape(len(out), -1)


def find_layer(model: keras.Model, name: str) -> keras.Layer:
    """Look up a layer by name.

    Raises:
        UnknownNameError: The model has no layer of that name.
    """
    names = layer_names(model)
    if name not in names:
        close = difflib.get_close_matches(name, names, n=1) or [default_layer(model)]
        raise UnknownNameError(
            f"layers of this model are {', '.join(names)}", got=f'"{name}"', hint=f'try "{close[0]}"'
        )
    return model.get_layer(name)


def default_layer(model: keras.Model) -> str:
    """The layer people look at first: the last hidden one, whose values the output layer reads.

    The output layer is the last Dense one; an activation after it belongs to it. Dropout, noise, Flatten and Reshape
    before it are skipped, so that after Dense, BatchNormalization, ReLU and Dropout it is the ReLU. The output itself
    where no hidden layer computes anything.
    """
    graph = Graph.of(model)
    name = graph.output
    while graph.kind(name) != "Dense" and len(graph.inputs[name]) == 1 and graph.inputs[name][0] != graph.entry:
        name = graph.inputs[name][0]
    if graph.kind(name) != "Dense":  # no Dense layer at the end: everything before the last layer is hidden
        name = graph.output
    name = graph.inputs[name][0]
    while name != graph.entry and graph.kind(name) in (*IDENTITY_KINDS, "Flatten", "Reshape"):
        name = graph.inputs[name][0]
    prepares = name == graph.entry or graph.kind(name) in ("Rescaling", "Normalization")
    return model.layers[-1].name if prepares else name
