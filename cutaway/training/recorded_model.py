"""A user's own model as a recorder sees it: its specification, where it has one, its weights and its settings."""

import math
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from cutaway.data import Dataset
from cutaway.errors import ModelError
from cutaway.models import WRAPPED, fitting_shape, get_weights, spec_of


def specification(model: keras.Model) -> tuple[dict[str, Any] | None, str]:
    """The specification of a model; where it has none, None and why, as a noun phrase."""
    try:
        return spec_of(model), ""
    except ModelError as error:
        return None, error.got


def sample_shape(model: Any, data: Dataset) -> tuple[int, ...]:
    """The shape in which a model takes one sample of the data.

    Raises:
        ModelError: It has not one input and one output, or they do not fit the data.
    """
    inputs, outputs = (getattr(model, name, None) or () for name in ("inputs", "outputs"))
    if len(inputs) != 1 or len(outputs) != 1:
        raise ModelError(
            "a recorded model has one input and one output, whose shapes are known before fit",
            got=f"{len(inputs)} inputs and {len(outputs)} outputs known of {type(model).__name__}",
            hint="fit a model with one of each" if inputs else f"compile and fit {WRAPPED}",
        )
    return fitting_shape(model, shape=data.shape, classes=data.classes)


def on_host(tensor: Any) -> Any:
    """A tensor of any backend as a NumPy array."""
    return keras.ops.convert_to_numpy(tensor)


def plain(value: Any) -> Any:
    """A metric as JSON: a number, or lists of numbers, with None for NaN and infinities."""
    if isinstance(value, int | float):
        return value if math.isfinite(value) else None
    return [plain(entry) for entry in value] if isinstance(value, list) else plain(on_host(value).tolist())


def named_values(model: keras.Model, *, opens: bool) -> dict[str, np.ndarray]:
    """The weights of a model by name: as snapshots have them where it can be opened again, else by their paths."""
    if opens:
        return get_weights(model)
    paths = [variable.path for variable in model.weights]
    if len(set(paths)) < len(paths):  # of layers inside layers, which may have equal names
        paths = [f"{number:04d}/{path}" for number, path in enumerate(paths)]
    values = [np.array(on_host(variable.value)) for variable in model.weights]
    # safetensors takes the kinds of numbers that NumPy has, bfloat16 is none of them
    return {p: v if v.dtype.kind in "fiub" else v.astype(np.float32) for p, v in zip(paths, values, strict=True)}


def is_finite(weights: Mapping[str, np.ndarray]) -> bool:
    """Whether all weights are finite numbers."""
    return all(bool(np.isfinite(value).all()) for value in weights.values())


def without_trainable(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A specification without the ``trainable`` of its layers, which may change from one fit to the next."""
    return {**spec, "layers": [{**x, "config": {**x["config"], "trainable": None}} for x in spec["layers"]]}


def learning_rate(model: Any) -> float:
    """The learning rate of a compiled model, with the digits that the user gave it: 0.001, not 0.0010000000474974."""
    return float(str(np.float32(on_host(model.optimizer.learning_rate))))
