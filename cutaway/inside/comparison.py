"""How alike one layer is to itself at every two of some epochs."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from cutaway.progress import Progress, Report, silent

from .activations import find_layer
from .history import Snapshot, centred, looker
from .similarity import Centred, cka
from .threads import workers

HELD = 2**29
"""Bytes of activations that are held at a time; where they are more, epochs are passed through the net again."""


def compare_epochs(
    net: keras.Model,
    snapshot: Callable[[int], Snapshot],
    layer: str,
    *,
    epochs: Sequence[int],
    x: Any,
    scale: float,
    report: Report = silent,
) -> np.ndarray:
    """Compute linear CKA of a layer between every two epochs.

    Args:
        net: A built net; its weights are replaced by those of the snapshots.
        snapshot: Gives the weights after an epoch.
        layer: Name of one of its layers.
        epochs: Numbers of the epochs, each once.
        x: ``(sample, ...)`` raw rows, uint8 or float32: an array, or a stand-in that gives rows for a slice.
        scale: The value of `x` that becomes 1.
        report: Told as epochs are compared; an exception that it raises ends the work.

    Returns:
        float64 ``(epoch, epoch)``, symmetric, 1 on the diagonal; NaN where a layer is constant or has diverged.

    Raises:
        UnknownNameError: The net has no layer of that name.
    """
    output: Any = find_layer(net, layer).output
    size = 4 * len(x) * int(np.prod(output.shape[1:]))
    room = max(1, HELD // max(size, 1) - 1)  # one more is held beside the block
    look = looker(net, [layer], x=x, scale=scale)
    found = np.full((len(epochs), len(epochs)), np.nan)
    pairs, done = len(epochs) * (len(epochs) + 1) // 2, 0
    with workers() as pool:

        def at(place: int) -> Centred | None:
            return centred(look(snapshot(epochs[place])), pool)[layer]

        for start in range(0, len(epochs), room):
            block = range(start, min(start + room, len(epochs)))
            held: dict[int, Centred | None] = {}
            for later in range(start, len(epochs)):
                report(Progress("similarity", done, pairs, "pairs", f"epoch {epochs[later]}  {layer}"))
                now = at(later)
                if later in block:
                    held[later] = now
                values = pool.map(cka, held.values(), [now] * len(held))
                for place, value in zip(held, values, strict=True):
                    found[place, later] = found[later, place] = np.nan if value is None else value
                done += len(held)
    report(Progress("similarity", pairs, pairs, "pairs"))
    return found
