import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, precision_recall_fscore_support

from cutaway.errors import DataError
from cutaway.metrics import confusion_counts, per_class

CLASSES = 4
PAIRS = st.lists(st.tuples(st.integers(0, CLASSES - 1), st.integers(0, CLASSES - 1)), min_size=1, max_size=40)


@given(PAIRS)
def test_the_measures_are_those_of_scikit_learn(pairs):
    labels, predicted = np.array(pairs).T
    found = per_class(confusion_counts(labels, predicted, classes=CLASSES))
    precision, recall, f1, samples = precision_recall_fscore_support(
        labels, predicted, labels=range(CLASSES), zero_division=np.nan
    )
    np.testing.assert_allclose(found.precision, precision)
    np.testing.assert_allclose(found.recall, recall)
    np.testing.assert_allclose(found.f1, f1)
    np.testing.assert_array_equal(found.samples, samples)
    np.testing.assert_array_equal(found.predicted, np.bincount(predicted, minlength=CLASSES))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns of predicted classes without samples
        assert found.balanced_accuracy == pytest.approx(balanced_accuracy_score(labels, predicted))
    assert found.accuracy == pytest.approx((labels == predicted).mean())
    assert found.baseline == pytest.approx(max((labels == k).mean() for k in range(CLASSES)))


def test_counts_are_needed():
    with pytest.raises(DataError):
        per_class(np.zeros((2, 2), int))
