"""Early stopping: when the validation loss no longer improves."""

from collections.abc import Mapping, Sequence
from typing import Any


def best_epoch(rows: Sequence[Mapping[str, Any]]) -> int:
    """The epoch with the lowest validation loss; the first one of several."""
    return min(rows, key=lambda row: row["val_loss"])["epoch"]


def is_exhausted(rows: Sequence[Mapping[str, Any]], patience: int | None) -> bool:
    """Whether the validation loss has not improved for `patience` epochs.

    A function of the history alone, so that a resumed training decides as one that was never stopped.
    """
    return patience is not None and bool(rows) and rows[-1]["epoch"] - best_epoch(rows) >= patience
