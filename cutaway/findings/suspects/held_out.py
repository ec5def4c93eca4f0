"""What models say of samples that they were not trained on: the probability of the label, and the best other classes.

Of many classes only the most probable are kept, so that 70,000 samples of 1,000 classes take no more than of 10.
"""

from dataclasses import dataclass, field

import numpy as np

OTHERS = 5
"""Classes other than the label that are kept of each sample."""

BLOCK = 65_536
"""Samples that are judged at a time, so that memory does not grow with several copies of all."""


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Out-of-sample probabilities of one sample by several models, each of which was trained without it.

    Attributes:
        labels: int64 ``(sample,)``, the labels as given.
        given: float32 ``(model, sample)``, the probability of the label.
        others: int32 ``(model, sample, k)``, the most probable other classes, the highest first.
        probabilities: float32 ``(model, sample, k)``, their probabilities.
        margins: float32 ``(sample,)`` in -1..1, the mean margin of the label while other models were trained on the
            sample, or None where it was not recorded.
        classes: Number of classes.
    """

    labels: np.ndarray = field(repr=False)
    given: np.ndarray = field(repr=False)
    others: np.ndarray = field(repr=False)
    probabilities: np.ndarray = field(repr=False)
    margins: np.ndarray | None = field(repr=False)
    classes: int

    def take(self, rows: np.ndarray) -> "HeldOut":
        """The same of some samples, selected as in NumPy."""
        margins = None if self.margins is None else self.margins[rows]
        return HeldOut(
            self.labels[rows],
            self.given[:, rows],
            self.others[:, rows],
            self.probabilities[:, rows],
            margins,
            self.classes,
        )


def keep_highest(probabilities: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What is kept of the probabilities of one model.

    Args:
        probabilities: float32 ``(sample, class)``, of at least 2 classes.
        labels: int ``(sample,)``.

    Returns:
        given float32 ``(sample,)``, others int32 ``(sample, k)`` and their probabilities float32 ``(sample, k)``, as in
        `HeldOut`; k is `OTHERS`, or one less than the number of classes.
    """
    samples, count = len(labels), min(OTHERS, probabilities.shape[1] - 1)
    given, found = np.empty(samples, np.float32), np.empty((samples, count), np.float32)
    others = np.empty((samples, count), np.int32)
    for start in range(0, samples, BLOCK):
        here = slice(start, start + BLOCK)
        rest = probabilities[here].astype(np.float32)  # a copy
        rows = np.arange(len(rest))
        given[here] = rest[rows, labels[here]]
        rest[rows, labels[here]] = -1
        highest = np.argpartition(-rest, count - 1, axis=1)[:, :count]
        shares = np.take_along_axis(rest, highest, axis=1)
        order = np.lexsort((highest, -shares), axis=1)  # of equal ones the smaller class first
        others[here] = np.take_along_axis(highest, order, axis=1)
        found[here] = np.take_along_axis(shares, order, axis=1)
    return given, others, found
