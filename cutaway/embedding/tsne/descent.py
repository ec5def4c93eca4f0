"""The descent: from the initial layout to the final one, by gradient steps with momentum and gains."""

from dataclasses import dataclass
from time import perf_counter

import numpy as np

from cutaway.parallel import WorkerPool
from cutaway.progress import Progress, ProgressCallback, ignore_progress

from .affinities import Affinities
from .iterate import CANCELLATIONS, Callback, Iterate, is_declined
from .optimizer import OptimizerState
from .schedule import EXACT, Phase

# Iterations between two estimates of the KL divergence; an estimate takes about as long as one iteration.
KL_INTERVAL = 50
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
        history: Iteration and estimated KL divergence, every 50 iterations.
        nodes: Nodes along each side of the last grid; 0 if forces were summed over all pairs.
        spacing: Distance of its nodes; 0 if forces were summed over all pairs.
    """

    xy: np.ndarray
    iterations: int
    stopped: str
    history: tuple[tuple[int, float], ...]
    nodes: int
    spacing: float


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

    The same arguments give the same coordinates, for any number of threads. If the callback returns False or raises
    StopIteration, or if one of the two functions raises `Canceled`, the descent ends with the coordinates so far.

    Args:
        affinities: Of n points.
        start: float32 (n, 2), finite.
        phases: The phases in order, see `phases_for`.
        threads: Number of threads.
        callback: Called with an `Iterate` at most ten times a second, and at the end.
        on_progress: Called with the number of iterations at the start, at most ten times a second, and at the end.
        exact: Up to this many points, forces are summed over all pairs; 0 means never.
    """
    with WorkerPool(threads) as pool:
        return Optimizer(OptimizerState(affinities, start, pool=pool, exact=exact), phases, callback, on_progress).run()


class Optimizer:
    """Runs the phases of one descent, and keeps what is reported of it."""

    def __init__(
        self,
        state: OptimizerState,
        phases: tuple[Phase, ...],
        callback: Callback | None,
        on_progress: ProgressCallback,
    ) -> None:
        self.state, self.phases, self.callback, self.on_progress = state, phases, callback, on_progress
        self.done, self.total = 0, sum(phase.iterations for phase in phases)
        self.history: list[tuple[int, float]] = []
        self._reported = -np.inf

    def run(self) -> Descent:
        """Run all phases, or until canceled."""
        stopped = "iterations"
        try:
            self.on_progress(Progress("t-SNE", 0, self.total, "iterations"))
            for phase in self.phases:
                self.state.recover()
                if self._run_phase(phase):
                    stopped = "converged"
            self.total = self.done
            self._report(self.phases[-1].name, last=True)
        except CANCELLATIONS:
            stopped = "canceled"
        grid = self.state.grid.grid if self.state.grid else None
        nodes, spacing = (grid.nodes, grid.spacing) if grid else (0, 0.0)
        xy = self.state.points.in_given_order()
        return Descent(xy, self.done, stopped, tuple(self.history), nodes, spacing)

    def _run_phase(self, phase: Phase) -> bool:
        """Run one phase and return whether it converged."""
        first = len(self.history)
        for _ in range(phase.iterations):
            if self.state.grid and self.done in SORT_ITERATIONS:
                self.state.points.sort(self.state.pool)
            self.state.step(phase)
            self.done += 1
            if self.done % KL_INTERVAL == 0:
                self.history.append((self.done, self.state.estimate_kl()))
                latest = [kl for _, kl in self.history[first:][-2:]]
                if len(latest) == 2 and 0 <= latest[0] - latest[1] < phase.tolerance * latest[0]:
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
        if self.callback and is_declined(
            self.callback, Iterate(self.state.points.in_given_order(), self.done, phase, kl)
        ):
            if not last:
                self.on_progress(Progress("t-SNE", self.done, self.done, "iterations", f"{note}  stopped"))
            raise StopIteration
        self._reported = perf_counter()
