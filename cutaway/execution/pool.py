"""The interface of an engine for running tasks."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from cutaway.errors import ExecutionError

if TYPE_CHECKING:
    import numpy as np


class Pending(Protocol):
    """A task under way: a future of concurrent.futures or of Dask."""

    def done(self) -> bool:
        """Whether it has ended, well or not."""
        ...

    def result(self) -> Any:
        """The result of the task; raises the task's error."""
        ...


class Pool(Protocol):
    """Workers of an engine.

    Attributes:
        words: The workers in words, for a progress bar: "2 processes".
    """

    words: str

    def share(self, arrays: "Mapping[str, np.ndarray]") -> Sequence[Any]:
        """Hand arrays over, once; returns a stand-in for each, in order, for the tasks."""
        ...

    def submit(self, tasks: Sequence[tuple[Any, ...]]) -> Sequence[Pending]:
        """Begin ``perform(*task)`` for each task."""
        ...

    def loss(self, error: Exception) -> ExecutionError | None:
        """The error to raise if a worker was lost; None if the task itself failed."""
        ...

    def check(self) -> None:
        """Look at the engine itself.

        Raises:
            ExecutionError: It cannot go on.
        """
        ...
