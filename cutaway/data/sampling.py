"""Stratified draws: some samples of all, or all of them in two parts, with every class in its share."""

import numpy as np

from cutaway.checks import check_seed, check_whole
from cutaway.errors import DataError


def stratified_sample(labels: np.ndarray, limit: int, *, seed: int) -> np.ndarray:
    """Draw ``limit`` samples so that each class has its share, to within one sample.

    Args:
        labels: (sample,), the class of each sample.
        limit: Number of samples to draw, at least 1; all of them if there are no more.
        seed: Random seed.

    Returns:
        int64 (drawn,), ascending positions in ``labels``.

    Raises:
        DataError: ``labels`` is not one-dimensional.
        UsageError: ``limit`` or ``seed`` is outside its range.
    """
    labels = np.asarray(labels)
    limit, seed = check_whole(limit, name="limit", least=1), check_seed(seed)
    if labels.ndim != 1:
        raise DataError(
            f"labels must be one class number per sample, not of the shape {labels.shape}",
            hint="turn one-hot rows into numbers with argmax(axis=1)",
        )
    if len(labels) <= limit:
        return np.arange(len(labels), dtype=np.int64)
    _, member, counts = np.unique(labels, return_inverse=True, return_counts=True)
    rng = np.random.default_rng(seed)
    chosen = [
        rng.choice(np.flatnonzero(member == number), quota, replace=False)
        for number, quota in enumerate(_quotas(counts, limit))
    ]
    return np.sort(np.concatenate(chosen)).astype(np.int64)


def _quotas(counts: np.ndarray, limit: int) -> np.ndarray:
    """Split ``limit`` in proportion to ``counts`` by largest remainders; ties go to the first class."""
    quotas, remainders = np.divmod(counts * limit, counts.sum())
    favored = np.argsort(-remainders, kind="stable")[: limit - quotas.sum()]
    quotas[favored] += 1
    return quotas


def stratified_split(labels: np.ndarray, *, held_out: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Split samples in two so that each class keeps its share in both, to within one sample.

    These are the draws of scikit-learn's ``train_test_split(..., stratify=labels)``, sample for sample, which
    ``tests/data`` checks. Importing scikit-learn for them would take 1.3 s of every training's start.

    Args:
        labels: (sample,), the class of each sample, at least two samples of each class.
        held_out: Samples in the second part; both parts have room for one sample of each class.
        seed: Decides which ones, from 0 to 2**32 - 1.

    Returns:
        Ascending int64 positions in ``labels`` of the first and of the second part.
    """
    _, member, counts = np.unique(labels, return_inverse=True, return_counts=True)
    rng = np.random.RandomState(seed)
    first = _likely_counts(counts, len(labels) - held_out, rng)
    second = _likely_counts(counts - first, held_out, rng)  # all that remain, but ties draw from `rng` here as well
    parts: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for number, count in enumerate(counts):
        drawn = np.flatnonzero(member == number)[rng.permutation(count)]
        parts[0].append(drawn[: first[number]])
        parts[1].append(drawn[first[number] : first[number] + second[number]])
    return np.sort(np.concatenate(parts[0])), np.sort(np.concatenate(parts[1]))


def _likely_counts(counts: np.ndarray, draws: int, rng: np.random.RandomState) -> np.ndarray:
    """Samples of each class in the likeliest draw: shares rounded down, then one more for the largest remainders.

    Ties between remainders are drawn, unlike in `_quotas`.
    """
    shares = counts / counts.sum() * draws
    likely = np.floor(shares)
    remainders, missing = shares - likely, int(draws - likely.sum())
    for remainder in np.unique(remainders)[::-1]:
        if missing <= 0:
            break
        tied = np.flatnonzero(remainders == remainder)
        chosen = rng.choice(tied, min(len(tied), missing), replace=False)
        likely[chosen] += 1
        missing -= len(chosen)
    return likely.astype(np.int64)
