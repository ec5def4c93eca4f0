"""Samples of one part of a split that are in another part as well."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from cutaway.row_keys import first_equal, row_keys


def repeated_samples(first: Any, second: Any) -> np.ndarray:
    """Which samples of the second array are in the first one.

    Args:
        first: ``(sample, ...)``, as in `cutaway.row_keys.row_keys`.
        second: ``(sample, ...)``, with the same shape of a sample.

    Returns:
        int64 ``(sample,)`` of the second: the first row of the first that is equal, or -1.
    """
    found = first_equal(np.concatenate([row_keys(first), row_keys(second)]))[len(first) :]
    return np.where(found < len(first), found, -1)


def equal_by_chance(x: np.ndarray, *, among: int, columns: Sequence[str] | None = None) -> float:
    """The share of samples that would equal one of N others if their columns were independent, in 0..1.

    The chance that another sample has the value of a column is counted among the others: a value that occurs once has
    none. Columns of real tables depend on one another, which makes more rows equal.

    Args:
        x: ``(sample, input)``, samples that stand for all, two or more.
        among: How many others there are.
        columns: The column that each input is made from; if None, each input is its own column.
    """
    places: dict[object, list[int]] = {}
    for place, name in enumerate(range(x.shape[1]) if columns is None else columns):
        places.setdefault(name, []).append(place)
    alike = np.ones(len(x))
    for inputs in places.values():
        first = first_equal(row_keys(x[:, inputs]))
        alike *= (np.bincount(first)[first] - 1) / (len(x) - 1)
        if not alike.any():
            break
    return float(-np.expm1(among * np.log1p(-np.minimum(alike, 1 - 1e-9))).mean())
