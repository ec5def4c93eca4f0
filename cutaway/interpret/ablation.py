"""What the ablation of each unit of a layer costs: its output is set to zero, one unit at a time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

from cutaway.models import batch_size, batch_slices, output_size, prepare_inputs
from cutaway.progress import Progress, ProgressCallback, ignore_progress

from .graph import (
    IDENTITY_KINDS,
    Graph,
    Weights,
    evaluate,
    hidden_graph,
    kernel_of,
    post_activation,
    pre_activation,
    weights_of,
)

BATCH = 1024
"""Samples a call: with 512 units they take 2 MiB. 512 and 2,048 take as long within 8%, 256 a fifth longer."""


@dataclass(frozen=True, eq=False)
class Ablation:
    """Correct predictions of a model with one unit of a layer set to zero, for each unit.

    Attributes:
        correct: int64 ``(unit, class)``: samples of a class that the model predicts correctly without the unit.
        correct_unablated: int64 ``(class,)``: the same for the model with all its units.
        samples: int64 ``(class,)``: samples of each class.
    """

    correct: np.ndarray
    correct_unablated: np.ndarray
    samples: np.ndarray

    def __repr__(self) -> str:
        return f"<Ablation of {len(self.correct):,} units: accuracy {self.accuracy:.2%} with all of them>"

    @property
    def accuracy(self) -> float:
        """Accuracy of the model with all its units, in [0, 1]."""
        return float(self.correct_unablated.sum() / self.samples.sum())

    @property
    def cost(self) -> np.ndarray:
        """Accuracy lost without each unit, float64 ``(unit,)`` in [-1, 1]; below 0 where the model is better off."""
        return (self.correct_unablated.sum() - self.correct.sum(axis=1)) / self.samples.sum()

    @property
    def class_cost(self) -> np.ndarray:
        """Accuracy lost within each class, float64 ``(unit, class)``; 0 for a class without samples."""
        return (self.correct_unablated - self.correct) / np.maximum(self.samples, 1)


def ablate(
    model: keras.Model,
    layer: str,
    *,
    x: Any,
    labels: np.ndarray,
    classes: int,
    scale: float,
    weights: Mapping[str, np.ndarray] | None = None,
    on_progress: ProgressCallback = ignore_progress,
) -> Ablation:
    """Set the output of each unit of a hidden layer to zero, one unit at a time, and count the correct predictions.

    Where a single Dense layer reads the layer, its pre-activation is computed once, and what a unit adds to it, the
    outer product of its activation and its outgoing weights, is subtracted; other models are evaluated again from the
    layer on. Both give the outputs that zeroing the unit by hand gives, up to float32 rounding.

    Args:
        model: A built model; it is not changed.
        layer: Name of a layer before the output.
        x: ``(sample, ...)`` raw rows, uint8 or float32: an array, or an object whose slices are arrays.
        labels: int64 ``(sample,)``, the class of each sample, from 0.
        classes: Number of classes.
        scale: The value of `x` that becomes 1.
        weights: A snapshot to use; None for the weights that the model has now.
        on_progress: Told after every batch, in samples.

    Raises:
        UnknownNameError: The model has no layer of that name.
        UsageError: The layer is the output.
        ModelError: The snapshot is not one of this model.

    Source:
        Morcos, Barrett, Rabinowitz, Botvinick 2018, "On the importance of single directions for generalization"
        (ablation of single units to zero).
    """
    graph = hidden_graph(model, layer)
    units = output_size(model, layer)
    count = jax.jit(_count_correct(graph, layer, units=units, classes=classes, scale=scale))
    values = weights_of(graph, weights)
    correct, unablated = np.zeros((units, classes), np.int64), np.zeros(classes, np.int64)
    for first, new in batch_slices(len(x), min(BATCH, batch_size(x))):
        # samples that have been counted already get the class -1, which is never predicted
        known = np.where(np.arange(first, new.stop) < new.start, -1, labels[first : new.stop])
        of_units, of_all = count(values, x[first : new.stop], known)
        correct += np.asarray(of_units).astype(np.int64)
        unablated += np.asarray(of_all).astype(np.int64)
        on_progress(Progress("ablation", new.stop, len(x), "samples", layer))
    return Ablation(correct, unablated, np.bincount(labels, minlength=classes).astype(np.int64, copy=False))


def predicted_classes(graph: Graph, logits: jax.Array) -> jax.Array:
    """The class that logits ``(..., class)`` predict; of ``(..., 1)`` they are those of class 1 of 2."""
    return logits.argmax(axis=-1) if logits.shape[-1] > 1 else (logits[..., 0] > graph.threshold).astype(jnp.int32)


def _count_correct(graph: Graph, layer: str, *, units: int, classes: int, scale: float) -> Callable[..., Any]:
    """Make the function that counts correct predictions of a batch: (unit, class) without a unit, (class,) with all.

    It goes through the units one by one in one compiled loop, each with a whole batch.
    """

    def count(weights: Weights, rows: jax.Array, labels: jax.Array) -> tuple[jax.Array, jax.Array]:
        with jax.default_matmul_precision("highest"):
            values = evaluate(graph, weights, {graph.entry: prepare_inputs(rows, scale, graph.shape)})
            logits_without = _ablated_logits(graph, weights, values, layer)
            members = jax.nn.one_hot(labels, classes, dtype=jnp.float32)  # of -1: a row of zeros

            def correct(logits: jax.Array) -> jax.Array:
                return (predicted_classes(graph, logits) == labels).astype(jnp.float32) @ members

            of_units = jax.lax.map(lambda unit: correct(logits_without(unit)), jnp.arange(units))
            return of_units, correct(values[graph.output])

    return count


def _ablated_logits(
    graph: Graph, weights: Weights, values: dict[str, jax.Array], layer: str
) -> Callable[[jax.Array], jax.Array]:
    """Make the function that gives logits (sample, class) without a unit of a layer."""
    output, dense = values[layer], _dense_reader(graph, layer)
    flat = output.reshape(len(output), -1)

    def masked(unit: jax.Array) -> jax.Array:
        rest = jnp.where(jnp.arange(flat.shape[1]) != unit, flat, 0).reshape(output.shape)
        return evaluate(graph, weights, {**values, layer: rest}, only=graph.after(layer), recompute=True)[graph.output]

    if dense is None:
        return masked
    kernel, sums = kernel_of(weights[dense]), pre_activation(graph.layers[dense], weights[dense], output)

    def subtracted(unit: jax.Array) -> jax.Array:
        out = post_activation(graph, dense, sums - flat[:, unit, None] * kernel[unit])
        return evaluate(graph, weights, {**values, dense: out}, only=graph.after(dense), recompute=True)[graph.output]

    return subtracted


def _dense_reader(graph: Graph, layer: str) -> str | None:
    """The Dense layer that alone reads a flat layer, directly or through dropout; None where there is no such one."""
    if len(graph.layers[layer].output.shape) != 2:
        return None
    name = layer
    while True:
        readers = graph.readers(name)
        if len(readers) != 1 or name == graph.output:
            return None
        name = readers[0]
        if graph.kind(name) not in IDENTITY_KINDS:
            return name if graph.kind(name) == "Dense" else None
