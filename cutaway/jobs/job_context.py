"""What a job works with beside its specification."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutaway.progress import ProgressCallback


@dataclass(frozen=True)
class JobContext:
    """Where a job works, and who is told of it.

    Attributes:
        folder: The folder of runs.
        key: Key of its result.
        on_progress: Called with the progress.
        on_part: Called with the name of each part that is in the store, or with a small part itself.
    """

    folder: Path
    key: str
    on_progress: ProgressCallback
    on_part: Callable[[Any], None]
