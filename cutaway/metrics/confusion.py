"""Which classes are mistaken for each other, and which predictions are the most confidently wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from cutaway.checks import check_whole
from cutaway.errors import DataError

SparseCounts: TypeAlias = Any
"""An int64 `scipy.sparse.csr_array` (true, predicted); SciPy has no types."""

# Allows for the rounding of float16 and of a softmax in float32.
ROUNDING = 1e-3


@dataclass(frozen=True)
class Confusion:
    """How often one class was mistaken for another.

    Attributes:
        true: Index of the class that the samples belong to.
        predicted: Index of the class that was predicted for them.
        count: Number of such samples.
        share: ``count`` divided by the number of samples of the true class, 0..1.
    """

    true: int
    predicted: int
    count: int
    share: float


@dataclass(frozen=True, eq=False)
class PredictedClasses:
    """The class that is predicted for each sample; with 10,000 classes, a thousandth of the size of all probabilities.

    Attributes:
        predicted: int64 (sample,), classes with the largest probability, the first one in a tie.
        confidence: float32 (sample,), those probabilities.
        classes: Number of classes.
    """

    predicted: np.ndarray
    confidence: np.ndarray
    classes: int

    @classmethod
    def of(cls, probabilities: np.ndarray, *, first: int = 0) -> "PredictedClasses":
        """The classes that probabilities predict.

        Args:
            probabilities: float (sample, class), 0..1.
            first: Number of the first of these samples, for the message of an error.

        Raises:
            DataError: They are not such an array, or one of them is outside 0..1.
        """
        array = check_probabilities(probabilities, first=first)
        predicted = array.argmax(axis=1).astype(np.int64, copy=False)
        return cls(predicted, array.max(axis=1).astype(np.float32, copy=False), array.shape[1])

    @classmethod
    def join(cls, parts: "Sequence[PredictedClasses]") -> "PredictedClasses":
        """The samples of several parts, at least one, in their order."""
        predicted, confidence = ([getattr(part, name) for part in parts] for name in ("predicted", "confidence"))
        return cls(np.concatenate(predicted), np.concatenate(confidence), parts[0].classes)


@dataclass(frozen=True, eq=False)
class Mistakes:
    """Samples with a wrong prediction, the most confident first.

    Attributes:
        position: int64 (mistake,), rows of the probabilities.
        label: int64 (mistake,), true classes.
        predicted: int64 (mistake,), classes with the largest probability, the first one in a tie.
        confidence: float32 (mistake,), those probabilities.
    """

    position: np.ndarray
    label: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray


def confusion_counts(labels: np.ndarray, predicted: np.ndarray, *, classes: int) -> SparseCounts:
    """Count for each class how its samples were predicted.

    Args:
        labels: int (sample,), the true classes, 0..classes-1.
        predicted: int (sample,), the predicted classes, 0..classes-1.
        classes: Number of classes.

    Returns:
        int64 (true, predicted), sparse: only pairs that occur take memory, which are at most as many as samples. As an
        array, 10,000 classes would take 800 MB.

    Raises:
        DataError: A class is out of range, or the two arrays are empty or of different lengths.
        UsageError: ``classes`` is not a whole number of at least 1.
    """
    from scipy.sparse import coo_array

    classes = check_whole(classes, name="classes", least=1)
    labels = check_classes(labels, name="labels", classes=classes)
    predicted = check_classes(predicted, name="predicted classes", classes=classes)
    check_same_length(labels, predicted)
    return coo_array((np.ones(len(labels), np.int64), (labels, predicted)), shape=(classes, classes)).tocsr()


def top_confusions(matrix: Any, n: int = 5) -> tuple[Confusion, ...]:
    """List the ``n`` most frequent confusions, the most frequent first, ties in the order of the classes.

    Args:
        matrix: int (true, predicted), counts, sparse or not.
        n: Largest number to return, at least 1; fewer pairs of classes may have been confused.

    Raises:
        DataError: ``matrix`` is not square, holds other things than counts, or only zeros.
        UsageError: ``n`` is not a whole number of at least 1.
    """
    matrix, n = check_counts(matrix), check_whole(n, name="n", least=1)
    true, predicted, count = _mistaken_pairs(matrix)
    samples = matrix.sum(axis=1)
    return tuple(
        Confusion(int(true[i]), int(predicted[i]), int(count[i]), float(count[i] / samples[true[i]]))
        for i in np.lexsort((predicted, true, -count))[:n]
    )


def most_mistaken(matrix: Any, n: int) -> np.ndarray:
    """The ``n`` classes with the most mistakes, as the true class or as the predicted one.

    Args:
        matrix: int (true, predicted), counts, sparse or not.
        n: Largest number to return, at least 1.

    Returns:
        int64 (class,), ascending; of classes with equally many mistakes the first.

    Raises:
        DataError, UsageError: See `top_confusions`.
    """
    matrix, n = check_counts(matrix), check_whole(n, name="n", least=1)
    true, predicted, count = _mistaken_pairs(matrix)
    mistakes = sum(np.bincount(side, weights=count, minlength=matrix.shape[0]) for side in (true, predicted))
    return np.sort(np.argsort(-np.asarray(mistakes), kind="stable")[:n])


def _mistaken_pairs(matrix: SparseCounts) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True class, predicted class and count of each pair of different classes that occurs."""
    pairs = matrix.tocoo()
    true, predicted = pairs.coords
    wrong = true != predicted
    return true[wrong], predicted[wrong], pairs.data[wrong]


def worst_mistakes(found: PredictedClasses, labels: np.ndarray, *, n: int = 24) -> Mistakes:
    """Find the ``n`` most confident wrong predictions, ties in the order of the samples.

    Args:
        found: Predicted class of each sample.
        labels: int (sample,), the true classes.
        n: Largest number to return, at least 1; fewer predictions may be wrong.

    Raises:
        DataError: The arrays do not fit together, or a label is none of the classes.
        UsageError: ``n`` is not a whole number of at least 1.
    """
    n = check_whole(n, name="n", least=1)
    labels = check_classes(labels, name="labels", classes=found.classes)
    check_same_length(labels, found.predicted)
    wrong = np.flatnonzero(found.predicted != labels)
    position = wrong[np.argsort(-found.confidence[wrong], kind="stable")[:n]]
    return Mistakes(
        position=position.astype(np.int64, copy=False),
        label=labels[position],
        predicted=found.predicted[position],
        confidence=found.confidence[position],
    )


def check_counts(matrix: Any) -> SparseCounts:
    """Return ``matrix``, an array or a sparse one, as a sparse int64 confusion matrix.

    Raises:
        DataError: It is not square, holds other things than counts, or only zeros.
    """
    from scipy.sparse import csr_array, issparse

    array = matrix if issparse(matrix) else np.asarray(matrix)
    counts: Any = array.data if issparse(matrix) else array
    square = array.ndim == 2 and array.shape[0] == array.shape[1]
    if not square or array.dtype.kind not in "iu" or (counts < 0).any() or not counts.any():
        raise DataError(
            "a confusion matrix must be a square array (true, predicted) of counts that are not all 0",
            got=f"the shape {array.shape} and dtype {array.dtype}",
            hint="make it with confusion_counts and do not normalize it",
        )
    return csr_array(array, dtype=np.int64)


def check_probabilities(probabilities: np.ndarray, *, first: int = 0) -> np.ndarray:
    """Return probabilities as an array.

    Args:
        probabilities: float (sample, class), 0..1, of at least two classes.
        first: Number of the first of these samples, for the message of an error.

    Raises:
        DataError: They are not such an array, or one of them is outside 0..1.
    """
    array = np.asarray(probabilities)
    if array.ndim != 2 or array.shape[1] < 2 or array.dtype.kind != "f":
        raise DataError(
            "probabilities must be a float array (sample, class) with at least two classes",
            got=f"the shape {array.shape} and dtype {array.dtype}",
            hint="turn a single output p into the two columns 1 - p and p",
        )
    # NaN fails the comparison as well
    if array.size and not (array.min() >= -ROUNDING and array.max() <= 1 + ROUNDING):
        row, column = np.argwhere(~((array >= -ROUNDING) & (array <= 1 + ROUNDING)))[0]
        raise DataError(
            f"probability {array[row, column]} of sample {first + row}, class {column} is not between 0 and 1",
            hint="apply softmax to the outputs first",
        )
    return array


def check_classes(values: np.ndarray, *, name: str, classes: int) -> np.ndarray:
    """Return classes as int64 (sample,).

    Raises:
        DataError: They are no integers from 0 to ``classes - 1``, or there are none.
    """
    array = np.asarray(values)
    if array.ndim != 1 or not len(array) or array.dtype.kind not in "iu":
        raise DataError(
            f"{name} must be one integer per sample, for at least one sample",
            got=f"the shape {array.shape} and dtype {array.dtype}",
            hint="turn one-hot rows or probabilities into classes with argmax(axis=1)",
        )
    outside = np.flatnonzero((array < 0) | (array >= classes))
    if len(outside):
        raise DataError(
            f"{name} must be from 0 to {classes - 1}, got {array[outside[0]]} for sample {outside[0]}",
            hint="number the classes from 0, or pass the right number of classes",
        )
    return array.astype(np.int64, copy=False)


def check_same_length(labels: np.ndarray, predictions: np.ndarray) -> None:
    """Check that labels and predictions are of equally many samples.

    Raises:
        DataError: They are not.
    """
    if len(labels) != len(predictions):
        raise DataError(
            f"{len(labels)} labels and {len(predictions)} predictions are not of the same samples",
            hint="take both from the same split",
        )
