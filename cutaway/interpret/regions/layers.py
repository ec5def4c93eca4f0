"""Layers of a model as functions of affine functions: a linear one maps them, a piecewise linear one bends them.

The values of a layer on a plane are affine in each region: arrays float64 ``(region, 3, *shape of the layer)``, the
constant, the slope in u and the slope in v. They are computed with NumPy, since Keras computes in float32.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any

import numpy as np

from cutaway.errors import ModelError
from cutaway.interpret.graph import Graph
from cutaway.interpret.outline import IDENTITY_KINDS
from cutaway.models import activation_name

ENDINGS = ("softmax", "log_softmax", "sigmoid")
"""Activations at the end of a model that leave the order of the classes as that of their logits."""


@dataclass(frozen=True, eq=False)
class Bend:
    """A continuous piecewise linear function of one number.

    Attributes:
        points: Where it bends, ascending.
        slopes: Its slope before the first of them, between them and after the last: numbers, or arrays of the shape of
            the layer.
        offsets: Its constant there.
    """

    points: tuple[float, ...]
    slopes: tuple[Any, ...]
    offsets: tuple[float, ...]

    def __call__(self, values: np.ndarray, piece: np.ndarray) -> np.ndarray:
        """Affine values ``(region, 3, *shape)`` after it, in the piece ``(region, *shape)`` of each, from 0."""
        shape = values.shape[2:]
        slopes = np.stack([np.broadcast_to(slope, shape) for slope in self.slopes])
        found = values * slopes[(piece, *np.indices(shape, sparse=True))][:, None]
        found[:, 0] += np.asarray(self.offsets)[piece]
        return found


@dataclass(frozen=True, eq=False)
class Step:
    """One layer.

    Attributes:
        name: Its name.
        inputs: Names of what it reads.
        size: Values of its output for one sample.
        linear: Takes the affine values of these, and returns its own before it bends.
        bend: What happens to each of its values then; None for nothing.
    """

    name: str
    inputs: tuple[str, ...]
    size: int
    linear: Callable[..., np.ndarray]
    bend: Bend | None


def steps_of(graph: Graph) -> list[Step]:
    """The layers of a model, up to its logits.

    Raises:
        ModelError: One of them is not piecewise linear and continuous.
    """
    return [
        Step(name, graph.inputs[name], prod(layer.output.shape[1:]), _linear(graph, name), _bend(graph, name))
        for name, layer in graph.layers.items()
    ]


def _refused(graph: Graph, name: str) -> ModelError:
    kind, function = graph.kind(name), activation_name(graph.layers[name])
    return ModelError(
        "a model has linear regions if it is piecewise linear: Dense and other linear layers, and the activations "
        "linear, relu, leaky_relu and relu6",
        got=f'layer "{name}" ({kind}{"" if function == "linear" else f", {function}"})',
        hint="train a model with ReLUs, such as mlp(activation='relu')",
    )


def _bend(graph: Graph, name: str) -> Bend | None:
    layer, kind, function = graph.layers[name], graph.kind(name), activation_name(graph.layers[name])
    if kind == "ReLU":
        if layer.threshold:  # it jumps there
            raise _refused(graph, name)
        return _rectifier(layer.negative_slope, layer.max_value)
    if kind == "LeakyReLU":
        return _rectifier(layer.negative_slope)
    if kind == "PReLU":
        return _rectifier(np.asarray(layer.alpha, np.float64))
    if function == "linear" or (name == graph.output and function in ENDINGS) or _is_half(graph, name):
        return None
    if function not in _RECTIFIERS:
        raise _refused(graph, name)
    return _RECTIFIERS[function]


def _is_half(graph: Graph, name: str) -> bool:
    """Whether a layer is the one output unit of a model, with a hard sigmoid: it is 0.5 where the logit is 0."""
    layer = graph.layers[name]
    return name == graph.output and activation_name(layer) == "hard_sigmoid" and layer.output.shape[1:] == (1,)


def _rectifier(below: Any, most: float | None = None) -> Bend:
    if most is None:
        return Bend((0.0,), (below, 1.0), (0.0, 0.0))
    return Bend((0.0, most), (below, 1.0, 0.0), (0.0, 0.0, most))


_RECTIFIERS = {"relu": _rectifier(0.0), "leaky_relu": _rectifier(0.2), "relu6": _rectifier(0.0, 6.0)}
"""The activation functions that Keras has, with their default settings."""


def _linear(graph: Graph, name: str) -> Callable[..., np.ndarray]:
    layer, kind = graph.layers[name], graph.kind(name)
    shape: tuple[int, ...] = tuple(layer.output.shape[1:])
    if kind in (*IDENTITY_KINDS, "Activation", "Softmax", "ReLU", "LeakyReLU", "PReLU"):
        return _same
    if kind in ("Flatten", "Reshape"):
        is_turned = kind == "Flatten" and layer.data_format == "channels_first"
        return partial(_reshaped, shape=shape, is_turned=is_turned)
    if kind in ("Dense", "EinsumDense"):
        equation = getattr(layer, "equation", "b...i,io->b...o")
        kernel = np.asarray(layer.kernel, np.float64)
        return partial(
            _weighted, equation=equation, kernel=kernel, bias=0.0 if layer.bias is None else _wide(layer.bias)
        )
    if kind in ("BatchNormalization", "Normalization", "Rescaling"):
        factor, offset = _scaling(layer, kind, shape)
        return partial(_scaled, factor=factor, offset=offset)
    if kind == "GlobalAveragePooling1D":
        return partial(np.mean, axis=3 if layer.data_format == "channels_first" else 2)
    if kind == "Concatenate":
        return partial(_concatenated, axis=layer.axis + 1 if layer.axis > 0 else layer.axis)
    if kind in _SUMS:
        return _SUMS[kind]
    raise _refused(graph, name)


def _wide(values: Any) -> np.ndarray:
    return np.asarray(values, np.float64)


def _same(values: np.ndarray) -> np.ndarray:
    return values


def _reshaped(values: np.ndarray, *, shape: tuple[int, ...], is_turned: bool) -> np.ndarray:
    if is_turned and values.ndim > 3:
        values = np.moveaxis(values, 2, -1)
    return values.reshape(len(values), 3, *shape)


def _weighted(values: np.ndarray, *, equation: str, kernel: np.ndarray, bias: Any) -> np.ndarray:
    rows = values.reshape(-1, *values.shape[2:])  # constants and slopes alike
    found = rows @ kernel if kernel.ndim == 2 else np.einsum(equation, rows, kernel, optimize=True)
    found = found.reshape(len(values), 3, *found.shape[1:])
    found[:, 0] += bias
    return found


def _scaled(values: np.ndarray, *, factor: Any, offset: Any) -> np.ndarray:
    found = values * factor
    found[:, 0] += offset
    return found


def _scaling(layer: Any, kind: str, shape: tuple[int, ...]) -> tuple[Any, Any]:
    """What a layer multiplies its input by and what it adds, as arrays that fit the shape of a sample."""
    if kind == "Rescaling":
        return _wide(layer.scale), _wide(layer.offset)
    if kind == "Normalization":
        mean, variance = (np.broadcast_to(_wide(part), (1, *shape))[0] for part in (layer.mean, layer.variance))
        spread = np.maximum(np.sqrt(variance), 1e-7)  # Keras' epsilon
        return (spread, mean) if layer.invert else (1 / spread, -mean / spread)
    along = [1] * (len(shape) + 1)
    along[layer.axis] = -1
    spread = np.sqrt(_wide(layer.moving_variance) + layer.epsilon)
    factor = (1.0 if layer.gamma is None else _wide(layer.gamma)) / spread
    offset = (0.0 if layer.beta is None else _wide(layer.beta)) - _wide(layer.moving_mean) * factor
    return factor.reshape(along[1:]), offset.reshape(along[1:])


def _concatenated(*values: np.ndarray, axis: int) -> np.ndarray:
    return np.concatenate(values, axis=axis)


def _sum(*values: np.ndarray) -> np.ndarray:
    return np.sum(values, axis=0)


def _mean(*values: np.ndarray) -> np.ndarray:
    return np.mean(values, axis=0)


_SUMS: dict[str, Callable[..., np.ndarray]] = {"Add": _sum, "Subtract": np.subtract, "Average": _mean}
