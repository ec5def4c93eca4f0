"""The interpolation grid: repulsive forces of all pairs through fast Fourier transforms, and the sum Z for KL."""

from functools import partial

import numpy as np

from cutaway.parallel import cpu_count, map_ranges, ranges

from .grid import LEAST_NODES, SLACK, SPACING, Grid, coarsen, fft, grid_for, refine, size_for, spacing_for
from .kernels.affinities import kernel_sum
from .kernels.repulsion import filter_spectrum, spread

# The grid moves by these shares of its spacing at each update (the sequence fills a square evenly), so its errors
# average out: after 300 iterations at 10,000 points KL is 1.351 instead of 1.362.
# Source: Roberts 2018 (the sequence R2).
SHIFTS = np.array([0.7548776662466927, 0.5698402909980532])
# A grid is replaced when the layout has outgrown it, or fills less than this share of its width.
MIN_FILLED = 0.6


class InterpolationGrid:
    """The potential sum_j 1 / (1 + |y - y_j|^2) over the plane, whose slope is the repulsive force.

    A forward and an inverse transform, for each part of the kernel, give the potential at the nodes; cubic splines,
    whose slope is continuous, give its gradient at every point, so no second kernel is needed: with
    E = sum 1 / (1 + d2), dE/dy = -2 sum (y_i - y_j) / (1 + d2)^2. The descent then follows the exact gradient of a
    slightly approximate KL divergence. At a spacing of 0.8 the error of the force is 10% (root mean square at 10,000
    points; cubic Lagrange interpolation with three kernels: 9%), at 0.5 it is 3%, and part of it changes from one
    `update` to the next.

    Args:
        spacing: Largest distance of nodes, in units of the layout.

    Attributes:
        grid: The grid now in use; None before the first `update`.
        potential: float32 (padded, padded) spline coefficients; the first (nodes, nodes) count.
        corner: Coordinates of node (0, 0).
        normalization: Z = sum over pairs i != j of 1 / (1 + d2).
    """

    def __init__(self, spacing: float = SPACING) -> None:
        self.spacing = spacing
        self.grid: Grid | None = None
        self.potential = np.empty((0, 0), np.float32)
        self.corner = np.zeros(2, np.float32)
        self.normalization = 1.0
        self._updates = 0

    @property
    def force_arguments(self) -> tuple[np.ndarray, np.ndarray, np.float32, np.ndarray]:
        """Potential, corner, nodes per unit of length and `Grid.own`, as `repulsive_forces` takes them."""
        if self.grid is None:
            raise RuntimeError("an interpolation grid has a potential once it was updated")
        return self.potential, self.corner, np.float32(1 / self.grid.spacing), self.grid.own

    def update(self, xy: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
        """Compute the potential of the points.

        Args:
            xy: float32 (n, 2); fastest if points that are near in the plane are near in memory.
            low: (2,), the smallest coordinates.
            high: (2,), the largest.
        """
        middle = (np.asarray(low, np.float64) + high) / 2
        half = float((np.asarray(high, np.float64) - low).max()) / 2
        grid = self.grid
        if grid is None or half > grid.reach or (half < MIN_FILLED * grid.reach / SLACK and grid.nodes > LEAST_NODES):
            grid = self.grid = grid_for(half, spacing_for(half, self.spacing))
        self._updates += 1
        # a small layout's grid is fine enough without; it is symmetric: there is no force in the middle
        shift = 0 if grid.level else (self._updates * SHIFTS) % 1 - 0.5
        self.corner = (middle + (shift - (grid.nodes - 1) / 2) * grid.spacing).astype(np.float32)
        self.potential, self.normalization = convolve(xy, grid, self.corner)


def convolve(xy: np.ndarray, grid: Grid, corner: np.ndarray) -> tuple[np.ndarray, float]:
    """Spread the points over a grid and return the potential at its nodes, float32 (padded, padded), and Z.

    Only the first (nodes, nodes) values of the potential are valid; the others wrap around.

    Args:
        xy: float32 (n, 2), inside the grid by 2 nodes.
        grid: The grid.
        corner: float32 (2,), coordinates of node (0, 0).
    """
    nodes = grid.nodes
    charges = np.zeros((grid.padded, grid.padded), np.float32)
    spread(xy, corner, np.float32(1 / grid.spacing), charges)
    convolved, energy = _filtered(charges if grid.coarse else charges.astype(np.float64), grid.transform)
    potential = np.require(convolved, np.float32, "C")
    if grid.coarse:
        many = grid.coarse.nodes
        smooth = np.zeros((grid.coarse.padded, grid.coarse.padded), np.float32)
        smooth[:many, :many] = coarsen(charges, nodes)
        convolved, more = _filtered(smooth, grid.coarse.transform)
        refine(convolved[:many, :many], potential, nodes)
        energy += more
    n = len(xy)
    normalization = energy - n * grid.own_mean + grid.level * n * (n - 1)
    # For few points far apart the energy of pairs is lost in that of each point with itself; it is at least what it
    # would be if all points were as far apart as the grid allows.
    least = n * (n - 1) / (1 + 8 * grid.reach**2)
    return potential, max(normalization, least, float(np.finfo(np.float32).tiny))


def _filtered(charges: np.ndarray, transform: np.ndarray) -> tuple[np.ndarray, float]:
    """Convolve with the kernel of a transform, and sum charge times potential over all nodes."""
    spectrum = fft.rfft2(charges)
    power = filter_spectrum(spectrum.view(charges.dtype), transform)
    return fft.irfft2(spectrum, s=charges.shape, overwrite_x=True), power / charges.size


# A node of the transform takes as long as this many pairs: 20,000 points are faster through a grid, 10,000 are not.
PAIRS_PER_NODE = 100
# Distance of the nodes of this sum, in units of the layout, see `normalization` for the error; small layouts get a
# finer grid.
SUM_SPACING = 0.25
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
    spacing = max(min(SUM_SPACING, half / 24), 2 * half / MOST_NODES)
    if FINEST <= spacing <= COARSEST and len(xy) ** 2 > PAIRS_PER_NODE * size_for(half, spacing) ** 2:
        grid = grid_for(half, spacing)
        corner = np.full(2, -(grid.nodes - 1) / 2 * grid.spacing, np.float32)
        with fft.set_workers(cpu_count()):
            # relative to the middle, where float32 keeps its digits
            return convolve((xy - (low + high) / 2).astype(np.float32), grid, corner)[1]
    x, y = np.ascontiguousarray(xy[:, 0]), np.ascontiguousarray(xy[:, 1])
    return 2 * sum(part for _, part in map_ranges(partial(kernel_sum, x, y), ranges(len(xy), ROWS_PER_RANGE)))
