"""The last frames of live maps, in memory: they are shown while a run is trained, and not kept."""

import base64
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAX_FRAMES = 2_000
"""Frames of all runs together: of 600 samples each takes 4 kB."""


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


class FrameStore:
    """The frames of all runs of a studio; the oldest are let go."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frames: OrderedDict[tuple[Path, int], Frame] = OrderedDict()

    def add(self, run: Path, part: dict[str, Any]) -> dict[str, Any]:
        """Take a frame as its process sends it, with ``data`` in base64, and return its head."""
        data = base64.b64decode(part.pop("data"))
        with self._lock:
            number = max((number for path, number in self._frames if path == run), default=-1) + 1
            head = {"run": run.name, **part, "number": number}
            self._frames[run, number] = Frame(head, data)
            while len(self._frames) > MAX_FRAMES:
                self._frames.popitem(last=False)
        return head

    def heads(self, run: Path) -> list[dict[str, Any]]:
        """The heads of the frames of a run that are there, the oldest first."""
        with self._lock:
            return [frame.head for (path, _), frame in self._frames.items() if path == run]

    def find(self, run: Path, number: int) -> Frame | None:
        """A frame of a run; None if it is not there any more."""
        with self._lock:
            return self._frames.get((run, number))
