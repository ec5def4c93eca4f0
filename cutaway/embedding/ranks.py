"""Numba kernels that compare neighbourhoods.

Imported only by `cutaway.embedding.trust` when it is first asked to measure, because it loads Numba.
"""

import numpy as np

from .compiled import kernel


@kernel()
def overlap(plane, layer, shared, low, high):
    """Count how many neighbours in the plane are among those in the layer, for the rows from ``low`` to ``high``.

    Args:
        plane: int32 (n, k), neighbours in the plane.
        layer: int32 (n, wide), neighbours in the layer, nearest first.
        shared: int64 (n, 2), written: how many of ``plane`` are among the first k of ``layer``, and among all of it.
        low: First row.
        high: One past the last row.
    """
    k = plane.shape[1]
    for i in range(low, high):
        near, wide = 0, 0
        for a in range(k):
            for b in range(layer.shape[1]):
                if plane[i, a] == layer[i, b]:
                    wide += 1
                    near += b < k
                    break
        shared[i, 0], shared[i, 1] = near, wide


@kernel(fastmath={"reassoc", "contract"})
def count_nearer(product, norms, squares, itself, limits, doubt, counts, low, high):
    """Add up how many points are nearer to a query than each of its neighbours in the plane is.

    Args:
        product: float (query, point), products of queries with a block of points.
        norms: float64 (query,), squared norms of the queries.
        squares: float64 (point,), squared norms of the points.
        itself: int64 (query,), where in the block the query itself is; outside of it, it is not there.
        limits: float64 (query, k), squared distances of the neighbours.
        doubt: What rounding may add to a squared distance, relative to both squared norms: nearer means by more.
        counts: int64 (query, k), added to.
        low: First query.
        high: One past the last query.
    """
    points = len(squares)
    squared = np.empty(points)
    for q in range(low, high):
        for p in range(points):
            squared[p] = (norms[q] + squares[p]) * (1 + doubt) - 2 * np.float64(product[q, p])
        if 0 <= itself[q] < points:
            squared[itself[q]] = np.inf
        for a in range(limits.shape[1]):
            limit, nearer = limits[q, a], 0
            for p in range(points):
                nearer += squared[p] < limit
            counts[q, a] += nearer
