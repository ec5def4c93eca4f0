"""The effect of training on layers and weights: saturation, rank, redundancy, gradients and updates."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

from cutaway.models import DENSE_KINDS, ForwardPass, TargetUnit, activation_name, prepare_inputs

from .graph import Graph, evaluate, weights_of
from .layers import measured_layers
from .measures import SATURATED_AT, has_diverged, is_constant
from .records import LayerHealth

SAME = 0.98
"""Two units whose activations correlate by this or more, either way, say the same."""

NUMBERED = 20
"""Maximum number of listed units of a layer."""

MOST_UNITS = 1024
"""Maximum number of units of a layer that are compared with each other."""


def layer_health(model: keras.Model, *, x: np.ndarray, scale: float) -> dict[str, LayerHealth]:
    """Measure every hidden layer with units.

    Args:
        model: A built model; it is not changed.
        x: ``(sample, ...)`` raw rows, not more than a few thousand.
        scale: The value of `x` that becomes 1.

    Source:
        Roy and Vetterli 2007, "The effective rank: a measure of effective dimensionality".
    """
    names = [name for name in measured_layers(model) if name != model.layers[-1].name]
    if not names:
        return {}
    forward = ForwardPass.of(model, names, scale=scale)
    parts: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for _, outputs in forward.batches(x):
        for name, values in outputs.items():
            parts[name].append(np.asarray(values).reshape(len(values), -1)[:, :MOST_UNITS])
    return {name: _health(np.concatenate(parts[name]), model.get_layer(name)) for name in names}


def _health(h: np.ndarray, layer: Any) -> LayerHealth:
    function = activation_name(layer)
    constant = is_constant(h.min(axis=0), h.max(axis=0))
    ends = SATURATED_AT.get(function)
    at_end = np.zeros(h.shape[1]) if ends is None else ((h <= ends[0]) | (h >= ends[1])).mean(axis=0)
    most = () if ends is None else tuple(np.argsort(-at_end, kind="stable")[:NUMBERED].tolist())
    saturated = None if ends is None else float(at_end.mean())
    varying = h[:, ~constant].astype(np.float64)
    rank, redundant = 0.0, np.empty(0, np.int64)
    if varying.shape[1] and not has_diverged(varying):
        varying -= varying.mean(axis=0)
        moments = varying.T @ varying
        singular = np.sqrt(np.maximum(np.linalg.eigvalsh(moments), 0))
        shares = singular / singular.sum()
        rank = float(np.exp(-(shares * np.log(np.maximum(shares, 1e-300))).sum()))
        norms = np.sqrt(np.diag(moments))
        correlation = np.abs(moments / np.outer(norms, norms))
        redundant = np.flatnonzero(~constant)[(np.tril(correlation, -1) >= SAME).any(axis=1)]
    same = tuple(redundant[:NUMBERED].tolist())
    return LayerHealth(h.shape[1], function, int(constant.sum()), saturated, rank, len(redundant), same, most)


def gradient_sizes(
    model: keras.Model,
    *,
    x: np.ndarray,
    y: np.ndarray,
    scale: float,
    snapshots: Sequence[Mapping[str, np.ndarray] | None],
) -> list[dict[str, float]]:
    """The root mean square of the gradient of the loss by each kernel, in order of the layers.

    The loss is the mean cross-entropy; of numbers the mean squared error of standardized targets.

    Args:
        model: A built model; it is not changed.
        x: ``(sample, ...)`` raw rows, not more than a few thousand.
        y: int ``(sample,)`` classes, or float ``(sample, target)``.
        scale: The value of `x` that becomes 1.
        snapshots: Weights to use; None among them for those that the model has now. One program serves all of them.

    Returns:
        For each snapshot, layer -> that root mean square; layers without a kernel are left out.
    """
    graph = Graph.of(model, numbers=y.ndim == 2)
    kernels = [name for name in graph.layers if graph.kind(name) in DENSE_KINDS]

    def loss(values: Any, rows: jax.Array, labels: jax.Array) -> jax.Array:
        found = evaluate(graph, values, {graph.entry: prepare_inputs(rows, scale, graph.shape)})
        if graph.numbers:
            return ((found[graph.learned] - labels) ** 2).mean()
        logits = found[graph.output]
        if logits.shape[-1] == 1:
            logits = jnp.concatenate([jnp.zeros_like(logits), logits], axis=-1)
        logs = jax.nn.log_softmax(logits)
        return -jnp.take_along_axis(logs, labels[:, None], axis=-1).mean()

    gradient, rows = jax.jit(jax.grad(loss, allow_int=True)), jnp.asarray(x)
    labels = jnp.asarray(TargetUnit.of(model).standardize(y) if graph.numbers else y.astype(np.int32))
    return [_sizes(graph, kernels, gradient(weights_of(graph, each), rows, labels)) for each in snapshots]


def _sizes(graph: Graph, kernels: Sequence[str], gradients: Any) -> dict[str, float]:
    sizes: dict[str, float] = {}
    for name in kernels:
        for variable, slope in zip(graph.layers[name].trainable_variables, gradients[name][0], strict=True):
            if variable.name == "kernel":
                sizes[name] = float(np.sqrt(np.mean(np.square(np.asarray(slope, np.float64)))))
    return sizes


@np.errstate(invalid="ignore")  # infinity less infinity, if a model has diverged
def update_sizes(before: Mapping[str, np.ndarray], after: Mapping[str, np.ndarray]) -> dict[str, float]:
    """How much each kernel changed between two snapshots: the norm of the difference over the norm before.

    Of a kernel that was all 0 it is 0.
    """
    found = {}
    for name, old in before.items():
        if name.endswith("/kernel") and name in after:
            norm = float(np.linalg.norm(old.astype(np.float64)))
            change = float(np.linalg.norm(after[name].astype(np.float64) - old))
            found[name.removesuffix("/kernel")] = change / norm if norm else 0.0
    return found
