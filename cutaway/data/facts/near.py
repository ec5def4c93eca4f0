"""Samples of one part of a split that are nearly the same as one of another."""

from dataclasses import dataclass

import numpy as np

from cutaway.parallel import single_threaded_blas

COPIES = 3
"""Near copies of a sample, itself among them, at most, less one."""

NEAR = 0.2
"""A nearest neighbor at less than this share of the distance of the next one is a near copy, where that is rare."""

LEVEL = 1e-4
LEAST_ROWS, LEAST_SHARE = 5, 0.01
"""Near copies beyond those expected by chance, at least."""

DISTINCT, INPUTS = 20, 3
"""Different values of an input that is compared, at least, and number of such inputs, at least."""


@dataclass(frozen=True)
class NearCopies:
    """Held-out samples with a training sample much nearer than chance brings one.

    Attributes:
        copies: Those with a near copy.
        expected: Those that would have one by chance.
        samples: Those that were compared.
        p_value: How likely at least as many are by chance.
        surest: Rows of those with the nearest copies, at most 20.
        of: For each of them, the row of the training sample.
    """

    copies: int
    expected: int
    samples: int
    p_value: float
    surest: tuple[int, ...] = ()
    of: tuple[int, ...] = ()


def near_copies(first: np.ndarray, second: np.ndarray) -> NearCopies | None:
    """Find samples of the second set that are nearly the same as one of the first.

    Wherever samples have a smooth density, of whatever dimension d, the ratios (r[i] / r[i + 1])**(i * d) of a sample's
    distances to its i-th and next neighbor are independent and uniform. So (r[i] / r[i + 1])**i is below a threshold as
    often for i = 1 as for i = `COPIES` + 2; near copies make it more often so. The exact test of the signs of paired
    differences compares both.

    Args:
        first: float32 ``(sample, input)``.
        second: float32 ``(sample, input)``.

    Returns:
        None where there are too few samples or inputs with many values, or no more near copies than by chance.

    Source:
        Facco, d'Errico, Rodriguez, Laio 2017, "Estimating the intrinsic dimension of datasets by a minimal neighborhood
        information", for the distribution of the ratios.
    """
    from scipy.stats import binomtest
    from sklearn.neighbors import NearestNeighbors

    further = COPIES + 3
    if len(first) <= 10 * further or len(second) < LEAST_ROWS:
        return None
    values = np.sort(first[:2000], axis=0)
    many = (values[1:] != values[:-1]).sum(axis=0) >= DISTINCT
    if many.sum() < INPUTS:
        return None
    spread = np.maximum(first[:, many].std(axis=0), 1e-12)
    with single_threaded_blas():
        search = NearestNeighbors(n_neighbors=further, algorithm="brute", n_jobs=1).fit(first[:, many] / spread)
        distances, rows = search.kneighbors(second[:, many] / spread)
    apart = distances[:, 0] > 1e-6 * distances[:, -1]  # equal samples are counted elsewhere
    distances, rows, places = distances[apart], rows[apart], np.flatnonzero(apart)
    if len(distances) < LEAST_ROWS:
        return None
    order = np.arange(1, further)
    jumps = (distances[:, :-1] / np.maximum(distances[:, 1:], 1e-12)) ** order < NEAR
    usual, best = jumps[:, -1], None
    for copies in range(COPIES):
        more, less = int((jumps[:, copies] & ~usual).sum()), int((usual & ~jumps[:, copies]).sum())
        if not more:
            continue
        p = min(1.0, COPIES * float(binomtest(more, more + less, alternative="greater").pvalue))
        if p < LEVEL and more - less >= max(LEAST_ROWS, LEAST_SHARE * len(second)) and (best is None or p < best[0]):
            best = p, copies
    if best is None:
        return None
    p, copies = best
    found = np.flatnonzero(jumps[:, copies])
    found = found[np.argsort(distances[found, 0] / distances[found, copies + 1], kind="stable")]
    nearest = found[:20]
    return NearCopies(
        copies=len(found),
        expected=int(usual.sum()),
        samples=len(second),
        p_value=p,
        surest=tuple(places[nearest].tolist()),
        of=tuple(rows[nearest, 0].tolist()),
    )
