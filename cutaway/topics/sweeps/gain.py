"""What choosing was worth: the validation losses of every sample under every trial that ended."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cutaway.data import Dataset, Table
from cutaway.errors import CutawayError, DataError
from cutaway.execution import Trial
from cutaway.metrics import Selection, selection_gain, smoothed_losses
from cutaway.runs import RunFolder

from .manifest import SweepManifest
from .material import load, prepare
from .worker import best_of

MOST_VALUES = 1 << 28
"""Losses at most: 20,000 samples of 13,000 trials, or 1.1 GB."""


def measure_gain(
    folder: Path, trials: Sequence[Trial], manifest: SweepManifest, *, loaded: Dataset | Table | None
) -> tuple[Selection, list[int]]:
    """Correct the best validation loss for having been chosen, and compare it with trial 0.

    Args:
        folder: The sweep's folder, with the run folders.
        trials: All trials; those that were not stopped early are candidates.
        manifest: The sweep.
        loaded: Its data, where they are in memory.

    Returns:
        What `selection_gain` says, and the numbers of the candidates, in their order; the first is trial 0.

    Raises:
        DataError: Trial 0 did not end, its predictions or those of the best trial are not here, or the loss is no
            cross-entropy of the classes.
    """
    ended = [trial for trial in trials if trial.state == "complete" and trial.run is not None]
    if not ended or ended[0].number != 0:
        raise _unknown("trial 0, the default recipe, did not end")
    if manifest.default["loss"] == "binary_crossentropy":
        raise _unknown("the loss is binary_crossentropy")
    labels = _labels(manifest, loaded)
    if len(labels) * len(ended) > MOST_VALUES:
        raise _unknown(f"{len(labels):,} validation samples of {len(ended):,} trials are too many")
    losses, correct, numbers = list[np.ndarray](), list[np.ndarray](), list[int]()
    for trial in ended:
        try:
            predicted = RunFolder.open(folder / str(trial.run)).predictions()
        except CutawayError:  # its run folder is on another machine, or was deleted
            continue
        predicted = predicted[len(predicted) - len(labels) :].astype(np.float32)
        smoothing = float(manifest.default["label_smoothing"])
        losses.append(smoothed_losses(predicted, labels, label_smoothing=smoothing).astype(np.float32))
        correct.append(predicted.argmax(axis=1) == labels)
        numbers.append(trial.number)
    best = best_of(tuple(trials))
    if best is not None and (missing := {0, best.number} - {*numbers}):
        raise _unknown(f"the run folder of trial {min(missing)} has no predictions here")
    if len(numbers) == 1 < len(ended):
        raise _unknown("the run folders of all other trials have no predictions here")
    return selection_gain(np.stack(losses, axis=1), np.stack(correct, axis=1), seed=manifest.seed), numbers


def _labels(manifest: SweepManifest, loaded: Dataset | Table | None) -> np.ndarray:
    """The classes of the validation samples, in the order of the predictions."""
    found = load(manifest, None) if loaded is None else loaded
    material = prepare(found, manifest.fixed, seed=manifest.seed, on_progress=lambda _: None)
    return material.data.y(material.split.val)


def _unknown(why: str) -> DataError:
    return DataError(
        "what choosing was worth is measured with predictions of trial 0 and of the best trial",
        got=why,
        hint="compare the validation losses, knowing that the best one is optimistic",
    )
