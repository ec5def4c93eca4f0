import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.errors import DataError, UsageError
from cutaway.metrics import Confusion, PredictedClasses, confusion_counts, most_mistaken, top_confusions
from cutaway.metrics import worst_mistakes as worst_of_predicted

MATRIX = np.array([[8, 2, 0], [5, 15, 0], [2, 1, 1]])
PROBABILITIES = np.array(
    [
        [0.9, 0.1, 0.0],  # correct
        [0.2, 0.8, 0.0],  # wrong, 0.8
        [0.4, 0.3, 0.3],  # wrong, 0.4
        [0.0, 0.05, 0.95],  # wrong, 0.95
        [0.8, 0.1, 0.1],  # wrong, 0.8 again
    ]
)
LABELS = np.array([0, 0, 2, 1, 1])


def worst_mistakes(probabilities, labels, **more):
    return worst_of_predicted(PredictedClasses.of(probabilities), labels, **more)


@given(pairs=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40))
def test_every_prediction_is_counted_once(pairs):
    labels, predicted = np.array(pairs).T
    counts = confusion_counts(labels, predicted, classes=4)
    assert counts.dtype == np.int64
    expected = np.zeros((4, 4), dtype=int)
    for pair in pairs:
        expected[pair] += 1
    np.testing.assert_array_equal(counts.toarray(), expected)


@pytest.mark.parametrize(
    ("labels", "predicted"),
    [
        ([0, 3], [0, 1]),
        ([0, 2], [0, -1]),
        ([0.0, 1.0], [0, 1]),
        (np.eye(3, dtype=int), [0, 1, 2]),
        ([], []),
        ([0, 1], [0]),
    ],
)
def test_invalid_classes_are_refused(labels, predicted):
    with pytest.raises(DataError):
        confusion_counts(np.array(labels), np.array(predicted), classes=3)


def test_the_most_frequent_confusions_come_first():
    assert top_confusions(MATRIX) == (
        Confusion(true=1, predicted=0, count=5, share=0.25),
        Confusion(true=0, predicted=1, count=2, share=0.2),
        Confusion(true=2, predicted=0, count=2, share=0.5),
        Confusion(true=2, predicted=1, count=1, share=0.25),
    )
    assert top_confusions(MATRIX, 1) == top_confusions(MATRIX)[:1]


def test_correct_predictions_are_not_confusions():
    assert top_confusions(np.diag([3, 0, 5])) == ()


@pytest.mark.parametrize("matrix", [MATRIX[:2], MATRIX[0], MATRIX / 10, -MATRIX, 0 * MATRIX])
def test_matrices_of_other_things_than_counts_are_refused(matrix):
    with pytest.raises(DataError):
        top_confusions(matrix)


def test_the_most_confident_mistakes_come_first():
    worst = worst_mistakes(PROBABILITIES, LABELS)
    assert worst.position.tolist() == [3, 1, 4, 2]
    assert worst.label.tolist() == [1, 0, 1, 2]
    assert worst.predicted.tolist() == [2, 1, 0, 0]
    np.testing.assert_array_equal(worst.confidence, np.float32([0.95, 0.8, 0.8, 0.4]))
    assert (worst.position.dtype, worst.predicted.dtype, worst.confidence.dtype) == (np.int64, np.int64, np.float32)
    assert worst_mistakes(PROBABILITIES, LABELS, n=2).position.tolist() == [3, 1]


def test_float16_probabilities_are_accepted():
    assert worst_mistakes(PROBABILITIES.astype(np.float16), LABELS).position.tolist() == [3, 1, 4, 2]


def test_a_perfect_model_has_no_mistakes():
    assert len(worst_mistakes(PROBABILITIES, PROBABILITIES.argmax(axis=1)).position) == 0


@pytest.mark.parametrize(
    ("probabilities", "labels"),
    [
        (PROBABILITIES[:, :1], LABELS),
        (PROBABILITIES.astype(int), LABELS),
        (PROBABILITIES * 20 - 3, LABELS),
        (np.where(PROBABILITIES == 0.95, np.nan, PROBABILITIES), LABELS),
        (PROBABILITIES, LABELS + 1),
        (PROBABILITIES, LABELS[:3]),
    ],
)
def test_invalid_probabilities_are_refused(probabilities, labels):
    with pytest.raises(DataError):
        worst_mistakes(probabilities, labels)


@pytest.mark.parametrize("count", [0, -1, 2.0, True])
def test_counts_below_one_are_refused(count):
    with pytest.raises(UsageError):
        worst_mistakes(PROBABILITIES, LABELS, n=count)
    with pytest.raises(UsageError):
        top_confusions(MATRIX, count)
    with pytest.raises(UsageError):
        confusion_counts(LABELS, LABELS, classes=count)


def test_records_can_be_pickled():
    confusions, worst = top_confusions(MATRIX), worst_mistakes(PROBABILITIES, LABELS)
    assert pickle.loads(pickle.dumps(confusions)) == confusions
    restored = pickle.loads(pickle.dumps(worst))
    for name in ("position", "label", "predicted", "confidence"):
        np.testing.assert_array_equal(getattr(restored, name), getattr(worst, name))


def test_predictions_made_in_parts_are_those_of_the_whole():
    whole = PredictedClasses.of(PROBABILITIES)
    joined = PredictedClasses.join([PredictedClasses.of(PROBABILITIES[:2]), PredictedClasses.of(PROBABILITIES[2:])])
    np.testing.assert_array_equal(joined.predicted, whole.predicted)
    np.testing.assert_array_equal(joined.confidence, whole.confidence)
    with pytest.raises(DataError):
        PredictedClasses.of(np.full((1, 2), np.nan), first=7)


def test_the_classes_with_the_most_mistakes_are_found():
    # mistakes in row and column: 0 has 2 + 7, 1 has 5 + 3, 2 has 3 + 0
    assert most_mistaken(MATRIX, 1).tolist() == [0]
    assert most_mistaken(MATRIX, 2).tolist() == [0, 1]
    assert most_mistaken(np.diag([1, 2, 3]), 2).tolist() == [0, 1], "of equals the first"


def test_counts_of_many_classes_take_the_memory_of_their_pairs():
    labels = np.arange(0, 1_000_000, 50)
    counts = confusion_counts(labels, np.roll(labels, 1), classes=1_000_000)
    assert counts.nnz == len(labels)
    assert counts.data.nbytes + counts.indices.nbytes + counts.indptr.nbytes < 9e6
    assert top_confusions(counts, 1) == (Confusion(true=0, predicted=999_950, count=1, share=1.0),)
    assert most_mistaken(counts, 2).tolist() == [0, 50]
