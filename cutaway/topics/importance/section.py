"""The section on the columns of a table: how much worse the model predicts once one is shuffled."""

import logging

import numpy as np

from cutaway.data import Table as DataTable
from cutaway.errors import CutawayError
from cutaway.log import survive
from cutaway.page import Section, Table
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


@once
def importances_of(source: ReportSource) -> Importances | None:
    """What each column is worth to the model; None where that cannot be measured, or where samples are no rows."""
    context = source.context
    if not isinstance(context.loaded, DataTable) or len(source.ids) < 2:
        return None
    if len([column for column in context.loaded.columns if column.use == "feature"]) > MOST:
        return None
    with survive(log, "measuring the importance of columns", CutawayError):
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
    """Which columns carry the answer, in a title and a sentence; None where no column matters measurably."""
    m = found.measures
    rises = m.loss_increase * m.measurable
    order = np.argsort(-rises, kind="stable")
    if rises.max() <= 0:
        return None
    sums: list[float] = np.cumsum(rises[order]).tolist()
    needed = 1 + sum(each < CARRIES * sums[-1] for each in sums)
    first: list[int] = order[: min(needed, FEW)].tolist()
    named = _listed([f'"{found.columns[place]}"' for place in first])
    lost = _listed([f"{100 * float(m.accuracy_decrease[place]):.1f}" for place in first])
    carry = "carry most of it" if needed <= FEW else "matter most"
    if len(first) == 1:
        carry = "carries most of it"
    nothing = sum(not row["measurable"] for row in found.summaries())
    rest = f" {nothing} of {len(found)} columns have no effect that can be measured." if nothing else ""
    they = "it costs" if len(first) == 1 else "they cost"
    return f"{named} {carry}.", f"Shuffled, {they} {lost} points of accuracy.{rest}"


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
