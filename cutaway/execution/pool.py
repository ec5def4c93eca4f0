"""What an engine looks like to those who run tasks."""

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
        """What it returned; raises what it raised."""
        ...


class Pool(Protocol):
    """Workers of an engine.

    Attributes:
        words: What they are, for a progress bar: "2 processes".
    """

    words: str

    def share(self, arrays: "Mapping[str, np.ndarray]") -> Sequence[Any]:
        """Hand arrays over, once; what tasks get in place of each, in order."""
        ...

    def submit(self, tasks: Sequence[tuple[Any, ...]]) -> Sequence[Pending]:
        """Begin ``perform(*task)`` for each task."""
        ...

    def loss(self, error: Exception) -> ExecutionError | None:
        """What to say if the error means that a worker was lost, and not that the task failed; otherwise None."""
        ...

    def check(self) -> None:
        """Look at the engine itself.

        Raises:
            ExecutionError: It cannot go on.
        """
        ...
