"""t-SNE in the order of the paper: principal components, neighbors, affinities, initial layout, descent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.embedding.stages import stage
from cutaway.neighbors import Neighbors, PrincipalComponents, nearest_neighbors, principal_points
from cutaway.parallel import cpu_count
from cutaway.progress import ProgressCallback, ignore_progress

from .affinities import Affinities, joint_affinities, kl_divergence, neighbors_for
from .iterate import CANCELLATIONS, Callback, Iterate, is_declined
from .schedule import Phase, phases_for
from .settings import PCA_COMPONENTS, initial_layout, initialization_name, make_settings

if TYPE_CHECKING:
    from .descent import Descent


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What is near in the principal components, in which t-SNE searches neighbors.

    Attributes:
        points: float32 (sample, component).
        squared: float32 (sample,), squared distance of the farthest of so many nearest neighbors.
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
    """What `tsne` found.

    Attributes:
        xy: float32 (sample, 2).
        settings: Every setting as it was used, and what the descent reports, ready for JSON; ``stopped`` is "canceled"
            where a callback ended it.
        seconds: Time of each stage: "pca", "neighbors", "affinities" and "optimize".
        kl_divergence: In nats; None where the descent, or its computation, was canceled.
        around: Of as many neighbors as were asked for; None where none were, or before they were searched.
        components: The map from rows to the principal components in which neighbors were searched.
        points: float32 (sample, component), the samples there.
    """

    xy: np.ndarray
    settings: dict[str, Any]
    seconds: dict[str, float]
    kl_divergence: float | None
    around: Surroundings | None
    components: PrincipalComponents
    points: np.ndarray


def tsne(
    h: np.ndarray,
    settings: Mapping[str, Any],
    *,
    seed: int,
    on_progress: ProgressCallback = ignore_progress,
    callback: Callback | None = None,
    neighbors: int = 0,
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
        start = initial_layout(chosen.initialization, points, seed=seed)
    used = _used_settings(phases, samples)
    used |= {"perplexity": float(chosen.perplexity), "initialization": initialization_name(chosen.initialization)}
    used |= {"pca_components": wanted, "seed": seed, "engine": "cutaway"}
    if is_declined(callback, Iterate(start.copy(), 0, "start", None)):
        stopped = used | {"iterations": 0, "stopped": "canceled"}
        return TSNEResult(start, stopped, seconds, None, None, components, points)
    # these imports load the compiled kernels, or compile them: only after the settings were checked
    from cutaway.neighbors import compilation_progress

    perplexity = float(chosen.perplexity)
    with compilation_progress(on_progress):
        affinities, around = _affinities(points, perplexity, neighbors, seconds=seconds, on_progress=on_progress)
        from .descent import descend

        n_iter, threads = sum(phase.iterations for phase in phases), threads_for(samples)
        with stage("t-SNE", n_iter, unit="iterations", part="optimize", seconds=seconds, on_progress=ignore_progress):
            done = descend(
                affinities, start, phases=phases, threads=threads, callback=callback, on_progress=on_progress
            )
        used |= descent_record(done, threads=threads)
        try:
            kl = kl_divergence(affinities, done.xy)
        except CANCELLATIONS:
            # the coordinates are complete, and took longer than the KL divergence
            used, kl, around = used | {"stopped": "canceled"}, None, None
        return TSNEResult(done.xy, used, seconds, kl, around, components, points)


def threads_for(samples: int) -> int:
    """Number of threads that are worth using: handing work over takes 50 µs, as long as 500 samples."""
    return max(1, min(cpu_count(), samples // 500))


def descent_record(done: "Descent", *, threads: int) -> dict[str, Any]:
    """What a descent reports in `Layout.settings`, ready for JSON."""
    return {
        "iterations": done.iterations,
        "stopped": done.stopped,
        "repulsion": "grid" if done.nodes else "exact",
        "grid_nodes": done.nodes,
        "grid_spacing": done.spacing,
        "threads": threads,
    }


def _affinities(
    points: np.ndarray, perplexity: float, wanted: int, *, seconds: dict[str, float], on_progress: ProgressCallback
) -> tuple[Affinities, Surroundings | None]:
    """Search neighbors and compute their affinities; both functions report start and end themselves."""
    samples, k = len(points), neighbors_for(perplexity, len(points))
    with stage("neighbors", samples, unit="samples", part="neighbors", seconds=seconds, on_progress=ignore_progress):
        near = [nearest_neighbors(points, max(k, wanted), on_progress=on_progress)]
    around = Surroundings(points, near[0].squared[:, wanted - 1].copy()) if wanted else None
    if wanted > k:
        near = [Neighbors(*(np.ascontiguousarray(each[:, :k]) for each in (near[0].index, near[0].squared)))]
    with stage("affinities", samples, unit="samples", part="affinities", seconds=seconds, on_progress=ignore_progress):
        # popped, so that they can be freed as soon as they were read: 50 MB at 70,000 samples
        return joint_affinities(near.pop(), perplexity, on_progress=on_progress), around


def _used_settings(phases: tuple[Phase, ...], samples: int) -> dict[str, Any]:
    early = [phase for phase in phases if phase.name == "early"]
    main = next(phase for phase in phases if phase.name == "main")
    return {
        "n_iter": sum(phase.iterations for phase in phases),
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
    }
