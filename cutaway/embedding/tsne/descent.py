"""The descent: from a start to the layout, by gradient steps with momentum and gains."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from cutaway.parallel.pool import WorkerPool
from cutaway.parallel.ranges import ranges
from cutaway.progress import Progress, ProgressCallback, ignore_progress

from .grid import size_for, spacing_for
from .kernels.attraction import Graph, attractive_forces, kl_terms
from .kernels.exact import exact_repulsive_forces
from .kernels.gradient_step import step
from .kernels.repulsion import InterpolationGrid, repulsive_forces
from .order import SortedPoints
from .schedule import EXACT, Phase

# All pairs are quicker than a grid also where there are fewer points than this for a node along each side of the
# transform: 4,000 points in a layout 240 wide have 10, and take 1.5 ms in pairs, 1.2 through the grid; in one 600 wide
# 1.8 ms against 11.
SPARSE = 11
# No step is longer than this, in units of the layout.
LONGEST_STEP = 5.0
# Iterations between two looks at the KL divergence, each of which costs about one.
LOOK = 50
# Points whose affinities are looked at then, always the same: 20,000 of 70,000 tell KL to 0.01, and its fall better.
LOOKED = 20_000
# At most this many frames a second are copied for a watcher.
FRAME_SECONDS = 0.1
# Iterations before which the points are sorted by place: the layout changes much at first, little later. A sort of
# 70,000 points takes 27 ms, as long as four iterations.
RESORT = frozenset((10, 75, 130, 260, 600, 1200))


@dataclass(frozen=True, eq=False)
class Frame:
    """The layout on its way.

    Attributes:
        xy: float32 (n, 2), a copy in the caller's order.
        iteration: Steps done so far.
        phase: "start", or the name of the `Phase`.
        kl_divergence: As last estimated, in nats; None before the first look, which comes after 50 iterations.
    """

    xy: np.ndarray
    iteration: int
    phase: str
    kl_divergence: float | None


Watch = Callable[[Frame], bool | None]
"""Looks at a `Frame`; False, StopIteration or KeyboardInterrupt ends the work and keeps what is there."""


def declines(watch: Watch | None, frame: Frame) -> bool:
    """Show a frame and return whether the watcher has seen enough."""
    try:
        return watch is not None and watch(frame) is False
    except (KeyboardInterrupt, StopIteration):
        return True


@dataclass(frozen=True, eq=False)
class Descent:
    """Where the descent ended.

    Attributes:
        xy: float32 (n, 2), centered on 0, in the caller's order.
        iterations: Steps done.
        stopped: "iterations" (all were done), "converged" or "interrupted" (by the watcher or Ctrl-C).
        history: Iteration and KL divergence of each look.
        nodes: Side of the last grid; 0 when all pairs were summed.
        spacing: Distance of its nodes; 0 when all pairs were summed.
    """

    xy: np.ndarray
    iterations: int
    stopped: str
    history: tuple[tuple[int, float], ...]
    nodes: int
    spacing: float


class Motion:
    """The moving points and what acts on them."""

    def __init__(self, graph: Graph, start: np.ndarray, crew: WorkerPool, exact: int) -> None:
        self.places, self.crew = SortedPoints(graph, start), crew
        n = len(start)
        self.chunks = ranges(n, max(128, min(4096, n // 16)))
        self.size = self.chunks[0][1]
        self.pull, self.repulsive_forces = np.zeros((n, 2), np.float32), np.zeros((n, 2), np.float32)
        self.field = InterpolationGrid() if n > exact else None
        # how many points a node of the transform's side must stand for
        self.sparse = SPARSE if exact else 0
        self.gridded = False
        self.near = np.zeros(n)
        # a start on a line stays on it: rounding alone would push points off
        self.axes = np.array([np.ptp(start[:, axis]) > 0 for axis in range(2)], np.float32)
        self.bounds = np.empty((len(self.chunks), 4), np.float32)
        self.measure()
        self.normalization = 1.0
        # of many points some tell how the divergence falls, by chance, as their numbers may follow a pattern
        self.looked = np.zeros(n, bool)
        self.looked[np.random.default_rng(0).permutation(n)[:LOOKED]] = True

    def measure(self) -> None:
        """Take the bounds of the layout anew; `step` keeps them from there on. The grid must hold every point."""
        self.bounds[:] = np.concatenate([self.places.xy.min(axis=0), self.places.xy.max(axis=0)])

    def forces(self) -> None:
        """Compute both forces and Z where the points are."""
        places, field = self.places, self.field
        graph, xy, pull = (places.start, places.index, places.value), places.xy, self.pull
        low, high = self.bounds[:, :2].min(axis=0), self.bounds[:, 2:].max(axis=0)
        if field is not None:
            half = float((high - low).max()) / 2
            self.gridded = len(xy) > self.sparse * size_for(half, spacing_for(half, field.widest))
        if field is None or not self.gridded:
            x, y = np.ascontiguousarray(xy[:, 0]), np.ascontiguousarray(xy[:, 1])

            def both(low: int, high: int) -> None:
                attractive_forces(*graph, xy, pull, low, high)
                exact_repulsive_forces(x, y, self.repulsive_forces, self.near, low, high)

            self.crew.run(both, self.chunks)
            # points too far apart for float32 leave nothing
            self.normalization = max(float(self.near.sum()), float(np.finfo(np.float32).tiny))
            return
        join = self.crew.begin(lambda low, high: attractive_forces(*graph, xy, pull, low, high), self.chunks)
        # meanwhile this thread does what cannot be shared
        field.update(xy, low, high)
        join()
        self.normalization = field.normalization

    def step(self, phase: Phase) -> None:
        """Do one iteration."""
        self.forces()
        places, field = self.places, self.field
        weights = np.array([phase.exaggeration, 1 / self.normalization], np.float32)
        rates = np.array([*(phase.learning_rate * self.axes), phase.momentum, LONGEST_STEP], np.float32)
        moving = (places.xy, places.last, places.gains, self.pull, self.repulsive_forces, weights, rates)

        def move(low: int, high: int) -> None:
            if field is not None and self.gridded:
                repulsive_forces(*field.lattice, places.xy, self.repulsive_forces, low, high)
            step(*moving, self.bounds[low // self.size], low, high)

        self.crew.run(move, self.chunks)

    def divergence(self) -> float:
        """Estimate KL from the last Z and the affinities of at most ``LOOKED`` points."""
        places = self.places
        sums = np.empty((len(places.xy), 2))
        given = places.start, places.index, places.value, self.looked[places.order], places.xy, sums
        self.crew.run(lambda low, high: kl_terms(*given, low, high), self.chunks)
        terms, mass = sums.sum(axis=0)
        return float(terms / mass + np.log(self.normalization))


def descend(
    graph: Graph,
    start: np.ndarray,
    *,
    phases: tuple[Phase, ...],
    threads: int,
    watch: Watch | None = None,
    on_progress: ProgressCallback = ignore_progress,
    exact: int = EXACT,
) -> Descent:
    """Descend the KL divergence from ``start``.

    The same arguments give the same coordinates, whatever the number of threads.

    Args:
        graph: Symmetric joint affinities of n points.
        start: float32 (n, 2), finite.
        phases: What to do, one after the other, see `phases_for`.
        threads: How many work at it.
        watch: Sees frames at most ten times a second, and at the end.
        on_progress: Hears of the iterations done, ten times a second.
        exact: Up to this many points all pairs are summed; 0 never does.
    """
    with WorkerPool(threads) as crew:
        return Course(Motion(graph, start, crew, exact), phases, watch, on_progress).run()


class Course:
    """One descent under way: what was seen, and why it ends."""

    def __init__(
        self, motion: Motion, phases: tuple[Phase, ...], watch: Watch | None, on_progress: ProgressCallback
    ) -> None:
        self.motion, self.phases, self.watch, self.on_progress = motion, phases, watch, on_progress
        self.done, self.total = 0, sum(phase.iterations for phase in phases)
        self.history: list[tuple[int, float]] = []
        self.spoken = -np.inf

    def run(self) -> Descent:
        """Do all phases, or stop."""
        stopped = "iterations"
        try:
            for phase in self.phases:
                if phase.exaggeration == 1 and self.motion.places.recover():
                    self.motion.measure()
                if self._stretch(phase):
                    stopped = "converged"
            self._show(self.phases[-1].name, last=True)
        except KeyboardInterrupt:
            stopped = "interrupted"
        motion = self.motion
        grid = motion.field.grid if motion.field else None
        nodes, spacing = (grid.nodes, grid.spacing) if grid else (0, 0.0)
        return Descent(motion.places.given(), self.done, stopped, tuple(self.history), nodes, spacing)

    def _stretch(self, phase: Phase) -> bool:
        """Do one phase and return whether it converged."""
        first = len(self.history)
        for _ in range(phase.iterations):
            if self.motion.field and self.done in RESORT:
                self.motion.places.sort(self.motion.crew)
            self.motion.step(phase)
            self.done += 1
            if self.done % LOOK == 0:
                self.history.append((self.done, self.motion.divergence()))
                seen = [divergence for _, divergence in self.history[first:][-2:]]
                if len(seen) == 2 and 0 <= seen[0] - seen[1] < phase.tolerance * seen[0]:
                    return True
            self._show(phase.name)
        return False

    def _show(self, phase: str, *, last: bool = False) -> None:
        now = perf_counter()
        if not last and now - self.spoken < FRAME_SECONDS:
            return
        divergence = self.history[-1][1] if self.history else None
        note = f"{phase}" if divergence is None else f"{phase}  KL {divergence:.3f}"
        self.on_progress(Progress("t-SNE", self.done, self.total, "iterations", note))
        if self.watch and declines(self.watch, Frame(self.motion.places.given(), self.done, phase, divergence)):
            raise KeyboardInterrupt
        self.spoken = perf_counter()
