"""Prefetching: the next result is computed in a thread while the caller works on the one before."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def prefetch(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Yield ``function(item)`` for each item, in order; the next one is computed while the caller works.

    At most two results are in memory: the one that the caller has, and the one that is being computed. An error of
    `function` is raised in its turn, after the results before it. When the caller stops early, the call that is running
    ends first; its result is dropped.

    Args:
        function: Runs in one other thread, one call at a time.
        items: Taken one by one in the thread of the caller.
    """
    left = iter(items)
    with ThreadPoolExecutor(1, thread_name_prefix="cutaway-prefetch") as thread:
        coming = deque(thread.submit(function, item) for item in islice(left, 1))
        while coming:
            ready = coming.popleft().result()
            coming.extend(thread.submit(function, item) for item in islice(left, 1))
            yield ready
            del ready  # or three results would be in memory
