"""What each layer is and holds, and how many of its units never fire."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

from cutaway.models import batch_size, prepare_inputs
from cutaway.progress import Progress, ProgressCallback, ignore_progress

_FIRING = ("Dense", "Activation", "ReLU", "LeakyReLU", "BatchNormalization", "LayerNormalization", "Add", "Concatenate")


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
        weights: Its weight arrays; empty for a layer without.
        units: Entries of its output for one sample.
        silent: How many units never fire: their output is at most 0 for every sample. None where the layer only passes
            its input on (Dropout, Flatten, ...).
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

    @property
    def inactive_share(self) -> float | None:
        """Share of units that never fire, in [0, 1]."""
        return None if self.inactive is None else self.inactive / self.units


def layer_records(
    model: keras.Model, *, x: Any, scale: float, on_progress: ProgressCallback = ignore_progress
) -> tuple[LayerRecord, ...]:
    """Describe every layer of a model and run data through it to see which units never fire.

    Args:
        model: A built model with the weights of the snapshot to look at.
        x: ``(sample, ...)`` raw rows, uint8 or float32.
        scale: The value of `x` that becomes 1.
        on_progress: Told after every batch, in samples.
    """
    firing = [layer for layer in model.layers if type(layer).__name__ in _FIRING]
    peaks = _peaks(model, firing, x=x, scale=scale, on_progress=on_progress)
    quiet = {layer.name: int(np.sum(peak <= 0)) for layer, peak in zip(firing, peaks, strict=True)}
    return tuple(_record(layer, quiet.get(layer.name)) for layer in model.layers if not _is_input(layer))


def _is_input(layer: keras.Layer) -> bool:
    return isinstance(layer, keras.layers.InputLayer)


def _record(layer: Any, quiet: int | None) -> LayerRecord:
    shape = tuple(layer.output.shape[1:])
    return LayerRecord(
        name=layer.name,
        kind=type(layer).__name__,
        config=layer.get_config(),
        output_shape=shape,
        parameters=layer.count_params(),
        trainable=sum(int(np.prod(w.shape)) for w in layer.trainable_weights),
        weights=tuple(_weight_record(w.name, np.asarray(w.value)) for w in layer.weights),
        units=int(np.prod(shape)),
        inactive=quiet,
    )


def _weight_record(name: str, values: np.ndarray) -> WeightRecord:
    mean, std = float(values.mean(dtype=np.float64)), float(values.std(dtype=np.float64))
    return WeightRecord(name, values.shape, mean, std, float(values.min()), float(values.max()))


def _peaks(model: Any, layers: list[Any], *, x: Any, scale: float, on_progress: ProgressCallback) -> list[np.ndarray]:
    """The largest output of every unit of some layers over all samples, float32 ``(unit,)`` each."""
    part: Any = keras.Model(model.inputs, {layer.name: layer.output for layer in layers})
    shape = tuple(model.inputs[0].shape[1:])

    @jax.jit
    def largest(trainable, non_trainable, rows):
        outputs = part.stateless_call(trainable, non_trainable, prepare_inputs(rows, scale, shape), training=False)[0]
        return [jnp.max(outputs[layer.name].reshape(len(rows), -1), axis=0) for layer in layers]

    trainable = [v.value for v in part.trainable_variables]
    non_trainable = [v.value for v in part.non_trainable_variables]
    peaks = [np.full(int(np.prod(layer.output.shape[1:])), -np.inf, np.float32) for layer in layers]
    size = batch_size(x)
    for start in range(0, len(x), size):
        # the last batch is moved back to full size instead of padded: a sample seen twice has the same largest output
        first = min(start, len(x) - size)
        rows = x[first : first + size]
        for peak, new in zip(peaks, largest(trainable, non_trainable, rows), strict=True):
            np.maximum(peak, new, out=peak)
        on_progress(Progress("layers", min(start + size, len(x)), len(x), "samples"))
    return peaks
