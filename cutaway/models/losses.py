"""The loss of each sample, as Keras defines it."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import keras

from .setup import NUMBER_LOSSES
from .target_unit import TargetUnit


def sample_loss(
    loss: str, *, label_smoothing: float, classes: int, unit: TargetUnit | None = None
) -> Callable[[jax.Array, jax.Array], Any]:
    """The loss of each sample, as Keras defines it.

    Args:
        loss: Its name in `keras.losses`: "categorical_crossentropy", "sparse_categorical_crossentropy" or
            "binary_crossentropy" of classes, one of `NUMBER_LOSSES` of numbers.
        label_smoothing: In [0, 1); without effect in "sparse_categorical_crossentropy".
        classes: Number of classes.
        unit: How targets and predictions are standardized before a loss of numbers.

    Returns:
        A function of labels, int ``(batch,)``, and predictions, float32 ``(batch, class)`` (or ``(batch, 1)``: the
        probability of class 1 of 2), to float32 ``(batch,)``; or of targets and predictions, both float32
        ``(batch, target)`` in the unit of the targets.
    """

    def losses(labels: jax.Array, predicted: jax.Array) -> Any:
        if loss in NUMBER_LOSSES:
            assert unit is not None
            return getattr(keras.losses, loss)(unit.standardize(labels), unit.standardize(predicted))
        if loss == "sparse_categorical_crossentropy":
            return keras.losses.sparse_categorical_crossentropy(labels, predicted)
        single = predicted.shape[-1] == 1
        target = labels[:, None].astype(jnp.float32) if single else jax.nn.one_hot(labels, classes)
        return getattr(keras.losses, loss)(target, predicted, label_smoothing=label_smoothing)

    return losses
