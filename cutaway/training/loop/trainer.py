"""The trainer: runs epochs and writes each to disk, its line in the history last.

A training that was interrupted and resumed ends with the same snapshots and predictions, byte for byte, as one that was
not, and with the same history except times: the order of the samples is a function of seed and epoch, and a checkpoint
holds everything else. Its own bytes differ, since the seconds of the training are in it.
"""

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import keras
import numpy as np

from cutaway.errors import Canceled, RunError, TrainingError
from cutaway.metrics import best_epoch, cross_entropies, is_finite, paired_error, watch_overfitting
from cutaway.models import TargetUnit, assign, get_weights, require_jax, sample_loss, set_weights
from cutaway.progress import Progress, ProgressCallback, ignore_progress
from cutaway.runs import RunFolder, RunWriter, run_command
from cutaway.training.config import FINITE, TrainingConfig
from cutaway.words import number, percent

from .checkpoint import ANOTHER, Checkpoint, Position, pack, read_checkpoint
from .device_data import accelerator_memory
from .early_stopping import is_exhausted
from .epoch import EpochRunner, EpochState
from .evaluation import Evaluation, TrainingData
from .optimizer import make_optimizer
from .placement import placement_of
from .step import State, copied

SAVE_SECONDS = 60.0
"""Seconds between checkpoints within an epoch."""


@dataclass(frozen=True)
class TrainingResult:
    """How a training ended.

    Attributes:
        epochs: Epochs done.
        best_epoch: Epoch with the lowest validation loss.
        kept_epoch: Epoch whose weights the model has now: with `patience` the best one, and otherwise the last.
        test: ``{"loss", "accuracy", "cross_entropy"}`` on the test samples with those weights, or of numbers the loss
            and `number_metrics`; None without test samples.
        seconds: Training time, including compilation, over all sessions.
    """

    epochs: int
    best_epoch: int
    kept_epoch: int
    test: dict[str, float] | None
    seconds: float


class Trainer:
    """A training in progress: its state on the device, and the run folder it is written to."""

    def __init__(
        self,
        model: keras.Model,
        data: TrainingData,
        *,
        config: TrainingConfig,
        writer: RunWriter,
        on_progress: ProgressCallback = ignore_progress,
    ) -> None:
        require_jax()
        self.model, self.data, self.config, self.writer = model, data, config, writer
        steps = -(-data.train // config.batch_size)  # if a batch is larger than the data, a step takes all of them
        self.optimizer = make_optimizer(config, steps=config.epochs * steps)
        self.optimizer.build(model.trainable_variables)
        self.placement = placement_of()
        where: Any = {"placement": self.placement, "memory": accelerator_memory()}
        self.epochs = EpochRunner(model, self.optimizer, data=data, config=config, **where)
        self.evaluation = Evaluation(model, data, config=config, **where)
        self.weight, self.on_progress, self.note = data.weight, on_progress, ""
        self.begun, self.spent, self.saved = time.perf_counter(), 0.0, time.perf_counter()
        self.rows: list[dict[str, Any]] = []
        self._best: np.ndarray | None = None  # losses of the validation samples after the best epoch
        self.tests: dict[int, dict[str, float] | None] = {}  # of the epochs that this session measured
        self._thread, self._writing = ThreadPoolExecutor(1, thread_name_prefix="cutaway-disk"), Future()
        self._writing.set_result(None)

    def run(self, *, resume: bool = False) -> TrainingResult:
        """Train all epochs that are not done yet.

        Raises:
            TrainingError: The loss became NaN or infinite.
            Canceled: `on_progress` canceled it; a checkpoint of the last step is on disk.
            RunError: The run folder cannot be written, or the checkpoint to resume from is damaged.
        """
        try:
            checkpoint = self._resume() if resume else self._start()
            self.writer.begin()
            self._report_start(checkpoint.position)
            return self._finish(self._train(checkpoint))
        except OSError as error:
            raise RunError(
                f"cannot write into {self.writer.path}: {error.strerror or error}",
                hint=f"free some space, then: {run_command('resume', self.writer.path)}",
            ) from error
        finally:
            self._thread.shutdown()  # a write under way is finished first

    def _start(self) -> Checkpoint:
        checkpoint = Checkpoint(initial_state(self.model, self.optimizer), Position(), None, self.weight)
        self.writer.snapshot(0, get_weights(self.model))
        self.writer.checkpoint(*pack(checkpoint))
        return checkpoint

    def _resume(self) -> Checkpoint:
        folder = RunFolder.open(self.writer.path)
        like, steps = initial_state(self.model, self.optimizer), -(-self.data.train // self.config.batch_size)
        checkpoint = read_checkpoint(folder, like=like, samples=self.data.train, classes=self.data.recorded)
        position = checkpoint.position
        if position.epoch > self.config.epochs or position.step > steps:
            raise RunError(
                f"the checkpoint after {position.epoch} epochs and {position.step} steps is not of this training",
                got=f"{self.config.epochs} epochs of {steps} steps",
                hint=ANOTHER,
            )
        self.spent = position.seconds
        self.weight = self.epochs.weight = checkpoint.weight
        self.rows = [row for row in folder.history() if row["epoch"] <= position.epoch]
        listed = [row["epoch"] for row in self.rows]
        due = position.row if position.row.get("epoch") == position.epoch else None
        if due and listed == list(range(1, position.epoch)):  # the process died between the checkpoint and this line
            self.writer.epoch(due)
            self.rows.append(due)
        elif listed != list(range(1, position.epoch + 1)):
            raise RunError(
                f"history.jsonl of {folder.path.name} has {len(listed)} epochs, its checkpoint {position.epoch}",
                hint=ANOTHER,
            )
        damaged = [row["epoch"] for row in self.rows if not all(is_finite(row.get(n)) for n in ("loss", "val_loss"))]
        if damaged:
            raise RunError(
                f"history.jsonl of {folder.path.name} has no finite loss and val_loss in epoch {damaged[0]}",
                hint=ANOTHER,
            )
        best = None if self.config.patience is None else best_epoch(self.rows)
        if best is not None and best not in folder.epochs:  # otherwise the last epoch would be trained first
            raise RunError(
                f"{folder.path.name} has no snapshot of its best epoch {best}, which patience needs",
                hint=ANOTHER,
            )
        lowest = best_epoch(self.rows)
        if self.data.recorded and lowest in folder.predicted_epochs:
            self._best = self._val_losses(folder.predictions(lowest)[self.data.train :])
        return checkpoint

    def _train(self, checkpoint: Checkpoint) -> State:
        state, position, recorded = self.placement.place(checkpoint.state), checkpoint.position, checkpoint.recorded
        for epoch in range(position.epoch + 1, self.config.epochs + 1):
            if is_exhausted(self.rows, self.config.patience):
                break
            start, done = time.perf_counter(), None
            with closing(self.epochs.run(state, epoch, position=position, recorded=recorded)) as calls:
                for done in calls:
                    if done.samples < self.data.train:  # the last report of an epoch comes with its validation
                        self._report(done)
                    if time.perf_counter() - self.saved > SAVE_SECONDS:
                        self._save(done)
                    self.writer.progress(done.row())
            assert done is not None  # an epoch yields at least once
            state = done.state
            probabilities, (val, self.tests[epoch]) = self.evaluation.measure(state)
            if not is_finite(val["loss"]):
                raise TrainingError(
                    FINITE["val_loss"],
                    got=f"{val['loss']} after epoch {epoch}",
                    hint=f"try a learning_rate below {self.config.learning_rate:g}; earlier epochs are kept",
                )
            readable = self.placement.readable(state)
            row = self._row(done, readable, val, probabilities, seconds=time.perf_counter() - start)
            self._write_epoch(epoch, readable, np.concatenate([done.recorded, probabilities]), row)
            position, recorded = Position(epoch=epoch), None
            self._report_epoch(done)
        self._writing.result()
        return self.placement.readable(state)

    def _reported(self, progress: Progress) -> Canceled | None:
        """Report progress; returns the request to cancel the training, if there is one."""
        try:
            self.on_progress(progress)
        except Canceled as error:
            return error
        return None

    def _report_start(self, position: Position) -> None:
        """Report the samples of earlier sessions: the time and the rate are then of this session."""
        done = position.epoch * self.data.train + min(position.step * self.config.batch_size, self.data.train)
        canceled = self._reported(self._progress(done, ended=is_exhausted(self.rows, self.config.patience)))
        if canceled:
            raise self._canceled(canceled, "before the first step") from canceled

    def _report(self, done: EpochState) -> None:
        """Report progress within an epoch; if that cancels the training, save the last step first."""
        last = f"  last {self.note}" if self.note else ""
        note = f"epoch {done.epoch}/{self.config.epochs}  loss {done.loss:.3f}{last}"
        canceled = self._reported(self._progress((done.epoch - 1) * self.data.train + done.samples, note))
        if canceled:
            self._save(done)
            raise self._canceled(canceled, f"in epoch {done.epoch}") from canceled

    def _report_epoch(self, done: EpochState) -> None:
        """Report an epoch with its validation; the last one ends the training, also after early stopping."""
        epoch, epochs = done.epoch, self.config.epochs
        stopped = epoch < epochs and is_exhausted(self.rows, self.config.patience)
        note = f"epoch {epoch}/{epochs}  loss {done.loss:.3f}  {self.note}{'  stopped early' if stopped else ''}"
        canceled = self._reported(self._progress(epoch * self.data.train, note, ended=stopped))
        if canceled:
            self._writing.result()  # the checkpoint of the whole epoch
            raise self._canceled(canceled, f"after epoch {epoch}") from canceled

    def _progress(self, done: int, note: str = "", *, ended: bool = False) -> Progress:
        total = done if ended else self.config.epochs * self.data.train
        return Progress("training", done, total, "samples", note)

    def _canceled(self, error: Canceled, when: str) -> Canceled:
        return Canceled(
            "the training was canceled",
            got=f"{error.got} {when}, with every step so far kept",
            hint=f"go on with: {run_command('resume', self.writer.path)}",
        )

    def _row(
        self, done: EpochState, state: State, val: dict[str, float], probabilities: np.ndarray, *, seconds: float
    ) -> dict[str, Any]:
        """The line of an epoch in the history, including signs of overfitting."""
        row = {
            "epoch": done.epoch,
            **done.measures,
            **{f"val_{name}": value for name, value in val.items()},
            "learning_rate": self._learning_rate(state),
            "seconds": round(seconds, 4),
            "samples_per_second": round(self.data.train / seconds, 1),
        }
        rows = [*self.rows, row]
        watched = watch_overfitting(rows)
        row |= {"gap": watched.gap, "best_epoch": watched.best_epoch, "turned": watched.turned}
        return row | {"rise_error": self._rise_error(done.epoch, watched.best_epoch, probabilities)}

    def _rise_error(self, epoch: int, best: int, probabilities: np.ndarray) -> float | None:
        """The standard error of the rise of the validation loss since the best epoch; None if not known.

        Args:
            epoch: The epoch that has just ended.
            best: The one with the lowest validation loss.
            probabilities: As they are recorded after this epoch, of validation and test samples.
        """
        if not self.data.recorded:
            return None
        if epoch != best:
            return None if self._best is None else paired_error(self._val_losses(probabilities), self._best)
        self._best = self._val_losses(probabilities)
        return 0.0

    def _val_losses(self, predicted: np.ndarray) -> np.ndarray:
        """The cross-entropy of each validation sample, or its loss where numbers are predicted, as both are recorded.

        Args:
            predicted: ``(sample, class or target)``, validation samples first.
        """
        val = self.data.val
        y = self.data.y[self.data.train : self.data.train + val]
        if not self.data.is_numbers:
            return cross_entropies(predicted[np.arange(val), y].astype(np.float64))
        loss_of = sample_loss(
            self.config.loss, label_smoothing=0, classes=self.data.classes, unit=TargetUnit.of(self.model)
        )
        return np.asarray(loss_of(jnp.asarray(y, np.float32), jnp.asarray(predicted[:val])), np.float64)

    def _learning_rate(self, state: State) -> float:
        with keras.StatelessScope(list(zip(self.optimizer.variables, state.optimizer, strict=True))):
            return float(self.optimizer.learning_rate)  # type: ignore[arg-type]

    def _save(self, now: EpochState) -> None:
        """Write a checkpoint within an epoch."""
        loss, correct = float(now.metrics.loss), float(now.metrics.correct)
        position = Position(now.epoch - 1, now.step, loss, correct, self._seconds(), self.rows[-1] if self.rows else {})
        self._writing.result()
        state = self.placement.readable(now.state)
        self.writer.checkpoint(*pack(Checkpoint(state, position, now.recorded, self.weight)))
        self.saved = time.perf_counter()

    def _write_epoch(self, epoch: int, state: State, predictions: np.ndarray, row: dict[str, Any]) -> None:
        """Write an epoch in another thread, its line in the history last: every listed epoch is on disk."""
        write_back(self.model, self.optimizer, state)
        weights = get_weights(self.model)
        tensors, position = pack(Checkpoint(state, Position(epoch, 0, 0, 0, self._seconds(), row), None, self.weight))
        self.rows.append(row)
        self.note = _summary(row)

        def write() -> None:
            self.writer.snapshot(epoch, weights)
            if self.data.recorded:
                self.writer.predictions(epoch, predictions, exact=self.data.is_numbers)
            self.writer.checkpoint(tensors, position)
            self.writer.epoch(row)

        self._writing.result()  # raises the error of writing the epoch before
        self._writing = self._thread.submit(write)
        self.saved = time.perf_counter()

    def _finish(self, state: State) -> TrainingResult:
        """Give the model the weights of the kept epoch, and look up or measure the test samples with them."""
        write_back(self.model, self.optimizer, state)
        last = self.rows[-1]["epoch"]
        best = best_epoch(self.rows) or last
        kept = last if self.config.patience is None else best
        if kept != last:
            set_weights(self.model, RunFolder.open(self.writer.path).snapshot(kept))
        test = self.tests.get(kept)
        if test is None and self.data.has_test:  # an epoch before this training was resumed
            state = self.placement.place(initial_state(self.model, self.optimizer))
            test = self.evaluation.measure(state)[1][1]
        return TrainingResult(len(self.rows), best, kept, test, self._seconds())

    def _seconds(self) -> float:
        return self.spent + time.perf_counter() - self.begun


def train_model(
    model: keras.Model,
    data: TrainingData,
    *,
    config: TrainingConfig,
    writer: RunWriter,
    on_progress: ProgressCallback = ignore_progress,
    resume: bool = False,
) -> TrainingResult:
    """Train a built model; afterwards it has the weights of the last epoch, or with `patience` of the best one.

    Args:
        model: A checked and built model (`cutaway.models.build_model`).
        data: Samples for training, validation and testing.
        config: Every setting.
        writer: The run folder; the caller finishes it.
        on_progress: Told at the start and after every compiled call, in samples over all epochs; cancels the training
            by `Canceled`.
        resume: Whether to go on from the checkpoint in the run folder.

    Raises:
        TrainingError: The loss became NaN or infinite.
        Canceled: `on_progress` raised it; a checkpoint of the last step is on disk.
        RunError: The run folder cannot be written, or the checkpoint is damaged.
        BackendError: Keras does not run on JAX.
    """
    trainer = Trainer(model, data, config=config, writer=writer, on_progress=on_progress)
    return trainer.run(resume=resume)


def write_back(model: keras.Model, optimizer: keras.Optimizer, state: State) -> None:
    """Assign a state to the variables of a model and its optimizer."""
    for variables, values in zip(_variables(model, optimizer), state, strict=True):
        for variable, value in zip(variables, values, strict=True):
            assign(variable, value)  # a copy: the state's own buffers are donated to the next call


def initial_state(model: keras.Model, optimizer: keras.Optimizer) -> State:
    """The values of a model's and its optimizer's variables, as copies: they are donated to the first call."""
    return copied(State(*([v.value for v in group] for group in _variables(model, optimizer))))


def _variables(model: keras.Model, optimizer: keras.Optimizer) -> tuple[Sequence[keras.Variable], ...]:
    return model.trainable_variables, model.non_trainable_variables, optimizer.variables


def _summary(row: dict[str, Any]) -> str:
    """An epoch in a few words for the progress bar: its validation score, and where the loss was lowest."""
    lowest = f", val_loss lowest in epoch {row['best_epoch']}" if row["turned"] else ""
    score = percent(row["val_accuracy"], 1) if "val_accuracy" in row else f"R2 {number(row.get('val_r2'), 3)}"
    return f"val {score}{lowest}"
