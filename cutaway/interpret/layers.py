"""The kind and the size of each layer, and the number of its dead units."""

import json
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

from cutaway.models import ForwardPass, activation_name
from cutaway.progress import ProgressCallback, ignore_progress

from .measures import is_dead
from .outline import COMPUTING_KINDS
from .records import LayerRecord, WeightRecord

NUMBERED = 100
"""Maximum number of listed dead units of a layer."""

RECTIFIERS = ("relu", "relu6")
"""Activation functions whose units fire or do not; a linear or tanh unit below 0 is not idle, and it learns."""


def measured_layers(model: keras.Model) -> tuple[str, ...]:
    """Names of the layers that compute something, see `COMPUTING_KINDS`."""
    return tuple(layer.name for layer in model.layers if type(layer).__name__ in COMPUTING_KINDS)


def rectifies(layer: Any) -> bool:
    """Whether a layer ends in a rectifier that is exactly 0 below its threshold: its units fire or do not."""
    if type(layer).__name__ == "ReLU":
        return not layer.negative_slope
    return activation_name(layer) in RECTIFIERS


def layer_records(
    model: keras.Model,
    *,
    x: Any,
    scale: float,
    on_progress: ProgressCallback = ignore_progress,
) -> tuple[LayerRecord, ...]:
    """Describe every layer of a model and run data through it to see which units never fire.

    Args:
        model: A built model; it is not changed.
        x: ``(sample, ...)`` raw rows, uint8 or float32.
        scale: The value of `x` that becomes 1.
        on_progress: Told after every batch, in samples.

    Raises:
        ModelError: The snapshot is not one of this model.
    """
    firing = [name for name in measured_layers(model) if rectifies(model.get_layer(name))]
    most = _largest_outputs(model, firing, x=x, scale=scale, on_progress=on_progress)
    dead = {name: np.flatnonzero(is_dead(values)) for name, values in most.items()}
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    return tuple(_record(layer, dead.get(layer.name)) for layer in layers)


def _record(layer: Any, dead: np.ndarray | None) -> LayerRecord:
    shape = tuple(layer.output.shape[1:])
    return LayerRecord(
        name=layer.name,
        kind=type(layer).__name__,
        # some lists in it are Keras' own and cannot be pickled, such as the axis of LayerNormalization
        config=json.loads(json.dumps(layer.get_config(), default=str)),
        output_shape=shape,
        parameters=layer.count_params(),
        trainable=sum(int(np.prod(w.shape)) for w in layer.trainable_weights),
        weights=tuple(_weight_record(each.name, np.asarray(each.value)) for each in layer.weights),
        units=int(np.prod(shape)),
        dead=None if dead is None else len(dead),
        dead_units=() if dead is None else tuple(dead[:NUMBERED].tolist()),
    )


@np.errstate(invalid="ignore")  # infinity less infinity, if a model has diverged
def _weight_record(name: str, values: np.ndarray) -> WeightRecord:
    mean, std = float(values.mean(dtype=np.float64)), float(values.std(dtype=np.float64))
    return WeightRecord(name, values.shape, mean, std, float(values.min()), float(values.max()))


def _largest_outputs(
    model: keras.Model,
    layers: Sequence[str],
    *,
    x: Any,
    scale: float,
    on_progress: ProgressCallback,
) -> dict[str, np.ndarray]:
    """The largest output of every unit of some layers over all samples, float32 ``(unit,)`` each."""
    if not layers:
        return {}
    forward = ForwardPass.of(model, layers, scale=scale, reduce=_largest)
    found = {name: np.full(int(np.prod(shape)), -np.inf, np.float32) for name, shape in forward.shapes.items()}
    for _, outputs in forward.batches(x, task="layers", on_progress=on_progress):
        for name, values in outputs.items():
            np.maximum(found[name], values, out=found[name])
    return found


def _largest(outputs: jax.Array) -> jax.Array:
    return jnp.max(outputs, axis=0)
