"""Failures that the program survives: each is logged, and `CUTAWAY_LOG` or ``--debug`` shows them.

Loggers are named after their module, or what their lines belong to, such as "cutaway.jobs.trainings". A survived
failure is logged at the level INFO, which nobody sees who does not ask, and its traceback at the level DEBUG; what a
user should know is logged as a warning.
"""

import contextlib
import logging
import os
import sys
import threading
from collections.abc import Generator
from typing import IO

from cutaway.errors import Canceled, escaped, printable

VARIABLE = "CUTAWAY_LOG"
"""Environment variable with the level that is shown on standard error: "debug", "info" or "warning"."""

LONGEST = 300
"""Characters of a line of a process that are kept."""

TAIL_BYTES = 4_000
"""Number of bytes at the end of a log that are searched for its last line."""

WAIT_SECONDS = 5.0
"""Until the last line of a process that has ended is read."""

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@contextlib.contextmanager
def survive(name: str, task: str, *errors: type[BaseException]) -> Generator[None]:
    """Go on after one of some errors, as `contextlib.suppress` does, and log it.

    That a file does not exist is mostly no failure, and is logged at the level DEBUG.

    Args:
        name: The name of the logger, which is the module's.
        task: What fails then, such as "reading the index of runs".
        errors: Kinds of errors.

    Raises:
        Canceled: Whoever cancels work does not want the rest of it, whatever `errors` says.
    """
    try:
        yield
    except Canceled:
        raise
    except errors as error:
        log = logging.getLogger(name)
        words = printable(f"{type(error).__name__}: {error}")
        shown = error if log.isEnabledFor(logging.DEBUG) else None
        level = logging.DEBUG if isinstance(error, FileNotFoundError) else logging.INFO
        log.log(level, "%s failed, and work goes on: %s", task, words, exc_info=shown)


class _Escaping(logging.Formatter):
    """Writes what a terminal would obey as its escape: errors quote names and cells."""

    def format(self, record: logging.LogRecord) -> str:
        """A record, with its traceback, as lines."""
        return escaped(super().format(record))


@contextlib.contextmanager
def shown_log(*, debug: bool = False) -> Generator[None]:
    """Write the log to standard error, at the level that `VARIABLE` names, or all of it.

    Args:
        debug: Whether to show everything, whatever the variable says.
    """
    asked = "debug" if debug else os.environ.get(VARIABLE, "")
    if not asked:
        yield
        return
    level = logging.getLevelNamesMapping().get(asked.upper(), logging.INFO)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Escaping(FORMAT))
    root = logging.getLogger("cutaway")
    before = root.level
    root.addHandler(handler)
    root.setLevel(level)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(before)


def last_line(file: IO[bytes]) -> str:
    """The last line of a log that is open for reading, at most `LONGEST` characters; "" if there is none.

    Args:
        file: The log; its last 4,000 bytes are read.
    """
    file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL_BYTES))
    lines = file.read(TAIL_BYTES).decode(errors="replace").strip().splitlines()
    return printable(lines[-1][:LONGEST], LONGEST) if lines else ""


class ErrorLines:
    """Logs each line that a process writes to its standard error, in a thread of its own, until the process ends.

    Args:
        stream: The reading end of the pipe, which is closed in the end.
        log: Where the lines go.
        source: What the process is called there.
        level: At which level.
    """

    def __init__(
        self, stream: IO[bytes] | None, log: logging.Logger, source: str, *, level: int = logging.WARNING
    ) -> None:
        assert stream is not None, "a pipe was requested"
        self._stream, self._source = stream, source
        self._log, self._level = log, level
        self._last = ""
        self._thread = threading.Thread(target=self._read, name=f"errors of {source}", daemon=True)
        self._thread.start()

    def last(self) -> str:
        """The last line of a process that has ended, at most `LONGEST` characters; "" where it wrote none."""
        self._thread.join(WAIT_SECONDS)
        return self._last

    def _read(self) -> None:
        with self._stream:
            while line := self._stream.readline(65_536):
                if text := printable(line.decode(errors="replace"), LONGEST):
                    if not text.startswith("note: "):  # how to debug Rust
                        self._last = text
                    self._log.log(self._level, "%s: %s", self._source, text)
