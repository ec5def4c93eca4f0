"""The files of one training that was asked for in the studio, and what they say of how it stands."""

import contextlib
import logging
import os
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from cutaway.errors import Canceled, RunError, printable
from cutaway.log import last_line, survive
from cutaway.runs import (
    ProcessRecord,
    is_locked,
    names_in,
    open_regular,
    read_bytes,
    read_json,
    regular_file,
    write_atomic,
)

from .records import QueuedTraining, Status
from .signature import is_signature
from .started import ATTEMPTS, starts_of

log = logging.getLogger("cutaway.jobs.trainings")

JOB, SIGNATURE, STATUS, LOCK, LOG = "job.json", "seal", "status.json", "lock", "log.txt"

FOREIGN = (
    "a training starts where it was asked for; got one that came with the folder of runs, was moved or copied, or was "
    "asked for by another user; next: start it again"
)
STARTED = (
    "a training that was asked for starts once; got one that was started or canceled before, whose folder says nothing "
    "of it, as an older copy does; next: start it again"
)

UNKNOWN_STATUS = (
    f"{STATUS} of a training says how it stands; got one that cannot be read; next: remove the training and start it "
    "again"
)
OTHER_VERSION = (
    "a training that waits starts with the version of cutaway in which it was asked for; got one of another version; "
    "next: start it again"
)

BYTES = 4 << 20
"""Bytes of a file at most."""


def look_at_job(path: Path) -> tuple[Status | None, str, str | None]:
    """What the process of a job has said last, the state of the job as `JobQueue.rows` has it, and why it failed."""
    status = read_status(path)
    while True:
        held, before = is_locked(path / LOCK), status
        status = read_status(path)
        if status == before:  # otherwise it may have said meanwhile how it ended: then it is gone, and has not died
            return status, *_state(path, status, held=held)


def _state(path: Path, status: Status | None, *, held: bool) -> tuple[str, str | None]:
    """The state of a job, and why it failed."""
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
            return last_line(file)
    except (OSError, RunError):
        return ""


def open_log(path: Path) -> IO[bytes]:
    """Open the log of a job for what its process prints.

    Raises:
        OSError: It cannot be written, or is a link.
    """
    return open(open_regular(path / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, mode=0o666), "ab")


def why_not_started(path: Path) -> str | None:
    """Why a job that waits is never started; None where nothing is against it.

    Raises:
        OSError: That cannot be told now.
    """
    if not _is_signed(path):
        return FOREIGN
    if os.path.lexists(path / STATUS) and read_status(path) is None:
        return UNKNOWN_STATUS
    return None if starts_of(path.name) < ATTEMPTS else STARTED


def _is_signed(path: Path) -> bool:
    """Whether a job was asked for here, and did not come with the folder.

    Raises:
        OSError: A file of it cannot be read.
    """
    try:
        given, data = (read_bytes(path / name, run=path, limit=BYTES) for name in (SIGNATURE, JOB))
        return is_signature(given.decode(errors="replace"), path, data)
    except (FileNotFoundError, NotADirectoryError, RunError):
        return False


def read_job(path: Path) -> QueuedTraining:
    """What the job in a folder is to do.

    Raises:
        RunError: Its file is damaged, gone, or of a version whose trainings this one does not know.
    """
    try:
        return QueuedTraining.model_validate_json(read_bytes(path / JOB, run=path, limit=BYTES))
    except (OSError, ValueError, RunError) as error:
        got = f"a {JOB} that is damaged or of another version of cutaway"
        if isinstance(error, OSError):
            got = error.strerror or str(error)
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
    return runs_by_process(runs).get(key_of(process))


def runs_by_process(runs: Path) -> dict[str, str]:
    """The run that each process writes or was writing when it died, the newest one if several."""
    found: dict[str, str] = {}
    with survive(log, "looking for the run of a process", OSError):
        for name in names_in(runs):
            with contextlib.suppress(OSError, RunError, ValueError, AttributeError):  # its row says that it is damaged
                record = read_json(read_bytes(runs / name / "run.json", run=runs / name, limit=BYTES), where=name)
                found[key_of(ProcessRecord.model_validate(record.get("process")))] = name
    return found


def key_of(process: ProcessRecord) -> str:
    """A process as the key of a dictionary."""
    return process.model_dump_json()
