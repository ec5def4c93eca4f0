import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits, load_iris
from sklearn.decomposition import PCA

from cutaway.errors import DataError, UsageError
from cutaway.neighbors import components, pca, principal_points

IRIS = load_iris().data.astype(np.float32)
DIGITS = load_digits().data.astype(np.float32)


@pytest.mark.parametrize(("h", "count"), [(IRIS, 4), (DIGITS, 10)])
def test_scores_are_those_of_scikit_learn_up_to_sign(h, count):
    scores = pca(h, count)
    reference = PCA(count, svd_solver="full").fit_transform(h.astype(np.float64))
    signs = np.sign((scores * reference).sum(axis=0))
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores * signs, reference, atol=1e-4)


def test_the_column_with_the_largest_weight_counts_positively():
    rng = np.random.default_rng(0)
    h = rng.normal(size=(500, 3)) * [1.0, 20.0, 5.0]
    scores = pca(h, 3)
    for component, column in enumerate([1, 2, 0]):
        assert np.corrcoef(scores[:, component], h[:, column])[0, 1] > 0.99


def test_the_size_of_blocks_makes_no_difference(monkeypatch):
    whole = pca(DIGITS, 5)
    monkeypatch.setattr(components, "ROWS_PER_RANGE", 100)
    np.testing.assert_allclose(pca(DIGITS, 5), whole, atol=1e-4)


def test_a_large_offset_does_not_hide_the_variance():
    np.testing.assert_allclose(pca(IRIS.astype(np.float64) + 4096, 2), pca(IRIS, 2), atol=2e-3)


@given(rows=st.integers(1, 20), columns=st.integers(1, 8), seed=st.integers(0, 99))
def test_all_components_preserve_all_distances(rows, columns, seed):
    h = np.random.default_rng(seed).normal(size=(rows, columns)).astype(np.float32)
    scores = pca(h, columns)
    assert scores.shape == (rows, columns)
    np.testing.assert_allclose(scores @ scores.T, (h - h.mean(0)) @ (h - h.mean(0)).T, atol=1e-4)


def test_unsigned_integers_are_read_as_they_are():
    h = np.array([[0, 255], [255, 0], [3, 7]], dtype=np.uint8)
    np.testing.assert_array_equal(pca(h, 2), pca(h.astype(np.float32), 2))


@pytest.mark.parametrize("count", [0, 5, 2.0, True])
def test_impossible_components_are_refused(count):
    with pytest.raises(UsageError):
        pca(IRIS, count)


@pytest.mark.parametrize(
    "h",
    [
        IRIS[0],
        IRIS[:0],
        IRIS[:, :0],
        IRIS.astype(complex),
        IRIS.astype(object),
        np.where(np.arange(4) == 2, np.nan, IRIS),
        np.where(np.arange(150)[:, None] == 7, -np.inf, IRIS),
        IRIS.astype(np.float64) * 1e30,
    ],
)
def test_damaged_activations_are_refused(h):
    with pytest.raises(DataError):
        pca(h, 1)


def test_an_outlier_does_not_change_distances_of_other_rows():
    h = np.random.default_rng(0).normal(size=(300, 6)).astype(np.float32)
    wanted = ((h[1:, None].astype(np.float64) - h[1:]) ** 2).sum(axis=2)
    h[0] = 1e15
    principal, points = principal_points(h, 6)
    found = points[1:].astype(np.float64) * principal.deviation
    np.testing.assert_allclose(((found[:, None] - found) ** 2).sum(axis=2), wanted, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(principal(h), points)


def test_equal_variances_in_hundreds_of_directions_give_all_components():
    scores = pca(np.eye(1100, dtype=np.float32), 64)
    assert scores.shape == (1100, 64)
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(scores.std(axis=0), np.sqrt(1 / 1100), rtol=1e-3)
