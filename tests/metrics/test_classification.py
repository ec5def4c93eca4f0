import math

import numpy as np
import pytest
from sklearn.metrics import log_loss

from cutaway.metrics import classification_metrics


def test_loss_and_accuracy_equal_those_of_scikit_learn():
    generator = np.random.default_rng(0)
    probabilities, labels = generator.dirichlet(np.ones(4), 50), generator.integers(0, 4, 50)
    measured = classification_metrics([probabilities], labels)
    assert measured["loss"] == pytest.approx(log_loss(labels, probabilities, labels=range(4)))
    assert measured["accuracy"] == np.mean(probabilities.argmax(1) == labels)
    assert classification_metrics(iter([probabilities[:7], probabilities[7:]]), labels) == measured


def test_a_probability_of_zero_does_not_make_the_loss_infinite():
    assert classification_metrics([np.eye(2)], np.array([1, 1]))["loss"] == pytest.approx(-math.log(1e-7) / 2)


def test_the_cross_entropy_is_that_of_the_probabilities_as_they_are():
    probabilities = np.array([[1 - 1e-12, 1e-12], [0.25, 0.75]])
    measured = classification_metrics([probabilities], np.array([1, 1]))
    assert measured["cross_entropy"] == pytest.approx(-(math.log(1e-12) + math.log(0.75)) / 2)
    assert measured["loss"] == pytest.approx(-(math.log(1e-7) + math.log(0.75)) / 2)


def test_probabilities_that_are_not_finite_have_no_metrics():
    assert classification_metrics([np.full((2, 2), np.nan)], np.array([1, 1])) is None
