"""Exact nearest neighbors of query points among other points, by comparing all pairs."""

from collections.abc import Iterator

import numpy as np

from cutaway.parallel import map_ranges, ranges
from cutaway.progress import Progress, ProgressCallback, ignore_progress

from .records import Neighbors

# Queries whose distances to all points a thread holds at a time: 18 MB at 70,000 points.
QUERIES_PER_BLOCK = 64
# The same for `nearest_with_ties`, which measures no distance again: 20 MB at 5,000 points.
TIED_QUERIES_PER_BLOCK = 1000
# Candidates beyond k that are measured again without the rounding of a large sum.
SPARE_CANDIDATES = 8


def nearest_among(
    points: np.ndarray, queries: np.ndarray, k: int, *, on_progress: ProgressCallback = ignore_progress
) -> Neighbors:
    """Find the ``k`` points nearest to each query.

    Args:
        points: float32 (n, d), finite; or float64, for distances that are small compared with the coordinates.
        queries: (m, d), likewise.
        k: From 1 to n.
        on_progress: Called with the number of queries done.

    Returns:
        ``index`` int32 (m, k), row numbers of points, nearest first, equally near points by number, and ``squared``
        float32 (m, k), their squared distances.
    """
    keep = min(k + SPARE_CANDIDATES, len(points))
    with _overflow_is_far():
        norms = np.einsum("ij,ij->i", points, points)
    index = np.empty((len(queries), k), np.int32)
    squared = np.empty((len(queries), k), np.float32)

    def search(start: int, stop: int) -> None:
        block = queries[start:stop]
        scores = _scores(points, norms, block)
        if keep < len(points):
            candidates = np.sort(np.argpartition(scores, keep - 1, axis=1)[:, :keep], axis=1)
        else:
            candidates = np.tile(np.arange(keep), (len(block), 1))
        with _overflow_is_far():
            exact = np.square(points[candidates] - block[:, None, :]).sum(axis=2)
        order = np.argsort(exact, axis=1, kind="stable")[:, :k]
        index[start:stop] = np.take_along_axis(candidates, order, axis=1)
        squared[start:stop] = np.take_along_axis(exact, order, axis=1)

    on_progress(Progress("neighbors", 0, len(queries), "samples"))
    for done, _ in map_ranges(search, ranges(len(queries), QUERIES_PER_BLOCK), single_blas=True):
        on_progress(Progress("neighbors", done, len(queries), "samples"))
    return Neighbors(index, squared)


def nearest_with_ties(points: np.ndarray, queries: np.ndarray, k: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Find the ``k`` points nearest to each query, and all further points that are as near as the k-th.

    Which points tie is decided on distances that are rounded to float32.

    Args:
        points: float32 (n, d), finite; best centered, because products of large means round the distances.
        queries: float32 (m, d), finite.
        k: From 1 to n.

    Yields:
        For a block of queries, in order, the pairs of a query and one of its neighbors: int64 (pair,), the query's
        row number, ascending, and int64 (pair,), the point's row number, ascending for each query.
    """
    with _overflow_is_far():
        norms = (points**2).sum(axis=1)
    for start, stop in ranges(len(queries), TIED_QUERIES_PER_BLOCK):
        scores = _scores(points, norms, queries[start:stop])
        # finding the k-th value and comparing takes a quarter of the time of argpartition, which breaks ties by chance
        rows, columns = np.nonzero(scores <= np.partition(scores, k - 1, axis=1)[:, k - 1 : k])
        yield rows + start, columns


def squared_to_nth(points: np.ndarray, n: int) -> np.ndarray:
    """Squared distance of each point to its n-th neighbor, float64 ``(point,)``.

    Args:
        points: float64 ``(point, column)``, all different: distances come from products, which lose the digits of
            distances near 0.
        n: From 1 to the number of points - 1; the nearest neighbor is 1.
    """
    norms = (points**2).sum(axis=1)
    # five times as fast for 512 columns as differences
    squares = norms[:, None] + norms - 2 * points @ points.T
    return np.partition(squares, n, axis=1)[:, n]


def _scores(points: np.ndarray, norms: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """Squared distance of each query to each point, less the query's own squared norm, which changes no order."""
    with _overflow_is_far():
        scores = queries @ points.T
        scores *= -2
        scores += norms
    return scores


def _overflow_is_far() -> np.errstate:
    """Squares beyond float32, of a model that has diverged, are infinite distances, without a warning."""
    return np.errstate(over="ignore", invalid="ignore")
