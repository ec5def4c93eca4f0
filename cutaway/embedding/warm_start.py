"""A further layout of samples that were laid out before: who kept its neighbors keeps its place."""

from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np

from cutaway.checks import check_matrix, check_seed
from cutaway.errors import DataError
from cutaway.neighbors.exact import Neighbors, nearest_neighbors
from cutaway.parallel.pool import WorkerPool
from cutaway.progress import ProgressCallback, ignore_progress

from .alignment import KEPT, aligned_rows, neighborhood, procrustes, shared_neighbors
from .layout import Layout, stage
from .method import check_activations
from .new_samples import COMPONENTS, principal_points
from .tsne import descent as way
from .tsne.affinities import Affinities, joint_affinities, kl_divergence, neighbors_for
from .tsne.fit import check_fits, threads_for
from .tsne.schedule import EARLY_ITERATIONS, EXACT, Phase, phases_for

# Chosen on the frames of benchmarks/alignment.py: 10,000 samples of MNIST, a hidden layer through 9 epochs and all
# layers at the last epoch.
# Below this mean share of neighbors kept the layout before is drawn together and arranged anew: without that KL is
# 10 % higher at 0.66, 20 % at 0.55 and 73 % at 0.29; above it, that costs places (0.18 of the drift of layouts alone at
# 0.80, instead of 0.04).
MIXED = 0.75
# Springs, in units of the affinity of one sample to all others, 1 / n: at first every sample is held, by its share of
# neighbors kept, which lets the layout grow to its old size; then those who kept theirs. A spring of 0.01 on these
# alone, from the start, tears clusters: KL rises by a third. With 3e-3 those who keep their neighbors from layer to
# layer, one in forty, drift by 0.23 of what they do between layouts alone, with 4e-3 by 0.18.
LOOSE, FIRM, STAY = 3e-4, 4e-3, 5e-4
# Below this share nothing of the order before is worth keeping, and a short early exaggeration comes first: without it
# KL of 600 digits in another order is 19 % above that alone, with it 3.4 %; of MNIST's output layer 5 % and 0.5 %.
LOST = 0.2
# Radius (root mean square) to which the layout before is drawn together to be arranged anew: the kernel's width, where
# every sample feels every other. From 1e-4, with a first layout's early exaggeration, it takes twice the iterations.
DRAWN = 1.0
# Distance of grid nodes at most: a further layout is as wide as the one before from the first step on, where transforms
# take half of the time; with 1.0 instead of 0.8 that is a third less, and KL rises by 0.4 %.
NODES = 1.0
# A layer of few units takes longer to unfold: arranged anew, where KL still fell by more than the first of these in 50
# iterations, the last phase goes on while it falls by more than the second, so many times at most.
FELL, FALLS, MORE = 0.05, 0.015, 8


@dataclass(frozen=True, eq=False)
class PreviousEmbedding:
    """What a further layout starts from.

    Attributes:
        xy: float32 (n, 2), the layout before.
        nearest: int32 (n, k), the nearest neighbors in its activations, see `layer_neighbors`.
    """

    xy: np.ndarray
    nearest: np.ndarray


@dataclass(frozen=True, eq=False)
class Following:
    """A further layout, and what it takes to go on from it.

    Attributes:
        layout: The coordinates, aligned with those before, and how they came about.
        nearest: int32 (n, k), the nearest neighbors in these activations.
        kept: float32 (n,), 0..1, share of each sample's nearest neighbors before that are its nearest again.
    """

    layout: Layout
    nearest: np.ndarray
    kept: np.ndarray


def layer_neighbors(h: np.ndarray, *, on_progress: ProgressCallback = ignore_progress) -> np.ndarray:
    """Find the nearest neighbors by which activations are compared with those before and after.

    They are sought among the principal components, up to 50, which t-SNE sees as well.

    Args:
        h: float32 (n, unit), finite, at least 4 samples, not all alike.
        on_progress: Hears of the samples done.

    Returns:
        int32 (n, k), nearest first; k is 15, or a quarter of few samples.

    Raises:
        DataError: ``h`` is no such matrix.
    """
    h = check_activations(h)
    _, points = principal_points(h, min(COMPONENTS, h.shape[1]))
    return nearest_neighbors(points, neighborhood(len(h)), on_progress=on_progress).index


def embed_next(
    h: np.ndarray,
    before: PreviousEmbedding,
    *,
    perplexity: float = 30.0,
    seed: int = 0,
    on_progress: ProgressCallback = ignore_progress,
) -> Following:
    """Lay out the same samples by other activations, those of another epoch or layer, starting from where they lie.

    Who kept at least 12 of its 15 nearest neighbors is held at its place by a weak spring, the others are free; at the
    end the layout is turned, mirrored and shifted onto the one before by those who kept theirs, never scaled. Where
    less than three quarters of all neighbors are there again, most samples have to pass each other, which they cannot
    do in a layout at its full size: the one before is drawn together to the width of the kernel, arranged anew, and
    drawn out again by the springs. Trust is not measured here: it would double the time of a frame.

    Args:
        h: float32 (n, unit), finite, not all rows alike; of any number of units.
        before: The layout and the neighbors of the same samples.
        perplexity: As of the layout before.
        seed: Written down; nothing here is random.
        on_progress: Hears of each part.

    Raises:
        DataError: ``h`` is no matrix of finite numbers, has only equal rows, or is of other samples than ``before``.
        UsageError: ``perplexity`` or ``seed`` is outside its range.
        KeyboardInterrupt: Ctrl-C; what was on its way is lost.

    Source: Rauber, Falcão and Telea 2016, equation 3 (the pull to the place before; whom it holds is our own).
    """
    start = perf_counter()
    h, seed = check_activations(h), check_seed(seed)
    perplexity = check_fits(perplexity, samples=len(h))
    _check_previous(h, before)
    seconds: dict[str, float] = {}
    graph, nearest = _graph(h, perplexity, seconds=seconds, on_progress=on_progress)
    kept = shared_neighbors(before.nearest, nearest)
    xy, settings = _settle(graph, before.xy, kept, seconds=seconds, on_progress=on_progress)
    settings |= {"perplexity": perplexity, "init": "previous", "seed": seed, "engine": "cutaway"}
    kl = kl_divergence(graph, xy)
    seconds["total"] = perf_counter() - start
    return Following(Layout(xy, "tsne", settings, seconds, kl, quality=None), nearest, kept)


def _graph(
    h: np.ndarray, perplexity: float, *, seconds: dict[str, float], on_progress: ProgressCallback
) -> tuple[Affinities, np.ndarray]:
    """Affinities, and the nearest neighbors that are compared between frames."""
    n = len(h)
    with stage("principal components", n, unit="samples", part="pca", seconds=seconds, on_progress=on_progress):
        _, points = principal_points(h, min(COMPONENTS, h.shape[1]))
    k, few = neighbors_for(perplexity, n), neighborhood(n)
    with stage("neighbors", n, unit="samples", part="neighbors", seconds=seconds, on_progress=ignore_progress):
        near = nearest_neighbors(points, max(k, few), on_progress=on_progress)
    nearest = near.index[:, :few].copy()
    near = Neighbors(np.ascontiguousarray(near.index[:, :k]), np.ascontiguousarray(near.squared[:, :k]))
    with stage("affinities", n, unit="samples", part="affinities", seconds=seconds, on_progress=ignore_progress):
        return joint_affinities(near, perplexity, on_progress=on_progress), nearest


def _check_previous(h: np.ndarray, before: PreviousEmbedding) -> None:
    xy = check_matrix(before.xy, name="coordinates")
    shapes = (len(h), 2), (len(h), neighborhood(len(h)))
    if (xy.shape, before.nearest.shape) != shapes:
        raise DataError(
            f"what a layout starts from is of the same {len(h)} samples",
            got=f"coordinates {xy.shape} and neighbors {before.nearest.shape}",
            hint="pass the layout before, and layer_neighbors of its activations",
        )
    if np.ptp(xy, axis=0).max() == 0:
        raise DataError(
            "a layout starts from places that differ", got="all samples at one place", hint="embed the first frame anew"
        )


class _Held(way.Motion):
    """Points that move, some of them on springs to where they lay before.

    Args:
        graph: Affinities of n points.
        start: float32 (n, 2), where they start.
        home: float32 (n, 2), where the springs end.
        springs: float32 (n,) by the name of a phase, 0 or more; phases without a name here have none.
        crew: The threads.
    """

    def __init__(
        self,
        graph: Affinities,
        start: np.ndarray,
        *,
        home: np.ndarray,
        springs: dict[str, np.ndarray],
        crew: WorkerPool,
    ) -> None:
        super().__init__(graph, start, crew, EXACT)
        self.home, self.springs = home, springs
        if self.field:
            self.field.widest = NODES
        self.now: tuple[Any, ...] = None, None, None, None

    def step(self, phase: Phase) -> None:
        """Do one iteration."""
        order = self.places.order
        if self.now[0] is not order or self.now[1] is not phase:
            springs = self.springs.get(phase.name)
            held = None if springs is None else springs[order, None]
            self.now = order, phase, held, self.home[order]
        super().step(phase)

    def forces(self) -> None:
        """Compute both forces, that of the springs within attraction, and Z where the points are."""
        super().forces()
        _, _, held, there = self.now
        if held is not None:
            self.pull += held * (self.places.xy - there)


def _settle(
    graph: Affinities, before: np.ndarray, kept: np.ndarray, *, seconds: dict[str, float], on_progress: ProgressCallback
) -> tuple[np.ndarray, dict[str, Any]]:
    """Descend from the layout before, align with it, and return float32 (n, 2) and the settings used."""
    n, held = len(before), (kept >= KEPT).astype(np.float32)
    home = np.ascontiguousarray(before - before.mean(axis=0, dtype=np.float64), dtype=np.float32)
    share, threads = float(kept.mean()), threads_for(n)
    anew = share < MIXED
    phases, more = _phases(n, share), MORE if anew else 0
    springs = {"arrange": kept * np.float32(LOOSE / n), "hold": held * np.float32((FIRM if anew else STAY) / n)}
    start = home * np.float32(DRAWN / np.sqrt(np.square(home).sum(axis=1).mean())) if anew else home
    total = sum(phase.iterations for phase in phases)
    with (
        stage("t-SNE", total, unit="iterations", part="optimize", seconds=seconds, on_progress=ignore_progress),
        WorkerPool(threads) as crew,
    ):
        motion = _Held(graph, start, home=home, springs=springs, crew=crew)
        done, iterations = _run(motion, phases, more=more, on_progress=on_progress)
        xy = procrustes(done.xy, before, rows=aligned_rows(kept))
    return xy, {
        "arranged": "anew" if anew else "as before",
        "neighbors_preserved": share,
        "held": float(held.mean()),
        "iterations": iterations,
        "most_iterations": total + more * way.LOOK,
        "tolerance": FALLS if anew else 0.0,
        "stopped": done.stopped,
        "phases": [vars(phase) for phase in phases],
        "springs": {"arrange": LOOSE, "hold": FIRM if anew else STAY},
        "repulsion": "grid" if done.nodes else "exact",
        "grid_nodes": done.nodes,
        "grid_spacing": done.spacing,
        "threads": threads,
    }


def _run(
    motion: _Held, phases: tuple[Phase, ...], *, more: int, on_progress: ProgressCallback
) -> tuple[way.Descent, int]:
    """Do all phases, and the last one up to ``more`` times again while KL falls; return the end and the iterations."""
    done = way.Course(motion, phases, None, on_progress).run()
    looks, iterations = [divergence for _, divergence in done.history], done.iterations
    again = replace(phases[-1], iterations=way.LOOK)
    for falls in (FELL, *(FALLS,) * (more - 1))[:more]:
        if done.stopped == "interrupted":
            break
        if looks[-2] - looks[-1] <= falls * looks[-2]:
            done = replace(done, stopped="converged")
            break
        done = way.Course(motion, (again,), None, on_progress).run()
        looks, iterations = [*looks, *(divergence for _, divergence in done.history)], iterations + done.iterations
    if done.stopped == "interrupted":
        raise KeyboardInterrupt
    return done, iterations


def _phases(samples: int, share: float) -> tuple[Phase, ...]:
    """Plan the way by the mean share of neighbors kept: rates as of a layout alone, see `phases_for`."""
    early, main = phases_for(samples, EARLY_ITERATIONS + 1)
    # the careful way of few samples moves at half the rate
    slower = 2 if samples <= EXACT else 1

    def part(name: str, iterations: int) -> Phase:
        return Phase(name, iterations * slower, 1.0, main.learning_rate, main.momentum)

    if share >= MIXED:
        return (part("hold", 100),)
    first = (replace(early, iterations=20 * slower),) if share < LOST else ()
    return (*first, part("arrange", 60), part("hold", 40))
