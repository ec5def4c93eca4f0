"""What choosing was worth: the validation losses of every sample under every trial."""

import logging
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cutaway.data import Dataset, Table
from cutaway.errors import CutawayError, DataError
from cutaway.execution import Trial
from cutaway.log import survive
from cutaway.metrics import Selection, selection_gain, smoothed_losses
from cutaway.runs import RunFolder

from .manifest import SweepManifest
from .material import load, prepare
from .worker import best_of

log = logging.getLogger("cutaway.topics.sweeps.gain")

MOST_VALUES = 1 << 28
"""Losses at most: 20,000 samples of 13,000 trials, or 1.1 GB."""


class _Measured(NamedTuple):
    """A trial on the validation samples, float32 ``(sample,)`` each."""

    loss: np.ndarray
    correct: np.ndarray

    def plus(self, change: "_Measured") -> "_Measured":
        """Each sample changed by as much."""
        return _Measured(self.loss + change.loss, self.correct + change.correct)


def measure_gain(
    folder: Path, trials: Sequence[Trial], manifest: SweepManifest, *, loaded: Dataset | Table | None
) -> Selection:
    """Correct the best validation loss for having been chosen, and compare it with trial 0.

    Args:
        folder: The sweep's folder, with the run folders.
        trials: All trials. Those that were not stopped early are candidates; those that were could have become ones.
        manifest: The sweep.
        loaded: Its data, where they are in memory.

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
    if len(labels) * len(trials) > MOST_VALUES:
        raise _unknown(f"{len(labels):,} validation samples of {len(trials):,} trials are too many")
    smoothing = float(manifest.default["label_smoothing"])

    def measured(trial: Trial, epoch: int | None = None) -> _Measured | None:
        """A trial after an epoch; None where its run folder is on another machine, or was deleted."""
        with survive(log, f"reading the predictions of trial {trial.number}", CutawayError):
            predicted = RunFolder.open(folder / str(trial.run)).predictions(epoch)
            predicted = predicted[len(predicted) - len(labels) :].astype(np.float32)
            losses = smoothed_losses(predicted, labels, label_smoothing=smoothing).astype(np.float32)
            return _Measured(losses, (predicted.argmax(axis=1) == labels).astype(np.float32))
        return None

    @cache
    def improved(epoch: int) -> _Measured | None:
        """How much loss and accuracy of the trials that ended changed after an epoch, in their mean."""
        pairs = [
            (then, known[each.number]) for each in ended if each.number in known and (then := measured(each, epoch))
        ]
        if not pairs:
            return None
        return _Measured(
            *np.mean([[np.mean(b) - np.mean(a) for a, b in zip(*pair, strict=True)] for pair in pairs], axis=0)
        )

    known = {trial.number: found for trial in ended if (found := measured(trial))}
    best = best_of(tuple(trials))
    if best is not None and (missing := {0, best.number} - known.keys()):
        raise _unknown(f"the run folder of trial {min(missing)} has no predictions here")
    if len(known) == 1 < len(ended):
        raise _unknown("the run folders of all other trials have no predictions here")
    # A trial was stopped early by the validation samples, so that chance among these chose against it. It counts as if
    # it had improved as much as those that ended. Where 40 trials on 300 samples are equally good, and half of them are
    # stopped at each of three epochs, the corrected loss is too good by 0.018 without those that were stopped, and by
    # 0.001 with them (mean of 40 simulations).
    stopped = list[_Measured]()
    for trial in trials:
        if trial.state == "pruned" and trial.run is not None and trial.losses:
            change, now = improved(max(trial.losses)), measured(trial, max(trial.losses))
            if change and now:
                stopped.append(now.plus(change))
    loss, correct = (np.stack(columns, axis=1) for columns in zip(*known.values(), *stopped, strict=True))
    return selection_gain(loss, correct, stopped=len(stopped), seed=manifest.seed)


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
