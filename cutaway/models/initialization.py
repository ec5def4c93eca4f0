"""First weights: the numbers of Keras' initializers on JAX, drawn in NumPy if they are uniform, or none at all."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from .shapes import Shape
from .threefry import uniform

SCALED = tuple(
    getattr(keras.initializers, name) for name in ("VarianceScaling", "GlorotUniform", "HeUniform", "LecunUniform")
)


def draw(initializer: Any, shape: Shape, dtype: str) -> Any:
    """Draw values of a shape, as ``initializer(shape, dtype)`` does on JAX.

    Args:
        initializer: Any of Keras' initializers; if it is random, with a seed of its own.
        shape: Shape of the weight.
        dtype: Its type; all types but float32 are left to the initializer.

    Returns:
        An array of NumPy where the values are constant or uniform, otherwise what the initializer returns.
    """
    kind = type(initializer)
    if kind in (keras.initializers.Zeros, keras.initializers.Ones):
        return np.full(shape, kind is keras.initializers.Ones, dtype)
    limits = uniform_limits(initializer, shape) if dtype == "float32" else None
    if limits is None or not isinstance(initializer.seed, int):
        return initializer(shape, dtype=dtype)
    return uniform(initializer.seed, shape, *limits)


def uniform_limits(initializer: Any, shape: Shape) -> tuple[float, float] | None:
    """The smallest and the largest value that an initializer draws for a shape; None if it draws otherwise.

    Source: Glorot, Bengio 2010, equation 16; He et al. 2015, equation 10.
    """
    if type(initializer) is keras.initializers.RandomUniform:
        low, high = initializer.minval, initializer.maxval
        return (low, high) if max(abs(low), abs(high)) <= 32 * (high - low) else None  # see `uniform`
    if type(initializer) not in SCALED or initializer.distribution != "uniform":
        return None
    fan_in, fan_out = _fans(shape)
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[initializer.mode]
    limit = math.sqrt(3.0 * (initializer.scale / max(1.0, fan)))
    return -limit, limit


def _fans(shape: Shape) -> tuple[int, int]:
    """The numbers of inputs and outputs of a unit, as Keras counts them: axes before the last two are summed over."""
    if len(shape) < 2:
        size = shape[0] if shape else 1
        return size, size
    field = math.prod(shape[:-2])
    return shape[-2] * field, shape[-1] * field


@contextmanager
def without_drawing(layers: Sequence[keras.Layer]) -> Iterator[None]:
    """Let these layers be built with weights of 0, for a caller who assigns them all; their initializers come back."""
    kept = [
        (layer, name, value)
        for layer in layers
        for name, value in vars(layer).items()
        if name.endswith("_initializer") and not name.startswith("_")
    ]
    try:
        for layer, name, _ in kept:
            setattr(layer, name, _zeros)
        yield
    finally:
        for layer, name, initializer in kept:
            setattr(layer, name, initializer)


def _zeros(shape: Shape, dtype: Any = None) -> Any:
    zeros = np.zeros(shape, dtype)
    if keras.backend.backend() != "jax":
        return zeros
    import jax

    return jax.device_put(zeros)
