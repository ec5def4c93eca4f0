"""Trainings for the pictures: one model, one set of data, and each of its settings changed alone."""

import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import cutaway as ct

HIDDEN, DROPOUT, EPOCHS = (256, 256), 0.2, 4
"""A model half as wide as the usual one, and half as many epochs: all pictures together take a few minutes."""

PLAIN: dict[str, Any] = {"schedule": "constant", "label_smoothing": 0.0, "epochs": 12}
"""A training that overfits, for what helps against that."""

Row = dict[str, str | float]
"""A line of a knob's table: title of the column -> what it says."""


SECONDS: dict[Path, float] = {}
"""Run folder -> `epoch_seconds`."""


class _EpochClock:
    """Hears of a training and takes the processor's time whenever an epoch is trained.

    It is the time of all threads, so that other work on the machine hardly shows in it.
    """

    def __init__(self, epochs: int) -> None:
        self.epochs, self.ends = epochs, []

    def __call__(self, now: ct.Progress) -> None:
        if now.task == "training" and now.done % (now.total // self.epochs) == 0:
            self.ends.append(time.process_time())

    @property
    def seconds(self) -> float:
        """Of the quickest epoch; the first one, in which the step is compiled, has no end before it."""
        return min((b - a for a, b in pairwise(self.ends)), default=0.0)


class Bench:
    """Trains models on MNIST and remembers them, so that knobs may share a training."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.data = ct.load_dataset("mnist")
        self.runs: dict[str, ct.Run] = {}
        # what compiles once in a process is compiled here and counts nowhere
        self.train(epochs=1, seed=99)

    def train(
        self,
        *,
        hidden: tuple[int, ...] = HIDDEN,
        dropout: float = DROPOUT,
        activation: str = "relu",
        data: ct.Dataset | None = None,
        **settings: Any,
    ) -> ct.Run:
        """Train a model with the default recipe, but for what is given."""
        settings = {"epochs": EPOCHS, "seed": 0, **settings}
        source = self.data if data is None else data
        key = repr((hidden, dropout, activation, source.name, sorted(settings.items())))
        if key not in self.runs:
            model = ct.mlp(hidden, dropout=dropout, activation=activation)
            clock = _EpochClock(settings["epochs"])
            self.runs[key] = ct.train(model, source, runs=self.folder, progress=clock, **settings)
            SECONDS[self.runs[key].path] = clock.seconds
        return self.runs[key]


def row(knob: str, value: object, run: ct.Run, **more: float | str) -> Row:
    """What an epoch cost and what the training came to."""
    return {
        knob: str(value),
        "core s an epoch": round(epoch_seconds(run), 2),
        "val. accuracy": f"{100 * run.history['val_accuracy'][-1]:.2f} %",
        **more,
    }


def epoch_seconds(run: ct.Run) -> float:
    """Seconds of one core that the quickest epoch took, from the end of the one before, with its validation."""
    return SECONDS[run.path]


def seconds_of(run: ct.Run) -> tuple[list[float], list[float]]:
    """The seconds after which each epoch would end, were all as quick as the quickest, and validation accuracy."""
    epochs, accuracy = epochs_of(run, "val_accuracy")
    return [epoch * epoch_seconds(run) for epoch in epochs], accuracy


def epochs_of(run: ct.Run, metric: str) -> tuple[list[int], list[float]]:
    """Numbers of the epochs and a metric of theirs; accuracies in percent."""
    factor = 100 if "accuracy" in metric else 1
    return run.history["epoch"], [factor * value for value in run.history[metric]]


def uneven(data: ct.Dataset) -> ct.Dataset:
    """MNIST with 10,000 training samples, in which the digits 5 to 9 are rare: a fiftieth of what they were."""
    train, test = data.sources["train"], data.sources["test"]
    rare = np.flatnonzero(train.y >= 5)[::50]
    rows = np.concatenate([np.flatnonzero(train.y < 5)[:9400], rare])
    return ct.Dataset.from_arrays(train.x[rows], train.y[rows], x_test=test.x, y_test=test.y, name="uneven MNIST")
