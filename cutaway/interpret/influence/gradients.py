"""The gradients of many samples by all trained weights, kept as the factors that they are products of."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from cutaway.errors import ModelError
from cutaway.interpret.graph import Graph, Weights, evaluate, has_bias
from cutaway.models import DENSE_KINDS


class Gradients(NamedTuple):
    """The gradients of some samples, a term for each layer or member of an ensemble.

    The gradient of a kernel is the outer product of an input and of the gradient by the pre-activations. That of the
    bias is the latter, as if the input had one more value, which is 1.

    Attributes:
        inputs: float32 ``(sample, feature)`` for each kernel.
        deltas: float32 ``(sample, unit)`` for each kernel.
        biases: For each kernel the input of its bias: 1, or 0 without a bias; float32 ``(sample,)``
            if `preconditioned` has changed it.
        others: float32 ``(sample, weight)``, the gradients by the weights of other layers, such as the scale and the
            offset of a normalization.
    """

    inputs: list[jax.Array]
    deltas: list[jax.Array]
    biases: list[Any]
    others: list[jax.Array]


def dot(one: Gradients, other: Gradients) -> jax.Array:
    """The product of each gradient with each other one, summed over all weights, float32 ``(sample, other sample)``."""
    terms = [
        (a @ b.T + bias * same) * (d @ e.T)
        for a, b, d, e, bias, same in zip(
            one.inputs, other.inputs, one.deltas, other.deltas, one.biases, other.biases, strict=True
        )
    ]
    return sum([*terms, *(g @ h.T for g, h in zip(one.others, other.others, strict=True))], jnp.zeros(()))


def preconditioned(gradients: Gradients, samples: Gradients, damping: float) -> Gradients:
    """Multiply the inputs of each kernel by the inverse of their second moments over some samples, which are damped.

    The moments are sums and not means: all influences share the factor.

    Other layers stay as they are: what a normalization scales has a second moment of about 1.

    Args:
        gradients: Any gradients.
        samples: Those of the samples, whose inputs alone are used.
        damping: What is added to the second moment, in units of its mean eigenvalue that is not 0; above 0.

    Source:
        Benzing 2022, "Gradient descent on neurons and its link to approximate second-order optimization" (FOOF): the
        part of K-FAC (Martens and Grosse 2015) that belongs to the inputs.
    """
    inputs, biases = list[jax.Array](), list[Any]()
    for a, b, bias in zip(gradients.inputs, samples.inputs, gradients.biases, strict=True):
        mine = jnp.concatenate([a, jnp.full((len(a), 1), bias)], axis=1)
        theirs = jnp.concatenate([b, jnp.full((len(b), 1), bias)], axis=1)
        # by the products of the features or of the samples, whichever are fewer: an image may have 100,000 features
        few = theirs.T if theirs.shape[1] <= len(theirs) else theirs
        products = few @ few.T
        mean = jnp.trace(products) / jnp.minimum(len(b), b.shape[1] + bias)
        added = damping * jnp.where(mean > 0, mean, 1.0)  # a layer without a bias may read zeros alone
        damped = products + added * jnp.eye(len(few))
        if few is theirs:
            solved = (mine - jax.scipy.linalg.solve(damped, few @ mine.T, assume_a="pos").T @ few) / added
        else:
            solved = jax.scipy.linalg.solve(damped, mine.T, assume_a="pos").T
        inputs.append(solved[:, :-1])
        biases.append(solved[:, -1])
    return gradients._replace(inputs=inputs, biases=biases)


def gradients_of(
    graph: Graph, weights: Weights, inputs: jax.Array, loss: Callable[[dict[str, jax.Array]], jax.Array]
) -> Gradients:
    """The gradients of a loss, in evaluation, by all weights that are trained.

    Args:
        graph: The model.
        weights: As `cutaway.interpret.graph.weights_of` returns them.
        inputs: float32 ``(sample, *Graph.shape)``, prepared.
        loss: The sum of the losses of the samples, from the values of all layers.

    Raises:
        ModelError: A Dense layer computes several vectors of one sample with the same weights, or no layer is trained.
    """
    trained = [name for name, layer in graph.layers.items() if layer.trainable_variables]
    dense = [name for name in trained if graph.kind(name) in DENSE_KINDS]
    others = [name for name in trained if name not in dense]
    _check(graph, trained)

    def zeros(names: list[str]) -> dict[str, jax.Array]:
        return {name: jnp.zeros((len(inputs), *graph.layers[name].output.shape[1:])) for name in names}

    def total(before: dict[str, jax.Array], added: dict[str, jax.Array]) -> tuple[jax.Array, dict[str, jax.Array]]:
        values = evaluate(graph, weights, {graph.entry: inputs}, before=before, added=added)
        return loss(values), values

    # samples are independent in evaluation: the gradient of the sum holds the gradient of each sample
    (deltas, slopes), values = jax.grad(total, argnums=(0, 1), has_aux=True)(zeros(dense), zeros(others))
    found = Gradients([], [], [], [])
    for name in dense:
        for features, delta in _factors(values[graph.inputs[name][0]], deltas[name]):
            found.inputs.append(features)
            found.deltas.append(delta)
            found.biases.append(float(has_bias(graph.layers[name])))
    for name in others:
        found.others.append(_own_gradients(graph, name, weights, values[graph.inputs[name][0]], slopes[name]))
    return found


def _factors(inputs: jax.Array, deltas: jax.Array) -> list[tuple[jax.Array, jax.Array]]:
    """Inputs and deltas of each kernel of a layer: of an EinsumDense there is one for each member."""
    if deltas.ndim == 2:
        return [(inputs, deltas)]
    if inputs.ndim == 2:  # all members have the same input: their kernels side by side are one
        return [(inputs, deltas.reshape(len(deltas), -1))]
    return [(inputs[:, k], deltas[:, k]) for k in range(deltas.shape[1])]


def _own_gradients(graph: Graph, name: str, weights: Weights, inputs: jax.Array, slopes: jax.Array) -> jax.Array:
    """The gradients of a layer's own weights, formed for each sample: few weights, such as two for each unit.

    Args:
        graph: The model.
        name: The layer.
        weights: Weights of all layers.
        inputs: What it reads.
        slopes: The gradients by its output.
    """
    layer, (trained, fixed) = graph.layers[name], weights[name]
    extra = {"training": False} if graph.kind(name) == "BatchNormalization" else {}

    def of_sample(x: jax.Array, slope: jax.Array) -> jax.Array:
        def output(values: list[jax.Array]) -> Any:
            return layer.stateless_call(values, fixed, x[None], **extra)[0][0]

        (by_weight,) = jax.vjp(output, trained)[1](slope)
        return jnp.concatenate([part.reshape(-1) for part in by_weight])

    return jax.vmap(of_sample)(inputs, slopes)


def _check(graph: Graph, trained: list[str]) -> None:
    if not trained:
        raise ModelError(
            "all layers of the model are frozen, so no sample has an influence",
            hint="train it with trainable=True",
        )
    for name in trained:
        shape = graph.layers[name].output.shape[1:]
        if graph.kind(name) == "Dense" and len(shape) > 1:
            raise ModelError(
                f'layer "{name}" computes {" x ".join(map(str, shape))} values with the same weights, not one vector',
                hint="put a Flatten layer before it; all other views work on this model too",
            )
