"""Output shapes and weight shapes of layers, computed before anything is built or read."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Shape = tuple[int, ...]

MAX_VALUES = 2**24
"""Values of one sample in any layer at most: 64 MiB of float32."""

MAX_INPUTS = 64
"""Maximum number of inputs of one Add or Concatenate."""

SUMMING_KINDS = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
"""Kinds of layers that combine several inputs of one shape, value by value."""

MEMBER_EQUATIONS = ("bi,kio->bko", "bki,kio->bko")
"""The supported equations of an EinsumDense: the Dense layers of k members, from one input or from one per member."""

DENSE_KINDS = ("Dense", "EinsumDense")
"""Kinds of layers whose units are sums of their inputs with weights that are trained."""

MERGING_KINDS = (*SUMMING_KINDS, "Concatenate")
"""Kinds of layers that take a list of inputs."""


def output_shape(kind: str, config: Mapping[str, Any], *, inputs: Sequence[Shape]) -> Shape:
    """The shape of one sample after a supported layer.

    Args:
        kind: Class of the layer.
        config: Its checked settings.
        inputs: The shape of one sample in each of its inputs, without the batch axis.

    Raises:
        ValueError: It does not take these; the text gives the reason, as a clause.
    """
    least, most = (2, 2 if kind == "Subtract" else MAX_INPUTS) if kind in MERGING_KINDS else (1, 1)
    if not least <= len(inputs) <= most:
        raise ValueError(f"{len(inputs)} inputs")
    first = inputs[0]
    out = first
    if kind == "Dense":
        if not first:
            raise ValueError("an input without axes")
        out = (*first[:-1], config["units"])
    elif kind == "EinsumDense":
        out = _members(config, first)
    elif kind == "GlobalAveragePooling1D":
        if len(first) != 2:
            raise ValueError(f"an input of the shape {first}")
        out = first[1:]
    elif kind == "Flatten":
        out = (math.prod(first),)
    elif kind == "Reshape":
        out = _reshaped(first, config["target_shape"])
    elif kind in SUMMING_KINDS and any(shape != first for shape in inputs):
        raise ValueError(f"inputs of the shapes {', '.join(map(str, inputs[:4]))}")
    elif kind == "Concatenate":
        out = _joined(inputs, place(config.get("axis", -1), first))
    elif kind == "Rescaling":
        lists = [v for v in (config.get("scale"), config.get("offset")) if isinstance(v, list)]
        if any(len(v) != first[-1] for v in lists):
            raise ValueError(f"a list of other than {first[-1]} numbers")
    elif kind in ("BatchNormalization", "LayerNormalization", "Softmax"):
        normed_axes(config, first)
    elif kind == "PReLU":
        _slopes(config, first)
    elif kind == "Normalization":
        for name in ("mean", "variance"):
            kept_values(config, name, shape=first)
    if math.prod(out) > MAX_VALUES:
        raise ValueError(f"{math.prod(out):,} values a sample, more than {MAX_VALUES:,}")
    return out


def weight_shapes(kind: str, config: Mapping[str, Any], *, shape: Shape) -> dict[str, Shape]:
    """The weights of a supported layer by name, in Keras' order.

    Args:
        kind: Class of the layer.
        config: Its checked settings.
        shape: The shape of one sample in its input.
    """
    if kind == "Dense":
        bias = {"bias": (config["units"],)} if config.get("use_bias", True) else {}
        return {"kernel": (shape[-1], config["units"]), **bias}
    if kind == "EinsumDense":
        members, units = config["output_shape"]
        bias = {"bias": (members, units)} if config.get("bias_axes") else {}
        return {"kernel": (members, shape[-1], units), **bias}
    if kind == "PReLU":
        return {"alpha": _slopes(config, shape)}
    if kind == "Normalization" and config.get("mean") is None:  # adapted, with the result among the weights
        size = tuple(shape[axis] for axis in kept_axes(config, shape))
        return {"mean": size, "variance": size, "count": ()}
    if kind not in ("BatchNormalization", "LayerNormalization"):
        return {}
    size = tuple(shape[axis] for axis in normed_axes(config, shape))
    names = [name for name, key in (("gamma", "scale"), ("beta", "center")) if config.get(key, True)]
    names += ["moving_mean", "moving_variance"] if kind == "BatchNormalization" else []
    return dict.fromkeys(names, size)


def units_in_words(config: Mapping[str, Any]) -> str:
    """The units of a Dense layer, or of an ensemble its members and the units of each: "8x128"."""
    shape = config.get("output_shape")  # of a model that a stranger wrote, it may be anything
    return "x".join(map(str, shape if isinstance(shape, list | tuple) else [config.get("units")]))


def normed_axes(config: Mapping[str, Any], shape: Shape) -> tuple[int, ...]:
    """Axes of one sample, from 0, that a normalization has weights for."""
    axis = config.get("axis", -1)
    places = tuple(place(each, shape) for each in (axis if isinstance(axis, list) else [axis]))
    if len(set(places)) != len(places):
        raise ValueError(f"the axes {axis}")
    return places


def kept_axes(config: Mapping[str, Any], shape: Shape) -> tuple[int, ...]:
    """Axes of one sample, from 0 and ascending, that a Normalization has a mean for each entry of."""
    axis = config.get("axis", -1)
    return tuple(sorted(normed_axes({"axis": [] if axis is None else axis}, shape)))


def kept_values(config: Mapping[str, Any], name: str, *, shape: Shape) -> np.ndarray:
    """The mean or the variance of a Normalization, float32, in a shape that is broadcast over one sample."""
    axes = kept_axes(config, shape)
    values = np.asarray(config[name] if config.get(name) is not None else 0.0, np.float32)
    if values.ndim > len(axes):
        raise ValueError(f"{name} of {values.ndim} axes, where {len(axes)} are kept")
    sides = [1] * len(shape)
    for axis, side in zip(axes[len(axes) - values.ndim :], values.shape, strict=True):
        if side not in (1, shape[axis]):
            raise ValueError(f"{name} of the shape {values.shape} for an input of the shape {shape}")
        sides[axis] = side
    return values.reshape(sides)


def broadcast_weight(value: np.ndarray, config: Mapping[str, Any], *, shape: Shape) -> np.ndarray:
    """A weight of a normalization, which has an entry for each of some axes, reshaped to broadcast over one sample.

    Args:
        value: float32, its axes in the order of the settings.
        config: The checked settings.
        shape: The shape of one sample.
    """
    axes = normed_axes(config, shape)
    ordered = np.transpose(value, np.argsort(axes))
    return ordered.astype(np.float32).reshape([size if i in axes else 1 for i, size in enumerate(shape)])


def place(axis: int, shape: Shape) -> int:
    """Turn an axis as Keras counts it, with the batch as axis 0, into an axis of one sample, from 0."""
    where = axis - 1 if axis > 0 else axis + len(shape)
    if not 0 <= where < len(shape):
        raise ValueError(f"the axis {axis} of a shape {shape}")
    return where


def _members(config: Mapping[str, Any], shape: Shape) -> Shape:
    """The output of the Dense layers of some members, (member, unit), which read one input or one of each member."""
    members, units = config["output_shape"]
    wanted = 1 + MEMBER_EQUATIONS.index(config["equation"])
    if len(shape) != wanted or (wanted == 2 and shape[0] != members):
        raise ValueError(f"an input of the shape {shape} for {members} members")
    return members, units


def _reshaped(shape: Shape, target: Sequence[int]) -> Shape:
    """The target shape, with a side of -1 computed from the others."""
    size, known = math.prod(shape), math.prod(side for side in target if side != -1)
    out = tuple(size // known if side == -1 else side for side in target)
    if math.prod(out) != size:
        raise ValueError(f"the target shape {tuple(target)} for {size:,} values")
    return out


def _slopes(config: Mapping[str, Any], shape: Shape) -> Shape:
    """The shape of the slopes of a PReLU: 1 along the axes that share theirs, which Keras counts from 1."""
    shared = config.get("shared_axes") or []
    if any(axis > len(shape) for axis in shared):
        raise ValueError(f"the shared axes {shared} of a shape {shape}")
    return tuple(1 if axis + 1 in shared else side for axis, side in enumerate(shape))


def _joined(inputs: Sequence[Shape], axis: int) -> Shape:
    first = inputs[0]
    rest = {(*shape[:axis], *shape[axis + 1 :]) for shape in inputs}
    if len(rest) != 1 or any(len(shape) != len(first) for shape in inputs):
        raise ValueError(f"inputs of the shapes {', '.join(map(str, inputs[:4]))}")
    return (*first[:axis], sum(shape[axis] for shape in inputs), *first[axis + 1 :])
