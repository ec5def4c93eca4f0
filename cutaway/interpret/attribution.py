"""Attribution: the contribution of each unit and each input value to the difference between the two highest logits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

from cutaway.errors import DataError, ModelError
from cutaway.models import DENSE_KINDS, activation_name, batch_size, batch_slices, prepare_inputs

from .graph import Graph, Weights, evaluate, weights_of
from .outline import IDENTITY_KINDS

_LINEAR_ACTIVATIONS = ("linear", "relu", "leaky_relu")
_LINEAR_KINDS = (
    *DENSE_KINDS,
    "GlobalAveragePooling1D",
    "Activation",
    "ReLU",
    "LeakyReLU",
    "PReLU",
    "Softmax",
    "Flatten",
    "Reshape",
    "Rescaling",
    "Normalization",
    "BatchNormalization",
    "Add",
    "Subtract",
    "Average",
    "Maximum",
    "Minimum",
    "Concatenate",
)
"""Kinds of layers that are piecewise linear; a Softmax is left out where it ends the model, and refused elsewhere."""


@dataclass(frozen=True, eq=False)
class Attribution:
    """Contributions to one prediction of a piecewise linear model, which is linear with an offset around a sample.

    For the input, and for each layer that all paths go through, the contributions of its values and the offset (what
    the biases of later layers add) sum to `difference`, up to float32 rounding.

    Attributes:
        activations: Layer -> its output, float32 ``(unit,)``, flattened; without the output layer.
        logits: float32 ``(class,)``, before softmax; a model with one output unit has 0 for class 0.
        winner: The class with the highest logit.
        runner_up: The class with the second highest logit.
        difference: Logit of the winner minus the logit of the runner-up, at least 0.
        inputs: float32 (shape of the sample), the contribution of each input value to the difference.
        contributions: Layer -> the contribution of each of its units to the difference, float32 ``(unit,)``.
        offsets: Layer, or "" for the input -> the contribution of the biases of all later layers.
    """

    activations: Mapping[str, np.ndarray]
    logits: np.ndarray
    winner: int
    runner_up: int
    difference: float
    inputs: np.ndarray
    contributions: Mapping[str, np.ndarray]
    offsets: Mapping[str, float]

    def __repr__(self) -> str:
        return f"<Attribution: class {self.winner} over class {self.runner_up} by {self.difference:.3g} logits>"

    def total(self, layer: str = "") -> float:
        """The contributions of a layer (or "" for the input) and its offset, summed: equal to the difference."""
        parts = self.contributions[layer] if layer else self.inputs
        return float(parts.sum(dtype=np.float64)) + self.offsets[layer]


def attribute(model: keras.Model, x: np.ndarray, *, scale: float) -> Attribution:
    """Split the difference between the two highest logits of a sample among the units and the input values.

    Around a sample a piecewise linear model is linear, so the difference d is the sum of value times gradient over the
    values of any layer that all paths go through, plus bias times gradient over the biases of the layers after it.

    Args:
        model: A built model of Dense, BatchNormalization and the like, with relu, leaky_relu or linear; not changed.
        x: One raw sample, uint8 or float32, in the shape that the data have.
        scale: The value of `x` that becomes 1.

    Raises:
        ModelError: A layer is not piecewise linear, or the snapshot is not one of this model.
        DataError: The sample does not fit the model, or its logits are not finite.

    Source:
        Montavon, Samek, Mueller 2018, "Methods for interpreting and understanding deep neural networks" (value
        times gradient, there simple Taylor decomposition); Srinivas and Fleuret 2019, "Full-gradient representation for
        neural network visualization" (biases).
    """
    graph = Graph.of(model)
    _check_linear(graph)
    x = np.asarray(x)
    if x.size != int(np.prod(graph.shape)) or x.dtype.kind not in "uif":
        raise DataError(
            f"a sample must have the model's {int(np.prod(graph.shape))} numbers, got {x.dtype} of shape {x.shape}",
            hint="pass one row of the data, such as data.x(ids)[0]",
        )
    parameters = weights_of(graph)
    values, logits, gradients = _differentiate(graph, parameters, x, scale)
    pair = np.argsort(-logits, kind="stable")[:2]
    offsets = _offsets(graph, parameters, gradients)
    crossed = [name for name in graph.layers if name != graph.output and _all_paths_cross(graph, name)]
    return Attribution(
        activations={name: values[name] for name in graph.layers if name != graph.output},
        logits=logits,
        winner=int(pair[0]),
        runner_up=int(pair[1]),
        difference=float(np.float64(logits[pair[0]]) - logits[pair[1]]),
        inputs=(values[graph.entry] * gradients.values[graph.entry]).reshape(x.shape),
        contributions={name: values[name] * gradients.values[name] for name in crossed},
        offsets={
            "": sum(offsets.values()),
            **{name: sum(offsets[later] for later in graph.after(name)) for name in crossed},
        },
    )


def input_attribution(model: keras.Model, *, scale: float) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """The contribution of each input value, as by `attribute`, for many samples in one compiled program.

    Args:
        model: See `attribute`.
        scale: The value of a raw sample that becomes 1.

    Returns:
        A function of raw samples ``(sample, ...)``. It returns the contributions to the difference between the two
        highest logits, float32 ``(sample, value)``, and the classes of the two, int32 ``(sample, 2)``, the winner
        first.

    Raises:
        ModelError: A layer is not piecewise linear.
    """
    graph = Graph.of(model)
    _check_linear(graph)
    parameters = weights_of(graph)

    def differences(inputs: jax.Array, weights: Weights) -> tuple[jax.Array, jax.Array]:
        logits = evaluate(graph, weights, {graph.entry: inputs})[graph.output]
        highest, places = jax.lax.top_k(_of_two_classes(logits), 2)
        # samples are independent in evaluation: the gradient of the sum holds the gradient of each difference
        return (highest[:, 0] - highest[:, 1]).sum(), places

    @jax.jit
    def contributions(rows: jax.Array, weights: Weights) -> tuple[jax.Array, jax.Array]:
        inputs = prepare_inputs(rows, scale, graph.shape)
        with jax.default_matmul_precision("highest"):
            slopes, places = jax.grad(differences, has_aux=True)(inputs, weights)
        return (inputs * slopes).reshape(len(rows), -1), places

    def attribute_all(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = np.empty((len(x), int(np.prod(graph.shape))), np.float32)
        pairs = np.empty((len(x), 2), np.int32)
        for first, new in batch_slices(len(x), batch_size(x)):
            parts, places = contributions(jnp.asarray(x[first : new.stop]), parameters)
            found[new], pairs[new] = np.asarray(parts)[new.start - first :], np.asarray(places)[new.start - first :]
        return found, pairs

    return attribute_all


def _of_two_classes(logits: jax.Array) -> jax.Array:
    """Logits ``(sample, class)``; a model with one output unit has 0 for class 0."""
    return jnp.concatenate([jnp.zeros_like(logits), logits], axis=1) if logits.shape[1] == 1 else logits


@dataclass(frozen=True)
class _Gradients:
    """Gradients of the difference: by the output of each layer, float32 (unit,), and by each weight."""

    values: dict[str, np.ndarray]
    weights: Weights


def _differentiate(
    graph: Graph, weights: Weights, x: np.ndarray, scale: float
) -> tuple[dict[str, np.ndarray], np.ndarray, _Gradients]:
    """Values of all layers, the logits (class,), and the gradients of the difference between the two highest."""
    shapes = {graph.entry: graph.shape} | {name: layer.output.shape[1:] for name, layer in graph.layers.items()}
    zeros = {name: jnp.zeros((1, *shape)) for name, shape in shapes.items()}

    def difference(added: dict[str, jax.Array], weights: Weights, rows: jax.Array) -> tuple[jax.Array, Any]:
        first = prepare_inputs(rows, scale, graph.shape) + added[graph.entry]
        values = evaluate(graph, weights, {graph.entry: first}, added=added)
        logits = _of_two_classes(values[graph.output])[0]
        highest = jax.lax.top_k(logits, 2)[0]
        return highest[0] - highest[1], (values, logits)

    with jax.default_matmul_precision("highest"):
        compiled = jax.jit(jax.grad(difference, argnums=(0, 1), has_aux=True, allow_int=True))
        (by_value, by_weight), (values, logits) = compiled(zeros, weights, jnp.asarray(x[None]))
    logits = np.asarray(logits)
    if not np.isfinite(logits).all():
        raise DataError(f"the logits are not finite: {logits}", hint="look at an earlier epoch or another sample")
    return _flattened(values), logits, _Gradients(_flattened(by_value), by_weight)


def _flattened(arrays: Mapping[str, jax.Array]) -> dict[str, np.ndarray]:
    return {name: np.asarray(array).reshape(-1) for name, array in arrays.items()}


def _offsets(graph: Graph, weights: Weights, gradients: _Gradients) -> dict[str, float]:
    """The contribution of each layer's constants: biases and the like, times their gradients."""
    found = {}
    for name, layer in graph.layers.items():
        groups = (layer.trainable_variables, layer.non_trainable_variables)
        found[name] = sum(
            float(np.vdot(np.asarray(value, np.float64), np.asarray(slope, np.float64)))
            for variables, values, slopes in zip(groups, weights[name], gradients.weights[name], strict=True)
            for variable, value, slope in zip(variables, values, slopes, strict=True)
            if variable.name in ("bias", "beta", "moving_mean")
        )
        if graph.kind(name) in ("Rescaling", "Normalization"):  # their constant is their output for zeros
            added = np.asarray(layer(jnp.zeros((1, *layer.output.shape[1:]))), np.float64).reshape(-1)
            found[name] += float(added @ gradients.values[name])
    return found


def _all_paths_cross(graph: Graph, name: str) -> bool:
    """Whether every path from the input to the output goes through a layer."""
    later = graph.after(name)
    return all(source in (name, *later) for reader in later for source in graph.inputs[reader])


def _check_linear(graph: Graph) -> None:
    for name, layer in graph.layers.items():
        kind, function = graph.kind(name), activation_name(layer)
        is_ending = name == graph.output and function in ("softmax", "log_softmax", "sigmoid")
        is_clipped = kind == "ReLU" and (layer.max_value is not None or layer.threshold != 0)
        if (
            kind not in (*_LINEAR_KINDS, *IDENTITY_KINDS)
            or is_clipped
            or not (is_ending or function in _LINEAR_ACTIVATIONS)
        ):
            raise ModelError(
                f'layer "{name}" ({kind}, {function}) is not piecewise linear, so there are no exact contributions',
                hint='explain a model with ReLUs, such as mlp(activation="relu"); all other views work on this one too',
            )
