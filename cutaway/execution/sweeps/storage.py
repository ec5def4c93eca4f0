"""Where the trials of a sweep are kept: a journal file, or a database for many machines."""

import contextlib
import re
import warnings
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from cutaway.checks import meant
from cutaway.errors import CutawayError, RunError, UnknownNameError, UsageError, printable

if TYPE_CHECKING:
    from optuna.storages import BaseStorage
    from sqlalchemy.engine import URL

JOURNAL = "journal.log"

CONNECT_SECONDS = 10
"""Seconds after which a database that does not answer is an error."""

HARMLESS = frozenset(
    {"application_name", "charset", "connect_timeout", "host", "port", "sslmode", "target_session_attrs"}
)
"""Settings in the query of a URL that are shown; others may hold a password, a key or the name of a file with one."""

LONGEST = 500
"""Characters of a URL that is shown at most."""


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


def open_storage(folder: Path | None, url: str | None, *, writes: bool = True) -> "BaseStorage":
    """Open the storage of a sweep.

    Args:
        folder: The sweep's folder, for its journal; where a URL is given it is not used.
        url: A database as SQLAlchemy names it, such as "postgresql://user@host/name".
        writes: Whether it is written to, and made where it is not there yet.

    Raises:
        UsageError: The URL is none, Optuna is not installed, or the driver of the database is not.
        RunError: The database does not answer, or the journal is damaged.
    """
    require_optuna()
    with quiet():
        if url is None and folder is not None:
            return _open_journal(folder / JOURNAL, writes=writes)
        return _open_database(str(url), writes=writes)


def close_storage(storage: "BaseStorage") -> None:
    """Close the connections to a database; a journal has none."""
    engine = getattr(storage, "engine", None)
    if engine is not None:
        storage.remove_session()
        engine.dispose()


def study_names(storage: "BaseStorage") -> list[str]:
    """The names of all studies in a storage."""
    with storage_errors():
        return sorted(str(study.study_name) for study in storage.get_all_studies())


def hide_password(url: str) -> str:
    """A URL without its password and without settings that may hold one, for files and messages."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = make_url(url)
        shown = parsed.difference_update_query(set(parsed.query) - HARMLESS).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        return "a URL"
    # a password with @ in it, which a URL has as %40, would be taken for the name of the host; and what follows a
    # separator in the name of a database or in a setting may be another setting
    parts = [] if parsed.get_backend_name() == "sqlite" else [parsed.database or "", *_texts(parsed.query, HARMLESS)]
    plain = url.count("@") <= 1 and url.isprintable() and len(shown) <= LONGEST
    return shown if plain and not any(set(part) & set("@:;&=#?") for part in parts) else "a URL"


def _texts(query: "Mapping[str, str | tuple[str, ...]]", names: "frozenset[str]") -> list[str]:
    """What some settings in a query are, each as often as it is there."""
    values = [value for name, value in query.items() if name in names]
    return [text for value in values for text in ([value] if isinstance(value, str) else value)]


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


def _open_journal(path: Path, *, writes: bool) -> "BaseStorage":
    from optuna.storages import JournalStorage

    from .journal import FolderJournal

    try:
        return JournalStorage(FolderJournal(path, writes=writes))
    except Exception as error:  # a line that is JSON may still hold anything
        raise RunError(
            "a sweep keeps its trials in a journal of whole lines",
            got=f"{_one_line(error)} in {path}",
            hint="restore the file from a copy, or begin another sweep with name=",
        ) from error


def _open_database(url: str, *, writes: bool) -> "BaseStorage":
    from optuna.exceptions import StorageInternalError
    from optuna.storages import RDBStorage
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError

    shown = hide_password(url)
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
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
    if not writes:
        parsed, more = _reading(parsed)
        options |= more
    text = parsed.render_as_string(hide_password=False)
    try:
        return RDBStorage(text, engine_kwargs=options, skip_table_creation=not writes)
    except ImportError as error:
        module = getattr(error.__cause__, "name", None) or error.name  # Optuna's own error does not say which
        driver = "psycopg[binary]" if parsed.get_backend_name() == "postgresql" else module
        raise UsageError(
            f"a database of this kind needs its driver, {driver}",
            got=f"no module {module} for {shown}",
            hint=f"pip install '{driver}'",
        ) from None
    except (SQLAlchemyError, StorageInternalError, RuntimeError, ValueError) as error:
        raise RunError(
            f"a sweep needs a database that answers and {'takes' if writes else 'has'} its tables",
            got=f"{_one_line(error.__cause__ or error)} from {shown}",
            hint="check host, port, user and name of the database, and that its server runs",
        ) from None


def _reading(url: "URL") -> "tuple[URL, dict[str, Any]]":
    """A URL by which, and settings of SQLAlchemy with which, a database is only read."""
    from sqlalchemy.pool import NullPool

    options: dict[str, Any] = {"poolclass": NullPool}  # a connection is closed also where its database is no sweep's
    if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
        file = str(url.database) if "uri" in url.query else f"file:{quote(str(url.database))}"
        return url.set(database=file).update_query_dict({"mode": "ro", "uri": "true"}), options
    if url.get_backend_name() == "postgresql":
        options["execution_options"] = {"postgresql_readonly": True}
    return url, options


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
    known = [printable(each, 60) for each in names]
    choose = meant(name or "", known, f"choose one with name=: {', '.join(known[:5])}")
    raise UnknownNameError(
        "a storage is joined by the name of a sweep in it",
        got=f'"{name}"' if name else f"{len(names)} sweeps" if names else "none",
        hint=choose if names else "begin one: cutaway sweep DATA --storage URL",
    )
