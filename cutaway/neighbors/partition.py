"""Points divided into cells of nearby points, and the search of neighbors in the cells that are compared."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from cutaway.parallel import map_ranges, ranges, run_ranges
from cutaway.progress import Progress, ProgressCallback

from .cells import bound, center, nearest_faces, project
from .components import ROWS_PER_RANGE, CenteredMatrix
from .nearest_cells import NearestCells
from .records import Neighbors

# Most points in a cell: smaller cells prune better, larger ones multiply faster; 128 to 256 are best at 70,000 points.
CELL = 256
# Points with more than twice as many columns are first compared in this many directions of largest variance: on
# 512 columns of a trained layer that takes half the time, and 32 or 128 directions take about as long.
HEAD = 64
# Candidates beyond k that are measured again in float64: rounding then decides nothing at the k-th place.
SPARE_CANDIDATES = 8
# Cells that a thread searches between two progress reports: some 20 ms.
CELLS_PER_RANGE = 8


@dataclass(frozen=True, eq=False)
class Partition:
    """Points in the order of cells.

    Attributes:
        points: float32 (n, d), cell by cell.
        head: float32 (n, few), their projections on a few directions; the same array if there are few columns.
        order: int64 (n,), the row number of each point as it was given.
        starts: int64 (cells + 1,), where each cell begins.
        centers: float32 (cells, few), the means of the cells.
        radius: float32 (cells,), distance of the farthest point from the mean.
        packed: float32 (n * (few + 1),), as `cutaway.neighbors.cells.center` writes it.
    """

    points: np.ndarray
    head: np.ndarray
    order: np.ndarray
    starts: np.ndarray
    centers: np.ndarray
    radius: np.ndarray
    packed: np.ndarray

    @classmethod
    def of(cls, points: np.ndarray) -> "Partition":
        """Divide float32 (n, d), whose largest coordinate is 0.5 to 1."""
        head = points if points.shape[1] <= 2 * HEAD else _head(points)
        order, starts = _cells(head)
        points, head = points[order], None if head is points else head[order]
        head = points if head is None else head
        cells = len(starts) - 1
        centers, radius = np.empty((cells, head.shape[1]), np.float32), np.empty(cells, np.float32)
        packed = np.empty(head.size + len(head), np.float32)
        run_ranges(partial(center, head, starts, centers, radius, packed), ranges(cells, CELLS_PER_RANGE))
        return cls(points, head, order, starts, centers, radius, packed)

    def search(
        self,
        near: NearestCells | None,
        names: np.ndarray,
        found: Neighbors,
        *,
        scale: float,
        on_progress: ProgressCallback,
    ) -> None:
        """Write the nearest points of each.

        Args:
            near: The cells to search, which hold more points than neighbors; None for all cells.
            names: int64 (n,), the row of each point in ``found``, which is also its name there.
            found: Written.
            scale: Factor of the squared distances that are written.
            on_progress: Called with the number of points done.
        """
        from .search import memory_for, scan
        from .verification import verify_neighbors

        points, head, starts = self.points, self.head, self.starts
        n, largest, (cells, few) = len(points), int(np.diff(starts).max()), self.centers.shape
        keep = min(candidates_for(found.index.shape[1]), n - 1)
        # each coordinate of a projection is rounded by half a unit in its last place, in both points
        longest = 0.0 if head is points else float(np.sqrt((head.astype(np.float64) ** 2).sum(axis=1).max()))
        tolerance = 2.0**-23 * longest
        bounds = self._bounds() if near is None else partial(near.bound, head, starts, self.centers, self.radius)
        everywhere = np.arange(cells, dtype=np.int32)

        def search(first: int, last: int) -> None:
            memory = memory_for(cells if near is None else near.most, largest, few, keep)
            for cell in range(first, last):
                others, size = everywhere if near is None else near.near[cell], int(starts[cell + 1] - starts[cell])
                gap = memory.gaps[: len(others) * size].reshape(len(others), size)
                bounds(memory.lower[: len(others)], gap, cell)
                scan(head, points, self.packed, starts, self.centers, others, gap, tolerance, keep, memory, cell)
                verify_neighbors(
                    points, starts, others, names, gap, tolerance, keep, scale, memory, found.index, found.squared, cell
                )

        for last, _ in map_ranges(search, ranges(cells, CELLS_PER_RANGE), single_blas=True):
            on_progress(Progress("neighbors", int(starts[last]), n, "samples"))

    def _bounds(self) -> Callable[[np.ndarray, np.ndarray, int], None]:
        """Bounds for the distances of the points of a cell to all cells, see `cutaway.neighbors.cells.bound`."""
        cells = len(self.centers)
        # the median, because one far outlier would move the mean away from all other points
        origin = self.centers - np.median(self.centers, axis=0).astype(np.float32)
        faces, means = np.empty((cells, cells), np.float32), self.centers.astype(np.float64)
        length = np.sqrt(np.square(origin, dtype=np.float64).sum(axis=1))
        toward = partial(nearest_faces, self.head, self.starts, self.centers, origin, faces)
        run_ranges(toward, ranges(cells, CELLS_PER_RANGE), single_blas=True)
        return partial(bound, self.head, self.starts, means, origin, length, np.ascontiguousarray(faces.T), self.radius)


def candidates_for(k: int) -> int:
    """Number of candidates that are kept for ``k`` neighbors."""
    return k + max(SPARE_CANDIDATES, k // 10)


def _head(points: np.ndarray) -> np.ndarray:
    """Project on the principal directions, in float64, which keeps distances from growing: float32 (n, ``HEAD``)."""
    centered = CenteredMatrix.of(points)
    directions = centered.principal_directions(HEAD)
    origin = centered.origin.astype(np.float64)
    head = np.empty((len(points), HEAD), np.float32)
    for start, stop in ranges(len(points), ROWS_PER_RANGE):
        head[start:stop] = (points[start:stop] - origin) @ directions
    return head


def _cells(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Halve the points across their direction of largest variance, and so on, until no cell has more than ``CELL``.

    Returns:
        Row numbers, int64 (n,), cell by cell, and where in them each cell begins, int64 (cells + 1,).
    """
    order, starts = np.arange(len(points)), np.array([0, len(points)])
    places = np.empty(len(points), np.float32)
    while np.diff(starts).max() > CELL:
        run_ranges(
            partial(project, points, order, starts, places), ranges(len(starts) - 1, CELLS_PER_RANGE), single_blas=True
        )
        middles = starts[:-1] + np.diff(starts) // 2
        for first, middle, last in zip(starts[:-1], middles, starts[1:], strict=True):
            halves = np.argpartition(places[first:last], middle - first)
            order[first:last] = order[first:last][halves]
        starts = np.sort(np.concatenate([starts, middles]))
    return order, starts
