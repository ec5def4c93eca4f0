"""t-SNE in the order of the paper: components, neighbors, affinities, start, descent."""

from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.checks import check_perplexity, check_whole
from cutaway.embedding.layout import stage
from cutaway.embedding.new_samples import COMPONENTS, principal_points
from cutaway.errors import UsageError
from cutaway.neighbors.exact import nearest_neighbors
from cutaway.progress import ProgressCallback

from .affinities import joint_affinities, kl_divergence, neighbors_for
from .schedule import EARLY_ITERATIONS, Phase, phases_for

if TYPE_CHECKING:
    from .descent import Descent, Watch

# Spread of the start: at this size all pairs repel alike, so the start decides where groups go and not how large.
START = 1e-4


def tsne(
    h: np.ndarray,
    *,
    perplexity: float,
    iterations: int,
    seed: int,
    seconds: dict[str, float],
    on_progress: ProgressCallback,
    frames: "Watch | None" = None,
) -> tuple[np.ndarray, dict[str, Any], float | None]:
    """Lay out checked activations and return xy, the settings used and the KL divergence.

    The principal components come first: up to 50 columns they keep all distances, beyond they cut the noise, and the
    first two are where the descent starts. An interrupt during the descent ends it, and what is there is returned;
    ``stopped`` in the settings tells it. Without a descent, or when it is interrupted after it, there is no KL
    divergence: None.

    Args:
        h: float32 (sample, unit), checked, not all rows alike.
        perplexity: Neighbors that each sample attends to, 1 or more, less than a third of the samples.
        iterations: Most steps, those of early exaggeration included (250; 60 for more than 4,000 samples).
        seed: Written down; nothing here is random.
        seconds: Filled with "pca", "neighbors", "affinities" and "optimize".
        on_progress: Hears of each part.
        frames: Sees the layout on its way, the first time right after the components; see `descent.Watch`.

    Raises:
        UsageError: A setting is outside its range, or there are too few samples.

    Source: van der Maaten and Hinton 2008; Kobak and Berens 2019 (start from PCA at a spread of 1e-4).
    """
    samples, columns = h.shape
    perplexity = check_fits(perplexity, samples=samples)
    # the first import loads kernels from their cache, or compiles: not before the settings are known to be right
    from . import descent as way

    iterations = check_whole(iterations, name="iterations", least=EARLY_ITERATIONS + 1)
    components = min(COMPONENTS, columns)
    phases = phases_for(samples, iterations)
    with stage("principal components", samples, unit="samples", part="pca", seconds=seconds, on_progress=on_progress):
        _, points = principal_points(h, components)
        start = np.zeros((samples, 2), np.float32)
        start[:, : min(2, components)] = START * (points[:, :2] - points[:, :2].mean(axis=0, dtype=np.float64))
    settings = {
        "perplexity": perplexity,
        "pca_components": components,
        "init": "pca",
        "seed": seed,
        "engine": "cutaway",
    }
    if way.declines(frames, way.Frame(start.copy(), 0, "start", None)):
        return start, settings | {"iterations": 0, "stopped": "interrupted"}, None
    with stage(
        "neighbors", samples, unit="samples", part="neighbors", seconds=seconds, on_progress=_inner(on_progress)
    ):
        near = [nearest_neighbors(points, neighbors_for(perplexity, samples), on_progress=on_progress)]
    with stage(
        "affinities", samples, unit="samples", part="affinities", seconds=seconds, on_progress=_inner(on_progress)
    ):
        # popped, so that they can go as soon as they are read: 50 MB at 70,000 samples
        graph = joint_affinities(near.pop(), perplexity, on_progress=on_progress)
    threads = threads_for(samples)
    with stage(
        "t-SNE", iterations, unit="iterations", part="optimize", seconds=seconds, on_progress=_inner(on_progress)
    ):
        done = way.descend(graph, start, phases=phases, threads=threads, watch=frames, on_progress=on_progress)
    settings |= _record(done, phases, threads=threads, iterations=iterations)
    try:
        return done.xy, settings, kl_divergence(graph, done.xy)
    except KeyboardInterrupt:
        # the layout is there, and took longer than what it lacks
        return done.xy, settings | {"stopped": "interrupted"}, None


def threads_for(samples: int) -> int:
    """How many threads pay: handing work over takes 50 µs, as long as 500 samples take."""
    from numba import get_num_threads

    return max(1, min(get_num_threads(), samples // 500))


def _inner(on_progress: ProgressCallback) -> ProgressCallback:
    """What reports its start and end itself is timed only."""
    return lambda _: None


def _record(done: "Descent", phases: tuple[Phase, ...], *, threads: int, iterations: int) -> dict[str, Any]:
    early, main = phases
    return {
        "iterations": done.iterations,
        "most_iterations": iterations,
        "stopped": done.stopped,
        "tolerance": main.tolerance,
        "early_iterations": early.iterations,
        "early_exaggeration": early.exaggeration,
        "early_learning_rate": early.learning_rate,
        "early_momentum": early.momentum,
        "learning_rate": main.learning_rate,
        "momentum": main.momentum,
        "repulsion": "grid" if done.nodes else "exact",
        "grid_nodes": done.nodes,
        "grid_spacing": done.spacing,
        "threads": threads,
    }


def check_fits(perplexity: float, *, samples: int) -> float:
    """Return ``perplexity`` as a float, 1 or more and less than a third of the samples.

    Raises:
        UsageError: It is outside that range.
    """
    perplexity = check_perplexity(perplexity)
    if samples <= 3 * perplexity:
        largest = (10 * samples - 1) // 3 / 10
        raise UsageError(
            "t-SNE needs more than 3 * perplexity samples",
            got=f"{samples} samples for perplexity {perplexity:g}",
            hint=f"pass perplexity={largest:g} or less, or take more samples",
        )
    return perplexity
