"""A random subset in which every class has its share."""

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
            "labels are one class number per sample",
            got=f"the shape {labels.shape}",
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
