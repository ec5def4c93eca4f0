"""Numba kernels of the exact search for nearest neighbours: one cell of queries against all cells that can matter.

Imported only by `cutaway.embedding.neighbors` when it is first asked to search, because it loads Numba.
"""

import numpy as np

from .cells import shift
from .compiled import kernel
from .sorting import select_pairs, sort_pairs

FAST = {"reassoc", "contract", "nnan", "nsz"}
# Candidates that a query collects before they are cut back to the best: fewer cuts against later news of the limit.
SPARE = 64
# Half a unit in the last place of float32, the unit of every rounding bound below.
ULP = 2.0**-24


@kernel()
def _doubt(norm, limit, d):
    """Bound the rounding error of a squared distance near ``limit`` from a product around the queries' mean.

    Source: Higham 2002, equation 3.5: a sum of m products errs by at most m u times the sum of their magnitudes.
    """
    return 4 * (d + 12) * ULP * (np.sqrt(norm) + np.sqrt(max(limit, np.float32(0)))) ** 2


@kernel(fastmath=FAST)
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
    np.dot(pole, plain.T, gap)
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
        slack = 4 * (d + 12) * ULP * (np.sqrt(length) + np.sqrt(size_of)) * (radius[cell] + radius[other]) / far
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


@kernel(fastmath=FAST)
def _right(points, first, last, centre, out):
    """Write the shifted points of a cell and, as a last column, minus half of their squared norm."""
    d = points.shape[1]
    shift(points, first, last, centre, out)
    for i in range(last - first):
        total = np.float32(0)
        for c in range(d):
            total += out[i, c] * out[i, c]
        out[i, d] = np.float32(-0.5) * total


@kernel()
def _pick(row, floor, picked):
    """Write the places where ``row`` exceeds ``floor`` and return how many, without branches to mispredict."""
    hits = 0
    for i in range(len(row)):
        hits += row[i] > floor
    if hits == 0:
        return 0
    hits = 0
    for i in range(len(row)):
        picked[hits] = i
        hits += row[i] > floor
    return hits


@kernel(fastmath={"reassoc", "contract"})
def _apart(points, one, other):
    """Squared distance of two points in float64, from differences: exact but for its own rounding."""
    total = 0.0
    for c in range(points.shape[1]):
        total += (np.float64(points[one, c]) - np.float64(points[other, c])) ** 2
    return total


@kernel(fastmath=FAST)
def _apart_roughly(points, one, other):
    """Squared distance of two points in float32, from differences."""
    total = np.float32(0)
    for c in range(points.shape[1]):
        total += (points[one, c] - points[other, c]) ** 2
    return total


@kernel()
def _insert(name, value, index, squared, filled):
    """Insert a neighbour in an ascending list of ``filled`` entries, ties by name, dropping what falls off its end."""
    place = min(filled, len(index) - 1)
    if filled == len(index) and not (value < squared[place] or (value == squared[place] and name < index[place])):
        return
    while place > 0 and (value < squared[place - 1] or (value == squared[place - 1] and name < index[place - 1])):
        index[place], squared[place] = index[place - 1], squared[place - 1]
        place -= 1
    index[place], squared[place] = name, value


@kernel()
def _refine(points, query, candidates, names, index, squared):
    """Write the nearest of the candidates, ascending, and return the largest squared distance written."""
    filled = 0
    # candidates come ascending but for rounding, so nearly every insertion ends at its first comparison
    for i in range(len(candidates)):
        other = np.int64(candidates[i])
        _insert(names[other], _apart(points, query, other), index, squared, filled)
        filled = min(filled + 1, len(index))
    return squared[len(index) - 1]


@kernel()
def _exhaust(points, starts, names, query, gap, blur, index, squared):
    """Write the nearest of all points; what index and squared hold already bounds which cells must be looked at."""
    k = len(index)
    bound = np.sqrt(squared[k - 1]) * (1 + 4 * ULP) + blur
    filled = 0
    for cell in range(len(starts) - 1):
        if gap[cell] <= bound:
            for other in range(starts[cell], starts[cell + 1]):
                if other != query:
                    _insert(names[other], _apart(points, query, other), index, squared, filled)
                    filled = min(filled + 1, k)


@kernel(fastmath=FAST)
def _norm(row):
    """Squared norm, added up in float64."""
    total = 0.0
    for value in row:
        total += np.float64(value) ** 2
    return total


@kernel()
def _multiply(head, starts, other, centre, ours, active, some, theirs, scores):
    """Multiply the active queries with the points of another cell: q . x - x . x / 2, both seen from ``centre``.

    The last three arguments are memory to work in; what is returned, float32 (active, points), lies in ``scores``.
    """
    left, right = some[: len(active)], theirs[: starts[other + 1] - starts[other]]
    for m in range(len(active)):
        for c in range(ours.shape[1]):
            left[m, c] = ours[active[m], c]
    _right(head, starts[other], starts[other + 1], centre, right)
    product = scores[: len(left) * len(right)].reshape(len(left), len(right))
    np.dot(left, right.T, product)
    return product


@kernel()
def _collect(points, query, begin, picked, product, norm, limit, staged, keep, near, where, count):
    """Add picked points of a cell that begins at ``begin`` to a query's candidates and return its new limit."""
    for place in picked:
        value = norm - np.float32(2) * product[place]
        if staged and value < limit:
            value = _apart_roughly(points, query, begin + place)
        if value < limit:
            near[count[0]], where[count[0]] = value, begin + place
            count[0] += 1
            if count[0] == len(near):
                limit, count[0] = select_pairs(near, where, count[0], keep), keep
    # the first limit comes as soon as it can, later ones when the list is full
    if limit == np.inf and count[0] > keep:
        limit, count[0] = select_pairs(near, where, count[0], keep), keep
    return limit


@kernel()
def _settle(points, query, names, norm, limit, keep, near, where, count, index, squared):
    """Write the nearest of a query's candidates.

    Returns:
        The largest squared distance written, and that beyond which every other point is for sure.
    """
    if count > keep:
        limit, count = select_pairs(near, where, count, keep), keep
    sort_pairs(near[:count], where[:count])
    worst = _refine(points, query, where[:count], names, index, squared)
    if limit == np.inf:
        return worst, np.inf
    return worst, max(np.float64(limit) - _doubt(norm, limit, points.shape[1]), 0.0)


@kernel()
def search(head, points, starts, names, centres, pole, faces, radius, largest, blur, keep, index, squared, low, high):
    """Find the nearest neighbours of all points in the cells from ``low`` to ``high``.

    Distances come from float32 matrix products around the mean of the queries' own cell and choose ``keep`` candidates;
    these are measured again from differences in float64. Where rounding could have hidden a nearer point from the
    candidates, the query is compared with every point in reach in float64.

    Where points have many columns, products are made of their projections on a few directions. Those are never farther
    apart than the points, so what is too far there is too far; the others are measured in all columns.

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
    d, staged = head.shape[1], head.shape[1] < points.shape[1]
    capacity = keep + SPARE
    near = np.empty((largest, capacity), np.float32)
    where = np.empty((largest, capacity), np.int32)
    count = np.empty(largest, np.int64)
    norm, limit, reach = np.empty(largest, np.float32), np.empty(largest, np.float32), np.empty(largest, np.float32)
    active = np.empty(largest, np.int64)
    some, theirs = np.empty((largest, d + 1), np.float32), np.empty((largest, d + 1), np.float32)
    scores = np.empty(largest * largest, np.float32)
    picked = np.empty(largest + 1, np.int64)
    visits = np.empty(len(radius), np.int32)
    for cell in range(low, high):
        first, size = starts[cell], starts[cell + 1] - starts[cell]
        ours = np.empty((size, d + 1), np.float32)
        shift(head, first, first + size, centres[cell], ours)
        for q in range(size):
            ours[q, d] = 1.0
        gap, lower = _gaps(ours, cell, centres, pole, faces, radius)
        for q in range(size):
            norm[q], limit[q], reach[q], count[q] = _norm(ours[q, :d]), np.inf, np.inf, 0
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
            product = _multiply(head, starts, other, centres[cell], ours, active[:members], some, theirs, scores)
            if other == cell:
                for q in range(size):
                    product[q, q] = -np.inf
            for m in range(members):
                q = active[m]
                found = picked[: _pick(product[m], (norm[q] - limit[q]) * np.float32(0.5), picked)]
                limit[q] = _collect(
                    points,
                    first + q,
                    starts[other],
                    found,
                    product[m],
                    norm[q],
                    limit[q],
                    staged,
                    keep,
                    near[q],
                    where[q],
                    count[q : q + 1],
                )
                if limit[q] < np.inf:
                    doubt = _doubt(norm[q], limit[q], points.shape[1])
                    reach[q] = np.sqrt(max(limit[q], np.float32(0)) + doubt) * (1 + 4 * ULP) + blur
        for q in range(size):
            name = names[first + q]
            worst, sure = _settle(
                points,
                first + q,
                names,
                norm[q],
                limit[q],
                keep,
                near[q],
                where[q],
                count[q],
                index[name],
                squared[name],
            )
            if not np.sqrt(worst) < np.sqrt(sure) - blur:
                _exhaust(points, starts, names, first + q, gap[:, q], blur, index[name], squared[name])
