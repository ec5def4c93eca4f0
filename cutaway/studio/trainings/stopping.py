"""Stopping the process of a training, wherever it was started."""

import os
import signal

from cutaway.errors import UsageError
from cutaway.runs import ProcessRecord


def stop_process(process: ProcessRecord | None, *, kill: bool = False) -> None:
    """Ask a process to stop, as Ctrl-C does in its terminal: it keeps everything up to its last step.

    Args:
        process: The process.
        kill: End it at once instead; what it has written so far can be resumed.

    Raises:
        UsageError: It is gone, runs on another machine, or belongs to somebody else.
    """
    if process is None or process.alive is False:
        raise UsageError(
            "only a training that runs can be stopped", got="one whose process is gone", hint="resume it, or delete it"
        )
    if not process.local:
        raise UsageError(
            "a training is stopped on the machine on which it runs",
            got=f"one on {process.host}",
            hint="stop it there with Ctrl-C",
        )
    number = signal.SIGKILL if kill else signal.SIGINT
    try:
        _send(process, number)
    except ProcessLookupError:
        return  # it has just ended
    except PermissionError:
        raise UsageError(
            "only trainings of one's own are stopped", got="a process of somebody else", hint="ask its owner"
        ) from None


def _send(process: ProcessRecord, number: signal.Signals) -> None:
    """Send a signal to this very process: its number may be that of another one a moment later."""
    if not hasattr(os, "pidfd_open"):
        os.kill(process.pid, number)
        return
    descriptor = os.pidfd_open(process.pid)
    try:
        if process.alive:  # asked after the descriptor was opened, which stays that of the same process
            signal.pidfd_send_signal(descriptor, number)
    finally:
        os.close(descriptor)
