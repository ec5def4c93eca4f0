"""The arithmetic floor of an epoch: the time of its matrix products alone, at the speed of this machine."""

import itertools
import statistics
import time
from collections.abc import Callable, Sequence

EVALUATED = 1000  # rows in a block of an evaluation, as in cutaway.training


def products(sizes: Sequence[int], batch: int) -> list[tuple[int, int, int]]:
    """Shapes (m, k, n) of the products of a training step: forward, gradient of the kernel, gradient of the input.

    The first layer needs no gradient of its input.
    """
    shapes = []
    for position, (inputs, units) in enumerate(itertools.pairwise(sizes)):
        shapes += [(batch, inputs, units), (inputs, batch, units)]
        if position:
            shapes.append((batch, units, inputs))
    return shapes


def floor(sizes: Sequence[int], *, batch: int, train: int, measured: int, bfloat16: bool) -> Callable[[], float]:
    """Make a call that measures the floor of an epoch in seconds.

    Args:
        sizes: Units of input, hidden layers and output.
        batch: Samples in a step.
        train: Training samples.
        measured: Samples that are evaluated after the epoch, in float32.
        bfloat16: Whether products of training have bfloat16 factors and float32 sums.
    """
    training = products(sizes, batch)
    forward = [(EVALUATED, k, n) for k, n in itertools.pairwise(sizes)]
    calls = [(product(shape, bfloat16=bfloat16 and min(shape) >= 32), train / batch) for shape in training]
    calls += [(product(shape, bfloat16=False), measured / EVALUATED) for shape in forward]
    return lambda: sum(call() * times for call, times in calls)


def product(shape: tuple[int, int, int], *, bfloat16: bool) -> Callable[[], float]:
    """Make a call that measures the seconds of one product in XLA, repeated with other factors of the same shape."""
    import jax
    import jax.numpy as jnp

    m, k, n = shape
    count = max(4, min(64, int(4e9 / (m * k * n))))
    kind = jnp.bfloat16 if bfloat16 else jnp.float32
    left, right = jnp.ones((count, m, k), kind), jnp.ones((k, n), kind)

    def one(a: jax.Array, b: jax.Array) -> jax.Array:
        return jax.lax.dot_general(a, b, (((1,), (0,)), ((), ())), preferred_element_type=jnp.float32)[0]

    run = jax.jit(lambda a, b: jax.lax.map(lambda rows: one(rows, b), a))

    def seconds() -> float:
        start = time.perf_counter()
        run(left, right).block_until_ready()
        return (time.perf_counter() - start) / count

    seconds()
    return lambda: statistics.median(seconds() for _ in range(5))
