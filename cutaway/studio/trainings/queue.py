"""The queue of trainings of a folder of runs: one folder for each job, which outlives every server."""

import contextlib
import json
import os
import secrets
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cutaway.errors import RunError, UnknownNameError, UsageError, printable
from cutaway.runs import is_locked, write_atomic

from .job import Job, Status, task_words
from .lock import take_lock
from .stopping import stop_process

JOBS = Path(".studio") / "jobs"
JOB, STATUS, LOCK, LOG = "job.json", "status.json", "lock", "log.txt"

WAITING = 1_000
"""Jobs that wait at most."""

KEPT = 200
"""Jobs that have ended and are kept at most."""

ATTEMPTS = 2
"""How often a process is started for a job: one that dies before it can say anything would die for ever."""

BYTES = 4 << 20
LOG_BYTES = 4_000
"""The end of a log that is looked at."""


class JobQueue:
    """The jobs of a folder of runs, a folder each.

    What a job is to do is in ``job.json``, which is written once; how it stands is in ``status.json``, which only the
    holder of ``lock`` writes; what its process printed is in ``log.txt``.

    Attributes:
        runs: The folder of runs.
        folder: The folder of the jobs.
        trouble: Why jobs that wait could not be started, by id.
    """

    def __init__(self, runs: Path) -> None:
        self.runs, self.folder = runs, runs / JOBS
        self.trouble: dict[str, str] = {}
        self._ended: dict[str, dict[str, Any]] = {}

    def add(self, job: Job) -> str:
        """Put a job at the end of the queue, and return its id.

        Raises:
            UsageError: Too many wait.
            RunError: The folder cannot be written.
        """
        if sum(row["state"] == "queued" for row in self.rows()) >= WAITING:
            raise UsageError(
                f"at most {WAITING:,} trainings wait", got="one more", hint="cancel some, or wait until some have ended"
            )
        name = f"{datetime.fromtimestamp(job.created, UTC):%Y%m%d-%H%M%S-%f}-{secrets.token_hex(3)}"
        making = self.folder / f".{name}.making"
        try:
            making.mkdir(parents=True)
            write_atomic(making / JOB, job.model_dump_json().encode())
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
            with os.scandir(self.folder) as entries:
                return sorted(e.name for e in entries if not e.name.startswith(".") and e.is_dir(follow_symlinks=False))
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

    def job(self, name: str) -> Job:
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
            ``id``, ``state`` ("queued", "starting", "running", "ended", "failed", "canceled" or "died"), ``place`` (in
            the queue, from 1), ``run``, ``note``, ``error``, ``created`` and what `task_words` says.
        """
        names = self.names()
        self._ended = {name: row for name, row in self._ended.items() if name in names}
        rows = [self._ended.get(name) or self._row(name) for name in names]
        place = 0
        for row in rows:
            place += row["state"] == "queued"
            row["place"] = place if row["state"] == "queued" else None
        return rows

    def row(self, name: str) -> dict[str, Any]:
        """How one job stands, as in `rows`.

        Raises:
            UnknownNameError: There is none of this id.
        """
        found = [row for row in self.rows() if row["id"] == name]
        return found[0] if found else {"path": self.path(name)}

    def cancel(self, name: str) -> None:
        """Take a job out of the queue, before it has begun.

        Raises:
            UnknownNameError: There is none of this id.
            UsageError: It has begun.
        """
        path = self.path(name)
        lock = take_lock(path / LOCK, patience=0.1)
        try:
            if lock is None or read_status(path) is not None:
                raise UsageError("only a training that waits is canceled", got="one that has begun", hint="stop it")
            write_status(path, Status(state="canceled", attempts=0))
        finally:
            if lock is not None:
                os.close(lock)

    def stop(self, name: str, *, kill: bool = False) -> None:
        """Stop the process of a job, also before its run is there.

        Raises:
            UnknownNameError: There is none of this id.
            UsageError: As `stop_process`.
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
        shutil.rmtree(path, ignore_errors=True)

    def tidy(self) -> None:
        """Remove the oldest jobs that have ended, and what a killed server left half made."""
        ended = [row["id"] for row in self.rows() if row["state"] in ("ended", "failed", "canceled", "died")]
        for name in ended[:-KEPT]:
            shutil.rmtree(self.folder / name, ignore_errors=True)
        with contextlib.suppress(OSError):
            for stray in self.folder.glob(".*.making"):
                if time.time() - stray.stat().st_mtime > 3600:
                    shutil.rmtree(stray, ignore_errors=True)

    def _row(self, name: str) -> dict[str, Any]:
        path = self.folder / name
        try:
            job = read_job(path)
        except RunError as error:
            row = {"id": name, "state": "failed", "run": None, "note": "", "error": str(error), "created": None}
            self._ended[name] = row
            return row
        status = read_status(path)
        state, error = _state(path, status)
        row = {
            "id": name,
            "state": state,
            "created": job.created,
            "error": error,
            **task_words(job.task),
            "run": status.run if status else None,
            "note": self.trouble.get(name) or (status.note if status else ""),
        }
        if row["run"] is None and status is not None and status.process is not None:
            row["run"] = self._run_of(status)
        if state in ("ended", "failed", "canceled", "died"):
            self._ended[name] = row
        return row

    def _run_of(self, status: Status) -> str | None:
        """The run of a process that died before it could say which one it makes."""
        return find_run_of(self.runs, status.process.model_dump()) if status.process else None


def _state(path: Path, status: Status | None) -> tuple[str, str | None]:
    """The state of a job, and why it failed."""
    held = is_locked(path / LOCK)
    if status is None:
        return ("starting" if held else "queued"), None
    if status.state == "canceled":
        return "canceled", None
    if status.state == "ended":
        failed = status.exit not in (0, 130)
        return ("failed" if failed else "ended"), status.error
    if held:
        return status.state, None
    if status.state == "starting" and status.attempts < ATTEMPTS:
        return "queued", None
    last = printable(_last_line(path / LOG))
    return "died", f"the process ended without a word{f', last in its log: {last}' if last else ''}"


def _last_line(log: Path) -> str:
    try:
        with open(log, "rb") as file:
            file.seek(max(0, log.stat().st_size - LOG_BYTES))
            lines = file.read(LOG_BYTES).decode(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1] if lines else ""


def read_job(path: Path) -> Job:
    """What the job in a folder is to do.

    Raises:
        RunError: Its file is damaged or gone.
    """
    try:
        if (path / JOB).stat().st_size > BYTES:
            raise ValueError("too large")
        return Job.model_validate_json((path / JOB).read_bytes())
    except (OSError, ValueError) as error:
        got = error.strerror or str(error) if isinstance(error, OSError) else f"a damaged {JOB}"
        raise RunError("a job says what is to be trained", got=got, hint="start the training again") from error


def read_status(path: Path) -> Status | None:
    """How the job in a folder stands; None if nothing that can be read was written."""
    try:
        return Status.model_validate_json((path / STATUS).read_bytes())
    except (OSError, ValidationError):
        return None


def write_status(path: Path, status: Status) -> None:
    """Write how a job stands; only the holder of its lock does.

    Raises:
        OSError: The disk refuses.
    """
    write_atomic(path / STATUS, status.model_dump_json().encode())


def find_run_of(runs: Path, process: dict[str, Any]) -> str | None:
    """The run that a process writes or was writing when it died, the newest one if several."""
    try:
        with os.scandir(runs) as entries:
            names = sorted((e.name for e in entries if not e.name.startswith(".")), reverse=True)
    except OSError:
        return None
    for name in names:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            if json.loads((runs / name / "run.json").read_bytes()).get("process") == process:
                return name
    return None
