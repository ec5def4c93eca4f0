"""Exact nearest neighbors."""

from dataclasses import dataclass
from functools import partial
from time import perf_counter

import numpy as np

from cutaway.checks import check_matrix, check_whole
from cutaway.errors import DataError
from cutaway.parallel.ranges import in_threads, ranges
from cutaway.progress import Progress, ProgressCallback, ignore_progress

from .components import PIECE, Centered

# Most points of a cell: smaller cells prune better, larger ones multiply faster; 128 to 256 are best at 70,000 points.
CELL = 256
# Points of more than twice as many columns are first compared in this many directions, those of largest spread: on 512
# columns of a trained layer that takes half of the time, and so do 32 or 128 directions within a quarter.
HEAD = 64
# Candidates beyond k that are measured again in float64, so that rounding decides nothing at the k-th place.
SLACK = 8
# Cells that are searched between two reports: some 20 ms of one core.
CHUNK = 8
# Squared distances of points beyond this leave float32: so do sums over more columns than 81 a little sooner.
LARGEST = 1e18
REACH = 9e18


@dataclass(frozen=True, eq=False)
class Neighbors:
    """The k nearest other points of each point.

    Attributes:
        index: int32 (n, k), row numbers, nearest first, equally near ones by number; never the point itself.
        squared: float32 (n, k), squared Euclidean distances, ascending.
    """

    index: np.ndarray
    squared: np.ndarray


def nearest_neighbors(points: np.ndarray, k: int, *, on_progress: ProgressCallback = ignore_progress) -> Neighbors:
    """Find the ``k`` nearest other points of each point, exactly.

    The points are cut into cells of near ones. For two cells the projection on the line through their means bounds
    every distance between them from below, so most pairs of cells need not be looked at; the others are multiplied in
    float32, and what comes near the k-th place is measured in float64. In the worst case, points without any structure
    in many columns, nothing is left out and time is quadratic; on a trained layer it grows as about the power 1.3. The
    result is exact in each case, the same on every run and for every number of threads. Rows that occur more than k
    times are found first: they are their own neighbors.

    Args:
        points: float32 (n, d), finite, within ±1e18, or ±9e18 / sqrt(d) where that is less; other real types are
            converted.
        k: From 1 to n - 1.
        on_progress: Hears of the points done.

    Raises:
        DataError: ``points`` is no matrix of finite numbers in that range, or has fewer than 2 rows.
        UsageError: ``k`` is outside its range.

    Source: Hjaltason and Samet 2003, section 4.2 (the bound, from two pivots; here with its minimum over a cell).
    """
    points = check_matrix(points, name="points")
    if len(points) < 2:
        raise DataError("neighbors need at least 2 points", got="1", hint="pass more points")
    k = check_whole(k, name="k", least=1, most=len(points) - 1)
    largest = max(float(points.max()), -float(points.min()))
    limit = min(LARGEST, REACH / points.shape[1] ** 0.5)
    if largest > limit:
        raise DataError(
            f"points lie within ±{limit:g}, or their squared distances leave float32",
            got=f"{largest:g}",
            hint="divide the points by their spread: neighbors do not depend on the scale",
        )
    # A power of two scales without rounding, but for values 1e-38 of the largest; products of tiny values would vanish
    # in float32.
    exponent = int(np.frexp(largest)[1])
    scaled = np.ldexp(points, -exponent, order="C")
    index = np.empty((len(points), k), np.int32)
    squared = np.empty((len(points), k), np.float32)
    rows = _without_duplicates(scaled, k, index, squared)
    on_progress(Progress("neighbors", 0, len(points), "samples"))
    some = scaled if rows is None else scaled[rows]
    _search(some, k, rows, scale=2.0 ** (2 * exponent), index=index, squared=squared, on_progress=on_progress)
    return Neighbors(index, squared)


def _without_duplicates(points: np.ndarray, k: int, index: np.ndarray, squared: np.ndarray) -> np.ndarray | None:
    """Answer for rows that occur more than ``k`` times and return the rows that the search needs; None for all.

    The nearest of such a row are its lowest ``k`` equals. Nobody else ever needs more of them than these, so the first
    k + 1 stay in the search; the answer to those is written again there.
    """
    keys = _digests(points)
    ranked = np.sort(keys)
    if not (ranked[k + 1 :] == ranked[: -(k + 1)]).any():
        return None
    _, group, counts = np.unique(keys, return_inverse=True, return_counts=True)
    needed = np.ones(len(points), dtype=bool)
    order, ends = np.argsort(group, kind="stable"), np.cumsum(counts)
    for duplicate_group in np.flatnonzero(counts > k + 1):
        members = order[ends[duplicate_group] - counts[duplicate_group] : ends[duplicate_group]]
        # digests of different rows may be equal, rows decide
        members = members[(points[members] == points[members[0]]).all(axis=1)]
        index[members[k:]] = members[:k]
        squared[members[k:]] = 0.0
        needed[members[k + 1 :]] = False
    return np.flatnonzero(needed)


def _digests(rows: np.ndarray) -> np.ndarray:
    """Digest each row to 64 bits: a sum of its bits times odd random numbers, which overflows on purpose."""
    factors = np.random.default_rng(0).integers(0, 2**63, rows.shape[1], dtype=np.uint64) * 2 + 1
    digests = np.empty(len(rows), np.uint64)

    def work(low: int, high: int) -> None:
        # adding 0 makes -0.0 the same bytes as 0.0
        bits = (rows[low:high] + np.float32(0)).view(np.uint32)
        digests[low:high] = (bits * factors).sum(axis=1)

    for _ in in_threads(work, ranges(len(rows), PIECE)):
        pass
    return digests


def _search(
    points: np.ndarray,
    k: int,
    rows: np.ndarray | None,
    *,
    scale: float,
    index: np.ndarray,
    squared: np.ndarray,
    on_progress: ProgressCallback,
) -> None:
    """Search among ``points`` and write index and squared, times ``scale``, at ``rows``, the numbers of the points."""
    from .cells import center, nearest_faces
    from .search import bound, memory_for, scan
    from .verification import settle

    n = len(points)
    head = points if points.shape[1] <= 2 * HEAD else _head(points)
    order, starts = _cells(head)
    points, head = points[order], None if head is points else head[order]
    head = points if head is None else head
    # each coordinate of a projection is rounded by half a unit in its last place, in both points
    tolerance = 0.0 if head is points else 2.0**-23 * float(np.sqrt((head.astype(np.float64) ** 2).sum(axis=1).max()))
    cells, largest = len(starts) - 1, int(np.diff(starts).max())
    names = order if rows is None else rows[order]
    centers, radius = np.empty((cells, head.shape[1]), np.float32), np.empty(cells, np.float32)
    faces, packed = np.empty((cells, cells), np.float32), np.empty(head.size + n, np.float32)
    keep = min(k + max(SLACK, k // 10), n - 1)
    chunks = ranges(cells, CHUNK)
    for _ in in_threads(partial(center, head, starts, centers, radius, packed), chunks):
        pass
    # not the mean, which one point far out draws away from all others
    origin = centers - np.median(centers, axis=0).astype(np.float32)
    for _ in in_threads(partial(nearest_faces, head, starts, centers, origin, faces), chunks, products=True):
        pass
    faces = np.ascontiguousarray(faces.T)

    def work(low: int, high: int) -> None:
        memory = memory_for(cells, largest, head.shape[1], keep)
        for cell in range(low, high):
            size = int(starts[cell + 1] - starts[cell])
            gap = memory.gaps[: cells * size].reshape(cells, size)
            bound(head, starts, centers, origin, faces, radius, memory, gap, cell)
            scan(head, points, packed, starts, centers, gap, tolerance, keep, memory, cell)
            settle(points, starts, names, gap, tolerance, keep, scale, memory, index, squared, cell)

    begun = perf_counter()
    for high, _ in in_threads(work, chunks, products=True):
        done = int(starts[high])
        on_progress(Progress("neighbors", done, n, "samples", f"{done / (perf_counter() - begun):,.0f} a second"))


def _head(points: np.ndarray) -> np.ndarray:
    """Project on the principal directions, in float64, for a distance that is never larger: float32 (n, ``HEAD``)."""
    centered = Centered.of(points)
    directions = centered.principal(HEAD)
    middle = centered.near.astype(np.float64)
    head = np.empty((len(points), HEAD), np.float32)
    for start, stop in ranges(len(points), PIECE):
        head[start:stop] = (points[start:stop] - middle) @ directions
    return head


def _cells(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Halve the points across their widest direction, and the halves, down to cells of at most ``CELL`` points.

    Returns:
        Row numbers, int64 (n,), cell by cell, and where in them each cell begins, int64 (cells + 1,).
    """
    from .cells import project

    order, starts = np.arange(len(points)), np.array([0, len(points)])
    places = np.empty(len(points), np.float32)
    while np.diff(starts).max() > CELL:
        for _ in in_threads(partial(project, points, order, starts, places), ranges(len(starts) - 1, CHUNK)):
            pass
        middles = starts[:-1] + np.diff(starts) // 2
        for low, middle, high in zip(starts[:-1], middles, starts[1:], strict=True):
            halves = np.argpartition(places[low:high], middle - low)
            order[low:high] = order[low:high][halves]
        starts = np.sort(np.concatenate([starts, middles]))
    return order, starts
