"""Rows that occur more often than neighbors are searched: they are their own neighbors."""

from dataclasses import dataclass

import numpy as np

from cutaway.parallel import ranges, run_ranges

from .components import ROWS_PER_RANGE
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
        digests = row_digests(points)
        ranked = np.sort(digests)
        if not (ranked[k + 1 :] == ranked[: -(k + 1)]).any():
            return cls((), None)
        _, group, counts = np.unique(digests, return_inverse=True, return_counts=True)
        needed = np.ones(len(points), dtype=bool)
        order, ends = np.argsort(group, kind="stable"), np.cumsum(counts)
        groups = list[np.ndarray]()
        for number in np.flatnonzero(counts > k + 1):
            rows = order[ends[number] - counts[number] : ends[number]]
            # different rows may have equal digests, so rows decide
            rows = rows[(points[rows] == points[rows[0]]).all(axis=1)]
            needed[rows[k + 1 :]] = False
            groups.append(rows)
        return cls(tuple(groups), np.flatnonzero(needed))

    def answer(self, found: Neighbors) -> None:
        """Write the neighbors of each such row: the ``k`` others that are equal with the lowest numbers."""
        k = found.index.shape[1]
        for rows in self.groups:
            found.index[rows[k:]] = rows[:k]
            for place, row in enumerate(rows[:k]):
                found.index[row] = np.delete(rows[: k + 1], place)
            found.squared[rows] = 0.0


def row_digests(rows: np.ndarray) -> np.ndarray:
    """Hash each row to 64 bits: the sum of its bits times odd random numbers, with intended overflow."""
    factors = np.random.default_rng(0).integers(0, 2**63, rows.shape[1], dtype=np.uint64) * 2 + 1
    digests = np.empty(len(rows), np.uint64)

    def digest(start: int, stop: int) -> None:
        # adding 0 makes -0.0 the same bytes as 0.0
        bits = (rows[start:stop] + np.float32(0)).view(np.uint32)
        digests[start:stop] = (bits * factors).sum(axis=1)

    run_ranges(digest, ranges(len(rows), ROWS_PER_RANGE))
    return digests
