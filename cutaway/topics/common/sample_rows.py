"""Samples of a table as the rows that they are: the cells that spoke most for the answer, and the nearest rows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cutaway.context import RunContext
from cutaway.data import SampleIds, Table, join_ids
from cutaway.errors import CutawayError, ModelError
from cutaway.log import survive
from cutaway.words import cut

from .nearest import nearest_of

COLUMNS = 12
"""Columns of the data that are shown at most, where nobody says how many."""

SMALL = 3
"""Columns of a small table, as it fits on a card."""

MARKED = 2
"""Maximum number of cells to mark in a row."""

NEAREST = 3
"""Training rows below each row that are nearest to it in the last hidden layer."""

MARKS = (
    "Marked cells are the strongest evidence for the prediction of the kept epoch, up to two per row (gradient times "
    "input)."
)

NEAR = "Nearest: the training rows nearest to it in the last hidden layer, with their labels."


@dataclass(frozen=True)
class SampleRows:
    """Rows for `cutaway.page.Table`.

    Attributes:
        rows: The same headings in each.
        marked: (row, heading) of each cell that is marked.
        samples: The name of each sample.
        nearest: For each row the training rows nearest to it, with the same headings; empty if they are not known.
        left_out: Columns of the data that are not shown.
    """

    rows: tuple[Mapping[str, str], ...]
    marked: frozenset[tuple[int, str]]
    samples: tuple[str, ...]
    nearest: tuple[tuple[Mapping[str, str], ...], ...]
    left_out: int

    def with_nearest(self, place: int) -> tuple[tuple[str, ...], ...]:
        """A row and those nearest to it as a small table: a line of headings first."""
        row = self.rows[place]
        return tuple(row), tuple(row.values()), *(tuple(each.values()) for each in self.nearest[place])

    @property
    def words(self) -> str:
        """The marks and the omissions, in a sentence or two; may be empty."""
        left = f"{self.left_out} more columns are not shown: on the whole they contribute less to these answers."
        more = left if self.left_out else ""
        return " ".join(filter(None, (MARKS if self.marked else "", NEAR if self.nearest else "", more)))


def sample_rows(
    context: RunContext,
    ids: SampleIds,
    told: Mapping[str, Sequence[str]],
    *,
    label: str,
    columns: int = COLUMNS,
    nearest: Sequence[SampleIds] | None = None,
) -> SampleRows | None:
    """Make the rows of some samples; None where the samples are no rows of a table.

    Args:
        context: The run.
        ids: The samples.
        told: Heading -> a text about each sample, before its cells.
        label: The one of these headings that has the class of a sample.
        columns: Columns of the data that are shown at most: those that spoke most in these samples.
        nearest: Samples that are nearest to each; if None, the training samples that are nearest in the last hidden
            layer.
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
    shown, left_out = cut(most, columns)
    # by such a column people look rows up, though no model learns from it
    unique = [c.name for c in data.columns if c.reason == "identifier"] if columns == COLUMNS else []
    written = [*unique[:1], *shown]
    headings = dict(zip(written, _headings(written, {"Sample", *told}), strict=True))
    near = _nearest(context, ids) if nearest is None else nearest
    # read together: each reading begins at the start of the file
    cells = data.rows_of(join_ids([ids, *near]))
    rows = _rows(context.named(ids), cells[: len(ids)], headings, told)
    ends: list[int] = (len(ids) + np.cumsum([0, *(len(each) for each in near)])).tolist()
    marked = {(i, headings[name]) for i, each in enumerate(first) for name in each if name in headings}
    below = [
        _rows(
            context.named(each),
            cells[first:last],
            headings,
            {heading: _labels(context, each, heading == label) for heading in told},
        )
        for each, first, last in zip(near, ends, ends[1:], strict=False)
    ]
    return SampleRows(
        tuple(rows),
        frozenset(marked),
        tuple(context.named(ids).names()),
        tuple(tuple(each) for each in below),
        left_out,
    )


def small_table(context: RunContext, ids: SampleIds) -> tuple[tuple[str, ...], ...]:
    """Samples with the few cells that spoke most for the answers, as a card shows them: a line of headings first.

    Empty if the samples are not rows of a table.
    """
    found = sample_rows(context, ids, {}, label="", columns=SMALL, nearest=())
    return () if found is None else (tuple(found.rows[0]), *(tuple(row.values()) for row in found.rows))


def _rows(
    ids: SampleIds, found: Sequence[Mapping[str, Any]], headings: Mapping[str, str], told: Mapping[str, Sequence[str]]
) -> list[Mapping[str, str]]:
    """Rows of samples: their names, the texts about them, and the cells found, by the heading of each column."""
    names, places = ids.names(), ids.places()
    rows: list[Mapping[str, str]] = []
    for i, cells in enumerate(found):
        said = {heading: texts[i] for heading, texts in told.items()}
        values = {heading: "–" if cells[name] in (None, "") else str(cells[name]) for name, heading in headings.items()}
        name = names[i] if places[i] in names[i] else f"{names[i]} ({places[i]})"
        rows.append({"Sample": name, **said, **values})
    return rows


def _labels(context: RunContext, ids: SampleIds, said: bool) -> list[str]:
    return context.task.texts(context.data.y(ids)) if said else [""] * len(ids)


def _nearest(context: RunContext, ids: SampleIds) -> list[SampleIds]:
    """The training samples nearest to each sample, and other ones than it; none if they are not known."""
    # for example, the training samples are gone
    with survive(__name__, "finding the nearest training rows", CutawayError):
        if not context.knows_training_samples or len(context.part("train")) <= NEAREST:
            return []
        found = nearest_of(context, NEAREST + 1, epoch=None)(context.data.x(ids))
        own = context.named(ids).names()
        named = [[each for each in near if each != name] for near, name in zip(found.names.tolist(), own, strict=True)]
        return [context.samples(near[:NEAREST]) for near in named]
    return []


def _headings(names: Sequence[str], taken: set[str]) -> list[str]:
    """A heading for each column, which may have the name of one of the texts about the samples."""
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

    Empty for a model that is not piecewise linear, or that predicts numbers.
    """
    if context.task.is_numbers:
        return {}
    from cutaway.interpret import input_attribution

    with survive(__name__, "marking cells", ModelError):
        values, _ = input_attribution(context.model(), scale=context.data.scale)(context.data.x(ids))
        sums: dict[str, np.ndarray] = {}
        for name, each in zip(columns, values.T, strict=True):
            sums[name] = sums.get(name, 0.0) + each
        return sums
    return {}
