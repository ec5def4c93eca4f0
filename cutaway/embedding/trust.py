"""How far a layout keeps the neighbourhoods of the activations."""

import numpy as np

from cutaway.errors import DataError, UsageError

from .check import check_matrix, check_seed, check_whole
from .layout import Trust


def measure_trust(h: np.ndarray, xy: np.ndarray, *, k: int = 15, limit: int = 2000, seed: int) -> Trust:
    """Compare the ``k`` nearest neighbours of each sample by activation with those in the layout.

    Exact ranks need all pairs, so beyond ``limit`` samples a seeded choice stands for all of them.

    Args:
        h: float32 (sample, unit), finite.
        xy: float32 (sample, 2), the layout of the same samples.
        k: Size of the neighbourhood, at least 1 and less than half of the samples measured on.
        limit: Most samples to measure on; 2,000 take half a second and 100 MB.
        seed: Decides which ones.

    Raises:
        DataError: An array is no matrix of finite numbers, or the two have different lengths.
        UsageError: ``k``, ``limit`` or ``seed`` is outside its range.

    Source: Venna and Kaski 2001, equation 1 (trustworthiness, normalised to 0..1).
    """
    from sklearn.manifold import trustworthiness

    h, xy = check_matrix(h, name="activations"), check_matrix(xy, name="coordinates")
    if len(h) != len(xy):
        raise DataError(
            "activations and coordinates belong to the same samples",
            came=f"{len(h)} and {len(xy)} rows",
            fix="pass the activations that the layout was made of",
        )
    k, limit, seed = check_whole(k, name="k", least=1), check_whole(limit, name="limit", least=1), check_seed(seed)
    samples = min(len(h), limit)
    if 2 * k >= samples:
        raise UsageError(
            "a neighbourhood of k samples is less than half of the samples measured on",
            came=f"k={k} on {samples} samples",
            fix=f"pass k={(samples - 1) // 2} or less" if samples > 2 else "measure on 3 samples or more",
        )
    rows = np.random.default_rng(seed).choice(len(h), samples, replace=False) if samples < len(h) else slice(None)
    high, low = _centred(h[rows]), _centred(xy[rows])
    return Trust(
        trustworthiness=float(trustworthiness(high, low, n_neighbors=k)),
        neighbors_kept=float(_shared(_neighbors(high, k), _neighbors(low, k))),
        k=k,
        samples=samples,
    )


def _centred(points: np.ndarray) -> np.ndarray:
    """Move the points around 0 in float64: scikit-learn's distances cancel badly far from it."""
    return points - points.mean(axis=0, dtype=np.float64)


def _neighbors(points: np.ndarray, k: int) -> np.ndarray:
    from sklearn.neighbors import NearestNeighbors

    return NearestNeighbors(n_neighbors=k).fit(points).kneighbors(return_distance=False)


def _shared(one: np.ndarray, other: np.ndarray) -> float:
    """Mean share of the entries in each row of ``one`` that the same row of ``other`` has too."""
    row = np.arange(len(one))[:, None] * len(one)
    return np.isin(one + row, other + row).mean()
