"""The compiled part: many training steps, or a whole evaluation, in one XLA call.

A step is a pure function of its state. Keras' stateless API gives the forward pass and the optimizer, so a model trains
here exactly as in `keras.Model.train_on_batch`, which `tests/training` checks to 1e-5 over 50 steps.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import keras
import numpy as np

from cutaway.models import TargetUnit, members_of, prepare_inputs, sample_loss
from cutaway.training.config import TrainingConfig

from .jaxpr_rewrite import rewritten
from .optimizer import schedule_numbers, schedule_of
from .placement import OneDevice
from .virtual_adversarial import virtual_adversarial_loss


class State(NamedTuple):
    """Everything that a step changes, as lists of arrays in the order of the model's and the optimizer's variables.

    Attributes:
        trainable: Trainable weights.
        non_trainable: Moving averages and the states of seed generators.
        optimizer: Iteration, learning rate and moments.
    """

    trainable: list[jax.Array]
    non_trainable: list[jax.Array]
    optimizer: list[jax.Array]


class Metrics(NamedTuple):
    """Running sums over the samples of an epoch; they do not depend on how the epoch is cut into chunks.

    Attributes:
        loss: Sum of loss x samples, float32.
        correct: Number of correct predictions, float32; of numbers, the sum of squared errors in units of the variance.
    """

    loss: jax.Array
    correct: jax.Array


@jax.jit
def copied(arrays: Any) -> Any:
    """Copies of arrays on the device, as one program: a step takes the buffers of its state away."""
    return jax.tree.map(jnp.copy, arrays)


def class_probabilities(predicted: jax.Array) -> jax.Array:
    """Outputs of a model as ``(batch, class)``: a single sigmoid unit becomes two classes."""
    return jnp.concatenate([1 - predicted, predicted], axis=-1) if predicted.shape[-1] == 1 else predicted


def _of_answers(model: keras.Model, config: TrainingConfig, classes: int) -> tuple[Any, Any]:
    """The loss of labels and outputs, and what turns outputs into probabilities, or predicted numbers."""
    unit = TargetUnit.of(model) if config.is_numbers else None
    loss_of = sample_loss(config.loss, label_smoothing=config.label_smoothing, classes=classes, unit=unit)
    return loss_of, (class_probabilities if unit is None else lambda predicted: predicted)


def _call(
    model: Any, trainable, non_trainable, inputs, *, training: bool
) -> tuple[jax.Array, list[jax.Array], list[jax.Array]]:
    """Outputs, new values of the non-trainable variables, and the regularizers' losses."""
    return model.stateless_call(trainable, non_trainable, inputs, training=training, return_losses=True)


def compile_training(
    model: keras.Model,
    optimizer: keras.Optimizer,
    *,
    config: TrainingConfig,
    scale: float,
    classes: int,
    variance: np.ndarray | None,
    record: bool,
    placement: OneDevice,
):
    """Compile the training steps of a chunk.

    Returns:
        A function ``(state, metrics, predictions, x, y, mask, weight, start, stop) -> (state, metrics, predictions)``
        that does the steps from `start` up to `stop` of a chunk; `cutaway.training.loop.chunks.Chunk` has its arrays.
        The loss of a batch is the sum of the weighted losses of its samples divided by their number, as in Keras. In an
        ensemble each member learns from its own loss, as it would alone, and the mean over the members is reported.
        Predictions, float16 ``(step, batch, class)`` or float32 ``(step, batch, target)``, are made in training for
        each sample; without `record` they have no column. The buffers of state and predictions are donated. `variance`
        is that of the training targets, float64 ``(target,)``; None for classes.
    """
    loss_of, answers = _of_answers(model, config, classes)
    shape = tuple(model.inputs[0].shape[1:])
    apply: Any = optimizer.stateless_apply
    members = members_of(model)

    def smoothness(trainable, non_trainable, inputs, key):
        # with the dropout of the step; moving averages and seeds change once in it, not here
        def predict(weights, inputs):
            return answers(_call(model, weights, non_trainable, inputs, training=True)[0])

        return virtual_adversarial_loss(
            partial(predict, trainable),
            partial(predict, jax.lax.stop_gradient(trainable)),
            inputs,
            radius=config.virtual_adversarial,
            key=key,
        )

    def objective(trainable, non_trainable, rows, labels, mask, weight, iteration):
        inputs, before = prepare_inputs(rows, scale, shape), non_trainable
        outputs, non_trainable, extra = _call(members or model, trainable, non_trainable, inputs, training=True)
        if members:
            predicted, each = outputs
            losses = jax.vmap(loss_of, in_axes=(None, 1), out_axes=1)(labels, each).sum(axis=1)
        else:
            predicted, losses = outputs, loss_of(labels, outputs)
        total = jnp.sum(losses * weight) / jnp.sum(mask) + sum(extra)
        if config.virtual_adversarial:
            # not by the seed: folds with several seeds share a compiled step
            key = jax.random.fold_in(jax.random.key(0), iteration)
            total += jnp.sum(smoothness(trainable, before, inputs, key) * mask) / jnp.sum(mask)
        return total, (non_trainable, answers(predicted))

    gradient = jax.value_and_grad(objective, has_aux=True)

    def step(state, rows, labels, mask, weight, numbers):
        (loss, (non_trainable, predicted)), gradients = gradient(
            state.trainable, state.non_trainable, rows, labels, mask, weight, state.optimizer[0]
        )
        with schedule_of(optimizer, numbers):
            trainable, moments = apply(state.optimizer, gradients, state.trainable)
        if variance is None:
            correct = jnp.sum((jnp.argmax(predicted, axis=-1) == labels) * mask)
        else:
            # divided first, since squares in a large unit may be beyond float32
            deviation = np.sqrt(variance).astype(np.float32)
            correct = jnp.sum(jnp.mean(((predicted - labels) / deviation) ** 2, axis=-1) * mask)
        loss = loss / members.outputs[1].shape[1] if members else loss
        predicted = predicted if record else predicted[:, :0]
        kept = predicted.astype(jnp.float16) if variance is None else predicted
        return State(trainable, non_trainable, moments), loss * jnp.sum(mask), correct, kept

    cpu, bfloat16 = jax.default_backend() == "cpu", config.precision == "bfloat16"
    if cpu or bfloat16:
        step = rewritten(step, bfloat16=bfloat16, cpu=cpu)

    def chunk(state, metrics, predictions, x, y, mask, weight, start, stop, numbers):
        def body(i, carry):
            state, metrics, predictions = carry
            state, loss, correct, predicted = step(state, x[i], y[i], mask[i], weight[i], numbers)
            return state, Metrics(metrics.loss + loss, metrics.correct + correct), predictions.at[i].set(predicted)

        return jax.lax.fori_loop(start, stop, body, (state, metrics, predictions))

    compiled, numbers = placement.jit_training(chunk), placement.place(schedule_numbers(optimizer))
    return lambda *arguments: compiled(*arguments, numbers)


def compile_evaluation(
    model: keras.Model,
    *,
    config: TrainingConfig,
    scale: float,
    classes: int,
    placement: OneDevice,
):
    """Compile an evaluation: no dropout, no noise, moving averages in BatchNormalization.

    Returns:
        A function ``(trainable, non_trainable, x, y) -> (probabilities, losses)`` of rows and labels in blocks,
        ``(block, sample, ...)``: float32 ``(block, sample, class)`` and ``(block, sample)``; of numbers, predictions
        ``(block, sample, target)`` for the probabilities.
    """
    loss_of, answers = _of_answers(model, config, classes)
    shape = tuple(model.inputs[0].shape[1:])

    def evaluate(trainable, non_trainable, x, y):
        def block(rows_and_labels):
            rows, labels = rows_and_labels
            inputs = prepare_inputs(rows, scale, shape)
            predicted, _, extra = _call(model, trainable, non_trainable, inputs, training=False)
            return answers(predicted), loss_of(labels, predicted) + sum(extra)

        return jax.lax.map(block, (x, y))

    return placement.jit_evaluation(evaluate)
