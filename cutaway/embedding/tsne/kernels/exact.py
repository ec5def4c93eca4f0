"""Repulsive forces summed over all pairs, for few points."""

import numpy as np

from cutaway.neighbors import kernel

ONE = np.float32(1)


@kernel(fastmath=True)
def exact_repulsive_forces(
    x: np.ndarray, y: np.ndarray, force: np.ndarray, normalization: np.ndarray, low: int, high: int
) -> None:
    """Write sum_j (y_i - y_j) / (1 + |y_i - y_j|^2)^2 to ``force`` for the rows from low to high.

    Every pair is computed twice: sums along a row are vectorized, but adding to both points of a pair is not.

    Args:
        x: float32 (n,), first coordinates.
        y: float32 (n,), second coordinates.
        force: float32 (n, 2), written.
        normalization: float64 (n,), written: sum over j != i of 1 / (1 + |y_i - y_j|^2).
        low: First row.
        high: The row after the last one.

    Source: van der Maaten and Hinton 2008, equation 5.
    """
    for i in range(low, high):
        xi, yi = x[i], y[i]
        fx = fy = near = np.float32(0)
        for j in range(len(x)):
            dx, dy = xi - x[j], yi - y[j]
            weight = ONE / (ONE + dx * dx + dy * dy)
            near += weight
            weight *= weight
            fx += weight * dx
            fy += weight * dy
        force[i, 0] = fx
        force[i, 1] = fy
        normalization[i] = near - ONE
