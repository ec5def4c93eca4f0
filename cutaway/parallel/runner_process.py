"""A process that runs jobs, as seen by whoever started it.

The process is `cutaway.jobs.runner`, which is named here and not imported. Orders go in and messages come out, a line
of JSON each.
"""

import contextlib
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import IO, Any, Literal

from cutaway.log import ErrorLines, survive

log = logging.getLogger("cutaway.jobs")

RUNNER = "cutaway.jobs.runner"

MAX_LINE_BYTES = 64 << 20

LOADING_SECONDS = 120.0
"""Extra seconds for a canceled job to stop if its process is still loading."""

ALONE = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) | getattr(subprocess, "DETACHED_PROCESS", 0)
"""On Windows, what keeps Ctrl-C and the end of a terminal from a process; elsewhere, a session of its own does."""

KILLED = 9
"""The number of SIGKILL, a name that Windows does not have."""

MessageKind = Literal["ready", "begun", "progress", "part", "result", "error", "end"]
"""What a runner writes: that it has loaded; of a job that it has begun, how far it is (a `ProgressRecord`), what it has
finished (the name of a part, or a small part itself), its result, why it failed, and how it ended ("done", "canceled"
or "failed")."""


@dataclass(frozen=True)
class Message:
    """A message of a runner.

    Attributes:
        kind: Its subject.
        job: Id of the job; "" for none.
        value: JSON, see `MessageKind`.
    """

    kind: MessageKind
    job: str = ""
    value: Any = None


class RunnerProcess:
    """A process that runs jobs, from its start to its end. It ends when its input does: with whoever started it.

    A detached process writes no messages, and once it has been given its one job, it needs nobody any more.

    Args:
        queue: A key of `cutaway.jobs.QUEUES`, which it loads and runs.
        on_message: Called with each message, in a thread of its own.
        on_end: Called once after it has ended, whatever ended it, with the reason in one line.
        detached: Whether it is detached.

    Raises:
        OSError: It cannot be started.
    """

    def __init__(
        self,
        queue: str,
        *,
        on_message: Callable[[Message], None] = lambda _: None,
        on_end: Callable[[str], None] = lambda _: None,
        detached: bool = False,
    ) -> None:
        self._on_message, self._on_end = on_message, on_end
        self._lines: SimpleQueue[bytes | None] = SimpleQueue()  # lines to send; None closes its input
        self._jobs: dict[str, int] = {}  # its jobs, and the number of jobs before each
        self._count = 0
        self._is_ready = False
        self._is_detached = detached
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", RUNNER, queue],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL if detached else subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            creationflags=ALONE,
        )
        self._errors = ErrorLines(self._process.stderr, log, f"runner {queue}")
        if not detached:
            threading.Thread(target=self._write, name=f"orders to runner {queue}", daemon=True).start()
            threading.Thread(target=self._read, name=f"runner {queue}", daemon=True).start()

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    @property
    def _stdin(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin

    @property
    def alive(self) -> bool:
        """Whether it is still there."""
        return self._process.poll() is None

    def send(self, job: str, order: dict[str, Any]) -> None:
        """Give it a job, without waiting until it reads that.

        Args:
            job: Id of the job.
            order: What a runner needs to know of it, JSON-able; for a detached process, at most a few kilobytes.

        Raises:
            OSError: A detached process is gone. Of others `on_end` says so.
        """
        self._count += 1
        self._jobs[job] = self._count
        line = json.dumps({"job": job, **order}).encode() + b"\n"
        if self._is_detached:
            with self._stdin as stdin:
                stdin.write(line)
        else:
            self._lines.put(line)

    def cancel(self, job: str, *, seconds: float) -> None:
        """Ask it to stop a job; the process is ended if that takes too long.

        Args:
            job: Id of the job.
            seconds: In which it must stop; a process that still loads is given `LOADING_SECONDS` more.
        """
        self._lines.put(json.dumps({"cancel": job}).encode() + b"\n")
        seconds += 0.0 if self._is_ready else LOADING_SECONDS
        timer = threading.Timer(seconds, self._kill_if_stuck, (job, self._jobs.get(job)))
        timer.daemon = True
        timer.start()

    def close_input(self) -> None:
        """Let it end as it does when whoever started it is gone."""
        if self._is_detached:
            with contextlib.suppress(OSError):  # it is gone, or was given its job
                self._stdin.close()
        else:
            self._lines.put(None)

    def kill(self) -> None:
        """End it; `on_end` is called in its own thread."""
        with contextlib.suppress(OSError):  # it is gone
            self._process.kill()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for its end, and say whether it has ended.

        Args:
            seconds: Maximum time to wait.
        """
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def close(self) -> None:
        """End it and wait for its end."""
        self.close_input()
        self.kill()
        self._process.wait()

    def _kill_if_stuck(self, job: str, number: int | None) -> None:
        if number is not None and self._jobs.get(job) == number:  # otherwise it has ended, and was perhaps begun again
            self.kill()

    def _write(self) -> None:
        """Send waiting lines: a pipe holds 64 kB, and a process that still loads reads none of it."""
        with contextlib.suppress(OSError), self._stdin as stdin:  # it has ended, which `on_end` says
            while (line := self._lines.get()) is not None:
                stdin.write(line)
                stdin.flush()

    def _read(self) -> None:
        stdout = self._process.stdout
        assert stdout is not None
        with survive(__name__, "reading the messages of a runner", OSError, ValueError, TypeError), stdout:
            while line := stdout.readline(MAX_LINE_BYTES):
                message = Message(**json.loads(line))
                self._is_ready = True
                if message.kind == "end":
                    self._jobs.pop(message.job, None)
                self._on_message(message)
        reason = self._reason()
        self.close_input()
        self._on_end(reason)

    def _reason(self) -> str:
        """How it ended, in one line."""
        if not self.wait(5):
            self.kill()
        return how_it_ended(self._process.wait(), self._errors)


def how_it_ended(code: int, errors: ErrorLines) -> str:
    """How a process has ended, in one line.

    Args:
        code: Its exit code; negative if a signal ended it.
        errors: What it wrote to its standard error.
    """
    if code == -KILLED:
        return "it was killed, perhaps because memory ran out"
    last = errors.last()
    how = f"it was ended by signal {-code}" if code < 0 else f"it ended with exit code {code}"
    return f"{how}{f': {last}' if last else ''}"
