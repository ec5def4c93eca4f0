"""How suspect a label is, and which other one the models would give."""

import numpy as np

from .held_out import BLOCK, HeldOut

SUSPECT = 0.5
"""Score of a label above which models prefer another class."""

FEW = 2
"""Groups of fewer samples in the mean are dealt by the label of their first sample: scikit-learn's way, which looks at
all labels of a group, takes 0.1 ms for each group, 10 s for 70,000 samples of which two are equal."""


def label_scores(held: HeldOut) -> np.ndarray:
    """How suspect each label is, float64 ``(sample,)`` in 0..1: above 0.5 the models prefer another class.

    Two margins are averaged, each the probability of the label minus that of the best other class: out of sample, of
    the mean over the models that were trained without the sample; and in sample, averaged over the epochs of the models
    that were trained on it (area under the margin), which fit a wrong label late. The score is one half of what the
    mean is below 1.

    Source:
        Northcutt, Jiang, Chuang 2021, "Confident learning: estimating uncertainty in dataset labels" (out-of-sample
        margins); Pleiss et al. 2020, "Identifying mislabeled data using the area under the margin ranking", with
        probabilities instead of logits. The combination was chosen on planted noise: benchmarks/suspect_labels.py.
    """
    margin = held.given.mean(axis=0, dtype=np.float64) - suggest(held)[1]
    if held.margins is not None:
        margin = (margin + held.margins) / 2
    return (1 - margin) / 2


def suggest(held: HeldOut) -> tuple[np.ndarray, np.ndarray]:
    """The most probable other class of each sample.

    Returns:
        int64 ``(sample,)``, the class other than the label whose probability is the highest in the mean over the
        models; and float32 ``(sample,)``, that mean.
    """
    models, samples, count = held.others.shape
    found, probability = np.empty(samples, np.int64), np.empty(samples, held.probabilities.dtype)
    for start in range(0, samples, BLOCK):
        here = slice(start, start + BLOCK)
        classes = held.others[:, here].transpose(1, 0, 2).reshape(-1, models * count)
        shares = held.probabilities[:, here].transpose(1, 0, 2).reshape(-1, models * count)
        sums = np.zeros_like(shares)
        for place in range(models * count):  # a class that is not among a model's highest counts as 0 there
            sums += np.where(classes == classes[:, place, None], shares[:, place, None], 0)
        best = sums.argmax(axis=1)[:, None]
        found[here] = np.take_along_axis(classes, best, axis=1)[:, 0]
        probability[here] = np.take_along_axis(sums, best, axis=1)[:, 0] / models
    return found, probability


def deal_folds(labels: np.ndarray, folds: int, *, seed: int, groups: np.ndarray | None = None) -> np.ndarray:
    """Assign samples to folds of equal size with the same share of each class.

    Args:
        labels: int ``(sample,)``.
        folds: Number of folds, at least 2.
        seed: Random seed.
        groups: int ``(sample,)``; samples of one group are in the same fold, and folds are then only nearly equal.

    Returns:
        int64 ``(sample,)`` in 0..folds-1; without groups, sizes differ by at most one, and fold 0 is no smaller than
        any other.
    """
    if groups is None:
        return _deal(labels, folds, seed=seed)
    _, first, group = np.unique(groups, return_index=True, return_inverse=True)
    if len(labels) < FEW * len(first):
        assigned = _deal(labels[first], folds, seed=seed)[group]
    else:
        from sklearn.model_selection import StratifiedGroupKFold

        assigned = np.empty(len(labels), np.int64)
        parts = StratifiedGroupKFold(folds, shuffle=True, random_state=seed).split(labels, labels, groups)
        for number, (_, rows) in enumerate(parts):
            assigned[rows] = number
    order = np.argsort(-np.bincount(assigned, minlength=folds), kind="stable")  # the largest fold becomes fold 0
    return np.argsort(order)[assigned]


def _deal(labels: np.ndarray, folds: int, *, seed: int) -> np.ndarray:
    assigned = np.empty(len(labels), np.int64)
    order = np.lexsort((np.random.default_rng(seed).random(len(labels)), labels))
    assigned[order] = np.arange(len(labels)) % folds
    return assigned
