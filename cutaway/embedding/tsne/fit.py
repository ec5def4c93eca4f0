"""t-SNE in the order of the paper: principal components, neighbors, affinities, initial layout, descent."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.checks import check_whole
from cutaway.errors import UsageError
from cutaway.neighbors import (
    Neighbors,
    PrincipalComponents,
    approximate_neighbors,
    nearest_neighbors,
    principal_points,
)
from cutaway.parallel import cpu_count
from cutaway.progress import ProgressCallback, ignore_progress

from .affinities import joint_affinities, neighbors_for, spectral_layout
from .layout_step import CANCELLATIONS, Callback, LayoutStep, asks_to_stop, stage
from .schedule import Phase, phases_for
from .settings import PCA_COMPONENTS, TSNESettings, initial_layout, initialization_name, make_settings, perplexities

if TYPE_CHECKING:
    from .descent import Descent

MOST_EXACT = 100_000
"""Samples up to which neighbors are exact: 1.3 s of t-SNE's 4 s at 70,000 samples; beyond, their time grows fastest."""

TRUSTED = 0.95
"""If at least this share of neighbors was found, the quality is measured by them, without a search of its own."""

DECLINED = {"iterations": 0, "stopped": "canceled"}
"""The report of a descent that did not begin."""


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What is near in the principal components, where t-SNE searches neighbors.

    Attributes:
        points: float32 (sample, component).
        squared: float32 (sample,), squared distance of the farthest of N nearest neighbors.
    """

    points: np.ndarray
    squared: np.ndarray

    @classmethod
    def of(cls, h: np.ndarray, neighbors: int, *, on_progress: ProgressCallback = ignore_progress) -> "Surroundings":
        """Search the neighbors of checked activations as `tsne` does; all other samples if there are fewer."""
        _, points = principal_points(h, min(PCA_COMPONENTS, h.shape[1]))
        near = nearest_neighbors(points, min(neighbors, len(h) - 1), on_progress=on_progress)
        return cls(points, near.squared[:, -1].copy())


@dataclass(frozen=True, eq=False)
class TSNEResult:
    """The result of `tsne`.

    Attributes:
        xy: float32 (sample, 2).
        settings: Every setting as it was used, and what the descent reports, ready for JSON; ``stopped`` is "canceled"
            if a callback ended it.
        seconds: Time of each stage: "pca", "neighbors", "affinities" and "optimize".
        kl_divergence: In nats; None if the descent, or its computation, was canceled.
        around: Affinities of the requested number of neighbors; None without such a request, or before the search.
        components: The map from rows to the principal components that were searched; None if the
            neighbors were given.
        points: float32 (sample, component), the samples there; None if the neighbors were given.
    """

    xy: np.ndarray
    settings: dict[str, Any]
    seconds: dict[str, float]
    kl_divergence: float | None
    around: Surroundings | None
    components: PrincipalComponents | None
    points: np.ndarray | None


def tsne(
    h: np.ndarray,
    settings: Mapping[str, Any],
    *,
    seed: int,
    on_progress: ProgressCallback = ignore_progress,
    callback: Callback | None = None,
    neighbors: int = 0,
    on_a_line: bool = False,
) -> TSNEResult:
    """Lay out checked activations by t-SNE.

    The principal components come first: up to 50 columns they preserve all distances, beyond that they remove noise. A
    cancellation during the descent, or when the KL divergence is computed after it, returns the coordinates reached so
    far.

    Args:
        h: float32 (sample, unit), checked, not all rows equal.
        settings: Names and values of `TSNESettings`.
        seed: Decides about a random initialization; nothing else is random.
        on_progress: Called with the progress of each stage.
        callback: Called with the layout on its way, for the first time right after the principal components.
        neighbors: The number of neighbors within `Surroundings.squared`; 0 for none. Affinities may need more or fewer.
        on_a_line: Whether samples are laid out on a line: second coordinates are then 0.

    Raises:
        UsageError: A setting is unknown or outside its range, or there are too few samples.
        DataError: The array of the initialization does not fit.

    Source: van der Maaten and Hinton 2008.
    """
    samples, columns = h.shape
    chosen = make_settings(settings, samples=samples)
    phases = phases_for(samples, chosen)
    wanted, seconds = min(PCA_COMPONENTS, columns), dict[str, float]()
    with stage("principal components", samples, unit="samples", part="pca", seconds=seconds, on_progress=on_progress):
        components, points = principal_points(h, wanted)
    start = _start(chosen, points, seed=seed, on_a_line=on_a_line)
    used = _used_settings(phases, chosen, samples, seed=seed) | {"pca_components": wanted}
    if start is not None and asks_to_stop(callback, LayoutStep(start.copy(), 0, "start", None)):
        return TSNEResult(start, used | DECLINED, seconds, None, None, components, points)
    # this import loads the compiled kernels, or compiles them: only after the settings were checked
    from cutaway.neighbors import compilation_progress

    with compilation_progress(on_progress):
        near, around, searched = _neighbors(points, chosen, neighbors, seconds=seconds, on_progress=on_progress)
        told: dict[str, Any] = {"seconds": seconds, "callback": callback, "on_progress": on_progress}
        xy, report, kl = _laid_out(near, start, chosen, phases, seed=seed, on_a_line=on_a_line, **told)
    return TSNEResult(xy, used | searched | report, seconds, kl, None if kl is None else around, components, points)


def tsne_of_neighbors(
    near: Neighbors,
    settings: Mapping[str, Any],
    *,
    seed: int,
    on_progress: ProgressCallback = ignore_progress,
    callback: Callback | None = None,
    on_a_line: bool = False,
) -> TSNEResult:
    """Lay out samples whose neighbors alone are known.

    Args:
        near: Neighbors of each sample, the nearest first, at least three times the perplexity.
        settings: See `tsne`; principal components cannot be the initialization here.
        seed: See `tsne`.
        on_progress: See `tsne`.
        callback: See `tsne`.
        on_a_line: See `tsne`.

    Raises:
        UsageError: A setting is unknown or outside its range, or there are too few samples or neighbors.
        DataError: The array of the initialization does not fit.

    Source: van der Maaten and Hinton 2008.
    """
    samples, known = near.index.shape
    chosen = make_settings(settings, samples=samples)
    phases, perplexity = phases_for(samples, chosen), max(perplexities(chosen.perplexity))
    k = neighbors_for(perplexity, samples)
    if known < k:
        raise UsageError(
            f"perplexity {perplexity:g} needs {k} neighbors of each sample, got {known}",
            hint=f"search {k} neighbors, or pass a perplexity of {max(1, known // 3)}",
        )
    if isinstance(chosen.init, str) and chosen.init == "pca":
        raise UsageError(
            "there are no principal components, as only distances are known",
            hint='pass "spectral", "random" or an array (sample, 2)',
        )
    start = _start(chosen, np.empty((samples, 0), np.float32), seed=seed, on_a_line=on_a_line)
    used, seconds = _used_settings(phases, chosen, samples, seed=seed), dict[str, float]()
    if start is not None and asks_to_stop(callback, LayoutStep(start.copy(), 0, "start", None)):
        return TSNEResult(start, used | DECLINED, seconds, None, None, None, None)
    from cutaway.neighbors import compilation_progress

    first = near.nearest(k)
    with compilation_progress(on_progress):
        told: dict[str, Any] = {"seconds": seconds, "callback": callback, "on_progress": on_progress}
        xy, report, kl = _laid_out([first], start, chosen, phases, seed=seed, on_a_line=on_a_line, **told)
    return TSNEResult(xy, used | report, seconds, kl, None, None, None)


def _start(chosen: TSNESettings, points: np.ndarray, *, seed: int, on_a_line: bool) -> np.ndarray | None:
    """Where samples start; None if that depends on their affinities."""
    if isinstance(chosen.init, str) and chosen.init == "spectral":
        return None
    start = initial_layout(chosen.init, points, seed=seed)
    return _on_line(start) if on_a_line else start


def _on_line(start: np.ndarray) -> np.ndarray:
    """A start with second coordinates of 0: no force then moves a sample off the line."""
    return start * np.array([1, 0], np.float32)


def _neighbors(
    points: np.ndarray,
    chosen: TSNESettings,
    wanted: int,
    *,
    seconds: dict[str, float],
    on_progress: ProgressCallback,
) -> tuple[list[Neighbors], Surroundings | None, dict[str, Any]]:
    """Search neighbors.

    Returns:
        A list, to be emptied by the caller which frees the arrays; the surroundings; and how neighbors were searched.
    """
    is_exact = chosen.neighbors == "exact" or (chosen.neighbors == "auto" and len(points) <= MOST_EXACT)
    k = neighbors_for(max(perplexities(chosen.perplexity)), len(points), approximate=not is_exact)
    recall = None
    with stage(
        "neighbors", len(points), unit="samples", part="neighbors", seconds=seconds, on_progress=ignore_progress
    ):
        if is_exact:
            near = nearest_neighbors(points, max(k, wanted), on_progress=on_progress)
        else:
            found = approximate_neighbors(points, k, more=max(wanted - k, 0), on_progress=on_progress)
            near, recall = found.near, found.recall
    is_known = wanted > 0 and (recall is None or recall >= TRUSTED)
    around = Surroundings(points, near.squared[:, wanted - 1].copy()) if is_known else None
    if wanted > k:
        near = near.nearest(k)
    return [near], around, {"neighbors": "exact" if is_exact else "approximate", "neighbors_recall": recall}


def _laid_out(
    near: list[Neighbors],
    start: np.ndarray | None,
    chosen: TSNESettings,
    phases: tuple[Phase, ...],
    *,
    seed: int,
    on_a_line: bool,
    seconds: dict[str, float],
    callback: Callback | None,
    on_progress: ProgressCallback,
) -> tuple[np.ndarray, dict[str, Any], float | None]:
    """Affinities and descent: coordinates, what the descent reports, and the KL divergence unless it was canceled."""
    from .descent import descend

    samples = len(near[0].index)
    timed: dict[str, Any] = {"unit": "samples", "seconds": seconds}
    with stage("affinities", samples, part="affinities", on_progress=ignore_progress, **timed):
        # popped, to be freed as soon as they are read: 50 MB at 70,000 samples
        affinities = [joint_affinities(near.pop(), perplexities(chosen.perplexity), on_progress=on_progress)]
    if start is None:
        with stage("eigenvectors", samples, part="eigenvectors", on_progress=on_progress, **timed):
            start = spectral_layout(affinities[0], seed=seed)
            start = _on_line(start) if on_a_line else start
        if asks_to_stop(callback, LayoutStep(start.copy(), 0, "start", None)):
            return start, DECLINED, None
    iterations, threads = sum(phase.iterations for phase in phases), threads_for(samples)
    with stage("t-SNE", iterations, unit="iterations", part="optimize", seconds=seconds, on_progress=ignore_progress):
        # without **, whose call would hold the affinities
        done = descend(
            affinities.pop(), start, phases=phases, threads=threads, callback=callback, on_progress=on_progress
        )
    report = descent_record(done, threads=threads)
    try:
        return done.xy, report, done.kl_divergence
    except CANCELLATIONS:  # the coordinates are complete, and took longer than the KL divergence
        return done.xy, report | {"stopped": "canceled"}, None


def threads_for(samples: int) -> int:
    """Number of threads that are worth using: handing work over takes 50 µs, as long as 500 samples."""
    return max(1, min(cpu_count(), samples // 500))


def descent_record(done: "Descent", *, threads: int) -> dict[str, Any]:
    """The report of a descent for `Layout.settings`, ready for JSON."""
    return {
        "iterations": done.iterations,
        "stopped": done.stopped,
        "repulsion": "grid" if done.nodes else "exact",
        "grid_nodes": done.nodes,
        "grid_spacing": done.spacing,
        "threads": threads,
    }


def _used_settings(phases: tuple[Phase, ...], chosen: TSNESettings, samples: int, *, seed: int) -> dict[str, Any]:
    early = [phase for phase in phases if phase.name == "early"]
    main = next(phase for phase in phases if phase.name == "main")
    return {
        "max_iter": sum(phase.iterations for phase in phases),
        "early_exaggeration": early[0].exaggeration,
        "early_exaggeration_iter": sum(phase.iterations for phase in early),
        "early_samples": early[0].samples or samples,
        "early_learning_rate": early[-1].learning_rate,
        "early_momentum": early[0].momentum,
        "exaggeration": main.exaggeration,
        "learning_rate": main.learning_rate,
        "momentum": main.momentum,
        "final_iter": sum(phase.iterations for phase in phases if phase.name == "final"),
        "tolerance": main.tolerance,
        "perplexity": chosen.perplexity,
        "init": initialization_name(chosen.init),
        "seed": seed,
        "engine": "cutaway",
    }


@contextmanager
def limited_threads(n_jobs: int | None) -> Iterator[None]:
    """Use N threads for a while, in what this thread starts: `cutaway.parallel.cpu_count` asks Numba.

    Args:
        n_jobs: At least 1; None or -1 for all. More than there are CPUs are not used.

    Raises:
        UsageError: It is not a number of threads.
    """
    if n_jobs is None or n_jobs == -1:
        yield
        return
    n_jobs = check_whole(n_jobs, name="n_jobs, unless it is -1 or None for all threads,", least=1)
    import numba

    library: Any = numba  # it has no types
    before = library.get_num_threads()
    library.set_num_threads(min(n_jobs, library.config.NUMBA_NUM_THREADS))
    try:
        yield
    finally:
        library.set_num_threads(before)
