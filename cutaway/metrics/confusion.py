"""Which classes are mistaken for each other, and which predictions are the most confidently wrong."""

from dataclasses import dataclass
from numbers import Integral

import numpy as np

from cutaway.errors import DataError, UsageError

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


def confusion_counts(labels: np.ndarray, predicted: np.ndarray, *, classes: int) -> np.ndarray:
    """Count for each class what was predicted for its samples.

    Args:
        labels: int (sample,), the true classes, 0..classes-1.
        predicted: int (sample,), the predicted classes, 0..classes-1.
        classes: Number of classes.

    Returns:
        int64 (true, predicted).

    Raises:
        DataError: A class is out of range, or the two arrays are empty or of different lengths.
        UsageError: ``classes`` is not a whole number of at least 1.
    """
    from sklearn.metrics import confusion_matrix

    classes = _check_count(classes, name="classes")
    labels = _check_classes(labels, name="labels", classes=classes)
    predicted = _check_classes(predicted, name="predicted classes", classes=classes)
    _check_same_length(labels, predicted)
    return confusion_matrix(labels, predicted, labels=np.arange(classes)).astype(np.int64, copy=False)


def top_confusions(matrix: np.ndarray, n: int = 5) -> tuple[Confusion, ...]:
    """List the ``n`` most frequent confusions, the most frequent first, ties in the order of the classes.

    Args:
        matrix: int (true, predicted), counts.
        n: Largest number to return, at least 1; fewer pairs of classes may have been confused.

    Raises:
        DataError: ``matrix`` is not square, holds other things than counts, or only zeros.
        UsageError: ``n`` is not a whole number of at least 1.
    """
    matrix, n = check_counts(matrix), _check_count(n, name="n")
    wrong = np.where(np.eye(len(matrix), dtype=bool), 0, matrix)
    samples = matrix.sum(axis=1)
    pairs = (divmod(int(place), len(matrix)) for place in np.argsort(-wrong, axis=None, kind="stable")[:n])
    return tuple(
        Confusion(true, predicted, int(wrong[true, predicted]), float(wrong[true, predicted] / samples[true]))
        for true, predicted in pairs
        if wrong[true, predicted]
    )


def worst_mistakes(probabilities: np.ndarray, labels: np.ndarray, *, n: int = 24) -> Mistakes:
    """Find the ``n`` most confident wrong predictions, ties in the order of the samples.

    Args:
        probabilities: float (sample, class), 0..1.
        labels: int (sample,), the true classes.
        n: Largest number to return, at least 1; fewer predictions may be wrong.

    Raises:
        DataError: The arrays do not fit together, a probability is outside 0..1, or a label has no column.
        UsageError: ``n`` is not a whole number of at least 1.
    """
    probabilities, n = _check_probabilities(probabilities), _check_count(n, name="n")
    labels = _check_classes(labels, name="labels", classes=probabilities.shape[1])
    _check_same_length(labels, probabilities)
    predicted = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    position = wrong[np.argsort(-confidence[wrong], kind="stable")[:n]]
    return Mistakes(
        position=position.astype(np.int64, copy=False),
        label=labels[position],
        predicted=predicted[position].astype(np.int64, copy=False),
        confidence=confidence[position].astype(np.float32, copy=False),
    )


def check_counts(matrix: np.ndarray) -> np.ndarray:
    """Return ``matrix`` as an int64 confusion matrix.

    Raises:
        DataError: It is not square, holds other things than counts, or only zeros.
    """
    array = np.asarray(matrix)
    square = array.ndim == 2 and array.shape[0] == array.shape[1]
    if not square or array.dtype.kind not in "iu" or (array < 0).any() or not array.any():
        raise DataError(
            "a confusion matrix is a square array (true, predicted) of counts that are not all 0",
            got=f"the shape {array.shape} and dtype {array.dtype}",
            hint="make it with confusion_counts and do not normalize it",
        )
    return array.astype(np.int64, copy=False)


def _check_probabilities(probabilities: np.ndarray) -> np.ndarray:
    array = np.asarray(probabilities)
    if array.ndim != 2 or array.shape[1] < 2 or array.dtype.kind != "f":
        raise DataError(
            "probabilities are a float array (sample, class) with at least two classes",
            got=f"the shape {array.shape} and dtype {array.dtype}",
            hint="turn a single output p into the two columns 1 - p and p",
        )
    outside = ~((array >= -ROUNDING) & (array <= 1 + ROUNDING))
    if outside.any():
        row, column = np.argwhere(outside)[0]
        raise DataError(
            "probabilities are between 0 and 1",
            got=f"{array[row, column]} for sample {row}, class {column}",
            hint="apply softmax to the outputs first",
        )
    return array


def _check_classes(values: np.ndarray, *, name: str, classes: int) -> np.ndarray:
    array = np.asarray(values)
    if array.ndim != 1 or not len(array) or array.dtype.kind not in "iu":
        raise DataError(
            f"{name} are one integer per sample, for at least one sample",
            got=f"the shape {array.shape} and dtype {array.dtype}",
            hint="turn one-hot rows or probabilities into classes with argmax(axis=1)",
        )
    outside = np.flatnonzero((array < 0) | (array >= classes))
    if len(outside):
        raise DataError(
            f"{name} are integers from 0 to {classes - 1}",
            got=f"{array[outside[0]]} for sample {outside[0]}",
            hint="number the classes from 0, or pass the right number of classes",
        )
    return array.astype(np.int64, copy=False)


def _check_same_length(labels: np.ndarray, predictions: np.ndarray) -> None:
    if len(labels) != len(predictions):
        raise DataError(
            "labels and predictions are of the same samples",
            got=f"{len(labels)} labels and {len(predictions)} predictions",
            hint="take both from the same split",
        )


def _check_count(value: int, *, name: str) -> int:
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise UsageError(f"{name} is a whole number of at least 1", got=repr(value), hint=f"pass for example {name}=10")
    return int(value)
