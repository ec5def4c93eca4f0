"""Overfitting, read from the losses of a history."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cutaway.errors import DataError

# One bad epoch may be noise of the mini-batches; two in a row, with a rise that is visible in the figure, are not.
OVERFITTING_EPOCHS = 2
OVERFITTING_RISE = 0.02


@dataclass(frozen=True)
class Overfitting:
    """Whether the validation loss has turned upward while training went on.

    Attributes:
        best_epoch: Epoch of the lowest validation loss, the first of equals, counted from 1.
        best_val_loss: The validation loss there.
        turned: Whether at least the last two epochs brought no better validation loss and the last one is at least 2%
            above the best.
        gap: Validation loss minus training loss in the last epoch.
        rise: Validation loss of the last epoch minus the best one; 0 or more.
    """

    best_epoch: int
    best_val_loss: float
    turned: bool
    gap: float
    rise: float


def watch_overfitting(history: Sequence[Mapping[str, Any]]) -> Overfitting:
    """Find the epoch of the best validation loss and whether the loss has risen since.

    Args:
        history: One row per epoch, in order, with "epoch" (from 1), "loss" and "val_loss".

    Raises:
        DataError: There is no epoch, or a row lacks a finite "loss" or "val_loss".
    """
    if not history:
        raise DataError("the history has no epoch", hint="train for one or more")
    for row in history:
        for name in ("loss", "val_loss"):
            if not is_finite(row.get(name)):
                raise DataError(
                    f"{name} of epoch {row['epoch']} is {row.get(name, 'missing')}, not a finite number",
                    hint="train with validation data, or with a smaller learning rate if the loss has diverged",
                )
    best = min(range(len(history)), key=lambda index: history[index]["val_loss"])
    best_val_loss = float(history[best]["val_loss"])
    rise = float(history[-1]["val_loss"]) - best_val_loss
    stale = len(history) - 1 - best >= OVERFITTING_EPOCHS
    return Overfitting(
        best_epoch=int(history[best]["epoch"]),
        best_val_loss=best_val_loss,
        turned=stale and rise > 0 and rise >= OVERFITTING_RISE * abs(best_val_loss),
        gap=float(history[-1]["val_loss"]) - float(history[-1]["loss"]),
        rise=rise,
    )


def paired_error(later: np.ndarray, earlier: np.ndarray) -> float | None:
    """The standard error of the mean difference of two measures of the same samples; None for fewer than two samples.

    Args:
        later: float ``(sample,)``.
        earlier: float ``(sample,)``, of the same samples.
    """
    return None if len(later) < 2 else float(np.std(later - earlier, ddof=1)) / math.sqrt(len(later))


def best_epoch(history: Sequence[Mapping[str, Any]]) -> int | None:
    """The epoch of the lowest validation loss, the first of equals; None if none was measured.

    Args:
        history: One row per epoch, in order, with "epoch"; rows without a finite "val_loss" do not count.
    """
    rows = [row for row in history if is_finite(row.get("val_loss"))]
    return int(min(rows, key=lambda row: row["val_loss"])["epoch"]) if rows else None


def is_finite(value: float | None) -> bool:
    """Whether a value is a number, not NaN, infinity or None (how JSON writes them)."""
    return value is not None and math.isfinite(value)
