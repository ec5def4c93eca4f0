"""A column of numbers that was computed from the labels, those of the row itself included."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

LEAST_VALUES, LEAST_ROWS = 8, 40
"""Different values of such a column, and rows, at least."""

SHARE = 0.9
"""Share of the rows at least of which the value is that of their labels: values of few rows may be equal by chance."""

EXACT, CLOSE, COARSE = 1e-6, 6e-4, 5.5e-3
"""Differences that computing with float32 leaves, rounding to three digits, and rounding to two, of hundredths."""

TELLING = 0.2
"""Such a difference is at most this part of the standard error of a mean: shares of 90% of the rows then differ by
more, and so do rates that are true."""

LEVEL = 1e-6
"""Probability of this many means that are as close as these to a rate that is true."""

MIXED = 0.3
"""Share of the rows at least that have a value whose rows have several labels: where all labels are one, the mean is
that label, which many columns are by chance."""

MOST_SMOOTHING = 1000.0
"""Rows of the mean of all labels that are added to those of a value at most."""

MOST_EQUAL = 12
"""Categories at most that have equal means by chance: together they have N times the smoothing of one."""


@dataclass(frozen=True)
class EncodedTarget:
    """What a column is of the labels.

    Attributes:
        target: The class whose share it is among the rows with the same value; None of the mean of the labels as
            numbers.
        values: How many different values it has.
        is_smoothed: Whether it was smoothed toward that of all rows.
        rows: Rows whose value it is.
        samples: Rows that were looked at.
    """

    target: int | None
    values: int
    is_smoothed: bool
    rows: int
    samples: int


def may_encode_target(values: np.ndarray, y: np.ndarray, numbers: np.ndarray | None = None) -> bool:
    """Whether a column has as many values as a mean of labels has, in the same range; cheap.

    Args:
        values: float64 ``(sample,)``; NaN where nothing is known.
        y: int64 ``(sample,)``.
        numbers: See `encoded_target`.
    """
    known = values[np.isfinite(values)]
    if len(known) < LEAST_ROWS:
        return False
    ends = [0.0, 1.0, *(np.arange(y.max() + 1) if numbers is None else numbers)]
    if known.min() < min(ends) or known.max() > max(100.0, *ends):  # shares in percent
        return False
    return LEAST_VALUES <= len(np.unique(known)) <= len(known) / 2


def encoded_target(values: np.ndarray, y: np.ndarray, numbers: np.ndarray | None = None) -> EncodedTarget | None:
    """Find out whether a column is the mean of the labels of the rows that have the same value, or its percentage.

    A mean that was smoothed toward that of all rows counts too: ``(k + m p) / (n + m)`` with k labels of n rows, p of
    all rows and one m for all values. A column that was computed from training rows alone is none of all rows.

    Args:
        values: float64 ``(sample,)`` of all samples, held-out ones included; NaN where nothing is known.
        y: int64 ``(sample,)``.
        numbers: float64 ``(class,)``, the classes where they are numbers of the user's; None where they have names.

    Source:
        Micci-Barreca 2001, "A preprocessing scheme for high-cardinality categorical attributes in classification and
        prediction problems".
    """
    known = np.isfinite(values)
    found, group = np.unique(values[known], return_inverse=True)
    labels, counts = y[known], np.bincount(group)
    if len(found) < LEAST_VALUES or len(labels) < LEAST_ROWS:
        return None
    truths: list[tuple[int | None, np.ndarray]] = [(int(each), (labels == each) * 1.0) for each in np.unique(labels)]
    truths += [(None, each[labels]) for each in (np.arange(labels.max() + 1.0), numbers) if each is not None]
    for target, truth in truths:
        scaled = found / 100 if target is not None and found.max() > 1 else found
        are_hundredths = np.allclose(100 * scaled, (100 * scaled).round(), rtol=0, atol=1e-6)
        fit = _fit(scaled, truth, group, counts, (EXACT, CLOSE, COARSE) if are_hundredths else (EXACT, CLOSE))
        if fit is not None:
            return EncodedTarget(target, len(found), fit[0] > 0, fit[1], len(labels))
    return None


def _fit(
    found: np.ndarray, truth: np.ndarray, group: np.ndarray, counts: np.ndarray, differences: Sequence[float]
) -> tuple[float, int] | None:
    """The smoothing with which values are the means of the truth in their rows, and rows whose value it is."""
    from scipy.stats import binom, norm

    totals, squares, prior = np.bincount(group, truth), np.bincount(group, truth**2), float(truth.mean())
    spread = squares / counts - (totals / counts) ** 2
    mixed = spread > 1e-9
    rows = int(counts[mixed].sum())
    if rows < MIXED * len(truth):
        return None
    spread, sizes = spread[mixed], counts[mixed]
    middle, times = _smoothing(found[mixed], totals[mixed], sizes, prior), np.arange(1, MOST_EQUAL + 1)
    smoothings = sorted({0.0, *(middle / times).tolist()})
    for close, m in product(differences, smoothings):
        if close == COARSE and m:  # some smoothing fits hundredths
            continue
        digits = 6 if close == EXACT else 3
        tried = times if m else times[:1]
        added = m * tried[:, None]
        fits = np.abs((totals + added * prior) / (counts + added) - found).min(axis=0) <= close
        told = fits & mixed
        if len(np.unique(found[told].round(digits))) < LEAST_VALUES or counts[told].sum() < SHARE * rows:
            continue
        errors = np.sqrt(spread * sizes) / (sizes + m)  # standard errors of the means
        usual = 1 - (2 - 2 * norm.cdf(close / errors)) ** len(tried)
        is_rare = binom.sf(int(told.sum()) - 1, len(sizes), float(usual.mean())) < LEVEL
        if is_rare and close <= TELLING * float(np.median(errors)):
            return m, int(counts[fits].sum())
    return None


def _smoothing(found: np.ndarray, totals: np.ndarray, counts: np.ndarray, prior: float) -> float:
    """The m that values agree on, or a small multiple of it where many are of several categories; 0 without one."""
    away = np.abs(found - prior) > 0.01
    if not away.any():
        return 0.0
    m = (totals[away] - found[away] * counts[away]) / (found[away] - prior)
    middle = float(np.median(m))
    return middle if 0 < middle <= MOST_SMOOTHING else 0.0
