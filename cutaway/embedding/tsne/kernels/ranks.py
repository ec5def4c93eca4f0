"""Numba kernels that compare neighborhoods.

Imported only by `cutaway.embedding.quality` when it is first asked to measure, because it loads Numba.
"""

import numpy as np

from cutaway.neighbors.compiled import kernel


@kernel(fastmath={"reassoc", "contract"})
def count_nearer(product, norms, squares, itself, limits, rounding_bound, counts, low, high):
    """Add up how many points are nearer to a query than each of its neighbors in the plane is.

    Args:
        product: float64 (high - low, point), products of those queries with a block of points.
        norms: float64 (query,), squared norms of the queries.
        squares: float64 (point,), squared norms of the points.
        itself: int64 (query,), where in the block the query itself is; outside of it, it is not there.
        limits: float64 (query, k), squared distances of the neighbors.
        rounding_bound: What rounding may add to a squared distance, relative to both squared norms: nearer means
            by more.
        counts: int64 (query, k), added to.
        low: First query.
        high: One past the last query.
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
