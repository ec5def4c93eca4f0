"""The trainings of a folder of runs that wait, run or have ended, on disk in the user's state folder."""

import hashlib
import logging
import os
import secrets
import shutil
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, Field, ValidationError

from cutaway.cache import make_private
from cutaway.checks import open_regular, read_regular
from cutaway.errors import Canceled, RunError, UnknownNameError, UsageError, os_errors
from cutaway.log import last_line, survive
from cutaway.parallel import RunnerProcess
from cutaway.runs import (
    ProcessRecord,
    is_locked,
    names_in,
    read_bytes,
    read_json,
    remove_strays,
    take_lock,
    write_atomic,
)

from .specifications import Text, Training, TrainingJob

log = logging.getLogger("cutaway.jobs.trainings")

JOB, STATUS, LOCK, STOP, LOG = "job.json", "status.json", "lock", "stop", "log.txt"

ATTEMPTS = 2
"""How often a process is started for a training: one that dies before it can say anything would die for ever."""

WAITING = 1_000
"""Limit of the trainings that wait."""

KEPT = 200
"""How many trainings that have ended are kept."""

STRAY_SECONDS = 3600.0
"""Age of a half-made folder after which its process was surely killed."""

RUN_JSON_BYTES = 4 << 20

ENDED = ("ended", "failed", "canceled", "died")

OTHER_VERSION = "asked for in another version of cutaway; next: start it again"


Record = TypeVar("Record", bound=BaseModel)


class QueuedTraining(BaseModel, frozen=True, extra="forbid"):
    """What a person asked for; it never changes.

    Attributes:
        created: When, in seconds since 1970.
        person: Who.
        task: What.
        version: The version of cutaway of the request.
    """

    created: Annotated[float, Field(allow_inf_nan=False)]
    person: Text = ""
    task: Annotated[TrainingJob, Field(discriminator="kind")]
    version: Annotated[str, Field(max_length=64)] = version("cutaway")


class Status(BaseModel, frozen=True):
    """How a training stands, as whoever held its lock wrote it.

    Attributes:
        state: "starting", "running", "ended" or "canceled".
        attempts: How often a process was started for it.
        process: The process that trains.
        run: Id of the run that it makes or resumes, once it is known.
        note: What it does before the first epoch.
        exit: Exit code of the process.
        error: Why it failed, one line.
    """

    state: Literal["starting", "running", "ended", "canceled"]
    attempts: int = 1
    process: ProcessRecord | None = None
    run: Text | None = None
    note: Text = ""
    exit: int | None = None
    error: str | None = None


class TrainingQueue:
    """The trainings of a folder of runs, a folder each in the user's state folder, where they outlive every server.

    What is to be done is in ``job.json``, which is written once. How it stands is in ``status.json``, which only the
    holder of ``lock`` writes: a server that starts or cancels it, then its process for as long as it lives. A file
    ``stop`` asks the process to stop, and it prints into ``log.txt``.

    Args:
        runs: The folder of runs.

    Attributes:
        runs: The folder of runs.
        trouble: Why trainings that wait could not be started, by id.
    """

    def __init__(self, runs: Path) -> None:
        self.runs = runs
        self.trouble: dict[str, str] = {}
        self._given: dict[str, RunnerProcess] = {}
        self._ended: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()  # the manager and several requests look at the same time
        self._ours: int | None = None

    @cached_property
    def folder(self) -> Path:
        """Where the trainings are.

        Raises:
            OSError: It cannot be made or written, or others may write into it.
        """
        path = os.path.realpath(self.runs)
        digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
        return make_private(state_folder() / "trainings" / f"{os.path.basename(path)[:40]}-{digest}")

    def add(self, job: QueuedTraining) -> str:
        """Put a training at the end of the queue, and return its id.

        Raises:
            UsageError: Too many wait.
            RunError: The folder of runs or the folder of the queue cannot be written.
        """
        self.tidy()
        if sum(row["state"] == "queued" for row in self.rows()) >= WAITING:
            raise UsageError(
                f"the queue is full: {WAITING:,} trainings are waiting", hint="cancel some, or wait for some to end"
            )
        name = f"{datetime.fromtimestamp(job.created, UTC):%Y%m%d-%H%M%S-%f}-{secrets.token_hex(3)}"
        hint = "check the permissions and the free space on the disk, or set XDG_STATE_HOME to another folder"
        with os_errors(f"cannot write the queue of {self.runs}", hint=hint):
            self.runs.mkdir(parents=True, exist_ok=True)
            making = self.folder / f".{name}.making"
            making.mkdir(parents=True)
            write_atomic(making / JOB, job.model_dump_json().encode())
            making.rename(self.folder / name)  # a training is there whole or not at all
        return name

    def names(self) -> list[str]:
        """Ids of all trainings, the oldest first."""
        try:
            return names_in(self.folder)
        except OSError as error:
            log.debug("the queue of %s cannot be read: %s", self.runs, error)
            return []

    def path(self, name: str) -> Path:
        """The folder of a training.

        Raises:
            UnknownNameError: There is none of this id.
        """
        if name not in self.names():
            raise UnknownNameError(f'no such training in the queue: "{name:.100}"', hint="load the page again")
        return self.folder / name

    def job(self, name: str) -> QueuedTraining:
        """What a training is to do.

        Raises:
            UnknownNameError: There is none of this id.
            RunError: It is damaged.
        """
        return read_job(self.path(name))

    def rows(self) -> list[dict[str, Any]]:
        """How all trainings stand, as plain data, the oldest first.

        Returns:
            ``id``, ``state`` ("queued", "starting", "running", "ended", "failed", "canceled" or "died"), ``run``,
            ``stopped``, ``note``, ``error``, ``created`` and what `task_words` returns.
        """
        with self._lock:
            return self._rows()

    def is_ours(self) -> bool:
        """Whether it is this server that starts the trainings; another one does when this one ends, however it ends.

        Raises:
            OSError: The lock cannot be made.
        """
        if self._ours is None:
            self._ours = take_lock(self.folder.with_name(f"{self.folder.name}.lock"))
        return self._ours is not None

    def close(self) -> None:
        """Let another server start the trainings."""
        if self._ours is not None:
            os.close(self._ours)
            self._ours = None

    def begin(self, name: str, process: RunnerProcess) -> bool:
        """Give a training to a process; False if it was canceled meanwhile, or somebody holds its lock.

        The process takes the lock itself, and does nothing if the training was canceled or begun by then.

        Raises:
            OSError: Nothing can be written, the folder of runs is gone, or the process has ended.
        """
        path = self.folder / name
        self.runs.stat()
        lock = take_lock(path / LOCK)
        if lock is None:
            return False
        try:
            before = read_status(path)
            if before is not None and before.state != "starting":
                return False
            write_status(path, Status(state="starting", attempts=before.attempts + 1 if before else 1))
        finally:
            os.close(lock)
        self.trouble.pop(name, None)
        self._given[name] = process
        process.send(name, {"folder": str(path), "runs": str(self.runs)})
        return True

    def cannot_begin(self, name: str, error: OSError) -> None:
        """Say in the row of a training why it could not be started; it waits, and is tried again."""
        words = f"cannot be started: {error.strerror or error}"
        if self.trouble.get(name) != words:
            self.trouble[name] = words
            log.warning("%s in %s %s", name, self.runs, words)

    def cancel(self, name: str) -> None:
        """Take a training out of the queue before it has begun.

        Raises:
            UnknownNameError: There is none of this id.
            UsageError: It has begun.
            RunError: Nothing can be written.
        """
        path = self.path(name)
        with os_errors("the training cannot be canceled", hint=f"delete {path}"):
            lock = take_lock(path / LOCK, patience=0.1)
            try:
                status = read_status(path)
                if lock is None or (status is not None and status.state != "starting"):
                    raise UsageError(f'the training "{name}" has already started', hint="stop it")
                write_status(path, Status(state="canceled", attempts=0))
            finally:
                if lock is not None:
                    os.close(lock)

    def stop(self, name: str, *, kill: bool = False) -> None:
        """Stop the process of a training, also before its run is there: it keeps everything up to its last step.

        Args:
            name: Id of the training.
            kill: End it immediately instead; what it has written so far can be resumed.

        Raises:
            UnknownNameError: There is none of this id.
            UsageError: No process trains.
            RunError: Nothing can be written.
        """
        path, state = self.path(name), self.row(name)["state"]
        status = read_status(path)
        if kill or state not in ("starting", "running"):
            stop_process(status and status.process, holding=path / LOCK, kill=True)
            return
        with os_errors("the training cannot be stopped", hint="kill it"):
            (path / STOP).touch()

    def row(self, name: str) -> dict[str, Any]:
        """How one training stands, as in `rows`.

        Raises:
            UnknownNameError: There is none of this id.
        """
        self.path(name)
        return self._row(name)[0]

    def forget(self, name: str) -> None:
        """Remove a training that has ended from the list; the run that it made stays.

        Raises:
            UnknownNameError: There is none of this id.
            UsageError: It has not ended.
        """
        path = self.path(name)
        if self.row(name)["state"] not in ENDED:
            raise UsageError(f'the training "{name}" is running', hint="stop it first")
        shutil.rmtree(path, ignore_errors=True)

    def tidy(self) -> None:
        """Remove the oldest trainings that have ended."""
        rows = [row for row in self.rows() if row["created"] is not None]  # of another version, perhaps: those stay
        for name in [row["id"] for row in rows if row["state"] in ENDED][:-KEPT]:
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def remove_leavings(self) -> None:
        """Remove what processes that were killed left half written."""
        with survive(__name__, "removing what a killed process left", OSError):
            for stray in self.folder.glob(".*.making"):
                if time.time() - stray.stat().st_mtime > STRAY_SECONDS:
                    shutil.rmtree(stray, ignore_errors=True)
            for name in self.names():
                lock = take_lock(self.folder / name / LOCK)
                if lock is not None:  # nobody is writing
                    remove_strays(self.folder / name)
                    os.close(lock)

    def _rows(self) -> list[dict[str, Any]]:
        names = self.names()
        self._given = {name: process for name, process in self._given.items() if process.alive}
        self._ended = {name: row for name, row in self._ended.items() if name in names}
        runs: dict[str, str] | None = None
        rows: list[dict[str, Any]] = []
        for name in names:
            row = self._ended.get(name)
            if row is None:
                row, status = self._row(name)
                if row["state"] in ENDED and status is not None and status.state != "starting":
                    if row["state"] == "died" and row["run"] is None and status.process:
                        runs = runs_by_process(self.runs) if runs is None else runs
                        row["run"] = runs.get(status.process.model_dump_json())
                    self._ended[name] = row
            rows.append(row)
        return rows

    def _row(self, name: str) -> tuple[dict[str, Any], Status | None]:
        path = self.folder / name
        try:
            job = read_job(path)
            status, is_held = self._look(name)
        except RunError as error:
            damaged = {"id": name, "state": "failed", "run": None, "note": "", "error": str(error), "created": None}
            return damaged, None
        state, error = _state(path, status, is_held=is_held)
        if state == "queued" and job.version != version("cutaway"):
            state, error = "failed", OTHER_VERSION
        row = {
            "id": name,
            "state": state,
            "created": job.created,
            "error": error,
            **task_words(job.task),
            "run": status and status.run,
            "stopped": status is not None and status.exit == Canceled.exit_code,
            "note": self.trouble.get(name) or (status.note if status else ""),
        }
        return row, status

    def _look(self, name: str) -> tuple[Status | None, bool]:
        """What was written last of a training, and whether its process is there."""
        path = self.folder / name
        status = read_status(path)
        while True:
            is_held, before = is_locked(path / LOCK) or name in self._given, status
            status = read_status(path)
            if status == before:  # otherwise it may have ended meanwhile: then it is gone, and has not died
                return status, is_held


def _state(path: Path, status: Status | None, *, is_held: bool) -> tuple[str, str | None]:
    """The state of a training, and why it failed."""
    if status is None:
        return "queued", None
    if status.state == "canceled":
        return "canceled", None
    if status.state == "ended":
        return ("ended" if status.exit in (0, Canceled.exit_code) else "failed"), status.error
    if is_held:
        return status.state, None
    if status.state == "starting" and status.attempts < ATTEMPTS:
        return "queued", None
    last = ""
    with (
        survive(__name__, f"reading the log in {path}", OSError),
        open(open_regular(path / LOG, os.O_RDONLY), "rb") as file,
    ):
        last = last_line(file)
    return "died", f"the process ended without a word{f', last in its log: {last}' if last else ''}"


def task_words(task: TrainingJob) -> dict[str, Any]:
    """What a page shows of a task, without any path."""
    if isinstance(task, Training):
        return {"kind": task.kind, "data": os.path.basename(task.data), "name": task.name}
    return {"of": task.run, "from_epoch": None, **task.model_dump(include={"kind", "from_epoch", "labels"})}


def state_folder() -> Path:
    """The user's folder for what must not be lost: ``$XDG_STATE_HOME/cutaway``, or ``~/.local/state/cutaway``.

    On Windows it is in ``%LOCALAPPDATA%``.

    Raises:
        OSError: There is no home folder.
    """
    names = ("LOCALAPPDATA", "AppData/Local") if sys.platform == "win32" else ("XDG_STATE_HOME", ".local/state")
    try:
        return Path(os.environ.get(names[0]) or Path.home() / names[1]) / "cutaway"
    except RuntimeError as error:
        raise OSError(str(error)) from None


def read_job(path: Path) -> QueuedTraining:
    """What the training in a folder is to do.

    Raises:
        RunError: Its file is damaged, gone, or of a version whose trainings this one does not know.
    """
    return _read(path / JOB, QueuedTraining)


def read_status(path: Path) -> Status | None:
    """How the training in a folder stands; None if nothing was written.

    Raises:
        RunError: The file is damaged, or of another version.
    """
    return _read(path / STATUS, Status) if (path / STATUS).exists() else None


def _read(file: Path, kind: type[Record]) -> Record:
    try:
        return kind.model_validate_json(read_regular(file))
    except (OSError, ValidationError) as error:
        got = error.strerror if isinstance(error, OSError) else "it is damaged, or of another version"
        raise RunError(f"{file.name} of a training cannot be read: {got}", hint="start it again") from error


def write_status(path: Path, status: Status) -> None:
    """Write how a training stands; only the holder of its lock does.

    Raises:
        OSError: The disk refuses.
    """
    write_atomic(path / STATUS, status.model_dump_json().encode())


def runs_by_process(runs: Path) -> dict[str, str]:
    """The run that each process writes or was writing when it died, the newest if several, by its record as JSON."""
    found: dict[str, str] = {}
    with survive(__name__, "looking for the run of a process", OSError):
        for name in names_in(runs):
            try:
                data = read_bytes(runs / name / "run.json", run=runs / name, limit=RUN_JSON_BYTES)
                process = ProcessRecord.model_validate(read_json(data, where=name).get("process"))
            except (OSError, RunError, ValueError, AttributeError):  # its row says that it is damaged
                continue
            found[process.model_dump_json()] = name
    return found


def stop_process(process: ProcessRecord | None, *, holding: Path, kill: bool) -> None:
    """Ask a process to stop, as Ctrl-C does in its terminal: it keeps everything up to its last step.

    Args:
        process: The process.
        holding: The file that it keeps locked for as long as it trains. A process that does not is no training,
            whatever the record says, which may come from a stranger.
        kill: End it immediately instead; what it has written so far can be resumed.

    Raises:
        UsageError: It is gone, does not train, runs on another machine, or belongs to somebody else.
    """
    import psutil

    if process is None or process.alive is False:
        raise UsageError("this training is not running: its process is gone", hint="resume it, or delete it")
    if not process.local:
        raise UsageError(f"this training runs on another machine, {process.host}", hint="stop it there with Ctrl-C")
    if sys.platform == "win32" and not kill:
        raise UsageError(
            "this training was started in a terminal, and on Windows a page cannot stop it",
            hint="press Ctrl-C there, or kill it",
        )
    try:
        found = psutil.Process(process.pid)  # from now on, no other process that gets its number is taken for it
        if not process.holds(holding):
            raise UsageError(
                f"process {process.pid} does not write this run",
                hint="stop the training in its own folder: this run may be a copy",
            )
        found.kill() if kill else found.send_signal(signal.SIGINT)
    except psutil.NoSuchProcess:
        return  # it has just ended
    except psutil.AccessDenied:
        raise UsageError(
            f"this training belongs to somebody else (process {process.pid})", hint="ask its owner"
        ) from None
