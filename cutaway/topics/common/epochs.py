"""The epochs that a user asks for: one number, several, or all."""

from collections.abc import Sequence
from typing import Any

from cutaway.checks import is_whole
from cutaway.context import RunContext
from cutaway.errors import Hint, UsageError, printable
from cutaway.words import evenly_spaced


def check_epoch(epoch: Any) -> int | None:
    """Return the number of an epoch as an int, or None for the kept one.

    Raises:
        UsageError: It is neither a whole number nor None.
    """
    if epoch is None:
        return None
    if not is_whole(epoch):
        raise UsageError(
            "epoch must be a whole number, or None for the kept epoch",
            got=printable(repr(epoch), 60),
            hint=Hint("pass for example {}", epoch=-1),
        )
    return int(epoch)


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
    named: list[Any] = [epochs] if isinstance(epochs, str) or not hasattr(epochs, "__iter__") else list(epochs)
    for each in named:
        if not is_whole(each):
            raise UsageError(
                "epochs must be whole numbers, or None for all with a snapshot",
                got=repr(each),
                hint=Hint("pass for example {}", epochs=[0, 1, -1]),
            )
    return [context.epoch(int(each)) for each in named]


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
