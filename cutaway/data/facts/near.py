"""Samples of one part of a split that are nearly the same as one of another."""

from dataclasses import dataclass

import numpy as np

from cutaway.parallel import single_threaded_blas

from .duplicates import repeated_samples
from .sentinels import far_values

COPIES = 3
"""Near copies of a sample, itself among them, at most, less one."""

NEAR = 0.2
"""A nearest neighbor at less than this share of the distance of the next one is a near copy, where that is rare."""

LEVEL = 1e-4
LEAST_ROWS, LEAST_SHARE = 5, 0.01
"""Near copies beyond those expected by chance, at least."""

DISTINCT, INPUTS = 20, 2
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
    inputs = _compared(first[:2000])
    if len(inputs) < INPUTS:
        return None
    first, second = first[:, inputs], second[:, inputs]
    places = np.flatnonzero(repeated_samples(first, second) < 0)  # equal samples are counted elsewhere
    known, asked = _spread(first, second[places])
    if len(asked) < LEAST_ROWS:
        return None
    with single_threaded_blas():
        search = NearestNeighbors(n_neighbors=further, algorithm="brute", n_jobs=1).fit(known)
        distances, rows = search.kneighbors(asked)
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


def _compared(x: np.ndarray) -> np.ndarray:
    """Numbers of the inputs with many values and no sentinels, which would be what makes samples near each other."""
    values = np.sort(x, axis=0)
    many = np.flatnonzero((values[1:] != values[:-1]).sum(axis=0) >= DISTINCT)
    return many[[far_values(values[:, i].astype(np.float64)) is None for i in many]]


def _spread(first: np.ndarray, second: np.ndarray) -> list[np.ndarray]:
    """Both sets with inputs that have one scale and no steps.

    A random value is taken between those halfway to the next smaller and the next larger one: ages in whole years have
    no smooth density, and samples of one age would be near each other. Inputs are divided by their interquartile range,
    which a few far values do not change, or by their standard deviation where that is 0.
    """
    random, spread = np.random.default_rng(0), [np.empty(each.shape, np.float32) for each in (first, second)]
    for place in range(first.shape[1]):
        values = np.unique(np.concatenate([first[:, place], second[:, place]]).astype(np.float64))
        gaps = np.diff(values) / 2
        edges = np.concatenate([values[:1] - gaps[:1], values[1:] - gaps, values[-1:] + gaps[-1:]])
        low, high = np.quantile(first[:, place], (0.25, 0.75))
        scale = high - low or max(float(first[:, place].std()), 1e-12)
        for given, drawn in zip((first, second), spread, strict=True):
            at = np.searchsorted(values, given[:, place])
            drawn[:, place] = (edges[at] + random.random(len(given)) * (edges[at + 1] - edges[at])) / scale
    return spread
