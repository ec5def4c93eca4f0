"""Ranges of rows, shared among threads."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from .cpu import cpu_count
from .pool import WorkerPool

Result = TypeVar("Result")


def ranges(total: int, step: int) -> list[tuple[int, int]]:
    """Cut ``range(total)`` into ranges (start, stop) of ``step`` rows; the last one has the rest."""
    return [(start, min(start + step, total)) for start in range(0, total, step)]


def map_ranges(
    work: Callable[[int, int], Result], ranges: list[tuple[int, int]], *, single_blas: bool = False
) -> Iterator[tuple[int, Result]]:
    """Call ``work(start, stop)`` on all ranges, in a thread for each CPU, and yield (stop, result) in order.

    Work that has not begun is dropped when the iterator is closed or an exception is raised. The threads end with the
    iterator; see `WorkerPool.map_ranges`.

    Args:
        work: Takes the first row and the row after the last one; its result must not depend on other ranges.
        ranges: The ranges, as `ranges` cuts them.
        single_blas: Whether ``work`` multiplies matrices: each product then stays on its own thread.
    """
    with WorkerPool(cpu_count(), single_blas=single_blas) as pool:
        yield from pool.map_ranges(work, ranges)


def run_ranges(work: Callable[[int, int], object], ranges: list[tuple[int, int]], *, single_blas: bool = False) -> None:
    """Call ``work(start, stop)`` on all ranges, as `map_ranges` does, but without results."""
    for _ in map_ranges(work, ranges, single_blas=single_blas):
        pass
