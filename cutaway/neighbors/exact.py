"""Exact nearest neighbors of points among themselves."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from cutaway.checks import check_matrix, check_whole
from cutaway.errors import DataError
from cutaway.parallel import map_ranges, ranges, run_ranges
from cutaway.progress import Progress, ProgressCallback, ignore_progress

from .cells import bound, center, nearest_faces, project
from .components import ROWS_PER_RANGE, CenteredMatrix

# Most points in a cell: smaller cells prune better, larger ones multiply faster; 128 to 256 are best at 70,000 points.
CELL = 256
# Points with more than twice as many columns are first compared in this many directions, those of largest variance: on
# 512 columns of a trained layer that takes half the time, and 32 or 128 directions take about as long.
HEAD = 64
# Candidates beyond k that are measured again in float64, so that rounding decides nothing at the k-th place.
SPARE_CANDIDATES = 8
# Cells that a thread searches between two progress reports: some 20 ms.
CELLS_PER_RANGE = 8
# Squared distances of points beyond this leave float32; sums over more than 81 columns do so a little earlier.
LARGEST = 1e18
LARGEST_NORM = 9e18


@dataclass(frozen=True, eq=False)
class Neighbors:
    """The k nearest points of each point.

    Attributes:
        index: int32 (n, k), row numbers, nearest first, equally near points by number; never the point itself.
        squared: float32 (n, k), squared Euclidean distances, ascending.
    """

    index: np.ndarray
    squared: np.ndarray


def nearest_neighbors(points: np.ndarray, k: int, *, on_progress: ProgressCallback = ignore_progress) -> Neighbors:
    """Find the ``k`` nearest other points of each point, exactly.

    The points are divided into cells of nearby points. For two cells, the projection on the line through their means
    bounds every distance between them from below, so most pairs of cells can be skipped; the others are multiplied in
    float32, and distances near the k-th smallest are measured again in float64. In the worst case, points without any
    structure in many columns, nothing is skipped and time is quadratic; on a trained layer it grows as about the power
    1.3. The result is always exact, and the same on every run and for any number of threads. Rows that occur more than
    k times are handled first: they are their own neighbors.

    Args:
        points: float32 (n, d), finite, within ±1e18, or ±9e18 / sqrt(d) if that is less; other real types are
            converted.
        k: From 1 to n - 1.
        on_progress: Called with the number of points done.

    Raises:
        DataError: ``points`` is not a matrix of finite numbers in that range, or has fewer than 2 rows.
        UsageError: ``k`` is outside its range.

    Source: Hjaltason and Samet 2003, section 4.2 (the bound, from two pivots; here with its minimum over a cell).
    """
    points = check_matrix(points, name="points")
    if len(points) < 2:
        raise DataError("neighbors need at least 2 points", got="1", hint="pass more points")
    k = check_whole(k, name="k", least=1, most=len(points) - 1)
    largest = max(float(points.max()), -float(points.min()))
    limit = min(LARGEST, LARGEST_NORM / points.shape[1] ** 0.5)
    if largest > limit:
        raise DataError(
            f"points lie within ±{limit:g}, or their squared distances leave float32",
            got=f"{largest:g}",
            hint="divide the points by their standard deviation: neighbors do not depend on the scale",
        )
    # A power of two scales without rounding, except values 1e-38 of the largest; products of tiny values would become 0
    # in float32.
    exponent = int(np.frexp(largest)[1])
    scaled = np.ldexp(points, -exponent, order="C")
    found = Neighbors(np.empty((len(points), k), np.int32), np.empty((len(points), k), np.float32))
    rows = _answer_duplicates(scaled, k, found)
    on_progress(Progress("neighbors", 0, len(points), "samples"))
    searched = scaled if rows is None else scaled[rows]
    _search(searched, k, rows, scale=2.0 ** (2 * exponent), found=found, on_progress=on_progress)
    return found


def _answer_duplicates(points: np.ndarray, k: int, found: Neighbors) -> np.ndarray | None:
    """Write the neighbors of rows that occur more than ``k`` times and return the rows to search; None for all.

    The nearest points of such a row are its ``k`` duplicates with the lowest numbers. No other row needs more of them
    than these, so the first k + 1 stay in the search, which writes their neighbors again.
    """
    digests = row_digests(points)
    ranked = np.sort(digests)
    if not (ranked[k + 1 :] == ranked[: -(k + 1)]).any():
        return None
    _, group, counts = np.unique(digests, return_inverse=True, return_counts=True)
    needed = np.ones(len(points), dtype=bool)
    order, ends = np.argsort(group, kind="stable"), np.cumsum(counts)
    for number in np.flatnonzero(counts > k + 1):
        duplicates = order[ends[number] - counts[number] : ends[number]]
        # different rows may have equal digests, so rows decide
        duplicates = duplicates[(points[duplicates] == points[duplicates[0]]).all(axis=1)]
        found.index[duplicates[k:]] = duplicates[:k]
        found.squared[duplicates[k:]] = 0.0
        needed[duplicates[k + 1 :]] = False
    return np.flatnonzero(needed)


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


def _search(
    points: np.ndarray,
    k: int,
    rows: np.ndarray | None,
    *,
    scale: float,
    found: Neighbors,
    on_progress: ProgressCallback,
) -> None:
    """Search among ``points`` and write neighbors and squared distances, times ``scale``, at ``rows`` of ``found``."""
    from .search import memory_for, scan
    from .verification import verify_neighbors

    n = len(points)
    head = points if points.shape[1] <= 2 * HEAD else _head(points)
    order, starts = _cells(head)
    points, head = points[order], None if head is points else head[order]
    head = points if head is None else head
    # each coordinate of a projection is rounded by half a unit in its last place, in both points
    tolerance = 0.0 if head is points else 2.0**-23 * float(np.sqrt((head.astype(np.float64) ** 2).sum(axis=1).max()))
    cells, largest = len(starts) - 1, int(np.diff(starts).max())
    names = order if rows is None else rows[order]
    keep = min(k + max(SPARE_CANDIDATES, k // 10), n - 1)
    centers, origin, faces, radius, packed = _cell_geometry(head, starts)
    means, length = centers.astype(np.float64), np.sqrt(np.square(origin, dtype=np.float64).sum(axis=1))

    def search(first: int, last: int) -> None:
        memory = memory_for(cells, largest, head.shape[1], keep)
        for cell in range(first, last):
            size = int(starts[cell + 1] - starts[cell])
            gap = memory.gaps[: cells * size].reshape(cells, size)
            bound(head, starts, means, origin, length, faces, radius, memory.lower, gap, cell)
            scan(head, points, packed, starts, centers, gap, tolerance, keep, memory, cell)
            verify_neighbors(
                points, starts, names, gap, tolerance, keep, scale, memory, found.index, found.squared, cell
            )

    for last, _ in map_ranges(search, ranges(cells, CELLS_PER_RANGE), single_blas=True):
        on_progress(Progress("neighbors", int(starts[last]), n, "samples"))


def _cell_geometry(head: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, ...]:
    """Measure the cells: centers, centers around an origin, faces (transposed), radius and packed points.

    See `cutaway.neighbors.cells.center` and `nearest_faces` for the arrays.
    """
    cells = len(starts) - 1
    centers, radius = np.empty((cells, head.shape[1]), np.float32), np.empty(cells, np.float32)
    faces, packed = np.empty((cells, cells), np.float32), np.empty(head.size + len(head), np.float32)
    chunks = ranges(cells, CELLS_PER_RANGE)
    run_ranges(partial(center, head, starts, centers, radius, packed), chunks)
    # the median, because one far outlier would move the mean away from all other points
    origin = centers - np.median(centers, axis=0).astype(np.float32)
    run_ranges(partial(nearest_faces, head, starts, centers, origin, faces), chunks, single_blas=True)
    return centers, origin, np.ascontiguousarray(faces.T), radius, packed


def _head(points: np.ndarray) -> np.ndarray:
    """Project on the principal directions, in float64, so that no distance grows: float32 (n, ``HEAD``)."""
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
