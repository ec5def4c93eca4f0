"""The process of a training: it needs nobody, and writes into the folder of its job how it stands.

It loads what trainings need while there is no job yet, and ends with the server that could have given it one. Then it
holds the lock of its job for as long as it lives. A file ``stop``, SIGINT or SIGTERM stop the training as Ctrl-C does:
everything up to the last step is kept.
"""

import importlib
import json
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from cutaway.errors import Canceled, CutawayError
from cutaway.log import survive
from cutaway.progress import CancelToken, Progress
from cutaway.runs import ProcessRecord, labels_path, remove_strays, take_lock
from cutaway.words import percent

from .specifications import Continuation, JobContext, Repeat, Training, TrainingJob
from .training_queue import LOCK, LOG, STOP, Status, read_job, read_status, runs_by_process, write_status

log = logging.getLogger("cutaway.jobs.trainings")

LOADED = ("cutaway.api.train", "cutaway.training", "sklearn.datasets")
"""Packages to load before there is a job: 1.8 s of CPU time on the machine of the benchmarks, and 240 MB."""

NOTE_SECONDS = 1.0
"""Seconds between two notes before the first epoch."""

STOP_SECONDS = 0.2
"""Seconds between two looks for the file that asks it to stop."""

LOCK_SECONDS = 5.0
"""Seconds to wait for the lock of a job, which a server holds for a moment to look at it or to cancel it."""


def train_detached() -> None:
    """Load the packages of trainings, wait for a job, do it, and end the process with its exit code."""
    with survive(__name__, "loading what trainings need", Exception):  # the training itself will fail with it
        load()
    line = sys.stdin.buffer.readline()
    code = 0
    if line:  # otherwise the server is gone, or needs us no more
        order = json.loads(line)
        code = do_job(Path(order["folder"]), Path(order["runs"]))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # threads of XLA may still want the interpreter, which taking itself apart would end by force


def load() -> None:
    """Load the packages of trainings."""
    from cutaway.models import import_lean_keras, lean_keras

    lean_keras()
    import_lean_keras()
    for name in LOADED:
        importlib.import_module(name)


def do_job(path: Path, runs: Path) -> int:
    """Do a job that no other process does, if it was not canceled, and return the exit code.

    Args:
        path: Its folder.
        runs: The folder of runs.
    """
    if take_lock(path / LOCK, patience=LOCK_SECONDS) is None:  # held until the process ends
        return 0
    before = read_status(path)
    if before is None or before.state != "starting":
        return 0
    remove_strays(path)
    with open(path / LOG, "ab") as output:
        for stream in (1, 2):
            os.dup2(output.fileno(), stream)
    return train_job(path, runs, before)


def train_job(path: Path, runs: Path, before: Status) -> int:
    """Train, say in the folder of the job how that stands, and return the exit code."""
    job, token = read_job(path), CancelToken()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: token.cancel())
    threading.Thread(target=_wait_for_stop, args=(path / STOP, token), daemon=True).start()
    status = StatusWriter(path, runs, before)
    try:
        with token:
            return status.end(0, run=run(job.task, JobContext(runs, path.name, status.on_progress, lambda _: None)))
    except Canceled:
        return status.end(Canceled.exit_code)
    except CutawayError as error:
        sys.stderr.write(f"{error}\n")
        return status.end(error.exit_code, error=_by_name(str(error), job.task, runs))
    except BaseException as error:
        log.exception("the training failed")
        words = " ".join(_by_name(str(error), job.task, runs).split())[:300]
        return status.end(1, error=f"unexpected {type(error).__name__}: {words}; next: look into the log of the job")


def _wait_for_stop(file: Path, token: CancelToken) -> None:
    while not file.exists():
        time.sleep(STOP_SECONDS)
    token.cancel()


def _by_name(message: str, task: TrainingJob, runs: Path) -> str:
    """A message that names data and runs as a page knows them, without their paths."""
    paths = [task.data, str(task.options.get("test") or "")] if isinstance(task, Training) else []
    for path in filter(os.path.isabs, paths):
        message = message.replace(path, os.path.basename(path))
    return message.replace(f"{runs}{os.sep}", "")


class StatusWriter:
    """Writes how a job stands."""

    def __init__(self, path: Path, runs: Path, before: Status) -> None:
        self._path, self._runs, self._noted = path, runs, time.monotonic()
        self._process = ProcessRecord.current()
        self._status = before.model_copy(update={"state": "running", "process": self._process})
        write_status(path, self._status)

    def on_progress(self, now: Progress) -> None:
        """Report progress, and the run once the training has begun."""
        if now.task == "training":
            if self._status.run is None:
                self._write(run=runs_by_process(self._runs).get(self._process.model_dump_json()), note="")
        elif now.ended or time.monotonic() - self._noted > NOTE_SECONDS:
            self._noted = time.monotonic()
            share = f" {percent(now.done / now.total, 0)}" if now.total else ""
            self._write(note=f"{now.task}{share}")

    def end(self, code: int, *, run: str | None = None, error: str | None = None) -> int:
        """Say how it ended, and return the exit code."""
        self._write(state="ended", exit=code, run=run or self._status.run, error=error, note="")
        return code

    def _write(self, **fields: Any) -> None:
        self._status = self._status.model_copy(update=fields)
        # a full disk must not end a training that may yet get through
        with survive(__name__, "writing how the job stands", OSError):
            write_status(self._path, self._status)


def run(task: TrainingJob, context: JobContext) -> str:
    """Train, and return the name of the run.

    Raises:
        CutawayError: It cannot be trained.
        Canceled: It was stopped.
    """
    from cutaway.api.train import resume, train_like, train_recipe
    from cutaway.topics.label_issues.decisions import read_all

    runs = context.folder
    if isinstance(task, Continuation):
        return resume(str(runs / task.run), runs=runs, progress=context.on_progress).path.name
    if isinstance(task, Repeat):
        before = runs / task.run  # without any decision, reading the file says so
        labels = {"labels": read_all(before) or labels_path(before)} if task.labels else {}
        settings: dict[str, Any] = {**task.settings, **labels, "progress": context.on_progress}
        given = {"from_epoch": task.from_epoch, "ignore": task.ignore, "name": task.name}
        return train_like(str(before), runs=runs, **given, **settings).path.name
    chosen: dict[str, Any] = dict(task.settings)
    return train_recipe(
        task.data,
        options=task.options,
        recipe=task.form.recipe,
        form=task.form.model_dump(exclude={"recipe"}, exclude_none=True),
        runs=runs,
        name=task.name,
        progress=context.on_progress,
        **chosen,
    ).path.name
