"""A process that reads files, as seen by whoever started it.

The process is `cutaway.file_process.__main__`. Orders go in and answers come out, each a line of JSON, an answer
followed by its bytes. It keeps nothing that an order needs, so it can be ended and started again between any two.
"""

import contextlib
import json
import logging
import os
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

from cutaway.errors import DataError
from cutaway.log import ErrorLines
from cutaway.parallel import free_memory, how_it_ended

log = logging.getLogger("cutaway.file_process")

PROGRAM = "cutaway.file_process"

SECONDS = 120
"""Maximum seconds for an answer, loading included."""

IDLE_SECONDS = 10.0
"""Seconds without an order after which the process is ended: it holds 60 MB, and a file that Windows would not replace.
"""

LEAST = 1 << 30
"""Minimum limit of memory in bytes: pyarrow reserves nearly as much for a file of some kilobytes."""


HINTS = {
    "columnar": "write it again, or convert it to CSV",
    "workbook": "save it as .xlsx, without a password and without cells far from the table, or save its sheet as CSV",
    "hdf5": 'copy it again, or save the model again with model.save("model.keras")',
}
"""What to do about a damaged file, by the module that reads it."""


class FileProcess:
    """A process that reads files of one kind, one order at a time; it starts with the first order.

    Args:
        library: The module of this package that it runs, a key of `HINTS`.
        most: Bytes of memory that it may take in addition to `LEAST`, if so much is free.
    """

    def __init__(self, library: str, most: int = sys.maxsize) -> None:
        self._library, self._most = library, most
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._end = lambda: None
        self._idle: list[threading.Timer] = []

    def __reduce__(self) -> tuple[Any, ...]:
        return FileProcess, (self._library, self._most)

    def start(self) -> None:
        """Start it, if it is not there, without waiting until it has loaded."""
        with self._lock:
            self._start()

    def ask(self, action: str, *, name: str, data: bytes = b"", **details: Any) -> tuple[Any, bytes]:
        """Let it do something.

        Args:
            action: A function of the module.
            name: The file, for messages: "the Parquet file x.parquet".
            data: Its bytes, where the process opens no file itself.
            details: JSON-able arguments of the function.

        Returns:
            A JSON-able value, and bytes.

        Raises:
            DataError: The file is damaged, or needs more memory than is free, or the process crashed or took too long.
        """
        order = json.dumps({"action": action, "name": name, "details": details, "size": len(data)}).encode()
        with self._lock:
            _cancel(self._idle)
            try:
                head, found = self._answer(order, data, name)
            except BaseException:  # half of an answer may be left in the pipe
                self._end()
                raise
            self._idle.append(idle := threading.Timer(IDLE_SECONDS, _end_idle, (self._lock, self._end)))
            idle.daemon = True
            idle.start()
        if "error" in head:
            rule, got, hint = head["error"]
            raise DataError(rule, got=got, hint=hint)
        return head["value"], found

    def _start(self) -> None:
        if self._process and self._process.poll() is None:
            return
        self._end()
        memory = min(max(free_memory(), LEAST), LEAST + self._most)
        # it imports from where we did, also if cutaway is not installed
        paths = os.pathsep.join(path for path in sys.path if path)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", PROGRAM, self._library, str(memory), str(SECONDS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pipesize=1 << 20,
            env={**os.environ, "PYTHONPATH": paths, "RUST_BACKTRACE": "0"},
            start_new_session=True,  # Ctrl-C is for us
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        self._errors = ErrorLines(self._process.stderr, log, "reading a file", level=logging.INFO)
        self._end = weakref.finalize(self, _end, self._process, self._idle)

    def _answer(self, order: bytes, data: bytes, name: str) -> tuple[dict[str, Any], bytes]:
        self._start()
        begun, process = time.monotonic(), self._process
        assert process
        assert process.stdin
        assert process.stdout
        try:
            process.stdin.writelines((order, b"\n", data))
            process.stdin.flush()
            head = json.loads(process.stdout.readline())
            found = process.stdout.read(head["size"])
            if len(found) == head["size"]:
                return head, found
        except (OSError, ValueError):  # it has ended
            pass
        process.kill()
        how = f"crashed: {how_it_ended(process.wait(), self._errors)}"
        if time.monotonic() - begun > SECONDS:
            how = f"was ended after {SECONDS} seconds"
        raise DataError(f"cannot read {name} (the process that reads it {how})", hint=HINTS[self._library])


def _end_idle(lock: threading.Lock, end: Callable[[], object]) -> None:
    with lock:
        end()


def _cancel(timers: list[threading.Timer]) -> None:
    while timers:
        timers.pop().cancel()


def _end(process: "subprocess.Popen[bytes]", idle: list[threading.Timer]) -> None:
    _cancel(idle)  # or a thousand files keep as many threads for 10 seconds
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        with contextlib.suppress(OSError):  # what was not sent yet
            assert pipe
            pipe.close()
