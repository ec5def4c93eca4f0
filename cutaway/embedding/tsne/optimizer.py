"""The state of the optimizer, and one step of it."""

import numpy as np

from cutaway.parallel import WorkerPool, ranges

from .affinities import Affinities
from .grid import size_for, spacing_for
from .interpolation import InterpolationGrid
from .kernels.attraction import attractive_forces, kl_terms
from .kernels.exact import exact_repulsive_forces
from .kernels.repulsion import repulsive_forces
from .kernels.step import gradient_step
from .order import SortedPoints
from .schedule import Phase

# Summing over all pairs is also faster than a grid if there are fewer points than this per node along a side of the
# transform: 4,000 points in a layout 240 wide have 10, and take 1.5 ms in pairs and 1.2 ms through the grid; in a
# layout 600 wide they take 1.8 ms and 11 ms.
MIN_POINTS_PER_NODE = 11
# Maximum length of a step, in units of the layout.
MAX_STEP = 5.0
# Points from whose affinities the KL divergence is estimated during the descent, always the same: 20,000 of 70,000 give
# KL to 0.01, and its decrease more precisely.
KL_SAMPLE = 20_000


class OptimizerState:
    """The points on their way, with the forces on them.

    Args:
        affinities: Affinities of n points.
        start: float32 (n, 2), finite.
        pool: The threads.
        exact: Up to this many points, repulsive forces are summed over all pairs; 0 means never.
        spacing: Largest distance of grid nodes; None for the usual one.

    Attributes:
        points: Coordinates, previous steps, gains and affinities, in sorted order.
        grid: The interpolation grid; None for few points.
        attraction: float32 (n, 2), attractive forces.
        repulsion: float32 (n, 2), repulsive forces times Z.
        normalization: Z, the sum over all pairs, before the last step.
    """

    def __init__(
        self,
        affinities: Affinities,
        start: np.ndarray,
        *,
        pool: WorkerPool,
        exact: int,
        spacing: float | None = None,
    ) -> None:
        self.points, self.pool = SortedPoints(affinities, start), pool
        n = len(start)
        self.ranges = ranges(n, max(128, min(4096, n // 16)))
        self.attraction, self.repulsion = np.zeros((n, 2), np.float32), np.zeros((n, 2), np.float32)
        self.normalization = 1.0
        self.grid = None
        if n > exact:
            self.grid = InterpolationGrid() if spacing is None else InterpolationGrid(spacing)
        self._uses_grid = False
        self._min_points_per_node = MIN_POINTS_PER_NODE if exact else 0
        self._row_sums = np.zeros(n)
        # a start on a line stays on it: otherwise rounding errors alone would move points off the line
        self._varies = np.array([np.ptp(start[:, axis]) > 0 for axis in range(2)], np.float32)
        self._bounds = np.empty((len(self.ranges), 4), np.float32)
        self.update_bounds()
        # a random sample, because the order of points may follow a pattern
        self._in_kl_sample = np.zeros(n, bool)
        self._in_kl_sample[np.random.default_rng(0).permutation(n)[:KL_SAMPLE]] = True

    def update_bounds(self) -> None:
        """Compute the bounds of the layout, which the grid must cover; `step` updates them from then on."""
        self._bounds[:] = np.concatenate([self.points.xy.min(axis=0), self.points.xy.max(axis=0)])

    def recover(self) -> None:
        """Return to the start if the layout has collapsed to one point, see `SortedPoints.recover`."""
        if self.points.recover():
            self.update_bounds()

    def compute_forces(self) -> None:
        """Compute Z and both forces at the current coordinates; through a grid, repulsive forces follow in `step`."""
        low, high = self._bounds[:, :2].min(axis=0), self._bounds[:, 2:].max(axis=0)
        if self.grid is not None:
            half = float((high - low).max()) / 2
            nodes = size_for(half, spacing_for(half, self.grid.spacing))
            self._uses_grid = len(self.points.xy) > self._min_points_per_node * nodes
        if self.grid is None or not self._uses_grid:
            self._sum_over_pairs()
            return
        points = self.points
        graph, xy, attraction = (points.start, points.index, points.value), points.xy, self.attraction
        finish = self.pool.begin(lambda low, high: attractive_forces(*graph, xy, attraction, low, high), self.ranges)
        # the update cannot be shared, so this thread does it while the others compute the attractive forces
        self.grid.update(xy, low, high)
        finish()
        self.normalization = self.grid.normalization

    def _sum_over_pairs(self) -> None:
        points = self.points
        graph, xy, attraction = (points.start, points.index, points.value), points.xy, self.attraction
        x, y = np.ascontiguousarray(xy[:, 0]), np.ascontiguousarray(xy[:, 1])

        def both_forces(low: int, high: int) -> None:
            attractive_forces(*graph, xy, attraction, low, high)
            exact_repulsive_forces(x, y, self.repulsion, self._row_sums, low, high)

        self.pool.run(both_forces, self.ranges)
        # the sum becomes 0 if points are too far apart for float32
        self.normalization = max(float(self._row_sums.sum()), float(np.finfo(np.float32).tiny))

    def step(self, phase: Phase) -> None:
        """Do one iteration."""
        self.compute_forces()
        points, size = self.points, self.ranges[0][1]
        force_arguments = self.grid.force_arguments if self.grid is not None and self._uses_grid else None
        weights = np.array([phase.exaggeration, 1 / self.normalization], np.float32)
        rates = np.array([*(phase.learning_rate * self._varies), phase.momentum, MAX_STEP], np.float32)
        moving = (points.xy, points.last, points.gains, self.attraction, self.repulsion, weights, rates)

        def move(low: int, high: int) -> None:
            if force_arguments is not None:
                repulsive_forces(*force_arguments, points.xy, self.repulsion, low, high)
            gradient_step(*moving, self._bounds[low // size], low, high)

        self.pool.run(move, self.ranges)

    def estimate_kl(self) -> float:
        """Estimate the KL divergence from the last Z and the affinities of at most ``KL_SAMPLE`` points."""
        points = self.points
        sums = np.empty((len(points.xy), 2))
        arguments = points.start, points.index, points.value, self._in_kl_sample[points.order], points.xy, sums
        self.pool.run(lambda low, high: kl_terms(*arguments, low, high), self.ranges)
        terms, mass = sums.sum(axis=0)
        return float(terms / mass + np.log(self.normalization))
