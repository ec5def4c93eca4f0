"""The trainer: epochs of chunks of steps, each epoch kept on disk before the next begins."""

import time
from dataclasses import dataclass, field
from typing import Any

import jax
import keras
import numpy as np

from cutaway.errors import TrainingError
from cutaway.nets import get_weights, require_jax
from cutaway.progress import Progress, Report, silent
from cutaway.runs import RunWriter

from .feeder import chunk_steps, feed
from .optimizer import make_optimizer
from .order import chunks_of, epoch_order
from .plan import Plan
from .step import State, Tally, compile_evaluation, compile_training

CALL_SECONDS = 0.2
"""Aim for one compiled call: short enough for a moving bar and a quick Ctrl-C, and about 1,000 times its overhead."""

EVALUATION_BATCH = 1000
"""Samples a block of an evaluation, at most."""


@dataclass(frozen=True, eq=False)
class TrainingData:
    """What a net is trained and measured on.

    Attributes:
        x: ``(sample, *shape)`` raw rows, uint8 or float32, in the order train, val, test.
        y: int ``(sample,)`` class of each.
        train: Number of training samples, which come first.
        val: Number of validation samples, which follow; the rest is for testing.
        scale: The value of `x` that becomes 1.
        classes: Number of classes.
    """

    x: np.ndarray = field(repr=False)
    y: np.ndarray = field(repr=False)
    train: int
    val: int
    scale: float
    classes: int


@dataclass(frozen=True)
class Outcome:
    """How a training ended.

    Attributes:
        epochs: Epochs done.
        test: ``{"loss", "accuracy"}`` on the test samples after the last epoch.
        seconds: Of training alone, compilation included.
    """

    epochs: int
    test: dict[str, float]
    seconds: float


class Trainer:
    """One training under way: the state on the device, the compiled calls, and where results go."""

    def __init__(
        self, net: keras.Model, data: TrainingData, *, plan: Plan, writer: RunWriter, report: Report = silent
    ) -> None:
        require_jax()
        self.net, self.data, self.plan, self.writer, self.report = net, data, plan, writer, report
        self.steps = -(-data.train // plan.batch_size)
        self.optimizer = make_optimizer(plan, steps=plan.epochs * self.steps)
        self.optimizer.build(net.trainable_variables)
        settings = {"plan": plan, "scale": data.scale, "classes": data.classes}
        self._chunk = compile_training(net, self.optimizer, **settings)
        self._evaluate = compile_evaluation(net, **settings)
        self._exact = any(isinstance(layer, keras.layers.BatchNormalization) for layer in net.layers)
        self._held_out = _blocks(data.x[data.train :]), _blocks(data.y[data.train :].astype(np.int32))
        self._call_steps = 8  # grows or shrinks to CALL_SECONDS

    def run(self) -> Outcome:
        """Train all epochs.

        Raises:
            TrainingError: The loss became NaN or infinite; the snapshots of the epochs before it are kept.
        """
        begun = time.perf_counter()
        state = _state_of(self.net, self.optimizer)
        self.writer.snapshot(0, get_weights(self.net))
        test: dict[str, float] = {}
        for epoch in range(1, self.plan.epochs + 1):
            start = time.perf_counter()
            state, recorded, metrics = self._train_epoch(state, epoch)
            probabilities, held_out = self._measure(state)
            seconds = time.perf_counter() - start
            val, test = held_out
            row = {
                "epoch": epoch,
                **metrics,
                **{f"val_{name}": value for name, value in val.items()},
                "learning_rate": float(self._learning_rate(state)),
                "seconds": round(seconds, 4),
                "samples_per_second": round(self.data.train / seconds, 1),
            }
            self._keep(epoch, state, np.concatenate([recorded, probabilities]), row)
        return Outcome(self.plan.epochs, test, time.perf_counter() - begun)

    def _train_epoch(self, state: State, epoch: int) -> tuple[State, np.ndarray, dict[str, float]]:
        data, plan = self.data, self.plan
        order = epoch_order(data.train, batch_size=plan.batch_size, seed=plan.seed, epoch=epoch)
        recorded = np.empty((data.train + 1, data.classes), np.float16)  # one row more, for the rows that pad
        tally, done = Tally(jax.numpy.float32(0), jax.numpy.float32(0)), 0
        for part in chunks_of(order, data.train, exact=self._exact):
            size = chunk_steps(part.shape[1], data.x[:1].nbytes, steps=len(part))
            for chunk in feed(data.x, data.y, order=part, samples=data.train, size=size):
                seen = jax.numpy.zeros((*chunk.rows.shape, data.classes), "float16")
                step = 0
                while step < chunk.steps:
                    stop, begun = min(step + self._call_steps, chunk.steps), time.perf_counter()
                    inputs = (chunk.x, chunk.y, chunk.weight)
                    state, tally, seen = self._chunk(state, tally, seen, *inputs, step, stop)
                    loss, correct = float(tally.loss), float(tally.correct)  # waits for the call to end
                    self._adapt(stop - step, time.perf_counter() - begun)
                    step, done = stop, min(done + (stop - step) * part.shape[1], data.train)
                    self._tell(epoch, done, loss / done, correct / done)
                recorded[chunk.rows] = np.asarray(seen)
        metrics = {"loss": float(tally.loss) / data.train, "accuracy": float(tally.correct) / data.train}
        return state, recorded[: data.train], metrics

    def _adapt(self, steps: int, seconds: float) -> None:
        wanted = steps * CALL_SECONDS / max(seconds, 1e-6)
        self._call_steps = int(min(max(wanted, steps / 4, 1), steps * 4))

    def _tell(self, epoch: int, done: int, loss: float, accuracy: float) -> None:
        if not np.isfinite(loss):
            raise TrainingError(
                "the loss must stay finite",
                came=f"{loss} in epoch {epoch} after {done:,} samples",
                fix=f"try a smaller --learning-rate than {self.plan.learning_rate:g}",
            )
        total, samples = self.plan.epochs, self.data.train
        self.writer.progress({"epoch": epoch, "samples": done, "of": samples, "loss": loss, "accuracy": accuracy})
        note = f"epoch {epoch}/{total}  loss {loss:.4f}  accuracy {accuracy:.4f}"
        self.report(Progress("training", (epoch - 1) * samples + done, total * samples, "samples", note))

    def _measure(self, state: State) -> tuple[np.ndarray, tuple[dict[str, float], dict[str, float]]]:
        """Probabilities of validation and test samples, and the metrics of each."""
        held_out, val = len(self.data.x) - self.data.train, self.data.val
        probabilities, losses = self._evaluate(state.trainable, state.fixed, *self._held_out)
        probabilities = np.asarray(probabilities).reshape(-1, self.data.classes)[:held_out]
        losses = np.asarray(losses).reshape(-1)[:held_out].astype(np.float64)
        right = probabilities.argmax(axis=-1) == self.data.y[self.data.train :]
        parts = (slice(None, val), slice(val, None))
        metrics = tuple({"loss": float(losses[p].mean()), "accuracy": float(right[p].mean())} for p in parts)
        return probabilities, (metrics[0], metrics[1])

    def _learning_rate(self, state: State) -> Any:
        with keras.StatelessScope(list(zip(self.optimizer.variables, state.optimizer, strict=True))):
            return self.optimizer.learning_rate

    def _keep(self, epoch: int, state: State, predictions: np.ndarray, row: dict[str, Any]) -> None:
        """Put an epoch on disk, its line in the history last: what the history names is there."""
        write_back(self.net, self.optimizer, state)
        weights = get_weights(self.net)
        self.writer.snapshot(epoch, weights)
        self.writer.predictions(epoch, predictions)
        variables = [*self.net.non_trainable_variables, *self.optimizer.variables]
        rest = {f"state/{i:03d}/{v.path}": np.asarray(v.value) for i, v in enumerate(variables)}
        self.writer.checkpoint({**weights, **rest}, {"epoch": epoch, "step": epoch * self.steps})
        self.writer.epoch(row)


def train_net(
    net: keras.Model, data: TrainingData, *, plan: Plan, writer: RunWriter, report: Report = silent
) -> Outcome:
    """Train a built net; afterwards it carries the weights of the last epoch, as after Keras' ``fit``.

    Args:
        net: A checked and built net (`cutaway.nets.build_net`).
        data: Samples for training, validation and testing.
        plan: Every setting.
        writer: The run folder; it is not finished here.
        report: Told after every chunk of steps, in samples over all epochs.

    Raises:
        TrainingError: The loss became NaN or infinite.
        BackendError: Keras does not run on JAX.
    """
    return Trainer(net, data, plan=plan, writer=writer, report=report).run()


def write_back(net: keras.Model, optimizer: keras.Optimizer, state: State) -> None:
    """Give the variables of a net and its optimizer the values of a state."""
    pairs = (
        (net.trainable_variables, state.trainable),
        (net.non_trainable_variables, state.fixed),
        (optimizer.variables, state.optimizer),
    )
    for variables, values in pairs:
        for variable, value in zip(variables, values, strict=True):
            variable.assign(np.asarray(value))  # a copy: the state's own buffers are given to the next chunk


def _state_of(net: keras.Model, optimizer: keras.Optimizer) -> State:
    groups = (net.trainable_variables, net.non_trainable_variables, optimizer.variables)
    # copies, since the first chunk takes the buffers of the state away
    return State(*([jax.numpy.array(v.value, copy=True) for v in group] for group in groups))


def _blocks(rows: np.ndarray) -> jax.Array:
    """Rows in equal blocks of at most EVALUATION_BATCH on the device, the last one filled up with zeros."""
    count = max(1, -(-len(rows) // EVALUATION_BATCH))
    size = -(-len(rows) // count)
    padding = np.zeros((count * size - len(rows), *rows.shape[1:]), rows.dtype)
    return jax.device_put(np.concatenate([rows, padding]).reshape(count, size, *rows.shape[1:]))
