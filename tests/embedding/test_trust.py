import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.manifold import trustworthiness

from cutaway.embedding import measure_trust, pca
from cutaway.errors import DataError, UsageError

IRIS = load_iris().data.astype(np.float32)


def by_definition(h, xy, k):
    """Both measures from full rankings, one sample at a time; no two distances are equal."""
    n, penalty, kept = len(h), 0, 0
    for i in range(n):
        high = [j for j in np.argsort(((h - h[i]) ** 2).sum(1)) if j != i]
        low = [j for j in np.argsort(((xy - xy[i]) ** 2).sum(1)) if j != i]
        penalty += sum(high.index(j) + 1 - k for j in low[:k] if j not in high[:k])
        kept += len(set(high[:k]) & set(low[:k]))
    return 1 - penalty * 2 / (n * k * (2 * n - 3 * k - 1)), kept / (n * k)


@pytest.mark.parametrize("k", [1, 5, 19])
def test_both_measures_follow_their_definition(k):
    rng = np.random.default_rng(k)
    h = rng.normal(size=(40, 5))
    xy = h[:, :2] + 0.3 * rng.normal(size=(40, 2))
    trust = measure_trust(h, xy, k=k, seed=0)
    expected = by_definition(h.astype(np.float32).astype(float), xy.astype(np.float32).astype(float), k)
    assert (trust.trustworthiness, trust.neighbors_kept) == pytest.approx(expected, abs=1e-12)
    assert (trust.k, trust.samples) == (k, 40)


def test_trustworthiness_is_that_of_scikit_learn():
    xy = pca(IRIS, 2)
    expected = trustworthiness(IRIS.astype(float), xy.astype(float), n_neighbors=15)
    assert measure_trust(IRIS, xy, seed=0).trustworthiness == pytest.approx(expected, abs=1e-4)


def test_the_plane_itself_is_trusted_fully_and_chance_is_not():
    rng = np.random.default_rng(0)
    xy = rng.normal(size=(400, 2))
    same = measure_trust(xy + 1000, xy + 1000, k=10, seed=0)
    assert (same.trustworthiness, same.neighbors_kept) == (1, 1)
    shuffled = measure_trust(xy, rng.permutation(xy), k=10, seed=0)
    assert shuffled.trustworthiness == pytest.approx(0.5, abs=0.05)
    assert shuffled.neighbors_kept == pytest.approx(10 / 399, abs=0.01)


def test_many_samples_are_represented_by_a_seeded_choice():
    rng = np.random.default_rng(0)
    h = rng.normal(size=(300, 4))
    one = measure_trust(h, h[:, :2], k=5, limit=60, seed=1)
    assert one.samples == 60
    assert one == measure_trust(h, h[:, :2], k=5, limit=60, seed=1)
    assert one != measure_trust(h, h[:, :2], k=5, limit=60, seed=2)


def test_a_neighbourhood_as_large_as_half_of_the_samples_is_refused():
    with pytest.raises(
        UsageError, match=r"less than half of the samples .*; got k=15 on 30 samples; next: pass k=14 or"
    ):
        measure_trust(IRIS[::5], IRIS[::5, :2], seed=0)
    assert measure_trust(IRIS[::5], IRIS[::5, :2], k=14, seed=0).k == 14


def test_too_few_samples_are_refused():
    with pytest.raises(UsageError, match="got k=1 on 2 samples; next: measure on 3 samples or more"):
        measure_trust(IRIS[:2], IRIS[:2, :2], k=1, seed=0)


def test_other_samples_are_refused():
    with pytest.raises(DataError, match="the same samples; got 150 and 149 rows"):
        measure_trust(IRIS, IRIS[1:, :2], seed=0)
    with pytest.raises(DataError, match=r"coordinates are finite numbers .* got nan at sample 0, unit 0"):
        measure_trust(IRIS, np.full((150, 2), np.nan), seed=0)
