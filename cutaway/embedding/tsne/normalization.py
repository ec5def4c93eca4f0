"""The normalization Z: the sum over all pairs of a layout, for the KL divergence that is reported."""

from functools import partial

import numpy as np

from cutaway.parallel import cpu_count, map_ranges, ranges

from .grid import fft, grid_for, size_for
from .interpolation import convolve
from .kernels.calibration import kernel_sum

# A node of the transform takes as long as this many pairs: 20,000 points are faster through a grid, 10,000 are not.
PAIRS_PER_NODE = 100
# Distance of nodes, in units of the layout, see `normalization` for the error; small layouts get a finer grid.
SPACING = 0.25
FINEST = 0.1
# Most nodes across the layout, which take some 0.4 GB of memory. If they would be farther apart than COARSEST, all
# pairs are summed.
MOST_NODES = 4000
COARSEST = 0.5
# Rows whose pairs are summed at a time; fixed, because the order of a sum decides its last digits.
ROWS_PER_RANGE = 256


def normalization(xy: np.ndarray) -> float:
    """Sum 1 / (1 + squared distance) over all ordered pairs of a layout.

    It is summed exactly, in float64, if that is fastest: up to some 15,000 points. More points are spread over a fine
    grid, and time grows with the area of the layout. The result is then too small by less than 1 part in 10,000, by 2
    if all points come in pairs, by 6 if they form clusters a tenth of a unit wide, and by 10 in a layout 2,000 units
    wide; that lowers KL by as many ten-thousandths of a nat.

    Args:
        xy: float64 (n, 2), finite.

    Source: van der Maaten and Hinton 2008, equation 4; Linderman et al. 2019 (interpolation on a grid).
    """
    low, high = xy.min(axis=0), xy.max(axis=0)
    half = float((high - low).max()) / 2
    spacing = max(min(SPACING, half / 24), 2 * half / MOST_NODES)
    if FINEST <= spacing <= COARSEST and len(xy) ** 2 > PAIRS_PER_NODE * size_for(half, spacing) ** 2:
        grid = grid_for(half, spacing)
        corner = np.full(2, -(grid.nodes - 1) / 2 * grid.spacing, np.float32)
        with fft.set_workers(cpu_count()):
            # relative to the middle, where float32 keeps its digits
            return convolve((xy - (low + high) / 2).astype(np.float32), grid, corner)[1]
    x, y = np.ascontiguousarray(xy[:, 0]), np.ascontiguousarray(xy[:, 1])
    return 2 * sum(part for _, part in map_ranges(partial(kernel_sum, x, y), ranges(len(xy), ROWS_PER_RANGE)))
