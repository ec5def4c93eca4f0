"""Measuring samples that are not trained on."""

from dataclasses import dataclass, field
from typing import Any

import jax
import keras
import numpy as np

from .plan import Plan
from .step import State, compile_evaluation

BLOCK = 1000
"""Samples a block of an evaluation, at most."""

DEVICE_BYTES = 256 * 2**20
"""Rows on the device at a time; more are measured part by part."""


@dataclass(frozen=True, eq=False)
class TrainingData:
    """What a net is trained and measured on.

    Attributes:
        x: ``(sample, *shape)`` raw rows, uint8 or float32, in the order train, val, test: an array, or anything that
            has a length and gives rows for a slice or an array of row numbers, such as `cutaway.data.Rows`.
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

    def __init__(self, net: keras.Model, data: TrainingData, *, plan: Plan) -> None:
        self.data = data
        self._call = compile_evaluation(net, plan=plan, scale=data.scale, classes=data.classes)
        rows = max(BLOCK, DEVICE_BYTES // max(data.x[:1].nbytes, 1))
        self._parts = [slice(a, min(a + rows, len(data.x))) for a in range(data.train, len(data.x), rows)]
        self._resident = [self._put(part) for part in self._parts] if len(self._parts) == 1 else None

    def _put(self, part: slice) -> tuple[jax.Array, jax.Array]:
        return _blocks(self.data.x[part]), _blocks(self.data.y[part].astype(np.int32))

    def measure(self, state: State) -> tuple[np.ndarray, tuple[dict[str, float], dict[str, float]]]:
        """Measure all validation and test samples.

        Returns:
            Probabilities, float32 ``(validation and test sample, class)``, and ``{"loss", "accuracy"}`` of each split.
        """
        probabilities, losses = [], []
        for number, part in enumerate(self._parts):
            x, y = self._resident[number] if self._resident else self._put(part)
            p, loss = self._call(state.trainable, state.fixed, x, y)
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


def _blocks(rows: np.ndarray) -> jax.Array:
    """Rows in equal blocks of at most BLOCK on the device, the last one filled up with zeros."""
    count = max(1, -(-len(rows) // BLOCK))
    size = -(-len(rows) // count)
    padding = np.zeros((count * size - len(rows), *rows.shape[1:]), rows.dtype)
    return jax.device_put(np.concatenate([rows, padding]).reshape(count, size, *rows.shape[1:]))
