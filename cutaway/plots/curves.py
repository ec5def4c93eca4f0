"""Learning curves: loss and accuracy or R2 by epoch, training against validation."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.errors import DataError

from .panel import Mark, Panel, Series
from .panels import panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

History = Sequence[Mapping[str, Any]]

_METRICS = {"loss": "Loss", "accuracy": "Accuracy", "r2": "R2"}
_SERIES = (("training", ""), ("validation", "val_"))


def learning_curves(
    history: History, *, turned: int | None = None, kept: int | None = None, title: str = ""
) -> "Figure":
    """Draw loss and accuracy, or R2 of numbers, by epoch with matplotlib.

    Args:
        history: As for `learning_panels`.
        turned: As for `learning_panels`.
        kept: As for `learning_panels`.
        title: Set above both panels.

    Raises:
        CutawayError: See `learning_panels`.
    """
    return panels(learning_panels(history, turned=turned, kept=kept), title=title)


def learning_panels(history: History, *, turned: int | None = None, kept: int | None = None) -> list[Panel]:
    """Loss and accuracy, or R2 of numbers, by epoch, a panel each.

    Args:
        history: One row per epoch with Keras' names: epoch, loss and, where measured, val_loss and
            accuracy and val_accuracy, or r2 and val_r2. A missing value, None or NaN leaves a gap.
        turned: The epoch of the lowest validation loss, if the loss has risen since; it is marked.
        kept: The epoch whose weights are kept, if it should be marked.

    Raises:
        DataError: The history is empty or has no epoch or loss.
    """
    if not history or any(key not in record for record in history for key in ("epoch", "loss")):
        raise DataError(
            "a history needs at least one row, and an epoch and a loss in each row",
            got="no rows" if not history else str(dict(history[0])),
            hint="train for at least one epoch",
        )
    epochs = np.array([record["epoch"] for record in history], np.float64)
    drawn: list[Panel] = []
    for metric, title in _METRICS.items():
        series = [
            Series(
                name,
                epochs,
                np.array([record.get(prefix + metric) for record in history], np.float64),  # None leaves a gap
                color=color,
                points=True,
            )
            for color, (name, prefix) in enumerate(_SERIES)
            if any(prefix + metric in record for record in history)
        ]
        if series:
            marks = _marks(turned, kept, is_first=not drawn)
            is_share = metric == "accuracy"
            drawn.append(
                Panel(
                    title,
                    "epoch",
                    metric if is_share else title.replace("Loss", "loss"),
                    series,
                    y_percent=is_share,
                    marks=marks,
                )
            )
    return drawn


def _marks(turned: int | None, kept: int | None, *, is_first: bool) -> list[Mark]:
    """The epochs that are marked: a single one if the kept epoch has the lowest validation loss.

    Words are for the first panel, which says what each mark is, or for the others.
    """
    lowest, marks = "lowest validation loss", list[Mark]()
    if turned is not None:
        words = f"{lowest}, kept: " if kept == turned else f"{lowest}: "
        marks.append(Mark(turned, f"{words if is_first else ''}epoch {turned} (dashed)"))
    if kept is not None and kept != turned:
        marks.append(Mark(kept, f"{'kept: ' if is_first else ''}epoch {kept} (dotted)", "dotted"))
    return marks
