"""The section on the columns of a table: what each is worth to the model, and what the most important ones do."""

from statistics import NormalDist

import numpy as np

from cutaway.data import Table as DataTable
from cutaway.errors import CutawayError
from cutaway.log import survive
from cutaway.page import Card, Cards, Level, Section
from cutaway.plots import Panel, Series
from cutaway.task import Task, number_text
from cutaway.topics.common.sections import result_section
from cutaway.topics.common.source import ReportSource, once
from cutaway.words import listed, number, percent

from .effects import ColumnEffect, column_effects
from .options import ImportanceOptions
from .result import Importances, importance

SAMPLES = 2_000
"""Maximum number of samples to predict."""

MOST = 300
"""Columns at most: to shuffle more would take longer than the rest of a report."""

LISTED = 20
"""Maximum number of columns in the table."""

CARRIES = 0.8
"""Columns that together have this share of all measurable rises of the loss carry the answer."""

FEW = 3
"""Maximum number of columns to name."""

DRAWN = 6
"""Maximum number of columns to draw the effects of: only columns that matter more than chance explains."""

DENSITY = 0.3
"""Height of the highest bar of the histogram below the curves of a column."""

LEVEL = 0.05
"""Of the chance that a column is named although none matters."""

SAMPLES_LEAST = 50
"""With fewer samples, no column is named: their standard errors are too uncertain (of 20 samples, 7% of tables of noise
would have a column named, of 5 samples 39%)."""

LEAST = 0.0005
"""Minimum loss of accuracy for naming a column; below it, the text gives the rise of the loss."""


@once
def importances_of(source: ReportSource) -> Importances | None:
    """What each column is worth to the model; None if that cannot be measured, or if samples are no rows."""
    context = source.context
    with survive(__name__, "measuring the importance of columns", CutawayError):  # for example, the data are gone
        if not isinstance(context.loaded, DataTable) or len(source.ids) < 2:
            return None
        if len([column for column in context.loaded.columns if column.use == "feature"]) > MOST:
            return None
        return importance(
            context, ImportanceOptions(split=source.split, samples=SAMPLES), on_progress=source.on_progress
        )
    return None


def columns(source: ReportSource) -> Section | None:
    """A row for each column, the most important first, and what those do that matter."""
    found = importances_of(source)
    if found is None:
        return None
    cards = _effects(source, found)
    effects = Cards(
        name="effects",
        title="What the columns do",
        lead="What the model predicts on average if a column has another value, and all others stay as they are "
        "(partial dependence): what the model does, not what would happen in the world. At each value, 8 "
        "of 10 samples are in the shaded range, their curves moved to the same level. Gray bars say how the values are "
        "spread in the data: where there are few, the model has seen few. Shown are columns that matter more than "
        "could be chance.",
        cards=cards,
    )
    return result_section("columns", "Columns", tables=found.tables(LISTED), more=(effects,) if cards else ())


def _effects(source: ReportSource, found: Importances) -> tuple[Card, ...]:
    """A card for each of the columns that matter, the most important first."""
    rises = clear_rises(found)
    order: list[int] = np.argsort(-rises, kind="stable")[: min(DRAWN, int((rises > 0).sum()))].tolist()
    task = source.context.task
    effects = column_effects(source.context, source.ids, [found.columns[place] for place in order])
    counts = np.bincount(source.context.data.strata_of(source.ids), minlength=len(task.names))
    return tuple(_effect_card(each, task, counts) for each in effects)


def _effect_card(effect: ColumnEffect, task: Task, counts: np.ndarray) -> Card:
    """What a column does to the probability of the class that it changes most; of two classes, of the rarer one.

    Of numbers, what it does to the first target.
    """
    mean, low, high = effect.predicted.mean, effect.predicted.low, effect.predicted.high
    changed = np.ptp(mean, axis=0)[: 1 if task.is_numbers else None]
    shown = int(np.argmin(counts)) if len(task.class_names) == 2 else int(changed.argmax())
    mean, low, high = (each[:, shown].tolist() for each in (mean, low, high))
    most, least = (mean.index(end) for end in (max(mean), min(mean)))
    texts = [number_text(each) if task.is_numbers else percent(each, 0) for each in mean]
    start, end = (min(low), max(high)) if task.is_numbers else (0.0, 1.0)
    span = (end - start) or 1.0
    what = f"{'predicted' if task.is_numbers else 'probability of'} {task.names[shown]}"
    text = (
        f"{what[0].upper()}{what[1:]}: {texts[most]} at {effect.names[most]}, {texts[least]} at {effect.names[least]}."
    )
    if effect.places is None:
        levels = tuple(
            Level(
                name,
                (mean[i] - start) / span,
                (low[i] - start) / span,
                (high[i] - start) / span,
                texts[i],
                f"{percent(float(effect.shares[i]), 0)} of the samples",
                f"{number_text(low[i])} to {number_text(high[i])}" if task.is_numbers else "",
            )
            for i, name in enumerate(effect.names)
        )
        return Card(title=effect.column, text=(text,), levels=levels)
    heights = DENSITY * effect.shares / max(float(effect.shares.max()), 1e-9)
    samples = Series.histogram(start + span * heights, float(effect.places[0]), float(effect.places[-1]), color=2)
    curve = Series("", effect.places, np.array(mean), np.array(low), np.array(high))
    panel = Panel("", effect.column, what, (samples, curve), y_percent=not task.is_numbers, y_ends=(start, end))
    return Card(title=effect.column, text=(text,), panels=(panel,))


def clear_rises(found: Importances) -> np.ndarray:
    """The rise of the loss of each column, float64 ``(column,)``; 0 where it could be chance, and of few samples.

    A column counts if its loss rises by more than could be chance in one of N columns (`LEVEL`, Bonferroni).
    """
    m = found.measures
    if found.samples < SAMPLES_LEAST:
        return np.zeros(len(found))
    z = NormalDist().inv_cdf(1 - LEVEL / 2 / len(found))
    return m.loss_increase * (m.loss_increase > z * m.loss_error)


def carriers(found: Importances) -> tuple[str, str] | None:
    """Which columns carry the answer, in a title and a sentence; None where no column clearly matters."""
    m, rises = found.measures, clear_rises(found)
    least = min((float(rise) for rise in rises if rise > 0), default=0.0)
    # a column whose rise could be chance, and is as large as one that is named
    rivals = int(((rises == 0) & (m.loss_increase >= least)).sum())
    order = np.argsort(-rises, kind="stable")
    sums: list[float] = np.cumsum(rises[order]).tolist()
    if sums[-1] <= 0:
        return None
    needed = 1 + sum(each < CARRIES * sums[-1] for each in sums)
    first: list[int] = order[: min(needed, FEW)].tolist()
    named, one = listed([f'"{found.columns[place]}"' for place in first]), len(first) == 1
    carry = ("carries" if one else "carry") + " most of the answer" if needed <= FEW else "matter most"
    if rivals:
        carry = "clearly matters" if one else "clearly matter"
    what = f"{'lower' if found.is_numbers else 'raise'}{'s' if one else ''} {'R2' if found.is_numbers else 'the loss'}"
    text = f"Shuffled, {'it' if one else 'they'} {what} by {_each(m.loss_increase, first, 3)}"
    if all(float(m.accuracy_decrease[place]) >= LEAST for place in first):
        lost = _each(100 * m.accuracy_decrease, first, 1)
        text = f"{text} and {'costs' if one else 'cost'} {lost} points of accuracy"
    idle = sum(not row["measurable"] for row in found.summaries())
    change = "lower R2" if found.is_numbers else "raise the loss"
    rest = f" Shuffling {idle} of {len(found)} columns does not {change} measurably." if idle else ""
    if rivals:
        others = "another column" if rivals == 1 else f"{rivals} other columns"
        rest = f" {found.samples:,} samples are too few to tell whether {others} may matter as much."
    return f"{named} {carry}.", f"{text}.{rest}"


def _each(values: np.ndarray, places: list[int], digits: int) -> str:
    return listed([number(float(values[place]), digits) for place in places])
