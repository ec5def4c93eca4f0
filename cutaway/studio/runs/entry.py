"""A run in the list: its row, and what tells whether the row is still true."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutaway.runs import WATCHED, ProcessRecord, RunSummary, read_run

Signature = tuple[tuple[int, int, int], ...]
"""Modification time in nanoseconds, size and inode of each watched file; of one that is not there, zeros.

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
    found: list[tuple[int, int, int]] = []
    for name in WATCHED:
        try:
            status = os.stat(path / name)
            found.append((status.st_mtime_ns, status.st_size, status.st_ino))
        except (OSError, ValueError):
            found.append((0, 0, 0))
    return tuple(found) if found[0] != (0, 0, 0) else None
