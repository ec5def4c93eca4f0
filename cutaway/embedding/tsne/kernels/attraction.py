"""Attractive forces: each point is drawn to those it shares affinity with."""

import sys
from typing import Protocol

import numpy as np

from cutaway.neighbors.compiled import U, kernel

ONE = np.float32(1)
LEAST = np.finfo(np.float32).tiny
# With signed indices and sums in a fixed order, which cannot be vectorized, 9.1 million entries take 14.4 ms, without
# 7.9 ms (one Zen 4 core).
FAST = {"reassoc", "contract"}
# Both coordinates of a point are fetched as one number of 64 bits, since fetching is what takes the time: 5.8 ms then.
# Where in it they lie:
X, Y = (U(0), U(32)) if sys.byteorder == "little" else (U(32), U(0))


class Graph(Protocol):
    """Symmetric joint affinities in rows, as `cutaway.embedding.tsne.affinities.Affinities` holds them."""

    @property
    def start(self) -> np.ndarray:
        """int64 (n + 1,), where each row begins in the other two."""
        ...

    @property
    def index(self) -> np.ndarray:
        """int32 (m,), the other point of each entry."""
        ...

    @property
    def value(self) -> np.ndarray:
        """float32 (m,), the affinity, all of them summing to 1."""
        ...


@kernel(fastmath=FAST)
def attractive_forces(
    start: np.ndarray, index: np.ndarray, value: np.ndarray, xy: np.ndarray, force: np.ndarray, low: int, high: int
) -> None:
    """Write sum_j p_ij (y_i - y_j) / (1 + |y_i - y_j|^2) to ``force`` (n, 2) for the rows from low to high.

    Coordinates, float32 (n, 2), lie row by row; any others would be misread.

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

    Rows that are not ``chosen``, bool (n,), get 0: a logarithm takes as long as ten forces.
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
                total += p * np.log(max(p, LEAST) * (ONE + dx * dx + dy * dy))
                mass += p
        sums[i, 0], sums[i, 1] = total, mass


@kernel()
def relabel(
    start: np.ndarray,
    index: np.ndarray,
    value: np.ndarray,
    order: np.ndarray,
    place: np.ndarray,
    new_start: np.ndarray,
    new_index: np.ndarray,
    new_value: np.ndarray,
    low: int,
    high: int,
) -> None:
    """Write the rows ``order[low:high]`` to the places from low to high of a graph in a new order.

    Args:
        start: int64 (n + 1,), with ``index`` and ``value`` the graph as it came.
        index: int32 (m,).
        value: float32 (m,).
        order: int32 (n,), the row that comes to each place.
        place: int32 (n,), its inverse.
        new_start: int64 (n + 1,), filled.
        new_index: int32 (m,), written.
        new_value: float32 (m,), written.
        low: First place.
        high: The place behind the last one.
    """
    for i in range(low, high):
        old, new = U(start[order[i]]), U(new_start[i])
        for entry in range(U(new_start[i + 1]) - new):
            new_index[new + entry] = place[U(index[old + entry])]
            new_value[new + entry] = value[old + entry]
