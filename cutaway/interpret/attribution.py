"""One sample's way through a model: what each unit and each pixel adds to the difference between two classes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

from cutaway.errors import DataError, ModelError
from cutaway.models import prepare_inputs

from .graph import PASSING, Graph, Weights, activation_name, evaluate, weights_of

_PIECEWISE = ("linear", "relu", "leaky_relu")
_KINDS = (
    "Dense",
    "Activation",
    "ReLU",
    "LeakyReLU",
    "Flatten",
    "Rescaling",
    "BatchNormalization",
    "Add",
    "Concatenate",
)


@dataclass(frozen=True, eq=False)
class Attribution:
    """One sample's way through a model of ReLUs, for which the model is a linear map with an offset.

    For the input, and for each layer through which everything passes, the contributions of its values and what the
    biases of later layers add make up the whole `difference`, to float32's rounding.

    Attributes:
        activations: Layer -> its output, float32 ``(unit,)``, flattened; the output layer is left out.
        logits: float32 ``(class,)``, before softmax; a model of one output unit has 0 for class 0.
        winner: The class with the highest logit.
        runner_up: The class with the next highest.
        difference: Logit of the winner minus that of the runner-up, at least 0.
        pixels: float32 (shape of the sample), what each value of the input adds to the difference.
        contributions: Layer -> what each of its units adds to the difference, float32 ``(unit,)``.
        offsets: Layer, or "" for the input -> what the biases of all later layers add.
    """

    activations: Mapping[str, np.ndarray]
    logits: np.ndarray
    winner: int
    runner_up: int
    difference: float
    pixels: np.ndarray
    contributions: Mapping[str, np.ndarray]
    offsets: Mapping[str, float]

    def total(self, layer: str = "") -> float:
        """The sum of all contributions of a layer, or of the input as "", and the offset: the difference again."""
        parts = self.contributions[layer] if layer else self.pixels
        return float(parts.sum(dtype=np.float64)) + self.offsets[layer]


def attribute(model: keras.Model, x: np.ndarray, *, scale: float) -> Attribution:
    """Follow one sample through a model and split the difference of its two highest logits among units and pixels.

    Around a sample a model of ReLUs is linear, so its difference d is the sum of value times slope over the values of
    any layer that all paths cross, plus bias times slope over the biases of the layers after it.

    Args:
        model: A built model of Dense, BatchNormalization and layers of that kind with relu, leaky_relu or linear.
        x: One raw sample, uint8 or float32, in the shape that the data have.
        scale: The value of `x` that becomes 1.

    Raises:
        ModelError: A layer is not linear piece by piece, or the model gives one logit only of a single class.
        DataError: The sample does not fit the model, or its logits are no finite numbers.

    Source:
        Montavon, Samek, Mueller 2018, "Methods for interpreting and understanding deep neural networks" (value
        times slope, there simple Taylor decomposition); Srinivas and Fleuret 2019, "Full-gradient representation for
        neural network visualization" (biases).
    """
    graph = Graph.of(model)
    _check_linear(graph)
    x = np.asarray(x)
    if x.size != int(np.prod(graph.shape)) or x.dtype.kind not in "uif":
        raise DataError(
            f"a sample has the {int(np.prod(graph.shape))} numbers that the model takes",
            got=f"{x.dtype} of shape {x.shape}",
            hint="pass one row of the data, such as data.x(ids)[0]",
        )
    values, scores, slopes = _slopes(graph, x, scale)
    pair = np.argsort(-scores, kind="stable")[:2]
    offsets = _offsets(graph, slopes)
    crossed = [name for name in graph.layers if name != graph.output and _all_cross(graph, name)]
    return Attribution(
        activations={name: values[name] for name in graph.layers if name != graph.output},
        logits=scores,
        winner=int(pair[0]),
        runner_up=int(pair[1]),
        difference=float(np.float64(scores[pair[0]]) - scores[pair[1]]),
        pixels=(values[graph.entry] * slopes.values[graph.entry]).reshape(x.shape),
        contributions={name: values[name] * slopes.values[name] for name in crossed},
        offsets={
            "": sum(offsets.values()),
            **{name: sum(offsets[later] for later in graph.after(name)) for name in crossed},
        },
    )


@dataclass(frozen=True)
class _Slopes:
    """Slopes of the difference: by the output of each layer, float32 (unit,), and by each weight."""

    values: dict[str, np.ndarray]
    weights: Weights


def _slopes(graph: Graph, x: np.ndarray, scale: float) -> tuple[dict[str, np.ndarray], np.ndarray, _Slopes]:
    """Values of all layers, the logits (class,), and the slopes of the difference of the two highest."""
    weights = weights_of(graph)
    shapes = {graph.entry: graph.shape} | {name: layer.output.shape[1:] for name, layer in graph.layers.items()}
    zeros = {name: jnp.zeros((1, *shape)) for name, shape in shapes.items()}

    def difference(added: dict[str, jax.Array], weights: Weights, rows: jax.Array) -> tuple[jax.Array, Any]:
        first = prepare_inputs(rows, scale, graph.shape) + added[graph.entry]
        values = evaluate(graph, weights, {graph.entry: first}, added=added)
        logits = values[graph.output][0]
        logits = jnp.concatenate([jnp.zeros(1), logits]) if len(logits) == 1 else logits
        high = jax.lax.top_k(logits, 2)[0]
        return high[0] - high[1], (values, logits)

    with jax.default_matmul_precision("highest"):
        compiled = jax.jit(jax.grad(difference, argnums=(0, 1), has_aux=True, allow_int=True))
        (by_value, by_weight), (values, logits) = compiled(zeros, weights, jnp.asarray(x[None]))
    scores = np.asarray(logits)
    if not np.isfinite(scores).all():
        raise DataError("logits are finite numbers", got=f"{scores}", hint="look at an earlier epoch or another sample")
    flat = {name: np.asarray(value).reshape(-1) for name, value in values.items()}
    return flat, scores, _Slopes({name: np.asarray(slope).reshape(-1) for name, slope in by_value.items()}, by_weight)


def _offsets(graph: Graph, slopes: _Slopes) -> dict[str, float]:
    """What the biases of each layer add to the difference: the weights that are added, times their slopes."""
    found = {}
    for name, layer in graph.layers.items():
        sides = zip((layer.trainable_variables, layer.non_trainable_variables), slopes.weights[name], strict=True)
        found[name] = sum(
            float(np.vdot(np.asarray(v.value, np.float64), np.asarray(slope, np.float64)))
            for variables, gradients in sides
            for v, slope in zip(variables, gradients, strict=True)
            if v.name in ("bias", "beta", "moving_mean")
        )
        if graph.kind(name) == "Rescaling":
            shape = layer.output.shape[1:]
            added = np.broadcast_to(np.asarray(layer.offset, np.float64), shape).reshape(-1)
            found[name] += float(added @ slopes.values[name])
    return found


def _all_cross(graph: Graph, name: str) -> bool:
    """Whether everything after a layer reads it alone, so that no path leads past it."""
    later = graph.after(name)
    return all(source in (name, *later) for reader in later for source in graph.inputs[reader])


def _check_linear(graph: Graph) -> None:
    for name, layer in graph.layers.items():
        kind, function = graph.kind(name), activation_name(layer)
        ends = name == graph.output and function in ("softmax", "log_softmax", "sigmoid")
        bent = kind == "ReLU" and (layer.max_value is not None or layer.threshold != 0)
        if kind not in (*_KINDS, *PASSING) or bent or not (ends or function in _PIECEWISE):
            raise ModelError(
                f"exact contributions need layers that are linear piece by piece: {', '.join(_PIECEWISE)}",
                got=f'layer "{name}" ({kind}, {function})',
                hint="trace a model of ReLUs, such as mlp(activation='relu')",
            )
