"""A training as its process does it: it needs nobody, and writes into the folder of its job how it stands.

The process loads what trainings need while there is no job yet, and ends with whoever could have given it one. Then it
holds the lock of its job for as long as it lives. SIGINT or SIGTERM stops the training as Ctrl-C does: everything up to
the last step is kept.
"""

import json
import logging
import os
import select
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from cutaway.errors import Canceled, CutawayError
from cutaway.jobs.job_context import JobContext
from cutaway.jobs.specifications import Training, TrainingJob
from cutaway.log import survive
from cutaway.progress import CancelToken, Progress
from cutaway.runs import ProcessRecord

from .files import find_run_of, read_job, read_status, write_status
from .records import Status
from .started import ATTEMPTS, note_starts

log = logging.getLogger("cutaway.jobs.trainings")

NOTE_SECONDS = 1.0
"""Seconds between two notes on what is done before the training begins."""

ORDER_BYTES = 65_536


class StatusWriter:
    """Writes how a job stands."""

    def __init__(self, path: Path, runs: Path) -> None:
        before = read_status(path)
        self._path, self._runs, self._noted = path, runs, time.monotonic()
        self._status = Status(
            state="running", attempts=before.attempts if before else 1, process=ProcessRecord.current()
        )
        try:
            note_starts(path.name, ATTEMPTS)
        except OSError:
            log.warning("an older copy of the folder of %s could be started once more", path.name, exc_info=True)
        write_status(path, self._status)

    def on_progress(self, now: Progress) -> None:
        """Say what is done, and which run it is once the training has begun."""
        if now.task == "training":
            if self._status.run is None:
                process = self._status.process
                self._write(run=process and find_run_of(self._runs, process), note="")
        elif now.ended or time.monotonic() - self._noted > NOTE_SECONDS:
            self._noted = time.monotonic()
            share = f" {now.done / now.total:.0%}" if now.total else ""
            self._write(note=f"{now.task}{share}")

    def end(self, code: int, *, run: str | None = None, error: str | None = None) -> int:
        """Say how it ended, and return the exit code."""
        known = run or self._status.run
        self._write(state="ended", exit=code, run=known, error=error, note="")
        return code

    def _write(self, **fields: Any) -> None:
        self._status = self._status.model_copy(update=fields)
        # a full disk must not end a training that may yet get through
        with survive(log, "writing how the job stands", OSError):
            write_status(self._path, self._status)


def train_job(path: Path) -> int:
    """Do what a job says, and return the exit code.

    Args:
        path: Folder of the job, whose lock this process holds.
    """
    runs = path.parent.parent.parent
    job = read_job(path)
    token = CancelToken()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: token.cancel())
    status = StatusWriter(path, runs)
    try:
        with token:
            run = job.task.run_in(JobContext(runs, path.name, status.on_progress, lambda _: None))
        return status.end(0, run=run)
    except Canceled:
        return status.end(Canceled.exit_code)
    except CutawayError as error:
        sys.stderr.write(f"{error}\n")
        return status.end(error.exit_code, error=_by_name(str(error), job.task, runs))
    except BaseException as error:
        log.exception("the training failed")
        words = " ".join(_by_name(str(error), job.task, runs).split())[:300]
        return status.end(1, error=f"unexpected {type(error).__name__}: {words}; next: look into the log of the job")


def _by_name(message: str, task: TrainingJob, runs: Path) -> str:
    """A message that names data and runs as a page knows them, without their paths."""
    paths = [task.data, str(task.options.get("test") or "")] if isinstance(task, Training) else []
    for path in filter(os.path.isabs, paths):
        message = message.replace(path, os.path.basename(path))
    return message.replace(f"{runs}{os.sep}", "")


def has_order() -> bool:
    """Whether a job is there already."""
    return bool(select.select([sys.stdin.fileno()], [], [], 0)[0])


def run_detached() -> None:
    """Wait for a job, do it, and end the process with its exit code."""
    with socket.socket(fileno=os.dup(sys.stdin.fileno())) as connection:
        line, descriptors, _, _ = socket.recv_fds(connection, ORDER_BYTES, 2)
    if not line:
        os._exit(0)  # whoever started us is gone, or needs us no more
    lock, output = descriptors
    os.set_inheritable(lock, False)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.close(output)
    code = train_job(Path(json.loads(line)["folder"]))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # threads of XLA may still want the interpreter, which taking itself apart would end by force
