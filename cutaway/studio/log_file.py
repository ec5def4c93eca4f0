"""The log of a studio: a file in its folder of runs that is kept small."""

import contextlib
import io
import logging
import os
from collections.abc import Generator
from logging.handlers import RotatingFileHandler
from pathlib import Path

from cutaway.checks import open_regular
from cutaway.errors import RunError
from cutaway.log import FORMAT
from cutaway.runs import check_own

LOG = Path(".studio") / "studio.log"

BYTES = 1 << 20
"""Bytes of the file until it is renamed to "studio.log.1", and a new one begun."""

FILES = 3
"""Older files that are kept."""

LOGGERS = ("cutaway", "uvicorn.error")
"""Logged names: our own loggers, and uvicorn's, which has the errors of routes."""

log = logging.getLogger("cutaway.studio")


class _PrivateFile(RotatingFileHandler):
    """Appends to a file that only its owner can read, and never through a link."""

    def _open(self) -> io.TextIOWrapper:
        descriptor = open_regular(Path(self.baseFilename), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        return open(descriptor, "a", encoding="utf-8", errors="backslashreplace")

    def handleError(self, record: logging.LogRecord) -> None:
        """Lose a line that cannot be written, such as on a full disk: there is no other place for it."""


class _Unrepeated(logging.Filter):
    """Drops repeated records of a logger: a folder that is gone for an hour is looked at 12,000 times."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[str, str] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record says something new."""
        text = record.getMessage()
        if self._last.get(record.name) == text:
            return False
        self._last[record.name] = text
        return True


@contextlib.contextmanager
def logged_into(runs: Path) -> Generator[None]:
    """Write log records into the log of the studio, from the level INFO on; CUTAWAY_LOG=debug adds tracebacks.

    Where the folder cannot be written, warnings go to standard error, and say so.

    Args:
        runs: The folder of runs of the studio's owner.
    """
    try:
        check_own(runs, LOG)
        (runs / LOG).parent.mkdir(exist_ok=True)
        handler = _PrivateFile(runs / LOG, maxBytes=BYTES, backupCount=FILES)
    except (OSError, RunError) as error:
        log.warning("the studio keeps no log: %s", error)
        yield
        return
    handler.setFormatter(logging.Formatter(FORMAT))
    handler.addFilter(_Unrepeated())
    own = logging.getLogger("cutaway")
    level = own.level
    own.setLevel(min(level or logging.INFO, logging.INFO))
    try:
        for name in LOGGERS:
            logging.getLogger(name).addHandler(handler)
        yield
    finally:
        own.setLevel(level)
        for name in LOGGERS:
            logging.getLogger(name).removeHandler(handler)
        with contextlib.suppress(OSError):  # lines that could not be written are tried once more
            handler.close()
