"""The cost of ablating each unit of a layer: its output is set to zero, one unit at a time."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

from cutaway.models import activation_name, batch_size, batch_slices, output_size, prepare_inputs
from cutaway.progress import Progress, ProgressCallback, ignore_progress

from .graph import (
    Graph,
    Weights,
    evaluate,
    kernel_of,
    post_activation,
    pre_activation,
    weights_of,
)
from .lookup import hidden_graph
from .outline import IDENTITY_KINDS
from .records import Ablation

BATCH = 1024
"""Samples a call: with 512 units they take 2 MiB. 512 and 2,048 take as long within 8%, 256 a fifth longer."""

LARGEST_LOSS = -math.log(1e-7)
"""Nats that a sample costs at most, as in Keras and in `cutaway.metrics.classification_metrics`."""


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
    """Set the output of each unit of a hidden layer to zero, one unit at a time, and measure the cost.

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
    judge = jax.jit(_judge_batch(graph, layer, units=units, classes=classes, scale=scale))
    values = weights_of(graph)
    correct, unablated = np.zeros((units, classes), np.int64), np.zeros(classes, np.int64)
    rises, squares = np.zeros(units), np.zeros(units)
    on_progress(Progress("ablation", 0, len(x), "samples", layer))
    for first, new in batch_slices(len(x), min(BATCH, batch_size(x))):
        # samples that have been counted already weigh nothing
        fresh = (np.arange(first, new.stop) >= new.start).astype(np.float32)
        counts, rise, square = map(np.asarray, judge(values, x[first : new.stop], labels[first : new.stop], fresh))
        correct += counts[:-1].astype(np.int64)
        unablated += counts[-1].astype(np.int64)
        rises += rise
        squares += square
        on_progress(Progress("ablation", new.stop, len(x), "samples", layer))
    samples = np.bincount(labels, minlength=classes).astype(np.int64, copy=False)
    return Ablation(correct, unablated, samples, rises / len(labels), _standard_error(rises, squares, len(labels)))


def _standard_error(sums: np.ndarray, squares: np.ndarray, n: int) -> np.ndarray:
    """The standard error of a mean of n values, from their sums and sums of squares."""
    if n < 2:
        return np.full(len(sums), np.nan)
    return np.sqrt(np.maximum(squares - sums**2 / n, 0) / (n - 1) / n)


def predicted_classes(graph: Graph, logits: jax.Array) -> jax.Array:
    """The class that logits ``(..., class)`` predict; logits ``(..., 1)`` are for class 1 of 2."""
    return logits.argmax(axis=-1) if logits.shape[-1] > 1 else (logits[..., 0] > graph.threshold).astype(jnp.int32)


def _judge_batch(graph: Graph, layer: str, *, units: int, classes: int, scale: float) -> Callable[..., Any]:
    """Make the function that measures a batch.

    It gives correct predictions (unit + 1, class), the last row with all units, and without each unit the sum of the
    rises of the loss and of their squares, (unit,) each. It goes through the units one by one in one compiled loop,
    each with a whole batch. Where a unit is 0 already, the loss is bit by bit that with all units.
    """

    def judge(weights: Weights, rows: jax.Array, labels: jax.Array, fresh: jax.Array) -> tuple[jax.Array, ...]:
        with jax.default_matmul_precision("highest"):
            values = evaluate(graph, weights, {graph.entry: prepare_inputs(rows, scale, graph.shape)})
            scores_without = _ablated_scores(graph, weights, values, layer)
            right, losses = jax.lax.map(lambda u: _judge(graph, scores_without(u), labels), jnp.arange(units + 1))
            rise = (losses[:-1] - losses[-1]) * fresh
            counts = right.astype(jnp.float32) @ (jax.nn.one_hot(labels, classes) * fresh[:, None])
            return counts, rise.sum(axis=1), (rise**2).sum(axis=1)

    return judge


def _judge(graph: Graph, scores: jax.Array, labels: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Whether each sample is predicted correctly, and its cross-entropy in nats.

    Args:
        graph: The model.
        scores: float32 ``(class, sample)``, the transposed value of the output layer: loops over samples are compiled
            to vector instructions, loops over ten classes are not.
        labels: int ``(sample,)``.
    """
    ending = activation_name(graph.layers[graph.output])
    if len(scores) == 1:
        right, score, one = predicted_classes(graph, scores.T) == labels, scores[0], labels == 1
        if ending == "hard_sigmoid":  # the only ending that gives no logits
            return right, _negative_log(jnp.where(one, score, 1 - score))
        return right, jnp.minimum(jax.nn.softplus(jnp.where(one, -score, score)), LARGEST_LOSS)
    classes = jnp.arange(len(scores))[:, None]
    is_own = classes == labels
    own = jnp.where(is_own, scores, 0).sum(axis=0)
    # the first of equal scores is predicted; this takes a third of the time of argmax
    above = scores - own
    right = jnp.where(classes < labels, above < 0, above <= 0).all(axis=0)
    if ending in ("sigmoid", "hard_sigmoid"):
        losses = _negative_log(own) if ending == "hard_sigmoid" else jax.nn.softplus(-own)
    else:  # the softmax of the differences to the own score keeps the digits of small losses
        losses = jnp.log1p(jnp.where(is_own, 0, jnp.exp(above)).sum(axis=0))
    return right, jnp.minimum(losses, LARGEST_LOSS)


def _negative_log(probabilities: jax.Array) -> jax.Array:
    return -jnp.log(jnp.clip(probabilities, math.exp(-LARGEST_LOSS), 1.0))


def _ablated_scores(
    graph: Graph, weights: Weights, values: dict[str, jax.Array], layer: str
) -> Callable[[jax.Array], jax.Array]:
    """Make the function that gives the scores (class, sample) without a unit; with all units for their number."""
    output, dense = values[layer], _dense_reader(graph, layer)
    flat = output.reshape(len(output), -1)

    def masked(unit: jax.Array) -> jax.Array:
        rest = jnp.where(jnp.arange(flat.shape[1]) != unit, flat, 0).reshape(output.shape)
        after = evaluate(graph, weights, {**values, layer: rest}, only=graph.after(layer), recompute=True)
        return after[graph.output].T

    if dense is None:
        return masked
    sums = pre_activation(graph.layers[dense], weights[dense], output)
    kernel, by_unit = (jnp.pad(part, ((0, 1), (0, 0))) for part in (kernel_of(weights[dense]), flat.T))

    def subtracted(unit: jax.Array) -> jax.Array:
        if dense == graph.output:
            return post_activation(graph, dense, sums.T - by_unit[unit] * kernel[unit][:, None])
        out = post_activation(graph, dense, sums - by_unit[unit][:, None] * kernel[unit])
        return evaluate(graph, weights, {**values, dense: out}, only=graph.after(dense), recompute=True)[graph.output].T

    return subtracted


def _dense_reader(graph: Graph, layer: str) -> str | None:
    """The Dense layer that alone reads a flat layer, directly or through dropout; None if there is none."""
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
