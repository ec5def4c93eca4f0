"""Running data forward through a model, batch by batch, in one compiled program."""

from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

from cutaway.progress import Progress, ProgressCallback, ignore_progress

BATCH = 2048
"""Samples a call: large enough that a call's overhead vanishes, small enough that a wide layer stays in the cache."""

BATCH_BYTES = 16 * 2**20
"""Rows of a call at most, where samples are large; at least one."""


def prepare_inputs(rows: jax.Array, scale: float, shape: tuple[int, ...]) -> jax.Array:
    """Turn raw rows into what a model takes: float32, divided by `scale`, in the shape of the model's input.

    Args:
        rows: ``(sample, *shape of one sample)``, any numeric dtype.
        scale: The value that becomes 1.
        shape: Shape of the model's input without its batch axis.
    """
    return (rows.astype(jnp.float32) / scale).reshape(rows.shape[0], *shape)


def forward(
    model: keras.Model,
    x: Any,
    *,
    scale: float,
    layer: str | None = None,
    on_progress: ProgressCallback = ignore_progress,
) -> np.ndarray:
    """Compute the output of a model, or of one of its layers, in evaluation (no dropout, no noise).

    Args:
        model: A built model.
        x: ``(sample, ...)`` raw rows, uint8 or float32: an array, or a stand-in that gives rows for a slice.
        scale: The value of `x` that becomes 1.
        layer: Name of the layer whose output is wanted; None for the model's own.
        on_progress: Told after every batch.

    Returns:
        float32 ``(sample, *output shape of the layer)``.
    """
    part = model if layer is None else keras.Model(model.inputs, model.get_layer(layer).output)
    shape = tuple(model.inputs[0].shape[1:])

    @jax.jit
    def run(trainable, non_trainable, rows):
        return part.stateless_call(trainable, non_trainable, prepare_inputs(rows, scale, shape), training=False)[0]

    trainable = [v.value for v in part.trainable_variables]
    non_trainable = [v.value for v in part.non_trainable_variables]
    out = np.empty((len(x), *part.outputs[0].shape[1:]), np.float32)
    size = batch_size(x)
    for start in range(0, len(x), size):
        # the last batch is moved back to full size instead of padded, which gives some rows a second time
        first = min(start, len(x) - size)
        out[first : first + size] = run(trainable, non_trainable, x[first : first + size])
        on_progress(Progress("activations", min(start + size, len(x)), len(x), "samples", layer or ""))
    return out


def batch_size(x: Any) -> int:
    """How many rows to take into a call: `BATCH`, or less where that is all or where they exceed `BATCH_BYTES`.

    Args:
        x: ``(sample, ...)`` raw rows: an array, or a stand-in that gives rows for a slice.

    Returns:
        From 1 up.
    """
    return max(1, min(BATCH, BATCH_BYTES // max(x[:1].nbytes, 1), len(x)))
