"""Numba kernels that measure the candidates of a cell's queries, and prove them or search among all points.

Imported only by `cutaway.neighbors.exact` when it is first asked to search, because it loads Numba.
"""

import numpy as np

from .candidates import TINY, ULP, apart, apart_roughly, cut, rounding_bound
from .compiled import kernel
from .sorting import sort_pairs


@kernel(inner=True)
def _refine(points, query, candidates, names, found, exact):
    """Write names and squared distances of the candidates, ascending, ties by name."""
    # candidates come ascending but for rounding, so nearly every insertion ends at its first comparison
    for i in range(len(candidates)):
        other = np.int64(candidates[i])
        name, value, place = names[other], apart(points, query, other), np.uint64(i)
        while place > 0:
            before = place - np.uint64(1)
            if value > exact[before] or (value == exact[before] and name > found[before]):
                break
            exact[place], found[place] = exact[before], found[before]
            place = before
        exact[place], found[place] = value, name


@kernel(inner=True)
def _exhaust(points, starts, names, query, gap, tolerance, k, found, exact):
    """Write the ``k`` nearest of all points; the distances that are there bound which cells must be looked at."""
    d = points.shape[1]
    bound = np.sqrt(exact[k - 1]) * (1 + 4 * ULP) + tolerance
    # a sum of squared differences errs by its own share only, so most points need no float64
    far = np.float32(exact[k - 1] * (1 + 4 * (d + 4) * ULP) + TINY)
    filled = 0
    for cell in range(len(starts) - 1):
        if gap[cell] <= bound:
            for other in range(starts[cell], starts[cell + 1]):
                if other != query and apart_roughly(points, query, other) <= far:
                    name, value, place = names[other], apart(points, query, other), filled
                    while place > 0 and (
                        value < exact[place - 1] or (value == exact[place - 1] and name < found[place - 1])
                    ):
                        # what falls off the end is written over
                        if place < k:
                            exact[place], found[place] = exact[place - 1], found[place - 1]
                        place -= 1
                    if place < k:
                        exact[place], found[place] = value, name
                        filled = min(filled + 1, k)


@kernel()
def settle(points, starts, names, gap, tolerance, keep, scale, memory, index, squared, cell):
    """Write the nearest neighbors of the queries of a cell, whose candidates `search.scan` has gathered.

    Args:
        points: float32 (n, d), in the order of cells.
        starts: int64 (cells + 1,).
        names: int64 (n,), the row number under which a point goes in and out.
        gap: float32 (cells, query), of `search.bound`.
        tolerance: What rounding may add to a distance of projections.
        keep: Candidates, at least ``k`` and less than n.
        scale: What squared distances are multiplied by.
        memory: What `search.scan` left.
        index: int32 (n, k), written at the rows of the queries' names.
        squared: float32 (n, k), likewise.
        cell: Its number.
    """
    near, where, found, exact, k = memory.near, memory.where, memory.found, memory.exact, index.shape[1]
    for q in range(gap.shape[1]):
        query, limit, filled = starts[cell] + q, memory.limit[q], memory.filled[q]
        if filled > keep:
            limit, filled = cut(near[q], where[q], filled, keep)
        sort_pairs(near[q, :filled], where[q, :filled])
        _refine(points, query, where[q, :filled], names, found, exact)
        # all others are beyond this squared distance
        sure = np.float64(np.inf)
        if limit < np.inf:
            sure = max(np.float64(limit) - rounding_bound(memory.far[q], limit, points.shape[1]), 0.0)
        if not np.sqrt(exact[k - 1]) < np.sqrt(sure) - tolerance:
            _exhaust(points, starts, names, query, gap[:, q], tolerance, k, found, exact)
        name = names[query]
        for i in range(k):
            index[name, i], squared[name, i] = found[i], exact[i] * scale
