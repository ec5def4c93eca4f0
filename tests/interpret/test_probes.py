import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import RidgeClassifier
from sklearn.neighbors import KNeighborsClassifier

from cutaway.interpret.probes import PENALTIES, halves, knn_accuracy, probe_accuracy


def _blobs(n, d, *, classes=5, spread=1.5, shift=0.0):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, classes, n)
    return (rng.normal(size=(classes, d))[labels] + spread * rng.normal(size=(n, d)) + shift).astype(np.float32), labels


@given(st.lists(st.integers(0, 4), max_size=60))
def test_halves_split_every_class_evenly(labels):
    labels = np.array(labels, np.int64)
    fitted, measured = halves(labels)
    assert sorted([*fitted, *measured]) == list(range(len(labels)))
    assert list(fitted) == sorted(fitted)
    difference = np.bincount(labels[fitted], minlength=5) - np.bincount(labels[measured], minlength=5)
    assert set(difference) <= {0, 1}


@pytest.mark.parametrize("k", [1, 4, 15])
@pytest.mark.parametrize("shift", [0.0, 100.0])
def test_knn_accuracy_equals_scikit_learn(k, shift):
    h, labels = _blobs(2500, 12, shift=shift)
    fitted, measured = halves(labels)
    reference = KNeighborsClassifier(k).fit(h[fitted].astype(np.float64), labels[fitted])
    expected = reference.score(h[measured].astype(np.float64), labels[measured])
    assert 0.3 < expected < 0.99
    # rounding may swap two neighbors at the k-th place: a sample or two of 1,250
    assert knn_accuracy(h, labels, k=k) == pytest.approx(expected, abs=2 / len(measured))


def _ridge(h, labels, fitted, measured, penalty):
    """The accuracy of scikit-learn's ridge classifier with a relative penalty."""
    x = h[fitted].astype(np.float64)
    alpha = penalty * ((x - x.mean(0)) ** 2).sum() / x.shape[1]
    reference = RidgeClassifier(alpha=alpha).fit(x, labels[fitted])
    return reference.score(h[measured].astype(np.float64), labels[measured])


@pytest.mark.parametrize(("n", "d", "noise"), [(2000, 10, 1.5), (60, 200, 8.0), (400, 150, 6.0)])
def test_probe_accuracy_equals_ridge_of_scikit_learn(n, d, noise):
    h, labels = _blobs(n, d, spread=noise, shift=4.0)
    fitted, measured = halves(labels)
    penalty = PENALTIES[0]
    if len(fitted) < 5 * d:
        first, second = (fitted[part] for part in halves(labels[fitted]))
        penalty = max(PENALTIES, key=lambda each: (round(_ridge(h, labels, first, second, each), 9), -each))
    expected = _ridge(h, labels, fitted, measured, penalty)
    assert 0.2 < expected < 0.99
    assert probe_accuracy(h, labels) == pytest.approx(expected, abs=1e-9)
    assert probe_accuracy(h * np.float32(1e-3), labels) == pytest.approx(expected, abs=1 / len(measured)), (
        "independent of scale"
    )


def test_few_samples_for_each_unit_do_not_hide_what_a_layer_knows():
    rng = np.random.default_rng(0)
    h = rng.normal(size=(400, 128)).astype(np.float32)
    labels = (h[:, :3].sum(axis=1) + rng.normal(size=400) > 0).astype(np.int64)
    h[:, :3] *= 3  # as a trained layer does with what tells the classes
    fitted, measured = halves(labels)
    weak = _ridge(h, labels, fitted, measured, PENALTIES[0])
    assert probe_accuracy(h, labels) > weak + 0.08, "the weakest penalty learns the noise of 200 samples by 128 units"


def test_where_nothing_can_be_learned():
    labels = np.array([0, 0, 0, 0, 0, 0, 1, 1])
    for accuracy in (knn_accuracy, probe_accuracy):
        assert accuracy(np.zeros((8, 3), np.float32), labels) == 0.75, "the most frequent class"
        assert accuracy(np.ones((2, 3), np.float32), np.array([0, 1])) is None, "nothing is left to measure"
