"""A model as a graph of layers that can be evaluated with the value of any layer replaced, or something added to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

from cutaway.models import IN_UNIT, MERGING_KINDS, activation_name, spec_of, weight_values

from .outline import IDENTITY_KINDS

_ENDINGS = ("softmax", "log_softmax", "sigmoid")

Weights = dict[str, tuple[list[jax.Array], list[jax.Array]]]
"""Layer name -> values of its trainable and its other variables."""


@dataclass(frozen=True)
class Graph:
    """The layers of a model in the order of computation.

    Attributes:
        layers: Name -> layer, inputs of a layer before it.
        inputs: Name -> names of its inputs: layers, or `entry`.
        entry: Name of the model's input.
        output: Name of the last layer.
        shape: Shape of the model's input for one sample.
        numbers: Whether the model predicts numbers, whose ending is computed.
    """

    layers: Mapping[str, Any]
    inputs: Mapping[str, tuple[str, ...]]
    entry: str
    output: str
    shape: tuple[int, ...]
    numbers: bool = False

    @classmethod
    def of(cls, model: keras.Model, *, numbers: bool = False) -> "Graph":
        """Read the graph of a built model.

        Args:
            model: The model.
            numbers: Whether it predicts numbers.

        Raises:
            ModelError: It is not of supported layers.
        """
        spec = spec_of(model)
        names = [item["name"] for item in spec["layers"]]
        return cls(
            layers={name: model.get_layer(name) for name in names},
            inputs={item["name"]: tuple(item["inputs"]) for item in spec["layers"]},
            entry=spec["input"]["name"],
            output=spec["output"],
            shape=tuple(spec["input"]["shape"]),
            numbers=numbers,
        )

    def kind(self, name: str) -> str:
        """Keras' class name of a layer."""
        return type(self.layers[name]).__name__

    def readers(self, name: str) -> list[str]:
        """Names of the layers that read a layer's output."""
        return [reader for reader, inputs in self.inputs.items() if name in inputs]

    def after(self, name: str) -> list[str]:
        """Names of all layers whose output depends on a layer's, in order, without itself."""
        found = {name}
        for reader, inputs in self.inputs.items():  # in order: what a layer reads has been seen before it
            if found & set(inputs):
                found.add(reader)
        return [reader for reader in self.inputs if reader in found and reader != name]

    @property
    def learned(self) -> str:
        """The layer that is compared with standardized targets in training: the one before the layer of their unit."""
        return self.inputs[IN_UNIT][0] if IN_UNIT in self.layers else self.output

    def is_ending(self, name: str) -> bool:
        """Whether a layer ends in a function that turns the scores of classes into probabilities, and is left out."""
        return not self.numbers and name == self.output and activation_name(self.layers[name]) in _ENDINGS

    @property
    def threshold(self) -> float:
        """The score above which a model with a single output unit predicts class 1."""
        return 0.5 if activation_name(self.layers[self.output]) == "hard_sigmoid" else 0.0


def weights_of(graph: Graph, snapshot: Mapping[str, np.ndarray] | None = None) -> Weights:
    """The weights of a graph's layers as arrays on the device.

    Args:
        graph: The model.
        snapshot: Weights to use; None for those that the model has now.

    Raises:
        ModelError: The snapshot is not one of this model.
    """
    # what a Normalization was adapted to is no weight of a snapshot
    learned = [name for name in graph.layers if graph.kind(name) != "Normalization"]
    named = {f"{name}/{v.name}": v for name in learned for v in graph.layers[name].weights}

    def values(variables: list[keras.Variable]) -> list[jax.Array]:
        return jax.device_put(weight_values(variables, named=named, weights=snapshot))

    return {n: (values(la.trainable_variables), values(la.non_trainable_variables)) for n, la in graph.layers.items()}


def evaluate(
    graph: Graph,
    weights: Weights,
    given: Mapping[str, jax.Array],
    *,
    only: list[str] | None = None,
    recompute: bool = False,
    added: Mapping[str, jax.Array] | None = None,
    before: Mapping[str, jax.Array] | None = None,
) -> dict[str, jax.Array]:
    """Compute layers in evaluation, up to the scores of the classes, or the predicted numbers.

    A softmax or sigmoid at the end of a model of classes is left out: the value of the output layer is its logits.

    Args:
        graph: The model.
        weights: As `weights_of` returns them.
        given: Values that are not computed: at least the prepared input under `Graph.entry`, or every value that the
            layers to compute read.
        only: Layers to compute; all if None.
        recompute: Whether these are computed even where a value is given.
        added: Layer name -> array added to its output, whose gradient is the gradient of the layer's output.
        before: Name of a Dense or EinsumDense layer -> array added to its pre-activations, whose gradient is theirs.

    Returns:
        Name -> value ``(sample, ...)`` of everything given or computed.
    """
    values = dict(given)
    for name in graph.inputs if only is None else only:
        if name in given and not recompute:
            continue
        inputs = [values[source] for source in graph.inputs[name]]
        if before and name in before:
            sums = pre_activation(graph.layers[name], weights[name], inputs[0]) + before[name]
            values[name] = post_activation(graph, name, sums)
        else:
            values[name] = _apply(graph, name, weights[name], inputs)
        if added and name in added:
            values[name] = values[name] + added[name]
    return values


def kernel_of(weights: tuple[list[jax.Array], list[jax.Array]]) -> jax.Array:
    """The kernel of a Dense layer; in a frozen layer it is the first of the non-trainable variables.

    It is ``(feature, unit)``, of an EinsumDense ``(member, feature, unit)``.
    """
    return [*weights[0], *weights[1]][0]


def pre_activation(layer: Any, weights: tuple[list[jax.Array], list[jax.Array]], inputs: jax.Array) -> jax.Array:
    """The pre-activations of a Dense or EinsumDense layer."""
    equation = getattr(layer, "equation", None)
    product = inputs @ kernel_of(weights) if equation is None else jnp.einsum(equation, inputs, kernel_of(weights))
    return product + [*weights[0], *weights[1]][1] if has_bias(layer) else product


def has_bias(layer: Any) -> bool:
    """Whether a Dense or EinsumDense layer adds a bias."""
    return layer.bias is not None


def post_activation(graph: Graph, name: str, sums: jax.Array) -> jax.Array:
    """The output of a Dense layer from its pre-activations, which are returned unchanged if they are the logits."""
    layer = graph.layers[name]
    return sums if graph.is_ending(name) else layer.activation(sums)


def _apply(graph: Graph, name: str, weights: tuple[list[jax.Array], list[jax.Array]], inputs: list[jax.Array]) -> Any:
    layer, kind = graph.layers[name], graph.kind(name)
    ends = kind in ("Activation", "Softmax") and graph.is_ending(name)
    if kind in IDENTITY_KINDS or ends:
        return inputs[0]
    if kind == "Dense":
        return post_activation(graph, name, pre_activation(layer, weights, inputs[0]))
    extra = {"training": False} if kind == "BatchNormalization" else {}
    return layer.stateless_call(*weights, inputs if kind in MERGING_KINDS else inputs[0], **extra)[0]
