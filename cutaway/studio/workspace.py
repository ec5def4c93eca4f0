"""A folder of runs that is open in the studio, with everything that is alive around it."""

import contextlib
import threading
import time
from pathlib import Path
from typing import Any

from cutaway.runs import RunFolder

from .events import Hub
from .runs import RunIndex, Trash

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
        hub: Events to the pages that show it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.index, self.trash, self.hub = RunIndex(self.folder), Trash(self.folder), Hub()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="studio-watch", daemon=True)
        self._seen: dict[str, int] = {}

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

    def scan(self) -> None:
        """Look for changes now, and tell pages of them."""
        changed, gone = self.index.scan()
        if changed or gone:
            self.hub.send("runs", {"changed": changed, "gone": gone})

    def _watch(self) -> None:
        last = 0.0
        while not self._ending.wait(FAST):
            with contextlib.suppress(OSError):  # the folder may be gone for a while
                if time.monotonic() - last >= SLOW:
                    self.scan()
                    self.index.keep()
                    last = time.monotonic()
                self._follow()

    def _follow(self) -> None:
        """Tell pages what runs that are being trained have written since the last look."""
        running = [row["id"] for row in self.index.rows() if row["state"] == "running"]
        self._seen = {run: size for run, size in self._seen.items() if run in running}
        for run in running:
            file = self.folder / run / "history.jsonl"
            size = file.stat().st_size if file.exists() else 0
            if size == self._seen.get(run):
                continue
            self._seen[run] = size
            self.hub.send("training", {"run": run, **self.training(run)})
            changed = self.index.refresh(run)
            self.hub.send("runs", {"changed": [changed], "gone": []})

    def training(self, run: str) -> dict[str, Any]:
        """The history of a run and how far its training is.

        Returns:
            ``rows`` as `RunFolder.history` has them, and ``progress``, the last line between epochs, or None.
        """
        folder = RunFolder.open(self.index.path(run))
        between = folder.history(kind="progress")
        return {"rows": folder.history(), "progress": between[-1] if between else None}
