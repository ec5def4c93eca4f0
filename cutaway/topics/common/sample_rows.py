"""Samples of a table as the rows that they are, with the cells marked that spoke most for the answer."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cutaway.context import RunContext
from cutaway.data import SampleIds, Table
from cutaway.errors import ModelError
from cutaway.log import survive

log = logging.getLogger("cutaway.topics.samples")

COLUMNS = 12
"""Columns of the data that are shown at most: those that spoke most in the samples that are shown."""

MARKED = 2
"""Cells of a row that are marked at most."""

MARKS = (
    "Marked are the cells that speak most for what the kept epoch predicts, up to two in a row (gradient times input)."
)


@dataclass(frozen=True)
class SampleRows:
    """Rows for `cutaway.page.Table`.

    Attributes:
        rows: The same headings in each.
        marked: (row, heading) of each cell that is marked.
        samples: The name of each sample.
        left_out: Columns of the data that are not shown.
    """

    rows: tuple[Mapping[str, str], ...]
    marked: frozenset[tuple[int, str]]
    samples: tuple[str, ...]
    left_out: int

    @property
    def words(self) -> str:
        """What is marked and what is not shown, in a sentence or two; may be empty."""
        more = f"{self.left_out} more columns are not shown." if self.left_out else ""
        return f"{MARKS if self.marked else ''} {more}".strip()


def sample_rows(context: RunContext, ids: SampleIds, told: Mapping[str, Sequence[str]]) -> SampleRows | None:
    """Make the rows of some samples; None where the samples are no rows of a table.

    Args:
        context: The run.
        ids: The samples.
        told: Heading -> what is said of each sample, before its cells.
    """
    data, preparation = context.loaded, context.preparation
    if not isinstance(data, Table) or preparation is None or not len(ids):
        return None
    used = [column.name for column in data.columns if column.use == "feature"]
    spoke = _spoke(context, ids, preparation.columns_of_features)
    first = [
        [name for name in sorted(spoke, key=lambda name: -float(spoke[name][i]))[:MARKED] if spoke[name][i] > 0]
        for i in range(len(ids))
    ]
    times = Counter(name for each in first for name in each)
    most = sorted(used, key=lambda name: (-times[name], -float(np.abs(spoke[name]).sum()))) if spoke else used
    shown = sorted(most[:COLUMNS], key=used.index)
    headings = dict(zip(shown, _headings(shown, {"Sample", *told}), strict=True))
    named = context.named(ids)
    names, places = named.names(), named.places()
    rows: list[Mapping[str, str]] = []
    for i, cells in enumerate(data.rows_of(ids)):
        said = {heading: texts[i] for heading, texts in told.items()}
        values = {headings[name]: "–" if cells[name] in (None, "") else str(cells[name]) for name in shown}
        name = names[i] if places[i] in names[i] else f"{names[i]} ({places[i]})"
        rows.append({"Sample": name, **said, **values})
    marked = {(i, headings[name]) for i, each in enumerate(first) for name in each if name in headings}
    return SampleRows(tuple(rows), frozenset(marked), tuple(names), len(used) - len(shown))


def _headings(names: Sequence[str], taken: set[str]) -> list[str]:
    """A heading for each column, which may be called like something that is said of the samples."""
    found: list[str] = []
    for name in names:
        heading = name
        while heading in taken:
            heading = f"{heading} (column)"
        taken = taken | {heading}
        found.append(heading)
    return found


def _spoke(context: RunContext, ids: SampleIds, columns: Sequence[str]) -> dict[str, np.ndarray]:
    """By column, what it contributed to the winner over the runner-up, float ``(sample,)``.

    Empty for a model that is not piecewise linear.
    """
    from cutaway.interpret import input_attribution

    with survive(log, "marking cells", ModelError):
        values, _ = input_attribution(context.model(), scale=context.data.scale)(context.data.x(ids))
        sums: dict[str, np.ndarray] = {}
        for name, each in zip(columns, values.T, strict=True):
            sums[name] = sums.get(name, 0.0) + each
        return sums
    return {}
