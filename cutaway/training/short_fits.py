"""Short trainings of a compiled Keras model from its own first weights, with its own loss and optimizer.

They are pure functions of weights and arrays: neither the model nor its optimizer changes.
"""

from collections.abc import Callable
from typing import Any

import jax
import keras
import numpy as np

from .config import TrainingConfig
from .loop.optimizer import make_optimizer

CHUNK = 50
"""Steps of one compiled call."""

OBSTACLES = {
    "dropout": "Dropout",
    "noise": "Noise",
    "augmentation": "Random",
    "weight penalties": "_regularizer",
    "weight decay": "weight_decay",
    "the settings of the optimizer": "Adam",
}
"""What can keep a model from learning: part of the name of layers, or of settings of layers or the optimizer, that are
left out; or the optimizer that replaces its own."""


def compiled(model: Any, config: TrainingConfig, *, steps: int) -> Any:
    """Compile a classifier with the optimizer of a config and a cross-entropy of class numbers, and return it.

    Args:
        model: The model.
        config: The settings.
        steps: Planned steps, which a schedule needs.
    """
    is_binary = model.outputs[0].shape[-1] == 1
    loss = "binary_crossentropy" if is_binary else "sparse_categorical_crossentropy"
    model.compile(make_optimizer(config, steps=steps), loss)
    return model


def copied_without(model: Any, marks: tuple[str, ...]) -> Any:
    """A compiled copy of a Sequential or functional model that begins with the same weights, without some obstacles.

    Args:
        model: The compiled model; the layers of a model inside the model stay as they are.
        marks: Some values of `OBSTACLES`.

    Raises:
        ValueError: The model is neither Sequential nor functional.
    """

    def copied(layer: Any) -> Any:
        if any(mark in type(layer).__name__ for mark in marks):
            return keras.layers.Activation("linear", name=layer.name)
        config = layer.get_config()
        return type(layer).from_config(config | {name: None for name in config if name.endswith(marks)})

    copy = keras.models.clone_model(model, clone_function=copied)
    copy.set_weights(model.get_weights())
    changes = {"weight_decay": 0.0} if "weight_decay" in marks else {}
    copy.compile(keras.optimizers.Adam() if "Adam" in marks else _optimizer(model, changes), model.loss)
    return copy


def _optimizer(model: Any, changes: dict[str, Any]) -> Any:
    """An optimizer with the settings of a compiled model's but for some changes, and without its state."""
    return type(model.optimizer).from_config(model.optimizer.get_config() | changes)


class ShortFits:
    """Trains a model from its first weights again and again; programs are compiled once for each shape of arrays.

    Args:
        model: A compiled Keras model with one input and one output.
        on_part: Called before every `CHUNK` steps; what it raises ends the work.
        changes: Settings of its optimizer to change. With ``learning_rate``, each training may change it again.

    Attributes:
        losses: From targets and outputs to the loss of each sample, ``(sample,)``.
    """

    def __init__(self, model: Any, on_part: Callable[[], None], **changes: Any) -> None:
        optimizer = _optimizer(model, changes)
        optimizer.build(model.trainable_variables)
        loss: Any = keras.losses.get(model.loss)
        parts: list[Any] = [model.trainable_variables, model.non_trainable_variables, optimizer.variables]
        self._first = [[each.value for each in part] for part in parts]
        self._rate = [each is optimizer.learning_rate for each in optimizer.variables].index(True)
        self._on_part = on_part

        def objective(trainable: Any, rest: Any, x: Any, y: Any) -> Any:
            outputs, rest, penalties = model.stateless_call(trainable, rest, x, training=True, return_losses=True)
            return jax.numpy.mean(loss(y, outputs)) + sum(penalties), rest

        def step(state: Any, batch: Any) -> Any:
            trainable, rest, moments = state
            (_, rest), gradients = jax.value_and_grad(objective, has_aux=True)(trainable, rest, *batch)
            trainable, moments = optimizer.stateless_apply(moments, gradients, trainable)
            return [trainable, rest, moments], None

        def losses(y: Any, outputs: Any) -> Any:
            return getattr(loss, "call", loss)(y, outputs).reshape(len(y), -1).mean(axis=1)

        self._steps = jax.jit(lambda state, *batches: jax.lax.scan(step, state, batches)[0])
        self._losses = jax.jit(lambda state, x, y: losses(y, model.stateless_call(*state[:2], x, training=False)[0]))
        self.losses = losses

    def train(
        self, x: np.ndarray, y: np.ndarray, order: np.ndarray, held: np.ndarray, *, rate: float | None = None
    ) -> list[np.ndarray]:
        """Train, and measure some samples before the first step and after every `CHUNK` steps.

        Args:
            x: Inputs ``(sample, ...)``.
            y: Targets ``(sample, ...)``, with as many axes as the outputs, unless the loss takes class numbers.
            order: int ``(step, batch)``, the samples of each step; `CHUNK` divides the number of steps.
            held: int, the samples to measure.
            rate: Learning rate; the optimizer's own if None.

        Returns:
            Each measurement, float32 ``(sample,)``: their losses as the model is used, without dropout and penalties.
        """
        trainable, rest, moments = self._first
        if rate is not None:
            moments = [*moments]
            moments[self._rate] = jax.numpy.float32(rate)
        state = [trainable, rest, moments]
        found = [self._losses(state, x[held], y[held])]
        for start in range(0, len(order), CHUNK):
            self._on_part()
            rows = order[start : start + CHUNK]
            state = self._steps(state, x[rows], y[rows])
            found.append(self._losses(state, x[held], y[held]))
        return [np.asarray(each) for each in found]
