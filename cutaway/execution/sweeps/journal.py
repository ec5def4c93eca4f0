"""A sweep's journal in its folder: the file that Optuna's own backend writes, opened with caution."""

import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from optuna.storages.journal import BaseJournalBackend

from cutaway.errors import RunError
from cutaway.runs import open_regular, take_lock

BYTES = 1 << 30
"""Bytes of a journal at most: 100,000 trials of 20 epochs take some 400 MB."""

LINE_BYTES = 16 << 20
"""Bytes of a line at most; the longest, with the settings and the origin of the data, takes some kB."""


class FolderJournal(BaseJournalBackend):
    """A line of JSON for each operation of Optuna, only ever appended.

    No link is followed. Reading makes no file and takes no lock. The lock for writing is given back by the system when
    a process ends, while Optuna's own ones outlive a process that is killed for 30 seconds; what such a process left of
    a line is left out by readers, and cut off by the next who writes.

    Args:
        path: The journal.
        writes: Whether operations may be appended; the file is then made where it is not there.
    """

    def __init__(self, path: Path, *, writes: bool) -> None:
        self._path, self._writes = path, writes
        self._starts = [0]
        if writes:
            os.close(open_regular(path, os.O_RDWR | os.O_CREAT, mode=0o666))

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """Read whole lines from one number on.

        Raises:
            OSError, ValueError: The file cannot be opened, is a link, or is damaged.
        """
        number = min(log_number_from, len(self._starts) - 1)
        with open(open_regular(self._path, os.O_RDONLY), "rb") as file:
            if os.fstat(file.fileno()).st_size > BYTES:
                raise ValueError(f"more than {BYTES:,} bytes")
            file.seek(self._starts[number])
            while (line := file.readline(LINE_BYTES)).endswith(b"\n"):
                number += 1
                if number == len(self._starts):
                    self._starts.append(self._starts[-1] + len(line))
                if number > log_number_from:
                    yield json.loads(line)
            if len(line) == LINE_BYTES:
                raise ValueError(f"a line of more than {LINE_BYTES:,} bytes")

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append lines, all or none of which are read by others.

        Raises:
            RunError: The sweep was opened to look at it.
            OSError: The file cannot be written, or is a link.
        """
        if not self._writes:
            raise RunError("a sweep that is looked at is not changed", got="a change", hint="report this as a bug")
        text = b"".join(json.dumps(log, separators=(",", ":")).encode() + b"\n" for log in logs)
        lock = take_lock(self._path.with_name(f"{self._path.name}.lock"), patience=math.inf, mode=0o666)
        assert lock is not None
        try:
            with open(open_regular(self._path, os.O_RDWR), "r+b") as file:
                _cut_torn_line(file)
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        finally:
            os.close(lock)


def _cut_torn_line(file: Any) -> None:
    """Cut off a last line that was not written to its end, and go to the end."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - 1, 0))
    if file.read(1) not in (b"", b"\n"):
        start = file.seek(max(size - LINE_BYTES, 0))
        file.truncate(start + file.read().rfind(b"\n") + 1)
    file.seek(0, os.SEEK_END)
