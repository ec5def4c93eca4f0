"""Two further methods: Fisher's linear discriminants, and UMAP if it is installed."""

import warnings

import numpy as np

from cutaway.checks import check_seed, check_whole
from cutaway.errors import DataError, UsageError
from cutaway.neighbors import CenteredMatrix, nearest_neighbors, principal_scores, with_fixed_sign
from cutaway.progress import Progress, ProgressCallback, ignore_progress

from .tsne.settings import PCA_COMPONENTS

# This share of the mean variance of a unit is added to each variance within the classes. Without it, a unit that is
# constant within each class would be divided by 0.
SHRINKAGE = 1e-3


def lda(h: np.ndarray, labels: np.ndarray, *, components: int = 2) -> np.ndarray:
    """Project on the directions in which class means differ most, relative to the deviations within classes.

    The scatter within classes is regularized by ``SHRINKAGE`` times the mean variance of a unit. In each component the
    column with the largest weight counts positively.

    Args:
        h: float32 (sample, unit), checked, not all rows equal.
        labels: (sample,), the class of each sample, numbers or text.
        components: How many to return, less than the number of classes and at most the number of units.

    Returns:
        float32 (sample, components), centered on 0, best separation first; the variance within classes is 1, or less
        where the regularization matters.

    Raises:
        DataError: ``labels`` is not one class for each sample.
        UsageError: There are too few classes or units for ``components``.

    Source: Rao 1948 (several classes); Friedman 1989, equation 18 (shrinkage toward a multiple of the identity).
    """
    from scipy.linalg import solve_triangular

    labels = np.asarray(labels)
    if labels.shape != (len(h),):
        raise DataError(
            "labels are one class for each sample",
            got=f"the shape {labels.shape} for {len(h)} samples",
            hint="pass one class number for each sample, for example one_hot.argmax(axis=1)",
        )
    names, member, counts = np.unique(labels, return_inverse=True, return_counts=True)
    components = check_whole(components, name="components", least=1)
    if components >= len(names) or components > h.shape[1]:
        raise UsageError(
            f"{components} linear discriminants need at least {components + 1} classes and {components} units",
            got=f"{len(names)} classes and {h.shape[1]} units",
            hint="pass method='pca', which needs no classes",
        )
    centered = CenteredMatrix.of(h)
    total = centered.scatter()
    between = _class_means(centered, member, len(names)) * np.sqrt(counts)[:, None]
    within = (total - between.T @ between) / max(len(h) - len(names), 1)
    within[np.diag_indices_from(within)] += SHRINKAGE * np.trace(total) / len(h) / len(total)
    # in coordinates where the scatter within classes is the identity, the best directions are those of the means
    factor = np.linalg.cholesky(within)
    directions = np.linalg.svd(solve_triangular(factor, between.T, lower=True), full_matrices=False)[0]
    weights = solve_triangular(factor.T, directions[:, :components], lower=False)
    return centered.project(with_fixed_sign(weights)).astype(np.float32)


def _class_means(centered: CenteredMatrix, member: np.ndarray, classes: int) -> np.ndarray:
    """Means of the scaled rows of each class, relative to the mean of all: float64 (class, unit)."""
    order = np.argsort(member, kind="stable")
    starts = np.searchsorted(member[order], np.arange(classes + 1))
    means = np.empty((classes, centered.h.shape[1]))
    for number in range(classes):
        rows = order[starts[number] : starts[number + 1]]
        means[number] = centered.h[rows].mean(axis=0, dtype=np.float64) - centered.origin
    return means * centered.scale - centered.mean


def umap(
    h: np.ndarray,
    *,
    seed: int,
    neighbors: int = 15,
    min_dist: float = 0.1,
    on_progress: ProgressCallback = ignore_progress,
) -> np.ndarray:
    """Lay out samples with umap-learn, with exact neighbors and starting from the principal components.

    Neighbors are searched in up to 50 principal components, as for t-SNE.

    Args:
        h: float32 (sample, unit), checked, at least 4 rows, not all equal.
        seed: Random seed; the same seed gives the same coordinates, for which umap-learn works on one thread.
        neighbors: Number of neighbors of each sample, from 2 to n - 1.
        min_dist: Least distance of near samples in the layout, from 0 to 1.
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
            "UMAP needs the package umap-learn, which is an extra",
            got=f"no such package ({error})",
            hint="pip install \"cutaway[umap]\", or pass method='tsne'",
        ) from error
    seed, neighbors = check_seed(seed), check_whole(neighbors, name="neighbors", least=2, most=len(h) - 1)
    if not 0 <= min_dist <= 1:
        raise UsageError("min_dist is a distance from 0 to 1", got=repr(min_dist), hint="pass for example min_dist=0.1")
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
            min_dist=float(min_dist),
            init=start,  # pyright: ignore[reportArgumentType]  # pyright infers str from the default
            random_state=seed,
            n_jobs=1,
            precomputed_knn=(index, far, None),  # pyright: ignore[reportArgumentType]
        )
        xy = np.asarray(engine.fit_transform(points), dtype=np.float32)
    on_progress(Progress("UMAP", len(h), len(h), "samples"))
    return xy
