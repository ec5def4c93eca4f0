import numpy as np
import pytest
from scipy.stats import mode
from sklearn.datasets import load_digits, load_iris
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors

from cutaway.embedding import inspect_quality, measure_quality, pca
from cutaway.embedding.tsne.fit import Surroundings
from cutaway.errors import DataError, UsageError
from cutaway.neighbors import components

IRIS = load_iris().data.astype(np.float32)


def by_definition(h, xy, k):
    """Both measures from full rankings, one sample at a time; no two distances are equal."""
    n, penalty, preserved = len(h), 0, 0
    for i in range(n):
        high = [j for j in np.argsort(((h - h[i]) ** 2).sum(1)) if j != i]
        low = [j for j in np.argsort(((xy - xy[i]) ** 2).sum(1)) if j != i]
        penalty += sum(high.index(j) + 1 - k for j in low[:k] if j not in high[:k])
        preserved += len(set(high[:k]) & set(low[:k]))
    return 1 - penalty * 2 / (n * k * (2 * n - 3 * k - 1)), preserved / (n * k)


@pytest.mark.parametrize("k", [1, 5, 19])
def test_both_measures_follow_their_definition(k):
    rng = np.random.default_rng(k)
    h = rng.normal(size=(40, 5))
    xy = h[:, :2] + 0.3 * rng.normal(size=(40, 2))
    quality = measure_quality(h, xy, k=k, seed=0)
    expected = by_definition(h.astype(np.float32).astype(float), xy.astype(np.float32).astype(float), k)
    assert (quality.trustworthiness, quality.neighbors_preserved) == pytest.approx(expected, abs=1e-12)
    assert (quality.k, quality.samples) == (k, 40)


def test_trustworthiness_is_that_of_scikit_learn():
    xy = pca(IRIS, 2)
    expected = trustworthiness(IRIS.astype(float), xy.astype(float), n_neighbors=15)
    assert measure_quality(IRIS, xy, seed=0).trustworthiness == pytest.approx(expected, abs=1e-4)


def test_estimated_trustworthiness_is_near_that_of_scikit_learn():
    h = np.random.default_rng(0).normal(size=(3000, 20))
    expected = trustworthiness(h, h[:, :2], n_neighbors=15)
    for seed in range(3):
        quality = measure_quality(h, h[:, :2], limit=1000, seed=seed)
        assert quality.trustworthiness == pytest.approx(expected, abs=3 * quality.standard_errors["trustworthiness"])
        assert quality.standard_errors["trustworthiness"] < 0.003


def test_the_plane_itself_has_full_quality_and_a_random_layout_has_not():
    rng = np.random.default_rng(0)
    xy = rng.normal(size=(400, 2))
    same = measure_quality(xy + 1000, xy + 1000, k=10, seed=0)
    assert (same.trustworthiness, same.neighbors_preserved) == (1, 1)
    shuffled = measure_quality(xy, rng.permutation(xy), k=10, seed=0)
    assert shuffled.trustworthiness == pytest.approx(0.5, abs=0.05)
    assert shuffled.neighbors_preserved == pytest.approx(10 / 399, abs=0.01)


def test_many_samples_are_represented_by_a_random_sample():
    rng = np.random.default_rng(0)
    h = rng.normal(size=(300, 4))
    labels = h[:, 0] > 0
    one = measure_quality(h, h[:, :2], k=5, limit=60, seed=1, labels=labels)
    whole = measure_quality(h, h[:, :2], k=5, seed=1, labels=labels)
    assert (one.samples, whole.samples, whole.standard_errors) == (60, 300, None)
    assert one.accuracy_plane == whole.accuracy_plane
    assert one == measure_quality(h, h[:, :2], k=5, limit=60, seed=1, labels=labels)
    assert one != measure_quality(h, h[:, :2], k=5, limit=60, seed=2, labels=labels)


@pytest.mark.exhaustive
@pytest.mark.parametrize("limit", [60, 200])
def test_estimates_are_off_by_as_much_as_their_standard_error_says(limit):
    """Over many choices of samples: the mean is the value over all, the spread is the mean standard error."""
    rng = np.random.default_rng(0)
    h = rng.normal(size=(300, 4))
    labels = (h[:, 0] > 0) ^ (rng.random(300) < 0.1)
    some = [measure_quality(h, h[:, :2], k=5, limit=limit, seed=seed, labels=labels) for seed in range(150)]
    whole = measure_quality(h, h[:, :2], k=5, seed=0, labels=labels)
    for name in ("trustworthiness", "neighbors_preserved", "accuracy_layer"):
        values = np.array([getattr(quality, name) for quality in some])
        error = np.mean([quality.standard_errors[name] for quality in some])
        assert values.mean() == pytest.approx(getattr(whole, name), abs=4 * error / np.sqrt(150)), name
        assert values.std() == pytest.approx(error, rel=0.2), name


def test_an_accuracy_that_no_measured_sample_changes_is_not_called_certain():
    rng = np.random.default_rng(0)
    h = np.concatenate([rng.normal(size=(150, 3)), rng.normal(size=(150, 3)) + 100])
    quality = measure_quality(h, h[:, :2], k=5, limit=60, seed=0, labels=np.arange(300) < 150)
    assert quality.accuracy_layer == quality.accuracy_plane == 1
    assert quality.standard_errors["accuracy_layer"] == 1 / 60


def test_misplaced_of_many_samples_is_measured_against_the_neighbors_of_t_sne():
    rng = np.random.default_rng(0)
    h, xy = rng.normal(size=(300, 3)), rng.normal(size=(300, 2))
    # three columns are all principal components, so nothing is lost
    _, exact = inspect_quality(h, xy, k=5, seed=0)
    _, searched = inspect_quality(h, xy, k=5, limit=60, seed=0)
    np.testing.assert_array_equal(searched, exact)
    _, given = inspect_quality(h, xy, k=5, limit=60, seed=0, around=Surroundings.of(h.astype(np.float32), 30))
    np.testing.assert_array_equal(given, exact)
    nothing = Surroundings(h.astype(np.float32), np.zeros(300, np.float32))
    assert inspect_quality(h, xy, k=5, limit=60, seed=0, around=nothing)[1].mean() == 1


def test_neighbors_among_equal_rows_are_not_misplaced():
    h = np.random.default_rng(0).normal(size=(300, 3))
    h[100:] = h[100]
    xy = h[:, :2].copy()
    xy[100:, 0] += 10 + 0.01 * np.arange(200)
    for limit in (300, 60):
        _, misplaced = inspect_quality(h, xy, k=5, limit=limit, seed=0)
        assert (misplaced[100:] == 0).all()
        assert misplaced[:100].max() > 0


def test_a_neighborhood_as_large_as_half_of_the_samples_is_refused():
    with pytest.raises(UsageError):
        measure_quality(IRIS[::5], IRIS[::5, :2], seed=0)
    assert measure_quality(IRIS[::5], IRIS[::5, :2], k=14, seed=0).k == 14


def test_too_few_samples_are_refused():
    with pytest.raises(UsageError):
        measure_quality(IRIS[:2], IRIS[:2, :2], k=1, seed=0)


def test_other_samples_are_refused():
    with pytest.raises(DataError):
        measure_quality(IRIS, IRIS[1:, :2], seed=0)
    with pytest.raises(DataError):
        measure_quality(IRIS, np.full((150, 2), np.nan), seed=0)


def test_misplaced_is_the_share_of_neighbors_that_are_far_in_the_layer():
    rng = np.random.default_rng(0)
    h, xy = rng.normal(size=(200, 3)), rng.normal(size=(200, 2))
    xy[:100] = h[:100, :2] + 50
    quality, misplaced = inspect_quality(h, xy, k=4, seed=0)
    assert (misplaced.dtype, misplaced.shape) == (np.float32, (200,))
    for i in range(200):
        high = np.argsort(((h - h[i]) ** 2).sum(1))[1:25]
        low = np.argsort(((xy - xy[i]) ** 2).sum(1))[1:5]
        assert misplaced[i] == 1 - np.isin(low, high).mean()
    assert misplaced[:100].mean() < misplaced[100:].mean()
    assert quality == measure_quality(h, xy, k=4, seed=0)


def test_accuracies_are_those_of_scikit_learn_leaving_one_out():
    h, labels = (array[:400] for array in load_digits(return_X_y=True))
    rng = np.random.default_rng(0)
    h = h + rng.normal(size=h.shape) * 0.01
    xy = pca(h, 2)
    quality = measure_quality(h, xy, seed=0, labels=labels)
    for points, ours in [(h.astype(np.float32), quality.accuracy_layer), (xy, quality.accuracy_plane)]:
        near = NearestNeighbors(n_neighbors=15).fit(points.astype(float)).kneighbors(return_distance=False)
        assert ours == pytest.approx((mode(labels[near], axis=1).mode == labels).mean(), abs=1e-12)
    names = np.array([f"digit {number}" for number in range(10)])[labels]
    assert measure_quality(h, xy, seed=0, labels=names) == quality
    assert measure_quality(h, xy, seed=0).accuracy_layer is None


def test_large_matrices_in_float32_give_the_same(monkeypatch):
    h = np.random.default_rng(0).normal(size=(400, 20)) + 50
    xy = pca(h, 2)
    expected = measure_quality(h, xy, seed=0)
    monkeypatch.setattr(components, "FLOAT64_MULTIPLICATIONS", 0)
    assert measure_quality(h, xy, seed=0).trustworthiness == pytest.approx(expected.trustworthiness, abs=1e-4)


@pytest.mark.parametrize("double", [0, 1e12])
def test_equal_rows_do_not_count_against_the_layout(double, monkeypatch):
    monkeypatch.setattr(components, "FLOAT64_MULTIPLICATIONS", double)
    rng = np.random.default_rng(0)
    h = np.repeat(rng.normal(size=(2, 30)) * 100 + 1000, 200, axis=0)
    xy = rng.normal(size=(400, 2)) + np.repeat([[0, 0], [100, 100]], 200, axis=0)
    assert measure_quality(h, xy, k=5, seed=0).trustworthiness == 1


@pytest.mark.parametrize("scale", [1e-36, 1e28])
def test_quality_does_not_depend_on_the_scale(scale):
    one, other = measure_quality(IRIS, IRIS[:, :2], seed=0), measure_quality(IRIS * scale, IRIS[:, :2] * scale, seed=0)
    assert one.trustworthiness == pytest.approx(other.trustworthiness, abs=1e-3)
    assert one.neighbors_preserved == pytest.approx(other.neighbors_preserved, abs=1e-2)


def test_labels_of_other_samples_are_refused():
    with pytest.raises(DataError):
        measure_quality(IRIS, IRIS[:, :2], seed=0, labels=np.zeros(149))
