"""A single input that tells the class alone."""

from dataclasses import dataclass

import numpy as np

BINS = 32
"""Values of an input are told apart in so many bins of equally many samples at most."""

ROWS_IN_A_BIN = 8
"""Samples of a bin on average at least: with fewer, chance alone makes a rule."""


@dataclass(frozen=True)
class TellingInput:
    """The input that tells the class best.

    Attributes:
        input: Its place in a flattened sample.
        correct: Held-out samples of which it tells the class.
        samples: Held-out samples.
        baseline: Share of the largest class among them.
    """

    input: int
    correct: int
    samples: int
    baseline: float


def telling_input(x: np.ndarray, y: np.ndarray, *, classes: int, seed: int = 0) -> TellingInput | None:
    """Find the input that tells the class best: by the largest class in each of its bins.

    Bins and their classes come from one half of the samples and are judged on the other half; of several inputs the
    best one is judged, so that with many inputs its share is a little too high by chance.

    Args:
        x: float32 ``(sample, input)``.
        y: int ``(sample,)``.
        classes: Number of classes.
        seed: Random seed of the halves.

    Returns:
        None where there are too few samples.
    """
    order = np.random.default_rng(seed).permutation(len(y))
    fit, judge = order[::2], order[1::2]
    bins = min(BINS, len(fit) // (ROWS_IN_A_BIN * 2))
    if bins < 2:
        return None
    right = np.array([_correct(x[:, i], y, fit, judge, bins=bins, classes=classes) for i in range(x.shape[1])])
    best = int(right.argmax())
    baseline = np.bincount(y[judge], minlength=classes).max() / len(judge)
    return TellingInput(best, int(right[best]), len(judge), float(baseline))


def _correct(values: np.ndarray, y: np.ndarray, fit: np.ndarray, judge: np.ndarray, *, bins: int, classes: int) -> int:
    known = values[fit]
    distinct = np.unique(known)
    # few distinct values are their own bins; of many, the edges are quantiles
    edges = distinct[1:] if len(distinct) <= bins else np.unique(np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1]))
    places = np.searchsorted(edges, known, side="right") * classes + y[fit]
    counts = np.bincount(places, minlength=(len(edges) + 1) * classes).reshape(-1, classes)
    guessed = counts.argmax(axis=1)[np.searchsorted(edges, values[judge], side="right")]
    return int((guessed == y[judge]).sum())
