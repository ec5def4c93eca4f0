"""The order of the training samples: a function of the seed and the epoch alone."""

import numpy as np


def epoch_order(samples: int, *, batch_size: int, seed: int, epoch: int) -> np.ndarray:
    """Draw the order of one epoch.

    Drawn on the host: `jax.random.permutation` sorts random keys, which is slow on a CPU.

    Args:
        samples: Number of training samples.
        batch_size: Samples per step.
        seed: Root seed of the run.
        epoch: Number of the epoch, from 1.

    Returns:
        int32 ``(step, batch)`` rows of the training samples, each exactly once; the last step is padded with `samples`,
        a row that does not exist.
    """
    generator = np.random.Generator(np.random.Philox(key=[seed, epoch]))
    steps = -(-samples // batch_size)
    order = np.full(steps * batch_size, samples, np.int32)
    order[:samples] = generator.permutation(samples)
    return order.reshape(steps, batch_size)


def parts_of(order: np.ndarray, samples: int, *, exact: bool) -> list[np.ndarray]:
    """Split an epoch's order into parts that are compiled separately.

    Args:
        order: As `epoch_order` returns it.
        samples: Number of training samples.
        exact: Whether the rows of a batch influence each other (BatchNormalization). The last, smaller batch then
            keeps its true size, which takes a second compilation; otherwise it stays padded.

    Returns:
        One or two arrays ``(step, batch)``.
    """
    left = samples % order.shape[1]
    if not exact or left == 0:
        return [order]
    parts = [order[:-1], order[-1:, :left]]
    return [part for part in parts if len(part)]
