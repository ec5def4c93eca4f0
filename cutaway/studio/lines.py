"""A process that serves the studio: it reads JSON lines from its input, writes JSON lines, and ends with the studio."""

import contextlib
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import IO, Any

from cutaway.log import ErrorLines, survive

log = logging.getLogger("cutaway.studio.lines")

LONGEST = 64 << 20
"""Bytes of a line at most."""

Record = dict[str, Any]


class LineProcess:
    """A process of one of our modules, which is started when it is first told something.

    Args:
        module: Name of the module.
        on_line: Called with each record that it writes, in a thread of its own.
        on_end: Called once it has ended, whatever ended it.
    """

    def __init__(
        self, module: str, *, on_line: Callable[[Record], None], on_end: Callable[[], None] = lambda: None
    ) -> None:
        self._module, self._on_line, self._on_end = module, on_line, on_end
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def alive(self) -> bool:
        """Whether there is a process."""
        return self._process is not None and self._process.poll() is None

    def send(self, record: Record) -> None:
        """Tell the process something; starts one if there is none.

        Raises:
            OSError: It cannot be started.
        """
        with self._lock:
            if not self.alive:
                self._start()
            assert self._process is not None
            assert self._process.stdin is not None
            with contextlib.suppress(OSError, ValueError):  # it has just died: `on_end` says so
                self._process.stdin.write(json.dumps(record).encode() + b"\n")
                self._process.stdin.flush()

    def end(self) -> None:
        """End the process."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def _start(self) -> None:
        command = [sys.executable, "-P", "-m", self._module]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
        ErrorLines(self._process.stderr, log, self._module)
        threading.Thread(target=self._read, args=(self._process,), name=self._module, daemon=True).start()

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        # `process` closes its pipes and waits for it
        with survive(log, f"reading from {self._module}", OSError, ValueError), process:
            for record in read_lines(process.stdout):
                self._on_line(record)
            process.kill()
        self._on_end()


def read_lines(stream: IO[bytes]) -> Iterator[Record]:
    """The records that the other side writes, until it ends or writes something else."""
    while line := stream.readline(LONGEST):
        try:
            record = json.loads(line)
        except ValueError:
            return
        if isinstance(record, dict):
            yield record


def write_line(record: Record) -> None:
    """Write a record to the other side; where it is gone, this process ends."""
    try:
        sys.stdout.buffer.write(json.dumps(record, allow_nan=False).encode() + b"\n")
        sys.stdout.buffer.flush()
    except OSError:
        os._exit(0)
