"""The descent of a warm start, with springs that hold samples at their previous places.

Loaded by the first warm start, because it loads Numba.
"""

from dataclasses import asdict, replace
from typing import Any

import numpy as np

from cutaway.parallel import WorkerPool
from cutaway.progress import ProgressCallback, ignore_progress

from .alignment import PRESERVED, aligned_rows, procrustes
from .tsne.affinities import Affinities
from .tsne.descent import KL_WINDOW, Descent, Optimizer, fall_of_kl
from .tsne.fit import descent_record, threads_for
from .tsne.layout_step import stage
from .tsne.optimizer import OptimizerState
from .tsne.schedule import EXACT, Phase, phases_for
from .tsne.settings import TSNESettings

# All values were chosen on the sequences of benchmarks/alignment.py: 10,000 samples of MNIST, a hidden layer through 9
# epochs, and all layers at the last epoch.
# Below this mean share of preserved neighbors, the previous layout is shrunk and arranged again: otherwise KL is 10%
# higher at 0.66, 20% at 0.55 and 73% at 0.29. Above it, arranging again would move samples more (0.18 of the drift of
# independent layouts at 0.80, instead of 0.04).
MIN_PRESERVED = 0.75
# Stiffness of springs, in units of the affinity of one sample to all others, 1 / n. While the layout is arranged, each
# sample is held in proportion to its preserved neighbors, which lets the layout grow to its previous size; then samples
# with preserved neighborhoods are held. A stiffness of 0.01 on these alone, from the start, tears clusters: KL rises by
# a third. With 3e-3, samples that preserve their neighbors from layer to layer, one in forty, drift by 0.23 of what
# they do between independent layouts; with 4e-3 by 0.18.
ARRANGE_STIFFNESS, HOLD_AFTER_ARRANGE_STIFFNESS, HOLD_STIFFNESS = 3e-4, 4e-3, 5e-4
# Below this mean share of preserved neighbors, the order of the previous layout is useless, and a short early
# exaggeration comes first: without it, KL of 600 digits in another order is 19% above an independent layout,
# with it 3.4%; for the output layer of MNIST 5% and 0.5%.
MIN_RELATED = 0.2
# Radius (root mean square) to which the previous layout is shrunk to be arranged again: the width of the kernel, at
# which all samples interact. From 1e-4, with the usual early exaggeration, it takes twice as many iterations.
SHRUNK_RADIUS = 1.0
# Largest distance of grid nodes: the layout has its full width from the first iteration on, and transforms take half
# the time; with 1.0 instead of 0.8 that is a third less, and KL rises by 0.4%.
GRID_SPACING = 1.0
# A layer with few units takes longer to unfold. After arranging again, the last phase is extended by 50 iterations if
# KL fell by more than the first share in the last 50, then while it falls by more than the second, this many times at
# most.
FIRST_EXTENSION_TOLERANCE, EXTENSION_TOLERANCE, MAX_EXTENSIONS = 0.05, 0.015, 8
# A quick layout does one of this many iterations. Of 1,000 digits after each of 20 epochs, KL is then 0.52 instead of
# 0.53 after the first, and 0.36 instead of 0.33 after the last.
QUICK = 4


class AnchoredState(OptimizerState):
    """An optimizer state with springs that hold samples near their anchors.

    Args:
        affinities: Affinities of n points.
        start: float32 (n, 2), the initial layout.
        anchors: float32 (n, 2), where the springs end.
        stiffness: float32 (n,) by the name of a phase, 0 or more; other phases have no springs.
        pool: The threads.
    """

    def __init__(
        self,
        affinities: Affinities,
        start: np.ndarray,
        *,
        anchors: np.ndarray,
        stiffness: dict[str, np.ndarray],
        pool: WorkerPool,
    ) -> None:
        super().__init__(affinities, start, pool=pool, exact=EXACT, spacing=GRID_SPACING)
        self._anchors, self._stiffness = anchors, stiffness
        # order and phase of the next two
        self._current: tuple[np.ndarray | None, Phase | None] = None, None
        self._sorted_anchors, self._sorted_stiffness = anchors, None

    def step(self, phase: Phase) -> None:
        """Do one iteration."""
        order = self.points.order
        if self._current[0] is not order or self._current[1] is not phase:
            stiffness = self._stiffness.get(phase.name)
            self._current, self._sorted_anchors = (order, phase), self._anchors[order]
            self._sorted_stiffness = None if stiffness is None else stiffness[order, None]
        super().step(phase)

    def compute_forces(self) -> None:
        """Compute Z and both forces; the forces of the springs are added to the attractive forces."""
        super().compute_forces()
        if self._sorted_stiffness is not None:
            self.attraction += self._sorted_stiffness * (self.points.xy - self._sorted_anchors)


def descend_with_springs(
    affinities: Affinities,
    before: np.ndarray,
    preserved: np.ndarray,
    *,
    quick: bool,
    seconds: dict[str, float],
    on_progress: ProgressCallback,
) -> tuple[np.ndarray, dict[str, Any]]:
    """Descend from the previous layout, align the result with it, and return float32 (n, 2) and the settings used.

    Args:
        affinities: Affinities of n samples.
        before: float32 (n, 2), the previous layout.
        preserved: float32 (n,), 0..1, share of each sample's neighbors that are preserved.
        quick: Whether to do a quarter of the iterations, and no more than these.
        seconds: Filled with "optimize".
        on_progress: Called with the number of iterations.
    """
    n, held = len(before), (preserved >= PRESERVED).astype(np.float32)
    anchors = np.ascontiguousarray(before - before.mean(axis=0, dtype=np.float64), dtype=np.float32)
    share, threads = float(preserved.mean()), threads_for(n)
    rearrange = share < MIN_PRESERVED
    phases, extensions = _phases(n, share), MAX_EXTENSIONS if rearrange else 0
    if quick:
        phases, extensions = tuple(replace(each, iterations=each.iterations // QUICK) for each in phases), 0
    arrange, hold = ARRANGE_STIFFNESS, HOLD_AFTER_ARRANGE_STIFFNESS if rearrange else HOLD_STIFFNESS
    stiffness = {"arrange": preserved * np.float32(arrange / n), "hold": held * np.float32(hold / n)}
    start = anchors
    if rearrange:
        start = anchors * np.float32(SHRUNK_RADIUS / np.sqrt(np.square(anchors).sum(axis=1).mean()))
    total = sum(phase.iterations for phase in phases)
    with (
        stage("t-SNE", total, unit="iterations", part="optimize", seconds=seconds, on_progress=ignore_progress),
        WorkerPool(threads) as pool,
    ):
        state = AnchoredState(affinities, start, anchors=anchors, stiffness=stiffness, pool=pool)
        done = _run(state, phases, extensions=extensions, on_progress=on_progress)
        xy = procrustes(done.xy, before, rows=aligned_rows(preserved))
    return xy, descent_record(done, threads=threads) | {
        "arranged": "again" if rearrange else "as before",
        "neighbors_preserved": share,
        "held": float(held.mean()),
        "max_iter": total + extensions * KL_WINDOW,
        "tolerance": EXTENSION_TOLERANCE if rearrange else 0.0,
        "phases": [asdict(phase) for phase in phases],
        "stiffness": {"arrange": arrange, "hold": hold},
    }


def _run(state: AnchoredState, phases: tuple[Phase, ...], *, extensions: int, on_progress: ProgressCallback) -> Descent:
    """Run all phases, and extend the last one up to ``extensions`` times while KL falls."""
    done = Optimizer(state, phases, None, on_progress).run()
    history, iterations = [kl for _, kl in done.history], done.iterations
    extension = replace(phases[-1], iterations=KL_WINDOW)
    for tolerance in (FIRST_EXTENSION_TOLERANCE, *(EXTENSION_TOLERANCE,) * (extensions - 1))[:extensions]:
        if done.stopped == "canceled":
            break
        fall = fall_of_kl(history)
        if fall is not None and fall <= tolerance:
            done = replace(done, stopped="converged")
            break
        done = Optimizer(state, (extension,), None, on_progress).run()
        history, iterations = [*history, *(kl for _, kl in done.history)], iterations + done.iterations
    return replace(done, iterations=iterations)


def _phases(samples: int, share: float) -> tuple[Phase, ...]:
    """Choose the phases by the mean share of preserved neighbors; learning rates are as in an independent layout."""
    early, main = phases_for(samples, TSNESettings(early_samples=samples, final_iter=0))
    # few samples have half the learning rate
    factor = 2 if samples <= EXACT else 1

    def phase(name: str, iterations: int) -> Phase:
        return Phase(name, iterations * factor, 1.0, main.learning_rate, main.momentum)

    if share >= MIN_PRESERVED:
        return (phase("hold", 100),)
    first = (replace(early, iterations=20 * factor),) if share < MIN_RELATED else ()
    return (*first, phase("arrange", 60), phase("hold", 40))
