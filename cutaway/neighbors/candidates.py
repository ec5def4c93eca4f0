"""Kernels that collect the candidates of one query and reduce them to the best."""

import numpy as np

from .cells import TINY, ULP
from .compiled import kernel
from .sorting import select_pairs

FAST = {"reassoc", "contract", "nnan", "nsz"}
# Candidates that a query collects beyond those to keep before they are reduced: more mean fewer reductions, but the
# limit is known later.
SPARE = 64
# Halvings after which the candidates are selected exactly: halving cannot separate equal distances.
MAX_HALVINGS = 12


@kernel(inner=True, inline="always")
def rounding_bound(norm, limit, d):
    """Bound the rounding error of a squared distance near ``limit`` that was computed by a product.

    ``norm`` is the query's squared distance from the mean of the other cell; the other point is at most the square root
    of ``limit`` farther away from it.

    Source: Higham 2002, equation 3.5: the error of a sum of m products is at most m u times the sum of magnitudes.
    """
    length = np.sqrt(norm) + np.sqrt(limit if limit > 0 else np.float32(0))
    return 4 * (d + 12) * ULP * (length * length) + TINY


@kernel(inner=True, fastmath={"reassoc", "contract"})
def squared_distance(points, one, other):
    """Squared distance of two points, from differences in float64."""
    total = 0.0
    for c in range(points.shape[1]):
        total += (np.float64(points[one, c]) - np.float64(points[other, c])) ** 2
    return total


@kernel(inner=True, fastmath=FAST)
def rough_squared_distance(points, one, other):
    """Squared distance of two points, from differences in float32."""
    total = np.float32(0)
    for c in range(points.shape[1]):
        total += (points[one, c] - points[other, c]) ** 2
    return total


@kernel(inner=True, fastmath=FAST)
def reduce_candidates(near, where, count, keep):
    """Reduce candidates to a few more than the ``keep`` nearest; return the largest distance left and their number.

    A bound is searched that leaves at most an eighth of ``keep``, and at most 32, too many: counting has no branches
    to mispredict and takes a fraction of the time of an exact selection, which is used only for equal distances.
    """
    low, high = near[0], near[0]
    for i in range(count):
        low = near[i] if near[i] < low else low
        high = near[i] if near[i] > high else high
    # half of the spare places are free afterwards
    most, fewer = keep + (keep // 8 if keep // 8 < SPARE // 2 else SPARE // 2), count
    for _ in range(MAX_HALVINGS):
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
        largest = near[i] if near[i] > largest else largest
    return largest, np.int64(left)


@kernel(inner=True, inline="always")
def collect(points, query, begin, product, m, norm, limit, loose, precise, keep, near, where, q, filled, picked):
    """Add the near points of a cell to the candidates of a query.

    Rows are passed by number, because passing a slice costs two atomic instructions each time.

    Args:
        points: float32 (n, d).
        query: Row of the query.
        begin: Row of the cell's first point.
        product: float32 (active, point), q . x - x . x / 2, both relative to the mean of the points' cell.
        m: The query's row in ``product``.
        norm: Squared norm of the query, relative to that mean.
        limit: Squared distance beyond which a point is not a candidate.
        loose: How much too large a squared distance from a product may be.
        precise: Whether products only reject points, as products of projections do, and distances are measured from
            differences.
        keep: Candidates to reduce to.
        near: float32 (query, capacity), squared distances of the candidates.
        where: int32 (query, capacity), their rows.
        q: The query's row in ``near`` and ``where``.
        filled: Number of candidates so far.
        picked: int64 (points + 1,), scratch memory.

    Returns:
        The new limit and number of candidates.
    """
    floor, hits = (norm - (limit + loose)) * np.float32(0.5), np.uint64(0)
    # two passes without branches to mispredict; mostly the first one finds nothing
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
            value = rough_squared_distance(points, query, other)
        if value < limit:
            near[q, filled], where[q, filled] = value, other
            filled += 1
            # the first limit comes as soon as it can, later ones when the list is full
            if filled == near.shape[1] or (filled > keep and limit == np.inf):
                limit, filled = reduce_candidates(near[q], where[q], filled, keep)
    return limit, filled
