"""Dividing points into cells of nearby points, and bounding distances between cells.

In NumPy, because each cell takes few calls: compiling these loops took two seconds on every new machine, and they would
be no faster. Each function works on a range of cells: threads can share them.
"""

import numpy as np

# Half a unit in the last place of float32, the unit of all rounding bounds.
ULP = 2.0**-24
# Squares below this lose digits or become 0; the largest coordinate is 0.5 to 1.
TINY = 1e-36
# The direction that halves a cell is found from some of its points; it decides how well cells prune, never a
# result.
SAMPLE = 128
ROUNDS = 6


def project(points: np.ndarray, order: np.ndarray, starts: np.ndarray, places: np.ndarray, low: int, high: int) -> None:
    """Write the position of each point along the direction of largest variance of its cell.

    Args:
        points: float32 (n, d).
        order: int64 (n,), the points' row numbers, cell by cell.
        starts: int64 (cells + 1,), where in ``order`` each cell begins.
        places: float32 (n,), written in the order of ``order``.
        low: First cell.
        high: The cell after the last one.
    """
    directions = _widest(points, order, starts[low : high + 1])
    for cell, direction in zip(range(low, high), directions, strict=True):
        first, last = starts[cell], starts[cell + 1]
        # `dot` does not look at the flags of the CPU. OpenBLAS sets them now and then for finite numbers
        # (github.com/numpy/numpy/issues/24067), and `@` would warn of an invalid value: seen once in 10,000 searches.
        places[first:last] = points[order[first:last]].dot(direction)


def _widest(points: np.ndarray, order: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """The direction of largest variance among some points of each cell, by power iteration: float32 (cells, d)."""
    size = np.diff(starts)
    count = min(SAMPLE, int(size.min()))
    rows = order[starts[:-1, None] + np.arange(count) * size[:, None] // count]
    sample = points[rows].astype(np.float64)
    sample -= sample.mean(axis=1, keepdims=True)
    farthest = (sample * sample).sum(axis=2).argmax(axis=1)
    axis = sample[np.arange(len(sample)), farthest]
    for _ in range(ROUNDS):
        step = ((sample @ axis[:, :, None]).transpose(0, 2, 1) @ sample)[:, 0]
        norm = np.sqrt((step * step).sum(axis=1, keepdims=True))
        axis = np.divide(step, norm, out=axis, where=norm > 0)
    return axis.astype(np.float32)


def center(
    points: np.ndarray,
    starts: np.ndarray,
    centers: np.ndarray,
    radius: np.ndarray,
    packed: np.ndarray,
    low: int,
    high: int,
) -> None:
    """Write the mean of each cell from ``low`` to ``high``, its radius, and its points relative to the mean.

    The points are laid out as the right factor of products: multiplying by a transposed matrix takes half as long again
    (59 x 51 by 51 x 137: 12 µs against 8).

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
    for cell in range(low, high):
        first, last = starts[cell], starts[cell + 1]
        centers[cell] = points[first:last].mean(axis=0, dtype=np.float64)
        right = packed[first * (d + 1) : last * (d + 1)].reshape(d + 1, last - first)
        np.subtract(points[first:last].T, centers[cell][:, None], out=right[:d])
        squared = np.square(right[:d], dtype=np.float64).sum(axis=0)
        right[d] = -0.5 * squared
        radius[cell] = np.sqrt(squared.max())


def nearest_faces(
    points: np.ndarray,
    starts: np.ndarray,
    centers: np.ndarray,
    origin: np.ndarray,
    faces: np.ndarray,
    low: int,
    high: int,
) -> None:
    """Write how far each cell extends toward every other cell, along the line between their means.

    For cell j and cell a with means at distance D along the unit vector u from a to j, every point x of j has
    ``u . (x - c_a) >= D + faces[j, a] / D`` with ``faces[j, a] = min over x of (x - c_j) . (c_j - c_a)``.

    Args:
        points: float32 (n, d), in the order of cells.
        starts: int64 (cells + 1,).
        centers: float32 (cells, d).
        origin: float32 (cells, d), the same means relative to their median: little cancels.
        faces: float32 (cells, cells), rows ``low`` to ``high`` are written.
        low: First cell.
        high: The cell after the last one.
    """
    for cell in range(low, high):
        reach = (points[starts[cell] : starts[cell + 1]] - centers[cell]) @ origin.T
        np.subtract(reach[:, cell, None].copy(), reach, out=reach)
        reach.min(axis=0, out=faces[cell])


def bound(
    head: np.ndarray,
    starts: np.ndarray,
    centers: np.ndarray,
    origin: np.ndarray,
    length: np.ndarray,
    faces: np.ndarray,
    radius: np.ndarray,
    lower: np.ndarray,
    gap: np.ndarray,
    cell: int,
) -> None:
    """Bound from below the distance of each query of one cell to any point of each cell.

    A distance is at least its projection on a line, here on the line through the means of the two cells.

    Args:
        head: float32 (n, few), the projections, or all columns, in the order of cells.
        starts: int64 (cells + 1,).
        centers: float64 (cells, few), the means of the cells, float32 numbers.
        origin: float32 (cells, few), the same means relative to their median.
        length: float64 (cells,), the lengths of ``origin``.
        faces: float32 (cells, cells), the transpose of what `nearest_faces` writes.
        radius: float32 (cells,), distance of the farthest point from the mean.
        lower: float32 (cells,), written: the minimum of ``gap`` over the queries, and -1 for the queries' own cell.
        gap: float32 (cells, query), written: the bounds, at least 0, less the rounding bound.
        cell: Number of the queries' cell.
    """
    np.matmul(origin, (head[starts[cell] : starts[cell + 1]] - centers[cell].astype(np.float32)).T, out=gap)
    own = gap[cell].copy()
    apart = centers - centers[cell]
    far = np.einsum("ic,ic->i", apart, apart)
    near = far < TINY**2  # closer means would make the scale below infinite
    near[cell] = True
    far = np.sqrt(np.where(near, 1, far))
    wide = np.float64(radius[cell]) + radius
    slack = (4 * (head.shape[1] + 12) * ULP * (length[cell] + length) * wide + TINY) / far
    base = far + faces[cell] / far - slack - 8 * ULP * (far + radius[cell])
    gap -= own
    gap *= (1 / far).astype(np.float32)[:, None]
    np.subtract(base.astype(np.float32)[:, None], gap, out=gap)
    np.maximum(gap, 0, out=gap)
    gap[near] = 0
    gap.min(axis=1, out=lower)
    # no bound is below 0, so the queries' own cell, which sets the limits, comes first
    lower[cell] = -1
