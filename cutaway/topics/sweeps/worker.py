"""One worker of a sweep: takes trials, trains them, and reports what came of them."""

import contextlib
import shutil
import threading
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutaway.api.again import resume
from cutaway.api.opening import open_run
from cutaway.api.run import Run
from cutaway.errors import Canceled, CutawayError, TrainingError
from cutaway.execution import Asked, SweepStudy, Trial
from cutaway.progress import Progress, ProgressCallback
from cutaway.runs import RunFolder, RunWriter, check_no_link

from .manifest import SweepManifest
from .material import Material, train_trial

BEAT_SECONDS = 15.0
WAIT_SECONDS = 0.5
HISTORY_SECONDS = 30.0
"""Seconds that a worker waits at most for the line of an epoch, which another thread writes."""

OnTrial = Callable[[Trial], None]


@dataclass
class SweepReporter:
    """Reports how a sweep stands: a trial that ended, once, and how many are done.

    Attributes:
        study: The trials.
        on_progress: Called after every change.
        on_trial: Called with every trial that ends, whoever did it.
    """

    study: SweepStudy
    on_progress: ProgressCallback
    on_trial: OnTrial | None = None
    now: str = ""

    def __post_init__(self) -> None:
        self._trials = self.study.trials()
        self._reported_trials = {trial.number for trial in self._trials if trial.ended}
        self._total, self._ended = self.study.total, False
        self.report()

    def look(self) -> list[Trial]:
        """Read all trials, and report those that ended since."""
        self._trials, self._total = self.study.trials(), self.study.total
        for trial in self._trials:
            if trial.ended and trial.number not in self._reported_trials:
                self._reported_trials.add(trial.number)
                if self.on_trial is not None:
                    self.on_trial(trial)
        self.now = ""
        self.report()
        return self._trials

    def report(self) -> None:
        """Report progress; raises `Canceled` once that was asked for."""
        best, done = best_of(self._trials), sum(trial.ended for trial in self._trials)
        words = [] if best is None else [f"best {best.val_loss:.4f} (trial {best.number})"]
        words += [self.now] if self.now else []
        now = Progress("sweep", min(done, self._total), self._total, "trials", "  ".join(words))
        if not self._ended:  # a report after the last one would begin the task again
            self._ended = now.ended
            self.on_progress(now)


def best_of(trials: "list[Trial] | tuple[Trial, ...]") -> Trial | None:
    """The trial with the lowest validation loss among those that were not stopped early; None where there is none."""
    complete = [trial for trial in trials if trial.state == "complete" and trial.val_loss is not None]
    return min(complete, key=lambda trial: (trial.val_loss or 0.0, trial.number), default=None)


def work(study: SweepStudy, folder: Path, material: Material, manifest: SweepManifest, reporter: SweepReporter) -> None:
    """Do trials until all are done, by whoever.

    Raises:
        Canceled: `reporter` raised it; the trial under way goes on where it was, once a worker comes.
        CutawayError: No trial can be trained.
        CutawayError, OSError: The disk or the storage refuses; the trial under way is done again likewise.
    """
    from cutaway import models

    while True:
        asked = study.ask()
        if asked is None:
            if all(trial.ended for trial in reporter.look()):
                return
            reporter.now = "waiting for trials of other workers"
            reporter.report()
            time.sleep(WAIT_SECONDS)
            continue
        error = _do(study, asked, folder, material, manifest, reporter)
        models.forget_compiled_programs()  # otherwise 6 MB stay of every trial
        trials = reporter.look()
        states = {trial.state for trial in trials}
        if error is not None and "failed" in states and not states & {"complete", "pruned"}:
            raise error


def _do(
    study: SweepStudy, asked: Asked, folder: Path, material: Material, manifest: SweepManifest, reporter: SweepReporter
) -> Exception | None:
    """Do one trial and report what came of it; returns the error with which it failed."""
    watch = _Watch(study, asked, reporter, epochs=int(manifest.default["epochs"]))
    try:
        with _heartbeat(study, asked):
            run = _train(study, asked, folder, material, manifest, watch)
    except (Canceled, KeyboardInterrupt):
        if watch.pruned is None:
            study.fail(asked, "stopped by the user", kind="stopped")
            raise
        assert watch.path is not None
        why = f"stopped early: others had a lower validation loss after epoch {watch.pruned}"
        _say_why(watch.path, why)
        study.prune(asked, why, _result(open_run(watch.path, data=material.loaded), epoch=watch.pruned))
    except TrainingError as error:  # the same settings would diverge again
        study.prune(asked, f"{error.rule}; got {error.got}", {})
    except (CutawayError, MemoryError, OSError) as error:
        if isinstance(error, OSError) or isinstance(error.__cause__, OSError):  # a full disk would fail all trials
            study.fail(asked, str(error), kind="stopped")
            raise
        study.fail(asked, str(error) or type(error).__name__)
        return error
    except BaseException as error:
        study.fail(asked, f"{type(error).__name__}: {error}")
        raise
    else:
        watch.catch_up(run.folder, len(run.history))
        row = run.context.row() or {}
        study.complete(asked, float(row["val_loss"]), _result(run))
    return None


def _train(
    study: SweepStudy, asked: Asked, folder: Path, material: Material, manifest: SweepManifest, watch: "_Watch"
) -> Run:
    """Train a trial from its beginning, or go on with its run where an earlier attempt left one."""
    path = folder / (asked.run or f"trial-{asked.number:04d}")
    if asked.run is not None:
        with contextlib.suppress(CutawayError):  # one that is not here, or is damaged, is trained from the beginning
            check_no_link(path)
            found = RunFolder.open(path)
            if (damage := found.damage) is not None:
                raise damage
            study.begin(asked, path.name)
            watch.begin(path, len(material.split.train))
            if found.status == "finished":
                return open_run(path, data=material.loaded)
            return resume(path, data=material.loaded, progress=watch)
        if watch.pruned is not None or watch.canceled:
            raise Canceled("a trial runs until it is done", got="a request to cancel it", hint="continue the sweep")
    path = _free(folder, f"trial-{asked.number:04d}")
    study.begin(asked, path.name)
    watch.begin(path, len(material.split.train))
    return train_trial(material, manifest, asked.settings, path=path, number=asked.number, progress=watch)


def _free(folder: Path, name: str) -> Path:
    """A path where no run is; what a process left that was killed before its run began is removed."""
    attempt, path = 1, folder / name
    while (path / "run.json").exists():
        attempt += 1
        path = folder / f"{name}-{attempt}"
    shutil.rmtree(path, ignore_errors=True)
    return path


class _Watch:
    """The progress of one trial: reports the validation loss of each epoch, and stops the trial early."""

    def __init__(self, study: SweepStudy, asked: Asked, reporter: SweepReporter, *, epochs: int) -> None:
        self._study, self._asked, self._reporter, self._epochs = study, asked, reporter, epochs
        self._samples, self._reported = 1, 0
        self.path: Path | None = None
        self.pruned: int | None = None
        self.canceled = False

    def begin(self, path: Path, samples: int) -> None:
        """Say where the run is, and how many samples an epoch has."""
        self.path, self._samples = path, samples

    def __call__(self, now: Progress) -> None:
        self._reporter.now = f"trial {self._asked.number}: {now.note.partition('  ')[0] or now.task}"
        try:
            self._reporter.report()
        except Canceled:
            self.canceled = True
            raise
        if now.task != "training" or not now.done or now.done % self._samples or self.path is None:
            return
        self.catch_up(self.path, now.done // self._samples, wait=True)

    def catch_up(self, run: Path | RunFolder, epoch: int, *, wait: bool = False) -> None:
        """Report the epochs of the history up to one.

        Raises:
            Canceled: The trial is stopped early.
        """
        folder, deadline = (
            run if isinstance(run, RunFolder) else RunFolder.open(run),
            time.monotonic() + HISTORY_SECONDS,
        )
        while True:
            rows = folder.history()
            if not wait or (rows and rows[-1]["epoch"] >= epoch) or time.monotonic() > deadline:
                break
            time.sleep(0.005)
        for row in rows:
            if row["epoch"] <= self._reported or row.get("val_loss") is None:
                continue
            self._reported = row["epoch"]
            stops = self._study.report(self._asked, row["epoch"], float(row["val_loss"]))
            if stops and wait and row["epoch"] < self._epochs:
                self.pruned = row["epoch"]
                raise Canceled("a trial runs until others are better", got="a better one", hint="see the sweep")


@contextlib.contextmanager
def _heartbeat(study: SweepStudy, asked: Asked) -> Generator[None]:
    """Tell every few seconds that the worker is still there."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(BEAT_SECONDS):
            with contextlib.suppress(CutawayError, RuntimeError):  # the training itself finds out
                study.beat(asked)

    thread = threading.Thread(target=beat, name="sweep-heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _say_why(path: Path, why: str) -> None:
    """Write into run.json why a trial was stopped, in place of a request of the user."""
    writer = RunWriter.reopen(path)
    try:
        writer.update(why=why)
    finally:
        writer.close()


def _result(run: Run, *, epoch: int | None = None) -> Mapping[str, Any]:
    """What the sweep keeps of a run after an epoch, so that it can be shown where the run folder is not."""
    rows, row = run.history.rows, run.context.row(epoch) or {}
    seconds = run.context.manifest.cost.get("training")
    return {
        "val_accuracy": row.get("val_accuracy"),
        "epochs": len(rows),
        "seconds": round(sum(each.get("seconds") or 0.0 for each in rows), 3) if seconds is None else seconds,
        "parameters": run.folder.parameters(),
    }
