"""Evaluation of the samples that the model is not trained on."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import jax
import keras
import numpy as np

from cutaway.metrics import cross_entropies, number_metrics
from cutaway.parallel import prefetch
from cutaway.runs import keeps_predictions
from cutaway.training.config import TrainingConfig

from .device_data import MEMORY_SHARE
from .placement import ONE_DEVICE, OneDevice
from .step import State, compile_evaluation

BLOCK = 1000
"""Maximum number of samples of a block."""

DEVICE_BYTES = 32 * 2**20
"""Bytes of rows that stay on the device from epoch to epoch, at most: enough for the validation and test samples of
MNIST. An accelerator with its own memory takes more."""

PART_BYTES = 16 * 2**20
"""Maximum size in bytes of the rows of a part; two parts are in memory at a time."""

OUTPUT_BYTES = 128 * 2**20
"""Bytes of the probabilities of a part at most: 70,000 samples of 479 classes."""


@dataclass(frozen=True, eq=False)
class TrainingData:
    """The data for training and evaluating a model.

    Attributes:
        x: ``(sample, *shape)`` raw rows, uint8 or float32, in the order train, val, test: an array, or anything that
            has a length and gives rows for a slice or an array of row numbers, such as `cutaway.data.LazyRows`.
        y: int ``(sample,)`` class of each, or float ``(sample, target)``.
        train: Number of training samples, which come first.
        val: Number of validation samples, which follow; the rest is for testing.
        scale: The value of `x` that becomes 1.
        classes: Number of classes, or of targets.
        weight: float32 ``(training sample,)``, weights in the loss; None for 1.
    """

    x: Any = field(repr=False)
    y: np.ndarray = field(repr=False)
    train: int
    val: int
    scale: float
    classes: int
    weight: np.ndarray | None = field(default=None, repr=False)

    @property
    def has_test(self) -> bool:
        """Whether there are test samples."""
        return len(self.x) > self.train + self.val

    @property
    def is_numbers(self) -> bool:
        """Whether numbers are predicted."""
        return self.y.ndim == 2

    @property
    def answers(self) -> np.ndarray:
        """`y` in the dtype of the device: int32, or float32."""
        return self.y.astype(np.float32 if self.is_numbers else np.int32)

    @cached_property
    def variance(self) -> np.ndarray | None:
        """The variance of the training targets, float64 ``(target,)``; None for classes."""
        return self.y[: self.train].var(axis=0) if self.is_numbers else None

    @property
    def recorded(self) -> int:
        """Columns of the recorded predictions: all classes, or none if they are too large to be kept."""
        return self.classes if keeps_predictions(len(self.x), self.classes) else 0

    @property
    def recorded_dtype(self) -> type[np.floating[Any]]:
        """float16 for probabilities, float32 for numbers, which float16 may not hold."""
        return np.float32 if self.is_numbers else np.float16


class Evaluation:
    """Validation and test samples, on the device if they fit, and the compiled call that evaluates them."""

    def __init__(
        self,
        model: keras.Model,
        data: TrainingData,
        *,
        config: TrainingConfig,
        memory: int = 0,
        placement: OneDevice = ONE_DEVICE,
    ) -> None:
        self._placement = placement
        self._call = compile_evaluation(
            model, config=config, scale=data.scale, classes=data.classes, placement=placement
        )
        room = max(DEVICE_BYTES, int(memory * (1 - MEMORY_SHARE) / 2))
        held_out = len(data.x) - data.train
        count, size = blocks_of(held_out, data.x[:1].nbytes, room=room, output_bytes=4 * data.classes)
        self._blocks = count, placement.padded(size)
        self.change(data)

    def change(self, data: TrainingData) -> None:
        """Continue with other samples, in blocks of the same shape; the compiled programs stay."""
        self.data = data
        rows = self._blocks[0] * self._blocks[1]
        self._parts = [slice(a, min(a + rows, len(data.x))) for a in range(data.train, len(data.x), rows)]
        self._on_device = [self._put(part) for part in self._parts] if len(self._parts) == 1 else None

    def _put(self, part: slice) -> tuple[jax.Array, jax.Array]:
        """Rows and labels of a part on the device, in blocks; the last row is repeated to fill the last block."""
        count, size = self._blocks
        rows = np.minimum(np.arange(part.start, part.start + count * size), part.stop - 1).reshape(count, size)
        x, y = self._placement.put(self.data.x, rows, self.data.answers[rows])
        return x, y

    def measure(
        self, state: State, *, exact: bool = False
    ) -> tuple[np.ndarray, tuple[dict[str, float], dict[str, float] | None]]:
        """Evaluate all validation and test samples.

        Args:
            state: The model's weights are in it.
            exact: Whether the probabilities of all classes are returned, in float32.

        Returns:
            Probabilities to be recorded, float16 ``(validation and test sample, recorded class)``, and ``{"loss",
            "accuracy", "cross_entropy"}`` of each split; None for a test split without samples. The cross-entropy
            leaves out the other parts of the loss: label smoothing, penalties on weights. Of numbers, float32
            ``(validation and test sample, target)``, and the loss and `number_metrics`.
        """
        probabilities, losses, predicted, of_truth = [], [], [], []
        placed = self._on_device or prefetch(self._put, self._parts)
        for part, (x, y) in zip(self._parts, placed, strict=True):
            p, loss = self._call(state.trainable, state.non_trainable, x, y)
            count = part.stop - part.start
            found = np.asarray(p).reshape(-1, self.data.classes)[:count]
            kept = found if exact else found[:, : self.data.recorded].astype(self.data.recorded_dtype)
            probabilities.append(kept)
            losses.append(np.asarray(loss).reshape(-1)[:count].astype(np.float64))
            if self.data.is_numbers:
                predicted.append(found)
                continue
            predicted.append(found.argmax(axis=-1))
            of_truth.append(found[np.arange(count), self.data.y[part]])
        if self.data.is_numbers:
            return np.concatenate(probabilities), self._of_numbers(np.concatenate(losses), np.concatenate(predicted))
        measures = {
            "loss": np.concatenate(losses),
            "accuracy": np.concatenate(predicted) == self.data.y[self.data.train :],
            "cross_entropy": cross_entropies(np.concatenate(of_truth)),
        }

        def means(part: slice) -> dict[str, float]:
            return {name: float(values[part].mean()) for name, values in measures.items()}

        test = means(slice(self.data.val, None)) if self.data.has_test else None
        return np.concatenate(probabilities), (means(slice(None, self.data.val)), test)

    def _of_numbers(
        self, losses: np.ndarray, predicted: np.ndarray
    ) -> tuple[dict[str, float], dict[str, float] | None]:
        """The measures of the validation and of the test samples."""
        y, val = self.data.y[self.data.train :], self.data.val
        parts = [slice(None, val)] + [slice(val, None)] * self.data.has_test
        found = [{"loss": float(losses[p].mean())} | number_metrics(y[p], predicted[p]) for p in parts]
        return found[0], found[1] if self.data.has_test else None


def blocks_of(samples: int, sample_bytes: int, *, room: int = DEVICE_BYTES, output_bytes: int = 0) -> tuple[int, int]:
    """Divide an evaluation into equal parts of equal blocks: all have the same shape, and there is little padding.

    Returns:
        Blocks per part, and samples per block, at most `BLOCK`. There is a single part where all rows take `room` bytes
        or less, and their probabilities, of `output_bytes` per sample, `OUTPUT_BYTES` or less; otherwise rows of a part
        take about `PART_BYTES` and probabilities about `OUTPUT_BYTES`, or a part is a single sample. A single block is
        padded to a power of two: data of similar sizes then share a compiled program.
    """
    total = samples * sample_bytes
    parts = 1 if total <= room else -(-total // PART_BYTES)
    parts = min(max(parts, -(-samples * output_bytes // OUTPUT_BYTES), 1), samples)
    count = max(1, -(-samples // (parts * BLOCK)))
    size = max(1, -(-samples // (parts * count)))
    return count, min(1 << (size - 1).bit_length(), BLOCK) if parts == count == 1 else size
