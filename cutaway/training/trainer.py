"""The trainer: epochs of chunks of steps, each epoch on disk before its line in the history.

What is on disk after any interruption is enough to end with the same bytes as a training that was never interrupted:
the order of samples is a function of seed and epoch, and a checkpoint holds everything else.
"""

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from cutaway.errors import Interrupted, RunError, TrainingError
from cutaway.metrics.overfitting import is_finite, watch_overfitting
from cutaway.models import get_weights, require_jax, set_weights
from cutaway.progress import ProgressCallback, ignore_progress
from cutaway.runs import RunFolder, RunWriter

from .checkpoint import Checkpoint, Position, pack, unpack
from .config import TrainingConfig
from .epoch import EpochRunner, Progressed
from .evaluation import Evaluation, TrainingData
from .optimizer import make_optimizer
from .step import State, copied
from .stopping import StopRequest, best_epoch, is_exhausted, stop_on_signal

SAVE_SECONDS = 60.0
"""A checkpoint within an epoch that takes longer than this, at most so often."""


@dataclass(frozen=True)
class Outcome:
    """How a training ended.

    Attributes:
        epochs: Epochs done.
        best_epoch: Epoch of the lowest validation loss.
        kept_epoch: Epoch whose weights the model carries now: the last one, or the best after an early stop.
        test: ``{"loss", "accuracy"}`` on the test samples with those weights.
        seconds: Of training alone, compilation included, over all sessions.
    """

    epochs: int
    best_epoch: int
    kept_epoch: int
    test: dict[str, float]
    seconds: float


class Trainer:
    """One training under way: the state on the device, and where it goes on disk."""

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
        steps = -(-data.train // config.batch_size)  # a batch larger than the data is one step of all of them
        self.optimizer = make_optimizer(config, steps=config.epochs * steps)
        self.optimizer.build(model.trainable_variables)
        self.epochs = EpochRunner(model, self.optimizer, data=data, config=config, on_progress=on_progress)
        self.evaluation = Evaluation(model, data, config=config)
        self.weight = data.weight
        self.begun, self.spent, self.saved = time.perf_counter(), 0.0, time.perf_counter()
        self.rows: list[dict[str, Any]] = []
        self.tests: dict[int, dict[str, float]] = {}  # of the epochs that this session measured
        self._thread, self._writing = ThreadPoolExecutor(1, thread_name_prefix="cutaway-disk"), Future()
        self._writing.set_result(None)

    def run(self, *, resume: bool = False) -> Outcome:
        """Train all epochs that are not done yet.

        Raises:
            TrainingError: The loss became NaN or infinite.
            Interrupted: The user stopped it; a checkpoint of the last step is on disk.
            RunError: The disk refused, or the checkpoint to resume from is damaged.
        """
        try:
            with stop_on_signal() as request:
                checkpoint = self._resume() if resume else self._start()
                state = self._train(checkpoint, request)
            return self._finish(state)
        except OSError as error:
            raise RunError(
                "a training needs a disk that takes what it writes",
                got=f"{error.strerror or error} at {self.writer.path}",
                hint=f"make room, then: cutaway resume {self.writer.path.name}",
            ) from error
        finally:
            self._thread.shutdown()

    def _start(self) -> Checkpoint:
        checkpoint = Checkpoint(initial_state(self.model, self.optimizer), Position(), None, self.weight)
        self.writer.snapshot(0, get_weights(self.model))
        self.writer.checkpoint(*pack(checkpoint))
        return checkpoint

    def _resume(self) -> Checkpoint:
        folder = RunFolder.open(self.writer.path)
        if not folder.has_checkpoint:  # the process died before it had done anything
            return self._start()
        checkpoint = unpack(*folder.checkpoint(), like=initial_state(self.model, self.optimizer))
        position = checkpoint.position
        self.spent = position.seconds
        self.weight = self.epochs.weight = checkpoint.weight
        self.rows = [row for row in folder.history() if row["epoch"] <= position.epoch]
        if position.epoch > len(self.rows):  # the process died between the checkpoint and this line
            self.writer.epoch(position.row)
            self.rows.append(position.row)
        return checkpoint

    def _train(self, checkpoint: Checkpoint, request: StopRequest) -> State:
        state, position, recorded = checkpoint.state, checkpoint.position, checkpoint.recorded
        for epoch in range(position.epoch + 1, self.config.epochs + 1):
            if is_exhausted(self.rows, self.config.patience):
                break
            start, done = time.perf_counter(), None
            for done in self.epochs.run(state, epoch, position=position, recorded=recorded, request=request):
                if request.asked or time.perf_counter() - self.saved > SAVE_SECONDS:
                    self._save(done)
                if request.asked:
                    raise Interrupted(self.writer.path.name)
                self.writer.progress(done.row())
            assert done is not None  # an epoch yields at least once
            state = done.state
            probabilities, (val, self.tests[epoch]) = self.evaluation.measure(state)
            if not is_finite(val["loss"]):
                raise TrainingError(
                    "the validation loss must stay finite",
                    got=f"{val['loss']} after epoch {epoch}",
                    hint=f"try a smaller --learning-rate than {self.config.learning_rate:g}; earlier snapshots stay",
                )
            row = self._row(done, val, seconds=time.perf_counter() - start)
            self._keep(epoch, state, np.concatenate([done.recorded, probabilities]), row)
            position, recorded = Position(epoch=epoch), None
        self._writing.result()
        return state

    def _row(self, done: Progressed, val: dict[str, float], *, seconds: float) -> dict[str, Any]:
        """An epoch's line of the history, with what it says of overfitting."""
        row = {
            "epoch": done.epoch,
            "loss": done.loss,
            "accuracy": done.accuracy,
            **{f"val_{name}": value for name, value in val.items()},
            "learning_rate": self._learning_rate(done.state),
            "seconds": round(seconds, 4),
            "samples_per_second": round(self.data.train / seconds, 1),
        }
        rows = [*self.rows, row]
        watched = watch_overfitting(rows)
        row |= {"gap": watched.gap, "best_epoch": watched.best_epoch, "turned": watched.turned}
        self.epochs.remark = _in_words(row)
        return row

    def _learning_rate(self, state: State) -> float:
        with keras.StatelessScope(list(zip(self.optimizer.variables, state.optimizer, strict=True))):
            return float(self.optimizer.learning_rate)  # type: ignore[arg-type]

    def _save(self, now: Progressed) -> None:
        """Write a checkpoint within an epoch."""
        loss, correct = float(now.metrics.loss), float(now.metrics.correct)
        position = Position(now.epoch - 1, now.step, loss, correct, self._seconds(), self.rows[-1] if self.rows else {})
        self._writing.result()
        self.writer.checkpoint(*pack(Checkpoint(now.state, position, now.recorded, self.weight)))
        self.saved = time.perf_counter()

    def _keep(self, epoch: int, state: State, predictions: np.ndarray, row: dict[str, Any]) -> None:
        """Put an epoch on disk in another thread, its line in the history last: what the history names is there."""
        write_back(self.model, self.optimizer, state)
        weights = get_weights(self.model)
        tensors, position = pack(Checkpoint(state, Position(epoch, 0, 0, 0, self._seconds(), row), None, self.weight))
        self.rows.append(row)

        def write() -> None:
            self.writer.snapshot(epoch, weights)
            self.writer.predictions(epoch, predictions)
            self.writer.checkpoint(tensors, position)
            self.writer.epoch(row)

        self._writing.result()  # raises what went wrong with the epoch before
        self._writing = self._thread.submit(write)
        self.saved = time.perf_counter()

    def _finish(self, state: State) -> Outcome:
        """Give the model the weights that are kept, and look up or measure the test samples with them."""
        write_back(self.model, self.optimizer, state)
        best, kept = best_epoch(self.rows), self.rows[-1]["epoch"]
        if is_exhausted(self.rows, self.config.patience):
            kept = best
            set_weights(self.model, RunFolder.open(self.writer.path).snapshot(best))
        test = self.tests.get(kept)
        if test is None:  # an epoch before this training was resumed
            test = self.evaluation.measure(initial_state(self.model, self.optimizer))[1][1]
        return Outcome(len(self.rows), best, kept, test, self._seconds())

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
) -> Outcome:
    """Train a built model; afterwards it carries the weights of the last epoch, or of the best after an early stop.

    Args:
        model: A checked and built model (`cutaway.models.build_model`).
        data: Samples for training, validation and testing.
        config: Every setting.
        writer: The run folder; it is not finished here.
        on_progress: Told after every compiled call, in samples over all epochs.
        resume: Go on from the checkpoint in the run folder.

    Raises:
        TrainingError: The loss became NaN or infinite.
        Interrupted: The user stopped it.
        RunError: The disk refused, or the checkpoint is damaged.
        BackendError: Keras does not run on JAX.
    """
    return Trainer(model, data, config=config, writer=writer, on_progress=on_progress).run(resume=resume)


def write_back(model: keras.Model, optimizer: keras.Optimizer, state: State) -> None:
    """Give the variables of a model and its optimizer the values of a state."""
    for variables, values in zip(_variables(model, optimizer), state, strict=True):
        for variable, value in zip(variables, values, strict=True):
            variable.assign(np.array(value))  # a copy: the state's own buffers are given to the next call


def initial_state(model: keras.Model, optimizer: keras.Optimizer) -> State:
    """The values of a model's and its optimizer's variables, as copies: the first call takes their buffers away."""
    return copied(State(*([v.value for v in group] for group in _variables(model, optimizer))))


def _variables(model: keras.Model, optimizer: keras.Optimizer) -> tuple[Sequence[keras.Variable], ...]:
    return model.trainable_variables, model.non_trainable_variables, optimizer.variables


def _in_words(row: dict[str, Any]) -> str:
    """What an epoch says of overfitting, in a few words for the bar."""
    if row["turned"]:
        return f"overfits since {row['best_epoch']}"
    return f"val {row['val_accuracy']:.4f}"
