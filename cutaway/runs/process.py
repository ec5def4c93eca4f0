"""Which process writes a run, and whether it is still there."""

import contextlib
import logging
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from .locks import is_locked

log = logging.getLogger(__name__)


class _NotSaid(Exception):
    """The system does not say when a process started, or whether it is there."""


class ProcessRecord(BaseModel):
    """A process, identified by more than its number: another process may get that number later.

    Attributes:
        pid: Its number.
        host: Name of its machine.
        started: When it started. On Linux, ticks since the machine started, and which start that was; elsewhere, the
            time that the system noted then. A clock that is set does not change it. None if the system does not say.
    """

    model_config = ConfigDict(frozen=True)

    pid: Annotated[int, Field(ge=1, lt=2**31)]
    host: Annotated[str, Field(max_length=255)]
    started: Annotated[str, Field(max_length=100)] | None = None

    @classmethod
    def current(cls) -> "ProcessRecord":
        """The process that asks."""
        pid = os.getpid()
        try:
            return cls(pid=pid, host=_host(), started=_started(pid))
        except _NotSaid:
            return cls(pid=pid, host=_host())

    @property
    def local(self) -> bool:
        """Whether it is or was a process of this machine."""
        return self.host == _host()

    @property
    def alive(self) -> bool | None:
        """Whether it is still running; None if unknown, as on another machine."""
        if not self.local or self.started is None:
            return None
        try:
            return _started(self.pid) == self.started
        except _NotSaid:
            return None

    def holds(self, file: Path) -> bool:
        """Whether it is still there and keeps a file locked, as the process of a training does with its history.

        A record alone proves nothing: that in a folder from a stranger may name any process of this machine.

        Args:
            file: The file.
        """
        return bool(self.alive) and _may_have_open(self.pid, file) and is_locked(file)


def _may_have_open(pid: int, file: Path) -> bool:
    """Whether a process has a file open; True if the system does not say."""
    try:
        descriptors = list(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:  # only Linux has it, and only for one's own processes
        return True
    for each in descriptors:
        with contextlib.suppress(OSError):  # it was closed meanwhile
            if each.samefile(file):
                return True
    return False


def _host() -> str:
    return socket.gethostname()[:255]


def _started(pid: int) -> str | None:
    """When a process started; None if there is none, or if it has ended.

    Raises:
        _NotSaid: The system does not say.
    """
    if sys.platform == "win32":
        return _started_on_windows(pid)
    if sys.platform == "darwin":
        return _started_by_ps(pid)
    try:
        # the name of a program, in parentheses, may hold spaces and parentheses itself
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        if Path("/proc/self/stat").exists():
            return None
        raise _NotSaid from None
    except OSError as error:
        log.debug("the system does not say when process %d started: %s", pid, error)
        raise _NotSaid from error
    return None if fields[0] in "ZX" else f"{fields[19]}@{boot}"


def _started_on_windows(pid: int) -> str | None:
    """The same from a handle of the process. On Linux and macOS, psutil's time moves when the clock is set."""
    import psutil

    try:
        return f"{psutil.Process(pid).create_time():.6f}"
    except psutil.NoSuchProcess:
        return None
    except psutil.Error as error:
        log.debug("the system does not say when process %d started: %s", pid, error)
        raise _NotSaid from error


def _started_by_ps(pid: int) -> str | None:
    """The same in whole seconds, without /proc. The time zone is fixed: traveling changes nothing."""
    command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    environment = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}
    try:
        answer = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        log.debug("ps does not say when process %d started: %s", pid, error)
        raise _NotSaid from error
    state, _, started = answer.stdout.strip().partition(" ")
    return None if not started or state.startswith("Z") else started.strip()
