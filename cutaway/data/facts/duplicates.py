"""Samples of one part of a split that are, or nearly are, in another part as well."""

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


ASKED, STEPS, REPEATED = 200, 2, 5
"""Samples at most whose equals and neighbors are counted; steps in all inputs at most between neighbors; and rows for
each value of an input at least, where values are steps."""


@dataclass(frozen=True)
class Repeats:
    """Held-out samples that equal a training sample.

    Attributes:
        agree: Those with the label of the first training sample that they equal.
        distinct: Different samples among them.
        are_ties: Whether they are ties, see `are_ties`.
    """

    agree: int
    distinct: int
    are_ties: bool = False


def are_ties(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether samples are equal by chance: they have as many neighbors, one or two steps away, as equal samples.

    Where numbers are whole or values are categories, samples have neighbors in every direction, whatever the inputs
    have to do with each other, and some are equal. Copies have equal samples without such neighbors.

    Args:
        first: ``(sample, input)``.
        second: Of the same inputs; at most `ASKED` of them, evenly spaced, are looked at.
    """
    asked = second[:: -(-len(second) // ASKED)]
    steps, places = np.empty(first.shape, np.int32), np.empty(asked.shape, np.int32)
    for place in range(first.shape[1]):
        values = np.unique(np.concatenate([first[:, place], asked[:, place]]))
        # measurements, whose values hardly repeat, have no steps
        step = 1 if REPEATED * len(values) <= len(first) else STEPS + 1
        for given, found in ((first, steps), (asked, places)):
            found[:, place] = step * np.searchsorted(values, given[:, place])
    away = (np.abs(steps - each).sum(axis=1) for each in places)
    equal, near = np.sum([((each == 0).sum(), (each <= STEPS).sum()) for each in away], axis=0)
    return bool(near >= 2 * max(equal, 1))


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
