"""How processes end when one of them is lost.

Where another process is gone, a collective operation fails in some processes, which raises an exception. The others may
still wait in theirs: JAX's coordination service, which misses heartbeats or whose connection is gone, calls abort() in
them, from a thread of its own and without asking Python. We keep the exit code and the line that people read.
"""

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from cutaway.errors import CutawayError, RunError

RULE = "a training by several processes needs all of them until its end"
LOST = "another process that was killed, lost its connection, or ended with an error of its own"

CLOSING = 20.0
"""Seconds that the main thread has to write and print why the training ends."""

_before: Callable[[str], None] | None = None
"""What is done with the line before the process ends."""

_ending = threading.Lock()
"""Held once it is known that the training ends, by who says why: either this process's own work or an abort."""

_by_abort = False
"""Whether an abort holds it."""

_agreed = False
"""Whether all processes end at the same step, so that they can wait for each other."""

_said_by_first = False
"""Whether all processes know why they end, and this is not the first one, which says it."""


def lost_error(got: str = LOST) -> RunError:
    """The error of a training that has lost one of its processes."""
    return RunError(RULE, got=got, hint="see what that one said last, then: cutaway resume latest, with all of them")


def explained(error: BaseException) -> BaseException:
    """What an exception of a training by several processes means: that one of them is gone, if JAX says so."""
    said = str(error).lower()
    words = ("gloo", "nccl", "coordination", "connection", "heartbeat", "unavailable")
    if isinstance(error, CutawayError) or not isinstance(error, (ValueError, RuntimeError)):
        return error
    return lost_error() if any(word in said for word in words) else error


def end_is_known() -> None:
    """Say that this process ends by itself and says why; an abort in the meantime only waits for its end.

    Where an abort came first, which ends the process, this waits for its end: the reason is said once.
    """
    if not _ending.acquire(blocking=False) and _by_abort:
        time.sleep(CLOSING)


def end_is_agreed() -> None:
    """Say that all processes end at the same step."""
    global _agreed
    _agreed = True


def is_agreed() -> bool:
    """Whether all processes end at the same step."""
    return _agreed


def reason_is_known(*, first: bool) -> None:
    """Say that all processes know why they end: the first one says it to people."""
    global _said_by_first
    _said_by_first = not first


def is_said_by_first() -> bool:
    """Whether another process, the first, says to people why all end."""
    return _said_by_first


def before_the_end(call: Callable[[str], None] | None) -> None:
    """Choose what is done with the line that says why, such as writing it into the run folder."""
    global _before
    _before = call


@ctypes.CFUNCTYPE(None, ctypes.c_int)
def _aborted(_: int) -> None:
    """Runs in the thread that called abort(), as that thread's call, so that locks and Python work as usual."""
    global _by_abort
    if _ending.acquire(blocking=False):
        _by_abort = True
    else:
        time.sleep(CLOSING)  # the process ends by itself, unless it waits for an answer of one that is gone
    line = str(lost_error())
    with contextlib.suppress(BaseException):  # no log: the thread that ends may hold its lock
        if _before is not None:
            _before(line)
    with contextlib.suppress(OSError, ValueError, AttributeError):  # nobody can read it
        os.write(sys.stderr.fileno(), f"error: {line}\n".encode())
    os._exit(1)


def end_readably() -> None:
    """Let an abort of JAX end the process with one line and exit code 1."""
    if sys.platform == "win32":
        return
    libc: Any = ctypes.CDLL(None)
    libc.signal.argtypes = [ctypes.c_int, ctypes.c_void_p]
    libc.signal.restype = ctypes.c_void_p
    libc.signal(signal.SIGABRT, ctypes.cast(_aborted, ctypes.c_void_p))
