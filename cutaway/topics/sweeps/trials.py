"""One trial of a sweep, as a task: here, in another process of this machine, or on a cluster."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cutaway.api.run import Run
from cutaway.api.train import resume
from cutaway.context import RunContext
from cutaway.data import Dataset, Split
from cutaway.errors import Canceled, CutawayError, TrainingError
from cutaway.models import FORM, ModelForm
from cutaway.progress import Progress, ProgressCallback, ignore_progress
from cutaway.runs import RunFolder, RunWriter, check_no_link
from cutaway.topics.common.sent_data import with_arrays
from cutaway.training import plan

from .manifest import FixedSettings, SweepManifest
from .space import read_space
from .study import UNDER_WAY, StorageError, Study, Trial, run_of

HISTORY_SECONDS = 30.0
"""Seconds to wait for the line of an epoch, which another thread writes."""


@dataclass(frozen=True)
class TrialTask:
    """What a worker needs for one trial; the arrays of the data are in files next to it.

    Attributes:
        place: How many trials ended or were begun before.
        key: Of this call of `cutaway.sweep` and the place: one that is done again by another worker has the same.
        folder: The sweep's folder, which workers write into.
        storage: Address of the storage; None for the journal in the folder.
        manifest: What the sweep is.
        data: What models are trained on, without arrays.
        split: Its training and validation samples.
        recipe: Name of the recipe.
    """

    place: int
    key: str
    folder: str
    storage: str | None = field(repr=False)
    manifest: SweepManifest = field(repr=False)
    data: Dataset = field(repr=False)
    split: Split = field(repr=False)
    recipe: str = "default"


def do_trial(
    task: TrialTask, arrays: Mapping[str, np.ndarray], on_progress: ProgressCallback = ignore_progress
) -> Trial | None:
    """Do one trial and return its record; None where others have done all meanwhile.

    Raises:
        Canceled: `on_progress` raised it, or nobody waits any longer; the trial goes on where it was, once it is done
            again.
        CutawayError, OSError: The disk or the storage refuses.
    """
    manifest, data = task.manifest, with_arrays(task.data, arrays)
    with Study(Path(task.folder), task.storage, name=manifest.name) as study:
        study.give_back_lost(task=task.key)
        if sum(trial.ended for trial in study.trials()) >= manifest.trials:
            return None
        UNDER_WAY.add(task.key)
        try:
            return _tried(study, task, data, arrays.get("weights"), on_progress)
        finally:
            UNDER_WAY.discard(task.key)


def _tried(
    study: Study, task: TrialTask, data: Dataset, weights: np.ndarray | None, on_progress: ProgressCallback
) -> Trial:
    """Take a trial, train it, and tell the study how it ended."""
    from cutaway.models import forget_compiled_programs

    manifest = task.manifest
    default: dict[str, Any] = manifest.default | {"hidden": tuple(manifest.default["hidden"])}
    how: dict[str, Any] = {"seed": manifest.seed, "epochs": int(default["epochs"]), "trials": manifest.trials}
    trial, settings = study.ask(read_space(manifest.space), place=task.place, task=task.key, default=default, **how)
    watch = _Watch(study, trial, on_progress, samples=len(task.split.train), epochs=how["epochs"])
    watch.path = path = Path(task.folder) / run_of(trial)
    try:
        if (path / "run.json").is_file():
            check_no_link(path)
            found = _run(path, data)
            run = found if found.folder.status == "finished" else resume(found, progress=watch)
        else:
            train_trial(task, data, weights, settings, path, number=trial.number, on_progress=watch)
            run = _run(path, data)
        watch.catch_up(path)
    except (Canceled, KeyboardInterrupt, OSError):
        if watch.pruned is None:
            study.give_back(trial)
            raise
        why = f"stopped early: others had a lower validation loss after epoch {watch.pruned}"
        _say_why(path, why)
        return study.tell(trial, "PRUNED", why=why, **_result(_run(path, data), epoch=watch.pruned))
    except TrainingError as error:  # the loss became NaN
        return study.tell(trial, "PRUNED", why=error.fault)
    except (CutawayError, MemoryError) as error:
        # a full disk, or a storage that is gone, would fail all trials
        if isinstance(error, StorageError) or isinstance(error.__cause__, OSError):
            study.give_back(trial)
            raise
        failed = study.tell(trial, "FAIL", why=str(error) or type(error).__name__)
        if all(each.state in ("failed", "running") for each in study.trials()):  # perhaps none can be trained
            raise
        return failed
    finally:
        forget_compiled_programs()  # otherwise every trial leaves 6 MB in memory
    return study.tell(trial, "COMPLETE", float((run.context.row() or {})["val_loss"]), **_result(run))


def _run(path: Path, data: Dataset) -> Run:
    return Run(RunContext(RunFolder.open(path), data=data))


def train_trial(
    task: TrialTask,
    data: Dataset,
    weights: np.ndarray | None,
    settings: Mapping[str, Any],
    path: Path,
    *,
    number: int,
    on_progress: ProgressCallback,
) -> None:
    """Train one trial into a new run folder.

    Args:
        task: The trial's task.
        data: What it is trained on.
        weights: Weights of the samples of the source "train".
        settings: What was drawn for it.
        path: Where the run folder is made.
        number: Its number in the sweep, which run.json keeps.
        on_progress: See `train_into`.

    Raises:
        UsageError, RunError, TrainingError, Canceled: See `cutaway.train`.
    """
    manifest = task.manifest
    wanted = settings_of(manifest.fixed, manifest.seed) | resolved(settings, manifest.default)
    # as many epochs for every trial, and the validation share of the split
    wanted |= {name: manifest.default[name] for name in ("epochs", "validation")}
    form = {name: wanted.pop(name) for name in FORM}
    planned = plan(data, recipe=task.recipe, form=form, divide=(task.split, data), sample_weight=weights, **wanted)
    planned.train_at(path, on_progress=on_progress, record={"sweep": {"name": manifest.name, "trial": number}})


def settings_of(fixed: FixedSettings, seed: int) -> dict[str, Any]:
    """The settings of the training that are given."""
    weights = fixed.class_weight
    if isinstance(weights, dict):  # the keys of JSON are text
        return {**fixed.settings, "seed": seed, "class_weight": {int(k): weight for k, weight in weights.items()}}
    return {**fixed.settings, "seed": seed, "class_weight": weights}


def resolved(settings: Mapping[str, Any], default: Mapping[str, Any]) -> dict[str, Any]:
    """Every setting of the model of a trial, and the drawn settings of its training.

    Args:
        settings: What was drawn.
        default: The settings of trial 0.
    """
    hidden = tuple(settings.get("hidden", default["hidden"]))
    if {"layers", "units"} & {*settings}:
        layers, units = (int(settings.get(name, default[name])) for name in ("layers", "units"))
        hidden = (units,) * layers
    form = {name: settings.get(name, default.get(name, usual)) for name, usual in asdict(ModelForm()).items()}
    of_training = {name: value for name, value in settings.items() if name not in (*FORM, "layers", "units")}
    return {**form, "hidden": hidden, **of_training}


class _Watch:
    """The progress of one trial: reports the validation loss of each epoch, and stops the trial early."""

    def __init__(self, study: Study, trial: Any, on_progress: ProgressCallback, *, samples: int, epochs: int) -> None:
        self._study, self._trial, self._on_progress = study, trial, on_progress
        self._samples, self._epochs = samples, epochs
        self._reported = 0
        self.path: Path | None = None
        self.pruned: int | None = None

    def __call__(self, now: Progress) -> None:
        self._on_progress(now)
        if now.task == "training" and now.done and not now.done % self._samples and self.path is not None:
            self.catch_up(self.path, now.done // self._samples)

    def catch_up(self, path: Path, wait_for: int = 0) -> None:
        """Report the epochs of the history up to one.

        Raises:
            Canceled: The trial is stopped early.
        """
        folder, deadline = RunFolder.open(path), time.monotonic() + HISTORY_SECONDS
        while True:
            rows = folder.history()
            if not wait_for or (rows and rows[-1]["epoch"] >= wait_for) or time.monotonic() > deadline:
                break
            time.sleep(0.005)
        for row in rows:
            if row["epoch"] <= self._reported or row.get("val_loss") is None:
                continue
            self._reported = row["epoch"]
            worse = self._study.is_worse(self._trial, float(row["val_loss"]), epoch=row["epoch"])
            if worse and wait_for and row["epoch"] < self._epochs:
                self.pruned = row["epoch"]
                raise Canceled("the trial was stopped early: others are ahead", hint="see the sweep")


def _say_why(path: Path, why: str) -> None:
    """Write into run.json why a trial was stopped, in place of a request of the user."""
    writer = RunWriter.reopen(path)
    try:
        writer.update(why=why)
    finally:
        writer.close()


def _result(run: Run, *, epoch: int | None = None) -> dict[str, Any]:
    """What the sweep keeps of a run after an epoch."""
    rows, row = run.history.rows, run.context.row(epoch) or {}
    seconds = run.context.manifest.cost.get("training")
    return {
        "val_accuracy": row.get("val_accuracy"),
        "epochs": len(rows),
        "seconds": round(sum(each.get("seconds") or 0.0 for each in rows), 3) if seconds is None else seconds,
        "parameters": run.folder.parameters(),
    }
