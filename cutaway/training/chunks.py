"""Batches in the order of training, gathered on the host while the device computes.

A gather inside the compiled step costs 0.23 ms a step in XLA on a CPU, a tenth of the step; NumPy copies the rows of a
whole epoch in 15 ms, and does so in another thread. Only a few chunks are in memory at a time, so `x` may be a memory
map that is larger than that.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

CHUNK_BYTES = 16 * 2**20
"""Rows of a chunk at most; two chunks are in memory at a time."""

CHUNK_STEPS = 64
"""Steps of a chunk at most."""


@dataclass(frozen=True, eq=False)
class Chunk:
    """Steps that lie on the device together.

    Attributes:
        rows: int32 ``(step, batch)`` row numbers on the host; one that is no training sample pads.
        x: ``(step, batch, ...)`` their values.
        y: int32 ``(step, batch)`` their labels.
        real: float32 ``(step, batch)``, 1, or 0 where a row pads.
        weight: float32 ``(step, batch)``, what a sample weighs in the loss, 0 where a row pads.
        steps: How many of the steps are to be done; the others fill the chunk up to its size.
    """

    rows: np.ndarray
    x: jax.Array
    y: jax.Array
    mask: jax.Array
    weight: jax.Array
    steps: int


def chunk_steps(batch_size: int, sample_bytes: int, *, steps: int, device_data: bool = False) -> int:
    """How many steps a chunk holds: 16 times as many where it is made on an accelerator, which does them sooner."""
    times = 16 if device_data else 1
    return max(1, min(times * CHUNK_STEPS, times * CHUNK_BYTES // max(batch_size * sample_bytes, 1), steps))


def prefetch_chunks(
    x: Any, y: np.ndarray, *, order: np.ndarray, samples: int, size: int, weight: np.ndarray | None = None
) -> Iterator[Chunk]:
    """Gather the chunks of an order, each while the one before is being trained on.

    Args:
        x: ``(sample, ...)`` raw rows, an array or a stand-in that gives rows for row numbers, on the host or on the
            device; the first `samples` are for training.
        y: int ``(sample,)`` labels.
        order: int32 ``(step, batch)`` rows in the order of training.
        samples: Number of training samples.
        size: Steps of a chunk; the last one is filled up to it, so that all have one shape.
        weight: float32 ``(training sample,)``, what each weighs in the loss; 1 if None.
    """

    def gather(start: int) -> Chunk:
        rows = order[start : start + size]
        steps = len(rows)
        if steps < size:
            rows = np.concatenate([rows, np.full((size - steps, order.shape[1]), samples, rows.dtype)])
        mask = rows < samples
        taken = np.where(mask, rows, 0)
        ones = mask.astype(np.float32)
        weights = ones if weight is None else weight[taken] * ones
        put = jax.device_put((x[taken], y[taken].astype(np.int32), ones, weights))
        return Chunk(rows, *put, steps=steps)

    if len(order) == 0:
        return
    with ThreadPoolExecutor(1, thread_name_prefix="cutaway-feeder") as thread:
        coming = thread.submit(gather, 0)
        for start in range(size, len(order) + size, size):
            chunk = coming.result()
            if start < len(order):
                coming = thread.submit(gather, start)
            yield chunk
