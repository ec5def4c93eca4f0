import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits, load_iris
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from cutaway.embedding.linear import lda, umap
from cutaway.errors import DataError, UsageError
from cutaway.neighbors import components

IRIS = load_iris().data.astype(np.float32), load_iris().target
DIGITS = load_digits().data.astype(np.float32), load_digits().target


def test_iris_is_projected_as_by_scikit_learn():
    ours = lda(*IRIS)
    reference = LinearDiscriminantAnalysis(n_components=2).fit(*IRIS).transform(IRIS[0])
    assert (ours.dtype, ours.shape) == (np.float32, (150, 2))
    for component in range(2):
        assert abs(np.corrcoef(ours[:, component], reference[:, component])[0, 1]) > 0.999
    np.testing.assert_allclose(ours.std(axis=0), reference.std(axis=0), rtol=0.05)


def test_classes_separate_and_the_variance_within_is_one():
    h, labels = DIGITS
    ours = lda(h, labels, components=9)
    assert KNeighborsClassifier().fit(ours[:900], labels[:900]).score(ours[900:], labels[900:]) > 0.9
    within = ours - np.stack([ours[labels == number].mean(axis=0) for number in range(10)])[labels]
    np.testing.assert_allclose((within**2).sum(axis=0) / (len(h) - 10), 1, atol=0.05)
    np.testing.assert_allclose(ours.mean(axis=0), 0, atol=1e-4)


def test_large_matrices_in_float32_give_the_same(monkeypatch):
    ours = lda(*DIGITS)
    monkeypatch.setattr(components, "FLOAT64_MULTIPLICATIONS", 0)
    monkeypatch.setattr(components, "ROWS_PER_RANGE", 500)
    np.testing.assert_allclose(lda(*DIGITS), ours, atol=2e-3)


def test_names_of_classes_do_not_matter_and_constant_units_do_no_harm():
    h, labels = IRIS
    names = np.array(["setosa", "a", "b"])[labels]
    wide = np.concatenate([h, np.zeros((150, 3), np.float32), h], axis=1)
    ours = lda(wide, names)
    assert np.isfinite(ours).all()
    for component in range(2):
        assert abs(np.corrcoef(ours[:, component], lda(*IRIS)[:, component])[0, 1]) > 0.999


def test_classes_without_any_variance_are_points():
    labels = np.repeat(np.arange(4), 10)
    ours = lda(np.eye(4, dtype=np.float32)[labels], labels, components=3)
    assert np.isfinite(ours).all()
    assert len(np.unique(ours.round(2), axis=0)) == 4


@settings(max_examples=40, deadline=None)
@given(
    rows=st.integers(4, 40),
    columns=st.integers(2, 60),
    classes=st.integers(3, 6),
    scale=st.sampled_from([1e-30, 1, 1e28]),
    seed=st.integers(0, 99),
)
def test_any_size_is_finite(rows, columns, classes, scale, seed):
    rng = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(classes), rng.integers(0, classes, rows)])
    h = (rng.normal(size=(len(labels), columns)) * scale).astype(np.float32)
    ours = lda(h, labels)
    assert ours.shape == (len(labels), 2)
    assert np.isfinite(ours).all()
    assert ours.std(axis=0).max() > 1e-3


@pytest.mark.parametrize(
    ("labels", "count", "error", "text"),
    [
        (IRIS[1][1:], 2, DataError, r"one class for each sample; got the shape \(149,\) for 150 samples; next:"),
        (np.eye(3)[IRIS[1]], 2, DataError, r"got the shape \(150, 3\)"),
        (
            np.minimum(IRIS[1], 1),
            2,
            UsageError,
            "at least 3 classes and 2 units; got 2 classes and 4 units; next:",
        ),
        (np.arange(150), 5, UsageError, "got 150 classes and 4 units"),
        (IRIS[1], 0, UsageError, "components is a whole number from 1 up; got 0"),
    ],
)
def test_what_cannot_be_projected_is_refused(labels, count, error, text):
    with pytest.raises(error, match=text):
        lda(IRIS[0], labels, components=count)


def test_umap_that_is_not_installed_is_a_clear_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(UsageError, match=r"an extra; got no such package .*; next: pip install .cutaway\[umap\]"):
        umap(IRIS[0], seed=0)


def test_umap_gets_exact_neighbors_and_starts_from_pca(monkeypatch):
    received = {}

    class Engine:
        def __init__(self, **settings):
            received.update(settings)

        def fit_transform(self, points):
            received["points"] = points
            return received["init"].astype(np.float64)

    monkeypatch.setitem(sys.modules, "umap", SimpleNamespace(UMAP=Engine))
    h = DIGITS[0][:200]
    reports = []
    xy = umap(h, seed=3, neighbors=6, on_progress=reports.append)
    index, far, _ = received["precomputed_knn"]
    reference = NearestNeighbors(n_neighbors=6).fit(h.astype(float)).kneighbors(h.astype(float))[0]
    assert index[:, 0].tolist() == list(range(200))
    np.testing.assert_allclose(far / far.max(), reference / reference.max(), rtol=0.02)
    assert (received["random_state"], received["n_neighbors"], received["points"].shape) == (3, 6, (200, 50))
    np.testing.assert_allclose(xy[:, 0].std(), 10, rtol=1e-5)
    scores = components.pca(h, 2)
    np.testing.assert_allclose(xy / xy[:, 0].std(), scores / scores[:, 0].std(), atol=1e-4)
    assert (xy.dtype, reports[-1].task, reports[-1].done) == (np.float32, "UMAP", 200)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"neighbors": 1}, "neighbors is a whole number from 2 to 149; got 1"),
        ({"neighbors": 150}, "neighbors is a whole number from 2 to 149; got 150"),
        ({"min_dist": 1.5}, "min_dist is a distance from 0 to 1; got 1.5"),
        ({"seed": -1}, "seed is a whole number from 0"),
    ],
)
def test_wrong_settings_of_umap_are_refused(settings, text, monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", SimpleNamespace(UMAP=None))
    with pytest.raises(UsageError, match=text):
        umap(IRIS[0], **{"seed": 0} | settings)
