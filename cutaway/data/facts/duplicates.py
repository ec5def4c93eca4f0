"""Samples of one part of a split that are, or nearly are, in another part as well."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cutaway.row_keys import first_equal, row_keys

from .column_values import far_values


def repeated_samples(first: Any, second: Any) -> np.ndarray:
    """Which samples of the second array are in the first one.

    Args:
        first: ``(sample, ...)``, as in `cutaway.row_keys.row_keys`.
        second: ``(sample, ...)``, with the same shape of a sample.

    Returns:
        int64 ``(sample,)`` of the second: the first row of the first that is equal, or -1.
    """
    found = first_equal(np.concatenate([row_keys(first), row_keys(second)]))[len(first) :]
    return np.where(found < len(first), found, -1)


def equal_by_chance(x: np.ndarray, *, among: int, columns: Sequence[str] | None = None) -> float:
    """The share of samples that would equal one of N others if their columns were independent, in 0..1.

    The chance that another sample has the value of a column is counted among the others: a value that occurs once has
    none. Columns of real tables depend on one another, which makes more rows equal.

    Args:
        x: ``(sample, input)``, samples that stand for all, two or more.
        among: How many others there are.
        columns: The column that each input is made from; if None, each input is its own column.
    """
    places: dict[object, list[int]] = {}
    for place, name in enumerate(range(x.shape[1]) if columns is None else columns):
        places.setdefault(name, []).append(place)
    alike = np.ones(len(x))
    for inputs in places.values():
        first = first_equal(row_keys(x[:, inputs]))
        alike *= (np.bincount(first)[first] - 1) / (len(x) - 1)
        if not alike.any():
            break
    return float(-np.expm1(among * np.log1p(-np.minimum(alike, 1 - 1e-9))).mean())


COPIES = 3
"""Near copies of a sample, itself among them, at most, less one."""

NEAR = 0.2
"""A nearest neighbor at less than this share of the distance of the next one is a near copy, if that is rare."""

LEVEL = 1e-4
LEAST_ROWS, LEAST_SHARE = 5, 0.01
"""Minimum number of near copies beyond those expected by chance."""

DISTINCT, INPUTS = 20, 2
"""Minimum number of different values of an input that is compared, and minimum number of such inputs."""


@dataclass(frozen=True)
class NearDuplicates:
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


def near_duplicates(first: np.ndarray, second: np.ndarray) -> NearDuplicates | None:
    """Find samples of the second set that are nearly the same as one of the first.

    Wherever samples have a smooth density, of whatever dimension d, the ratios (r[i] / r[i + 1])**(i * d) of a sample's
    distances to its i-th and next neighbor are independent and uniform. So (r[i] / r[i + 1])**i is below a threshold as
    often for i = 1 as for i = `COPIES` + 2; near copies make it more often so. The exact test of the signs of paired
    differences compares both.

    Args:
        first: float32 ``(sample, input)``.
        second: float32 ``(sample, input)``.

    Returns:
        None if there are too few samples or inputs with many values, or no more near copies than by chance.

    Source:
        Facco, d'Errico, Rodriguez, Laio 2017, "Estimating the intrinsic dimension of datasets by a minimal neighborhood
        information", for the distribution of the ratios.
    """
    from scipy.stats import binomtest

    from cutaway.neighbors import nearest_among

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
    found = nearest_among(known, asked, further)
    distances, rows = np.sqrt(found.squared, dtype=np.float64), found.index
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
    near = np.flatnonzero(jumps[:, copies])
    near = near[np.argsort(distances[near, 0] / distances[near, copies + 1], kind="stable")]
    nearest = near[:20]
    return NearDuplicates(
        copies=len(near),
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
    which a few far values do not change, or by their standard deviation if that is 0.
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
