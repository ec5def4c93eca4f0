"""What the learning curves say."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cutaway.errors import DataError

# One bad epoch is noise of the mini-batches; two in a row with a rise that a reader can see in the figure are a turn.
PATIENCE = 2
RISE = 0.02


@dataclass(frozen=True)
class Overfitting:
    """Whether the validation loss has turned upward while training went on.

    Attributes:
        best_epoch: Epoch of the lowest validation loss, the first of equals, counted from 1.
        best_val_loss: The validation loss there.
        turned: True when the last two epochs or more brought no better validation loss and the last one lies at least
            2 % above the best.
        gap: Validation loss less training loss in the last epoch.
        rise: Validation loss of the last epoch less the best one; 0 or more.
    """

    best_epoch: int
    best_val_loss: float
    turned: bool
    gap: float
    rise: float


def watch_overfitting(history: Sequence[Mapping[str, Any]]) -> Overfitting:
    """Find the epoch of the best validation loss and say whether it has turned since.

    Args:
        history: One row an epoch, in order, with "epoch" (from 1), "loss" and "val_loss".

    Raises:
        DataError: There is no epoch, or a row lacks a finite "loss" or "val_loss".
    """
    if not history:
        raise DataError("overfitting shows in the epochs of a history", got="no epoch", hint="train for one or more")
    for row in history:
        for name in ("loss", "val_loss"):
            if not is_finite(row.get(name)):
                raise DataError(
                    "overfitting shows where each epoch has a finite loss and val_loss",
                    got=f"{name} {row.get(name, 'missing')} in epoch {row['epoch']}",
                    hint="train with validation data, or with a smaller learning rate if the loss has diverged",
                )
    best = min(range(len(history)), key=lambda index: history[index]["val_loss"])
    best_val_loss = float(history[best]["val_loss"])
    rise = float(history[-1]["val_loss"]) - best_val_loss
    stale = len(history) - 1 - best >= PATIENCE
    return Overfitting(
        best_epoch=int(history[best]["epoch"]),
        best_val_loss=best_val_loss,
        turned=stale and rise > 0 and rise >= RISE * abs(best_val_loss),
        gap=float(history[-1]["val_loss"]) - float(history[-1]["loss"]),
        rise=rise,
    )


def is_finite(value: float | None) -> bool:
    """Tell a number from NaN, infinity and the null that JSON writes for them."""
    return value is not None and math.isfinite(value)
