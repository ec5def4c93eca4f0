"""A folder of runs that is open in the studio, with everything that is alive around it."""

import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutaway.errors import CutawayError
from cutaway.findings import Evidence, run_checks
from cutaway.jobs import JobManager, TrainingQueue
from cutaway.log import survive
from cutaway.parallel import free_memory
from cutaway.runs import Manifest, RunFolder, kept_so_far, sample_counts, write_title

from .events import Hub
from .run_index import RunIndex
from .trash import Trash
from .uploads import Uploads

FAST = 0.25
"""Seconds between two looks at runs that are being trained."""

BETWEEN = 1.0
"""Seconds between two progress events of an epoch; its end is sent immediately."""

SLOW = 2.0
"""Seconds between two looks at the whole folder: of 2,000 runs each costs 20 ms."""

MEMORY = 2 << 30
"""Bytes that must be free before the process of live maps is loaded for a training that nobody has started yet."""

FIRST, KNOWN = 5.0, 0.5
"""Seconds that the first requests wait for rows, without and with some from the cache; 2,000 runs usually take 0.3."""

KEEP = 30.0
"""Seconds between two times that rows are written into the user's cache."""


@dataclass
class _Seen:
    """The state of a training run that pages have: bytes of its history, its epochs, and when they were sent."""

    size: int = -1
    epochs: int = 0
    told: float = float("-inf")


class Workspace:
    """A folder of runs: its index, its trash, its events, and a thread that watches it.

    Args:
        folder: The folder.
        manager: The job manager of the studio.

    Attributes:
        folder: The folder.
        index: The rows of its runs.
        trash: Its deleted runs.
        trainings: The trainings that wait, run and have ended.
        uploads: Files that were uploaded.
        hub: Events to the pages that show it.
    """

    def __init__(self, folder: Path, manager: JobManager) -> None:
        self.folder = folder.absolute()
        self.index, self.trash, self.hub = RunIndex(self.folder), Trash(self.folder), Hub()
        self.trainings = TrainingQueue(self.folder)
        manager.trainings.watch(self.trainings, self.tell_jobs)
        self._manager = manager
        self.uploads = Uploads(self.folder)
        self._ending, self._first = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._watch, name="studio-watch", daemon=True)
        self._was_missing, self._scanned = False, -SLOW
        self._seen: dict[str, _Seen] = {}

    def start(self) -> None:
        """Begin to watch the folder."""
        self._thread.start()

    def close(self) -> None:
        """Stop watching, and end the streams."""
        self._ending.set()
        self.hub.close()
        if self._thread.is_alive():
            self._thread.join(5)
        self.index.keep()

    def scan(self, *, seconds: float | None = None) -> None:
        """Look for changes now, and tell pages of them.

        Args:
            seconds: Time limit; the next look continues there. None for no end.
        """
        start = self._scanned = time.monotonic()
        for changed, gone in self.index.scan():
            self.hub.send("runs", {"changed": changed, "gone": gone, "unread": self.index.unread})
            if self._ending.is_set() or (seconds is not None and time.monotonic() - start > seconds):
                break
        if self.index.is_missing != self._was_missing:
            self._was_missing = self.index.is_missing
            self.hub.send("reset", {})

    def look(self) -> None:
        """As `scan`, for somebody who waits: briefly, and not while the first one is under way or the last is fresh.

        Whoever asks before anything was read waits for the first rows: an empty list would say that there is no run.
        """
        if self._thread.is_alive() and not self.index.begun.is_set():
            self.index.begun.wait(KNOWN if self.index.rows() else FIRST)
        if self._first.is_set() and time.monotonic() - self._scanned > FAST:
            self.scan(seconds=0.1)

    def rename(self, run: str, title: str) -> dict[str, Any]:
        """Write the title of a run, and return its row.

        Raises:
            UnknownNameError, RunError: There is no such run, or it cannot be written.
        """
        write_title(self.index.path(run), title)
        row = self.index.refresh(run)
        self.hub.send("runs", {"changed": [row], "gone": []})
        return row

    def delete(self, run: str) -> list[str]:
        """Move a run into the trash, and return the ids there.

        Raises:
            UnknownNameError, RunError: See `Trash.put`.
        """
        self.trash.put(self.index.path(run))
        self.index.forget(run)
        return self._tell_trash({"changed": [], "gone": [run]})

    def take_back(self, run: str) -> list[str]:
        """Move a run out of the trash, and return the ids that are left there.

        Raises:
            UnknownNameError, RunError: See `Trash.take_back`.
        """
        self.trash.take_back(run)
        return self._tell_trash({"changed": [self.index.refresh(run)], "gone": []})

    def empty_trash(self, runs: Collection[str] | None = None) -> int:
        """Empty the trash for good, or delete only some runs of it, and return their number.

        Raises:
            RunError: Something could not be deleted.
        """
        deleted = self.trash.empty(runs)
        self._tell_trash(None)
        return deleted

    def _tell_trash(self, runs: dict[str, Any] | None) -> list[str]:
        names = self.trash.names()
        if runs is not None:
            self.hub.send("runs", runs)
        self.hub.send("trash", {"trash": names})
        return names

    def expect_training(self) -> None:
        """Have the process of live maps loaded for a training that may soon begin, unless another one would pay."""
        if all(row["state"] != "running" for row in self.index.rows()) and free_memory() >= MEMORY:
            self._manager.warm("live")

    def tell_jobs(self, rows: list[dict[str, Any]]) -> None:
        """Tell pages how the trainings stand."""
        if self.hub.pages and any(row["state"] in ("starting", "running") and not row["run"] for row in rows):
            self._manager.warm("live")
        self.hub.send("jobs", {"jobs": rows})
        self.scan()

    def _watch(self) -> None:
        looked, kept = -SLOW, time.monotonic()
        with survive(__name__, f"emptying the trash of {self.folder}", OSError):
            self.trash.clear_leavings()
        while not self._ending.wait(0.0 if looked < 0 else FAST):
            # anything may be gone in the middle of a look, or be in a file
            with survive(__name__, f"looking at {self.folder}", Exception):
                now = time.monotonic()
                if now - looked >= SLOW or looked < 0:
                    looked = now
                    self.scan()
                    self._first.set()
                if now - kept >= KEEP:
                    kept = now
                    self.index.keep()
                if self.hub.pages:
                    self._follow()

    def _follow(self) -> None:
        """Tell pages about new lines of running trainings since the last look."""
        running = [row["id"] for row in self.index.rows() if row["state"] == "running"]
        self._seen = {run: seen for run, seen in self._seen.items() if run in running}
        for run in running:
            seen = self._seen.setdefault(run, _Seen())
            file = self.folder / run / "history.jsonl"
            size, now = file.stat().st_size if file.exists() else 0, time.monotonic()
            if size == seen.size:
                continue
            changed = True
            # a damaged history says so in its row
            with survive(__name__, f"following the training of {run}", OSError, CutawayError):
                folder = RunFolder.open(self.folder / run)
                changed = len(folder.history()) > seen.epochs
                if not changed and now - seen.told < BETWEEN:
                    continue
                told = _told(folder, since=seen.epochs)
                seen.epochs, seen.told = seen.epochs + len(told["rows"]), now
                self.hub.send("training", {"run": run, **told})
            if changed:  # otherwise the next look at the whole folder is soon enough
                with survive(__name__, f"reading {run} again", CutawayError):
                    self.hub.send("runs", {"changed": [self.index.refresh(run)], "gone": []})
            seen.size = size

    def training(self, run: str, *, since: int = 0) -> dict[str, Any]:
        """The history of a run and how far its training is.

        Args:
            run: Its id.
            since: How many epochs are known already.

        Returns:
            ``rows``, those from ``since`` on as `RunFolder.history` has them; ``since``; ``samples``, the number of
            training samples; ``progress``, the last line between epochs, or None; and ``verdict``, what the history
            says, if there are new epochs.
        """
        return _told(RunFolder.open(self.index.path(run)), since=since)


def _told(folder: RunFolder, *, since: int) -> dict[str, Any]:
    """The result of `Workspace.training` for an open run."""
    between, rows = folder.history(kind="progress"), folder.history()
    manifest = folder.manifest
    new = rows[since:]
    return {
        "rows": new,
        "since": since,
        "samples": sample_counts(manifest).get("train"),
        "progress": between[-1] if between else None,
        "verdict": _verdict(rows, manifest) if new or not since else None,
    }


def _verdict(rows: list[dict[str, Any]], manifest: Manifest) -> list[dict[str, str]]:
    """``kind``, ``severity``, ``title`` and ``text`` of findings from the history alone, warnings first."""
    if not rows:
        return []
    kept = kept_so_far(manifest, rows)
    found = run_checks(Evidence(history=tuple(rows), config=dict(manifest.config), kept_epoch=kept))
    return [{name: str(getattr(each, name)) for name in ("kind", "severity", "title", "text")} for each in found]
