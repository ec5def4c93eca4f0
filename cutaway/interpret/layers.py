"""What each layer is and holds, and how many of its units are inactive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

from cutaway.models import DENSE_KINDS, MERGING_KINDS, ForwardPass, activation_name
from cutaway.progress import ProgressCallback, ignore_progress

from .measures import is_inactive

COMPUTING_KINDS = (
    *DENSE_KINDS,
    *("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax"),
    *("BatchNormalization", "LayerNormalization", "GlobalAveragePooling1D", *MERGING_KINDS),
)
"""Kinds of layers that compute something; dropout, reshaping and the like only pass their input on."""


NUMBERED = 100
"""Inactive units of a layer whose numbers are listed at most."""

RECTIFIERS = ("relu", "relu6")
"""Activation functions whose units fire or do not; a linear or tanh unit below 0 is not idle, and it learns."""


@dataclass(frozen=True)
class WeightRecord:
    """One weight array of a layer.

    Attributes:
        name: Keras' name of it in the layer, such as "kernel".
        shape: Its shape.
        mean: Mean of its entries.
        std: Standard deviation of its entries.
        min: Smallest entry.
        max: Largest entry.
    """

    name: str
    shape: tuple[int, ...]
    mean: float
    std: float
    min: float
    max: float


@dataclass(frozen=True)
class LayerRecord:
    """One layer.

    Attributes:
        name: Its name.
        kind: Keras' class name.
        config: Keras' configuration of it, JSON-able.
        output_shape: Shape of its output for one sample.
        parameters: Number of entries of all its weights.
        trainable: How many of these are trained.
        weights: Its weight arrays; empty for a layer without weights.
        units: Entries of its output for one sample.
        inactive: Number of units that never fire: their output is 0 for every sample. None where units do not fire:
            only rectifiers do (relu, relu6), whose gradient is 0 where their output is.
        inactive_units: The numbers of the first of them, at most `NUMBERED`.
    """

    name: str
    kind: str
    config: dict[str, Any]
    output_shape: tuple[int, ...]
    parameters: int
    trainable: int
    weights: tuple[WeightRecord, ...]
    units: int
    inactive: int | None
    inactive_units: tuple[int, ...] = ()

    def __repr__(self) -> str:
        inactive = "" if self.inactive is None else f", {self.inactive} inactive"
        return f"<LayerRecord {self.name}: {self.kind}, {self.units:,} units{inactive}, {self.parameters:,} parameters>"

    @property
    def inactive_share(self) -> float | None:
        """Share of units that never fire, in [0, 1]."""
        return None if self.inactive is None else self.inactive / self.units


def measured_layers(model: keras.Model) -> tuple[str, ...]:
    """Names of the layers that compute something, see `COMPUTING_KINDS`."""
    return tuple(layer.name for layer in model.layers if type(layer).__name__ in COMPUTING_KINDS)


def rectifies(layer: Any) -> bool:
    """Whether a layer ends in a rectifier that is exactly 0 below its threshold, so that its units fire or do not."""
    if type(layer).__name__ == "ReLU":
        return not layer.negative_slope
    return activation_name(layer) in RECTIFIERS


def layer_records(
    model: keras.Model,
    *,
    x: Any,
    scale: float,
    weights: Mapping[str, np.ndarray] | None = None,
    on_progress: ProgressCallback = ignore_progress,
) -> tuple[LayerRecord, ...]:
    """Describe every layer of a model and run data through it to see which units never fire.

    Args:
        model: A built model; it is not changed.
        x: ``(sample, ...)`` raw rows, uint8 or float32.
        scale: The value of `x` that becomes 1.
        weights: A snapshot to use; None for the weights that the model has now.
        on_progress: Told after every batch, in samples.

    Raises:
        ModelError: The snapshot is not one of this model.
    """
    firing = [name for name in measured_layers(model) if rectifies(model.get_layer(name))]
    most = _largest_outputs(model, firing, x=x, scale=scale, weights=weights, on_progress=on_progress)
    inactive = {name: np.flatnonzero(is_inactive(values)) for name, values in most.items()}
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    return tuple(_record(layer, inactive.get(layer.name), weights) for layer in layers)


def _record(layer: Any, inactive: np.ndarray | None, weights: Mapping[str, np.ndarray] | None) -> LayerRecord:
    shape = tuple(layer.output.shape[1:])
    values = {
        w.name: np.asarray(w.value if weights is None else weights[f"{layer.name}/{w.name}"]) for w in layer.weights
    }
    return LayerRecord(
        name=layer.name,
        kind=type(layer).__name__,
        config=layer.get_config(),
        output_shape=shape,
        parameters=layer.count_params(),
        trainable=sum(int(np.prod(w.shape)) for w in layer.trainable_weights),
        weights=tuple(_weight_record(name, value) for name, value in values.items()),
        units=int(np.prod(shape)),
        inactive=None if inactive is None else len(inactive),
        inactive_units=() if inactive is None else tuple(inactive[:NUMBERED].tolist()),
    )


def _weight_record(name: str, values: np.ndarray) -> WeightRecord:
    mean, std = float(values.mean(dtype=np.float64)), float(values.std(dtype=np.float64))
    return WeightRecord(name, values.shape, mean, std, float(values.min()), float(values.max()))


def _largest_outputs(
    model: keras.Model,
    layers: Sequence[str],
    *,
    x: Any,
    scale: float,
    weights: Mapping[str, np.ndarray] | None,
    on_progress: ProgressCallback,
) -> dict[str, np.ndarray]:
    """The largest output of every unit of some layers over all samples, float32 ``(unit,)`` each."""
    if not layers:
        return {}
    forward = ForwardPass.of(model, layers, scale=scale, reduce=_largest)
    found = {name: np.full(int(np.prod(shape)), -np.inf, np.float32) for name, shape in forward.shapes.items()}
    for _, outputs in forward.batches(x, weights=weights, task="layers", on_progress=on_progress):
        for name, values in outputs.items():
            np.maximum(found[name], values, out=found[name])
    return found


def _largest(outputs: jax.Array) -> jax.Array:
    return jnp.max(outputs, axis=0)
