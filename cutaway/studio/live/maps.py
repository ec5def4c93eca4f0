"""Which runs are watched, of all folders, and the last frames of their maps."""

import base64
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutaway.studio.lines import LineProcess, Record

WATCHED = 30.0
"""Seconds for which a run stays watched after a page has asked for it."""

MOST = 16
"""Runs that are watched at most: the process holds samples and a model of each."""

WARM = 300.0
"""Seconds for which the process stays after a form for a training was opened, or a run began that nobody watches."""

FRAMES = 2_000
"""Frames that are kept, of all runs together: of 600 samples each takes 4 kB."""


@dataclass(frozen=True)
class Frame:
    """A map of a layer after an epoch.

    Attributes:
        head: ``run``, ``epoch``, ``number`` (of the frame, from 0), ``layer``, ``samples``, ``classes``, ``split``,
            and ``colors``.
        data: uint16 (sample, 2) coordinates, then uint8 (sample,) classes, then uint8 (sample,) predicted classes.
    """

    head: dict[str, Any]
    data: bytes


class LiveMaps:
    """The live maps of all folders of runs of a studio: one process computes them, whoever looks at them."""

    def __init__(self) -> None:
        self._tell: dict[Path, Callable[[dict[str, Any]], None]] = {}
        self._lock = threading.Lock()
        self._watched: dict[Path, float] = {}
        self._frames: OrderedDict[tuple[Path, int], Frame] = OrderedDict()
        self._errors: dict[Path, str] = {}
        self._warmed = 0.0
        self._process = LineProcess("cutaway.studio.live.child", on_line=self._take, on_end=self._ended)

    def listen(self, folder: Path, tell: Callable[[dict[str, Any]], None]) -> None:
        """Have somebody told of the frames of the runs in a folder.

        Args:
            folder: The folder of runs.
            tell: Called with the head of each new frame, or with ``run`` and ``error``, in a thread of its own.
        """
        self._tell[folder] = tell

    def warm(self) -> None:
        """Start the process, since a run that is likely to be watched begins, or is about to."""
        with self._lock:
            self._warmed = time.monotonic()
        if not self._process.alive:
            self._say()

    def watch(self, run: Path) -> dict[str, Any]:
        """Say that a page watches a run, which it says again before `WATCHED` seconds are over.

        Returns:
            ``frames``, the heads of the frames that are there, and ``error``, why there are no more, or None.
        """
        with self._lock:
            known = self._watched.pop(run, None) is not None
            while len(self._watched) >= MOST:
                del self._watched[next(iter(self._watched))]
            self._watched[run] = time.monotonic()
            error = self._errors.get(run)
            frames = [frame.head for (path, _), frame in self._frames.items() if path == run]
        if not known or not self._process.alive:
            self._say()
        return {"frames": frames, "error": error}

    def find(self, run: Path, number: int) -> Frame | None:
        """A frame of a run; None if it is not kept any more."""
        with self._lock:
            return self._frames.get((run, number))

    def tidy(self) -> None:
        """Let go of runs that nobody watches any more; the process ends with the last one."""
        with self._lock:
            now = time.monotonic()
            gone = [run for run, seen in self._watched.items() if now - seen > WATCHED]
            for run in gone:
                del self._watched[run]
                self._errors.pop(run, None)
            needed = bool(self._watched) or now - self._warmed < WARM
        if not needed:
            self._process.end()
        elif gone:
            self._say()

    def close(self) -> None:
        """End the process."""
        self._process.end()

    def _say(self) -> None:
        with self._lock:
            runs = list(self._watched)
        try:
            self._process.send({"runs": [str(run) for run in runs]})
        except OSError as error:
            self._errors |= dict.fromkeys(runs, f"live maps need a process; got {error.strerror}; next: free memory")

    def _take(self, record: Record) -> None:
        path = Path(record.pop("path"))
        head = {"run": path.name, **record}
        if "error" in record:
            with self._lock:
                self._errors[path] = record["error"]
        else:
            data = base64.b64decode(head.pop("data"))
            with self._lock:
                numbers = [number for run, number in self._frames if run == path]
                head["number"] = max(numbers, default=-1) + 1
                self._frames[path, head["number"]] = Frame(head, data)
                while len(self._frames) > FRAMES:
                    self._frames.popitem(last=False)
        if path.parent in self._tell:
            self._tell[path.parent](head)

    def _ended(self) -> None:
        """The process is gone; the next page that asks starts another one."""
        if self._process.alive:  # a page has started another one meanwhile, which knows what is watched
            return
        with self._lock:
            self._watched = {}
