"""Looking at data without waiting: surveys that a process of its own makes, one after the other."""

import hashlib
import json
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from cutaway.errors import UnknownNameError, UsageError
from cutaway.studio.lines import LineProcess, Record

MEMORY = "looking at data needs memory for them; got less than that; next: choose fewer rows, or train in a terminal"

IDLE = 60.0
"""Seconds without a look after which the process ends: of twenty students each has one, of 260 MB."""

KEPT = 40
WAITING = 20
"""Surveys that wait at most."""


class Surveys:
    """Surveys of data, the last ones kept.

    Args:
        tell: Called with ``key`` and ``state`` whenever a survey goes on, in a thread of its own.
    """

    def __init__(self, tell: Callable[[dict[str, Any]], None]) -> None:
        self._tell = tell
        self._lock = threading.Condition()
        self._known: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._wanted: dict[str, Record] = {}
        self._current: str | None = None
        self._stopping, self._used = False, 0.0
        self._process = LineProcess("cutaway.studio.data.surveyor", on_line=self._take, on_end=self._ended)

    def ask(self, where: str, options: dict[str, Any], *, seconds: float) -> dict[str, Any]:
        """Look at some data, and wait a little for what is found.

        Args:
            where: As `cutaway.load_dataset` takes it.
            options: Of the data.
            seconds: How long to wait at most.

        Returns:
            ``key``, ``state`` ("working", "done", "failed" or "canceled"), ``progress``, ``result`` and ``error``.

        Raises:
            UsageError: Too many wait.
        """
        key = _key(where, options)
        with self._lock:
            known = self._known.get(key)
            if known is None or known["state"] in ("failed", "canceled"):
                if len(self._wanted) >= WAITING:
                    raise UsageError(
                        f"at most {WAITING} looks at data wait", got="one more", hint="wait until some are done"
                    )
                self._known[key] = {"key": key, "state": "working", "progress": None, "result": None, "error": None}
                self._wanted[key] = {"key": key, "where": where, "options": options}
                self._next()
            self._lock.wait_for(lambda: self._known.get(key, {}).get("state") != "working", seconds)
            return dict(self._find(key))

    def get(self, key: str) -> dict[str, Any]:
        """A survey, as `ask` returns it.

        Raises:
            UnknownNameError: There is none, or it is not kept any more.
        """
        with self._lock:
            return dict(self._find(key))

    def cancel(self, key: str) -> None:
        """Stop looking.

        Raises:
            UnknownNameError: There is none.
        """
        with self._lock:
            found = self._find(key)
            if found["state"] != "working":
                return
            found["state"] = "canceled"
            self._wanted.pop(key, None)
            current = self._current == key and not self._stopping
            self._stopping = self._stopping or current
        if current:
            self._process.end()

    def tidy(self) -> None:
        """End the process where nobody has looked at data for a while."""
        with self._lock:
            idle = self._current is None and time.monotonic() - self._used > IDLE
            ends = idle and not self._stopping and self._process.alive
            self._stopping = self._stopping or ends
        if ends:
            self._process.end()

    def close(self) -> None:
        """End the process."""
        self._process.end()

    def _find(self, key: str) -> dict[str, Any]:
        if key not in self._known:
            raise UnknownNameError("a look at data is kept for a while", got="one that is not", hint="look again")
        self._known.move_to_end(key)
        return self._known[key]

    def _next(self) -> None:
        """Begin with the survey that has waited for longest, where none is being made; the lock is held.

        While a process is being ended nothing begins: `_ended` has still to be called for it.
        """
        self._used = time.monotonic()
        if self._current is not None or self._stopping or not self._wanted:
            return
        self._current, request = next(iter(self._wanted.items()))
        try:
            self._process.send(request)
        except OSError as error:
            self._end(self._current, state="failed", error=f"a process that looks at data; got {error.strerror}")

    def _take(self, record: Record) -> None:
        key = record["key"]
        with self._lock:
            found = self._known.get(key)
            if found is None or found["state"] != "working" or self._stopping:
                return
            if "progress" in record:
                found["progress"] = record["progress"]
            elif "error" in record:
                self._end(key, state="failed", error=record["error"])
            else:
                self._end(key, state="done", result=record["result"])
        self._tell({"key": key, "state": found["state"], "progress": found["progress"]})

    def _end(self, key: str, **fields: Any) -> None:
        """Note how a survey ended, and begin with the next one; the lock is held."""
        self._known[key] |= fields
        self._wanted.pop(key, None)
        self._current = None
        done = [name for name, each in self._known.items() if each["state"] != "working"]
        for name in done[:-KEPT]:
            del self._known[name]
        self._lock.notify_all()
        self._next()

    def _ended(self) -> None:
        """The process is gone: it was ended, or the data were too much for it."""
        with self._lock:
            key = self._current
            if self._stopping:
                self._stopping, self._current = False, None
                self._next()  # the same one, perhaps, which somebody has asked for again meanwhile
            elif key is not None:
                self._end(key, state="failed", error=MEMORY)
            if key is None:
                return
            state = self._known[key]["state"]
        self._tell({"key": key, "state": state, "progress": None})


def _key(where: str, options: dict[str, Any]) -> str:
    """What decides a survey: the data, as their file says when it was changed, and the options."""
    stamps: list[Any] = []
    for place in (where, options.get("test")):
        try:
            status = os.stat(str(place))
            stamps.append([status.st_size, status.st_mtime_ns, status.st_ino])
        except (OSError, ValueError):
            stamps.append(None)
    return hashlib.sha256(json.dumps([where, options, stamps], sort_keys=True).encode()).hexdigest()[:32]
