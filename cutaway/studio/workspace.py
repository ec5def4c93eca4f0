"""A folder of runs that is open in the studio, with everything that is alive around it."""

import contextlib
import threading
import time
from pathlib import Path
from typing import Any

from cutaway.runs import RunFolder

from .data import Surveys, Uploads
from .events import Hub
from .live import LiveMaps
from .runs import RunIndex, Trash, verdict
from .trainings import JobQueue

FAST = 0.25
"""Seconds between two looks at runs that are being trained."""

SLOW = 2.0
"""Seconds between two looks at the whole folder: of 2,000 runs each costs 20 ms."""


class Workspace:
    """A folder of runs: its index, its trash, its events, and a thread that watches it.

    Attributes:
        folder: The folder.
        index: The rows of its runs.
        trash: Its deleted runs.
        jobs: The trainings that wait, run and have ended.
        live: The maps of runs that are being trained and watched.
        surveys: Looks at data.
        uploads: Files that were uploaded.
        hub: Events to the pages that show it.
        deciding: Held by whoever reads decisions on labels and adds one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.index, self.trash, self.hub = RunIndex(self.folder), Trash(self.folder), Hub()
        self.jobs = JobQueue(self.folder)
        self.live = LiveMaps(self.folder, lambda frame: self.hub.send("live", frame))
        self.deciding = threading.Lock()
        self.surveys = Surveys(lambda told: self.hub.send("survey", told))
        self.uploads = Uploads(self.folder)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="studio-watch", daemon=True)
        self._seen: dict[str, tuple[int, int]] = {}

    def start(self) -> None:
        """Begin to watch the folder."""
        self._thread.start()

    def close(self) -> None:
        """Stop watching, and end the streams."""
        self._ending.set()
        self.hub.close()
        self.live.close()
        self.surveys.close()
        if self._thread.is_alive():
            self._thread.join(5)
        self.index.keep()

    def scan(self) -> None:
        """Look for changes now, and tell pages of them."""
        changed, gone = self.index.scan()
        if changed or gone:
            self.hub.send("runs", {"changed": changed, "gone": gone})

    def tell_jobs(self, rows: list[dict[str, Any]]) -> None:
        """Tell pages how the trainings stand."""
        if self.hub.pages and any(row["state"] in ("starting", "running") and not row["run"] for row in rows):
            self.live.warm()
        self.hub.send("jobs", {"jobs": rows})
        self.scan()

    def _watch(self) -> None:
        last = 0.0
        while not self._ending.wait(FAST):
            with contextlib.suppress(OSError):  # the folder may be gone for a while
                if time.monotonic() - last >= SLOW:
                    self.scan()
                    self.index.keep()
                    self.live.tidy()
                    last = time.monotonic()
                self._follow()

    def _follow(self) -> None:
        """Tell pages what runs that are being trained have written since the last look."""
        running = [row["id"] for row in self.index.rows() if row["state"] == "running"]
        self._seen = {run: seen for run, seen in self._seen.items() if run in running}
        for run in running:
            file = self.folder / run / "history.jsonl"
            size = file.stat().st_size if file.exists() else 0
            before, epochs = self._seen.get(run, (-1, 0))
            if size == before:
                continue
            told = self.training(run, since=epochs)
            self._seen[run] = (size, epochs + len(told["rows"]))
            self.hub.send("training", {"run": run, **told})
            if told["rows"] or before < 0:
                changed = self.index.refresh(run)
                self.hub.send("runs", {"changed": [changed], "gone": []})

    def training(self, run: str, *, since: int = 0) -> dict[str, Any]:
        """The history of a run and how far its training is.

        Args:
            run: Its id.
            since: How many epochs are known already.

        Returns:
            ``rows``, those from ``since`` on as `RunFolder.history` has them; ``since``; ``samples``, the number of
            training samples; ``progress``, the last line between epochs, or None; and ``verdict``, what the history
            says, where there are new epochs.
        """
        folder = RunFolder.open(self.index.path(run))
        between, rows = folder.history(kind="progress"), folder.history()
        manifest = folder.manifest
        new = rows[since:]
        return {
            "rows": new,
            "since": since,
            "samples": (manifest.split.get("counts") or {}).get("train"),
            "progress": between[-1] if between else None,
            "verdict": verdict(rows, manifest.config, kept_epoch=manifest.kept_epoch) if new or not since else None,
        }
