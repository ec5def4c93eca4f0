"""Columns of new rows that are not distributed as in the training samples."""

from collections.abc import Sequence

import numpy as np

from cutaway.checks import warn_user
from cutaway.context import RunContext
from cutaway.data import column_shifts, origin_options
from cutaway.words import listed, percent

from .far import SAMPLES, TrainingDistances

NAMED = 5
"""Columns that a warning names."""

COMPARED = 20
"""Columns by which copies of a row are told."""

MORE = 0.75
"""Share of pairs of a new and a training row in which the new value is larger, from which on values are called higher;
they are called lower below a quarter, and in between the columns only differ."""


class ShiftedColumns:
    """Compares up to 2,000 random ones of the new rows with training samples, column by column, for one warning.

    Args:
        points: float32 ``(sample, input)``, training samples as the model sees them.
        inputs: What each input is called.
        columns: The column that each input is made from; None for inputs that are not compared.
    """

    def __init__(self, points: np.ndarray, inputs: Sequence[str], columns: Sequence[str | None]) -> None:
        self.points, self.inputs, self.columns = points, inputs, columns
        self.random = np.random.default_rng(0)
        self.rows, self.order = np.empty((0, len(inputs)), np.float32), np.empty(0)

    @classmethod
    def of(cls, context: RunContext, measured: TrainingDistances) -> "ShiftedColumns | None":
        """Those of the table of a run; None where the samples are no rows, or rows of one group, which are alike.

        Dates are not compared: new rows are later.
        """
        preparation = context.preparation
        if preparation is None or origin_options(context.manifest.dataset.origin).get("group"):
            return None
        kinds = preparation.columns
        columns = [None if kinds[name] == "date" else name for name in preparation.columns_of_features]
        return cls(measured.points, preparation.features, columns)

    def add(self, inputs: np.ndarray) -> None:
        """Take in a chunk, float32 ``(row, input)``, as the model sees it."""
        order = np.concatenate([self.order, self.random.random(len(inputs))])
        kept = np.sort(np.argsort(order)[:SAMPLES])
        self.rows, self.order = np.concatenate([self.rows, inputs])[kept], order[kept]

    def _without_copies(self) -> np.ndarray:
        """The rows but for copies of one before them in which one or two columns, fewer than a third, were changed.

        Such rows ask "what if", and say nothing of how new rows are distributed. Copies are told by columns that hardly
        repeat a value in training, of which they share two or more.
        """
        rarely = [place for place, name in enumerate(self.columns) if name is not None and self._rarely_repeats(place)]
        if len(rarely) < 2 or not len(self.rows):
            return self.rows
        equal = np.zeros((len(self.rows), len(self.rows)), np.int8)
        for place in rarely[:COMPARED]:
            equal += self.rows[:, place, None] == self.rows[:, place]
        alike = np.tril(equal >= max(2, len(rarely[:COMPARED]) - 2), -1)
        later, first = np.flatnonzero(alike.any(axis=1)), alike.argmax(axis=1)
        names = np.array([str(name) for name in self.columns])
        is_copy = np.zeros(len(self.rows), bool)
        for row in later.tolist():
            changed = set(names[self.rows[row] != self.rows[first[row]]].tolist())
            is_copy[row] = 1 <= len(changed) <= 2 and 3 * len(changed) < len(set(names.tolist()))
        return self.rows[~is_copy]

    def _rarely_repeats(self, place: int) -> bool:
        return len(np.unique(self.points[:, place])) > len(self.points) / 2

    def warn(self) -> None:
        """Warn of the columns that differ, if there are any; with fewer than 50 rows none are known to."""
        rows = self._without_copies()
        pairs = {
            str(place): (self.points[:, place].astype(np.float64), rows[:, place].astype(np.float64))
            for place, column in enumerate(self.columns)
            if column is not None
        }
        shifts = sorted(column_shifts(pairs).items(), key=lambda each: -each[1].distance)
        found: dict[str, str] = {}
        for place, _ in shifts:
            column = self.columns[int(place)]
            assert column is not None
            found.setdefault(column, _change(self.inputs[int(place)], column, *pairs[place]))
        if not found:
            return
        named = listed([f'"{name}" ({change})' for name, change in found.items()], NAMED)
        is_one = len(found) == 1
        warn_user(
            f"{len(found):,} {'column differs' if is_one else 'columns differ'} between the training samples and these "
            f"rows by more than chance: {named}; what was measured on the test samples need not hold for these "
            f"rows, so check how {'it was' if is_one else 'they were'} recorded"
        )


def _change(name: str, column: str, training: np.ndarray, new: np.ndarray) -> str:
    """How the values of new rows compare with those of training samples; equal ones count half (Mann, Whitney 1947)."""
    if np.isin(training, (0, 1)).all() and np.isin(new, (0, 1)).all():
        what = "1" if name == column else f'"{name}"'
        return f"{what} in {percent(new.mean(), 0)} of these rows, in {percent(training.mean(), 0)} in training"
    ordered = np.sort(training)
    below = np.searchsorted(ordered, new, side="left") + np.searchsorted(ordered, new, side="right")
    larger = float(below.mean()) / (2 * len(training))
    if larger >= MORE:
        return f"higher in {percent(larger, 0)} of comparisons with a training row"
    if larger <= 1 - MORE:
        return f"lower in {percent(1 - larger, 0)} of comparisons with a training row"
    return "other values are common in these rows" if (new != new[0]).any() else "the same value in all of these rows"
