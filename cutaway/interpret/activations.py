"""Activations of a layer."""

import math
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from cutaway.models import forward
from cutaway.progress import ProgressCallback, ignore_progress

from .lookup import find_layer


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
    return out.reshape(len(out), math.prod(out.shape[1:]))
