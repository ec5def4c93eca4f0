"""Output shapes and weight shapes of layers, computed before anything is built or read."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

Shape = tuple[int, ...]

MAX_VALUES = 2**24
"""Values of one sample in any layer at most: 64 MiB of float32."""

MAX_INPUTS = 64
"""Inputs of one Add or Concatenate at most."""


def output_shape(kind: str, config: Mapping[str, Any], *, inputs: Sequence[Shape]) -> Shape:
    """The shape of one sample after an allow-listed layer.

    Args:
        kind: Class of the layer.
        config: Its checked settings.
        inputs: The shape of one sample in each of its inputs, without the batch axis.

    Raises:
        ValueError: It does not take these; the text gives the reason, as a clause.
    """
    merges = kind in ("Add", "Concatenate")
    if not 2 <= len(inputs) <= MAX_INPUTS if merges else len(inputs) != 1:
        raise ValueError(f"{len(inputs)} inputs")
    first = inputs[0]
    out = first
    if kind == "Dense":
        if not first:
            raise ValueError("an input without axes")
        out = (*first[:-1], config["units"])
    elif kind == "Flatten":
        out = (math.prod(first),)
    elif kind == "Add" and any(shape != first for shape in inputs):
        raise ValueError(f"inputs of the shapes {', '.join(map(str, inputs[:4]))}")
    elif kind == "Concatenate":
        out = _joined(inputs, place(config.get("axis", -1), first))
    elif kind == "Rescaling":
        lists = [v for v in (config.get("scale"), config.get("offset")) if isinstance(v, list)]
        if any(len(v) != first[-1] for v in lists):
            raise ValueError(f"a list of other than {first[-1]} numbers")
    elif kind in ("BatchNormalization", "LayerNormalization"):
        normed_axes(config, first)
    if math.prod(out) > MAX_VALUES:
        raise ValueError(f"{math.prod(out):,} values a sample, more than {MAX_VALUES:,}")
    return out


def weight_shapes(kind: str, config: Mapping[str, Any], *, shape: Shape) -> dict[str, Shape]:
    """The weights of an allow-listed layer by name, in Keras' order.

    Args:
        kind: Class of the layer.
        config: Its checked settings.
        shape: The shape of one sample in its input.
    """
    if kind == "Dense":
        bias = {"bias": (config["units"],)} if config.get("use_bias", True) else {}
        return {"kernel": (shape[-1], config["units"]), **bias}
    if kind not in ("BatchNormalization", "LayerNormalization"):
        return {}
    size = tuple(shape[axis] for axis in normed_axes(config, shape))
    names = [name for name, key in (("gamma", "scale"), ("beta", "center")) if config.get(key, True)]
    names += ["moving_mean", "moving_variance"] if kind == "BatchNormalization" else []
    return dict.fromkeys(names, size)


def normed_axes(config: Mapping[str, Any], shape: Shape) -> tuple[int, ...]:
    """Axes of one sample, from 0, that a normalization has weights for."""
    axis = config.get("axis", -1)
    places = tuple(place(each, shape) for each in (axis if isinstance(axis, list) else [axis]))
    if len(set(places)) != len(places):
        raise ValueError(f"the axes {axis}")
    return places


def place(axis: int, shape: Shape) -> int:
    """Turn an axis as Keras counts it, with the batch as axis 0, into an axis of one sample, from 0."""
    where = axis - 1 if axis > 0 else axis + len(shape)
    if not 0 <= where < len(shape):
        raise ValueError(f"the axis {axis} of a shape {shape}")
    return where


def _joined(inputs: Sequence[Shape], axis: int) -> Shape:
    first = inputs[0]
    rest = {(*shape[:axis], *shape[axis + 1 :]) for shape in inputs}
    if len(rest) != 1 or any(len(shape) != len(first) for shape in inputs):
        raise ValueError(f"inputs of the shapes {', '.join(map(str, inputs[:4]))}")
    return (*first[:axis], sum(shape[axis] for shape in inputs), *first[axis + 1 :])
