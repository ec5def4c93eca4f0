"""What each column does: the predictions if it has another value, in all samples (partial dependence)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.context import RunContext
from cutaway.data import SampleIds, Table, stratified_sample

if TYPE_CHECKING:
    from cutaway.interpret import PartialDependence

SAMPLES = 500
"""Samples that are predicted at most: the mean of a probability is known to 2 points or better."""

POINTS = 16
"""Values of a column of numbers at which is predicted, at most: quantiles of the samples."""

ENDS = (0.02, 0.98)
"""Quantiles between which a column of numbers is drawn: beyond them the model has seen few samples."""

LEVELS = 8
"""Values of a column of categories at which is predicted, at most: the most frequent ones."""

BARS = 20
"""Bars of the histogram of a column of numbers."""


@dataclass(frozen=True, eq=False)
class ColumnEffect:
    """What the model predicts where a column has some other values.

    Attributes:
        column: Its name.
        names: Each of these values, as text.
        places: float64 ``(point,)``, these values, ascending, if they are numbers; None for categories.
        shares: float64, shares of the samples, 0..1: of a column of numbers ``(bar,)``, between the first and the last
            place; of categories ``(point,)``.
        predicted: The predictions.
    """

    column: str
    names: tuple[str, ...]
    places: np.ndarray | None
    shares: np.ndarray
    predicted: "PartialDependence"


def column_effects(context: RunContext, ids: SampleIds, columns: Sequence[str]) -> list[ColumnEffect]:
    """What some columns do, each by itself; columns of dates, and of a single value in these samples, are left out.

    The values come from other samples, which keeps the inputs made from one value together.

    Args:
        context: The run, of a table.
        ids: Samples, at least one; above `SAMPLES` a stratified sample.
        columns: Names of columns that are used.
    """
    from cutaway.interpret import partial_dependence

    data, table, preparation = context.data, context.loaded, context.preparation
    if not isinstance(table, Table) or preparation is None:
        return []
    if len(ids) > SAMPLES:
        ids = ids.take(stratified_sample(data.strata_of(ids), SAMPLES, seed=0))
    x, rows, model = data.x(ids), table.rows_of(ids), context.model()
    numbers, found = table.numbers_of(rows), list[ColumnEffect]()
    for name in columns:
        if preparation.columns[name] == "date":
            continue
        cells = [row[name] for row in rows]
        group = [place for place, column in enumerate(preparation.columns_of_features) if column == name]
        donors, places, shares = _numbers(numbers[name]) if name in numbers else _categories(cells)
        if len(donors) < 2:
            continue
        points, numbers_asked = x[donors][:, group], context.task.is_numbers
        predicted = partial_dependence(model, x, group, points, scale=data.scale, numbers=numbers_asked)
        values: list[float] = [] if places is None else places.tolist()
        names = tuple(map(_number_text, values)) or tuple(_text(cells[donor]) for donor in donors)
        found.append(ColumnEffect(name, names, places, shares, predicted))
    return found


def _numbers(values: np.ndarray) -> tuple[list[int], np.ndarray, np.ndarray]:
    """Samples that have quantiles of the values, these values, and a histogram between them."""
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return [], np.empty(0), np.empty(0)
    wanted = np.quantile(values[known], np.linspace(*ENDS, POINTS), method="nearest")
    donors: list[int] = [int(known[np.argmax(values[known] == value)]) for value in np.unique(wanted)]
    places = values[donors]
    inside = values[known][(values[known] >= places[0]) & (values[known] <= places[-1])]
    counts, _ = np.histogram(inside, BARS, (places[0], max(places[-1], np.nextafter(places[0], np.inf))))
    return donors, places, counts / len(known)


def _categories(cells: Sequence[Any]) -> tuple[list[int], None, np.ndarray]:
    """Samples that have the most frequent values, and how frequent these are."""
    texts = [_text(cell) for cell in cells]
    most: Mapping[str, int] = dict(Counter(texts).most_common(LEVELS))
    return [texts.index(text) for text in most], None, np.array(list(most.values())) / max(len(texts), 1)


def _number_text(value: float) -> str:
    """A number as people write it: 39500, although the table has 39500.0."""
    if value == 0 or not 1e-4 <= abs(value) < 1e15:
        return f"{value + 0.0:.6g}"  # -0.0 is 0
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _text(cell: Any) -> str:
    return "missing" if cell in (None, "") else str(cell)
