"""The list of runs in a folder, of which only what changed is read again."""

import contextlib
import hashlib
import json
import os
import threading
from pathlib import Path
from typing import Any

from cutaway.cache import private_folder
from cutaway.errors import UnknownNameError
from cutaway.runs import ProcessRecord, write_atomic

from .notes import NOTES
from .row import run_row

WATCHED = ("run.json", "history.jsonl", NOTES)
"""The files that a row is made from."""

METHOD = 1
"""Number of what a row holds; rows that were kept under another one are made again."""

Signature = tuple[tuple[int, int, int], ...]


class RunIndex:
    """The runs of a folder: a row each, made again when one of its files has changed.

    Rows are kept in the user's cache, so that a studio that starts reads no run that did not change since. Any thread
    may ask.

    Attributes:
        folder: The folder of runs.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self._lock = threading.Lock()
        self._rows: dict[str, tuple[Signature, dict[str, Any]]] = {}
        self._changed = False
        self._read_kept()

    def scan(self) -> tuple[list[dict[str, Any]], list[str]]:
        """Look for what changed since the last time.

        Returns:
            The rows that are new or changed, and the ids of runs that are gone.
        """
        with self._lock:
            found = {name: _signature(self.folder / name) for name in self._names()}
            gone = [name for name in self._rows if name not in found]
            for name in gone:
                del self._rows[name]
            changed = [name for name, signature in found.items() if signature and self._differs(name, signature)]
            for name in changed:
                self._rows[name] = (found[name] or (), run_row(self.folder / name))
            if changed or gone:
                self._changed = True
            return [self._rows[name][1] for name in changed], gone

    def rows(self) -> list[dict[str, Any]]:
        """All rows as they were last seen, the newest run first."""
        with self._lock:
            rows = [row for _, row in self._rows.values()]
        return sorted(rows, key=lambda row: (row.get("created") or "", row["id"]), reverse=True)

    def refresh(self, run: str) -> dict[str, Any]:
        """The row of one run, as it is now.

        Raises:
            UnknownNameError: There is no run of this id.
        """
        path = self.path(run)
        with self._lock:
            signature = _signature(path) or ()
            if run not in self._rows or self._differs(run, signature):
                self._rows[run] = (signature, run_row(path))
            return self._rows[run][1]

    def path(self, run: str) -> Path:
        """The folder of a run.

        Args:
            run: Its id, the name of its folder.

        Raises:
            UnknownNameError: There is no run of this id. Ids are no paths: what has a slash is none.
        """
        path = self.folder / run
        plain = run == path.name and run not in ("", ".", "..") and not run.startswith(".") and "\0" not in run
        if not plain or path.is_symlink() or _signature(path) is None:
            raise UnknownNameError(
                "a run is one of those in the folder of this studio",
                got=f'"{run:.100}"',
                hint="choose one from the list of runs",
            )
        return path

    def keep(self) -> None:
        """Write the rows into the user's cache, if any has changed; a cache that cannot be written is left out."""
        with self._lock:
            if not self._changed:
                return
            self._changed = False
            document = {"method": METHOD, "rows": {name: list(row) for name, row in self._rows.items()}}
        with contextlib.suppress(OSError, ValueError):
            write_atomic(self._file(), json.dumps(document).encode())

    def _names(self) -> list[str]:
        try:
            with os.scandir(self.folder) as entries:
                return [e.name for e in entries if not e.name.startswith(".") and e.is_dir(follow_symlinks=False)]
        except OSError:
            return []

    def _differs(self, name: str, signature: Signature) -> bool:
        known = self._rows.get(name)
        if known is None or known[0] != signature:
            return True
        # a process that is killed changes no file
        return known[1]["state"] == "running" and _is_dead(self.folder / name)

    def _file(self) -> Path:
        digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        return private_folder("studio") / f"index-{digest}.json"

    def _read_kept(self) -> None:
        try:
            document = json.loads(self._file().read_bytes())
            if document["method"] == METHOD:
                for name, (signature, row) in document["rows"].items():
                    self._rows[name] = (tuple(tuple(each) for each in signature), {**row, "id": name})
        except (OSError, ValueError, KeyError, TypeError, AttributeError):  # anything may have happened to a cache
            self._rows = {}


def _signature(path: Path) -> Signature | None:
    """What changes when a row does; None where there is no run."""
    found: list[tuple[int, int, int]] = []
    for name in WATCHED:
        try:
            status = os.stat(path / name)
            found.append((status.st_mtime_ns, status.st_size, status.st_ino))
        except (OSError, ValueError):
            found.append((0, 0, 0))
    return tuple(found) if found[0] != (0, 0, 0) else None


def _is_dead(path: Path) -> bool:
    """Whether run.json names a process that is gone."""
    try:
        record = json.loads((path / "run.json").read_bytes())["process"]
        return ProcessRecord.model_validate(record).alive is False
    except (OSError, ValueError, KeyError, TypeError):
        return False
