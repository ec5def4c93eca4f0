"""Warm start: laying out samples again, with preserved neighborhoods in their old places."""

from dataclasses import dataclass
from time import perf_counter

import numpy as np

from cutaway.checks import check_matrix
from cutaway.errors import DataError
from cutaway.neighbors import Neighbors, nearest_neighbors, principal_points
from cutaway.progress import ProgressCallback, ignore_progress

from .alignment import neighborhood, shared_neighbors
from .layout import Layout
from .method import check_activations
from .tsne.affinities import Affinities, joint_affinities, kl_divergence, neighbors_for
from .tsne.layout_step import stage
from .tsne.settings import PCA_COMPONENTS, check_perplexity_fits


@dataclass(frozen=True, eq=False)
class PreviousEmbedding:
    """The start of a warm start.

    Attributes:
        xy: float32 (n, 2), the previous layout.
        neighbors: int32 (n, k), the nearest neighbors in the previous activations, see `layer_neighbors`.
    """

    xy: np.ndarray
    neighbors: np.ndarray


@dataclass(frozen=True, eq=False)
class NextEmbedding:
    """A layout from a warm start, and the start of the next one.

    Attributes:
        layout: The layout, aligned with the previous one.
        neighbors: int32 (n, k), the nearest neighbors in these activations.
        preserved: float32 (n,), 0..1, share of each sample's previous neighbors that are its neighbors again.
    """

    layout: Layout
    neighbors: np.ndarray
    preserved: np.ndarray


def layer_neighbors(h: np.ndarray, *, on_progress: ProgressCallback = ignore_progress) -> np.ndarray:
    """Find the nearest neighbors for comparing activations with previous and next ones.

    They are searched in up to 50 principal components, as for t-SNE.

    Args:
        h: float32 (n, unit), finite, at least 4 samples, not all equal.
        on_progress: Called with the number of samples done.

    Returns:
        int32 (n, k), nearest first; k is 15, or a quarter of the samples if fewer.

    Raises:
        DataError: ``h`` is not such a matrix.
    """
    h = check_activations(h)
    _, points = principal_points(h, min(PCA_COMPONENTS, h.shape[1]))
    return nearest_neighbors(points, neighborhood(len(h)), on_progress=on_progress).index


def embed_next(
    h: np.ndarray,
    before: PreviousEmbedding,
    *,
    perplexity: float = 30.0,
    seed: int = 0,
    quick: bool = False,
    on_progress: ProgressCallback = ignore_progress,
) -> NextEmbedding:
    """Lay out the same samples by other activations, such as of another epoch or layer, from their old places.

    A sample that has at least 12 of its 15 previous nearest neighbors is held at its place by a weak spring; the others
    move freely. In the end the layout is rotated, reflected and shifted onto the previous one by the held samples; it
    is never scaled. If less than three quarters of all neighbors are preserved, most samples have to pass each other,
    which they cannot do at full size: the previous layout is shrunk to the width of the kernel, arranged again, and
    grows back with the help of the springs. Quality is not measured: that would double the time.

    If ``on_progress`` raises `Canceled` during the descent, the layout so far is returned, and
    ``layout.settings["stopped"]`` is "canceled".

    Args:
        h: float32 (n, unit), finite, not all rows equal; any number of units.
        before: Layout and neighbors of the same samples.
        perplexity: As for the previous layout.
        seed: Only reported; nothing here is random.
        quick: Whether a quarter of the iterations is enough, since another warm start follows soon and goes on from
            here, as on the map of a training that is watched.
        on_progress: Called with the progress of each stage.

    Raises:
        DataError: ``h`` is not a matrix of finite numbers, has only equal rows, or is of other samples than ``before``.
        UsageError: ``perplexity`` or ``seed`` is outside its range.

    Source: Rauber, Falcão and Telea 2016, equation 3 (the spring; which samples it holds is our own).
    """
    # loads the compiled kernels
    from cutaway.neighbors import compilation_progress

    from .springs import descend_with_springs

    start = perf_counter()
    h = check_activations(h)
    perplexity = check_perplexity_fits(perplexity, samples=len(h))
    _check_previous(h, before)
    seconds: dict[str, float] = {}
    with compilation_progress(on_progress):
        affinities, neighbors = _affinities(h, perplexity, seconds=seconds, on_progress=on_progress)
        preserved = shared_neighbors(before.neighbors, neighbors)
        xy, settings = descend_with_springs(
            affinities, before.xy, preserved, quick=quick, seconds=seconds, on_progress=on_progress
        )
    settings |= {"perplexity": perplexity, "init": "previous", "seed": seed, "engine": "cutaway"}
    kl = kl_divergence(affinities, xy)
    seconds["total"] = perf_counter() - start
    return NextEmbedding(Layout(xy, "tsne", settings, seconds, kl, quality=None), neighbors, preserved)


def _affinities(
    h: np.ndarray, perplexity: float, *, seconds: dict[str, float], on_progress: ProgressCallback
) -> tuple[Affinities, np.ndarray]:
    """Compute affinities, and the neighbors that are compared with previous and next ones."""
    n = len(h)
    with stage("principal components", n, unit="samples", part="pca", seconds=seconds, on_progress=on_progress):
        _, points = principal_points(h, min(PCA_COMPONENTS, h.shape[1]))
    k, compared = neighbors_for(perplexity, n), neighborhood(n)
    with stage("neighbors", n, unit="samples", part="neighbors", seconds=seconds, on_progress=ignore_progress):
        near = nearest_neighbors(points, max(k, compared), on_progress=on_progress)
    neighbors = near.index[:, :compared].copy()
    near = Neighbors(np.ascontiguousarray(near.index[:, :k]), np.ascontiguousarray(near.squared[:, :k]))
    with stage("affinities", n, unit="samples", part="affinities", seconds=seconds, on_progress=ignore_progress):
        return joint_affinities(near, perplexity, on_progress=on_progress), neighbors


def _check_previous(h: np.ndarray, before: PreviousEmbedding) -> None:
    xy = check_matrix(before.xy, name="coordinates")
    shapes = (len(h), 2), (len(h), neighborhood(len(h)))
    if (xy.shape, before.neighbors.shape) != shapes:
        raise DataError(
            f"the start must hold the same {len(h)} samples",
            got=f"coordinates {xy.shape} and neighbors {before.neighbors.shape}",
            hint="pass the previous layout, and layer_neighbors of its activations",
        )
    if np.ptp(xy, axis=0).max() == 0:
        raise DataError(
            "the start puts all samples at one place",
            hint="embed these activations on their own",
        )
