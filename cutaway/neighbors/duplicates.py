"""Rows that occur more often than neighbors are searched: they are their own neighbors."""

from dataclasses import dataclass

import numpy as np

from cutaway.row_keys import first_equal, row_keys

from .records import Neighbors


@dataclass(frozen=True, eq=False)
class Duplicates:
    """Rows that occur more than k + 1 times.

    Attributes:
        groups: The row numbers of each such row, ascending.
        needed: int64 (m,), the rows that have to be searched, ascending; None if there are no groups, for all rows. The
            first k + 1 rows of a group are among them, because no other row needs more of them.
    """

    groups: tuple[np.ndarray, ...]
    needed: np.ndarray | None

    @classmethod
    def of(cls, points: np.ndarray, k: int) -> "Duplicates":
        """Find them among float32 (n, d)."""
        first = first_equal(row_keys(points))
        counts = np.bincount(first)
        frequent = np.flatnonzero(counts > k + 1)
        if not len(frequent):
            return cls((), None)
        needed = np.ones(len(points), dtype=bool)
        order, ends = np.argsort(first, kind="stable"), np.cumsum(counts)
        groups = tuple(order[ends[row] - counts[row] : ends[row]] for row in frequent)
        for rows in groups:
            needed[rows[k + 1 :]] = False
        return cls(groups, np.flatnonzero(needed))

    def answer(self, found: Neighbors) -> None:
        """Write the neighbors of each such row: the ``k`` others that are equal with the lowest numbers."""
        k = found.index.shape[1]
        for rows in self.groups:
            found.index[rows[k:]] = rows[:k]
            for place, row in enumerate(rows[:k]):
                found.index[row] = np.delete(rows[: k + 1], place)
            found.squared[rows] = 0.0
