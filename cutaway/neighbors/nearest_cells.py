"""The cells to search for the neighbors of each point, if not all have to be found."""

from dataclasses import dataclass

import numpy as np

from cutaway.parallel import ranges, run_ranges

from .cells import TINY, ULP
from .queries import nearest_among

# Points of a cell that stand for the others: the farthest from its mean, the farthest from both, and so on. The mean of
# a cell with points of two groups, or with an outlier, is near none of them.
FARTHEST = 4
# Cells that a thread takes at a time.
CELLS_PER_RANGE = 64


@dataclass(frozen=True, eq=False)
class NearestCells:
    """The cells to search for the neighbors of each point.

    Attributes:
        near: For each cell int32 (other,), the cells that come into question for its points, itself first.
        visited: Number of these that are searched for a point: those whose means are nearest to it.
    """

    near: tuple[np.ndarray, ...]
    visited: int

    @classmethod
    def of(cls, head: np.ndarray, starts: np.ndarray, centers: np.ndarray, *, visited: int) -> "NearestCells":
        """Choose for each cell twice as many as are visited near its mean, and as many near each of a few points.

        Args:
            head: float32 (n, few), points in the order of cells.
            starts: int64 (cells + 1,), where each cell begins.
            centers: float32 (cells, few), their means.
            visited: See there.
        """
        # in float32, products of groups far apart would round their distances away
        means = centers.astype(np.float64)
        cells, few = means.shape
        corners = np.empty((cells, FARTHEST, few))

        def choose(low: int, high: int) -> None:
            for cell in range(low, high):
                points = head[starts[cell] : starts[cell + 1]].astype(np.float64)
                apart = np.square(points - means[cell]).sum(axis=1)
                for number in range(FARTHEST):
                    corners[cell, number] = points[apart.argmax()]
                    np.minimum(apart, np.square(points - corners[cell, number]).sum(axis=1), out=apart)

        run_ranges(choose, ranges(cells, CELLS_PER_RANGE))
        around = nearest_among(means, means, min(2 * visited, cells)).index
        beside = nearest_among(means, corners.reshape(-1, few), min(visited, cells)).index.reshape(cells, -1)
        near = list[np.ndarray]()
        for cell in range(cells):
            found, first = np.unique(np.concatenate([[cell], around[cell], beside[cell]]), return_index=True)
            near.append(found[np.argsort(first)].astype(np.int32))
        return cls(tuple(near), visited)

    @property
    def most(self) -> int:
        """The largest number of cells that come into question for one."""
        return max(map(len, self.near))

    def bound(
        self,
        head: np.ndarray,
        starts: np.ndarray,
        centers: np.ndarray,
        radius: np.ndarray,
        lower: np.ndarray,
        gap: np.ndarray,
        cell: int,
    ) -> None:
        """Bound distances as `cutaway.neighbors.cells.bound` does; cells that are not searched get inf.

        The bounds follow from the triangle inequality.

        Args:
            head: See `of`.
            starts: See `of`.
            centers: See `of`.
            radius: float32 (cells,), distance of the farthest point from the mean.
            lower: float32 (other,), written.
            gap: float32 (other, query), written.
            cell: Number of the queries' cell.
        """
        others = self.near[cell]
        queries, apart = head[starts[cell] : starts[cell + 1]] - centers[cell], centers[others] - centers[cell]
        far = np.square(apart).sum(axis=1)
        np.matmul(-2 * apart, queries.T, out=gap)
        gap += far[:, None]
        gap += np.square(queries).sum(axis=1)
        last = min(self.visited, len(others)) - 1
        is_far = gap > np.partition(gap, last, axis=0)[last]
        # less the rounding bound of the three terms, as in `candidates.rounding_bound`: no bound is too large
        gap -= (8 * (len(centers[cell]) + 12) * ULP * (far + radius[cell] ** 2) + TINY).astype(np.float32)[:, None]
        np.sqrt(np.maximum(gap, 0, out=gap), out=gap)
        gap -= (radius[others] * (1 + 8 * ULP)).astype(np.float32)[:, None]
        np.maximum(gap, 0, out=gap)
        gap[is_far] = np.inf
        gap[0] = 0
        gap.min(axis=1, out=lower)
        lower[0] = -1
