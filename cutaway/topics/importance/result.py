"""Which columns of a table a run's model needs, and how much worse it predicts without each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway._lazy import public
from cutaway.checks import check_whole
from cutaway.context import RunContext
from cutaway.data import stratified_sample
from cutaway.errors import UsageError
from cutaway.image_shape import input_names
from cutaway.progress import ProgressCallback
from cutaway.results.notebook import ROWS
from cutaway.results.result import Answer, Result
from cutaway.results.table import Table, value
from cutaway.results.units import LOST, MEASURED, NAME
from cutaway.topics.common.scoring import least_probability
from cutaway.words import number, percent

from .options import ImportanceOptions

if TYPE_CHECKING:
    from cutaway.interpret import Importance
    from cutaway.plots import Figure

MOST_COLUMNS = 2_000
"""Columns that are shuffled at most: each takes `repeats` passes over the samples."""


@dataclass(frozen=True, eq=False)
class ColumnRows:
    """How much worse the model predicts once a column is shuffled, arrays ``(column,)``."""

    column: Sequence[str] = value("Column", NAME, "The column of the table.")
    loss: tuple[np.ndarray, np.ndarray, np.ndarray] = value(
        "Loss",
        MEASURED,
        "Rise of the cross-entropy, ± standard error; ~0: no more than two of them.",
        names=("loss_increase", "loss_error", "measurable"),
        explained=True,
    )
    accuracy: tuple[np.ndarray, np.ndarray] = value(
        "Accuracy",
        LOST,
        "Change of the accuracy, in percentage points.",
        names=("accuracy_decrease", "accuracy_error"),
        explained=True,
    )


OF_NUMBERS = {"Loss": {"heading": "R2 lost", "meaning": "Fall of R2, ± standard error; ~0: no more than two of them."}}


@public
@dataclass(frozen=True, eq=False, repr=False)
class Importances(Result):
    """How much worse the model predicts if a column is shuffled among the samples, for each column.

    A column that others can replace matters little by itself, and one that the model does not use has no importance.

    Attributes:
        columns: Names of the columns.
        split: The split whose samples were predicted.
        samples: Number of samples.
        epoch: Number of the epoch.
        measures: The numbers, arrays along the columns.
    """

    columns: tuple[str, ...]
    split: str
    samples: int
    epoch: int
    measures: "Importance"

    @property
    def is_numbers(self) -> bool:
        """Whether the model predicts numbers, whose loss is 1 - R2."""
        return bool(np.isnan(self.measures.accuracy))

    def line(self) -> str:
        """A one-line summary."""
        first = int(self.measures.loss_increase.argmax())
        lost = f"{'R2 -' if self.is_numbers else 'loss +'}{self.measures.loss_increase[first]:.3g}"
        return (
            f"Importances of {len(self.columns)} columns on {self.samples:,} {self.split} samples, epoch "
            f'{self.epoch}: "{self.columns[first]}" first, {lost}'
        )

    @property
    def effect(self) -> str:
        """What shuffling a column that matters does, in words."""
        return "fall of R2" if self.is_numbers else "rise of the loss"

    def __len__(self) -> int:
        return len(self.columns)

    def table(self) -> Table:
        """One row for each column, the most important first."""
        m = self.measures
        loss, accuracy = (m.loss_increase, m.loss_error, m.measurable), (m.accuracy_decrease, m.accuracy_error)
        table = Table.of(ColumnRows, ColumnRows(self.columns, loss, accuracy))
        table = table.without("Accuracy").reworded(OF_NUMBERS) if self.is_numbers else table
        return table.take(np.argsort(-m.loss_increase, kind="stable").tolist())

    def tables(self, limit: int = ROWS) -> tuple[Table, ...]:
        """The table shown in a terminal, with N columns at most; 0 for all."""
        m, shown = self.measures, min(limit or len(self), len(self))
        before = f"the cross-entropy is {number(m.loss, 4)}, the accuracy {percent(m.accuracy)}"
        notes = (
            f"Each column was shuffled among {self.samples:,} {self.split} samples.",
            f"Before it {f'R2 is {number(1 - m.loss, 4)}' if self.is_numbers else before}.",
            "A column that others can replace matters little by itself.",
        )
        title = f"{shown} of {len(self)} columns, by {self.effect}, after epoch {self.epoch}"
        return (replace(self.table().take(range(shown)), title=title, notes=notes),)

    def summaries(self) -> list[dict[str, Any]]:
        """One JSON-able mapping for each column, the most important first.

        Its keys: column, loss_increase and loss_error (nats), accuracy_decrease and accuracy_error (shares), and
        measurable, whether the loss rises by more than two standard errors. Of numbers the loss is 1 - R2, and there is
        no accuracy.
        """
        return self.table().records()

    def to_json(self) -> dict[str, Any]:
        """What ``cutaway importance --json`` answers about the run: all columns, the most important first."""
        m = self.measures
        before = {"r2": 1 - m.loss} if self.is_numbers else {"loss": m.loss, "accuracy": m.accuracy}
        return self._plain("epoch", "split", "samples") | before | {"columns": self.summaries()}

    def plot(self, n: int = 20) -> "Figure":
        """Draw how much the loss rises, with two standard errors on each side, as a matplotlib Figure.

        A column is gray if the rise is not more than that.

        Args:
            n: Maximum number of columns to draw, the most important first; from 1.

        Raises:
            UsageError: It is below 1.
        """
        from cutaway.plots import BLUE, GRAY, Bars, bars

        rows = self.summaries()[: check_whole(n, name="n", least=1)]
        rise, error = (np.array([row[name] for row in rows]) for name in ("loss_increase", "loss_error"))
        title = f"Importance on {self.samples:,} {self.split} samples"
        names = [row["column"] for row in rows]
        label = f"{self.effect} once it is shuffled{'' if self.is_numbers else ', nats'}"
        colors = [BLUE if row["measurable"] else GRAY for row in rows]
        low, high = rise - 2 * error, rise + 2 * error
        return bars([Bars(title, names, rise, low, high, x_label=label, colors=colors)])


def compute(context: RunContext, options: ImportanceOptions, *, on_progress: ProgressCallback) -> Answer:
    """Answer ``cutaway importance``.

    Raises:
        CutawayError: See `importance`.
    """
    found = importance(context, options, on_progress=on_progress)
    return Answer(found.to_json, partial(found.tables, options.limit))


def importance(context: RunContext, options: ImportanceOptions, *, on_progress: ProgressCallback) -> Importances:
    """Shuffle each column among the samples of a split; see `cutaway.Run.importance`."""
    from cutaway.interpret import permutation_importance

    split, epoch, samples, seed = options.split, options.epoch, options.samples, options.seed
    ids = context.split.part(split)
    if len(ids) < 2:
        raise UsageError(
            f"importance needs at least two samples, and the split {split} has {len(ids)}", hint="choose another split"
        )
    data, groups = context.data, _groups(context)
    if samples is not None and samples < len(ids):
        ids = ids.take(stratified_sample(data.strata_of(ids), samples, seed=seed))
    found = permutation_importance(
        context.model(epoch),
        data.x(ids).reshape(len(ids), -1),
        data.y(ids),
        list(groups.values()),
        scale=data.scale,
        repeats=options.repeats,
        seed=seed,
        least=least_probability(context),
        on_progress=on_progress,
    )
    return Importances(tuple(groups), split, len(ids), context.epoch(epoch), found)


def _groups(context: RunContext) -> dict[str, list[int]]:
    """The columns of the data, and which inputs each became."""
    data = context.data
    if len(data.shape) > 1:
        raise UsageError(
            f"these samples have the shape {data.shape}, so they have no columns to shuffle",
            hint="run.explain shows which pixels support a prediction",
        )
    known, groups = data.preparation, dict[str, list[int]]()
    for place, name in enumerate(known.columns_of_features if known else input_names(data.feature_names, data.shape)):
        groups.setdefault(name, []).append(place)
    if len(groups) > MOST_COLUMNS:
        raise UsageError(
            f"{len(groups):,} columns are too many to shuffle: {MOST_COLUMNS:,} is the most",
            hint="train on fewer columns",
        )
    return groups
