"""Samples that are not images, in words: cells of a row of a table, or values of an array."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from cutaway.context import RunContext
from cutaway.data import SampleIds, Table
from cutaway.words import cut

CELLS, VALUES, UNUSUAL = 12, 8, 4
"""Maximum number of cells of a row, of values of a sample, and of the least usual of either to write."""

KNOWN = 2000
"""Number of training samples that decide which values are usual."""


def values_of(context: RunContext, ids: SampleIds, *, unusual: bool = False) -> list[str]:
    """What each sample is, such as "age 34, city Oslo": a table's row as it is there, an array's values unscaled.

    Args:
        context: The run.
        ids: The samples.
        unusual: Whether the values are written that are farthest from the mean of the training samples, in their
            standard deviations; otherwise the first ones.
    """
    order = _least_usual(context, ids) if unusual else None
    if isinstance(context.loaded, Table) and context.preparation is not None:
        rows = context.loaded.rows_of(ids)
        used = [column.name for column in context.loaded.columns if column.use == "feature"]
        if order is None:
            first, more = cut(used, CELLS)
            return [_words(((name, row[name]) for name in first), more=more) for row in rows]
        columns = context.preparation.columns_of_features
        return [_words((name, row[name]) for name in _first(columns, by)) for row, by in zip(rows, order, strict=True)]
    rows, names = context.data.x(ids), context.manifest.dataset.feature_names
    found: list[str] = []
    for number, row in enumerate(rows):
        x = np.ravel(row)
        places: Iterable[int] = range(min(VALUES, len(x))) if order is None else order[number, :UNUSUAL].tolist()
        found.append(_words((names[j] if names else f"column {j + 1}", f"{x[j]:.4g}") for j in places))
    return found


def _least_usual(context: RunContext, ids: SampleIds) -> np.ndarray:
    """For each sample its inputs, the one farthest from the mean first: int ``(sample, input)``."""
    known = context.data.inputs(context.ids("train", samples=KNOWN))
    mean, spread = known.mean(axis=0), known.std(axis=0)
    far = np.abs(context.data.inputs(ids) - mean) / np.where(spread > 0, spread, np.inf)
    return np.argsort(-far, axis=1, kind="stable")


def _first(columns: tuple[str, ...], order: np.ndarray) -> list[str]:
    """The first different columns that inputs were made from, in an order of the inputs."""
    places: list[int] = order.tolist()
    return list(dict.fromkeys([columns[j] for j in places]))[:UNUSUAL]


def _words(cells: Iterable[tuple[str, Any]], *, more: int = 0) -> str:
    said = ", ".join(f"{name} {'-' if cell in (None, '') else cell}" for name, cell in cells)
    return f"{said}, and {more} more columns" if more else said
