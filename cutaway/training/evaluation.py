"""Measuring samples that are not trained on."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import jax
import keras
import numpy as np

from .config import TrainingConfig
from .device_data import SHARE, accelerator_memory
from .step import State, compile_evaluation

BLOCK = 1000
"""Samples a block of an evaluation, at most."""

DEVICE_BYTES = 32 * 2**20
"""Rows that stay in memory from epoch to epoch, at most, which the validation and test samples of MNIST do. An
accelerator with memory of its own takes more."""

PART_BYTES = 16 * 2**20
"""Where they are more, rows of a part; two parts are in memory at a time."""


@dataclass(frozen=True, eq=False)
class TrainingData:
    """What a model is trained and measured on.

    Attributes:
        x: ``(sample, *shape)`` raw rows, uint8 or float32, in the order train, val, test: an array, or anything that
            has a length and gives rows for a slice or an array of row numbers, such as `cutaway.data.LazyRows`.
        y: int ``(sample,)`` class of each.
        train: Number of training samples, which come first.
        val: Number of validation samples, which follow; the rest is for testing.
        scale: The value of `x` that becomes 1.
        classes: Number of classes.
        weight: float32 ``(training sample,)`` what each weighs in the loss, or None.
    """

    x: Any = field(repr=False)
    y: np.ndarray = field(repr=False)
    train: int
    val: int
    scale: float
    classes: int
    weight: np.ndarray | None = field(default=None, repr=False)


class Evaluation:
    """Validation and test samples, on the device where they fit, and the compiled call that measures them."""

    def __init__(self, model: keras.Model, data: TrainingData, *, config: TrainingConfig) -> None:
        self.data = data
        self._call = compile_evaluation(model, config=config, scale=data.scale, classes=data.classes)
        room = max(DEVICE_BYTES, int(accelerator_memory() * (1 - SHARE) / 2))
        self._blocks = blocks_of(len(data.x) - data.train, data.x[:1].nbytes, room=room)
        rows = self._blocks[0] * self._blocks[1]
        self._parts = [slice(a, min(a + rows, len(data.x))) for a in range(data.train, len(data.x), rows)]
        self._resident = [self._put(part) for part in self._parts] if len(self._parts) == 1 else None

    def _put(self, part: slice) -> tuple[jax.Array, jax.Array]:
        """Rows and labels of a part on the device, in blocks; the last row again where the last part lacks some."""
        count, size = self._blocks
        rows = np.minimum(np.arange(part.start, part.start + count * size), part.stop - 1).reshape(count, size)
        return jax.device_put((self.data.x[rows], self.data.y[rows].astype(np.int32)))

    def _on_device(self) -> Iterator[tuple[jax.Array, jax.Array]]:
        """Rows and labels of every part, each read while the one before is being measured."""
        if self._resident:
            yield from self._resident
            return
        with ThreadPoolExecutor(1, thread_name_prefix="cutaway-evaluation") as thread:
            coming = thread.submit(self._put, self._parts[0])
            for part in self._parts[1:]:
                ready = coming.result()
                coming = thread.submit(self._put, part)
                yield ready
                del ready  # or three parts would be in memory
            yield coming.result()

    def measure(self, state: State) -> tuple[np.ndarray, tuple[dict[str, float], dict[str, float]]]:
        """Measure all validation and test samples.

        Returns:
            Probabilities, float32 ``(validation and test sample, class)``, and ``{"loss", "accuracy"}`` of each split.
        """
        probabilities, losses = [], []
        for part, (x, y) in zip(self._parts, self._on_device(), strict=True):
            p, loss = self._call(state.trainable, state.non_trainable, x, y)
            count = part.stop - part.start
            probabilities.append(np.asarray(p).reshape(-1, self.data.classes)[:count])
            losses.append(np.asarray(loss).reshape(-1)[:count].astype(np.float64))
        all_p, all_loss = np.concatenate(probabilities), np.concatenate(losses)
        right = all_p.argmax(axis=-1) == self.data.y[self.data.train :]
        val, test = (
            {"loss": float(all_loss[part].mean()), "accuracy": float(right[part].mean())}
            for part in (slice(None, self.data.val), slice(self.data.val, None))
        )
        return all_p, (val, test)


def blocks_of(samples: int, sample_bytes: int, *, room: int = DEVICE_BYTES) -> tuple[int, int]:
    """Divide an evaluation into equal parts of equal blocks, so that all parts have one shape and little is filled up.

    Returns:
        Blocks of a part, and samples of a block, at most `BLOCK`. There is one part where all rows take `room` bytes or
        less, else each part takes about `PART_BYTES`, or is one sample.
    """
    total = samples * sample_bytes
    parts = 1 if total <= room else min(-(-total // PART_BYTES), samples)
    count = max(1, -(-samples // (parts * BLOCK)))
    return count, max(1, -(-samples // (parts * count)))
