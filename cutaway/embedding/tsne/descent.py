"""The descent: from the initial layout to the final one, by gradient steps with momentum and gains."""

from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from cutaway.parallel import WorkerPool
from cutaway.progress import Progress, ProgressCallback, ignore_progress

from .affinities import Affinities, kl_divergence
from .layout_step import CANCELLATIONS, Callback, LayoutStep, asks_to_stop
from .optimizer import OptimizerState
from .schedule import EXACT, Phase
from .subsample import Subsample, spread_steps

# Iterations between two estimates of the KL divergence; an estimate takes about as long as one iteration.
KL_INTERVAL = 25
# Iterations over which a fall of the KL divergence is judged: over 25 it is as much noise as fall.
KL_WINDOW = 50
# Least time between two reports, and two calls of the callback, which copies the layout.
REPORT_SECONDS = 0.1
# Iterations before which the points are sorted by position: the layout changes much at first and little later. Sorting
# 70,000 points takes 27 ms, as long as four iterations.
SORT_ITERATIONS = frozenset((10, 75, 130, 260, 600, 1200))


@dataclass(frozen=True, eq=False)
class Descent:
    """The end of a descent.

    Attributes:
        xy: float32 (n, 2), centered on 0, in the order of the samples.
        iterations: Iterations done.
        stopped: "iterations" (all were done), "converged" or "canceled" (by the callback or by `Canceled`).
        history: Iteration and estimated KL divergence, every 25 iterations with all points.
        nodes: Nodes along each side of the last grid; 0 if forces were summed over all pairs.
        spacing: Distance of its nodes; 0 if forces were summed over all pairs.
        affinities: Affinities of the points in ``order``.
        order: int32 (n,), the points as they were sorted at the end.
    """

    xy: np.ndarray
    iterations: int
    stopped: str
    history: tuple[tuple[int, float], ...]
    nodes: int
    spacing: float
    affinities: Affinities
    order: np.ndarray

    @property
    def kl_divergence(self) -> float:
        """The KL divergence, see `cutaway.embedding.tsne.affinities.kl_divergence`."""
        return kl_divergence(self.affinities, self.xy[self.order])


def descend(
    affinities: Affinities,
    start: np.ndarray,
    *,
    phases: tuple[Phase, ...],
    threads: int,
    callback: Callback | None = None,
    on_progress: ProgressCallback = ignore_progress,
    exact: int = EXACT,
) -> Descent:
    """Minimize the KL divergence from ``start`` on.

    The same arguments give the same coordinates, for any number of threads. If the callback returns True or raises
    StopIteration, or if one of the two functions raises `Canceled`, the descent ends with the coordinates so far.

    Args:
        affinities: Affinities of n points.
        start: float32 (n, 2), finite.
        phases: The phases in order, see `phases_for`.
        threads: Number of threads.
        callback: Called with a `LayoutStep` at most ten times a second, and at the end.
        on_progress: Called with the number of iterations at the start, at most ten times a second, and at the end.
        exact: Up to this many points, forces are summed over all pairs; 0 means never.
    """
    with WorkerPool(threads) as pool:
        before = 0
        if phases[0].samples:
            sampled, phases = phases[0], phases[1:]
            after = sum(phase.iterations for phase in phases)
            subsample = Subsample.of(affinities, sampled.samples)
            state = OptimizerState(subsample.affinities, start[subsample.rows], pool=pool, exact=exact)
            everywhere = callback and spread_steps(subsample, callback)
            done = Optimizer(state, (sampled,), everywhere, on_progress, after=after).run()
            start, before = subsample.spread(done.xy), done.iterations
            if done.stopped == "canceled":
                return replace(done, xy=start, affinities=affinities, order=np.arange(len(start), dtype=np.int32))
            del subsample, state, everywhere, done
        state = OptimizerState(affinities, start, pool=pool, exact=exact)
        del affinities  # with the subsample: sorting can then free the unsorted copy, 700 MB at 1,000,000 points
        return Optimizer(state, phases, callback, on_progress, before=before).run()


def fall_of_kl(history: list[float]) -> float | None:
    """How much the KL divergence fell, as a share, in the last ``KL_WINDOW`` iterations; None after fewer.

    Args:
        history: The KL divergence every ``KL_INTERVAL`` iterations.
    """
    back = KL_WINDOW // KL_INTERVAL
    return None if len(history) <= back else 1 - history[-1] / history[-1 - back]


class Optimizer:
    """Runs the phases of one descent, and keeps its record.

    Args:
        state: The points on their way.
        phases: The phases in order.
        callback: See `descend`.
        on_progress: See `descend`.
        before: Number of iterations done before, which count in reports.
        after: Iterations that come after, likewise.
    """

    def __init__(
        self,
        state: OptimizerState,
        phases: tuple[Phase, ...],
        callback: Callback | None,
        on_progress: ProgressCallback,
        *,
        before: int = 0,
        after: int = 0,
    ) -> None:
        self.state, self.phases, self.callback, self.on_progress = state, phases, callback, on_progress
        self.before, self.after = before, after
        self.done, self.total = before, before + sum(phase.iterations for phase in phases) + after
        self.history: list[tuple[int, float]] = []
        self._reported = -np.inf

    def run(self) -> Descent:
        """Run all phases, or until canceled."""
        stopped = "iterations"
        try:
            self.on_progress(Progress("t-SNE", self.done, self.total, "iterations"))
            for phase in self.phases:
                self.state.recover()
                if self._run_phase(phase):
                    stopped = "converged"
            self.total = self.total if self.after else self.done
            self._report(self.phases[-1].name, last=True)
        except CANCELLATIONS:
            stopped = "canceled"
        grid = self.state.grid.grid if self.state.grid else None
        nodes, spacing = (grid.nodes, grid.spacing) if grid else (0, 0.0)
        points = self.state.points
        graph, xy = Affinities(points.start, points.index, points.value), points.in_given_order()
        return Descent(xy, self.done, stopped, tuple(self.history), nodes, spacing, graph, points.order)

    def _run_phase(self, phase: Phase) -> bool:
        """Run one phase and return whether it converged."""
        first = len(self.history)
        for _ in range(phase.iterations):
            if self.state.grid and self.done - self.before in SORT_ITERATIONS:
                self.state.points.sort(self.state.pool)
            self.state.step(phase)
            self.done += 1
            if self.done % KL_INTERVAL == 0 and not phase.samples:
                self.history.append((self.done, self.state.estimate_kl()))
                fall = fall_of_kl([kl for _, kl in self.history[first:]])
                if fall is not None and 0 <= fall < phase.tolerance:
                    return True
            self._report(phase.name)
        return False

    def _report(self, phase: str, *, last: bool = False) -> None:
        """Call ``on_progress`` and the callback, unless they were called just before.

        Raises:
            StopIteration: The callback asks to stop.
        """
        now = perf_counter()
        if not last and now - self._reported < REPORT_SECONDS:
            return
        kl = self.history[-1][1] if self.history else None
        note = phase if kl is None else f"{phase}  KL {kl:.3f}"
        # what has converged ends there, and so does its bar
        self.on_progress(Progress("t-SNE", self.done, self.total, "iterations", note))
        if self.callback and asks_to_stop(
            self.callback, LayoutStep(self.state.points.in_given_order(), self.done, phase, kl)
        ):
            if not last:
                self.on_progress(Progress("t-SNE", self.done, self.done, "iterations", f"{note}  stopped"))
            raise StopIteration
        self._reported = perf_counter()
