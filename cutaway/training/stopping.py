"""Ending a training before its last epoch: because the user says so, or because nothing gets better."""

import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass
class StopRequest:
    """Whether the user has asked to stop.

    Attributes:
        asked: Set by the first Ctrl-C or SIGTERM; the call in hand is finished and saved.
    """

    asked: bool = False


@contextmanager
def stop_on_signal() -> Iterator[StopRequest]:
    """Turn the first SIGINT or SIGTERM into a request; a second one interrupts at once.

    Only the main thread receives signals; in another one the request is never set from here.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return

    def ask(number: int, frame: Any) -> None:
        if request.asked:
            raise KeyboardInterrupt
        request.asked = True

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def best_epoch(rows: Sequence[Mapping[str, Any]]) -> int:
    """The epoch of the lowest validation loss, the first of equals."""
    return min(rows, key=lambda row: row["val_loss"])["epoch"]


def is_exhausted(rows: Sequence[Mapping[str, Any]], patience: int | None) -> bool:
    """Whether the validation loss has not improved for `patience` epochs.

    A function of the history alone, so that a resumed training decides as one that was never stopped.
    """
    return patience is not None and bool(rows) and rows[-1]["epoch"] - best_epoch(rows) >= patience
