"""How long work speaks while it goes on.

A room that works for more than a second takes a ``report`` callable and hands it `Progress` records; who draws them
(a terminal bar, a notebook, the studio) is decided above, in `cutaway.api`.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """One report of work under way.

    Attributes:
        task: What is being done, in the user's words: "training", "neighbors".
        done: Units of work finished so far.
        total: Units of work in all; 0 where nobody can know.
        unit: Name of one unit, plural: "samples".
        note: A few words on the state, such as "epoch 2/5  loss 0.31".
    """

    task: str
    done: int
    total: int
    unit: str = "steps"
    note: str = ""


ProgressCallback = Callable[[Progress], None]
"""Takes a `Progress`; an exception that it raises stops the work."""


def ignore_progress(_: Progress) -> None:
    """Report to nobody."""
