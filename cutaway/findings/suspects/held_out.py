"""What models say of samples that they were not trained on: the probability of the label, and the best other classes.

Of many classes only the most probable are kept, so that 70,000 samples of 1,000 classes take no more than of 10.
"""

from dataclasses import dataclass, field

import numpy as np

OTHERS = 5
"""Classes other than the label that are kept of each sample."""


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
    rows = np.arange(len(labels))
    given = probabilities[rows, labels].astype(np.float32)
    rest = probabilities.astype(np.float32)  # a copy
    rest[rows, labels] = -1
    count = min(OTHERS, rest.shape[1] - 1)
    highest = np.argpartition(-rest, count - 1, axis=1)[:, :count]
    found = np.take_along_axis(rest, highest, axis=1)
    order = np.lexsort((highest, -found), axis=1)  # of equal ones the smaller class first
    highest = np.take_along_axis(highest, order, axis=1)
    return given, highest.astype(np.int32), np.take_along_axis(found, order, axis=1)
