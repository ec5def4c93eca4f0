"""The list of runs in a folder; only changed runs are read again."""

import json
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutaway.cache import cached
from cutaway.checks import file_state, folder_mark
from cutaway.errors import UnknownNameError
from cutaway.log import survive
from cutaway.runs import SUMMARY, WATCHED, ProcessRecord, RunSummary, names_in, read_run

BATCH_SECONDS = 0.2
"""Seconds between two reports of a scan: the first scan of thousands of runs shows them soon."""

TRIES = 3
"""Maximum number of times a run that is being written is read, before the last reading is taken."""

Signature = tuple[tuple[int, int, int] | None, ...]
"""The `file_state` of each watched file.

With `cutaway.runs.SUMMARY` and the version of cutaway it decides a row: one that is kept is true as long as they are
the same, and the process of a run that is being trained is there.
"""


@dataclass(frozen=True)
class Entry:
    """A run in the list.

    Attributes:
        signature: What its files were like when the row was made.
        row: The row, as `RunSummary.row` makes it.
        encoded: The row as JSON.
        process: The process that trains it, if one does.
    """

    signature: Signature
    row: dict[str, Any]
    encoded: bytes
    process: ProcessRecord | None = None

    @property
    def has_died(self) -> bool:
        """Whether the row says that it is being trained, and the process is gone."""
        return self.row["state"] == "running" and self.process is not None and self.process.alive is False


def run_entry(path: Path) -> Entry:
    """Read a run folder. The signature is taken first: what changes meanwhile is read again the next time."""
    signature = signature_of(path) or ()
    found = RunSummary.of(read_run(path))
    row, process = found.row(), found.folder and found.folder.manifest.process
    return Entry(
        signature, row, json.dumps(row, ensure_ascii=False, allow_nan=False).encode(errors="backslashreplace"), process
    )


def signature_of(path: Path) -> Signature | None:
    """A value that changes with a row; None if there is no run."""
    found = tuple(file_state(path / name) for name in WATCHED)
    return found if found[0] else None


class RunIndex:
    """The runs of a folder: a row each, made again when one of its files has changed.

    Rows are kept in the user's cache: a studio that starts reads no run that did not change since. Any thread
    may ask; no lock is held while runs are read.

    Attributes:
        folder: The folder of runs.
        is_missing: Whether the folder did not exist, or could not be read, at the last look.
        unread: Runs that the scan under way has still to read.
        begun: Set as soon as the first scan has rows, or has ended.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.is_missing, self.unread, self.begun = False, 0, threading.Event()
        self._lock, self._scanning = threading.Lock(), threading.Lock()
        self._changed = False
        self._kept = cached("rows", folder_mark(self.folder), method=SUMMARY)
        self._entries: dict[str, Entry] = self._kept.read() or {}

    def scan(self) -> Iterator[tuple[list[dict[str, Any]], list[str]]]:
        """Look for changes since the last time; does nothing while another thread looks.

        Where the folder is not there, its rows are hidden and nothing is forgotten: a disk may come back.

        Yields:
            Rows that are new or changed, and ids of runs that are gone; every `BATCH_SECONDS` while many are read.
        """
        if not self._scanning.acquire(blocking=False):
            return
        try:
            names = self._names()
            self.is_missing = names is None
            if names is None:
                return
            found = {name: signature for name in names if (signature := signature_of(self.folder / name))}
            with self._lock:
                gone = [name for name in self._entries if name not in found]
                for name in gone:
                    del self._entries[name]
                stale = [name for name, signature in found.items() if self._is_stale(name, signature)]
                self._changed = self._changed or bool(gone or stale)
            if gone:
                yield [], gone
            yield from self._read(stale)
        finally:
            self.unread = 0
            self.begun.set()
            self._scanning.release()

    def _read(self, stale: list[str]) -> Iterator[tuple[list[dict[str, Any]], list[str]]]:
        rows, last, self.unread = [], time.monotonic(), len(stale)
        for name in sorted(stale, reverse=True):  # names begin with the date, and people ask for the newest
            rows.append(self._refreshed(name).row)
            self.unread -= 1
            if time.monotonic() - last >= BATCH_SECONDS:
                self.begun.set()
                yield self._still_there(rows), []
                rows, last = [], time.monotonic()
        if rows := self._still_there(rows):
            yield rows, []

    def _still_there(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The rows of runs that were not moved away since they were read."""
        return [row for row in rows if row["id"] in self._entries]

    def rows(self) -> list[dict[str, Any]]:
        """All rows as they were last seen, the newest run first."""
        return [entry.row for entry in self._sorted()]

    def encoded_rows(self) -> bytes:
        """All rows as `rows` has them, as one JSON list: each was encoded when it was made."""
        return b"[" + b",".join(entry.encoded for entry in self._sorted()) + b"]"

    def _sorted(self) -> list[Entry]:
        if self.is_missing:
            return []
        with self._lock:
            entries = list(self._entries.values())
        return sorted(entries, key=lambda entry: (entry.row.get("created") or "", entry.row["id"]), reverse=True)

    def refresh(self, run: str) -> dict[str, Any]:
        """The row of one run, as it is now.

        Raises:
            UnknownNameError: There is no run of this id.
        """
        signature = signature_of(self.path(run)) or ()
        with self._lock:
            if not self._is_stale(run, signature):
                return self._entries[run].row
        row = self._refreshed(run).row
        self.path(run)  # it may have been moved away meanwhile
        return row

    def _refreshed(self, run: str, tries: int = TRIES) -> Entry:
        """Read a run, again if it was changed meanwhile: another thread may have read that, or has moved it away."""
        entry = run_entry(self.folder / run)
        with self._lock:
            now = signature_of(self.folder / run)
            # one that is being trained changes all the time, and is looked at again soon
            is_final = now in (None, entry.signature) or tries == 1 or entry.row["state"] == "running"
            if now is not None and is_final:  # whoever moves a run away forgets it, or the next scan does
                self._entries[run] = entry
                self._changed = True
        return entry if is_final else self._refreshed(run, tries - 1)

    def forget(self, run: str) -> None:
        """Leave out a run that was moved away."""
        with self._lock:
            self._changed = self._entries.pop(run, None) is not None or self._changed

    def path(self, run: str) -> Path:
        """The folder of a run.

        Args:
            run: Its id, the name of its folder.

        Raises:
            UnknownNameError: There is no run of this id. Ids are no paths: an id with a slash is unknown.
        """
        path = self.folder / run
        plain = run == path.name and run not in ("", ".", "..") and not run.startswith(".") and "\0" not in run
        if not plain or os.path.islink(path) or signature_of(path) is None:
            raise UnknownNameError(
                f'no such run in the folder of this studio: "{run:.100}"',
                hint="choose one from the list of runs",
            )
        return path

    def keep(self) -> None:
        """Write the rows into the user's cache, if any has changed."""
        with self._lock:
            if not self._changed:
                return
            self._changed = False
            entries = dict(self._entries)
        self._kept.write(entries)

    def _names(self) -> list[str] | None:
        """The folders in the folder, without links and names that are no text; None if it cannot be read."""
        with survive(__name__, f"listing {self.folder}", OSError):
            return names_in(self.folder)
        return None

    def _is_stale(self, name: str, signature: Signature) -> bool:
        """Whether a row has to be made again. A process that is killed changes no file, so it is looked for."""
        known = self._entries.get(name)
        return known is None or known.signature != signature or known.has_died
