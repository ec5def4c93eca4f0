"""The kernel in two parts: a narrow one for a fine grid, and a smooth rest for one eight times as coarse.

A grid as wide as the layout needs as much empty room again, or its ends would meet. The narrow part needs room for its
own width only, and the rest, on a grid of a sixty-fourth of the nodes, costs next to nothing. So transforms have a
fourth of the nodes, and forces change by less than 1 part in 1,000, where the grid itself is off by 100.

Cubic splines on the coarse grid are sums of those on the fine one, so that charges and potentials pass between both
without another approximation.

Source: Ewald 1921 (one kernel as two); Brandt and Lubrecht 1990 (the smooth part on a coarser grid).
"""

import numpy as np

from cutaway.neighbors.compiled import kernel

# Fine nodes for a coarse one, along each side; with 4 the coarse transform has a quarter of the fine one's nodes.
FACTOR = 8
# Where the kernel is cut, in units of the coarse grid: with twice as much Z is off by up to 3e-4 at a spacing of 0.25,
# with this by 5e-5; and what is left of the kernel across ROOM is a tenth of 1.5e-3, between opposite ends only.
CUT = 0.15
# Empty fine nodes beyond the layout, across which the narrow part of opposite ends still meets: four coarse ones.
ROOM = 32


def _two_scale() -> np.ndarray:
    """Weights of the 29 fine splines, one a node, that add up to a coarse one."""
    weights = np.ones(1)
    for _ in range(FACTOR.bit_length() - 1):
        wider = np.zeros(2 * len(weights) - 1)
        wider[::2] = weights
        weights = np.convolve(wider, np.array([1, 4, 6, 4, 1]) / 8)
    return weights.astype(np.float32)


WEIGHTS = _two_scale()
# The first coarse node lies one coarse step before the first fine one.
BEFORE = FACTOR + len(WEIGHTS) // 2


def coarse_nodes(nodes: int) -> int:
    """Count the coarse nodes along each side whose splines reach into a grid of ``nodes``."""
    return (nodes - 1 + BEFORE) // FACTOR + 1


def narrow_part(squared: np.ndarray, rate: float) -> np.ndarray:
    """The part of 1 / (1 + d2) that falls like exp(-rate * d2): the integral of exp(-t (1 + d2)) from rate on."""
    return np.exp(-rate * (1 + squared)) / (1 + squared)


def smooth_part(squared: np.ndarray, rate: float) -> np.ndarray:
    """The rest: the integral from 0 to ``rate``."""
    return -np.expm1(-rate * (1 + squared)) / (1 + squared)


def coarsen(charges: np.ndarray, nodes: int) -> np.ndarray:
    """Gather charges at fine nodes, as splines spread them, at the coarse ones.

    Args:
        charges: float32 (nodes or more, nodes or more).
        nodes: How many of them count.

    Returns:
        float32 (coarse, coarse), transposed, as `refine` takes its potential.
    """
    rows = np.zeros((coarse_nodes(nodes), nodes), np.float32)
    _gather(charges, nodes, WEIGHTS, rows)
    both = np.zeros((len(rows), len(rows)), np.float32)
    _gather(np.ascontiguousarray(rows.T), nodes, WEIGHTS, both)
    return both


def refine(coarse: np.ndarray, fine: np.ndarray, nodes: int) -> None:
    """Add a potential at coarse nodes to the one at the fine nodes.

    Args:
        coarse: float32 (coarse, coarse), transposed.
        fine: float32 (nodes or more, nodes or more), added to.
        nodes: How many of them count.
    """
    rows = np.zeros((nodes, len(coarse)), np.float32)
    _scatter(np.ascontiguousarray(coarse), WEIGHTS, rows, nodes)
    _scatter(np.ascontiguousarray(rows.T), WEIGHTS, fine, nodes)


@kernel()
def _gather(fine: np.ndarray, nodes: int, weights: np.ndarray, coarse: np.ndarray) -> None:
    """Add to each row of ``coarse`` those of the first ``nodes`` rows of ``fine`` that are under its spline."""
    for node in range(len(coarse)):
        first = node * FACTOR - BEFORE
        for m in range(len(weights)):
            if 0 <= first + m < nodes:
                for column in range(coarse.shape[1]):
                    coarse[node, column] += weights[m] * fine[first + m, column]


@kernel()
def _scatter(coarse: np.ndarray, weights: np.ndarray, fine: np.ndarray, nodes: int) -> None:
    """Add to each of the first ``nodes`` rows of ``fine`` the rows of ``coarse`` whose splines reach it."""
    for node in range(nodes):
        last = (node + BEFORE) // FACTOR
        for other in range(last, -1, -1):
            m = node + BEFORE - other * FACTOR
            if m >= len(weights):
                break
            for column in range(coarse.shape[1]):
                fine[node, column] += weights[m] * coarse[other, column]
