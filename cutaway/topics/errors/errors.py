"""How large the errors of predicted numbers are, in the unit of each target, and at which values of which columns."""

from dataclasses import dataclass, replace
from itertools import pairwise
from math import exp
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway._lazy import public
from cutaway.context import RunContext
from cutaway.data import SampleIds, Table, stratified_sample
from cutaway.errors import UsageError
from cutaway.metrics import mean_interval, number_intervals, share_of, standard_errors_apart
from cutaway.progress import ProgressCallback, ignore_progress
from cutaway.results.result import Result
from cutaway.results.table import Interval, value
from cutaway.results.table import Table as ResultTable
from cutaway.results.units import COUNT, NAME, NUMBER, NUMBER_WITH_LIMITS, SHARE_WITH_LIMITS, Unit
from cutaway.task import Task, number_text
from cutaway.topics.common.intervals import fit_radius, interval_ends
from cutaway.topics.common.predictions import predict_numbers
from cutaway.topics.common.scoring import cautions, split_in_words

from .options import ErrorsOptions

if TYPE_CHECKING:
    from cutaway.plots import Panel

SAMPLES = 20_000
"""Samples whose errors are compared by column at most."""

CLEAR = 4.0
"""Standard errors from which on a difference is not chance: of 16,000, one is larger."""

LISTED = 20
"""Maximum number of values of columns that are listed."""

PARTS = (0.2, 0.4, 0.6, 0.8)
"""Quantiles between the bins of a column of numbers."""


def _reach(radius: float | None, is_log: bool | None) -> str:
    return (
        NUMBER.text(radius) if radius is None else f"× or ÷ {exp(radius):.3g}" if is_log else f"± {number_text(radius)}"
    )


@dataclass(frozen=True)
class TargetErrors:
    """How well a target is predicted, in its unit."""

    target: str = value("Target", NAME, "The number that is predicted.")
    r2: tuple[float, float, float] = value(
        "R2", NUMBER_WITH_LIMITS, "Share of the variance that is explained: 0 for always the mean, 1 for no error."
    )
    rmse: tuple[float, float, float] = value("RMSE", NUMBER_WITH_LIMITS, "Square root of the mean squared error.")
    mae: tuple[float, float, float] = value("Mean error", NUMBER_WITH_LIMITS, "Mean of the absolute errors.")
    median_error: tuple[float, float, float] = value(
        "Median error", NUMBER_WITH_LIMITS, "Half of the absolute errors are smaller."
    )
    radius: tuple[float, bool] | None = value(
        "Interval",
        Unit("number, and whether it is of the logarithm", _reach, parts=("", "_is_log")),
        "How far intervals reach from a prediction on both sides.",
    )
    coverage: Interval | None = value(
        "In their interval", SHARE_WITH_LIMITS, "Share of the samples that are in their interval (Wilson's interval)."
    )


@dataclass(frozen=True)
class PartErrors:
    """Samples with some values of a column, whose errors are larger than those of all others, or biased."""

    target: str = value("Target", NAME, "The number that is predicted.")
    column: str = value("Column", NAME, "The column.")
    values: str = value("Values", NAME, "The value of a category, or a range of numbers.")
    samples: int = value("Samples", COUNT, "Samples with these values.")
    bias: tuple[float, float, float] = value(
        "Bias", NUMBER_WITH_LIMITS, "Mean of predicted minus true: above 0 the predictions are too high."
    )
    error: tuple[float, float, float] = value("Mean error", NUMBER_WITH_LIMITS, "Mean of their absolute errors.")
    elsewhere: float = value("Elsewhere", NUMBER, "The mean error of all other samples.")


@public
@dataclass(frozen=True, eq=False, repr=False)
class Errors(Result):
    """How large the errors of predicted numbers are, made by `Run.errors`.

    Attributes:
        split: The split that was predicted.
        epoch: Number of the epoch.
        level: Share of the samples that intervals should hold.
        task: What is predicted.
        y: The targets, float64 ``(sample, target)``.
        predicted: The predictions, float64 ``(sample, target)``.
        measures: How well each target is predicted.
        parts: Where errors are larger than elsewhere, or biased; the clearest difference first.
        note: What must be known to read the numbers, or "".
    """

    split: str
    epoch: int
    level: float
    task: Task
    y: np.ndarray
    predicted: np.ndarray
    measures: tuple[TargetErrors, ...]
    parts: tuple[PartErrors, ...]
    note: str

    def line(self) -> str:
        """A one-line summary."""
        first = self.measures[0]
        said = f"{first.target} R2 {first.r2[0]:.3f}, RMSE {number_text(first.rmse[0])}"
        return f"Errors of {self.of_samples}, epoch {self.epoch}: {said}"

    @property
    def of_samples(self) -> str:
        """Which samples were predicted."""
        return split_in_words(self.split, len(self.y))

    def table(self) -> ResultTable:
        """One row for each target."""
        return ResultTable.of(TargetErrors, self.measures)

    def tables(self) -> tuple[ResultTable, ...]:
        """The targets, and where errors are larger or biased."""
        title = f"Errors of {self.of_samples}, with 95% intervals"
        notes = (f"Intervals should hold {100 * self.level:g}% of the samples.",)
        if not self.parts:
            notes += ("No values of a column have clearly larger or biased errors.",)
        found = (replace(self.table(), title=title, notes=notes, turned=True),)
        return (*found, self.by_column()) if self.parts else found

    def by_column(self) -> ResultTable:
        """One row for the values of a column whose errors are larger than elsewhere, or biased."""
        table = ResultTable.of(PartErrors, self.parts, title="Where errors are larger, or biased")
        return table if len(self.measures) > 1 else table.without("Target")

    def to_json(self) -> dict[str, Any]:
        """What ``cutaway errors --json`` answers about the run."""
        targets, columns = self.table().records(), self.by_column().records()
        return self._plain("split", "epoch", "level", "note") | {"targets": targets, "columns": columns}

    def panels(self) -> "list[Panel]":
        """Of each target, predicted against true, and the errors by prediction."""
        from cutaway.plots import Panel, Series

        found: list[Panel] = []
        for name, y, p in zip(self.task.targets, self.y.T, self.predicted.T, strict=True):
            points = [Series("", x, values, points=True, line=False) for x, values in ((y, p), (p, p - y))]
            found.append(Panel(f"{name}: predicted against true", "true", "predicted", points[:1], diagonal=True))
            found.append(Panel(f"{name}: errors", "predicted", "predicted minus true", points[1:], y_ends=(0,)))
        return found


def errors(context: RunContext, options: ErrorsOptions, *, on_progress: ProgressCallback = ignore_progress) -> Errors:
    """Measure errors; see `cutaway.Run.errors`."""
    task, split = context.task, options.split or context.split.held_out
    task.need_numbers("a measure of errors", "use run.per_class() and run.mistakes()")
    ids, epoch = context.part(split), context.epoch(options.epoch)
    y, predicted = context.data.y(ids), predict_numbers(context, ids, epoch=epoch)
    note, radius, coverage = cautions(split, "the epoch was chosen"), None, list[Interval]()
    try:
        radius = fit_radius(context, options.level, epoch=epoch)
        low, high = interval_ends(task, predicted, radius)
        if split == "test":  # on others they were fitted, or the model was
            coverage = [Interval.of(share_of(k, len(y))) for k in ((low <= y) & (y <= high)).sum(axis=0).tolist()]
    except UsageError as error:
        note.append(error.fault)
    drawn = stratified_sample(context.data.strata_of(ids), SAMPLES, seed=0)
    columns, measures = _columns(context, ids.take(drawn), predicted[drawn]), list[TargetErrors]()
    found = list[tuple[float, PartErrors]]()
    for k, target in enumerate(task.targets):
        reach = None if radius is None else (float(radius[k]), task.is_log)
        held = coverage[k] if coverage else None
        of_target = number_intervals(y[:, [k]], predicted[:, [k]])
        measures.append(TargetErrors(target, **of_target, radius=reach, coverage=held))
        off = (predicted - y)[drawn, k]
        sizes = np.abs(off)
        for column, values in columns.items():
            for words in np.unique(values).tolist():
                part = values == words
                apart = max(abs(standard_errors_apart(off, part)), standard_errors_apart(sizes, part))
                if apart > CLEAR:
                    bias, error = ((float(each.mean()), *mean_interval(each)) for each in (off[part], sizes[part]))
                    elsewhere = float(sizes[~part].mean())
                    found.append((apart, PartErrors(target, column, words, int(part.sum()), bias, error, elsewhere)))
    parts = tuple(each for _, each in sorted(found, key=lambda pair: -pair[0])[:LISTED])
    return Errors(split, epoch, options.level, task, y, predicted, tuple(measures), parts, "; ".join(note))


def _columns(context: RunContext, ids: SampleIds, predicted: np.ndarray) -> dict[str, np.ndarray]:
    """By prediction and by column but for dates, what each sample has, in words ``(sample,)``."""
    found = {f"predicted {name}": _in_words(p) for name, p in zip(context.task.targets, predicted.T, strict=True)}
    if isinstance(table := context.loaded, Table):
        rows = table.rows_of(ids)
        found |= {name: _in_words(values) for name, values in table.numbers_of(rows).items()}
        for name in (each.name for each in table.columns if each.use == "feature" and each.kind == "category"):
            found[name] = np.array(["missing" if row[name] in (None, "") else str(row[name]) for row in rows])
    return found


def _in_words(values: np.ndarray) -> np.ndarray:
    """The bins of some numbers, ``(sample,)``: a fifth of the samples in each."""
    known = values[np.isfinite(values)]
    ends = np.quantile(known if len(known) else [0.0], PARTS)
    texts = [number_text(end) for end in ends.tolist()]
    between = [f"{low} to {high}" for low, high in pairwise(texts)]
    # a missing value is sorted behind infinity
    names = np.array([f"up to {texts[0]}", *between, f"above {texts[-1]}", "missing"])
    return names[np.searchsorted([*ends, np.inf], values)]
