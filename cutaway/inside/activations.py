"""Activations of a layer."""

import difflib
from typing import Any

import keras
import numpy as np

from cutaway.errors import UnknownNameError
from cutaway.nets import forward
from cutaway.progress import Report, silent


def activations(net: keras.Model, layer: str, *, x: Any, scale: float, report: Report = silent) -> np.ndarray:
    """Compute the activations of a layer in evaluation (no dropout, no noise).

    Args:
        net: A built net with the weights of the snapshot to look at.
        layer: Name of one of its layers.
        x: ``(sample, ...)`` raw rows, uint8 or float32.
        scale: The value of `x` that becomes 1.
        report: Told after every batch, in samples.

    Returns:
        float32 ``(sample, unit)``; a layer with more axes is flattened to units.

    Raises:
        UnknownNameError: The net has no layer of that name.
    """
    find_layer(net, layer)
    out = forward(net, x, scale=scale, layer=layer, report=report)
    return out.reshape(len(out), -1)


def find_layer(net: keras.Model, name: str) -> keras.Layer:
    """Look up a layer by name.

    Raises:
        UnknownNameError: The net has no layer of that name.
    """
    names = [layer.name for layer in net.layers]
    if name not in names:
        close = difflib.get_close_matches(name, names, n=1) or [default_layer(net)]
        raise UnknownNameError(f"layers of this net are {', '.join(names)}", came=f'"{name}"', fix=f'try "{close[0]}"')
    return net.get_layer(name)


def default_layer(net: keras.Model) -> str:
    """The layer people look at first: the last one with weights before the output, or else the output itself."""
    weighted = [layer.name for layer in net.layers if layer.weights]
    return weighted[-2] if len(weighted) > 1 else net.layers[-1].name
