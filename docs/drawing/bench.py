"""Trains the models for the pictures: one model, one dataset, and one setting changed at a time."""

import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import cutaway as ct
from cutaway.models import FORM

HIDDEN, DROPOUT, EPOCHS = (256, 256), 0.2, 4
"""Half the width and half the epochs of the default model: all pictures together take a few minutes."""

PLAIN: dict[str, Any] = {"schedule": "constant", "label_smoothing": 0.0, "epochs": 12}
"""Settings with which the model overfits, for the settings that help against it."""

Row = dict[str, str | float]
"""A row in the table of a setting: title of the column -> value."""


SECONDS: dict[Path, float] = {}
"""Run folder -> `epoch_seconds`."""


class _EpochClock:
    """Progress callback that notes the CPU time at the end of each epoch.

    CPU time is summed over all threads, so that other work on the machine hardly affects it.
    """

    def __init__(self, epochs: int) -> None:
        self.epochs, self.ends = epochs, []

    def __call__(self, now: ct.Progress) -> None:
        if now.task == "training" and now.done % (now.total // self.epochs) == 0:
            self.ends.append(time.process_time())

    @property
    def seconds(self) -> float:
        """CPU time of the fastest epoch, without the first one, in which the step is compiled."""
        return min((b - a for a, b in pairwise(self.ends)), default=0.0)


class Bench:
    """Trains models on MNIST and caches the runs, so that settings can share them."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.data = ct.load_dataset("mnist")
        self.runs: dict[str, ct.Run] = {}
        # compiles what is compiled once per process, so that it counts nowhere
        self.train(epochs=1, seed=99)

    def train(
        self,
        *,
        data: ct.Dataset | None = None,
        **settings: Any,
    ) -> ct.Run:
        """Train a model with the default recipe, except for the settings of model and training that are given."""
        form = {"hidden": HIDDEN, "dropout": DROPOUT} | {name: settings.pop(name) for name in FORM if name in settings}
        settings = {"epochs": EPOCHS, "seed": 0, **settings}
        source = self.data if data is None else data
        key = repr((sorted(form.items()), source.name, sorted(settings.items())))
        if key not in self.runs:
            model = ct.mlp(**form)
            clock = _EpochClock(settings["epochs"])
            self.runs[key] = ct.train(model, source, runs=self.folder, progress=clock, **settings)
            SECONDS[self.runs[key].path] = clock.seconds
        return self.runs[key]


def row(setting: str, value: object, run: ct.Run, **more: float | str) -> Row:
    """A row with the CPU time of an epoch and the validation accuracy."""
    return {
        setting: str(value),
        "CPU s per epoch": round(epoch_seconds(run), 2),
        "val. accuracy": f"{100 * run.history['val_accuracy'][-1]:.2f}%",
        **more,
    }


def epoch_seconds(run: ct.Run) -> float:
    """CPU time of the fastest epoch in seconds, from the end of the epoch before, including validation."""
    return SECONDS[run.path]


def seconds_of(run: ct.Run) -> tuple[list[float], list[float]]:
    """When each epoch would end if all took as long as the fastest, in CPU seconds, and its validation accuracy."""
    epochs, accuracy = epochs_of(run, "val_accuracy")
    return [epoch * epoch_seconds(run) for epoch in epochs], accuracy


def epochs_of(run: ct.Run, metric: str) -> tuple[list[int], list[float]]:
    """Epoch numbers and a metric at each epoch; accuracies in percent."""
    factor = 100 if "accuracy" in metric else 1
    return run.history["epoch"], [factor * value for value in run.history[metric]]


def uneven(data: ct.Dataset) -> ct.Dataset:
    """About 10,000 training samples of MNIST, with only every 50th of the digits 5 to 9."""
    train, test = data.sources["train"], data.sources["test"]
    rare = np.flatnonzero(train.y >= 5)[::50]
    rows = np.concatenate([np.flatnonzero(train.y < 5)[:9400], rare])
    return ct.Dataset.from_arrays(train.x[rows], train.y[rows], x_test=test.x, y_test=test.y, name="uneven MNIST")
