"""Numba kernels that gather the candidates of one query and cut them back.

Imported only by `cutaway.neighbors.search` and `settling`.
"""

import numpy as np

from .compiled import kernel
from .sorting import select_pairs

FAST = {"reassoc", "contract", "nnan", "nsz"}
# Candidates that a query collects before they are cut back to the best: fewer cuts against later news of the limit.
SPARE = 64
# Halvings after which a cut is made exactly: equal distances cannot be parted.
CUTS = 12
# Half a unit in the last place of float32, the unit of every rounding bound below.
ULP = 2.0**-24
# Squares below this lose digits, or vanish; the largest coordinate lies between 0.5 and 1.
TINY = 1e-36


@kernel(inner=True)
def rounding_bound(norm, limit, d):
    """Bound the rounding error of a squared distance near ``limit`` from a product, seen from the other cell's mean.

    ``norm`` is the query's squared distance from that mean; the other point is at most the root of ``limit`` farther.

    Source: Higham 2002, equation 3.5: a sum of m products errs by at most m u times the sum of their magnitudes.
    """
    return 4 * (d + 12) * ULP * (np.sqrt(norm) + np.sqrt(max(limit, np.float32(0)))) ** 2 + TINY


@kernel(inner=True, fastmath={"reassoc", "contract"})
def apart(points, one, other):
    """Squared distance of two points in float64, from differences: exact but for its own rounding."""
    total = 0.0
    for c in range(points.shape[1]):
        total += (np.float64(points[one, c]) - np.float64(points[other, c])) ** 2
    return total


@kernel(inner=True, fastmath=FAST)
def apart_roughly(points, one, other):
    """Squared distance of two points in float32, from differences."""
    total = np.float32(0)
    for c in range(points.shape[1]):
        total += (points[one, c] - points[other, c]) ** 2
    return total


@kernel(inner=True, fastmath=FAST)
def cut(near, where, count, keep):
    """Cut candidates back to little more than the ``keep`` nearest and return the largest value left, and how many are.

    A bound is sought that leaves no more than an eighth of ``keep`` too many, and 32 at most: counting has no branches
    to mispredict, and is done in a fraction of the time of an exact selection, which is left for values that are equal.
    """
    low, high = near[0], near[0]
    for i in range(count):
        low, high = min(low, near[i]), max(high, near[i])
    # half of the spare room is free afterwards
    most, fewer = keep + min(keep // 8, SPARE // 2), count
    for _ in range(CUTS):
        middle, fewer = (low + high) * np.float32(0.5), 0
        for i in range(count):
            fewer += near[i] <= middle
        if fewer < keep:
            low = middle
        else:
            high = middle
            if fewer <= most:
                break
    if not keep <= fewer <= most:
        return select_pairs(near, where, count, keep), keep
    left = np.uint64(0)
    for i in range(count):
        value, row = near[i], where[i]
        near[left], where[left] = value, row
        left += np.uint64(value <= high)
    largest = near[0]
    for i in range(left):
        largest = max(largest, near[i])
    return largest, np.int64(left)


@kernel(inner=True)
def collect(points, query, begin, product, m, norm, limit, loose, precise, keep, near, where, q, filled, picked):
    """Add the near points of a cell to a query's candidates.

    Rows are named by number: handing over a slice costs two atomic instructions each time.

    Args:
        points: float32 (n, d).
        query: Row of the query.
        begin: Row of the cell's first point.
        product: float32 (active, point), q . x - x . x / 2, both seen from the mean of the points' cell.
        m: The query's row there.
        norm: Squared norm of the query, seen from there.
        limit: Squared distance beyond which nobody is a candidate.
        loose: What a squared distance from a product may be too large by.
        precise: Whether products only reject, as those of projections do, and distances are measured from differences.
        keep: Candidates to cut back to.
        near: float32 (query, capacity), squared distances of the candidates.
        where: int32 (query, capacity), their rows.
        q: The query's row there.
        filled: How many there are.
        picked: int64 (points + 1,), memory to work in.

    Returns:
        The new limit and number of candidates.
    """
    floor, hits = (norm - (limit + loose)) * np.float32(0.5), np.uint64(0)
    # two passes without branches to mispredict; mostly the first one finds nobody
    for i in range(product.shape[1]):
        hits += np.uint64(product[m, i] > floor)
    if hits:
        hits = np.uint64(0)
        for i in range(product.shape[1]):
            picked[hits] = i
            hits += np.uint64(product[m, i] > floor)
    for i in range(hits):
        other = begin + picked[i]
        value = norm - np.float32(2) * product[m, picked[i]]
        if precise and value < limit + loose:
            value = apart_roughly(points, query, other)
        if value < limit:
            near[q, filled], where[q, filled] = value, other
            filled += 1
            # the first limit comes as soon as it can, later ones when the list is full
            if filled == near.shape[1] or (filled > keep and limit == np.inf):
                limit, filled = cut(near[q], where[q], filled, keep)
    return limit, filled
