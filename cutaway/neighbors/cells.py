"""Kernels that divide points into cells of nearby points, and bound distances between cells.

Loaded by the first search, because it loads Numba.
"""

import numpy as np

from .compiled import kernel

# The direction in which a cell is halved is found from some of its points; it decides how well cells prune, never a
# result.
SAMPLE = 128
ROUNDS = 6


@kernel(inner=True, fastmath={"reassoc", "contract"})
def _widest(points, rows, mean, axis, step):
    """Write the direction of largest variance among ``rows`` to ``axis``, by power iteration."""
    d = points.shape[1]
    mean[:] = 0.0
    for row in rows:
        for c in range(d):
            mean[c] += points[row, c]
    farthest, largest = rows[0], -1.0
    for c in range(d):
        mean[c] /= len(rows)
    for row in rows:
        total = 0.0
        for c in range(d):
            total += (points[row, c] - mean[c]) ** 2
        if total > largest:
            farthest, largest = row, total
    for c in range(d):
        axis[c] = points[farthest, c] - mean[c]
    for _ in range(ROUNDS):
        step[:] = 0.0
        for row in rows:
            total = 0.0
            for c in range(d):
                total += (points[row, c] - mean[c]) * axis[c]
            for c in range(d):
                step[c] += (points[row, c] - mean[c]) * total
        norm = 0.0
        for c in range(d):
            norm += step[c] * step[c]
        if norm == 0.0:
            return
        norm = 1.0 / np.sqrt(norm)
        for c in range(d):
            axis[c] = step[c] * norm


@kernel(fastmath={"reassoc", "contract"})
def project(points, order, starts, places, low, high):
    """Write the position of each point along the direction in which its cell varies most.

    Args:
        points: float32 (n, d).
        order: int64 (n,), the points' row numbers, cell by cell.
        starts: int64 (cells + 1,), where in ``order`` each cell begins.
        places: float32 (n,), written in the order of ``order``.
        low: First cell.
        high: The cell after the last one.
    """
    d = points.shape[1]
    axis, step = np.empty(d), np.empty(d)
    mean = np.empty(d)
    for cell in range(low, high):
        first, last = starts[cell], starts[cell + 1]
        size = last - first
        if size < 2:
            continue
        stride = size // SAMPLE if size > SAMPLE else 1
        _widest(points, order[first:last:stride], mean, axis, step)
        for i in range(first, last):
            total = 0.0
            for c in range(d):
                total += points[order[i], c] * axis[c]
            places[i] = total


@kernel(inner=True, fastmath={"reassoc", "contract"})
def shift(points, first, last, center, out):
    """Write the points from ``first`` to ``last``, relative to ``center``, one column each.

    Args:
        points: float32 (n, d), in the order of cells.
        first: First row.
        last: The row after the last one.
        center: float32 (d,).
        out: float32 (d or more, last - first), written.
    """
    for i in range(first, last):
        for c in range(points.shape[1]):
            out[c, i - first] = points[i, c] - center[c]


@kernel(fastmath={"reassoc", "contract"})
def center(points, starts, centers, radius, packed, low, high):
    """Write the mean of each cell from ``low`` to ``high``, its radius, and its points relative to the mean.

    The points are laid out as the right factor of products, see `multiply`: multiplying by a transposed matrix takes
    half as long again (59 x 51 by 51 x 137: 12 µs against 8).

    Args:
        points: float32 (n, d), in the order of cells.
        starts: int64 (cells + 1,).
        centers: float32 (cells, d), written.
        radius: float32 (cells,), written: distance of the farthest point from the mean.
        packed: float32 (n * (d + 1),), written: for each cell a matrix (d + 1, point) whose last row is minus half the
            squared norms.
        low: First cell.
        high: The cell after the last one.
    """
    d = points.shape[1]
    mean = np.empty(d)
    for cell in range(low, high):
        first, size = starts[cell], starts[cell + 1] - starts[cell]
        mean[:] = 0.0
        for i in range(first, first + size):
            for c in range(d):
                mean[c] += points[i, c]
        for c in range(d):
            centers[cell, c] = mean[c] / size
        right = packed[first * (d + 1) : (first + size) * (d + 1)].reshape(d + 1, size)
        shift(points, first, first + size, centers[cell], right)
        widest = 0.0
        for i in range(size):
            total = 0.0
            for c in range(d):
                total += np.float64(right[c, i]) ** 2
            right[d, i] = -0.5 * total
            widest = total if total > widest else widest
        radius[cell] = np.sqrt(widest)


@kernel(inner=True)
def multiply(left, right, out):
    """Write the matrix product of ``left`` and ``right``; compiled once for all callers."""
    np.dot(left, right, out)


@kernel(fastmath={"reassoc", "contract", "nnan", "nsz"})
def nearest_faces(points, starts, centers, origin, faces, low, high):
    """Write how far each cell extends toward every other cell, along the line between their means.

    For cell j and cell a with means at distance D along the unit vector u from a to j, every point x of j has
    ``u . (x - c_a) >= D + faces[j, a] / D`` with ``faces[j, a] = min over x of (x - c_j) . (c_j - c_a)``.

    Args:
        points: float32 (n, d), in the order of cells.
        starts: int64 (cells + 1,).
        centers: float32 (cells, d).
        origin: float32 (cells, d), the same means relative to their median, so that little cancels.
        faces: float32 (cells, cells), rows ``low`` to ``high`` are written.
        low: First cell.
        high: The cell after the last one.
    """
    cells, d = centers.shape
    largest = 0
    for cell in range(low, high):
        size = starts[cell + 1] - starts[cell]
        largest = size if size > largest else largest
    # allocated once: a new megabyte for each cell would cost as much as its product
    locals_, reaches = np.empty(d * largest, np.float32), np.empty(cells * largest, np.float32)
    for cell in range(low, high):
        size = starts[cell + 1] - starts[cell]
        local, reach = locals_[: d * size].reshape(d, size), reaches[: cells * size].reshape(cells, size)
        shift(points, starts[cell], starts[cell + 1], centers[cell], local)
        multiply(origin, local, reach)
        for other in range(cells):
            least = np.float32(np.inf)
            for i in range(size):
                far = reach[cell, i] - reach[other, i]
                least = far if far < least else least
            faces[cell, other] = least
