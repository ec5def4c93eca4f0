"""The shape of a layer's activations: how far the classes have collapsed to points, and in how many dimensions."""

import numpy as np

from cutaway.neighbors import nearest_among
from cutaway.row_keys import first_equal, row_keys

DIMENSION_SAMPLES = 2_000
"""Maximum number of samples for estimating the dimension: its standard error is then about 2% of it."""

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
        S_B the covariance of the class means: 0 if each class is one point. None with fewer than two classes, or if two
        class means are equal within rounding.

    Source:
        Papyan, Han and Donoho 2020, "Prevalence of neural collapse during the terminal phase of deep learning
        training", figure 6.
    """
    names, member = np.unique(labels, return_inverse=True)
    means = _class_means(h, member)
    means -= means.mean(axis=0)
    directions, singular = _directions(means)
    if len(names) < 2 or len(singular) < min(len(names) - 1, h.shape[1]):
        return None
    along = h @ directions
    within = along - _class_means(along, member)[member]
    # pinv(S_B) = C V diag(1 / s^2) V^T with the singular values s of the matrix of means
    return float(((within**2).mean(axis=0) / singular**2).sum())


def class_angles(h: np.ndarray, labels: np.ndarray) -> float | None:
    """How far the angles between the class means are from being equal and as wide as possible: NC2.

    Args:
        h: float32 ``(sample, unit)``, finite.
        labels: int64 ``(sample,)``.

    Returns:
        Mean over pairs of classes of ``|cos + 1 / (C - 1)|``, with the cosine between their means after the mean of all
        class means is subtracted, in [0, 2]: 0 if the means form a regular simplex. None with fewer than two
        classes, or where a mean is the mean of all of them.

    Source:
        Papyan, Han and Donoho 2020, figure 3.
    """
    means = _class_means(h, np.unique(labels, return_inverse=True)[1])
    means -= means.mean(axis=0)
    sizes = np.sqrt(np.einsum("ij,ij->i", means, means))
    if len(means) < 2 or not sizes.min() > 1e-9 * max(1.0, sizes.max()):
        return None
    equal, total = 1 / (len(means) - 1), 0.0
    for at in range(0, len(means), 250):  # a table of all pairs of 10,000 classes takes 800 MB
        block = means[at : at + 250] @ means.T / np.outer(sizes[at : at + 250], sizes)
        total += float(np.abs(block + equal).sum())
    with_itself = len(means) * (1 + equal)
    return (total - with_itself) / (len(means) * (len(means) - 1))


def _class_means(h: np.ndarray, member: np.ndarray) -> np.ndarray:
    """Means of the rows of each class, float64 ``(class, unit)``: unit by unit, without a float64 copy of `h`."""
    counts = np.bincount(member)
    means = np.empty((len(counts), h.shape[1]))
    for unit, column in enumerate(h.T):
        means[:, unit] = np.bincount(member, weights=column) / counts
    return means


def _directions(means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Directions that separate the class means, float64 ``(unit, direction)``, and how much, with their mean at 0.

    They come from the smaller of the two products of the matrix with itself. What is less than a millionth of the
    largest is the rounding of float32 activations, and left out.
    """
    few_units = means.shape[1] <= len(means)
    values, vectors = np.linalg.eigh(means.T @ means if few_units else means @ means.T)
    kept = values > 1e-12 * max(values[-1], np.finfo(np.float64).tiny)
    singular = np.sqrt(values[kept])
    if few_units:
        return vectors[:, kept], singular
    directions = means.T @ vectors[:, kept]
    directions /= singular  # in place: of 10,000 units and 1,500 classes a copy takes 120 MB
    return directions, singular


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
    some = h[:: -(-len(h) // DIMENSION_SAMPLES)]
    rows = some[np.unique(first_equal(row_keys(some)))]  # a copy has no distance to its nearest neighbor
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
