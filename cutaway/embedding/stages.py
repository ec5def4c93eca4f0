"""Stages of an embedding: reporting and timing."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from cutaway.progress import Progress, ProgressCallback


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
