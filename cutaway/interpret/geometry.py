"""The shape of a layer's activations: how far the classes have collapsed to points, and in how many dimensions."""

import numpy as np

from cutaway.neighbors import nearest_among

from .probes import one_hot

DIMENSION_SAMPLES = 2_000
"""The most samples from which the dimension is estimated: its standard error is then about 2% of it."""

KEPT = 0.9
"""Share of the samples, those whose two neighbors are the most alike, that the dimension is fitted to: at the other end
of the curve lie outliers."""


def class_variability(h: np.ndarray, labels: np.ndarray) -> float | None:
    """How far the samples of a class lie from its mean, relative to the distances between the means: NC1.

    Args:
        h: float32 ``(sample, unit)``, finite.
        labels: int64 ``(sample,)``.

    Returns:
        tr(S_W pinv(S_B)) / C for C classes, with S_W the covariance within the classes, averaged over all samples, and
        S_B that of the class means: 0 where each class is one point. None with fewer than two classes, or where two
        class means cannot be told apart.

    Source:
        Papyan, Han and Donoho 2020, "Prevalence of neural collapse during the terminal phase of deep learning
        training", figure 6.
    """
    within, means = _within_and_means(h, labels)
    classes = len(means)
    if classes < 2:
        return None
    directions, singular = _directions(means)
    if len(singular) < min(classes - 1, h.shape[1]):
        return None
    # pinv(S_B) = C V diag(1 / s^2) V^T with the singular values s of the matrix of means
    spread = ((within @ directions) ** 2).mean(axis=0)
    return float((spread / singular**2).sum())


def class_angles(h: np.ndarray, labels: np.ndarray) -> float | None:
    """How far the angles between the class means are from being equal and as wide as possible: NC2.

    Args:
        h: float32 ``(sample, unit)``, finite.
        labels: int64 ``(sample,)``.

    Returns:
        Mean over pairs of classes of ``|cos + 1 / (C - 1)|``, with the cosine between their means after the mean of all
        class means is subtracted, in [0, 2]: 0 where the means form a regular simplex. None with fewer than two
        classes, or where a mean is the mean of all of them.

    Source:
        Papyan, Han and Donoho 2020, figure 3.
    """
    _, means = _within_and_means(h, labels)
    sizes = np.linalg.norm(means, axis=1)
    if len(means) < 2 or not sizes.min() > 1e-9 * max(1.0, sizes.max()):
        return None
    cosines = (means @ means.T) / np.outer(sizes, sizes)
    pairs = cosines[np.triu_indices(len(means), 1)]
    return float(np.abs(pairs + 1 / (len(means) - 1)).mean())


def _within_and_means(h: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Samples less their class means, and class means less the mean of these, float64."""
    names, member = np.unique(labels, return_inverse=True)
    counts = np.bincount(member, minlength=len(names))
    means = one_hot(member, len(names)).T @ h.astype(np.float64) / counts[:, None]
    return h - means[member], means - means.mean(axis=0)


def _directions(means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Directions in which class means differ, float64 ``(unit, direction)``, and how much; rounding is left out."""
    _, singular, rows = np.linalg.svd(means, full_matrices=False)
    kept = singular > 1e-9 * max(singular[0], np.finfo(np.float64).tiny)
    return rows[kept].T, singular[kept]


def intrinsic_dimension(h: np.ndarray) -> float | None:
    """How many dimensions a layer's activations vary in near a sample: the TwoNN estimate.

    It compares each sample's distance to its nearest and to its second nearest neighbor; no flat shape is assumed,
    unlike for the effective rank.

    Args:
        h: float32 ``(sample, unit)``, finite. Above 2,000 samples, only every second, third and so on is used.

    Returns:
        Above 0; None with fewer than 10 samples that differ from all others, or where all distances are equal. Its
        standard error is about ``1 / sqrt(samples)`` of it. It is too low in many dimensions, where samples are far
        apart: about 8 for 10 dimensions with 2,000 samples.

    Source:
        Facco, d'Errico, Rodriguez and Laio 2017, "Estimating the intrinsic dimension of datasets by a minimal
        neighborhood information" (the estimator); Ansuini, Laio, Macke and Zoccolan 2019, "Intrinsic dimension of data
        representations in deep neural networks" (of layers).
    """
    rows = np.unique(h[:: -(-len(h) // DIMENSION_SAMPLES)], axis=0)  # a copy has no distance to its nearest neighbor
    if len(rows) < 10:
        return None
    rows = rows - rows.mean(axis=0)  # products of large means would round the distances
    squared = nearest_among(rows, rows, 3).squared.astype(np.float64)
    first, second = squared[:, 1], squared[:, 2]  # the nearest of all is the sample itself
    ratios = np.sort(np.log(second[first > 0] / first[first > 0]) / 2)
    count = len(ratios)
    used = int(KEPT * count)
    x, y = ratios[:used], -np.log1p(-np.arange(1, used + 1) / count)
    total = float((x * x).sum())
    return float((x * y).sum()) / total if count >= 10 and total > 0 else None
