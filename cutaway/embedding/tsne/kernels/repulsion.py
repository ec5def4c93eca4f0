"""Repulsive forces of all pairs, through a grid and the fast Fourier transform."""

import numpy as np

from cutaway.embedding.tsne.grid import LEAST_NODES, SLACK, SPACING, Grid, fft, grid_for, spacing_for
from cutaway.neighbors.compiled import U, kernel

from .two_level import coarsen, refine

# The grid moves by these shares of its spacing at each update (the sequence fills a square evenly), so that what it
# gets wrong in one place averages out: after 300 iterations at 10,000 points KL is 1.351 against 1.362.
# Source: Roberts 2018 (the sequence R2).
SHIFTS = np.array([0.7548776662466927, 0.5698402909980532])
# A grid is replaced when the layout has outgrown it, or fills less than this share of its width.
WASTE = 0.6
# A point feels half the slope of its own energy: the other half is how its charge moves.
TURN = np.float32(np.pi)
# Least squares on (-pi, pi): off by 7e-4 and 1e-4.
SINE = tuple(np.float32(each) for each in (-0.99944915, 0.16583729, -0.0079982764, 0.00014771881))
COSINE = tuple(np.float32(each) for each in (-0.99997103, 0.49983729, -0.041522106, 0.0013440665, -1.9062736e-05))


class InterpolationGrid:
    """The potential sum_j 1/(1 + |y - y_j|^2) over the plane, of which the repulsion is the slope.

    A transform forth and one back, for each part of the kernel, give the potential at the nodes; cubic splines, whose
    slope is continuous, give its gradient at every point, so no second kernel is needed: with E = sum 1/(1 + d2),
    dE/dy = -2 sum (y_i - y_j) / (1 + d2)^2. What is descended is then the exact gradient of a slightly approximate KL
    divergence. At a spacing of 0.8 the force is off by 10 % (root mean square at 10,000 points; cubic Lagrange with
    three kernels: 9 %), at 0.5 by 3 %, and a part of that changes from one `update` to the next.

    Args:
        widest: Most distance of nodes, in units of the layout.

    Attributes:
        grid: The lattice now in use; None before the first `update`.
        potential: float32 (padded, padded) spline coefficients, of which the first (nodes, nodes) count.
        corner: Coordinates of node (0, 0).
        normalization: Z = sum over pairs i != j of 1 / (1 + d2).
    """

    def __init__(self, widest: float = SPACING) -> None:
        self.widest = widest
        self.grid: Grid | None = None
        self.potential = np.empty((0, 0), np.float32)
        self.corner = np.zeros(2, np.float32)
        self.normalization = 1.0
        self._updates = 0

    @property
    def lattice(self) -> tuple[np.ndarray, np.ndarray, np.float32, np.ndarray]:
        """Potential, corner, nodes a unit of length and a point's own waves, as `push` takes them."""
        if self.grid is None:
            raise RuntimeError("a field has a lattice once it was updated")
        return self.potential, self.corner, np.float32(1 / self.grid.spacing), self.grid.own

    def update(self, xy: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
        """Compute the potential of the points.

        Args:
            xy: float32 (n, 2), best in an order in which neighbors are near.
            low: (2,), the smallest coordinates.
            high: (2,), the largest.
        """
        middle = (np.asarray(low, np.float64) + high) / 2
        half = float((np.asarray(high, np.float64) - low).max()) / 2
        grid = self.grid
        if grid is None or half > grid.reach or (half < WASTE * grid.reach / SLACK and grid.nodes > LEAST_NODES):
            grid = self.grid = grid_for(half, spacing_for(half, self.widest))
        self._updates += 1
        # a small layout's grid is fine enough, and even around the middle, so that the middle feels nothing
        shift = 0 if grid.level else (self._updates * SHIFTS) % 1 - 0.5
        self.corner = (middle + (shift - (grid.nodes - 1) / 2) * grid.spacing).astype(np.float32)
        self.potential, self.normalization = convolve(xy, grid, self.corner)


def convolve(xy: np.ndarray, grid: Grid, corner: np.ndarray) -> tuple[np.ndarray, float]:
    """Spread the points on a grid and return the potential at its nodes, float32 (padded, padded), and Z.

    Only the first (nodes, nodes) of the potential are its own; those beyond belong to the other end of the plane.

    Args:
        xy: float32 (n, 2), inside the grid by 2 nodes.
        grid: The lattice.
        corner: float32 (2,), coordinates of node (0, 0).
    """
    nodes = grid.nodes
    charges = np.zeros((grid.padded, grid.padded), np.float32)
    spread(xy, corner, np.float32(1 / grid.spacing), charges)
    effect, energy = _filtered(charges if grid.coarse else charges.astype(np.float64), grid.transform)
    potential = np.require(effect, np.float32, "C")
    if grid.coarse:
        many = grid.coarse.nodes
        smooth = np.zeros((grid.coarse.padded, grid.coarse.padded), np.float32)
        smooth[:many, :many] = coarsen(charges, nodes)
        effect, more = _filtered(smooth, grid.coarse.transform)
        refine(effect[:many, :many], potential, nodes)
        energy += more
    n = len(xy)
    normalization = energy - n * grid.own_mean + grid.level * n * (n - 1)
    # What few points far apart have in common is less than what each has with itself, and is lost in it; no less is
    # left than if all were as far apart as the grid allows.
    least = n * (n - 1) / (1 + 8 * grid.reach**2)
    return potential, max(normalization, least, float(np.finfo(np.float32).tiny))


def _filtered(charges: np.ndarray, transform: np.ndarray) -> tuple[np.ndarray, float]:
    """Convolve with the kernel of a transform, and add up charge times effect over all nodes."""
    spectrum = fft.rfft2(charges)
    power = filter_spectrum(spectrum.view(charges.dtype), transform)
    return fft.irfft2(spectrum, s=charges.shape, overwrite_x=True), power / charges.size


@kernel(inner=True)
def spline(f: np.float32) -> tuple[np.float32, np.float32, np.float32, np.float32]:
    """Weights of the four nodes around a point that lies ``f`` beyond the second one, 0 <= f < 1."""
    sixth, g = np.float32(1 / 6), np.float32(1) - f
    ff, gg = f * f, g * g
    first, last = gg * g * sixth, ff * f * sixth
    second = np.float32(2 / 3) - ff + ff * f * np.float32(0.5)
    return first, second, np.float32(1) - first - second - last, last


@kernel(inner=True)
def spline_slope(f: np.float32) -> tuple[np.float32, np.float32, np.float32, np.float32]:
    """Derivatives of `spline` by ``f``."""
    half, g = np.float32(0.5), np.float32(1) - f
    first, last = -half * g * g, half * f * f
    second = f * (np.float32(1.5) * f - np.float32(2))
    return first, second, -first - second - last, last


@kernel(fastmath={"contract"})
def spread(xy: np.ndarray, corner: np.ndarray, scale: np.float32, charges: np.ndarray) -> None:
    """Add each point to the 16 nodes around it; one thread, so that the order of the sums is always the same.

    Args:
        xy: float32 (n, 2), inside the grid by 2 nodes.
        corner: float32 (2,), coordinates of node (0, 0).
        scale: Nodes a unit of length.
        charges: (nodes or more, nodes or more), added to.
    """
    for i in range(len(xy)):
        u, v = (xy[i, 0] - corner[0]) * scale, (xy[i, 1] - corner[1]) * scale
        row, column = int(u), int(v)
        across = spline(v - np.float32(column))
        down = spline(u - np.float32(row))
        for a in range(4):
            for b in range(4):
                charges[row + a - 1, column + b - 1] += down[a] * across[b]


@kernel(fastmath={"reassoc", "contract"})
def filter_spectrum(spectrum: np.ndarray, transform: np.ndarray) -> float:
    """Multiply the spectrum of real charges by a transform and return sum |wave|^2 * transform over all waves.

    Divided by the number of nodes that is the sum of charge times effect, for which no node is read again: large grids
    are bound by memory.

    Args:
        spectrum: float (padded, padded + 2), padded even: real and imaginary parts in turn; multiplied in place.
        transform: float (padded, padded // 2 + 1).

    Source: Parseval's theorem.
    """
    total, last = 0.0, transform.shape[1] - 1
    for row in range(len(spectrum)):
        inner, edges = 0.0, 0.0
        # all columns but the first and the last stand for their mirror image as well
        for column in (0, last):
            real, imaginary = spectrum[row, 2 * column], spectrum[row, 2 * column + 1]
            edges += np.float64((real * real + imaginary * imaginary) * transform[row, column])
        for column in range(U(last + 1)):
            real, imaginary = spectrum[row, U(2) * column], spectrum[row, U(2) * column + U(1)]
            factor = transform[row, column]
            inner += np.float64((real * real + imaginary * imaginary) * factor)
            spectrum[row, U(2) * column], spectrum[row, U(2) * column + U(1)] = real * factor, imaginary * factor
        total += 2 * inner - edges
    return total


@kernel(inner=True)
def waves(f: np.float32) -> tuple[np.float32, np.float32]:
    """Sine and cosine of 2 pi f for 0 <= f < 1, to 1e-3: polynomials in the distance from the middle."""
    t = np.float32(2 * np.pi) * (f - np.float32(0.5))
    tt = t * t
    # fitted to minus sine and minus cosine on (-pi, pi)
    sine = t * (SINE[0] + tt * (SINE[1] + tt * (SINE[2] + tt * SINE[3])))
    cosine = COSINE[0] + tt * (COSINE[1] + tt * (COSINE[2] + tt * (COSINE[3] + tt * COSINE[4])))
    return sine, cosine


@kernel(fastmath={"contract"})
def repulsive_forces(
    potential: np.ndarray,
    corner: np.ndarray,
    scale: np.float32,
    own: np.ndarray,
    xy: np.ndarray,
    force: np.ndarray,
    low: int,
    high: int,
) -> None:
    """Write sum_j (y_i - y_j) / (1 + |y_i - y_j|^2)^2 to ``force`` (n, 2) for the rows from low to high.

    Args:
        potential: float32 (nodes or more, nodes or more), coefficients of the splines.
        corner: float32 (2,), coordinates of node (0, 0).
        scale: Nodes a unit of length.
        own: float32 (2,), of the `Grid`: what a point does to itself, which is taken back.
        xy: float32 (n, 2), inside the grid by 2 nodes.
        force: float32 (n, 2), written.
        low: First row.
        high: The row behind the last one.
    """
    for i in range(low, high):
        u, v = (xy[i, 0] - corner[0]) * scale, (xy[i, 1] - corner[1]) * scale
        row, column = int(u), int(v)
        f, g = u - np.float32(row), v - np.float32(column)
        down, across = spline(f), spline(g)
        down_slope, across_slope = spline_slope(f), spline_slope(g)
        fx = fy = np.float32(0)
        for a in range(4):
            value = slope = np.float32(0)
            for b in range(4):
                node = potential[row + a - 1, column + b - 1]
                value += across[b] * node
                slope += across_slope[b] * node
            fx += down_slope[a] * value
            fy += down[a] * slope
        down_sine, down_cosine = waves(f)
        across_sine, across_cosine = waves(g)
        fx += TURN * down_sine * (own[0] + own[1] * across_cosine)
        fy += TURN * across_sine * (own[0] + own[1] * down_cosine)
        force[i, 0] = np.float32(-0.5) * scale * fx
        force[i, 1] = np.float32(-0.5) * scale * fy
