"""How alike one layer is to itself at every two of some epochs."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from cutaway.parallel import WorkerPool, cpu_count
from cutaway.progress import Progress, ProgressCallback, ignore_progress

from .activations import find_layer
from .history import MAX_THREADS, Snapshot, activation_fn, centered
from .similarity import Centered, cka

HELD = 2**29
"""Bytes of activations that are held at a time; where they are more, epochs are passed through the model again."""


def compare_epochs(
    model: keras.Model,
    snapshot: Callable[[int], Snapshot],
    layer: str,
    *,
    epochs: Sequence[int],
    x: Any,
    scale: float,
    on_progress: ProgressCallback = ignore_progress,
) -> np.ndarray:
    """Compute linear CKA of a layer between every two epochs.

    Args:
        model: A built model; its weights are replaced by those of the snapshots.
        snapshot: Gives the weights after an epoch.
        layer: Name of one of its layers.
        epochs: Numbers of the epochs, each once.
        x: ``(sample, ...)`` raw rows, uint8 or float32: an array, or a stand-in that gives rows for a slice.
        scale: The value of `x` that becomes 1.
        on_progress: Told as epochs are compared; an exception that it raises ends the work.

    Returns:
        float64 ``(epoch, epoch)``, symmetric, 1 on the diagonal; NaN where a layer is constant or has diverged.

    Raises:
        UnknownNameError: The model has no layer of that name.
    """
    output: Any = find_layer(model, layer).output
    size = 4 * len(x) * int(np.prod(output.shape[1:]))
    room = max(1, HELD // max(size, 1) - 1)  # one more is held beside the block
    look = activation_fn(model, [layer], x=x, scale=scale)
    found = np.full((len(epochs), len(epochs)), np.nan)
    pairs, done = len(epochs) * (len(epochs) + 1) // 2, 0
    with WorkerPool(cpu_count(at_most=MAX_THREADS), single_blas=True) as pool:

        def at(place: int) -> Centered | None:
            return centered(look(snapshot(epochs[place])), pool)[layer]

        for start in range(0, len(epochs), room):
            block = range(start, min(start + room, len(epochs)))
            held: dict[int, Centered | None] = {}
            for later in range(start, len(epochs)):
                on_progress(Progress("similarity", done, pairs, "pairs", f"epoch {epochs[later]}  {layer}"))
                now = at(later)
                if later in block:
                    held[later] = now
                values = pool.map(cka, held.values(), [now] * len(held))
                for place, value in zip(held, values, strict=True):
                    found[place, later] = found[later, place] = np.nan if value is None else value
                done += len(held)
    on_progress(Progress("similarity", pairs, pairs, "pairs"))
    return found
