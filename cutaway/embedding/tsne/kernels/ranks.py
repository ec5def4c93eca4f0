"""The kernel that ranks samples by distance."""

import numpy as np

from cutaway.neighbors import kernel


@kernel(fastmath={"reassoc", "contract"})
def count_nearer(product, norms, squares, itself, limits, rounding_bound, counts, low, high):
    """Add to the counts of points that are nearer to a query than each of its neighbors in the plane.

    Args:
        product: float64 (high - low, point), products of these queries with a block of points.
        norms: float64 (query,), squared norms of the queries.
        squares: float64 (point,), squared norms of the points.
        itself: int64 (query,), position of the query in the block; the query is not there if it is out of range.
        limits: float64 (query, k), squared distances of the neighbors.
        rounding_bound: Rounding error of a squared distance relative to the sum of both squared norms; a point
            must be nearer by more than this.
        counts: int64 (query, k), added to.
        low: First query.
        high: The query after the last one.
    """
    points = len(squares)
    squared = np.empty(points)
    for q in range(low, high):
        for p in range(points):
            squared[p] = (norms[q] + squares[p]) * (1 + rounding_bound) - 2 * product[q - low, p]
        if 0 <= itself[q] < points:
            squared[itself[q]] = np.inf
        for a in range(limits.shape[1]):
            limit, nearer = limits[q, a], 0
            for p in range(points):
                nearer += squared[p] < limit
            counts[q, a] += nearer
