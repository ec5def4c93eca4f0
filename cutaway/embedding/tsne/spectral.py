"""The leading eigenvectors of the affinities, as the start of a layout."""

from typing import Any

import numpy as np

from .affinities import Affinities
from .settings import INITIAL_DEVIATION

TOLERANCE = 1e-4
"""Relative accuracy of the eigenvalues: the descent moves samples far more than that."""


def spectral_layout(affinities: Affinities, *, seed: int) -> np.ndarray:
    """Two eigenvectors of the random walk among neighbors, scaled to a standard deviation of 1e-4.

    Where no affinity connects some parts, each part has an eigenvector: samples then start at few places.

    Args:
        affinities: Affinities of n samples, at least 4.
        seed: Seed of the vector that the iteration begins with.

    Returns:
        float32 (sample, 2); signs are fixed: the largest entry of each column is positive.

    Source: Linderman and Steinerberger 2019, "Clustering with t-SNE, provably"; von Luxburg 2007, "A tutorial on
        spectral clustering", section 3.2.
    """
    import scipy.sparse
    import scipy.sparse.linalg

    n = len(affinities.start) - 1
    matrix = scipy.sparse.csr_matrix((affinities.value.astype(np.float64), affinities.index, affinities.start), (n, n))
    degree = np.maximum(np.asarray(matrix.sum(axis=1)).ravel(), np.finfo(np.float64).tiny)
    root = scipy.sparse.diags_array(1 / np.sqrt(degree))
    first = np.random.default_rng(seed).standard_normal(n)
    linalg: Any = scipy.sparse.linalg  # its annotations take whole numbers as tolerances only
    values, vectors = linalg.eigsh(root @ matrix @ root, k=3, which="LA", v0=first, tol=TOLERANCE)
    leading = vectors[:, np.argsort(-values, kind="stable")][:, 1:] / np.sqrt(degree)[:, None]
    leading -= leading.mean(axis=0)
    leading *= np.where(leading[np.abs(leading).argmax(axis=0), [0, 1]] < 0, -1.0, 1.0)
    deviation = leading.std(axis=0)
    return (INITIAL_DEVIATION * leading / np.where(deviation > 0, deviation, 1.0)).astype(np.float32)
