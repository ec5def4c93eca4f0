"""What the removal of each unit of a layer costs, all units together."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

from cutaway.errors import UsageError
from cutaway.models import batch_size, prepare_inputs
from cutaway.progress import Progress, ProgressCallback, ignore_progress

from .activations import find_layer
from .graph import PASSING, Graph, Weights, evaluate, kernel_of, post_activation, pre_activation, weights_of

ROWS = 1024
"""Samples a call: by 512 units they take 2 MiB. 512 and 2,048 take as long within 8 %, 256 a fifth longer."""


@dataclass(frozen=True, eq=False)
class Ablation:
    """Right answers of a model with one unit of a layer at zero, for each unit.

    Attributes:
        right: int64 ``(unit, class)``: samples of a class that the model without the unit answers right.
        whole: int64 ``(class,)``: the same of the model as it is.
        samples: int64 ``(class,)``: samples of each class.
    """

    right: np.ndarray
    whole: np.ndarray
    samples: np.ndarray

    @property
    def accuracy(self) -> float:
        """Accuracy of the model as it is, in [0, 1]."""
        return float(self.whole.sum() / self.samples.sum())

    @property
    def cost(self) -> np.ndarray:
        """Accuracy lost with each unit, float64 ``(unit,)`` in [-1, 1]; below 0 where the model is better off."""
        return (self.whole.sum() - self.right.sum(axis=1)) / self.samples.sum()

    @property
    def class_cost(self) -> np.ndarray:
        """Accuracy within each class lost with each unit, float64 ``(unit, class)``; 0 for a class without samples."""
        return (self.whole - self.right) / np.maximum(self.samples, 1)


def ablate(
    model: keras.Model,
    layer: str,
    *,
    x: Any,
    labels: np.ndarray,
    classes: int,
    scale: float,
    on_progress: ProgressCallback = ignore_progress,
) -> Ablation:
    """Set the output of each unit of a hidden layer to zero, one unit at a time, and count the right answers.

    Where one Dense layer alone reads the layer, its sum before the activation is computed once, and a unit's part in
    it, the outer product of its activation and its outgoing weights, is subtracted; other models are walked from the
    layer on. Both give the outputs that zeroing the unit by hand gives, to float32's rounding.

    Args:
        model: A built model with the weights of the snapshot to look at.
        layer: Name of a layer before the output.
        x: ``(sample, ...)`` raw rows, uint8 or float32: an array, or a stand-in that gives rows for a slice.
        labels: int64 ``(sample,)``, the class of each sample, from 0.
        classes: Number of classes.
        scale: The value of `x` that becomes 1.
        on_progress: Told after every batch, in samples.

    Raises:
        UnknownNameError: The model has no layer of that name.
        UsageError: The layer is the output.

    Source:
        Morcos, Barrett, Rabinowitz, Botvinick 2018, "On the importance of single directions for generalization"
        (ablation of single units to zero).
    """
    graph = hidden_graph(model, layer)
    units = int(np.prod(graph.layers[layer].output.shape[1:]))
    count = jax.jit(_counter(graph, layer, units=units, classes=classes, scale=scale))
    weights, size = weights_of(graph), min(ROWS, batch_size(x))
    right, whole = np.zeros((units, classes), np.int64), np.zeros(classes, np.int64)
    for start in range(0, len(x), size):
        # the last batch is moved back to full size; rows that have been counted get the class -1, which is nobody's
        first = max(0, min(start, len(x) - size))
        known = np.where(np.arange(first, first + size) < start, -1, labels[first : first + size])
        found, base = count(weights, x[first : first + size], known)
        right += np.asarray(found).astype(np.int64)
        whole += np.asarray(base).astype(np.int64)
        on_progress(Progress("ablation", min(start + size, len(x)), len(x), "samples", layer))
    return Ablation(right, whole, np.bincount(labels, minlength=classes).astype(np.int64, copy=False))


def hidden_graph(model: keras.Model, layer: str) -> Graph:
    """The graph of a model, if `layer` is one of its layers before the output.

    Raises:
        UnknownNameError: The model has no layer of that name.
        UsageError: The layer is the input or the output.
    """
    find_layer(model, layer)
    graph = Graph.of(model)
    if layer == graph.output or layer not in graph.layers:
        hidden = [name for name in graph.layers if name != graph.output and graph.kind(name) not in PASSING]
        raise UsageError(
            f"units are looked at in hidden layers: {', '.join(hidden) or 'this model has none'}",
            got=f'"{layer}", the {"output" if layer == graph.output else "input"}',
            hint=f'try "{hidden[-1]}"' if hidden else "train a model with a hidden layer",
        )
    return graph


def _counter(graph: Graph, layer: str, *, units: int, classes: int, scale: float) -> Any:
    """Make the function that counts, for one batch, right answers (unit, class) without a unit, and (class,) with all.

    It goes through the units one by one in one compiled loop, each with a whole batch.
    """

    def count(weights: Weights, rows: jax.Array, labels: jax.Array) -> tuple[jax.Array, jax.Array]:
        with jax.default_matmul_precision("highest"):
            values = evaluate(graph, weights, {graph.entry: prepare_inputs(rows, scale, graph.shape)})
            scores = _without(graph, weights, values, layer)
            members = jax.nn.one_hot(labels, classes, dtype=jnp.float32)  # of -1: a row of zeros

            def right(outputs: jax.Array) -> jax.Array:
                return (predicted_classes(graph, outputs) == labels).astype(jnp.float32) @ members

            return jax.lax.map(lambda unit: right(scores(unit)), jnp.arange(units)), right(values[graph.output])

    return count


def predicted_classes(graph: Graph, scores: jax.Array) -> jax.Array:
    """The class that each score ``(..., class)``, or ``(..., 1)`` for class 1 of 2, speaks for."""
    return scores.argmax(axis=-1) if scores.shape[-1] > 1 else (scores[..., 0] > graph.threshold).astype(jnp.int32)


def _without(graph: Graph, weights: Weights, values: dict[str, jax.Array], layer: str) -> Any:
    """Make the function that gives scores (sample, class) without a unit of a layer."""
    held, dense = values[layer], _dense_reader(graph, layer)
    flat = held.reshape(len(held), -1)

    def masked(unit: jax.Array) -> jax.Array:
        kept = jnp.where(jnp.arange(flat.shape[1]) != unit, flat, 0).reshape(held.shape)
        return evaluate(graph, weights, {**values, layer: kept}, only=graph.after(layer), recompute=True)[graph.output]

    if dense is None:
        return masked
    kernel, sums = kernel_of(weights[dense]), pre_activation(graph.layers[dense], weights[dense], held)

    def subtracted(unit: jax.Array) -> jax.Array:
        out = post_activation(graph, dense, sums - flat[:, unit, None] * kernel[unit])
        return evaluate(graph, weights, {**values, dense: out}, only=graph.after(dense), recompute=True)[graph.output]

    return subtracted


def _dense_reader(graph: Graph, layer: str) -> str | None:
    """The Dense layer that alone reads a flat layer, through nothing or dropout; None where there is no such one."""
    if len(graph.layers[layer].output.shape) != 2:
        return None
    name = layer
    while True:
        readers = graph.readers(name)
        if len(readers) != 1 or name == graph.output:
            return None
        name = readers[0]
        if graph.kind(name) not in PASSING:
            return name if graph.kind(name) == "Dense" else None
