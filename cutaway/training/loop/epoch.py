"""One epoch: chunks of steps in compiled calls; after each call the training can stop and be resumed."""

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np

from cutaway.errors import TrainingError
from cutaway.models import normalizes_batches
from cutaway.training.config import FINITE, TrainingConfig

from .checkpoint import Position
from .chunks import Chunk, chunk_steps, prefetch_chunks
from .device_data import CopiedData, DeviceData, to_device
from .divergence import first_layer_not_finite
from .evaluation import TrainingData
from .order import epoch_order, parts_of
from .placement import ONE_DEVICE, OneDevice
from .step import Metrics, State, compile_training, copied

CALL_SECONDS = 0.2
"""Duration that one compiled call aims for: short enough to cancel quickly, and about 1,000 times its overhead."""


@dataclass(frozen=True, eq=False)
class EpochState:
    """An epoch after one of its compiled calls.

    Attributes:
        epoch: Its number, from 1.
        step: Steps done.
        samples: Samples trained on.
        state: State of the model and the optimizer.
        metrics: Sums over the samples so far.
        recorded: float16 ``(training sample, recorded class)`` predictions of the samples so far, or float32
            ``(training sample, target)``; the other rows are undefined.
        is_numbers: Whether numbers are predicted.
    """

    epoch: int
    step: int
    samples: int
    state: State
    metrics: Metrics
    recorded: np.ndarray
    is_numbers: bool = False

    @property
    def loss(self) -> float:
        """Mean loss so far."""
        return float(self.metrics.loss) / self.samples

    @property
    def measures(self) -> dict[str, float]:
        """The loss so far, and the accuracy, in [0, 1], or R2, at most 1."""
        mean = float(self.metrics.correct) / self.samples
        return {"loss": self.loss} | ({"r2": 1 - mean} if self.is_numbers else {"accuracy": mean})

    def row(self) -> dict[str, Any]:
        """The line of kind "progress" for the history."""
        return {"epoch": self.epoch, "samples": self.samples, **self.measures}


class EpochRunner:
    """Runs epochs through the compiled step.

    Args:
        model: A built model.
        optimizer: Built for it.
        data: Samples.
        config: Every setting.
        memory: Bytes of memory of an accelerator; 0 on a CPU.
        placement: On which devices.

    Attributes:
        weight: float32 ``(training sample,)``, weights in the loss; None for 1.
        call_steps: Steps of the next compiled call.
    """

    def __init__(
        self,
        model: keras.Model,
        optimizer: keras.Optimizer,
        *,
        data: TrainingData,
        config: TrainingConfig,
        memory: int = 0,
        placement: OneDevice = ONE_DEVICE,
    ) -> None:
        self.model, self.data, self.config, self.weight = model, data, config, data.weight
        self._placement, self._memory = placement, memory
        self._x = self._held(data)
        self._step = compile_training(
            model,
            optimizer,
            config=config,
            scale=data.scale,
            classes=data.classes,
            variance=data.variance,
            record=data.recorded > 0,
            placement=placement,
        )
        # with BatchNormalization the rows of a batch influence each other: it must not be padded
        self._exact = normalizes_batches(model)
        self.call_steps = 8  # grows or shrinks to CALL_SECONDS
        self._sizes: dict[int, int] = {}  # steps per compiled chunk, by the length of a batch

    def change(self, data: TrainingData, *, seed: int) -> None:
        """Continue with other samples of the same shape, and another order; the compiled programs stay."""
        self.data, self.weight = data, data.weight
        self.config = self.config.model_copy(update={"seed": seed})
        self._x = self._held(data)

    def _held(self, data: TrainingData) -> Any:
        if self.config.augment:  # on the host, which changes the images
            return data.x
        return to_device(data.x, samples=data.train, memory=self._memory, devices=self._placement.devices)

    def _rows(self, epoch: int) -> Any:
        """Where the rows of an epoch come from."""
        augmentation = self.config.augmentation
        return self._x if augmentation is None else augmentation.rows(self._x, seed=self.config.seed, epoch=epoch)

    def run(
        self, state: State, epoch: int, *, position: Position, recorded: np.ndarray | None
    ) -> Generator[EpochState]:
        """Run the remaining steps of an epoch, and yield after every compiled call.

        Args:
            state: The state to start from; its buffers are donated to the compiled call.
            epoch: Number of the epoch, from 1.
            position: Where in the epoch to start.
            recorded: Predictions recorded before that, or None.

        Raises:
            TrainingError: The loss became NaN or infinite.
        """
        data, config = self.data, self.config
        batch = min(config.batch_size, data.train)
        order = epoch_order(data.train, batch_size=batch, seed=config.seed, epoch=epoch)
        # one more row, for the predictions of padding
        predictions = np.zeros((data.train + 1, data.recorded), data.recorded_dtype)
        state_of = partial(EpochState, is_numbers=data.is_numbers)
        if recorded is not None:
            predictions[:-1] = recorded
        metrics = Metrics(self._placement.number(position.loss), self._placement.number(position.correct))
        if position.step >= len(order):  # stopped after the last step, before the evaluation
            yield state_of(epoch, position.step, data.train, state, metrics, predictions[:-1])
            return
        step, x = 0, self._rows(epoch)
        for part in parts_of(order, data.train, exact=self._exact):
            skip = min(max(position.step - step, 0), len(part))
            device_data = isinstance(x, DeviceData | CopiedData)
            part = part if self._exact else self._padded(part)
            size = chunk_steps(part.shape[1], data.x[:1].nbytes, steps=len(part), device_data=device_data)
            size = self._sizes[part.shape[1]] = max(size, self._sizes.get(part.shape[1], 0))
            rest, step = part[skip:], step + skip
            for chunk in prefetch_chunks(
                x,
                data.answers,
                order=rest,
                samples=data.train,
                size=size,
                weight=self.weight,
                placement=self._placement,
            ):
                for done, after, sums in self._calls(chunk, state, metrics, predictions, where=(epoch, step)):
                    state, metrics = after, sums
                    samples = min((step + done) * batch, data.train)
                    yield state_of(epoch, step + done, samples, state, metrics, predictions[:-1])
                step += chunk.steps

    def _padded(self, part: np.ndarray) -> np.ndarray:
        """The batches with as many rows as the devices divide, the last ones padding."""
        more = self._placement.padded(part.shape[1]) - part.shape[1]
        return np.pad(part, ((0, 0), (0, more)), constant_values=self.data.train) if more else part

    def _calls(
        self, chunk: Chunk, state: State, metrics: Metrics, predictions: np.ndarray, *, where: tuple[int, int]
    ) -> Iterator[tuple[int, State, Metrics]]:
        """Do the steps of a chunk in calls of about CALL_SECONDS, and record the predictions."""
        step, inputs = 0, (chunk.x, chunk.y, chunk.mask, chunk.weight)
        predicted = self._placement.zeros((*chunk.rows.shape, self.data.recorded), self.data.recorded_dtype)
        before = copied(state)  # to find out where a loss stopped being finite
        while step < chunk.steps:
            stop, begun = min(step + self.call_steps, chunk.steps), time.perf_counter()
            state, metrics, predicted = self._step(state, metrics, predicted, *inputs, step, stop)
            loss = float(metrics.loss)  # waits for the call to end
            self._adapt(stop - step, time.perf_counter() - begun)
            # a slice on the device would be compiled for each number of steps: 0.1 s at the start, 0.4 s the first time
            recorded = np.asarray(copied(predicted))
            predictions[chunk.rows[step:stop]] = recorded[step:stop]
            if not np.isfinite(loss):
                raise self._not_finite(chunk, before, where=where)
            step = stop
            yield step, state, metrics

    def _not_finite(self, chunk: Chunk, state: State, *, where: tuple[int, int]) -> TrainingError:
        """Do a chunk again, step by step, to find the first step and layer that are not finite."""
        epoch, first = where
        inputs = (chunk.x, chunk.y, chunk.mask, chunk.weight)
        predicted = self._placement.zeros((*chunk.rows.shape, self.data.recorded), self.data.recorded_dtype)
        step, loss, before = 0, np.nan, state
        for step in range(chunk.steps):
            before = copied(state)
            zero = Metrics(self._placement.number(0), self._placement.number(0))
            state, metrics, predicted = self._step(state, zero, predicted, *inputs, step, step + 1)
            loss = float(metrics.loss)
            if not np.isfinite(loss):
                break
        numbers = np.where(chunk.rows[step] < self.data.train, chunk.rows[step], 0)
        rows = np.asarray(self._rows(epoch)[numbers])
        before = self._placement.readable(before)
        layer = first_layer_not_finite(self.model, before, rows=rows, scale=self.data.scale)
        return TrainingError(
            FINITE["loss"],
            got=f"{loss} in epoch {epoch}, step {first + step + 1}; {layer} stopped being finite first",
            hint=f"try a learning_rate below {self.config.learning_rate:g}; earlier epochs are kept",
        )

    def _adapt(self, steps: int, seconds: float) -> None:
        wanted = steps * CALL_SECONDS / max(seconds, 1e-6)
        self.call_steps = int(min(max(wanted, steps / 4, 1), steps * 4))
