"""The queue of trainings of a folder of runs: one folder for each job, which outlives every server."""

import contextlib
import os
import secrets
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cutaway.errors import Canceled, RunError, UnknownNameError, UsageError, printable
from cutaway.runs import ProcessRecord, is_locked, read_bytes, read_json, regular_file, write_atomic
from cutaway.studio.folders import check_own, is_linked, names_in

from .job import Job, Status, task_words
from .lock import take_lock
from .seal import is_seal, seal
from .stopping import stop_process

JOBS = Path(".studio") / "jobs"
JOB, SEAL, STATUS, LOCK, LOG = "job.json", "seal", "status.json", "lock", "log.txt"

WAITING = 1_000
"""Jobs that wait at most."""

KEPT = 200
"""Jobs that have ended and are kept at most."""

ATTEMPTS = 2
"""How often a process is started for a job: one that dies before it can say anything would die for ever."""

ENDED = ("ended", "failed", "canceled", "died")

FOREIGN = (
    "a training starts where it was asked for; got one that came with the folder of runs, or was asked for by another "
    "user; next: start it again"
)

BYTES = 4 << 20
LOG_BYTES = 4_000
"""The end of a log that is looked at."""


class JobQueue:
    """The jobs of a folder of runs, a folder each.

    What a job is to do is in ``job.json``, which is written once, and ``seal`` proves that it was asked for here. How
    it stands is in ``status.json``, which only the holder of ``lock`` writes; its process prints into ``log.txt``.

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
            write_atomic(making / SEAL, seal(name, data).encode())
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
            the queue, from 1), ``run``, ``stopped``, ``note``, ``error``, ``created`` and what `task_words` says.
        """
        names = self.names()
        self._ended = {name: row for name, row in self._ended.items() if name in names}
        runs: dict[str, str] | None = None
        rows: list[dict[str, Any]] = []
        for name in names:
            row = self._ended.get(name) or self._row(name)
            if name not in self._ended and row["state"] in ENDED:
                if row["run"] is None and row["state"] == "died":
                    runs = runs_by_process(self.runs) if runs is None else runs
                    status = self.status(name)
                    row["run"] = status.process and runs.get(_key_of(status.process)) if status else None
                self._ended[name] = row
            rows.append(row)
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
        self.path(name)
        return next(row for row in self.rows() if row["id"] == name)

    def cancel(self, name: str) -> None:
        """Take a job out of the queue, before it has begun.

        Raises:
            UnknownNameError: There is none of this id.
            UsageError: It has begun.
        """
        path = self.path(name)
        lock = take_lock(path / LOCK, patience=0.1)
        try:
            status = read_status(path)
            if lock is None or (status is not None and status.state != "starting"):  # one that no process holds waits
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
        ended = [row["id"] for row in self.rows() if row["state"] in ENDED]
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
            return {"id": name, "state": "failed", "run": None, "note": "", "error": str(error), "created": None}
        status = read_status(path)
        state, error = _state(path, status)
        if state == "queued" and not _is_sealed(path):
            state, error = "failed", FOREIGN
        return {
            "id": name,
            "state": state,
            "created": job.created,
            "error": error,
            **task_words(job.task),
            "run": status.run if status else None,
            "stopped": status is not None and status.exit == Canceled.exit_code,
            "note": self.trouble.get(name) or (status.note if status else ""),
        }


def _state(path: Path, status: Status | None) -> tuple[str, str | None]:
    """The state of a job, and why it failed."""
    held = is_locked(path / LOCK)
    if status is None:
        return ("starting" if held else "queued"), None
    if status.state == "canceled":
        return "canceled", None
    if status.state == "ended":
        failed = status.exit not in (0, Canceled.exit_code)
        return ("failed" if failed else "ended"), status.error
    if held:
        return status.state, None
    if status.state == "starting" and status.attempts < ATTEMPTS:
        return "queued", None
    last = printable(_last_line(path / LOG))
    return "died", f"the process ended without a word{f', last in its log: {last}' if last else ''}"


def _last_line(log: Path) -> str:
    try:
        with open(regular_file(log, run=log.parent), "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - LOG_BYTES))
            lines = file.read(LOG_BYTES).decode(errors="replace").strip().splitlines()
    except (OSError, RunError):
        return ""
    return lines[-1] if lines else ""


def _is_sealed(path: Path) -> bool:
    """Whether a job was asked for here, and did not come with the folder."""
    try:
        given, data = (read_bytes(path / name, run=path, limit=BYTES) for name in (SEAL, JOB))
    except (OSError, RunError):
        return False
    return is_seal(given.decode(errors="replace"), path.name, data)


def read_job(path: Path) -> Job:
    """What the job in a folder is to do.

    Raises:
        RunError: Its file is damaged or gone.
    """
    try:
        return Job.model_validate_json(read_bytes(path / JOB, run=path, limit=BYTES))
    except (OSError, ValueError, RunError) as error:
        got = error.strerror or str(error) if isinstance(error, OSError) else f"a damaged {JOB}"
        raise RunError("a job says what is to be trained", got=got, hint="start the training again") from error


def read_status(path: Path) -> Status | None:
    """How the job in a folder stands; None if nothing that can be read was written."""
    try:
        return Status.model_validate_json(read_bytes(path / STATUS, run=path, limit=BYTES))
    except (OSError, ValidationError, RunError):
        return None


def write_status(path: Path, status: Status) -> None:
    """Write how a job stands; only the holder of its lock does.

    Raises:
        OSError: The disk refuses.
    """
    write_atomic(path / STATUS, status.model_dump_json().encode())


def find_run_of(runs: Path, process: ProcessRecord) -> str | None:
    """The run that a process writes or was writing when it died, the newest one if several."""
    return runs_by_process(runs).get(_key_of(process))


def runs_by_process(runs: Path) -> dict[str, str]:
    """The run that each process writes or was writing when it died, the newest one if several."""
    found: dict[str, str] = {}
    with contextlib.suppress(OSError):
        for name in names_in(runs):
            with contextlib.suppress(OSError, RunError, ValueError, AttributeError):
                record = read_json(read_bytes(runs / name / "run.json", run=runs / name, limit=BYTES), where=name)
                found[_key_of(ProcessRecord.model_validate(record.get("process")))] = name
    return found


def _key_of(process: ProcessRecord) -> str:
    return process.model_dump_json()
