"""Looking at data without waiting: surveys that processes of their own make, one after the other."""

import hashlib
import json
import math
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cutaway.errors import UnknownNameError, UsageError
from cutaway.studio.lines import LineProcess, Record

MEMORY = "looking at data needs memory for them; got less than that; next: choose fewer rows, or train in a terminal"

IDLE = 60.0
"""Seconds without a look after which a process ends: each takes 260 MB."""

PROCESSES, PATIENCE = 2, 5.0
"""Processes at most, and the seconds that a look takes after which the next one does not wait for its process."""

KEPT = 100
WAITING = 20
"""Surveys of one folder of runs that wait at most."""


class _Worker:
    """A process that looks at data.

    Attributes:
        process: The process.
        key: Of what it looks at; None for nothing.
        since: When it began, or ended, its last look.
        stopping: Whether it is being ended: until its end is seen it begins with nothing.
    """

    def __init__(self, surveys: "Surveys") -> None:
        module = "cutaway.studio.data.surveyor"
        self.process = LineProcess(module, on_line=surveys.take, on_end=lambda: surveys.ended(self))
        self.key: str | None = None
        self.since, self.stopping = 0.0, False


class Surveys:
    """Surveys of data for all folders of runs of a studio, the last ones kept; nobody sees those of another folder.

    Of several that wait, the next one is for the folder that was served longest ago.
    """

    def __init__(self) -> None:
        self._tell: dict[Path, Callable[[dict[str, Any]], None]] = {}
        self._lock = threading.Condition()
        self._known: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._folders: dict[str, Path] = {}
        self._wanted: dict[str, Record] = {}
        self._served: dict[Path, float] = {}
        self._workers = [_Worker(self) for _ in range(PROCESSES)]

    def listen(self, folder: Path, tell: Callable[[dict[str, Any]], None]) -> None:
        """Have somebody told of the surveys for a folder of runs.

        Args:
            folder: The folder.
            tell: Called with ``key``, ``state`` and ``progress`` whenever a survey goes on, in a thread of its own.
        """
        self._tell[folder] = tell

    def ask(self, folder: Path, where: str, options: dict[str, Any], *, seconds: float) -> dict[str, Any]:
        """Look at some data, and wait a little for what is found.

        Args:
            folder: The folder of runs of whoever asks.
            where: As `cutaway.load_dataset` takes it.
            options: Of the data.
            seconds: How long to wait at most.

        Returns:
            ``key``, ``state`` ("working", "done", "failed" or "canceled"), ``progress``, ``result`` and ``error``.

        Raises:
            UsageError: Too many wait.
        """
        key = _key(folder, where, options)
        with self._lock:
            known = self._known.get(key)
            if known is None or known["state"] in ("failed", "canceled"):
                if sum(self._folders[each] == folder for each in self._wanted) >= WAITING:
                    raise UsageError(
                        f"at most {WAITING} looks at data wait", got="one more", hint="wait until some are done"
                    )
                self._known[key] = {"key": key, "state": "working", "progress": None, "result": None, "error": None}
                self._folders[key] = folder
                self._wanted[key] = {"key": key, "where": where, "options": options}
                self._next()
            self._lock.wait_for(lambda: self._known.get(key, {}).get("state") != "working", seconds)
            return dict(self._find(folder, key))

    def get(self, folder: Path, key: str) -> dict[str, Any]:
        """A survey, as `ask` returns it.

        Raises:
            UnknownNameError: There is none for this folder, or it is not kept any more.
        """
        with self._lock:
            return dict(self._find(folder, key))

    def cancel(self, folder: Path, key: str) -> None:
        """Stop looking.

        Raises:
            UnknownNameError: There is none for this folder.
        """
        with self._lock:
            found = self._find(folder, key)
            if found["state"] != "working":
                return
            found["state"] = "canceled"
            self._wanted.pop(key, None)
            worker = next((each for each in self._workers if each.key == key and not each.stopping), None)
            if worker is not None:
                worker.stopping = True
        if worker is not None:
            worker.process.end()

    def tidy(self) -> None:
        """End processes that have not looked at data for a while; what waits behind a long look begins."""
        with self._lock:
            late = time.monotonic() - IDLE
            idle = [each for each in self._workers if each.key is None and each.since < late and each.process.alive]
            idle = [each for each in idle if not each.stopping]
            for worker in idle:
                worker.stopping = True
            self._next()
        for worker in idle:
            worker.process.end()

    def close(self) -> None:
        """End the processes."""
        for worker in self._workers:
            worker.process.end()

    def _find(self, folder: Path, key: str) -> dict[str, Any]:
        if key not in self._known or self._folders[key] != folder:
            raise UnknownNameError("a look at data is kept for a while", got="one that is not", hint="look again")
        self._known.move_to_end(key)
        return self._known[key]

    def _next(self) -> None:
        """Begin with the survey whose turn it is, if there is a process for it; the lock is held.

        While a process is being ended it begins with nothing: `ended` has still to be called for it.
        """
        now, begun = time.monotonic(), {worker.key for worker in self._workers}
        waiting = [key for key in self._wanted if key not in begun]
        if not waiting:
            return
        for worker in self._workers:
            if worker.key is None and not worker.stopping:
                break
            if now - worker.since < PATIENCE:
                return  # it will soon be free
        else:
            return
        key = min(waiting, key=lambda key: self._served.get(self._folders[key], -math.inf))
        worker.key, worker.since = key, now
        self._served[self._folders[key]] = now
        try:
            worker.process.send(self._wanted[key])
        except OSError as error:
            self._end(key, state="failed", error=f"a process that looks at data; got {error.strerror}")

    def take(self, record: Record) -> None:
        """Take what a process says of a survey."""
        key = record["key"]
        with self._lock:
            found = self._known.get(key)
            worker = next((each for each in self._workers if each.key == key), None)
            if found is None or worker is None or worker.stopping or found["state"] != "working":
                return
            if "progress" in record:
                found["progress"] = record["progress"]
            elif "error" in record:
                self._end(key, state="failed", error=record["error"])
            else:
                self._end(key, state="done", result=record["result"])
        self._say(key, found)

    def _end(self, key: str, **fields: Any) -> None:
        """Note how a survey ended, and begin with the next one; the lock is held."""
        self._known[key] |= fields
        self._wanted.pop(key, None)
        for worker in self._workers:
            if worker.key == key:
                worker.key, worker.since = None, time.monotonic()
        done = [name for name, each in self._known.items() if each["state"] != "working"]
        for name in done[:-KEPT]:
            del self._known[name], self._folders[name]
        self._lock.notify_all()
        self._next()

    def ended(self, worker: _Worker) -> None:
        """A process is gone: it was ended, or the data were too much for it."""
        with self._lock:
            key = worker.key
            if worker.stopping:
                worker.stopping, worker.key = False, None
                self._next()  # the same one, perhaps, which somebody has asked for again meanwhile
            elif key is not None:
                self._end(key, state="failed", error=MEMORY)
            if key is None or key not in self._known:
                return
            found = self._known[key]
        self._say(key, found)

    def _say(self, key: str, found: dict[str, Any]) -> None:
        tell = self._tell.get(self._folders.get(key, Path()))
        if tell is not None:
            tell({"key": key, "state": found["state"], "progress": found["progress"]})


def _key(folder: Path, where: str, options: dict[str, Any]) -> str:
    """What decides a survey: who sees it, the data, as their file says when it was changed, and the options."""
    stamps: list[Any] = []
    for place in (where, options.get("test")):
        try:
            status = os.stat(str(place))
            stamps.append([status.st_size, status.st_mtime_ns, status.st_ino])
        except (OSError, ValueError):
            stamps.append(None)
    return hashlib.sha256(json.dumps([str(folder), where, options, stamps], sort_keys=True).encode()).hexdigest()[:32]
