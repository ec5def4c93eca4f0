"""Activations of a layer."""

import difflib
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from cutaway.errors import UnknownNameError
from cutaway.models import forward, layer_names
from cutaway.progress import ProgressCallback, ignore_progress


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
    """The layer people look at first: the last one with weights before the output, or else the output itself."""
    weighted = [layer.name for layer in model.layers if layer.weights]
    return weighted[-2] if len(weighted) > 1 else model.layers[-1].name
