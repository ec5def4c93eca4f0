import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.errors import DataError, UsageError
from cutaway.neighbors import approximate, approximate_neighbors, nearest_neighbors, partition


def surfaces(n, columns=20, seed=0):
    """Curved surfaces of six dimensions with noise, as layers of networks are."""
    rng = np.random.default_rng(seed)
    which, z = rng.integers(0, 12, n), rng.normal(size=(n, 6))
    flat, bent = rng.normal(size=(2, 12, 6, columns)) / 3
    points = rng.normal(scale=0.8, size=(12, columns))[which]
    points = points + np.einsum("ni,nij->nj", z, flat[which]) + np.einsum("ni,nij->nj", np.sin(2 * z), bent[which])
    return (points + 0.05 * rng.normal(size=points.shape)).astype(np.float32)


def share_found(points, near):
    """The share of the nearest neighbors that was found, or others as near, by the exact search."""
    return (near.squared <= nearest_neighbors(points, near.index.shape[1]).squared[:, -1:] * (1 + 1e-6)).mean()


@pytest.fixture
def small_cells(monkeypatch):
    monkeypatch.setattr(partition, "CELL", 12)
    monkeypatch.setattr(partition, "CELLS_PER_RANGE", 3)


@pytest.fixture
def few_cells(small_cells, monkeypatch):
    monkeypatch.setattr(approximate, "FEWEST", 1)
    monkeypatch.setattr(approximate, "MOST", 12)
    monkeypatch.setattr(approximate, "MOST_IN_ALL", 1)


def test_nearly_all_neighbors_are_found_and_the_share_is_said():
    points = surfaces(30_000)
    found = approximate_neighbors(points, 30)
    share = share_found(points, found.near)
    assert 0.97 < share < 1
    assert abs(found.recall - share) < 4 * found.standard_error
    assert 0 < found.standard_error < 0.01


@pytest.mark.exhaustive
def test_of_noise_few_are_found_and_the_share_says_so(monkeypatch):
    monkeypatch.setattr(approximate, "MOST_IN_ALL", 1)
    points = np.random.default_rng(0).uniform(size=(30_000, 50)).astype(np.float32)
    found = approximate_neighbors(points, 30)
    share = share_found(points, found.near)
    assert share < 0.9
    assert abs(found.recall - share) < 4 * found.standard_error


def test_distances_are_those_of_the_neighbors_and_ascend(few_cells):
    points = surfaces(3000)
    near = approximate_neighbors(points, 15).near
    apart = points[near.index].astype(np.float64) - points[:, None]
    np.testing.assert_allclose(near.squared, (apart**2).sum(axis=2), rtol=1e-6)
    assert (np.diff(near.squared, axis=1) >= 0).all()
    assert (near.index != np.arange(len(points))[:, None]).all()
    assert all(len(set(row)) == 15 for row in near.index.tolist())


@given(st.data(), st.integers(2, 120), st.integers(1, 6), st.integers(0, 9))
def test_where_all_cells_are_searched_all_neighbors_are_found(data, rows, columns, seed):
    points = np.random.default_rng(seed).normal(size=(rows, columns)).astype(np.float32)
    points = points[np.random.default_rng(seed).integers(0, rows, rows)]  # some rows occur more than once
    k = data.draw(st.integers(1, rows - 1))
    found, exact = approximate_neighbors(points, k), nearest_neighbors(points, k)
    np.testing.assert_array_equal(found.near.index, exact.index)
    np.testing.assert_array_equal(found.near.squared, exact.squared)
    assert found.recall == 1


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.exhaustive) for seed in range(2, 20))])
def test_points_on_a_line_where_distances_tie_are_found_once(seed):
    """The bound of a cell must not be a rounding too large: its points were then found, and lost again."""
    rng = np.random.default_rng(seed)
    points = np.repeat(np.arange(rng.integers(60, 200)), rng.integers(5, 30))[:, None] * rng.choice([0.1, 0.3, 0.7])
    found = approximate_neighbors(points.astype(np.float32), 30).near
    assert all(len({*row, i}) == 31 for i, row in enumerate(found.index.tolist()))
    np.testing.assert_array_equal(found.squared, nearest_neighbors(points.astype(np.float32), 30).squared)


def test_further_neighbors_change_none_of_the_first():
    points = surfaces(6000)
    few, many = approximate_neighbors(points, 15), approximate_neighbors(points, 15, more=20)
    np.testing.assert_array_equal(many.near.index[:, :15], few.near.index)
    assert (many.recall, many.near.index.shape) == (few.recall, (6000, 35))


@pytest.mark.parametrize("k", [1, 5, 40, 299])
def test_cells_hold_enough_points_for_any_number_of_neighbors(k, few_cells):
    points = surfaces(300)
    found = approximate_neighbors(points, k).near
    assert all(len({*row, i}) == k + 1 for i, row in enumerate(found.index.tolist()))


def test_rows_that_occur_often_are_their_own_neighbors(few_cells):
    points = np.concatenate([np.repeat(surfaces(3, seed=1), 500, axis=0), surfaces(2000)])
    points = points[np.random.default_rng(0).permutation(len(points))]
    found, exact = approximate_neighbors(points, 10).near, nearest_neighbors(points, 10)
    often = exact.squared[:, -1] == 0
    assert often.sum() == 1500
    np.testing.assert_array_equal(found.index[often], exact.index[often])
    assert not found.squared[often].any()


def test_the_same_bytes_for_any_number_of_threads_order_of_memory_and_scale(few_cells):
    from numba import set_num_threads
    from numba.core.config import NUMBA_NUM_THREADS

    points = surfaces(2000)
    many = approximate_neighbors(points, 7)
    set_num_threads(1)
    try:
        one = approximate_neighbors(np.asfortranarray(points), 7)
    finally:
        set_num_threads(NUMBA_NUM_THREADS)
    scaled = approximate_neighbors(points * np.float32(2.0**40), 7)
    for other in (one, scaled):
        np.testing.assert_array_equal(other.near.index, many.near.index)
        assert (other.recall, other.standard_error) == (many.recall, many.standard_error)
    np.testing.assert_array_equal(scaled.near.squared, many.near.squared * np.float32(2.0**80))


def test_an_outlier_and_groups_far_apart_cost_no_neighbors(few_cells):
    points = surfaces(2000)
    usual = share_found(points, approximate_neighbors(points, 10).near)
    points[7] = 1e6
    points[1000:] += 1e4
    found = approximate_neighbors(points, 10)
    assert share_found(points, found.near) > usual - 0.02  # there are fewer points in which neighbors can be missed
    assert set(found.near.index[1000:].ravel()) <= set(range(1000, 2000))


def test_progress_rises_to_the_end(few_cells):
    reports = []
    approximate_neighbors(surfaces(500), 5, on_progress=reports.append)
    assert [reports[0].done, reports[-1].done] == [0, 500]
    assert {(each.task, each.total, each.unit) for each in reports} == {("neighbors", 500, "samples")}
    assert sorted(each.done for each in reports) == [each.done for each in reports]


@pytest.mark.parametrize(
    ("points", "k", "error"),
    [
        (np.zeros((1, 2), np.float32), 1, DataError),
        (np.full((9, 2), np.nan, np.float32), 1, DataError),
        (np.full((9, 2), 5e18, np.float32), 1, DataError),
        (np.eye(4, dtype=np.float32), 4, UsageError),
    ],
)
def test_bad_input_is_refused(points, k, error):
    with pytest.raises(error):
        approximate_neighbors(points, k)
