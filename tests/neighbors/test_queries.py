import numpy as np
import pytest
from sklearn.datasets import load_digits

from cutaway.neighbors import nearest_among, nearest_with_ties, queries

DIGITS = load_digits().data.astype(np.float32)


@pytest.mark.parametrize(("n", "k"), [(500, 15), (20, 15), (15, 15), (1, 1)])
def test_nearest_among_is_that_of_float64(n, k):
    rng = np.random.default_rng(0)
    points, asked = rng.normal(size=(n, 7)).astype(np.float32), rng.normal(size=(90, 7)).astype(np.float32)
    found = nearest_among(points, asked, k)
    wanted = ((asked.astype(np.float64)[:, None] - points) ** 2).sum(axis=2)
    np.testing.assert_array_equal(found.index, np.argsort(wanted, axis=1)[:, :k])
    np.testing.assert_allclose(found.squared, np.sort(wanted, axis=1)[:, :k], rtol=1e-5)
    assert (found.index.dtype, found.squared.dtype) == (np.int32, np.float32)


@pytest.mark.parametrize("k", [1, 7, 40])
def test_all_ties_at_the_last_place_are_neighbors(k, monkeypatch):
    monkeypatch.setattr(queries, "TIED_QUERIES_PER_BLOCK", 37)
    # whole numbers, so that distances are exact and often equal
    points, asked = np.round(DIGITS[:300] / 8), np.round(DIGITS[300:400] / 8)
    pairs = [np.stack(block, axis=1) for block in nearest_with_ties(points, asked, k)]
    assert len(pairs) == 3
    found = np.concatenate(pairs)
    squared = ((asked.astype(np.float64)[:, None] - points) ** 2).sum(axis=2)
    limit = np.sort(squared, axis=1)[:, k - 1 : k]
    np.testing.assert_array_equal(found, np.argwhere(squared <= limit))
    assert len(found) > 100 * k


def test_with_k_of_all_points_everyone_is_a_neighbor():
    ((query, point),) = nearest_with_ties(DIGITS[:5], DIGITS[5:8], 5)
    assert query.tolist() == [0] * 5 + [1] * 5 + [2] * 5
    assert point.tolist() == [0, 1, 2, 3, 4] * 3
