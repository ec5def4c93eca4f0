"""How the values of each column are spread in each class, for the page of data."""

from typing import Any

import numpy as np

from cutaway.data import SampleIds, Table, stratified_sample, table_cells
from cutaway.progress import ProgressCallback

ROWS = 20_000
"""Maximum number of training rows that are counted."""

COLUMNS = 200
"""Columns at most, in the order of the table."""

BARS = 12
"""Bars of a column of numbers or dates, between the 1st and the 99th percentile of its values; values outside are
counted in the bars at the ends."""

VALUES = 6
"""Most frequent values of a column of categories."""

CLASSES = 6
"""Maximum number of separate classes, the largest ones; all others are one."""


def class_histograms(table: Table, ids: SampleIds, *, on_progress: ProgressCallback) -> dict[str, Any]:
    """Count the values of each column that is used, by class.

    Args:
        table: The table.
        ids: Training samples.
        on_progress: Told while the table is read.

    Returns:
        ``classes``, their names, the largest first, with "others" if there are more; ``colors``, one for each;
        ``rows``, how many were counted, ``of`` how many; and ``columns``: for each by its name ``names``, of the ends
        of the bars of numbers or else of every bar, ``is_number``, and ``counts``, rows by bar and class. Columns of a
        single value are left out.
    """
    from cutaway.plots import CLASS_COLORS

    drawn = ids.take(stratified_sample(_labels(table, ids), ROWS, seed=0)) if len(ids) > ROWS else ids
    drawn = drawn.take(np.argsort(drawn.keys(), kind="stable"))  # as the cells come
    labels = _labels(table, drawn)
    order = np.argsort(-np.bincount(labels, minlength=table.classes), kind="stable")
    place = np.full(table.classes, CLASSES)
    place[order[:CLASSES]] = np.arange(min(CLASSES, table.classes))
    of_row = np.minimum(place[labels], CLASSES)
    names = [table.class_names[k] for k in order[:CLASSES].tolist()]
    names += ["others"] if table.classes > CLASSES else []
    used = [column for column in table.columns if column.use == "feature"][:COLUMNS]
    kinds: dict[str, Any] = {column.name: column.kind for column in used}
    cells = table_cells(table, drawn, kinds=kinds, on_progress=on_progress) if kinds else {}
    found: dict[str, Any] = {}
    for column in used:
        count = _categories if column.kind == "category" else _numbers
        if (counted := count(cells[column.name], of_row, len(names))) is not None:
            found[column.name] = counted
    colors = [CLASS_COLORS[k % len(CLASS_COLORS)] for k in order[:CLASSES].tolist()]
    return {"classes": names, "colors": colors, "rows": len(drawn), "of": len(ids), "columns": found}


def _labels(table: Table, ids: SampleIds) -> np.ndarray:
    (source,) = {ids.sources[number] for number in np.unique(ids.source_index)}
    return table.labels[source][ids.index]


def _numbers(cells: Any, of_row: np.ndarray, classes: int) -> dict[str, Any] | None:
    values = cells.to_numpy().astype(np.float64)
    known = np.isfinite(values)
    low, high = np.quantile(values[known], (0.01, 0.99)) if known.any() else (0.0, 0.0)
    if known.any() and not high > low:  # nearly all values are the same, and the others may tell most
        low, high = values[known].min(), values[known].max()
    if not high > low:
        return None
    bars = np.clip(((values[known] - low) / (high - low) * BARS).astype(np.int64), 0, BARS - 1)
    return {"names": [float(low), float(high)], "is_number": True, "counts": _table(bars, of_row[known], BARS, classes)}


def _categories(cells: Any, of_row: np.ndarray, classes: int) -> dict[str, Any] | None:
    texts = ["missing" if cell is None else str(cell) for cell in cells.to_pylist()]
    values, codes = np.unique(texts, return_inverse=True)
    if len(values) < 2:
        return None
    most = np.argsort(-np.bincount(codes), kind="stable")[:VALUES]
    bar = np.full(len(values), -1)
    bar[most] = np.arange(len(most))
    shown = bar[codes] >= 0
    names = [str(value)[:40] for value in values[most].tolist()]
    return {
        "names": names,
        "is_number": False,
        "counts": _table(bar[codes][shown], of_row[shown], len(names), classes),
    }


def _table(bars: np.ndarray, of_row: np.ndarray, length: int, classes: int) -> list[list[int]]:
    counts = np.zeros((length, classes), np.int64)
    np.add.at(counts, (bars, of_row), 1)
    return counts.tolist()
