"""Sums between the rows of a fine grid and of a coarse one."""

import numpy as np

from cutaway.neighbors import kernel

# Fine nodes per coarse node, along each side; with 4 the coarse transform has a quarter of the fine one's nodes.
FACTOR = 8
# The first coarse node lies one coarse step, and half of the 29 fine splines that make up a coarse one, before the
# first fine node.
BEFORE = FACTOR + 14


@kernel()
def gather(fine: np.ndarray, nodes: int, weights: np.ndarray, coarse: np.ndarray) -> None:
    """Add to each row of ``coarse`` the rows among the first ``nodes`` of ``fine`` under its spline, weighted."""
    for node in range(len(coarse)):
        first = node * FACTOR - BEFORE
        for m in range(len(weights)):
            if 0 <= first + m < nodes:
                for column in range(coarse.shape[1]):
                    coarse[node, column] += weights[m] * fine[first + m, column]


@kernel()
def scatter(coarse: np.ndarray, weights: np.ndarray, fine: np.ndarray, nodes: int) -> None:
    """Add to each of the first ``nodes`` rows of ``fine`` the rows of ``coarse`` whose splines reach it, weighted."""
    for node in range(nodes):
        last = (node + BEFORE) // FACTOR
        for other in range(last, -1, -1):
            m = node + BEFORE - other * FACTOR
            if m >= len(weights):
                break
            for column in range(coarse.shape[1]):
                fine[node, column] += weights[m] * coarse[other, column]
