"""Kernels that measure the candidates of a query exactly, and search all points if rounding could have hidden one.

Loaded by the first search, because it loads Numba.
"""

import numpy as np

from .candidates import (
    reduce_candidates,
    rough_squared_distance,
    rounding_bound,
    squared_distance,
)
from .cells import TINY, ULP
from .compiled import kernel
from .sorting import sort_pairs


@kernel(inner=True, inline="always")
def _refine(points, query, candidates, names, found, exact):
    """Write row numbers and squared distances of the candidates, ascending, ties by row number."""
    # candidates are sorted except for rounding, so nearly every insertion ends at its first comparison
    for i in range(len(candidates)):
        other = np.int64(candidates[i])
        name, value, place = names[other], squared_distance(points, query, other), np.uint64(i)
        while place > 0:
            before = place - np.uint64(1)
            if value > exact[before] or (value == exact[before] and name > found[before]):
                break
            exact[place], found[place] = exact[before], found[before]
            place = before
        exact[place], found[place] = value, name


@kernel(inner=True, inline="always")
def _exhaust(points, starts, others, names, query, gap, tolerance, k, found, exact):
    """Write the ``k`` nearest points of all cells; the distances found so far bound which of them must be searched."""
    d = points.shape[1]
    bound = np.sqrt(exact[k - 1]) * (1 + 4 * ULP) + tolerance
    # a sum of squared differences has a small relative error, so most points need no float64
    far = np.float32(exact[k - 1] * (1 + 4 * (d + 4) * ULP) + TINY)
    filled = 0
    for place in range(len(others)):
        if gap[place] <= bound:
            cell = others[place]
            for other in range(starts[cell], starts[cell + 1]):
                if other != query and rough_squared_distance(points, query, other) <= far:
                    name, value, at = names[other], squared_distance(points, query, other), filled
                    while at > 0 and (value < exact[at - 1] or (value == exact[at - 1] and name < found[at - 1])):
                        # the last one is overwritten
                        if at < k:
                            exact[at], found[at] = exact[at - 1], found[at - 1]
                        at -= 1
                    if at < k:
                        exact[at], found[at] = value, name
                        filled += filled < k


@kernel()
def verify_neighbors(points, starts, others, names, gap, tolerance, keep, scale, memory, index, squared, cell):
    """Write the nearest neighbors of the queries of a cell from the candidates that `search.scan` has collected.

    Args:
        points: float32 (n, d), in the order of cells.
        starts: int64 (cells + 1,).
        others: int32 (other,), the cells that are compared.
        names: int64 (n,), the caller's row number of each point.
        gap: float32 (other, query), as `cells.bound` writes it.
        tolerance: Rounding bound of a distance of projections.
        keep: Number of candidates, at least ``k`` and less than n.
        scale: Factor of the squared distances that are written.
        memory: As `search.scan` left it.
        index: int32 (n, k), written at the caller's row numbers of the queries.
        squared: float32 (n, k), likewise.
        cell: Number of the queries' cell.
    """
    near, where, found, exact, k = memory.near, memory.where, memory.found, memory.exact, index.shape[1]
    for q in range(gap.shape[1]):
        query, limit, filled = starts[cell] + q, memory.limit[q], memory.filled[q]
        if filled > keep:
            limit, filled = reduce_candidates(near[q], where[q], filled, keep)
        sort_pairs(near[q, :filled], where[q, :filled])
        _refine(points, query, where[q, :filled], names, found, exact)
        # all points that are not candidates are beyond this squared distance
        sure = np.float64(np.inf)
        if limit < np.inf:
            sure = np.float64(limit) - rounding_bound(memory.far[q], limit, points.shape[1])
            sure = sure if sure > 0 else 0.0
        if not np.sqrt(exact[k - 1]) < np.sqrt(sure) - tolerance:
            _exhaust(points, starts, others, names, query, gap[:, q], tolerance, k, found, exact)
        name = names[query]
        for i in range(k):
            index[name, i], squared[name, i] = found[i], exact[i] * scale
