"""The epochs that a user asks for: one number, several, or all."""

from collections.abc import Sequence
from typing import Any

from cutaway.checks import check_each, check_whole
from cutaway.context import RunContext
from cutaway.errors import UsageError
from cutaway.words import evenly_spaced


def epoch_numbers(context: RunContext, epochs: Any) -> list[int]:
    """Numbers of epochs with a snapshot, in the given order.

    Args:
        context: The run.
        epochs: Their numbers, or a single one; negative numbers count from the last. All with a snapshot if None.

    Raises:
        UsageError: They are not whole numbers.
        UnknownNameError: There is no snapshot of one of them.
    """
    if epochs is None:
        return list(context.folder.epochs)
    return [context.epoch(each) for each in check_each(epochs, name="epochs", check=check_whole)]


def some_epochs(context: RunContext, epochs: Sequence[int] | int | None) -> list[int]:
    """Numbers of epochs with a snapshot, ascending, at least one."""
    wanted = sorted(set(epoch_numbers(context, epochs)))
    if not wanted:
        raise UsageError("no epochs to measure layers after", hint="leave epochs out for all")
    return wanted


def spaced_epochs(epochs: Sequence[int], most: int, *, kept: int) -> list[int]:
    """At most N of the epochs, evenly spaced; the first, the kept one and the last are among them.

    Args:
        epochs: Numbers, ascending, `kept` among them.
        most: At least 3.
        kept: Number of the kept epoch.
    """
    spaced = evenly_spaced(epochs, most)
    return spaced if kept in spaced else sorted({*evenly_spaced(epochs, most - 1), kept})
