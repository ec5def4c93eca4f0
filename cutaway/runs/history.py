"""history.jsonl: a JSON object a line, appended and flushed; a torn last line is skipped, and cut before writing on."""

import json
import logging
import os
from pathlib import Path
from threading import Lock
from typing import Any

from cutaway.errors import RunError
from cutaway.words import shown

from .atomic import write_atomic
from .locks import lock_descriptor
from .reading import HISTORY_BYTES, read_bytes, read_json, regular_file

log = logging.getLogger(__name__)

DELETE = "delete that line"

KINDS = ("epoch", "progress")
SINGLE = (
    *("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "val_cross_entropy", "r2", "val_r2"),
    *("learning_rate", "seconds", "samples_per_second"),
)
"""Entries that are one number, never a list."""

REMEMBERED = 4
"""Files whose lines are remembered: those that were read last."""

REMEMBERED_BYTES = 8 << 20
"""Maximum size in bytes of each of them."""

_READ: dict[Path, tuple[bytes, list[dict[str, Any]]]] = {}
_REMEMBERING = Lock()

LARGEST = 1e300
"""A larger number in a line was not measured."""


def read_history(path: Path) -> list[dict[str, Any]]:
    """Read all whole lines.

    A last line without its end of line was being written when the process died: it is skipped.

    Returns:
        ``{"kind": "epoch" or "progress", "epoch": from 1, ...}``, every other value a finite number, a bool, None, or
        a list of these (a metric of each class); lines of the kind "epoch" have a "loss" and ascending numbers.

    Raises:
        RunError: A line is something else, or the file is none that can be read.
    """
    try:
        data = read_bytes(path, run=path.parent, limit=HISTORY_BYTES)
    except FileNotFoundError:
        return []
    whole, rows = data[: data.rfind(b"\n") + 1], list[dict[str, Any]]()
    before = _READ.get(path)
    if before is not None and whole.startswith(before[0]):
        rows = before[1].copy()
    begin = len(before[0]) if rows and before else 0
    last = max((row["epoch"] for row in rows if row["kind"] == "epoch"), default=0)
    for number, line in enumerate(whole[begin:].split(b"\n")[:-1], start=len(rows) + 1):
        where = f"line {number} of {path}"
        row = read_json(line, where=where, hint=DELETE)
        wrong = _problem(row, last)
        if wrong:
            raise RunError(
                f"{where} is damaged: {wrong}",
                hint=DELETE,
            )
        last = row["epoch"] if row["kind"] == "epoch" else last
        rows.append(row)
    _remember(path, whole, rows)
    return rows


def _remember(path: Path, whole: bytes, rows: list[dict[str, Any]]) -> None:
    """Keep the last reading of a history: whoever follows a training then parses only the new lines."""
    with _REMEMBERING:
        _READ.pop(path, None)
        if len(whole) <= REMEMBERED_BYTES:
            _READ[path] = whole, rows.copy()
        while len(_READ) > REMEMBERED:
            del _READ[next(iter(_READ))]


def _problem(row: Any, last: int) -> str | None:
    """The fault in a line after the line of epoch `last`, or None."""
    if not isinstance(row, dict):
        return "no JSON object"
    if row.get("kind") not in KINDS:
        return f"the kind {shown(row.get('kind'))}"
    for name, value in row.items():
        if name != "kind" and not (_is_number(value) or (name not in SINGLE and _are_numbers(value))):
            return f'"{name:.40}" of {shown(value)}'
    epoch = row.get("epoch")
    if type(epoch) is not int or epoch < 1 or (row["kind"] == "epoch" and epoch <= last):
        return f"epoch {shown(epoch)} after epoch {last}"
    return 'no "loss"' if "loss" not in row else None


def _is_number(value: Any) -> bool:
    # 1e400 is a number of JSON, which Python reads as infinity
    small = isinstance(value, int | float) and abs(value) <= LARGEST
    return value is None or isinstance(value, bool) or small


def _are_numbers(value: Any) -> bool:
    return all(map(_are_numbers, value)) if isinstance(value, list) else _is_number(value)


class HistoryFile:
    """history.jsonl, open for appending by one process at a time.

    If the file is deleted, replaced or cut during writing, lines would silently go into a file without a name.
    So the size is compared after each line, and if it differs, the file is written again.

    Args:
        path: The file.
        lines: The lines that this process wrote before it last closed the file.

    Attributes:
        lines: The whole lines that it had when it was opened, and the lines of epochs since.

    Raises:
        RunError: Another process is writing this run, or there is something else than a file of at most
            `HISTORY_BYTES`.
        OSError: It cannot be opened, or the file system has no locks.
    """

    def __init__(self, path: Path, *, lines: bytes = b"") -> None:
        self._path, self.lines, self._made = path, bytearray(lines), not os.path.lexists(path)
        self._appending = Lock()  # a training writes epochs and progress in two threads
        self._open()
        found = self._whole_lines()
        if found.startswith(lines):
            self.lines = bytearray(found)
        else:
            self._restore()

    def _open(self) -> None:
        """Open and lock the file."""
        path = self._path
        if os.path.lexists(path):
            path = regular_file(path, run=path.parent, limit=HISTORY_BYTES)
        self._file = open(path, "ab+")  # noqa: SIM115 (lives as long as the writer)
        try:
            locked = lock_descriptor(self._file.fileno())  # the system gives it back when the process ends
        except OSError:
            self._file.close()
            raise
        if not locked:
            self._file.close()
            raise RunError(
                f"another process is training {path.parent.name}",
                hint="wait for it, or stop it with Ctrl-C",
            )

    def _whole_lines(self) -> bytes:
        """Cut a torn last line off, and return the others."""
        self._file.seek(0)
        data = self._file.read()
        self._size = data.rfind(b"\n") + 1
        if self._size < len(data):
            self._file.truncate(self._size)
        return data[: self._size]

    def _restore(self) -> None:
        """Write the file again, with all epochs."""
        epochs = self.lines.count(b'"kind": "epoch"')
        log.warning(
            "%s was deleted or changed while it was written; its %d epochs are written again", self._path, epochs
        )
        self._file.close()
        self._open()  # refuses a file that another process is writing
        self._file.close()
        write_atomic(self._path, self.lines)
        self._open()
        self._whole_lines()

    def append(self, row: dict[str, Any], *, sync: bool) -> None:
        """Write one line in one call and flush it; with `sync`, also to the disk itself."""
        line = json.dumps(row, allow_nan=False, separators=(", ", ": ")).encode() + b"\n"
        with self._appending:
            self._file.write(line)
            self._file.flush()
            if sync:
                os.fsync(self._file.fileno())
            if row["kind"] == "epoch":
                self.lines += line
            self._size += len(line)
            if not self._is_whole():
                self._restore()

    def _is_whole(self) -> bool:
        """Whether the file at the path has the size of the lines written so far."""
        try:
            return self._path.stat().st_size == self._size
        except OSError:  # it is gone; opening it reports any other fault
            return False

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def discard(self) -> None:
        """Close the file, and remove it if it was made here and nothing was written into it."""
        self.close()
        if self._made and not self._size:
            self._path.unlink(missing_ok=True)
