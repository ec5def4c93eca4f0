"""UMAP, if it is installed."""

import warnings

import numpy as np

from cutaway.checks import check_seed, check_whole
from cutaway.errors import Hint, UsageError
from cutaway.neighbors import nearest_neighbors, principal_scores
from cutaway.progress import Progress, ProgressCallback, ignore_progress

from .tsne.settings import PCA_COMPONENTS

MIN_DIST = 0.1
"""Least distance of near samples in the layout."""


def umap(
    h: np.ndarray,
    *,
    seed: int,
    neighbors: int = 15,
    on_progress: ProgressCallback = ignore_progress,
) -> np.ndarray:
    """Lay out samples with umap-learn, with exact neighbors and starting from the principal components.

    Neighbors are searched in up to 50 principal components, as for t-SNE.

    Args:
        h: float32 (sample, unit), checked, at least 4 rows, not all equal.
        seed: Random seed; the same seed gives the same coordinates, and umap-learn therefore works on one thread.
        neighbors: Number of neighbors of each sample, from 2 to n - 1.
        on_progress: Called with the progress of each stage.

    Returns:
        float32 (sample, 2).

    Raises:
        UsageError: umap-learn is not installed, or a setting is outside its range.

    Source: McInnes, Healy and Melville 2018.
    """
    try:
        with warnings.catch_warnings():
            # it warns that TensorFlow, which only its parametric variant needs, is missing
            warnings.simplefilter("ignore")
            from umap import UMAP
    except ImportError as error:
        raise UsageError(
            f"the package umap-learn is not installed ({error})",
            hint=Hint('pip install "cutaway[umap]", or pass {}', method="tsne"),
        ) from error
    seed, neighbors = check_seed(seed), check_whole(neighbors, name="neighbors", least=2, most=len(h) - 1)
    points = principal_scores(h, min(PCA_COMPONENTS, h.shape[1]))
    points = (points / points[:, 0].std()).astype(np.float32)
    near = nearest_neighbors(points, neighbors - 1, on_progress=on_progress)
    itself = np.arange(len(h), dtype=np.int32)[:, None]
    index = np.concatenate([itself, near.index], axis=1)
    far = np.concatenate([np.zeros((len(h), 1), np.float32), np.sqrt(near.squared)], axis=1)
    start = np.zeros((len(h), 2), np.float32)
    start[:, : points.shape[1]] = 10 * points[:, :2]
    on_progress(Progress("UMAP", 0, len(h), "samples"))
    with warnings.catch_warnings():
        # it warns that new samples cannot be placed later, which is not needed here
        warnings.simplefilter("ignore", UserWarning)
        engine = UMAP(
            n_neighbors=neighbors,
            min_dist=MIN_DIST,
            init=start,  # pyright: ignore[reportArgumentType]  # pyright infers str from the default
            random_state=seed,
            n_jobs=1,
            precomputed_knn=(index, far, None),  # pyright: ignore[reportArgumentType]
        )
        xy = np.asarray(engine.fit_transform(points), dtype=np.float32)
    on_progress(Progress("UMAP", len(h), len(h), "samples"))
    return xy
