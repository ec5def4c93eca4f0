"""Kernels of the exact search: the queries of one cell against all cells that may contain neighbors.

Candidates are chosen by distances from float32 matrix products, relative to the mean of the other cell, and measured
again from differences in float64. If rounding could have hidden a nearer point, the query is compared with every point
in reach in float64.

If points have many columns, the products are of their projections on a few directions. Projections are never farther
apart than the points, so points that are too far in projection are rejected; the others are measured in all columns.

Loaded by the first search, because it loads Numba.
"""

from typing import NamedTuple

import numpy as np

from .candidates import FAST, SPARE, collect, rounding_bound
from .cells import ULP
from .compiled import kernel
from .sorting import select_pairs, sort_pairs

# If rounding may be more than this share of the limit, products only reject points.
DOUBTFUL = np.float32(0.05)
# Cells that are sorted at a time.
SORTED_CELLS = 256


class Memory(NamedTuple):
    """The scratch arrays of one thread; allocated by NumPy, because each costs the compiler as much as a loop.

    Attributes:
        near: float32 (query, capacity), squared distances of each query's candidates.
        where: int32 (query, capacity), their rows.
        filled: int64 (query,), their number.
        limit: float32 (query,), squared distance beyond which a point is not a candidate.
        far: float32 (query,), largest squared norm of the query relative to the cells whose products gave distances.
        reach: float32 (query,), cells farther away than this are skipped.
        norms: float32 (query,), squared norms of the active queries.
        active: int64 (query,), the queries that are compared with a cell.
        gaps: float32 (other * query,), see `cutaway.neighbors.cells.bound`.
        lower: float32 (other,), see there.
        visits: int32 (other,), the order of visiting cells, as places among the compared ones.
        lefts: float32 (query, few + 1), the queries relative to the mean of another cell.
        scores: float32 (query * point,), products.
        picked: int64 (point + 1,), columns of the products that are near enough.
        found: int64 (capacity,), row numbers of a query's candidates.
        exact: float64 (capacity,), their squared distances.
    """

    near: np.ndarray
    where: np.ndarray
    filled: np.ndarray
    limit: np.ndarray
    far: np.ndarray
    reach: np.ndarray
    norms: np.ndarray
    active: np.ndarray
    gaps: np.ndarray
    lower: np.ndarray
    visits: np.ndarray
    lefts: np.ndarray
    scores: np.ndarray
    picked: np.ndarray
    found: np.ndarray
    exact: np.ndarray


def memory_for(cells: int, largest: int, few: int, keep: int) -> Memory:
    """Allocate the arrays for ``cells`` of ``largest`` points at most, ``few`` columns and ``keep`` candidates."""
    room = keep + SPARE
    limit, far, reach, norms = np.empty((4, largest), np.float32)
    return Memory(
        near=np.empty((largest, room), np.float32),
        where=np.empty((largest, room), np.int32),
        filled=np.empty(largest, np.int64),
        limit=limit,
        far=far,
        reach=reach,
        norms=norms,
        active=np.empty(largest, np.int64),
        gaps=np.empty(cells * largest, np.float32),
        lower=np.empty(cells, np.float32),
        visits=np.empty(cells, np.int32),
        lefts=np.empty((largest, few + 1), np.float32),
        scores=np.empty(largest * largest, np.float32),
        picked=np.empty(largest + 1, np.int64),
        found=np.empty(room, np.int64),
        exact=np.empty(room, np.float64),
    )


@kernel(inner=True)
def multiply(left, right, out):
    """Write the matrix product of ``left`` and ``right``; compiled once for all callers."""
    np.dot(left, right, out)


@kernel(inner=True, fastmath=FAST)
def _relative_queries(head, first, active, center, left, norms):
    """Write the active queries relative to another cell's mean, with a last column of 1, and their squared norms."""
    d = head.shape[1]
    for m in range(len(active)):
        query, total = first + active[m], 0.0
        # two loops are vectorized, one loop would not be
        for c in range(d):
            left[m, c] = head[query, c] - center[c]
        for c in range(d):
            total += np.float64(left[m, c]) ** 2
        norms[m], left[m, d] = total, 1.0


@kernel(inner=True, inline="always")
def _order(lower, visits, first):
    """Sort the next ``SORTED_CELLS`` cells by their bounds, from ``first`` on, and return where they end.

    Most searches end among the first of them: sorting all 2,048 cells of 280,000 points took a tenth of the time.
    """
    last = first + SORTED_CELLS if first + SORTED_CELLS < len(lower) else len(lower)
    if last < len(lower):
        select_pairs(lower[first:], visits[first:], len(lower) - first, last - first)
    sort_pairs(lower[first:last], visits[first:last])
    return last


@kernel()
def scan(head, points, packed, starts, centers, others, gap, tolerance, keep, memory, cell):
    """Collect candidates for the queries of a cell, nearest cells first, until no further cell can contain any.

    Args:
        head: As `cutaway.neighbors.cells.bound` takes it.
        points: float32 (n, d), in the order of cells.
        packed: float32 (n * (few + 1),), as `cutaway.neighbors.cells.center` writes it.
        starts: int64 (cells + 1,).
        centers: float32 (cells, few).
        others: int32 (other,), the cells that are compared.
        gap: float32 (other, query), lower bounds of the distance of each query to any point of each of these cells.
        tolerance: Rounding bound of a distance of projections.
        keep: Number of candidates, at least the number of neighbors and less than n.
        memory: ``lower`` is read, the least bound of each of these cells, below 0 for the queries' own; ``near``,
            ``where``, ``filled``, ``limit`` and ``far`` are written.
        cell: Number of the queries' cell.
    """
    near, where, filled, limit, far = memory.near, memory.where, memory.filled, memory.limit, memory.far
    active, visits, reach, norms, lower = memory.active, memory.visits, memory.reach, memory.norms, memory.lower
    first, size, d = starts[cell], gap.shape[1], points.shape[1]
    wide, staged = head.shape[1] + 1, head.shape[1] < d
    for q in range(size):
        limit[q], reach[q], far[q], filled[q] = np.inf, np.inf, 0, 0
    lower, visits = lower[: len(others)], visits[: len(others)]
    for place in range(len(others)):
        visits[place] = place
    ordered = 0
    for turn in range(len(others)):
        if turn == ordered:
            ordered = _order(lower, visits, turn)
        place = visits[turn]
        other = others[place]
        members, widest = 0, np.float32(0)
        for q in range(size):
            widest = reach[q] if reach[q] > widest else widest
            if gap[place, q] <= reach[q]:
                active[members] = q
                members += 1
        if lower[turn] > widest:
            break
        if members == 0:
            continue
        begin, end = starts[other], starts[other + 1]
        _relative_queries(head, first, active[:members], centers[other], memory.lefts, norms)
        product = memory.scores[: members * (end - begin)].reshape(members, end - begin)
        multiply(memory.lefts[:members], packed[begin * wide : end * wide].reshape(wide, end - begin), product)
        for m in range(members):
            q = active[m]
            if other == cell:
                product[m, q] = -np.inf
            loose = np.float32(0)
            if limit[q] < np.inf:
                loose = np.float32(rounding_bound(norms[m], limit[q], d))
            # larger only far from the other cell's mean, for example if that cell has an outlier
            if loose < DOUBTFUL * limit[q]:
                loose = np.float32(0)
            precise = staged | (loose > 0)
            query, norm, known, so_far = first + q, norms[m], limit[q], filled[q]
            limit[q], filled[q] = collect(
                points,
                query,
                begin,
                product,
                m,
                norm,
                known,
                loose,
                precise,
                keep,
                near,
                where,
                q,
                so_far,
                memory.picked,
            )
            if loose == 0:
                far[q] = norms[m] if norms[m] > far[q] else far[q]
            if limit[q] < np.inf:
                reach[q] = (
                    np.sqrt((limit[q] if limit[q] > 0 else np.float32(0)) + rounding_bound(far[q], limit[q], d))
                    * (1 + 4 * ULP)
                    + tolerance
                )
