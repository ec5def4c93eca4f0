"""The queue of trainings of a folder of runs: one folder for each job, which outlives every server."""

import logging
import os
import secrets
import shutil
import threading
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cutaway.errors import Canceled, RunError, UnknownNameError, UsageError
from cutaway.log import survive
from cutaway.runs import check_own, is_linked, names_in, take_lock, write_atomic

from .files import (
    FOREIGN,
    JOB,
    LOCK,
    OTHER_VERSION,
    SIGNATURE,
    STARTED,
    UNKNOWN_STATUS,
    key_of,
    look_at_job,
    read_job,
    read_status,
    runs_by_process,
    why_not_started,
    write_status,
)
from .records import QueuedTraining, Status, task_words
from .signature import sign
from .started import ATTEMPTS, note_starts, starts_of
from .stopping import stop_process

log = logging.getLogger("cutaway.jobs.trainings")

JOBS = Path(".studio") / "jobs"

WAITING = 1_000
"""Jobs that wait at most."""

KEPT = 200
"""Jobs that have ended and are kept at most."""

ENDED = ("ended", "failed", "canceled", "died")


class JobQueue:
    """The jobs of a folder of runs, a folder each.

    What a job is to do is in ``job.json``, which is written once; its signature, in ``seal``, proves that it was asked
    for here. How it stands is in ``status.json``, which only the holder of ``lock`` writes; its process prints into
    ``log.txt``. The user's cache holds which jobs were started, so that none is started again by an older copy of its
    folder.

    Attributes:
        runs: The folder of runs.
        folder: The folder of the jobs.
        trouble: Why jobs that wait could not be started, by id.
    """

    def __init__(self, runs: Path) -> None:
        self.runs, self.folder = runs, runs / JOBS
        self.trouble: dict[str, str] = {}
        self._ended: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()  # the scheduler and several requests look at the same time

    def add(self, job: QueuedTraining) -> str:
        """Put a job at the end of the queue, and return its id.

        Raises:
            UsageError: Too many wait.
            RunError: The folder cannot be written, or is a link.
        """
        self.tidy()
        if sum(row["state"] == "queued" for row in self.rows()) >= WAITING:
            raise UsageError(
                f"at most {WAITING:,} trainings wait", got="one more", hint="cancel some, or wait until some have ended"
            )
        name = f"{datetime.fromtimestamp(job.created, UTC):%Y%m%d-%H%M%S-%f}-{secrets.token_hex(3)}"
        making, data = self.folder / f".{name}.making", job.model_dump_json().encode()
        check_own(self.runs, JOBS)
        try:
            making.mkdir(parents=True)
            write_atomic(making / SIGNATURE, sign(self.folder / name, data).encode())
            write_atomic(making / JOB, data)
            making.rename(self.folder / name)  # a job is there whole or not at all
        except OSError as error:
            shutil.rmtree(making, ignore_errors=True)
            raise RunError(
                "trainings wait in the folder of runs, which must be one that can be written",
                got=f"{error.strerror or error}",
                hint="check the permissions of the folder and the free space on the disk",
            ) from error
        return name

    def names(self) -> list[str]:
        """Ids of all jobs, the oldest first."""
        try:
            return [] if is_linked(self.runs, JOBS) else names_in(self.folder)
        except OSError:
            return []

    def path(self, name: str) -> Path:
        """The folder of a job.

        Raises:
            UnknownNameError: There is none of this id.
        """
        if name not in self.names():
            raise UnknownNameError("a training is one of the queue", got=f'"{name:.100}"', hint="look at the queue")
        return self.folder / name

    def job(self, name: str) -> QueuedTraining:
        """What a job is to do.

        Raises:
            UnknownNameError: There is none of this id.
            RunError: It is damaged.
        """
        return read_job(self.path(name))

    def status(self, name: str) -> Status | None:
        """What was last written on how a job stands; None if nothing was."""
        return read_status(self.folder / name)

    def rows(self) -> list[dict[str, Any]]:
        """How all jobs stand, as plain data, the oldest first.

        Returns:
            ``id``, ``state`` ("queued", "starting", "running", "ended", "failed", "canceled" or "died"), ``run``,
            ``stopped``, ``note``, ``error``, ``created`` and what `task_words` says.
        """
        with self._lock:
            return self._rows()

    def row(self, name: str) -> dict[str, Any]:
        """How one job stands, as in `rows`.

        Raises:
            UnknownNameError: There is none of this id.
        """
        self.path(name)
        return next(row for row in self.rows() if row["id"] == name)

    def cancel(self, name: str) -> None:
        """Take a job out of the queue, before it has begun.

        Raises:
            UnknownNameError: There is none of this id.
            UsageError: It has begun.
            RunError: Its lock cannot be taken.
        """
        path = self.path(name)
        try:
            lock = take_lock(path / LOCK, patience=0.1)
        except OSError as error:
            raise RunError(
                "a training that waits is canceled in its folder",
                got=f"{error.strerror or error} at {path.name}/{LOCK}",
                hint=f"delete the folder {JOBS / name} among the runs",
            ) from error
        try:
            status = read_status(path)
            if lock is None or (status is not None and status.state != "starting"):  # one that no process holds waits
                raise UsageError("only a training that waits is canceled", got="one that has begun", hint="stop it")
            self._never_start(name)
            write_status(path, Status(state="canceled", attempts=0))
        finally:
            if lock is not None:
                os.close(lock)

    def stop(self, name: str, *, kill: bool = False) -> None:
        """Stop the process of a job, also before its run is there.

        Raises:
            UnknownNameError: There is none of this id.
            UsageError: See `stop_process`.
        """
        path = self.path(name)
        status = read_status(path)
        stop_process(status.process if status else None, holding=path / LOCK, kill=kill)

    def forget(self, name: str) -> None:
        """Remove a job that has ended from the list; the run that it made stays.

        Raises:
            UnknownNameError: There is none of this id.
            UsageError: It has not ended.
        """
        path = self.path(name)
        if self.row(name)["state"] in ("queued", "starting", "running"):
            raise UsageError("only a training that has ended is removed", got="one that has not", hint="stop it first")
        self._never_start(name)  # a copy of its folder may come back
        shutil.rmtree(path, ignore_errors=True)

    def tidy(self) -> None:
        """Remove the oldest jobs that have ended, and what a killed server left half made.

        What cannot be read stays.
        """
        known = [row for row in self.rows() if row["created"] is not None and row["error"] != UNKNOWN_STATUS]
        ended = [row["id"] for row in known if row["state"] in ENDED]
        for name in ended[:-KEPT]:
            shutil.rmtree(self.folder / name, ignore_errors=True)
        with survive(log, "removing what a killed server left", OSError):
            for stray in self.folder.glob(".*.making"):
                if time.time() - stray.stat().st_mtime > 3600:
                    shutil.rmtree(stray, ignore_errors=True)

    def _never_start(self, name: str) -> None:
        """Remember that a job is over, so that no older copy of its folder starts it."""
        try:
            if starts_of(name) < ATTEMPTS:
                note_starts(name, ATTEMPTS)
        except OSError:
            log.warning("only the folder of %s says that it is over", name, exc_info=True)

    def _rows(self) -> list[dict[str, Any]]:
        names = self.names()
        self._ended = {name: row for name, row in self._ended.items() if name in names}
        runs: dict[str, str] | None = None
        rows: list[dict[str, Any]] = []
        for name in names:
            row = self._ended.get(name) or self._row(name)
            if (
                name not in self._ended
                and row["state"] in ENDED
                and row["error"] not in (FOREIGN, STARTED, UNKNOWN_STATUS)
            ):
                if row["run"] is None and row["state"] == "died":
                    runs = runs_by_process(self.runs) if runs is None else runs
                    status = self.status(name)
                    row["run"] = status.process and runs.get(key_of(status.process)) if status else None
                self._ended[name] = row
            rows.append(row)
        return rows

    def _row(self, name: str) -> dict[str, Any]:
        path = self.folder / name
        try:
            job = read_job(path)
        except RunError as error:
            return {"id": name, "state": "failed", "run": None, "note": "", "error": str(error), "created": None}
        status, state, error = look_at_job(path)
        note = self.trouble.get(name) or (status.note if status else "")
        try:
            why = None if job.version == version("cutaway") else OTHER_VERSION
            if state == "queued" and (why := why or why_not_started(path)):
                state, error = "failed", why
        except OSError as failure:  # it waits until that can be told
            note = f"cannot be started: {failure.strerror or failure}"
        return {
            "id": name,
            "state": state,
            "created": job.created,
            "error": error,
            **task_words(job.task),
            "run": status.run if status else None,
            "stopped": status is not None and status.exit == Canceled.exit_code,
            "note": note,
        }
