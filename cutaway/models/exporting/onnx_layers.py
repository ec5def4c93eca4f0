"""Each supported layer and activation as ONNX nodes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cutaway.errors import ModelError
from cutaway.models.shapes import Shape, broadcast_weight, kept_values, normed_axes, output_shape, place


class Graph:
    """Nodes and constants of a graph under construction, each with a unique name.

    Attributes:
        nodes: In the order of computation.
        constants: Weights and other constant tensors.
        layer: Prefix of the names of new tensors.
    """

    FLOAT = 1
    """ONNX's number of the type float32."""

    TABLES = "ai.onnx.ml"
    """The domain of operators that look up strings."""

    def __init__(self, helper: Any, numpy_helper: Any, *, inputs: Sequence[str]) -> None:
        self._helper, self._numpy_helper = helper, numpy_helper
        self._taken = set(inputs)
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.layer = "prepare"

    def free(self, name: str) -> str:
        """A name that no tensor has yet: the given one, with underscores added if it is taken."""
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name

    def add(self, kind: str, *inputs: str, output: str | None = None, **settings: Any) -> str:
        """Add a node and return the name of its output."""
        output = output or self.free(f"{self.layer}/{kind}_{len(self.nodes)}")
        self.nodes.append(self._helper.make_node(kind, list(inputs), [output], name=f"{output}/node", **settings))
        return output

    def constant(self, value: Any, name: str = "constant") -> str:
        """Add a constant tensor and return its name."""
        name = self.free(f"{self.layer}/{name}_{len(self.constants)}")
        self.constants.append(self._numpy_helper.from_array(np.ascontiguousarray(value).reshape(np.shape(value)), name))
        return name


def add_layer(
    graph: Graph, item: Mapping[str, Any], *, inputs: Sequence[str], weights: Mapping[str, np.ndarray], shape: Shape
) -> str:
    """Add a layer to a graph.

    Args:
        graph: Its nodes are added here.
        item: The layer, from a specification.
        inputs: Names of its input tensors.
        weights: Its weights by name, without the name of the layer.
        shape: Shape of one sample in its first input.

    Returns:
        The name of its output.

    Raises:
        ModelError: It has a setting that is not exported.
    """
    kind, config = item["kind"], item["config"]
    graph.layer = item["name"]
    x = inputs[0]
    if kind in _MERGES:
        return _merge(graph, kind, inputs)
    if kind == "Concatenate":
        return graph.add("Concat", *inputs, axis=1 + place(config.get("axis", -1), shape))
    if kind == "Flatten":
        if config.get("data_format") == "channels_first" and len(shape) > 1:
            raise ModelError(
                f'layer "{item["name"]}" flattens with data_format "channels_first", which cannot be exported to ONNX',
                hint="export to .keras",
            )
        return graph.add("Flatten", x, axis=1)
    if kind == "Rescaling":
        x = graph.add("Mul", x, graph.constant(np.asarray(config["scale"], np.float32)))
        return graph.add("Add", x, graph.constant(np.asarray(config.get("offset", 0.0), np.float32)))
    if kind == "LeakyReLU":
        return graph.add("LeakyRelu", x, alpha=float(config.get("negative_slope", 0.3)))
    if kind in ("Dropout", "GaussianDropout", "GaussianNoise"):
        return x
    if kind == "Activation":
        return add_activation(graph, config["activation"], x=x)
    return _KINDS[kind](graph, _Part(x, config, weights, shape))


_MERGES = {"Add": "Sum", "Average": "Mean", "Maximum": "Max", "Minimum": "Min", "Subtract": "Sub", "Multiply": "Mul"}


def _merge(graph: Graph, kind: str, inputs: Sequence[str]) -> str:
    if kind != "Multiply":
        return graph.add(_MERGES[kind], *inputs)
    product, *others = inputs
    for other in others:  # Mul takes two
        product = graph.add("Mul", product, other)
    return product


@dataclass(frozen=True, eq=False)
class _Part:
    """The source of an exported layer: input tensor, settings, weights, and the shape of one sample in its input."""

    x: str
    config: Mapping[str, Any]
    weights: Mapping[str, np.ndarray]
    shape: Shape


def _dense(graph: Graph, part: _Part) -> str:
    x, kernel = part.x, graph.constant(part.weights["kernel"], "kernel")
    bias = graph.constant(part.weights["bias"], "bias") if "bias" in part.weights else None
    if len(part.shape) == 1 and bias:
        x = graph.add("Gemm", x, kernel, bias)
    else:
        x = graph.add("MatMul", x, kernel)
        x = graph.add("Add", x, bias) if bias else x
    return add_activation(graph, part.config.get("activation", "linear"), x=x)


def _einsum_dense(graph: Graph, part: _Part) -> str:
    kernel = graph.constant(part.weights["kernel"], "kernel")
    x = graph.add("Einsum", part.x, kernel, equation=part.config["equation"].replace(",", ", "))
    if "bias" in part.weights:
        x = graph.add("Add", x, graph.constant(part.weights["bias"], "bias"))
    return add_activation(graph, part.config.get("activation", "linear"), x=x)


def _mean_of_members(graph: Graph, part: _Part) -> str:
    return graph.add("ReduceMean", part.x, graph.constant(np.array([1], np.int64)), keepdims=0)


def _relu(graph: Graph, part: _Part) -> str:
    """Keras' general ReLU, with a threshold, a slope below it, and a maximum."""
    x = part.x
    highest, threshold = part.config.get("max_value"), float(part.config.get("threshold") or 0)
    slope = float(part.config.get("negative_slope") or 0)
    if threshold:
        above = graph.add("Greater", x, graph.constant(np.float32(threshold)))
        out = graph.add("Where", above, x, graph.constant(np.float32(0)))
    else:
        out = graph.add("Relu", x)
    if highest is not None:
        out = graph.add("Clip", out, graph.constant(np.float32(0)), graph.constant(np.float32(highest)))
    if slope:
        below = graph.add("Relu", graph.add("Sub", graph.constant(np.float32(threshold)), x))
        out = graph.add("Sub", out, graph.add("Mul", below, graph.constant(np.float32(slope))))
    return out


def _prelu(graph: Graph, part: _Part) -> str:
    return graph.add("PRelu", part.x, graph.constant(part.weights["alpha"], "alpha"))


def _elu(graph: Graph, part: _Part) -> str:
    return graph.add("Elu", part.x, alpha=float(part.config.get("alpha", 1.0)))


def _softmax(graph: Graph, part: _Part) -> str:
    return graph.add("Softmax", part.x, axis=1 + normed_axes(part.config, part.shape)[0])


def _reshape(graph: Graph, part: _Part) -> str:
    sides = output_shape("Reshape", part.config, inputs=[part.shape])
    return graph.add("Reshape", part.x, graph.constant(np.array([-1, *sides], np.int64)))


def _normalization(graph: Graph, part: _Part) -> str:
    """By the mean and variance that adapt() found; Keras bounds the standard deviation by its epsilon."""
    mean, variance = (kept_values(part.config, name, shape=part.shape) for name in ("mean", "variance"))
    spread = np.maximum(np.sqrt(variance), np.float32(1e-7))
    if part.config.get("invert"):
        return graph.add("Add", graph.add("Mul", part.x, graph.constant(spread)), graph.constant(mean))
    return graph.add("Div", graph.add("Sub", part.x, graph.constant(mean)), graph.constant(spread))


def _batch_normalization(graph: Graph, part: _Part) -> str:
    """In evaluation: a factor and a shift for each entry of the axis, from the moving averages."""
    mean, variance = (part.weights[f"moving_{name}"].astype(np.float64) for name in ("mean", "variance"))
    factor = part.weights.get("gamma", np.float32(1)) / np.sqrt(variance + part.config.get("epsilon", 1e-3))
    shift = part.weights.get("beta", np.float32(0)) - mean * factor
    x = part.x
    for kind, value in (("Mul", factor), ("Add", shift)):
        x = graph.add(kind, x, graph.constant(broadcast_weight(value, part.config, shape=part.shape)))
    return x


def _layer_normalization(graph: Graph, part: _Part) -> str:
    axes = graph.constant(np.array([1 + axis for axis in normed_axes(part.config, part.shape)], np.int64))
    centered = graph.add("Sub", part.x, graph.add("ReduceMean", part.x, axes))
    variance = graph.add("ReduceMean", graph.add("Mul", centered, centered), axes)
    spread = graph.add("Sqrt", graph.add("Add", variance, graph.constant(np.float32(part.config.get("epsilon", 1e-3)))))
    x = graph.add("Div", centered, spread)
    for kind, name in (("Mul", "gamma"), ("Add", "beta")):
        if name in part.weights:
            x = graph.add(
                kind, x, graph.constant(broadcast_weight(part.weights[name], part.config, shape=part.shape), name)
            )
    return x


_KINDS: dict[str, Callable[[Graph, _Part], str]] = {
    "Dense": _dense,
    "EinsumDense": _einsum_dense,
    "GlobalAveragePooling1D": _mean_of_members,
    "ReLU": _relu,
    "PReLU": _prelu,
    "ELU": _elu,
    "Softmax": _softmax,
    "Reshape": _reshape,
    "Normalization": _normalization,
    "BatchNormalization": _batch_normalization,
    "LayerNormalization": _layer_normalization,
}

_ACTIVATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "relu": ("Relu", {}),
    "softplus": ("Softplus", {}),
    "sigmoid": ("Sigmoid", {}),
    "tanh": ("Tanh", {}),
    "gelu": ("Gelu", {}),
    "softmax": ("Softmax", {"axis": -1}),
    "log_softmax": ("LogSoftmax", {"axis": -1}),
    "elu": ("Elu", {}),
    "selu": ("Selu", {}),
    "leaky_relu": ("LeakyRelu", {"alpha": 0.2}),  # Keras' slope of the function; the layer's is 0.3
    "mish": ("Mish", {}),
    "softsign": ("Softsign", {}),
    "hard_sigmoid": ("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}),
    "exponential": ("Exp", {}),
}


def add_activation(graph: Graph, name: str, *, x: str) -> str:
    """Add an activation function by its name in Keras, and return the name of its output."""
    if name == "linear":
        return x
    if name == "silu":
        return graph.add("Mul", x, graph.add("Sigmoid", x))
    if name == "relu6":
        return graph.add("Clip", x, graph.constant(np.float32(0)), graph.constant(np.float32(6)))
    kind, settings = _ACTIVATIONS[name]
    return graph.add(kind, x, **settings)
