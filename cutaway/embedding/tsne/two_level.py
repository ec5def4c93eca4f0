"""The two-level grid: the kernel as a narrow part on a fine grid and a smooth part on one eight times as coarse.

A periodic grid needs as much padding as the layout is wide. The narrow part needs padding for its own width only, and
the smooth part, on a grid with a sixty-fourth of the nodes, costs very little. So the transforms have a quarter of the
nodes, and forces change by less than 1 part in 1,000, while the error of the grid itself is 100 parts.

Cubic splines on the coarse grid are sums of those on the fine one, so charges and potentials pass between both without
another approximation.

Source: Ewald 1921 (one kernel as two); Brandt and Lubrecht 1990 (the smooth part on a coarser grid).
"""

import numpy as np

from .kernels.two_level import BEFORE, FACTOR, gather, scatter

# Where the kernel is split, in units of the coarse grid: with this value the error of Z is 5e-5 at a spacing of 0.25,
# with twice as much up to 3e-4; the rest of the narrow part across the padding is a tenth of 1.5e-3, and acts
# between opposite ends only.
SPLIT = 0.15
# Empty fine nodes beyond the layout, to keep the narrow part from acting across the ends: four coarse nodes.
PADDING = 32


def _two_scale() -> np.ndarray:
    """Weights of the 29 fine splines that add up to a coarse one."""
    weights = np.ones(1)
    for _ in range(FACTOR.bit_length() - 1):
        wider = np.zeros(2 * len(weights) - 1)
        wider[::2] = weights
        weights = np.convolve(wider, np.array([1, 4, 6, 4, 1]) / 8)
    return weights.astype(np.float32)


WEIGHTS = _two_scale()


def coarse_nodes(nodes: int) -> int:
    """Number of coarse nodes along each side whose splines reach into a grid of ``nodes``."""
    return (nodes - 1 + BEFORE) // FACTOR + 1


def narrow_part(squared: np.ndarray, rate: float) -> np.ndarray:
    """The part of 1 / (1 + d2) that decays like exp(-rate * d2): the integral of exp(-t (1 + d2)) from ``rate`` up."""
    return np.exp(-rate * (1 + squared)) / (1 + squared)


def smooth_part(squared: np.ndarray, rate: float) -> np.ndarray:
    """The rest of 1 / (1 + d2): the integral from 0 to ``rate``."""
    return -np.expm1(-rate * (1 + squared)) / (1 + squared)


def coarsen(charges: np.ndarray, nodes: int) -> np.ndarray:
    """Sum charges at fine nodes into charges at coarse nodes.

    Args:
        charges: float32 (nodes or more, nodes or more).
        nodes: Number of fine nodes along each side.

    Returns:
        float32 (coarse, coarse), transposed, as `refine` takes the potential.
    """
    rows = np.zeros((coarse_nodes(nodes), nodes), np.float32)
    gather(charges, nodes, WEIGHTS, rows)
    both = np.zeros((len(rows), len(rows)), np.float32)
    gather(np.ascontiguousarray(rows.T), nodes, WEIGHTS, both)
    return both


def refine(coarse: np.ndarray, fine: np.ndarray, nodes: int) -> None:
    """Add the potential at coarse nodes to that at fine nodes.

    Args:
        coarse: float32 (coarse, coarse), transposed.
        fine: float32 (nodes or more, nodes or more), added to.
        nodes: Number of fine nodes along each side.
    """
    rows = np.zeros((nodes, len(coarse)), np.float32)
    scatter(np.ascontiguousarray(coarse), WEIGHTS, rows, nodes)
    scatter(np.ascontiguousarray(rows.T), WEIGHTS, fine, nodes)
