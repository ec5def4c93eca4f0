"""Approximate nearest neighbors of many points among themselves, with the share of them that was found."""

from dataclasses import dataclass

import numpy as np

from cutaway.parallel import ranges, run_ranges
from cutaway.progress import Progress, ProgressCallback, ignore_progress

from .nearest_cells import NearestCells
from .partition import Partition, candidates_for
from .records import Neighbors
from .search_index import search_index

# Share of the neighbors that are to be found.
WANTED = 0.99
# Number of cells to search for each point: a minimum, because its own cell alone is not enough; and a maximum, also
# for all points together, to bound the time for points without structure: some 40 s on two cores.
FEWEST, MOST, MOST_IN_ALL = 8, 64, 64_000_000
# Points whose neighbors are searched among all: half of them set the number of cells, the others measure the recall.
MEASURED = 512
QUERIES_PER_BLOCK = 16
AROUND = 1024
# Bound of the rounding of a sum of products, as a share of the squared lengths: some 80 units for 50 columns.
ROUNDING = np.float32(1e-5)


@dataclass(frozen=True, eq=False)
class ApproximateNeighbors:
    """Most of the k nearest points of each point, and others that are nearly as near.

    Attributes:
        near: As `nearest_neighbors` finds them, except those that were missed.
        recall: Share of the k nearest that were found, 0..1, measured on 256 points or fewer.
        standard_error: Standard error of the recall.
    """

    near: Neighbors
    recall: float
    standard_error: float


def approximate_neighbors(
    points: np.ndarray, k: int, *, more: int = 0, on_progress: ProgressCallback = ignore_progress
) -> ApproximateNeighbors:
    """Find most of the ``k`` nearest other points of each point, in time that grows little faster than their number.

    Points are divided into cells, as `nearest_neighbors` does. Each point is compared with the points of cells whose
    means are nearest to it: as many cells as hold 99% of the neighbors of 256 points, but at most 64 million for all
    points, or 64 for each if that is more. Points without structure in many columns have neighbors in more cells than
    that: the recall says so. The result is the same on every run and for any number of threads.

    Args:
        points: See `nearest_neighbors`.
        k: See `nearest_neighbors`.
        more: Further neighbors to return; fewer may be found, and the first k do not depend on it.
        on_progress: Called with the number of points done.

    Raises:
        DataError, UsageError: See `nearest_neighbors`.

    Source: Jégou, Douze, Schmid 2011, section 4 (the inverted file); here without quantization, with cells of equal
        size, and for all points of a cell together.
    """
    index = search_index(points, k + more)
    partition, names = index.partition, index.names
    on_progress(Progress("neighbors", 0, len(names), "samples"))
    rows = np.sort(np.random.default_rng(0).permutation(len(names))[:MEASURED])
    others, farthest = _nearest_of_some(partition, rows, k)
    visited = _cells_that_hold(partition, rows[::2], others[::2], found=k + more)
    near = NearestCells.of(partition.head, partition.starts, partition.centers, visited=visited)
    found = index.search(near, on_progress=on_progress)
    # both are rounded to float32, after sums in another order
    limit = farthest[1::2, None] * np.float32(index.scale) * np.float32(1 + 2.0**-20)
    shares = (found.squared[names[rows[1::2]], :k] <= limit).mean(axis=1)
    return ApproximateNeighbors(found, float(shares.mean()), float(shares.std() / len(shares) ** 0.5))


def _cells_that_hold(partition: Partition, rows: np.ndarray, others: np.ndarray, *, found: int) -> int:
    """The number of cells, those whose means are nearest to a point, that hold the wanted share of its neighbors.

    Args:
        partition: The points.
        rows: Some of them.
        others: int64 (row, k), their neighbors.
        found: Number of neighbors that are searched in these cells.
    """
    # the search needs more points than it has candidates
    fewest = max(FEWEST, 1 + -(-(candidates_for(found) + 1) // int(np.diff(partition.starts).min())))
    cell_of = np.searchsorted(partition.starts, np.arange(len(partition.points)), side="right") - 1
    ranks = np.empty(others.shape)
    for place, row in enumerate(rows):
        order = np.argsort(np.square(partition.centers - partition.head[row]).sum(axis=1), kind="stable")
        rank = np.empty(len(order))
        rank[order] = np.arange(1, len(order) + 1)
        ranks[place] = rank[cell_of[others[place]]]
    wanted = int(np.quantile(ranks, WANTED, method="higher"))
    most = max(MOST, MOST_IN_ALL // len(partition.points), fewest)
    return min(max(wanted, fewest), most, len(partition.centers))


def _nearest_of_some(partition: Partition, rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The nearest of all points for some rows.

    Returns:
        int64 (row, k), in any order, and float32 (row,), the squared distance of the farthest of them.
    """
    points = partition.points
    # around their middle, because products of large coordinates round distances away
    centered = points - np.median(points[:: -(-len(points) // MEASURED)], axis=0)
    norms = np.einsum("ij,ij->i", centered, centered)
    least = norms * (1 - ROUNDING)
    others, farthest = np.empty((len(rows), k), np.int64), np.empty(len(rows), np.float32)
    around = min(len(points), max(AROUND, k + 1))

    def search(start: int, stop: int) -> None:
        scores = (-2 * centered[rows[start:stop]]) @ centered.T
        scores += least
        for place in range(start, stop):
            row = rows[place]
            # the k-th nearest of the points around it, from its own cell and the next ones, bounds all
            first = max(0, min(row - around // 2, len(points) - around))
            limit = np.partition(_squared_distances(points, row, np.arange(first, first + around)), k)[k]
            candidates = np.flatnonzero(scores[place - start] <= limit - least[row])
            candidates = candidates[candidates != row]
            exact = _squared_distances(points, row, candidates)
            chosen = np.argpartition(exact, k - 1)[:k]
            others[place], farthest[place] = candidates[chosen], exact[chosen].max()

    run_ranges(search, ranges(len(rows), QUERIES_PER_BLOCK), single_blas=True)
    return others, farthest


def _squared_distances(points: np.ndarray, row: int, others: np.ndarray) -> np.ndarray:
    """Squared distances of one point to others: float32, of differences in float64."""
    apart = points[others].astype(np.float64) - points[row]
    return np.einsum("ij,ij->i", apart, apart).astype(np.float32)
