"""history.jsonl: a JSON object a line, appended and flushed; a torn last line is skipped, and cut before writing on."""

import json
import os
from pathlib import Path
from typing import Any

from cutaway.errors import RunError


def read_history(path: Path) -> list[dict[str, Any]]:
    """Read all whole lines.

    A last line without its end of line was being written when the process died: it is skipped.

    Raises:
        RunError: A line before the last is not a JSON object.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    rows = []
    for number, line in enumerate(data.split(b"\n")[:-1], start=1):
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise RunError(
                "every line of history.jsonl is a JSON object",
                got=f"something else in line {number} of {path}",
                hint="delete that line",
            )
        rows.append(row)
    return rows


class HistoryFile:
    """history.jsonl, open for appending by one process at a time.

    Raises:
        RunError: Another process is writing this run.
    """

    def __init__(self, path: Path) -> None:
        self._file = open(path, "ab+")  # noqa: SIM115 (lives as long as the writer)
        if not _locked(self._file):
            self._file.close()
            raise RunError(
                "a run is written by one process at a time",
                got=f"{path.parent.name}, which another process is training",
                hint="wait for it, or stop it with Ctrl-C",
            )
        self._cut_torn_line()

    def _cut_torn_line(self) -> None:
        self._file.seek(0)
        data = self._file.read()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            self._file.truncate(whole)

    def append(self, row: dict[str, Any], *, sync: bool) -> None:
        """Write one line in one call and flush it; with `sync`, also to the disk itself."""
        self._file.write(json.dumps(row, allow_nan=False, separators=(", ", ": ")).encode() + b"\n")
        self._file.flush()
        if sync:
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _locked(file: Any) -> bool:
    """Take the lock of an open file; the system gives it back when the process ends, however it ends."""
    try:
        import fcntl
    except ImportError:  # Windows, where an open file of another process cannot be truncated anyway
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
