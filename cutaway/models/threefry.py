"""The uniform numbers of ``keras.random.uniform`` on JAX, drawn in NumPy without a program compiled for each shape.

This repeats JAX's own generator, because a user would feel the loss: the weights of a model of three new shapes take
3.2 CPU seconds to draw with XLA, and 0.26 once their programs are kept; here 0.03 (2-core Sapphire Rapids Xeon, Python
3.11.7, NumPy 2.4.6, JAX 0.10.2). The public way, to call the initializer, gives the same bytes:
`tests/models/test_initialization.py` compares them, and fails where JAX draws other numbers. Then, or once compiling
costs little, this file can go, and `draw` call the initializer. Upstream: https://github.com/jax-ml/jax/issues/1172.
"""

import math

import numpy as np

from .shapes import Shape

CHUNK = 2**16
"""Numbers drawn together, few enough for the memory to stay in the cache."""

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
PARITY = 0x1BD11BDA


def uniform(seed: int, shape: Shape, low: float, high: float) -> np.ndarray:
    """Draw float32 values from [low, high), the same as ``keras.random.uniform`` on JAX.

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
