"""Measures of each unit of a layer: its top activating samples, its preferred class, the most similar unit."""

from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

from cutaway.errors import DataError, UsageError
from cutaway.models import ForwardPass, output_size
from cutaway.progress import ProgressCallback, ignore_progress

from .lookup import hidden_graph
from .measures import LARGEST, has_diverged, is_constant
from .probes import one_hot
from .records import TOP_SAMPLES, UnitMeasures

BLOCK_UNITS = 1024
"""Units that are compared with all others at a time."""

MAX_UNITS = 2**14
"""Units of a layer at most: the matrix of their correlations takes 2 GiB."""


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
        model: A built model; it is not changed.
        layer: Name of a layer before the output; more axes than one are flattened to units.
        x: ``(sample, ...)`` raw rows, uint8 or float32: an array, or an object whose slices are arrays.
        labels: int64 ``(sample,)``, the class of each sample, from 0.
        classes: Number of classes.
        scale: The value of `x` that becomes 1.
        on_progress: Told after every batch, in samples.

    Raises:
        UnknownNameError: The model has no layer of that name.
        UsageError: The layer is the output, or has more than `MAX_UNITS` units.
        DataError: An activation is not finite.
        ModelError: The snapshot is not one of this model.

    Source:
        Selectivity: (m1 - m2) / (m1 + m2), m1 the highest class mean and m2 the mean of the other classes' means, the
        class selectivity index of Morcos, Barrett, Rabinowitz, Botvinick 2018, "On the importance of single directions
        for generalization".
    """
    hidden_graph(model, layer)
    count = output_size(model, layer)
    if count > MAX_UNITS:
        raise UsageError(
            f'layer "{layer}" has {count:,} units; at most {MAX_UNITS:,} can be measured',
            hint="choose a narrower layer",
        )
    sums = _Sums(count, classes)
    forward = ForwardPass.of(model, [layer], scale=scale)
    for rows, outputs in forward.batches(x, task="units", note=layer, on_progress=on_progress):
        h = _checked(outputs[layer], layer)
        sums.add(h.reshape(len(h), -1), labels[rows], rows.start)
    return sums.measures()


def selectivity(class_mean: np.ndarray) -> np.ndarray:
    """The class selectivity index, float64 ``(unit,)``, of means ``(unit, class)``; see `unit_measures`.

    It is NaN if a mean is negative, all are 0, or fewer than two classes have samples.
    """
    means = class_mean[:, ~np.isnan(class_mean).all(axis=0)]
    if means.shape[1] < 2:
        return np.full(len(means), np.nan)
    highest = means.max(axis=1)
    others = (means.sum(axis=1) - highest) / (means.shape[1] - 1)
    defined = (means.min(axis=1) >= 0) & (highest > 0)
    return np.where(defined, (highest - others) / np.where(defined, highest + others, 1.0), np.nan)


def constant_units(
    model: keras.Model,
    layer: str,
    *,
    x: Any,
    scale: float,
    on_progress: ProgressCallback = ignore_progress,
) -> np.ndarray:
    """Which units of a hidden layer are constant, bool ``(unit,)``: the same output for every sample.

    The arguments and errors are as in `unit_measures`; `x` is best the whole dataset. The definition is
    `cutaway.interpret.measures.is_constant`.
    """
    hidden_graph(model, layer)
    count = output_size(model, layer)
    smallest, largest = (np.full(count, bound, np.float32) for bound in (np.inf, -np.inf))
    forward = ForwardPass.of(model, [layer], scale=scale, reduce=_range)
    for _, outputs in forward.batches(x, task="constant units", note=layer, on_progress=on_progress):
        low, high = _checked(outputs[layer], layer)
        np.minimum(smallest, low, out=smallest)
        np.maximum(largest, high, out=largest)
    return is_constant(smallest, largest)


def _range(outputs: jax.Array) -> jax.Array:
    """Smallest and largest output of each unit, (2, unit)."""
    return jnp.stack([outputs.min(axis=0), outputs.max(axis=0)])


def _checked(outputs: np.ndarray, layer: str) -> np.ndarray:
    if has_diverged(outputs):
        raise DataError(
            f'activations of layer "{layer}" are not finite or beyond ±{LARGEST:g}: the model has diverged',
            hint="look at an earlier epoch",
        )
    return outputs


class _Sums:
    """Running sums over the batches that `UnitMeasures` are computed from."""

    def __init__(self, units: int, classes: int) -> None:
        self.counts = np.zeros(classes, np.int64)
        self.total = np.zeros((units, classes))
        self.firing = np.zeros(units)
        self.smallest = np.full(units, np.inf, np.float32)
        self.top = np.full((units, TOP_SAMPLES), -1, np.int64)
        self.top_value = np.full((units, TOP_SAMPLES), -np.inf, np.float32)
        # products of differences from the mean of the first batch: sums of squares of raw values would cancel
        self.first_mean = np.zeros(0)
        self.products = np.zeros((units, units))

    def add(self, h: np.ndarray, labels: np.ndarray, start: int) -> None:
        wide = h.astype(np.float64)
        self.counts += np.bincount(labels, minlength=len(self.counts))
        self.total += (one_hot(labels, len(self.counts)).T @ wide).T
        self.firing += (h > 0).sum(axis=0)
        np.minimum(self.smallest, h.min(axis=0), out=self.smallest)
        self.first_mean = self.first_mean if self.first_mean.size else wide.mean(axis=0)
        wide -= self.first_mean
        self.products += wide.T @ wide
        self._merge(h, start)

    def _merge(self, h: np.ndarray, start: int) -> None:
        values = np.concatenate([self.top_value, h.T], axis=1)
        rows = np.arange(start, start + len(h))
        best = np.argpartition(-values, TOP_SAMPLES - 1, axis=1)[:, :TOP_SAMPLES]
        value = np.take_along_axis(values, best, axis=1)
        known = np.take_along_axis(self.top, np.minimum(best, TOP_SAMPLES - 1), axis=1)
        sample = np.where(best < TOP_SAMPLES, known, rows[np.maximum(best - TOP_SAMPLES, 0)])
        order = np.lexsort((sample, -value))
        self.top_value, self.top = np.take_along_axis(value, order, axis=1), np.take_along_axis(sample, order, axis=1)

    def measures(self) -> UnitMeasures:
        class_mean, samples = self.class_mean(), self.counts.sum()
        top_samples, top_activations = self.top_activating()
        similar, similarity = self.most_similar()
        return UnitMeasures(
            mean=self.total.sum(axis=1) / samples,
            firing=self.firing / samples,
            class_mean=class_mean,
            preferred_class=np.nanargmax(class_mean, axis=1),
            selectivity=selectivity(class_mean),
            top_samples=top_samples,
            top_activations=top_activations,
            similar=similar,
            similarity=similarity,
        )

    def top_activating(self) -> tuple[np.ndarray, np.ndarray]:
        # samples at the smallest activation do not activate the unit: a ReLU unit at 0
        lowest = ~(self.top_value > self.smallest[:, None])
        return np.where(lowest, -1, self.top), np.where(lowest, np.float32(np.nan), self.top_value)

    def class_mean(self) -> np.ndarray:
        return np.where(self.counts > 0, self.total / np.maximum(self.counts, 1), np.nan)

    def most_similar(self) -> tuple[np.ndarray, np.ndarray]:
        n = self.counts.sum()
        mean, first_mean = self.total.sum(axis=1) / n, self.first_mean
        shift = mean - first_mean
        std = np.sqrt(np.maximum(np.diag(self.products) / n - shift**2, 0))
        std[std <= 1e-6 * np.maximum(np.abs(mean), np.abs(first_mean))] = np.nan
        similar, best = np.empty(len(std), np.int64), np.empty(len(std))
        for start in range(0, len(std), BLOCK_UNITS):  # one unit-by-unit matrix in memory instead of five
            rows = slice(start, start + BLOCK_UNITS)
            found = (self.products[rows] / n - np.outer(shift[rows], shift)) / np.outer(std[rows], std)
            own = np.arange(len(found))
            found[own, start + own] = np.nan
            found[np.isnan(found)] = -np.inf
            similar[rows], best[rows] = found.argmax(axis=1), found.max(axis=1)
        none = np.isneginf(best)
        return np.where(none, -1, similar), np.where(none, np.nan, np.clip(best, -1, 1))
