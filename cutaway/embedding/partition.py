"""Z, the sum over all pairs of a layout that the KL divergence is measured with."""

from functools import partial

import numpy as np
from numba import get_num_threads

from .calibration import kernel_sum
from .repulsion import convolve, fft, grid_for, size_for
from .threads import in_threads, ranges

# A node of the transform takes as long as so many pairs: 70,000 points are quicker through the grid, 30,000 are not.
PAIRS = 400
# Distance of nodes, in units of the layout, at which Z is right to 5 parts in 10,000; small layouts take a finer grid.
SPACING = 0.5
FINEST = 0.1
# Nodes across the layout, at most, for which memory is taken: some 0.8 GB. Where that makes them farther apart than
# the next, and Z wrong by more than 2 parts in 1,000, all pairs are summed.
MOST_NODES = 2000
COARSEST = 1.0
# Rows whose distances to all later ones are summed at a time; fixed, as the order of a sum decides its last digits.
ROWS = 256


def partition(xy: np.ndarray) -> float:
    """Sum 1 / (1 + squared distance) over all ordered pairs of a layout.

    Exactly, in float64, where that is quickest: up to some 40,000 points. More are spread on a fine grid, and the sum
    comes of one transform forth and one back: too small by at most 5 parts in 10,000 (2 in 1,000 where the layout is
    2,000 units across), which lowers KL by as many ten-thousandths of a nat; time grows with the area.

    Args:
        xy: float64 (n, 2), finite.

    Source: van der Maaten and Hinton 2008, equation 4; Linderman et al. 2019 (interpolation on a grid).
    """
    low, high = xy.min(axis=0), xy.max(axis=0)
    half = float((high - low).max()) / 2
    spacing = max(min(SPACING, half / 24), 2 * half / MOST_NODES)
    if FINEST <= spacing <= COARSEST and len(xy) ** 2 > PAIRS * size_for(half, spacing) ** 2:
        grid = grid_for(half, spacing)
        corner = ((low + high) / 2 - (grid.nodes - 1) / 2 * grid.spacing).astype(np.float32)
        with fft.set_workers(get_num_threads()):
            return convolve(xy.astype(np.float32), grid, corner)[1]
    x, y = np.ascontiguousarray(xy[:, 0]), np.ascontiguousarray(xy[:, 1])
    return 2 * sum(part for _, part in in_threads(partial(kernel_sum, x, y), ranges(len(xy), ROWS)))
