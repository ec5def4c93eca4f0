"""Approximate nearest neighbors of many queries: points in cells, of which the nearest ones are searched."""

from dataclasses import dataclass

import numpy as np

from cutaway.neighbors import Neighbors, nearest_among
from cutaway.parallel import ranges, run_ranges

# Points in a cell on average, and cells that are searched for the queries of one: 4,096 points for each query.
CELL = 256
SEARCHED = 16
# Rounds in which the centers of cells are moved to the means of their points, and points that are used for it.
ROUNDS = 4
SAMPLE = 100_000
# Queries whose cell is looked for at a time: 16 MB of distances for 1,000 cells.
QUERIES_PER_BLOCK = 4096
# Cells whose queries a thread answers at a time.
CELLS_PER_RANGE = 8


@dataclass(frozen=True, eq=False)
class Cells:
    """Points by cells: each is in the cell whose center is nearest to it.

    Attributes:
        centers: float32 (cell, d).
        starts: int64 (cells + 1,), where each cell begins in `points`.
        points: float32 (n, d), cell by cell.
        rows: int32 (n,), the row number of each point as it was given.
        near: int32 (cell, few), the cells nearest to each, itself first.

    Source: Jégou, Douze, Schmid 2011, "Product quantization for nearest neighbor search", section 4 (the inverted
    file); here without quantization, and for all queries of a cell together.
    """

    centers: np.ndarray
    starts: np.ndarray
    points: np.ndarray
    rows: np.ndarray
    near: np.ndarray

    @classmethod
    def of(cls, points: np.ndarray, *, seed: int) -> "Cells":
        """Divide points into cells.

        Args:
            points: float32 (n, d), finite.
            seed: Random seed of the first centers.
        """
        rng, count = np.random.default_rng(seed), max(1, len(points) // CELL)
        centers = points[np.sort(rng.choice(len(points), count, replace=False))]
        some = points[np.sort(rng.choice(len(points), min(SAMPLE, len(points)), replace=False))]
        for _ in range(ROUNDS):
            cell = _nearest_center(some, centers)
            sizes = np.bincount(cell, minlength=count)
            sums = np.stack([np.bincount(cell, column, count) for column in some.T], axis=1)
            # an empty cell keeps its center
            centers = np.where(sizes[:, None] > 0, sums / np.maximum(sizes, 1)[:, None], centers).astype(np.float32)
        cell = _nearest_center(points, centers)
        order = np.argsort(cell, kind="stable")
        starts = np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=count))])
        near = nearest_among(centers, centers, min(SEARCHED, count)).index
        return cls(centers, starts, points[order], order.astype(np.int32), near)

    def nearest(self, queries: np.ndarray, k: int) -> Neighbors:
        """The `k` points nearest to each query among those of the cells that are searched.

        Args:
            queries: float32 (m, d), finite.
            k: From 1 to the number of points.

        Returns:
            ``index`` int32 (m, k), row numbers of points, nearest first, and ``squared`` float32 (m, k).
        """
        from .kernels import keep_smallest

        cell = _nearest_center(queries, self.centers)
        order = np.argsort(cell, kind="stable")
        begins = np.searchsorted(cell[order], np.arange(len(self.centers) + 1))
        index, squared = np.empty((len(queries), k), np.int32), np.empty((len(queries), k), np.float32)

        def answer(low: int, high: int) -> None:
            for number in range(low, high):
                asked = order[begins[number] : begins[number + 1]]
                if not len(asked):
                    continue
                places = self._searched(number, k)
                found, ours = self.points[places], queries[asked]
                # around the center, so that little cancels
                found, ours = found - self.centers[number], ours - self.centers[number]
                scores = ours @ found.T
                scores *= -2
                scores += np.einsum("ij,ij->i", found, found)
                chosen = np.empty((len(asked), k), np.int32)
                keep_smallest(scores, chosen)
                apart = found[chosen] - ours[:, None]
                exact = np.einsum("ijk,ijk->ij", apart, apart)
                # scores round differently, and affinities need distances that ascend: otherwise they can be NaN
                rank = np.argsort(exact, axis=1, kind="stable")
                index[asked] = np.take_along_axis(self.rows[places[chosen]], rank, axis=1)
                squared[asked] = np.take_along_axis(exact, rank, axis=1)

        run_ranges(answer, ranges(len(self.centers), CELLS_PER_RANGE), single_blas=True)
        return Neighbors(index, squared)

    def _searched(self, cell: int, k: int) -> np.ndarray:
        """The points that are searched for the queries of a cell: all, where its nearest cells lack points."""
        near = self.near[cell]
        ends = zip(self.starts[near].tolist(), self.starts[near + 1].tolist(), strict=True)
        places = np.concatenate([np.arange(first, last) for first, last in ends])
        return places if len(places) >= k else np.arange(len(self.points))


def _nearest_center(points: np.ndarray, centers: np.ndarray) -> np.ndarray:
    """The center nearest to each point, int32 (n,)."""
    norms, found = np.einsum("ij,ij->i", centers, centers), np.empty(len(points), np.int32)

    def search(start: int, stop: int) -> None:
        scores = points[start:stop] @ centers.T
        scores *= -2
        scores += norms
        found[start:stop] = scores.argmin(axis=1)

    run_ranges(search, ranges(len(points), QUERIES_PER_BLOCK), single_blas=True)
    return found
