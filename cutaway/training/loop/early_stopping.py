"""Early stopping: when the validation loss no longer improves."""

from collections.abc import Mapping, Sequence
from typing import Any

from cutaway.metrics import best_epoch


def is_exhausted(rows: Sequence[Mapping[str, Any]], patience: int | None) -> bool:
    """Whether the validation loss has not improved for `patience` epochs.

    A function of the history alone: a resumed training decides like one that was never stopped.
    """
    best = best_epoch(rows)
    return patience is not None and best is not None and rows[-1]["epoch"] - best >= patience
