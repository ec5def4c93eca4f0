"""A card for each unit of a layer: what excites it, which class it is for, which unit is most like it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

from cutaway.errors import DataError, UsageError
from cutaway.models import batch_size, prepare_inputs
from cutaway.progress import Progress, ProgressCallback, ignore_progress

from .ablation import hidden_graph
from .graph import PASSING, Graph
from .measures import constant

TOP = 16
"""Samples that excite a unit most, on its card."""

ROWS = 1024
"""Units that are compared with all others at a time."""

MOST = 2**14
"""Units of a layer at most: what they have in common, unit by unit, takes 2 GiB."""


@dataclass(frozen=True, eq=False)
class UnitMeasures:
    """Every unit of a layer, as arrays along the units.

    Attributes:
        mean: float64 ``(unit,)``, mean activation.
        firing: float64 ``(unit,)``, share of samples for which it is above 0.
        class_mean: float64 ``(unit, class)``, mean activation within a class; NaN for a class without samples.
        favorite: int64 ``(unit,)``, the class with the highest mean.
        selectivity: float64 ``(unit,)``, from 0 (all classes alike) to 1 (one class alone); NaN where a class's mean is
            negative, or all are 0, for which it is not defined.
        top: int64 ``(unit, 16)``, positions of the samples that excite it most, strongest first; -1 where fewer samples
            lift it above its smallest activation.
        top_value: float32 ``(unit, 16)``, its activations for these; NaN where there is none.
        similar: int64 ``(unit,)``, the unit whose activations correlate most with its own; -1 for a constant one, and
            where all others are constant.
        similarity: float64 ``(unit,)``, that correlation, in [-1, 1]; NaN where there is none.
    """

    mean: np.ndarray
    firing: np.ndarray
    class_mean: np.ndarray
    preferred_class: np.ndarray
    selectivity: np.ndarray
    top: np.ndarray
    top_value: np.ndarray
    similar: np.ndarray
    similarity: np.ndarray


def unit_measures(
    model: keras.Model,
    layer: str,
    *,
    x: Any,
    labels: np.ndarray,
    classes: int,
    scale: float,
    on_progress: ProgressCallback = ignore_progress,
) -> UnitMeasures:
    """Measure every unit of a hidden layer, batch by batch.

    Args:
        model: A built model with the weights of the snapshot to look at.
        layer: Name of a layer before the output; more axes than one are flattened to units.
        x: ``(sample, ...)`` raw rows, uint8 or float32: an array, or a stand-in that gives rows for a slice.
        labels: int64 ``(sample,)``, the class of each sample, from 0.
        classes: Number of classes.
        scale: The value of `x` that becomes 1.
        on_progress: Told after every batch, in samples.

    Raises:
        UnknownNameError: The model has no layer of that name.
        UsageError: The layer is the output, or has more than `MOST` units.
        DataError: An activation is no finite number.

    Source:
        Selectivity: (m1 - m2) / (m1 + m2), m1 the highest class mean and m2 the mean of the other classes' means, the
        class selectivity index of Morcos, Barrett, Rabinowitz, Botvinick 2018, "On the importance of single directions
        for generalization".
    """
    count = _units(hidden_graph(model, layer), layer)
    if count > MOST:
        raise UsageError(
            f"units are looked at in layers of at most {MOST:,} of them",
            got=f'{count:,} in "{layer}"',
            hint="name a narrower layer",
        )
    sums = _Sums(count, classes)
    for start, h in _batches(model, layer, x=x, scale=scale):
        sums.add(h, labels[start : start + len(h)], start)
        on_progress(Progress("units", start + len(h), len(x), "samples", layer))
    class_mean, counts = sums.class_mean(), sums.counts
    top, top_value = sums.top_activating()
    similar, similarity = sums.most_similar()
    return UnitMeasures(
        mean=sums.total.sum(axis=1) / counts.sum(),
        firing=sums.firing / counts.sum(),
        class_mean=class_mean,
        preferred_class=np.nanargmax(class_mean, axis=1),
        selectivity=selectivity(class_mean),
        top=top,
        top_value=top_value,
        similar=similar,
        similarity=similarity,
    )


def selectivity(class_mean: np.ndarray) -> np.ndarray:
    """The class selectivity index, float64 ``(unit,)``, of means ``(unit, class)``; see `unit_measures`."""
    means = class_mean[:, ~np.isnan(class_mean).all(axis=0)]
    if means.shape[1] < 2:
        return np.full(len(means), np.nan)
    most = means.max(axis=1)
    rest = (means.sum(axis=1) - most) / (means.shape[1] - 1)
    fits = (means.min(axis=1) >= 0) & (most > 0)
    return np.where(fits, (most - rest) / np.where(fits, most + rest, 1.0), np.nan)


def constant_units(
    model: keras.Model, layer: str, *, x: Any, scale: float, on_progress: ProgressCallback = ignore_progress
) -> np.ndarray:
    """Which units give the same output for every sample: bool ``(unit,)``; a ReLU unit that never fires is one.

    The arguments and errors are those of `unit_measures`; meant for the whole data set.
    """
    least, most = (np.full(_units(hidden_graph(model, layer), layer), end, np.float32) for end in (np.inf, -np.inf))
    for start, h in _batches(model, layer, x=x, scale=scale, ends=True):
        np.minimum(least, h[0], out=least)
        np.maximum(most, h[1], out=most)
        on_progress(Progress("dead units", min(start + batch_size(x), len(x)), len(x), "samples", layer))
    return constant(least, most)


def incoming_pictures(model: keras.Model, layer: str, *, shape: tuple[int, ...]) -> np.ndarray | None:
    """The weights that lead from each value of the input to each unit, in the shape of a sample.

    Args:
        model: A built model.
        layer: Name of a layer before the output.
        shape: Shape of a sample.

    Returns:
        float32 ``(unit, *shape)``; None where the layer is no Dense that reads the input itself.

    Raises:
        UnknownNameError: The model has no layer of that name.
        UsageError: The layer is the output.
    """
    graph = hidden_graph(model, layer)
    name = layer
    while name != graph.entry:
        if len(graph.inputs[name]) != 1 or (
            name != layer and graph.kind(name) not in (*PASSING, "Flatten", "Rescaling")
        ):
            return None
        name = graph.inputs[name][0]
    if graph.kind(layer) != "Dense":
        return None
    kernel: Any = graph.layers[layer].kernel
    values = np.asarray(kernel.value).T
    return values.reshape(-1, *shape) if values.shape[1] == int(np.prod(shape)) else None


def _units(graph: Graph, layer: str) -> int:
    return int(np.prod(graph.layers[layer].output.shape[1:]))


def _batches(model: Any, layer: str, *, x: Any, scale: float, ends: bool = False) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the first row of each batch and its activations (row, unit), or their ends (2, unit)."""
    part: Any = keras.Model(model.inputs, model.get_layer(layer).output)
    shape, size = tuple(model.inputs[0].shape[1:]), batch_size(x)

    @jax.jit
    def run(trainable: Any, non_trainable: Any, rows: jax.Array) -> jax.Array:
        with jax.default_matmul_precision("highest"):
            h = part.stateless_call(trainable, non_trainable, prepare_inputs(rows, scale, shape), training=False)[0]
        h = h.reshape(len(rows), -1)
        return jnp.stack([h.min(axis=0), h.max(axis=0)]) if ends else h

    variables = [v.value for v in part.trainable_variables], [v.value for v in part.non_trainable_variables]
    for start in range(0, len(x), size):
        first = min(start, len(x) - size)  # the last batch is moved back to full size, see cutaway.models.forward
        h = np.asarray(run(*variables, x[first : first + size]))
        if not np.isfinite(h).all():
            raise DataError(
                "activations are finite numbers",
                got=f'others in layer "{layer}": the model has diverged',
                hint="look at an earlier epoch",
            )
        yield start, h if ends else h[start - first :]


class _Sums:
    """What is known of the units after some batches."""

    def __init__(self, units: int, classes: int) -> None:
        self.counts = np.zeros(classes, np.int64)
        self.total = np.zeros((units, classes))
        self.firing = np.zeros(units)
        self.least = np.full(units, np.inf, np.float32)
        self.top = np.full((units, TOP), -1, np.int64)
        self.top_value = np.full((units, TOP), -np.inf, np.float32)
        # products are of distances from the first batch's mean: sums of squares of raw values would cancel
        self.near = np.zeros(0)
        self.products = np.zeros((units, units))

    def add(self, h: np.ndarray, labels: np.ndarray, start: int) -> None:
        wide = h.astype(np.float64)
        members = np.eye(len(self.counts))[labels]
        self.counts += np.bincount(labels, minlength=len(self.counts))
        self.total += wide.T @ members
        self.firing += (h > 0).sum(axis=0)
        np.minimum(self.least, h.min(axis=0), out=self.least)
        self.near = self.near if self.near.size else wide.mean(axis=0)
        wide -= self.near
        self.products += wide.T @ wide
        self._merge(h, start)

    def _merge(self, h: np.ndarray, start: int) -> None:
        values = np.concatenate([self.top_value, h.T], axis=1)
        rows = np.arange(start, start + len(h))
        best = np.argpartition(-values, TOP - 1, axis=1)[:, :TOP]
        value = np.take_along_axis(values, best, axis=1)
        known = np.take_along_axis(self.top, np.minimum(best, TOP - 1), axis=1)
        place = np.where(best < TOP, known, rows[np.maximum(best - TOP, 0)])
        order = np.lexsort((place, -value))
        self.top_value, self.top = np.take_along_axis(value, order, axis=1), np.take_along_axis(place, order, axis=1)

    def top_activating(self) -> tuple[np.ndarray, np.ndarray]:
        # what is no more than the smallest activation does not excite: a ReLU unit at 0
        idle = ~(self.top_value > self.least[:, None])
        return np.where(idle, -1, self.top), np.where(idle, np.float32(np.nan), self.top_value)

    def class_mean(self) -> np.ndarray:
        return np.where(self.counts > 0, self.total / np.maximum(self.counts, 1), np.nan)

    def most_similar(self) -> tuple[np.ndarray, np.ndarray]:
        n = self.counts.sum()
        mean, near = self.total.sum(axis=1) / n, self.near
        shift = mean - near
        std = np.sqrt(np.maximum(np.diag(self.products) / n - shift**2, 0))
        std[std <= 1e-6 * np.maximum(np.abs(mean), np.abs(near))] = np.nan
        similar, best = np.empty(len(std), np.int64), np.empty(len(std))
        for start in range(0, len(std), ROWS):  # a matrix of all by all is there once, not five times
            rows = slice(start, start + ROWS)
            found = (self.products[rows] / n - np.outer(shift[rows], shift)) / np.outer(std[rows], std)
            own = np.arange(len(found))
            found[own, start + own] = np.nan
            found[np.isnan(found)] = -np.inf
            similar[rows], best[rows] = found.argmax(axis=1), found.max(axis=1)
        none = np.isneginf(best)
        return np.where(none, -1, similar), np.where(none, np.nan, np.clip(best, -1, 1))
