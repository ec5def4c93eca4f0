"""The compiled part: many training steps, or a whole evaluation, in one XLA call.

A step is a pure function of its state. Keras' stateless API gives the forward pass and the optimizer, so a net trains
here exactly as in `keras.Model.train_on_batch`, which `tests/training` holds to 1e-5 over 50 steps.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import keras

from cutaway.nets import prepare_inputs

from .lowering import lowered
from .plan import Plan


class State(NamedTuple):
    """All that a step changes, as lists of arrays in the order of the net's and the optimizer's variables.

    Attributes:
        trainable: Trainable weights.
        fixed: Moving averages and the states of seed generators.
        optimizer: Iteration, learning rate and moments.
    """

    trainable: list[jax.Array]
    fixed: list[jax.Array]
    optimizer: list[jax.Array]


class Tally(NamedTuple):
    """Running sums over the samples of an epoch so far, carried through its chunks so that these do not show in them.

    Attributes:
        loss: Sum of loss x samples, float32.
        correct: Samples whose class was right, float32.
    """

    loss: jax.Array
    correct: jax.Array


def sample_loss(plan: Plan, classes: int) -> Callable[[jax.Array, jax.Array], Any]:
    """The loss of each sample, as Keras defines it.

    Returns:
        A function of labels, int ``(batch,)``, and predictions, float32 ``(batch, class)`` (or ``(batch, 1)``: the
        probability of class 1 of 2), to float32 ``(batch,)``.
    """

    def loss(labels: jax.Array, predicted: jax.Array) -> Any:
        if plan.loss == "sparse_categorical_crossentropy":
            return keras.losses.sparse_categorical_crossentropy(labels, predicted)
        single = predicted.shape[-1] == 1
        target = labels[:, None].astype(jnp.float32) if single else jax.nn.one_hot(labels, classes)
        return getattr(keras.losses, plan.loss)(target, predicted, label_smoothing=plan.label_smoothing)

    return loss


def class_probabilities(predicted: jax.Array) -> jax.Array:
    """A net's output as ``(batch, class)``; a single sigmoid unit becomes two classes."""
    return jnp.concatenate([1 - predicted, predicted], axis=-1) if predicted.shape[-1] == 1 else predicted


def _call(net: Any, trainable, fixed, inputs, *, training: bool) -> tuple[jax.Array, list[jax.Array], list[jax.Array]]:
    """Outputs, new values of the non-trainable variables, and the regularizers' losses."""
    return net.stateless_call(trainable, fixed, inputs, training=training, return_losses=True)


def compile_training(net: keras.Model, optimizer: keras.Optimizer, *, plan: Plan, scale: float, classes: int):
    """Compile a chunk of training steps.

    Returns:
        A function ``(state, tally, seen, x, y, real, weight, start, stop) -> (state, tally, seen)`` that does the steps
        from `start` up to `stop` of a chunk; see `cutaway.training.feeder.Chunk` for its arrays. The loss of a batch is
        the sum of its samples' weighted losses by their number, as in Keras. `seen`, float16 ``(step, batch, class)``,
        takes each sample's prediction as it is trained on. State and `seen` are given away and come back updated.
    """
    loss_of, shape = sample_loss(plan, classes), tuple(net.inputs[0].shape[1:])
    apply: Any = optimizer.stateless_apply

    def objective(trainable, fixed, rows, labels, real, weight):
        inputs = prepare_inputs(rows, scale, shape)
        predicted, fixed, extra = _call(net, trainable, fixed, inputs, training=True)
        total = jnp.sum(loss_of(labels, predicted) * weight) / jnp.sum(real) + sum(extra)
        return total, (fixed, class_probabilities(predicted))

    gradient = jax.value_and_grad(objective, has_aux=True)

    def step(state, rows, labels, real, weight):
        (loss, (fixed, predicted)), gradients = gradient(state.trainable, state.fixed, rows, labels, real, weight)
        trainable, moments = apply(state.optimizer, gradients, state.trainable)
        right = jnp.sum((jnp.argmax(predicted, axis=-1) == labels) * real)
        return State(trainable, fixed, moments), loss * jnp.sum(real), right, predicted.astype(jnp.float16)

    processor, bfloat16 = jax.default_backend() == "cpu", plan.precision == "bfloat16"
    if processor or bfloat16:
        step = lowered(step, bfloat16=bfloat16, processor=processor)

    def chunk(state, tally, seen, x, y, real, weight, start, stop):
        def body(i, carry):
            state, tally, seen = carry
            state, loss, right, predicted = step(state, x[i], y[i], real[i], weight[i])
            return state, Tally(tally.loss + loss, tally.correct + right), seen.at[i].set(predicted)

        return jax.lax.fori_loop(start, stop, body, (state, tally, seen))

    return jax.jit(chunk, donate_argnums=(0, 2))


def compile_evaluation(net: keras.Model, *, plan: Plan, scale: float, classes: int):
    """Compile an evaluation: no dropout, no noise, moving averages in BatchNormalization.

    Returns:
        A function ``(trainable, fixed, x, y) -> (probabilities float32 (block, sample, class), loss float32 (block,
        sample))`` of rows and labels in blocks, ``(block, sample, ...)``.
    """
    loss_of, shape = sample_loss(plan, classes), tuple(net.inputs[0].shape[1:])

    def evaluate(trainable, fixed, x, y):
        def block(rows_and_labels):
            rows, labels = rows_and_labels
            inputs = prepare_inputs(rows, scale, shape)
            predicted, _, extra = _call(net, trainable, fixed, inputs, training=False)
            return class_probabilities(predicted), loss_of(labels, predicted) + sum(extra)

        return jax.lax.map(block, (x, y))

    return jax.jit(evaluate)
