"""How each sample was learned: measures of the predictions of all epochs, gathered epoch by epoch."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from cutaway.checks import check_choice
from cutaway.errors import DataError
from cutaway.options import DYNAMICS_SORTS

from .confusion import check_probabilities

DIFFICULTIES = ("easy", "ambiguous", "hard")
"""Difficulties of a sample, in the order of the numbers in `Dynamics.difficulty`."""

NEVER = -1
"""Stands for an epoch that there is none of."""

FLOOR = 2.0**-24
"""The smallest float16 above 0, 6e-8: recorded probabilities below it are 0, and use its logarithm."""

VARIABLE = 0.25
"""Standard deviation above which a probability varies much: half of the largest possible one."""


@dataclass(frozen=True, eq=False)
class Dynamics:
    """How each sample was learned, from its predictions in several epochs.

    Attributes:
        epochs: Numbers of the epochs, ascending.
        predicted: int64 ``(sample,)``, the class that was predicted in the last of them.
        first_learned: int64 ``(sample,)``, the first epoch that predicts its label; -1 if none does.
        forgotten: int64 ``(sample,)``, how often it was predicted right in one epoch and wrong in the next.
        correctness: float64 ``(sample,)`` in [0, 1], the share of epochs that predict it right.
        confidence: float64 ``(sample,)`` in [0, 1], the mean probability of its label.
        variability: float64 ``(sample,)`` in [0, 0.5], the standard deviation of that probability over the epochs.
        margin: float64 ``(sample,)`` in [-1, 1], the mean of the probability of its label minus the largest probability
            of another class.
        area_under_margin: float64 ``(sample,)`` in nats, the mean of the same difference between the logarithms of the
            probabilities, each of them at least `FLOOR`: within ±16.64. For a softmax it is the difference between the
            logits of the two classes.

    Source:
        Toneva, Sordoni, Tachet des Combes, Trischler, Bengio, Gordon 2019, "An empirical study of example forgetting
        during deep neural network learning", section 3 (learning and forgetting events); Swayamdipta, Schwartz,
        Lourie, Wang, Hajishirzi, Smith, Choi 2020, "Dataset cartography", section 2 (confidence, variability,
        correctness); Pleiss, Zhang, Elenberg, Weinberger 2020, "Identifying mislabeled data using the area under the
        margin ranking", equations 1 and 2.
    """

    epochs: tuple[int, ...]
    predicted: np.ndarray = field(repr=False)
    first_learned: np.ndarray = field(repr=False)
    forgotten: np.ndarray = field(repr=False)
    correctness: np.ndarray = field(repr=False)
    confidence: np.ndarray = field(repr=False)
    variability: np.ndarray = field(repr=False)
    margin: np.ndarray = field(repr=False)
    area_under_margin: np.ndarray = field(repr=False)

    def __len__(self) -> int:
        return len(self.predicted)

    @property
    def never_learned(self) -> np.ndarray:
        """Bool ``(sample,)``, whether the label was predicted in none of the epochs."""
        return self.first_learned == NEVER

    @property
    def ambiguous_from(self) -> float:
        """Variability above which a sample is ambiguous.

        It is `VARIABLE`. For fewer than 15 epochs it is what a single deviating epoch can cause, ``sqrt(n - 1) / n``
        for n epochs: in the first, samples that came early were predicted by a model that had learned nothing yet. With
        fewer than four epochs no sample is ambiguous.
        """
        count = len(self.epochs)
        return max(VARIABLE, math.sqrt(count - 1) / count)

    @property
    def difficulty(self) -> np.ndarray:
        """int8 ``(sample,)``, index into `DIFFICULTIES`, the three regions of a data map.

        A sample is ambiguous if the probability of its label varies by more than `ambiguous_from`. Otherwise it is hard
        if its margin is below 0 (another class was on average more probable), and easy if not. With many classes
        a label is often predicted with a probability below one half, so one half cannot be the limit.
        """
        # a margin for rounding: one epoch that deviates by all of 1 makes exactly the limit
        ambiguous = self.variability > self.ambiguous_from + 1e-9
        return np.where(ambiguous, 1, np.where(self.margin >= 0, 0, 2)).astype(np.int8)

    def order(self, sort: str = "area_under_margin") -> np.ndarray:
        """Numbers of the samples, the hardest first, int64 ``(sample,)``.

        Args:
            sort: One of `DYNAMICS_SORTS`. The hardest sample has the smallest margin, confidence or correctness, the
                largest variability, was forgotten most often or learned last. A sample that was never learned is harder
                than all that were forgotten, and than all that were learned at some time. Ties are in the order of
                their areas under the margin.

        Raises:
            UnknownNameError: ``sort`` is not one of these.
        """
        check_choice(sort, name="sort", choices=DYNAMICS_SORTS)
        values = getattr(self, sort).astype(np.float64)
        if sort in ("forgotten", "first_learned"):
            values = np.where(self.never_learned, np.inf, values)
        return np.lexsort((self.area_under_margin, -values if sort in _LARGEST_FIRST else values)).astype(np.int64)

    def take(self, selection: np.ndarray) -> "Dynamics":
        """The same for some of the samples, selected as in NumPy."""
        arrays = {name: value[selection] for name, value in vars(self).items() if name != "epochs"}
        return Dynamics(self.epochs, **arrays)


_LARGEST_FIRST = ("variability", "forgotten", "first_learned")


class DynamicsTracker:
    """Gathers how samples are learned, epoch by epoch: at no time are the predictions of two epochs in memory.

    Args:
        labels: int64 ``(sample,)``, their classes.
    """

    def __init__(self, labels: np.ndarray) -> None:
        self._labels, self._epochs = labels, list[int]()
        n = len(labels)
        self._predicted, self._forgotten = np.zeros(n, np.int64), np.zeros(n, np.int64)
        self._first, self._right, self._times_right = np.full(n, NEVER), np.zeros(n, bool), np.zeros(n, np.int64)
        self._mean, self._squares, self._margin, self._area = np.zeros((4, n))

    def add(self, epoch: int, parts: Iterable[np.ndarray]) -> None:
        """Add the predictions of the next epoch.

        Args:
            epoch: Its number.
            parts: float ``(some samples, class)``, probabilities, in the order of the labels and together of all
                samples: chunks of any size.

        Raises:
            DataError: They are not probabilities, or not of as many samples as there are labels.
        """
        first = 0
        for part in parts:
            if len(part) > len(self._labels) - first:
                raise self._wrong_number(f"more than {len(self._labels):,}")
            self._judge(epoch, first, check_probabilities(part, first=first))
            first += len(part)
        if first != len(self._labels):
            raise self._wrong_number(f"{first:,}")
        self._epochs.append(epoch)

    def _wrong_number(self, got: str) -> DataError:
        rule = f"an epoch has predictions for each of the {len(self._labels):,} samples"
        return DataError(rule, got=got, hint="pass all samples, in the order of the labels")

    def _judge(self, epoch: int, first: int, part: np.ndarray) -> None:
        """Take in some rows, in float64: NumPy has no fast arithmetic of float16."""
        rows = slice(first, first + len(part))
        p, labels, places = part.astype(np.float64), self._labels[rows], np.arange(len(part))
        predicted, given = p.argmax(axis=1), p[places, labels]
        p[places, labels] = -1.0
        other, right = p.max(axis=1, initial=-1.0), predicted == labels
        self._first[rows] = np.where(right & (self._first[rows] == NEVER), epoch, self._first[rows])
        self._forgotten[rows] += self._right[rows] & ~right
        self._predicted[rows], self._right[rows] = predicted, right
        self._times_right[rows] += right
        self._margin[rows] += given - other
        self._area[rows] += np.log(np.maximum(given, FLOOR)) - np.log(np.maximum(other, FLOOR))
        # Welford 1962: sums of squares would lose small deviations from a mean near 1
        deviation = given - self._mean[rows]
        self._mean[rows] += deviation / (len(self._epochs) + 1)
        self._squares[rows] += deviation * (given - self._mean[rows])

    def result(self) -> Dynamics:
        """The measures of all added epochs.

        Raises:
            DataError: No epoch was added.
        """
        count = len(self._epochs)
        if not count:
            raise DataError("no epoch was added", hint="add one")
        return Dynamics(
            epochs=tuple(self._epochs),
            predicted=self._predicted.copy(),
            first_learned=self._first.copy(),
            forgotten=self._forgotten.copy(),
            correctness=self._times_right / count,
            confidence=np.clip(self._mean, 0, 1),
            variability=np.sqrt(self._squares / count),
            margin=self._margin / count,
            area_under_margin=self._area / count,
        )
