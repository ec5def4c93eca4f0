import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits, load_iris
from sklearn.neighbors import NearestNeighbors

from cutaway.errors import DataError, UsageError
from cutaway.neighbors import nearest_neighbors, partition

DIGITS = load_digits().data.astype(np.float32)


def by_definition(points, k):
    """All pairs in float64, one row at a time; equally near points by number."""
    points = points.astype(np.float64)
    index, squared = [], []
    for i, row in enumerate(points):
        far = ((points - row) ** 2).sum(axis=1)
        far[i] = np.inf
        order = np.argsort(far, kind="stable")[:k]
        index.append(order)
        squared.append(far[order])
    return np.array(index), np.array(squared)


def check(points, k):
    """Indices may differ from the definition only where float64 itself rounds two distances differently."""
    found = nearest_neighbors(points, k)
    index, squared = by_definition(points, k)
    assert (found.index.dtype, found.squared.dtype, found.index.shape) == (np.int32, np.float32, (len(points), k))
    np.testing.assert_allclose(found.squared, squared, rtol=1e-6, atol=1e-30)
    differ = found.index != index
    rows = np.nonzero(differ)[0]
    exact = points.astype(np.float64)
    ours = ((exact[rows] - exact[found.index[differ]]) ** 2).sum(axis=1)
    np.testing.assert_allclose(ours, squared[differ], rtol=1e-14)
    assert (found.index != np.arange(len(points))[:, None]).all()
    return found


@pytest.fixture
def small_cells(monkeypatch):
    monkeypatch.setattr(partition, "CELL", 12)
    monkeypatch.setattr(partition, "CELLS_PER_RANGE", 3)


@pytest.mark.parametrize("k", [1, 15, 90])
def test_neighbors_are_those_of_scikit_learn(k):
    points = np.random.default_rng(k).normal(size=(3000, 12)).astype(np.float32)
    found = nearest_neighbors(points, k)
    reference = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(points.astype(np.float64))
    far, index = reference.kneighbors()
    np.testing.assert_array_equal(found.index, index)
    np.testing.assert_allclose(found.squared, far**2, rtol=1e-6)


def test_clusters_of_every_width_and_distance_are_searched_exactly(small_cells):
    rng = np.random.default_rng(0)
    middles = rng.normal(size=(8, 20)) * 100
    points = np.concatenate([middle + rng.normal(size=(90, 20)) * 10.0**-i for i, middle in enumerate(middles)])
    check(rng.permutation(points.astype(np.float32)), 10)


@pytest.mark.parametrize("head", [1, 5, 30])
def test_comparing_a_few_directions_first_misses_no_neighbor(head, small_cells, monkeypatch):
    monkeypatch.setattr(partition, "HEAD", head)
    rng = np.random.default_rng(head)
    points = rng.normal(size=(600, 61)) * 0.8 ** np.arange(61) + 10 * rng.integers(0, 3, (600, 1))
    check(points.astype(np.float32), 9)
    check(rng.normal(size=(300, 70)).astype(np.float32), 9)


def test_digits_whose_many_equal_distances_are_exact_follow_the_row_number(small_cells):
    points = DIGITS[:800]
    np.testing.assert_array_equal(nearest_neighbors(points, 20).index, by_definition(points, 20)[0])


def test_a_lattice_where_everything_ties(small_cells):
    points = np.stack(np.meshgrid(*[np.arange(9.0)] * 3), axis=-1).reshape(-1, 3).astype(np.float32)
    np.testing.assert_array_equal(nearest_neighbors(points, 11).index, by_definition(points, 11)[0])


@given(data=st.data(), rows=st.integers(2, 90), columns=st.integers(1, 150), seed=st.integers(0, 999))
def test_any_size(data, rows, columns, seed):
    k = data.draw(st.integers(1, rows - 1))
    kinds = data.draw(st.sampled_from(["normal", "few values", "copies", "far away"]))
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(rows, columns))
    if kinds == "few values":
        points = np.round(points)
    elif kinds == "copies":
        points = points[rng.integers(0, max(1, rows // 8), rows)]
    elif kinds == "far away":
        points = points * 1e-2 + 1e3
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(partition, "CELL", int(rng.integers(2, 40)))
        patch.setattr(partition, "HEAD", int(rng.integers(1, 64)))
        check(points.astype(np.float32), k)


@pytest.mark.parametrize("columns", [1, 2, 50, 200])
def test_a_duplicate_is_a_neighbor_and_the_point_itself_never(columns, small_cells):
    rng = np.random.default_rng(columns)
    points = rng.normal(size=(300, columns)).astype(np.float32)
    points[100:160] = points[0]
    points[200] = -0.0
    points[201] = 0.0
    found = check(points, 10)
    assert found.index[0].tolist() == list(range(100, 110))
    assert found.index[104].tolist() == [0, *range(100, 104), *range(105, 110)]
    assert found.index[159].tolist() == [0, *range(100, 109)]
    assert (found.squared[100:160] == 0).all()
    assert (found.index[200, 0], found.index[201, 0]) == (201, 200)


def test_all_equal_rows():
    found = nearest_neighbors(np.full((400, 3), 0.1, np.float32), 5)
    assert (found.squared == 0).all()
    assert found.index[0].tolist() == [1, 2, 3, 4, 5]
    assert found.index[3].tolist() == [0, 1, 2, 4, 5]
    assert found.index[399].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("scale", [2.0**-60, 1.0, 2.0**55])
def test_the_scale_and_an_offset_change_no_neighbor(scale, small_cells):
    points = np.random.default_rng(1).normal(size=(500, 6)).astype(np.float32)
    index = by_definition(points, 8)[0]
    np.testing.assert_array_equal(nearest_neighbors(points * np.float32(scale), 8).index, index)
    check(points + np.float32(5000), 8)


def test_near_duplicates_far_from_everything_are_told_apart(small_cells):
    rng = np.random.default_rng(2)
    steps = rng.permutation(200)[:, None] * np.float32(2.0**-10)
    check(np.concatenate([1000 + steps, rng.normal(size=(300, 1)) * 1e-3]).astype(np.float32), 6)


def test_the_number_of_threads_changes_nothing(small_cells):
    from numba import set_num_threads
    from numba.core.config import NUMBA_NUM_THREADS

    points = load_iris().data.astype(np.float32)
    many = nearest_neighbors(points, 7)
    set_num_threads(1)
    try:
        one = nearest_neighbors(points, 7)
    finally:
        set_num_threads(NUMBA_NUM_THREADS)
    np.testing.assert_array_equal(one.index, many.index)
    np.testing.assert_array_equal(one.squared, many.squared)


def test_progress_rises_to_the_end_and_reports_a_rate(small_cells):
    reports = []
    nearest_neighbors(DIGITS[:500], 5, on_progress=reports.append)
    assert [reports[0].done, reports[-1].done] == [0, 500]
    assert {(each.task, each.total, each.unit) for each in reports} == {("neighbors", 500, "samples")}
    assert sorted(each.done for each in reports) == [each.done for each in reports]
    assert len(reports) > 10


def test_an_exception_of_on_progress_stops_the_work(small_cells):
    reports = []

    def stop(progress):
        reports.append(progress)
        if progress.done > 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        nearest_neighbors(DIGITS, 5, on_progress=stop)
    assert reports[-1].done < 300


def test_differences_whose_squares_are_zero_in_float32_count(small_cells):
    rng = np.random.default_rng(3)
    tiny = np.stack([rng.permutation(150) * 1e-21, np.zeros(150)], axis=1)
    check(np.concatenate([tiny, rng.normal(size=(60, 2))]).astype(np.float32), 5)


def test_equal_distances_beyond_the_candidates_follow_the_row_number(small_cells):
    points = np.random.default_rng(4).integers(0, 2, (500, 9)).astype(np.float32)
    points[:, 8] *= np.float32(0.1)
    check(points, 6)
    binary = np.random.default_rng(5).integers(0, 2, (400, 8)).astype(np.float32)
    np.testing.assert_array_equal(nearest_neighbors(binary, 12).index, by_definition(binary, 12)[0])


def test_an_outlier_does_not_change_neighbors_of_other_points(small_cells):
    points = np.random.default_rng(6).normal(size=(400, 5)).astype(np.float32)
    index = by_definition(points[1:], 7)[0] + 1
    points[0] = 1e16
    np.testing.assert_array_equal(nearest_neighbors(points, 7).index[1:], index)


def test_many_groups_of_duplicates_have_exact_neighbors():
    rng = np.random.default_rng(7)
    points = rng.normal(size=(60, 3)).astype(np.float32)[rng.integers(0, 60, 900)]
    check(points, 4)


@pytest.mark.parametrize("arrange", [np.asfortranarray, lambda points: np.repeat(points, 2, axis=0)[::2]])
def test_the_memory_layout_of_points_changes_nothing(arrange):
    points = DIGITS[:300].copy()
    points.setflags(write=False)
    np.testing.assert_array_equal(nearest_neighbors(arrange(points), 9).index, nearest_neighbors(points, 9).index)


def test_squares_of_many_large_columns_stay_in_float32():
    points = np.random.default_rng(0).uniform(-1, 1, (40, 512)).astype(np.float32)
    assert np.isfinite(nearest_neighbors(points * np.float32(3.9e17), 3).squared).all()
    with pytest.raises(DataError):
        nearest_neighbors(points * np.float32(9e17), 3)


@pytest.mark.parametrize(
    ("points", "k", "error"),
    [
        (DIGITS[:5], 5, UsageError),
        (DIGITS[:5], 0, UsageError),
        (DIGITS[:1], 1, DataError),
        (np.full((5, 2), np.inf), 1, DataError),
        (np.array([[0.0], [2e18]]), 1, DataError),
        (DIGITS[0], 1, DataError),
    ],
)
def test_bad_input_is_refused(points, k, error):
    with pytest.raises(error):
        nearest_neighbors(points, k)


def test_importing_the_package_loads_no_numba():
    code = "import sys, cutaway.embedding;"
    code += "sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("n", "k", "apart"),
    [
        pytest.param(1400, 500, 1e-5, marks=pytest.mark.exhaustive),
        pytest.param(1500, 700, 1e-6, marks=pytest.mark.exhaustive),
        (1100, 1000, 0.0),
    ],
)
def test_lists_of_many_nearly_equal_candidates_are_cut_back_in_time(n, k, apart):
    rng = np.random.default_rng(0)
    points = np.eye(n, dtype=np.float32)[:, :200] if apart == 1e-6 else np.eye(n, dtype=np.float32)
    if apart == 1e-6:
        points = points[rng.integers(0, 200, n)] * (1 - apart * rng.random((n, 1)))
    else:
        some = rng.permutation(n)[:600]
        points[some, some] = 1 - apart * rng.random(600)
    check(points.astype(np.float32), k)


@pytest.mark.parametrize("small", [1e-38, 1e-39, 1e-40])
def test_points_too_near_for_float32_to_invert_their_distance(small, small_cells):
    points = np.random.default_rng(0).normal(size=(400, 10)) * small
    points[:80] += 0.5
    found = nearest_neighbors(points.astype(np.float32), 15)
    index, squared = by_definition(points.astype(np.float32), 15)
    np.testing.assert_allclose(found.squared, squared, rtol=1e-6, atol=1e-37)
    np.testing.assert_array_equal(found.index[80:], index[80:])


def outlier(rng):
    points = np.maximum(rng.normal(size=(2000, 20)), 0)
    points[7] *= 1e6
    return points


def far_clusters(rng):
    return rng.normal(size=(9, 20))[rng.integers(0, 9, 2000)] + rng.normal(size=(2000, 20)) * 1e-5


@pytest.mark.parametrize("make", [outlier, far_clusters])
def test_cells_with_a_large_radius(make, small_cells):
    check(make(np.random.default_rng(0)).astype(np.float32), 15)
