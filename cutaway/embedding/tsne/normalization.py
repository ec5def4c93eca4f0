"""Z, the sum over all pairs of a layout that the KL divergence is measured with."""

from functools import partial

import numpy as np
from numba import get_num_threads

from cutaway.parallel.ranges import in_threads, ranges

from .grid import fft, grid_for, size_for
from .kernels.calibration import kernel_sum
from .kernels.repulsion import convolve

# A node of the transform takes as long as so many pairs: 20,000 points are quicker through the grid, 10,000 are not.
PAIRS = 100
# Distance of nodes, in units of the layout, see `partition` for how right Z is then; small layouts take a finer grid.
SPACING = 0.25
FINEST = 0.1
# Nodes across the layout, at most, for which memory is taken: some 0.4 GB. Where that makes them farther apart than
# the next, all pairs are summed.
MOST_NODES = 4000
COARSEST = 0.5
# Rows whose distances to all later ones are summed at a time; fixed, as the order of a sum decides its last digits.
ROWS = 256


def normalization(xy: np.ndarray) -> float:
    """Sum 1 / (1 + squared distance) over all ordered pairs of a layout.

    Exactly, in float64, where that is quickest: up to some 15,000 points. More are spread on a fine grid, and the sum
    comes of the transforms of `repulsion.convolve`; time grows with the area. It is too small by less than 1 part in
    10,000, by 2 where all points come in pairs, by 6 where they lie in clusters a tenth of a unit wide, and by 10 in a
    layout 2,000 units across; that lowers KL by as many ten-thousandths of a nat.

    Args:
        xy: float64 (n, 2), finite.

    Source: van der Maaten and Hinton 2008, equation 4; Linderman et al. 2019 (interpolation on a grid).
    """
    low, high = xy.min(axis=0), xy.max(axis=0)
    half = float((high - low).max()) / 2
    spacing = max(min(SPACING, half / 24), 2 * half / MOST_NODES)
    if FINEST <= spacing <= COARSEST and len(xy) ** 2 > PAIRS * size_for(half, spacing) ** 2:
        grid = grid_for(half, spacing)
        corner = np.full(2, -(grid.nodes - 1) / 2 * grid.spacing, np.float32)
        with fft.set_workers(get_num_threads()):
            # float32 keeps its digits around the middle
            return convolve((xy - (low + high) / 2).astype(np.float32), grid, corner)[1]
    x, y = np.ascontiguousarray(xy[:, 0]), np.ascontiguousarray(xy[:, 1])
    return 2 * sum(part for _, part in in_threads(partial(kernel_sum, x, y), ranges(len(xy), ROWS)))
