"""Stopping the process of a training, wherever it was started."""

import os
import signal
from pathlib import Path

from cutaway.errors import UsageError
from cutaway.runs import ProcessRecord


def stop_process(process: ProcessRecord | None, *, holding: Path, kill: bool = False) -> None:
    """Ask a process to stop, as Ctrl-C does in its terminal: it keeps everything up to its last step.

    Args:
        process: The process.
        holding: The file that it keeps locked for as long as it trains. A process that does not is no training,
            whatever the record says, which may come from a stranger.
        kill: End it immediately instead; what it has written so far can be resumed.

    Raises:
        UsageError: It is gone, does not train, runs on another machine, or belongs to somebody else.
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
        sent = _send(process, number, holding)
    except ProcessLookupError:
        return  # it has just ended
    except PermissionError:
        raise UsageError(
            "only trainings of one's own are stopped", got="a process of somebody else", hint="ask its owner"
        ) from None
    if not sent:
        raise UsageError(
            "only a process that trains is stopped",
            got=f"process {process.pid}, which does not write this run",
            hint="look for the training where it was started: the run may be a copy",
        )


def _send(process: ProcessRecord, number: signal.Signals, holding: Path) -> bool:
    """Send a signal to this very process, if it trains: its number may be that of another one a moment later."""
    if not hasattr(os, "pidfd_open"):
        if process.holds(holding):
            os.kill(process.pid, number)
            return True
        return False
    descriptor = os.pidfd_open(process.pid)
    try:
        # asked after the descriptor was opened, which stays that of the same process
        trains = process.holds(holding)
        if trains:
            signal.pidfd_send_signal(descriptor, number)
        return trains
    finally:
        os.close(descriptor)
