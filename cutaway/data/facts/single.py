"""A single input that tells the class alone."""

from dataclasses import dataclass

import numpy as np

from cutaway.metrics import wilson_interval

TELLS, FEWER = 0.92, 0.25
"""An input alone gives the label away if, at the unfavorable end of Wilson's interval, it tells this share of the
classes, and its errors are less than this share of those of always predicting the largest class. The best measurement
of an honest table stays below: a petal's width tells 95% of irises, 87% at that end. 60 rows of 60 are 94% there,
and a column that agrees with the label in 97% of 900 rows 96%."""

LEAVES = 32
"""Intervals of an input that the rule tells apart at most."""

TRIED, RANGES = 16, 64
"""Inputs for which a tree is made at most, and ranges by which these are chosen: of 784 inputs all trees take 3 s."""

LEAST = 40
"""Samples without which nothing is said."""

MOST_CLASSES, MOST_INPUTS = 100, 5000
"""Beyond these a tree for each input takes too long."""


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

    @property
    def is_leak(self) -> bool:
        """Whether it tells the class so well that it must have been made from it.

        Source:
            Kaufman, Rosset, Perlich, Stitelman 2012, "Leakage in data mining"; Wilson 1927 for the interval.
        """
        low, _ = wilson_interval(self.correct, self.samples)
        return low >= TELLS and 1 - low < FEWER * (1 - self.baseline)


def told_alone(values: np.ndarray, y: np.ndarray, fit: np.ndarray, judge: np.ndarray, *, codes: bool = False) -> int:
    """The number of samples of which one input, or one column, alone tells the class, among those it was not fitted on.

    Numbers are cut into up to `LEAVES` ranges by a decision tree, each with the most frequent class of the samples in
    `fit`; so is each code of a category, and a code that none of these samples has gets that of all.

    Args:
        values: float ``(sample,)``; NaN where a cell is missing, which is a value of its own.
        y: int ``(sample,)``, classes from 0.
        fit: int ``(sample,)``, places of the samples from which the rule is made.
        judge: int ``(sample,)``, places of those on which it is judged.
        codes: Whether values are codes of a category, whole numbers from 0.
    """
    from sklearn.tree import DecisionTreeClassifier

    if codes:
        known = np.nan_to_num(values, nan=-1).astype(np.int64) + 1
        counts = np.zeros((int(known.max()) + 1, int(y.max()) + 1), np.int64)
        np.add.at(counts, (known[fit], y[fit]), 1)
        counts[counts.sum(axis=1) == 0] = np.bincount(y[fit], minlength=counts.shape[1])
        return int((counts.argmax(axis=1)[known[judge]] == y[judge]).sum())
    tree = DecisionTreeClassifier(max_leaf_nodes=LEAVES, min_samples_leaf=3, random_state=0)
    return int((tree.fit(values[fit, None], y[fit]).predict(values[judge, None]) == y[judge]).sum())


def halves(samples: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions of a random half of the samples, from which rules are made, and of the other, which judges them."""
    order = np.random.default_rng(seed).permutation(samples)
    return order[::2], order[1::2]


def telling_column(values: np.ndarray, y: np.ndarray, *, place: int, codes: bool, seed: int = 0) -> TellingInput | None:
    """How well a column tells the class alone; None where there are too few samples.

    Args:
        values: See `told_alone`.
        y: See `told_alone`.
        place: Its first input, see `TellingInput`.
        codes: See `told_alone`.
        seed: Random seed of the halves.
    """
    fit, judge = halves(len(y), seed=seed)
    if len(y) < LEAST or len(np.unique(y[fit])) < 2:
        return None
    baseline = float(np.bincount(y[judge]).max() / len(judge))
    return TellingInput(place, told_alone(values, y, fit, judge, codes=codes), len(judge), baseline)


def telling_input(x: np.ndarray, y: np.ndarray, *, classes: int, seed: int = 0) -> TellingInput | None:
    """Find the input that tells the class best, by a decision tree on it alone.

    Of many inputs, trees are made for the `TRIED` ones of which ranges of equally many samples tell most. The trees
    come from one half of the samples and are judged on the other half; of several inputs the best one is judged, so
    that with many inputs its share is a little too high by chance.

    Args:
        x: float32 ``(sample, input)``.
        y: int ``(sample,)``.
        classes: Number of classes.
        seed: Random seed of the halves.

    Returns:
        None where there are too few samples, or too many classes or inputs.
    """
    if len(y) < LEAST or classes > MOST_CLASSES or x.shape[1] > MOST_INPUTS:
        return None
    fit, judge = halves(len(y), seed=seed)
    varying = np.flatnonzero(x[fit].min(axis=0) != x[fit].max(axis=0))
    if not len(varying):
        return None
    varying = _promising(x, y, varying, fit=fit, judge=judge, classes=classes)
    right = [told_alone(x[:, i], y, fit, judge) for i in varying]
    best = int(np.argmax(right))
    baseline = np.bincount(y[judge], minlength=classes).max() / len(judge)
    return TellingInput(int(varying[best]), right[best], len(judge), float(baseline))


def _promising(
    x: np.ndarray, y: np.ndarray, inputs: np.ndarray, *, fit: np.ndarray, judge: np.ndarray, classes: int
) -> np.ndarray:
    """The `TRIED` inputs of which the most frequent class of a range tells the class of most samples."""
    if len(inputs) <= TRIED:
        return inputs
    right = np.empty(len(inputs), np.int64)
    for place, i in enumerate(inputs):
        edges = np.unique(np.quantile(x[fit, i], np.linspace(0, 1, RANGES + 1)[1:-1]))
        cells = np.searchsorted(edges, x[fit, i], side="right") * classes + y[fit]
        counts = np.bincount(cells, minlength=(len(edges) + 1) * classes).reshape(-1, classes)
        right[place] = (counts.argmax(axis=1)[np.searchsorted(edges, x[judge, i], side="right")] == y[judge]).sum()
    return np.sort(inputs[np.argsort(-right, kind="stable")[:TRIED]])
