"""How similar a layer is to itself at different epochs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from cutaway.models import ForwardPass
from cutaway.parallel import WorkerPool, cpu_count
from cutaway.progress import Progress, ProgressCallback, ignore_progress

from .graph import find_layer
from .history import MAX_THREADS
from .similarity import CenteredActivations, center_all, cka

MAX_HELD_BYTES = 2**29
"""Bytes of activations in memory at a time; where all epochs need more, some pass through the model again."""


def compare_epochs(
    model: keras.Model,
    snapshot: Callable[[int], Mapping[str, np.ndarray]],
    layer: str,
    *,
    epochs: Sequence[int],
    x: Any,
    scale: float,
    on_progress: ProgressCallback = ignore_progress,
) -> np.ndarray:
    """Compute linear CKA of a layer between every two epochs.

    Args:
        model: A built model; it is not changed.
        snapshot: Returns the weights after an epoch.
        layer: Name of one of its layers.
        epochs: Numbers of the epochs, each once.
        x: ``(sample, ...)`` raw rows, uint8 or float32: an array, or an object whose slices are arrays.
        scale: The value of `x` that becomes 1.
        on_progress: Told as epochs are compared.

    Returns:
        float64 ``(epoch, epoch)``, symmetric, 1 on the diagonal; NaN where a layer is constant or has diverged.

    Raises:
        UnknownNameError: The model has no layer of that name.
    """
    output: Any = find_layer(model, layer).output
    size = 4 * len(x) * int(np.prod(output.shape[1:]))
    room = max(1, MAX_HELD_BYTES // max(size, 1) - 1)  # one more is held beside the block
    forward = ForwardPass.of(model, [layer], scale=scale)
    found = np.full((len(epochs), len(epochs)), np.nan)
    pairs, done = len(epochs) * (len(epochs) + 1) // 2, 0
    with WorkerPool(cpu_count(at_most=MAX_THREADS), single_blas=True) as pool:

        def activations_at(position: int) -> CenteredActivations | None:
            return center_all(forward(x, weights=snapshot(epochs[position])), pool)[layer]

        for start in range(0, len(epochs), room):
            block = range(start, min(start + room, len(epochs)))
            held: dict[int, CenteredActivations | None] = {}
            for later in range(start, len(epochs)):
                on_progress(Progress("similarity", done, pairs, "pairs", f"epoch {epochs[later]}  {layer}"))
                now = activations_at(later)
                if later in block:
                    held[later] = now
                values = pool.map(cka, held.values(), [now] * len(held))
                for earlier, value in zip(held, values, strict=True):
                    found[earlier, later] = found[later, earlier] = np.nan if value is None else value
                done += len(held)
    on_progress(Progress("similarity", pairs, pairs, "pairs"))
    return found
