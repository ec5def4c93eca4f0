"""Short trainings of a compiled Keras model by Keras' ``fit``, after each of which it is as it was before."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from cutaway.models import TargetUnit

from .config import TrainingConfig
from .loop.optimizer import make_optimizer

ROUNDS = 10
"""How often a training goes over its samples."""

LARGEST = 1e30
"""In place of a loss that is not a number, or infinite: it is worse than all others."""


def compiled(model: Any, config: TrainingConfig) -> Any:
    """Compile a model with the optimizer of a config, and return it.

    The loss of a classifier is a cross-entropy of class numbers. Of numbers it is that of the config, of standardized
    targets: the layers that put outputs into the unit of the targets are left out.

    Args:
        model: The model.
        config: The settings; the learning rate is constant, whatever the schedule.
    """
    is_binary = model.outputs[0].shape[-1] == 1
    loss = "binary_crossentropy" if is_binary else "sparse_categorical_crossentropy"
    if config.is_numbers:
        model, loss = TargetUnit.left_out(model), config.loss
    model.compile(make_optimizer(config.model_copy(update={"schedule": "constant"}), steps=1), loss)
    return model


class WithoutRegularization(keras.Model):
    """A functional model that trains as it is used: without dropout, noise, augmentation and penalties of weights."""

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """The outputs of the model as it is used."""
        return super().call(inputs, training=False, mask=mask)

    @property
    def losses(self) -> list[Any]:
        """No penalties."""
        return []


def short_trainer(model: Any, kind: type[keras.Model] = keras.Model, *, batch_size: int) -> Callable[..., np.ndarray]:
    """A function that trains a model from its first weights, with its own loss and the settings of its optimizer.

    The function takes inputs ``(sample, ...)``, targets ``(sample, ...)`` as ``fit`` takes them, and the rows of the
    samples to train on, in their order, and of those to measure; and a learning rate. It goes over the former ten
    times, unless it gets another number of rounds, and restores the model. It returns the losses ``(sample,)`` of the
    latter, as the model is used, at the time when their mean is lowest, which may be before the first step.

    Args:
        model: A compiled and built Keras model with one input and one output.
        kind: How it is trained: as it is set, or `WithoutRegularization`.
        batch_size: Samples of a batch.
    """
    # it has the layers and the weights of the model, and an optimizer of its own, without a schedule
    twin: Any = kind(model.inputs[0], model.outputs[0])
    optimizer = type(model.optimizer).from_config(model.optimizer.get_config() | {"learning_rate": 1.0})
    twin.compile(optimizer, model.loss)
    optimizer.build(twin.trainable_variables)
    first = [(each, np.array(each)) for each in (*twin.variables, *optimizer.variables)]
    loss: Any = keras.losses.get(model.loss)

    def losses(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        found = np.asarray(getattr(loss, "call", loss)(y, twin.predict_on_batch(x)))
        return np.nan_to_num(found.reshape(len(y), -1).mean(axis=1), nan=LARGEST, posinf=LARGEST)

    def fit(
        x: np.ndarray, y: np.ndarray, train: np.ndarray, held: np.ndarray, *, rate: float, rounds: int = ROUNDS
    ) -> np.ndarray:
        optimizer.learning_rate = rate
        try:
            found = [losses(x[held], y[held])]
            for _ in range(rounds):
                twin.fit(x[train], y[train], batch_size=batch_size, shuffle=False, verbose=0)
                found.append(losses(x[held], y[held]))
        finally:
            for variable, value in first:
                variable.assign(value)
        return min(found, key=np.mean)

    return fit
