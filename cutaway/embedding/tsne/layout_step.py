"""The layout during the descent, the callback that gets it, and the stages that are reported and timed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from cutaway.errors import Canceled
from cutaway.progress import Progress, ProgressCallback


@dataclass(frozen=True, eq=False)
class LayoutStep:
    """The layout after some iterations of t-SNE.

    Attributes:
        xy: float32 (n, 2), a copy, in the order of the samples.
        iteration: Iterations done so far.
        phase: "start" before the first iteration, then "early", "main" or "final".
        kl_divergence: The latest estimate in nats; None before the first one.
    """

    xy: np.ndarray
    iteration: int
    phase: str
    kl_divergence: float | None

    def __repr__(self) -> str:
        kl = "" if self.kl_divergence is None else f", KL {self.kl_divergence:.3f}"
        return f"<LayoutStep {self.iteration} of {len(self.xy):,} samples: {self.phase}{kl}>"


Callback = Callable[[LayoutStep], bool | None]
"""Takes a `LayoutStep`; returning True or raising StopIteration or `Canceled` ends the descent."""

CANCELLATIONS = (Canceled, StopIteration)
"""Exceptions that end the descent, which then returns the coordinates reached so far. Ctrl-C is none of them: swallowed
here, it would not end the loop or the script that asks for one embedding after the other."""


def asks_to_stop(callback: Callback | None, step: LayoutStep) -> bool:
    """Call the callback, if there is one, and return whether it asks to stop."""
    try:
        return callback is not None and bool(callback(step))
    except CANCELLATIONS:
        return True


@contextmanager
def stage(
    task: str, total: int, *, unit: str, part: str, seconds: dict[str, float], on_progress: ProgressCallback
) -> Iterator[None]:
    """Report the start and the end of one stage and store its time in ``seconds[part]``.

    Args:
        task: Name of the stage, as users see it.
        total: Units of work.
        unit: Name of one unit, plural.
        part: Key in ``seconds``.
        seconds: Filled when the stage ends without an exception.
        on_progress: Called twice.
    """
    on_progress(Progress(task, 0, total, unit))
    start = perf_counter()
    yield
    seconds[part] = perf_counter() - start
    on_progress(Progress(task, total, total, unit))
