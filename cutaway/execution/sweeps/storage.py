"""Where the trials of a sweep are kept: a journal file, or a database for many machines."""

import contextlib
import os
import re
import warnings
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from cutaway.checks import meant
from cutaway.errors import CutawayError, RunError, UnknownNameError, UsageError

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

JOURNAL = "journal.log"

CONNECT_SECONDS = 10
"""Seconds after which a database that does not answer is an error."""

TAIL = 1 << 20
"""Bytes at the end of a journal that are searched for its last whole line."""


def require_optuna() -> None:
    """Check that Optuna is installed, and keep it from printing.

    Raises:
        UsageError: It is not.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import optuna
    except ImportError as error:
        raise UsageError(
            "sweeps need Optuna", got=f"no module {error.name or 'optuna'}", hint="pip install 'cutaway[sweep]'"
        ) from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)


@contextlib.contextmanager
def quiet() -> Generator[None]:
    """Without Optuna's notes that something is experimental."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="optuna")
        warnings.filterwarnings("ignore", category=UserWarning, message=".*optuna.*")
        from optuna.exceptions import ExperimentalWarning

        warnings.simplefilter("ignore", ExperimentalWarning)
        yield


def open_storage(folder: Path | None, url: str | None) -> "BaseStorage":
    """Open the storage of a sweep, which is made where it is not there yet.

    Args:
        folder: The sweep's folder, for its journal; where a URL is given it is not used.
        url: A database as SQLAlchemy names it, such as "postgresql://user@host/name".

    Raises:
        UsageError: The URL is none, Optuna is not installed, or the driver of the database is not.
        RunError: The database does not answer, or the journal is damaged.
    """
    require_optuna()
    with quiet():
        return _open_journal(folder / JOURNAL) if url is None and folder is not None else _open_database(str(url))


def close_storage(storage: "BaseStorage") -> None:
    """Close the connections to a database; a journal has none."""
    engine = getattr(storage, "engine", None)
    if engine is not None:
        storage.remove_session()
        engine.dispose()


def study_names(storage: "BaseStorage") -> list[str]:
    """The names of all studies in a storage."""
    with storage_errors():
        return sorted(study.study_name for study in storage.get_all_studies())


def hide_password(url: str) -> str:
    """A URL without its password, for files and messages."""
    try:
        parts = urlsplit(url)
        if parts.password is None:
            return url
    except ValueError:
        return "a URL"
    user, host = parts.username or "", parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user}:***@{host}"))


@contextlib.contextmanager
def storage_errors(where: str = "its storage") -> Generator[None]:
    """Turn errors of the storage into one line; those of trials that another worker ended stay as they are.

    Raises:
        RunError: The storage does not answer or is damaged.
    """
    from optuna.exceptions import DuplicatedStudyError, StorageInternalError, UpdateFinishedTrialError

    try:
        yield
    except (UpdateFinishedTrialError, DuplicatedStudyError, CutawayError):
        raise
    except Exception as error:
        of_database = type(error).__module__.startswith(("sqlalchemy", "psycopg"))
        if not of_database and not isinstance(error, StorageInternalError | OSError | KeyError | ValueError):
            raise
        cause = error.__cause__ or error
        raise RunError(
            "a sweep needs a storage that answers and is whole",
            got=f"{_one_line(cause)} from {where}",
            hint="check it, then continue with the same command: trials that ended are kept",
        ) from error


class JournalLock:
    """The lock of a journal: the system gives it back when a process ends, however it ends.

    A process that was killed while it wrote leaves half a line. Whoever takes the lock next cuts it off, so that no
    line is appended to it.
    """

    def __init__(self, journal: Path) -> None:
        self._journal, self._lock = journal, journal.with_name(f"{journal.name}.lock")
        self._held: int | None = None

    def acquire(self) -> bool:
        """Wait for the lock and take it."""
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            import fcntl
        except ImportError:  # Windows: msvcrt waits for ten seconds at most
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined]
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        self._held = descriptor
        self._cut_torn_line()
        return True

    def release(self) -> None:
        """Give the lock back."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def _cut_torn_line(self) -> None:
        with open(self._journal, "r+b") as file:
            size = file.seek(0, os.SEEK_END)
            start = max(size - TAIL, 0)
            file.seek(start)
            tail = file.read()
            if tail and not tail.endswith(b"\n"):
                file.truncate(start + tail.rfind(b"\n") + 1)


def _open_journal(path: Path) -> "BaseStorage":
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    lock: Any = JournalLock(path)  # Optuna's own locks outlive a process that is killed, for 30 seconds
    try:
        return JournalStorage(JournalFileBackend(str(path), lock_obj=lock))
    except Exception as error:  # a line that is JSON may still hold anything
        raise RunError(
            "a sweep keeps its trials in a journal of whole lines",
            got=f"{_one_line(error)} in {path}",
            hint="restore the file from a copy, or begin another sweep with name=",
        ) from None


def _open_database(url: str) -> "BaseStorage":
    from optuna.storages import RDBStorage
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError

    shown = hide_password(url)
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise UsageError(
            "a storage is the URL of a database",
            got=f'"{shown}"',
            hint="pass for example storage=postgresql://user@host/name, or leave it out for a journal file",
        ) from None
    options: dict[str, Any] = {"pool_pre_ping": True}
    if parsed.get_backend_name() == "postgresql":
        if parsed.drivername == "postgresql":  # SQLAlchemy would look for an older driver
            parsed = parsed.set(drivername="postgresql+psycopg")
        options["connect_args"] = {"connect_timeout": CONNECT_SECONDS}
    try:
        return RDBStorage(parsed.render_as_string(hide_password=False), engine_kwargs=options)
    except ImportError as error:
        module = getattr(error.__cause__, "name", None) or error.name  # Optuna's own error does not say which
        driver = "psycopg[binary]" if parsed.get_backend_name() == "postgresql" else module
        raise UsageError(
            f"a database of this kind needs its driver, {driver}",
            got=f"no module {module} for {shown}",
            hint=f"pip install '{driver}'",
        ) from None
    except (SQLAlchemyError, RuntimeError, ValueError) as error:
        raise RunError(
            "a sweep needs a database that answers and takes its tables",
            got=f"{_one_line(error)} from {shown}",
            hint="check host, port, user and name of the database, and that its server runs",
        ) from None


def _one_line(error: BaseException) -> str:
    """The first line of an error without SQLAlchemy's link and statement, nor passwords."""
    text = str(error).strip().split("\n")[0] or type(error).__name__
    text = re.sub(r"^\([\w.]+\)\s*", "", text)
    text = re.sub(r"password=\S+", "password=***", text)
    return text[:200].rstrip(". ")


def find_study(storage: "BaseStorage", name: str | None) -> str:
    """The name of the study that is meant: the only one if none is named.

    Raises:
        UnknownNameError: There is none, or there are several and none is named.
    """
    names = study_names(storage)
    if name in names:
        return name
    if name is None and len(names) == 1:
        return names[0]
    choose = meant(name or "", names, f"choose one with name=: {', '.join(names[:5])}")
    raise UnknownNameError(
        "a storage is joined by the name of a sweep in it",
        got=f'"{name}"' if name else f"{len(names)} sweeps" if names else "none",
        hint=choose if names else "begin one: cutaway sweep DATA --storage URL",
    )
