"""The process that computes, as the server sees it: one for each lane, replaced when it dies."""

import contextlib
import json
import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

from cutaway.errors import printable
from cutaway.log import ErrorLines

log = logging.getLogger("cutaway.studio.computing")

PATIENCE = 20.0
"""Seconds in which canceled work must stop; after that its process is ended. One that still loads is given more."""

LOADING = 120.0
"""Seconds in which a process must have loaded what it needs, if its first work is canceled."""


class WorkerDied(Exception):
    """The process ended in the middle of its work, for the reason in the message."""


class Worker:
    """A child process that does one job at a time.

    It reads and writes JSON, a line each, and ends when its input does: with the server, however that ends.
    """

    def __init__(self, *, nice: int = 0) -> None:
        self._nice = nice
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: ErrorLines | None = None
        self._lock = threading.Lock()
        self._job: str | None = None
        self._count, self._ready = 0, False

    @property
    def pid(self) -> int | None:
        """Its number; None where there is none now."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def warm(self) -> None:
        """Start the process, which then loads what it needs, if there is none."""
        with self._lock:
            if self.pid is None:
                self._start()

    def do(self, order: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        """Let it do a job, and wait until it is done.

        Args:
            order: What to do, JSON-able.
            tell: Called with what it says on the way.

        Returns:
            What it says at the end: ``end`` is "done", "canceled" or "error", with ``error``.

        Raises:
            WorkerDied: The process ended.
        """
        self.warm()
        process = self._process
        assert process is not None
        assert process.stdout is not None
        self._count += 1
        job = self._job = str(self._count)
        try:
            self._send({"job": job, **order})
            tell({"began": True})
            for line in process.stdout:
                said = json.loads(line)
                self._ready = True
                if said.get("job") != job:
                    continue
                if "end" in said:
                    return said
                tell(said)
        except (OSError, ValueError):  # its input is closed, or it wrote half a line
            pass
        finally:
            self._job = None
        raise WorkerDied(self._obituary(process))

    def cancel(self) -> None:
        """Ask it to stop what it does; after `PATIENCE` its process is ended."""
        job, process = self._job, self._process
        if job is None:
            return
        with contextlib.suppress(OSError):  # it is gone, and so is its job
            self._send({"cancel": job})
        timer = threading.Timer(PATIENCE if self._ready else LOADING, self._end_if_stuck, (job, process))
        timer.daemon = True
        timer.start()

    def close(self) -> None:
        """End the process."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(OSError):  # it is gone
                process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):  # what was not sent has nobody to read it
                        stream.close()

    def _end_if_stuck(self, job: str, process: subprocess.Popen[bytes] | None) -> None:
        if self._job == job and process is not None and self._process is process:
            process.kill()

    def _send(self, message: dict[str, Any]) -> None:
        with self._lock:
            process = self._process
            if process is None or process.stdin is None:
                raise OSError("no process")
            process.stdin.write(json.dumps(message).encode() + b"\n")
            process.stdin.flush()

    def _start(self) -> None:
        self._ready = False
        command = [sys.executable, "-P", "-m", "cutaway.studio.computing.process", str(self._nice)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
        self._errors = ErrorLines(self._process.stderr, log, "the process that computes")

    def _obituary(self, process: subprocess.Popen[bytes]) -> str:
        """How it ended, in one line."""
        with contextlib.suppress(subprocess.TimeoutExpired):  # it is killed next
            process.wait(5)
        process.kill()
        code = process.wait()
        if code == -signal.SIGKILL:
            return "it was killed, perhaps because memory ran out"
        if code < 0:
            return f"it was ended by signal {-code}"
        return printable(f"it ended with exit code {code}: {self._errors.last() if self._errors else ''}")
