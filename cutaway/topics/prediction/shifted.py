"""Columns of new rows that are not distributed as in the training samples."""

from collections.abc import Sequence

import numpy as np

from cutaway.checks import warn_user
from cutaway.data import column_shifts

from .far import SAMPLES

NAMED = 5
"""Columns that a warning names."""

MORE = 0.75
"""Share of pairs of a new and a training row in which the new value is larger, from which on values are called higher;
they are called lower below a quarter, and in between the columns only differ."""


class ShiftedColumns:
    """Compares the first new rows with training samples, column by column, for one warning.

    Args:
        points: float32 ``(sample, input)``, training samples as the model sees them.
        names: What each input is called.
    """

    def __init__(self, points: np.ndarray, names: Sequence[str]) -> None:
        self.points, self.names = points, names
        self.chunks: list[np.ndarray] = []
        self.rows = 0

    def add(self, inputs: np.ndarray) -> None:
        """Take in a chunk, float32 ``(row, input)``, as the model sees it; of all chunks the first 2,000 rows count."""
        self.chunks.append(inputs[: SAMPLES - self.rows].copy())
        self.rows += len(self.chunks[-1])

    def warn(self) -> None:
        """Warn of the columns that differ, if there are any; of fewer than 50 rows none are known to."""
        new = np.concatenate([*self.chunks, np.empty((0, len(self.names)), np.float32)]).astype(np.float64)
        columns = {name: (self.points[:, place], new[:, place]) for place, name in enumerate(self.names)}
        found = column_shifts(columns)
        if not found:
            return
        first = sorted(found, key=lambda name: -found[name].distance)[:NAMED]
        listed = ", ".join(f'"{name}" ({_change(*columns[name])})' for name in first)
        more = f" and {len(found) - NAMED:,} more" if len(found) > NAMED else ""
        is_one = len(found) == 1
        warn_user(
            f"{len(found):,} {'column differs' if is_one else 'columns differ'} between the training samples and these "
            f"rows by more than chance: {listed}{more}; what was measured on the test samples need not hold for these "
            f"rows, so check how {'it was' if is_one else 'they were'} recorded"
        )


def _change(training: np.ndarray, new: np.ndarray) -> str:
    """How the values of new rows compare with those of training samples; equal ones count half (Mann, Whitney 1947)."""
    ordered = np.sort(training)
    below = np.searchsorted(ordered, new, side="left") + np.searchsorted(ordered, new, side="right")
    larger = float(below.mean()) / (2 * len(training))
    if larger >= MORE:
        return f"higher than in training in {larger:.0%} of pairs"
    if larger <= 1 - MORE:
        return f"lower than in training in {1 - larger:.0%} of pairs"
    return "other values are common"
