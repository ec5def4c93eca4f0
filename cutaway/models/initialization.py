"""First weights drawn in NumPy: the numbers of Keras' initializers on JAX, without a program compiled for each shape.

XLA would take 0.4 CPU seconds for each new shape, half of what the start of a small training costs.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from .shapes import Shape

CHUNK = 2**16
"""Numbers drawn at once, few enough for the memory to stay in the cache."""

SCALED = tuple(
    getattr(keras.initializers, name) for name in ("VarianceScaling", "GlorotUniform", "HeUniform", "LecunUniform")
)

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
PARITY = 0x1BD11BDA


def draw(initializer: Any, shape: Shape, dtype: str) -> Any:
    """Draw values of a shape, as ``initializer(shape, dtype)`` does on JAX.

    Args:
        initializer: Any of Keras' initializers; if it is random, with a seed of its own.
        shape: Of the weight.
        dtype: Its type; what is not float32 is left to the initializer.

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
    """The smallest and the largest value that an initializer draws for a shape; None where it draws otherwise.

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


def uniform(seed: int, shape: Shape, low: float, high: float) -> np.ndarray:
    """Draw float32 values from [low, high): those of ``keras.random.uniform`` on JAX.

    The product and the sum are rounded once, as XLA rounds them on CPUs that have such an instruction. They are exact
    in float64, because no limit is more than 32 times as large as the range.
    """
    values, least, most = np.empty(math.prod(shape), np.float32), np.float32(low), np.float32(high)
    for start in range(0, len(values), CHUNK):
        part = values[start : start + CHUNK]
        fraction = (random_bits(seed, start, len(part)) >> np.uint32(9) | np.uint32(0x3F800000)).view(np.float32) - 1
        part[:] = fraction.astype(np.float64) * np.float64(most - least) + np.float64(least)
    return np.maximum(least, values, out=values).reshape(shape)


def random_bits(seed: int, start: int, count: int) -> np.ndarray:
    """The bits of the random numbers from ``start`` to ``start + count`` in a stream, as JAX has them: uint32 (count,).

    Source: Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3", section 3.3 (Threefry-2x32
    with 20 rounds, of the position in the stream).
    """
    first, second = seed & 0xFFFFFFFF, 0
    keys = [np.uint32(key) for key in (first, second, first ^ second ^ PARITY)]
    position = np.arange(start, start + count, dtype=np.uint64)
    a, b = (position >> np.uint64(32)).astype(np.uint32), position.astype(np.uint32)
    high = np.empty_like(b)
    a += keys[0]
    b += keys[1]
    for group in range(5):
        for rotation in ROTATIONS[group % 2]:
            a += b
            np.left_shift(b, np.uint32(rotation), out=high)
            b >>= np.uint32(32 - rotation)
            b |= high
            b ^= a
        a += keys[(group + 1) % 3]
        b += keys[(group + 2) % 3]
        b += np.uint32(group + 1)
    return a ^ b


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
