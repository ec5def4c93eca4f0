"""The preparation of inputs inside a model, before all other layers, and the data as such a model takes them."""

import dataclasses
from typing import Any

import keras
import numpy as np

from cutaway.data import Dataset, Preparation
from cutaway.errors import Hint, UsageError


def _preparing(model: keras.Model) -> Any:
    """The layer that prepares the inputs of a model before all others, a Rescaling or a Normalization, or None."""
    for layer in getattr(model, "layers", ()):
        kind = type(layer).__name__
        if kind in ("Rescaling", "Normalization"):
            return layer
        if kind not in ("InputLayer", "Flatten", "Reshape", "Dropout", "GaussianDropout", "GaussianNoise"):
            return None
    return None


def rescales(model: keras.Model, scale: float) -> bool:
    """Whether a model divides its inputs by the scale of the data itself, in a Rescaling before all other layers."""
    return scale != 1 and bool(np.isclose(own_scale(model), scale, rtol=0.02))


def own_scale(model: keras.Model) -> float:
    """The divisor of all inputs in a Rescaling before all other layers of a model; 1 without one."""
    layer = _preparing(model)
    factors = np.unique(np.asarray(layer.scale, np.float64)) if type(layer).__name__ == "Rescaling" else np.ones(1)
    return float(1 / factors[0]) if len(factors) == 1 and factors[0] > 0 else 1.0


def as_taken(model: keras.Model, data: Dataset) -> Dataset:
    """The data as a model takes them: with the scale 1, raw samples, if it rescales them itself.

    Raises:
        UsageError: The columns of a table are standardized, and the model would standardize them again.
    """
    if data.preparation is not None and _standardizes(_preparing(model), data.preparation):
        raise UsageError(
            f"{data.name} is standardized already, and the model begins with a Normalization of its own",
            hint=Hint("load the table with {}, or export the model with {}", numbers="none", preparation=False),
        )
    return dataclasses.replace(data, scale=1.0) if rescales(model, data.scale) else data


def _standardizes(layer: Any, preparation: Preparation) -> bool:
    """Whether a layer standardizes a column by about the center and the scale that a preparation has applied to it."""
    if type(layer).__name__ != "Normalization" or layer.invert:
        return False
    size = len(preparation.features)
    values = [np.asarray(keras.ops.convert_to_numpy(value), np.float64) for value in (layer.mean, layer.variance)]
    if any(value.size not in (1, size) for value in values):
        return False
    mean, spread = np.broadcast_to(values[0].ravel(), size), np.broadcast_to(np.sqrt(values[1].ravel()), size)
    at = 0
    for step in preparation.steps:
        if step.kind == "number":
            # unless the column was nearly standardized before: then the two look alike
            moved = abs(step.center) > step.scale or not 0.5 <= step.scale <= 2
            near = abs(mean[at] - step.center) <= 0.25 * step.scale and 0.75 <= spread[at] / step.scale <= 1.25
            if moved and near:
                return True
        at += len(step.features)
    return False
