"""The kernel that ranks samples by distance."""

import numpy as np

from cutaway.neighbors import U, kernel


@kernel(fastmath={"reassoc", "contract"})
def count_nearer(product, norms, squares, itself, first, limits, rounding_bound, counts, near, where, low, high):
    """Count the points nearer to a query than each of its neighbors in the plane, and keep the nearest of all.

    Points beyond the farthest of these neighbors are nearer than none, and there are as many that are as near, so
    they are neither counted nor kept.

    Args:
        product: float64 (high - low, point), products of these queries with a block of points.
        norms: float64 (query,), squared norms of the queries.
        squares: float64 (point,), squared norms of the points.
        itself: int64 (query,), position of the query in the block; the query is not there if it is out of range.
        first: Row number of the first point of the block.
        limits: float64 (query, k), squared distances of the neighbors.
        rounding_bound: Rounding error of a squared distance relative to the sum of both squared norms; a point
            must be nearer by more than this.
        counts: int64 (query, k), added to.
        near: float64 (query, keep), squared distances of the nearest points so far, ascending; updated.
        where: int64 (query, keep), their row numbers; updated.
        low: First query.
        high: The query after the last one.
    """
    points, keep = len(squares), near.shape[1]
    picked = np.empty(points + 1, np.int64)
    for q in range(low, high):
        farthest = limits[q, 0]
        for a in range(1, limits.shape[1]):  # NumPy's max takes half a second longer to compile
            farthest = limits[q, a] if limits[q, a] > farthest else farthest
        hits = U(0)
        # without branches to mispredict; few points are nearer in a good layout, all in a random one
        for p in range(points):
            sum_of_norms = norms[q] + squares[p]
            picked[hits] = p
            hits += U(sum_of_norms * (1 - rounding_bound) - 2 * product[q - low, p] <= farthest)
        for hit in range(hits):
            p = picked[hit]
            if p == itself[q]:
                continue
            squared = norms[q] + squares[p] - 2 * product[q - low, p]
            surely = squared + rounding_bound * (norms[q] + squares[p])
            for a in range(limits.shape[1]):
                counts[q, a] += surely < limits[q, a]
            if squared < near[q, keep - 1]:
                place = keep - 1
                while place > 0 and squared < near[q, place - 1]:
                    near[q, place], where[q, place] = near[q, place - 1], where[q, place - 1]
                    place -= 1
                near[q, place], where[q, place] = squared, first + p
