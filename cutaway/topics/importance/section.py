"""The section on the columns of a table: how much worse the model predicts once one is shuffled."""

import logging
from statistics import NormalDist

import numpy as np

from cutaway.data import Table as DataTable
from cutaway.errors import CutawayError
from cutaway.findings import listed
from cutaway.log import survive
from cutaway.page import Section, Table
from cutaway.results.units import number
from cutaway.topics.common.source import ReportSource, once

from .result import Importances, importance

log = logging.getLogger("cutaway.topics.importance")

SAMPLES = 2_000
"""Samples that are predicted at most."""

MOST = 300
"""Columns at most: to shuffle more would take longer than the rest of a report."""

LISTED = 20
"""Columns in the table at most."""

CARRIES = 0.8
"""Columns that together have this share of all measurable rises of the loss carry the answer."""

FEW = 3
"""Columns that are named at most."""

LEVEL = 0.05
"""Of the chance that a column is named although none matters."""

LEAST = 0.0005
"""Accuracy that is lost by each of the columns that are named, or else the rise of the loss is told."""


@once
def importances_of(source: ReportSource) -> Importances | None:
    """What each column is worth to the model; None where that cannot be measured, or where samples are no rows."""
    context = source.context
    with survive(log, "measuring the importance of columns", CutawayError):  # such as of data that are gone
        if not isinstance(context.loaded, DataTable) or len(source.ids) < 2:
            return None
        if len([column for column in context.loaded.columns if column.use == "feature"]) > MOST:
            return None
        return importance(context, split=source.split, samples=SAMPLES, on_progress=source.on_progress)
    return None


def columns(source: ReportSource) -> Section | None:
    """A row for each column, the most important first."""
    found = importances_of(source)
    if found is None:
        return None
    (table,) = found.tables(LISTED)
    return Table(
        name="columns",
        title="What each column is worth",
        lead=f"How much worse the model predicts once a column is shuffled: {table.title}.",
        rows=tuple(table.texts()),
        meanings=table.meanings(),
        caption=" ".join((*table.notes, "~0: no more than two standard errors.")),
    )


def carriers(found: Importances) -> tuple[str, str] | None:
    """Which columns carry the answer, in a title and a sentence; None where no column clearly matters.

    A column counts if the loss rises by more than could be chance in one of so many columns (`LEVEL`, Bonferroni).
    """
    m = found.measures
    z = NormalDist().inv_cdf(1 - LEVEL / 2 / len(found))
    rises = m.loss_increase * (m.loss_increase > z * m.loss_error)
    order = np.argsort(-rises, kind="stable")
    sums: list[float] = np.cumsum(rises[order]).tolist()
    if sums[-1] <= 0:
        return None
    needed = 1 + sum(each < CARRIES * sums[-1] for each in sums)
    first: list[int] = order[: min(needed, FEW)].tolist()
    named, one = listed([f'"{found.columns[place]}"' for place in first]), len(first) == 1
    carry = ("carries" if one else "carry") + " most of the answer" if needed <= FEW else "matter most"
    text = f"Shuffled, {'it raises' if one else 'they raise'} the loss by {_each(m.loss_increase, first, 3)}"
    if all(float(m.accuracy_decrease[place]) >= LEAST for place in first):
        lost = _each(100 * m.accuracy_decrease, first, 1)
        text = f"Shuffled, {'it costs' if one else 'they cost'} {lost} points of accuracy"
    idle = sum(not row["measurable"] for row in found.summaries())
    rest = f" Shuffling {idle} of {len(found)} columns does not raise the loss measurably." if idle else ""
    return f"{named} {carry}.", f"{text}.{rest}"


def _each(values: np.ndarray, places: list[int], digits: int) -> str:
    return listed([number(float(values[place]), digits) for place in places])
