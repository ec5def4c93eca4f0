"""Numba kernels of the exact search for nearest neighbours: one cell of queries against all cells that can matter.

Distances come from float32 matrix products around the mean of the queries' own cell and choose some candidates; these
are measured again from differences in float64. Where rounding could have hidden a nearer point from the candidates, the
query is compared with every point in reach in float64.

Where points have many columns, products are made of their projections on a few directions. Those are never farther
apart than the points, so what is too far there is too far; the others are measured in all columns.

Imported only by `cutaway.embedding.neighbors` when it is first asked to search, because it loads Numba.
"""

import numpy as np

from .cells import multiply, shift
from .compiled import kernel
from .sorting import select_pairs, sort_pairs

FAST = {"reassoc", "contract", "nnan", "nsz"}
# Candidates that a query collects before they are cut back to the best: fewer cuts against later news of the limit.
SPARE = 64
# Half a unit in the last place of float32, the unit of every rounding bound below.
ULP = 2.0**-24
# Squares below this lose digits, or vanish; the largest coordinate lies between 0.5 and 1.
TINY = 1e-36


@kernel(inner=True)
def _doubt(norm, limit, d):
    """Bound the rounding error of a squared distance near ``limit`` from a product around the queries' mean.

    Source: Higham 2002, equation 3.5: a sum of m products errs by at most m u times the sum of their magnitudes.
    """
    return 4 * (d + 12) * ULP * (np.sqrt(norm) + np.sqrt(max(limit, np.float32(0)))) ** 2 + TINY


@kernel(inner=True, fastmath=FAST)
def _gaps(ours, cell, centres, pole, faces, radius):
    """Bound from below how near any point of each cell can be to each query of one cell.

    A distance is at least its projection on a line, here that through the means of the two cells.

    Returns:
        float32 (cells, query), at least 0, and its minimum over the queries, float32 (cells,); both less what rounding
        may have added. The queries' own cell is at -1.
    """
    cells, d = pole.shape
    size = len(ours)
    plain, own = np.empty((size, d), np.float32), np.empty(size, np.float32)
    for q in range(size):
        for c in range(d):
            plain[q, c] = ours[q, c]
    gap = np.empty((cells, size), np.float32)
    multiply(pole, plain, gap)
    for q in range(size):
        own[q] = gap[cell, q]
    lower = np.empty(cells, np.float32)
    length = 0.0
    for c in range(d):
        length += np.float64(pole[cell, c]) ** 2
    for other in range(cells):
        far, size_of = 0.0, 0.0
        for c in range(d):
            far += (np.float64(centres[other, c]) - np.float64(centres[cell, c])) ** 2
            size_of += np.float64(pole[other, c]) ** 2
        if other == cell or far == 0.0:
            for q in range(size):
                gap[other, q] = 0.0
            lower[other] = 0.0
            continue
        far = np.sqrt(far)
        slack = 4 * (d + 12) * ULP * (np.sqrt(length) + np.sqrt(size_of)) * (radius[cell] + radius[other]) + TINY
        slack /= far
        base = np.float32(far + np.float64(faces[cell, other]) / far - slack - 8 * ULP * (far + radius[cell]))
        scale = np.float32(1.0 / far)
        least = np.float32(np.inf)
        for q in range(size):
            value = max(base - (gap[other, q] - own[q]) * scale, np.float32(0))
            gap[other, q] = value
            least = min(least, value)
        lower[other] = least
    # no bound is below 0, so the own cell, which sets the limits, comes first
    lower[cell] = -1.0
    return gap, lower


@kernel(inner=True, fastmath=FAST)
def _right(points, first, last, centre, out):
    """Write the shifted points of a cell and, as a last column, minus half of their squared norm."""
    d = points.shape[1]
    shift(points, first, last, centre, out)
    for i in range(last - first):
        total = np.float32(0)
        for c in range(d):
            total += out[i, c] * out[i, c]
        out[i, d] = np.float32(-0.5) * total


@kernel(inner=True, fastmath={"reassoc", "contract"})
def _apart(points, one, other):
    """Squared distance of two points in float64, from differences: exact but for its own rounding."""
    total = 0.0
    for c in range(points.shape[1]):
        total += (np.float64(points[one, c]) - np.float64(points[other, c])) ** 2
    return total


@kernel(inner=True, fastmath=FAST)
def _apart_roughly(points, one, other):
    """Squared distance of two points in float32, from differences."""
    total = np.float32(0)
    for c in range(points.shape[1]):
        total += (points[one, c] - points[other, c]) ** 2
    return total


@kernel(inner=True)
def _insert(name, value, index, squared, filled):
    """Insert a neighbour in an ascending list of ``filled`` entries, ties by name, dropping what falls off its end."""
    place = min(filled, len(index) - 1)
    if filled == len(index) and not (value < squared[place] or (value == squared[place] and name < index[place])):
        return
    while place > 0 and (value < squared[place - 1] or (value == squared[place - 1] and name < index[place - 1])):
        index[place], squared[place] = index[place - 1], squared[place - 1]
        place -= 1
    index[place], squared[place] = name, value


@kernel(inner=True)
def _refine(points, query, candidates, names, index, squared):
    """Write the nearest of the candidates, ascending, and return the largest squared distance written."""
    filled = np.int64(0)  # a plain 0 would have its own type, and `_insert` would be compiled twice
    # candidates come ascending but for rounding, so nearly every insertion ends at its first comparison
    for i in range(len(candidates)):
        other = np.int64(candidates[i])
        _insert(names[other], _apart(points, query, other), index, squared, filled)
        filled = min(filled + 1, len(index))
    return squared[len(index) - 1]


@kernel(inner=True)
def _exhaust(points, starts, names, query, gap, blur, index, squared):
    """Write the nearest of all points; what index and squared hold already bounds which cells must be looked at."""
    k, d = len(index), points.shape[1]
    bound = np.sqrt(squared[k - 1]) * (1 + 4 * ULP) + blur
    # a sum of squared differences errs by its own share only, so most points need no float64
    far = np.float32(squared[k - 1] * (1 + 4 * (d + 4) * ULP) + TINY)
    filled = np.int64(0)  # a plain 0 would have its own type, and `_insert` would be compiled twice
    for cell in range(len(starts) - 1):
        if gap[cell] <= bound:
            for other in range(starts[cell], starts[cell + 1]):
                if other != query and _apart_roughly(points, query, other) <= far:
                    _insert(names[other], _apart(points, query, other), index, squared, filled)
                    filled = min(filled + 1, k)


@kernel(inner=True, fastmath=FAST)
def _enter(head, first, centre, ours, norm):
    """Write a cell's queries as seen from its mean, with a last column of 1, and their squared norms."""
    d = head.shape[1]
    shift(head, first, first + len(ours), centre, ours)
    for q in range(len(ours)):
        total = 0.0
        for c in range(d):
            total += np.float64(ours[q, c]) ** 2
        norm[q], ours[q, d] = total, 1.0


@kernel(inner=True)
def _score(head, first, last, centre, ours, active, some, theirs, scores):
    """Multiply the active queries with the points of another cell: q . x - x . x / 2, both seen from ``centre``.

    The last three arguments are memory to work in; what is returned, float32 (active, points), lies in ``scores``.
    """
    left, right = some[: len(active)], theirs[: last - first]
    for m in range(len(active)):
        for c in range(ours.shape[1]):
            left[m, c] = ours[active[m], c]
    _right(head, first, last, centre, right)
    product = scores[: len(left) * len(right)].reshape(len(left), len(right))
    multiply(left, right, product)
    return product


@kernel(inner=True)
def _collect(points, query, begin, product, norm, limit, staged, keep, near, where, filled, picked):
    """Add the near points of a cell to a query's candidates.

    Args:
        points: float32 (n, d).
        query: Row of the query.
        begin: Row of the cell's first point.
        product: float32 (point,), of `_score`.
        norm: Squared norm of the query.
        limit: Squared distance beyond which nobody is a candidate.
        staged: Whether products are of projections, and distances are to be measured in all columns.
        keep: Candidates to cut back to.
        near: float32 (capacity,), squared distances of the candidates.
        where: int32 (capacity,), their rows.
        filled: How many there are.
        picked: int64 (points + 1,), memory to work in.

    Returns:
        The new limit and number of candidates.
    """
    floor, hits = (norm - limit) * np.float32(0.5), 0
    # two passes without branches to mispredict; mostly the first one finds nobody
    for i in range(len(product)):
        hits += product[i] > floor
    if hits:
        hits = 0
        for i in range(len(product)):
            picked[hits] = i
            hits += product[i] > floor
    for i in range(hits):
        other = begin + picked[i]
        value = norm - np.float32(2) * product[picked[i]]
        if staged and value < limit:
            value = _apart_roughly(points, query, other)
        if value < limit:
            near[filled], where[filled] = value, other
            filled += 1
            if filled == len(near):
                limit, filled = select_pairs(near, where, filled, keep), keep
    # the first limit comes as soon as it can, later ones when the list is full
    if limit == np.inf and filled > keep:
        limit, filled = select_pairs(near, where, filled, keep), keep
    return limit, filled


@kernel(inner=True)
def _settle(points, query, names, norm, limit, keep, near, where, filled, index, squared):
    """Write the nearest of a query's candidates.

    Returns:
        The largest squared distance written, and that beyond which every other point is for sure.
    """
    if filled > keep:
        limit, filled = select_pairs(near, where, filled, keep), keep
    sort_pairs(near[:filled], where[:filled])
    worst = _refine(points, query, where[:filled], names, index, squared)
    if limit == np.inf:
        return worst, np.inf
    return worst, max(np.float64(limit) - _doubt(norm, limit, points.shape[1]), 0.0)


@kernel(inner=True)
def _scan(head, points, starts, cell, centres, gap, lower, ours, norm, limit, near, where, filled, keep, blur, work):
    """Collect candidates for the queries ``ours`` of a cell from the nearest cells on, until no other can matter."""
    active, picked, visits, reach, some, theirs, scores = work
    first, size, d = starts[cell], len(ours), points.shape[1]
    staged = head.shape[1] < d
    for q in range(size):
        limit[q], reach[q], filled[q] = np.inf, np.inf, 0
    for other in range(len(lower)):
        visits[other] = other
    sort_pairs(lower, visits)
    for turn in range(len(visits)):
        other = visits[turn]
        members, widest = 0, np.float32(0)
        for q in range(size):
            widest = max(widest, reach[q])
            if gap[other, q] <= reach[q]:
                active[members] = q
                members += 1
        if lower[turn] > widest:
            break
        if members == 0:
            continue
        begin, end = starts[other], starts[other + 1]
        product = _score(head, begin, end, centres[cell], ours, active[:members], some, theirs, scores)
        for m in range(members):
            q = active[m]
            if other == cell:
                product[m, q] = -np.inf
            mine = near[q], where[q], filled[q], picked
            limit[q], filled[q] = _collect(points, first + q, begin, product[m], norm[q], limit[q], staged, keep, *mine)
            if limit[q] < np.inf:
                reach[q] = np.sqrt(max(limit[q], np.float32(0)) + _doubt(norm[q], limit[q], d)) * (1 + 4 * ULP) + blur


@kernel()
def search(head, points, starts, names, centres, pole, faces, radius, largest, blur, keep, index, squared, low, high):
    """Find the nearest neighbours of all points in the cells from ``low`` to ``high``, see the top of this file.

    Args:
        head: float32 (n, few), the projections, in the order of cells; or ``points`` itself.
        points: float32 (n, d), in the order of cells.
        starts: int64 (cells + 1,).
        names: int64 (n,), the row number under which a point goes in and out.
        centres: float32 (cells, few), the means of the cells.
        pole: float32 (cells, few), the same with the origin moved into the cloud.
        faces: float32 (cells, cells), transpose of what `nearest_faces` writes.
        radius: float32 (cells,), distance of the farthest point from the mean.
        largest: Points of the largest cell.
        blur: What rounding may add to a distance of projections.
        keep: Candidates, at least ``k`` and less than n.
        index: int32 (n, k), written at the rows of the queries' names.
        squared: float64 (n, k), likewise.
        low: First cell.
        high: One past the last cell.
    """
    wide = head.shape[1] + 1
    near, where = np.empty((largest, keep + SPARE), np.float32), np.empty((largest, keep + SPARE), np.int32)
    norms, limits, reach = np.empty(largest, np.float32), np.empty(largest, np.float32), np.empty(largest, np.float32)
    queries, some, theirs = (
        np.empty((largest, wide), np.float32),
        np.empty((largest, wide), np.float32),
        np.empty((largest, wide), np.float32),
    )
    filled, active, picked = np.empty(largest, np.int64), np.empty(largest, np.int64), np.empty(largest + 1, np.int64)
    visits, scores = np.empty(len(radius), np.int32), np.empty(largest * largest, np.float32)
    work = active, picked, visits, reach, some, theirs, scores
    for cell in range(low, high):
        first, size = starts[cell], starts[cell + 1] - starts[cell]
        ours, norm, limit = queries[:size], norms[:size], limits[:size]
        _enter(head, first, centres[cell], ours, norm)
        gap, lower = _gaps(ours, cell, centres, pole, faces, radius)
        found = near, where, filled
        _scan(head, points, starts, cell, centres, gap, lower, ours, norm, limit, *found, keep, blur, work)
        for q in range(size):
            query, name = first + q, names[first + q]
            mine = near[q], where[q], filled[q], index[name], squared[name]
            worst, sure = _settle(points, query, names, norm[q], limit[q], keep, *mine)
            if not np.sqrt(worst) < np.sqrt(sure) - blur:
                _exhaust(points, starts, names, query, gap[:, q], blur, index[name], squared[name])
