"""Attractive forces between points that share affinity, and the terms of the KL divergence that need affinities."""

import sys

import numpy as np

from cutaway.neighbors import U, kernel

ONE = np.float32(1)
SMALLEST = np.finfo(np.float32).tiny
# Sums in any order can be vectorized: together with unsigned indices, 9.1 million entries take 7.9 ms instead of 14.4
# (one Zen 4 core).
FAST = {"reassoc", "contract"}
# Both coordinates of a point are loaded as one number of 64 bits, because loading takes most of the time: 5.8 ms then.
# These are their positions in it.
X, Y = (U(0), U(32)) if sys.byteorder == "little" else (U(32), U(0))


@kernel(fastmath=FAST)
def attractive_forces(
    start: np.ndarray, index: np.ndarray, value: np.ndarray, xy: np.ndarray, force: np.ndarray, low: int, high: int
) -> None:
    """Write sum_j p_ij (y_i - y_j) / (1 + |y_i - y_j|^2) to ``force`` (n, 2) for the rows from low to high.

    Coordinates, float32 (n, 2), must be contiguous: others would be misread.

    Source: van der Maaten 2014, equation 7 (F_attr).
    """
    pairs = xy.reshape(-1).view(np.uint64)
    for i in range(low, high):
        xi, yi = xy[i, 0], xy[i, 1]
        fx = fy = np.float32(0)
        for entry in range(U(start[i]), U(start[i + 1])):
            pair = pairs[U(index[entry])]
            dx, dy = xi - np.uint32(pair >> X).view(np.float32), yi - np.uint32(pair >> Y).view(np.float32)
            weight = value[entry] / (ONE + dx * dx + dy * dy)
            fx += weight * dx
            fy += weight * dy
        force[i, 0] = fx
        force[i, 1] = fy


@kernel(fastmath=FAST)
def kl_terms(
    start: np.ndarray,
    index: np.ndarray,
    value: np.ndarray,
    chosen: np.ndarray,
    xy: np.ndarray,
    sums: np.ndarray,
    low: int,
    high: int,
) -> None:
    """Write sum_j p_ij log(p_ij (1 + |y_i - y_j|^2)) and sum_j p_ij to ``sums`` float64 (n, 2), rows low to high.

    Rows that are not ``chosen``, bool (n,), get 0, because a logarithm takes as long as ten forces.
    """
    flat = xy.reshape(-1)
    for i in range(low, high):
        total = mass = np.float32(0)
        if chosen[i]:
            xi, yi = xy[i, 0], xy[i, 1]
            for entry in range(U(start[i]), U(start[i + 1])):
                j, p = U(index[entry]) << U(1), value[entry]
                dx, dy = xi - flat[j], yi - flat[j | U(1)]
                # 0 log 0 is 0
                total += p * np.log((p if p > SMALLEST else SMALLEST) * (ONE + dx * dx + dy * dy))
                mass += p
        sums[i, 0], sums[i, 1] = total, mass


@kernel()
def reorder_columns(
    start: np.ndarray,
    index: np.ndarray,
    moved: np.ndarray,
    place: np.ndarray,
    new_start: np.ndarray,
    new_index: np.ndarray,
    low: int,
    high: int,
) -> None:
    """Write the columns of the rows ``moved[low:high]`` of a sparse matrix to the rows from low to high of a new one.

    Args:
        start: int64 (n + 1,), where each row of the matrix begins.
        index: int32 (m,), its columns.
        moved: int64 (n,), the old number of each new row.
        place: int32 (n,), its inverse.
        new_start: int64 (n + 1,), where each row of the new matrix begins.
        new_index: int32 (m,), written.
        low: First new row.
        high: The new row after the last one.
    """
    for i in range(low, high):
        old, new = U(start[moved[i]]), U(new_start[i])
        for entry in range(U(new_start[i + 1]) - new):
            new_index[new + entry] = place[U(index[old + entry])]


@kernel()
def reorder_values(
    start: np.ndarray,
    value: np.ndarray,
    moved: np.ndarray,
    new_start: np.ndarray,
    new_value: np.ndarray,
    low: int,
    high: int,
) -> None:
    """Write the values of these rows, float32 (m,), as `reorder_columns` does their columns."""
    for i in range(low, high):
        old, new = U(start[moved[i]]), U(new_start[i])
        for entry in range(U(new_start[i + 1]) - new):
            new_value[new + entry] = value[old + entry]
