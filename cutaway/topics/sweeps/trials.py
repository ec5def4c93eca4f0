"""One trial of a sweep, as a task: here, in another process of this machine, or on a cluster."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from cutaway.api.again import resume
from cutaway.api.run import Run
from cutaway.context import RunContext
from cutaway.data import Dataset, Source, Split
from cutaway.errors import Canceled, CutawayError, TrainingError
from cutaway.execution import Trial, ask_trial, give_back, give_back_lost, open_study, read_space, run_of, trials_of
from cutaway.execution import tell_trial as tell
from cutaway.progress import Progress, ProgressCallback, ignore_progress
from cutaway.runs import RunFolder, RunWriter, check_no_link

from .manifest import SweepManifest
from .material import Material, train_trial

HISTORY_SECONDS = 30.0
"""Seconds in which the line of an epoch comes, which another thread writes."""


@dataclass(frozen=True)
class TrialTask:
    """What a worker needs for one trial; the arrays of the data lie beside it.

    Attributes:
        place: How many trials ended or were begun before.
        key: Of this call of `cutaway.sweep` and the place: one that is done again by another worker has the same.
        folder: The sweep's folder, which workers write into.
        storage: Address of the storage; None for the journal in the folder.
        manifest: What the sweep is.
        data: What models are trained on, without arrays.
        split: Its training and validation samples.
        base: The settings of the recipe.
    """

    place: int
    key: str
    folder: str
    storage: str | None = field(repr=False)
    manifest: SweepManifest = field(repr=False)
    data: Dataset = field(repr=False)
    split: Split = field(repr=False)
    base: Mapping[str, Any] = field(repr=False)


def arrays_of(material: Material) -> dict[str, np.ndarray]:
    """What all trials read, by name."""
    sources = material.data.sources.items()
    arrays = {f"{part} {name}": getattr(source, part) for name, source in sources for part in ("x", "y")}
    return arrays if material.weights is None else arrays | {"weights": material.weights}


def without_arrays(data: Dataset) -> Dataset:
    """A dataset whose arrays lie beside a task."""
    return replace(data, sources={name: Source(source.x[:0], source.y[:0]) for name, source in data.sources.items()})


def do_trial(
    task: TrialTask, arrays: Mapping[str, np.ndarray], on_progress: ProgressCallback = ignore_progress
) -> Trial | None:
    """Do one trial and return what came of it; None where others have done all meanwhile.

    Raises:
        Canceled: `on_progress` raised it, or nobody waits any longer; the trial goes on where it was, once it is done
            again.
        CutawayError, OSError: The disk or the storage refuses.
    """
    from cutaway import models

    manifest, folder = task.manifest, Path(task.folder)
    sources = {name: Source(arrays[f"x {name}"], arrays[f"y {name}"]) for name in task.data.sources}
    data = replace(task.data, sources=sources)
    material = Material(data, data, task.split, task.base, arrays.get("weights"))
    with open_study(folder, task.storage, name=manifest.name) as study:
        give_back_lost(study, task=task.key)
        if sum(trial.ended for trial in trials_of(study)) >= manifest.trials:
            return None
        default: dict[str, Any] = manifest.default | {"hidden": tuple(manifest.default["hidden"])}
        trial, settings = ask_trial(
            study,
            read_space(manifest.space),
            place=task.place,
            task=task.key,
            default=default,
            seed=manifest.seed,
            epochs=int(default["epochs"]),
            trials=manifest.trials,
        )
        watch = _Watch(trial, on_progress, samples=len(task.split.train), epochs=int(default["epochs"]))
        try:
            run = _train(trial, material, manifest, settings, folder, watch)
        except (Canceled, KeyboardInterrupt, OSError):
            if watch.pruned is None:
                give_back(study, trial)
                raise
            assert watch.path is not None
            why = f"stopped early: others had a lower validation loss after epoch {watch.pruned}"
            _say_why(watch.path, why)
            stopped = Run(RunContext(RunFolder.open(watch.path), data=data))
            return tell(trial, "PRUNED", why=why, **_result(stopped, epoch=watch.pruned))
        except TrainingError as error:  # the loss became NaN
            return tell(trial, "PRUNED", why=f"{error.rule}; got {error.got}")
        except (CutawayError, MemoryError) as error:
            if isinstance(error.__cause__, OSError):  # a full disk would fail all trials
                give_back(study, trial)
                raise
            failed = tell(trial, "FAIL", why=str(error) or type(error).__name__)
            if all(each.state in ("failed", "running") for each in trials_of(study)):  # perhaps none can be trained
                raise
            return failed
        finally:
            models.forget_compiled_programs()  # otherwise 6 MB stay of every trial
        watch.catch_up(run.path)
        return tell(trial, "COMPLETE", float((run.context.row() or {})["val_loss"]), **_result(run))


def _train(
    trial: Any, material: Material, manifest: SweepManifest, settings: Mapping[str, Any], folder: Path, watch: "_Watch"
) -> Run:
    """Train a trial from its beginning, or go on with its run where an earlier attempt left one."""
    path = folder / run_of(trial)
    if (path / "run.json").is_file():
        check_no_link(path)
        found = Run(RunContext(RunFolder.open(path), data=material.data))
        watch.path = path
        return found if found.folder.status == "finished" else resume(found, progress=watch)
    watch.path = path
    return train_trial(material, manifest, settings, path=path, number=trial.number, progress=watch)


class _Watch:
    """The progress of one trial: reports the validation loss of each epoch, and stops the trial early."""

    def __init__(self, trial: Any, on_progress: ProgressCallback, *, samples: int, epochs: int) -> None:
        self._trial, self._on_progress, self._samples, self._epochs = trial, on_progress, samples, epochs
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
            self._trial.report(float(row["val_loss"]), step=row["epoch"])
            if self._trial.should_prune() and wait_for and row["epoch"] < self._epochs:
                self.pruned = row["epoch"]
                raise Canceled("a trial runs until others are better", got="a better one", hint="see the sweep")


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
