"""Many equal rows: their neighbors, and a layout on a par with scikit-learn's."""

import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from cutaway.embedding import embed
from cutaway.embedding.tsne.affinities import spread_ties
from cutaway.neighbors import nearest_neighbors


def partly_equal(samples: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Normal points in 8 dimensions, a share of which is 0, and which these are."""
    rng = np.random.default_rng(0)
    h = rng.normal(size=(samples, 8)).astype(np.float32)
    equal = np.zeros(samples, bool)
    equal[rng.choice(samples, int(share * samples), replace=False)] = True
    h[equal] = 0
    return h, equal


@pytest.mark.parametrize(("share", "k"), [(0.3, 9), (0.7, 9), (0.7, 90), (1.0, 5)])
def test_equal_rows_are_neighbors_equally_often(share, k):
    h, equal = partly_equal(200, share)
    before = nearest_neighbors(h, k)
    after = spread_ties(before)
    assert after.squared is before.squared
    assert (np.sort(after.index, axis=1)[:, 1:] > np.sort(after.index, axis=1)[:, :-1]).all(), "each one once"
    assert (after.index != np.arange(200)[:, None]).all()
    distances = np.square(h[after.index] - h[:, None]).sum(axis=2)
    np.testing.assert_allclose(distances, after.squared, rtol=1e-5)
    others = ~equal[before.index]
    np.testing.assert_array_equal(after.index[others], before.index[others])
    assert equal[after.index[~others]].all()
    # of the equal rows each one has k equal neighbors, and is one of k
    counts = np.bincount(after.index[equal].ravel(), minlength=200)
    np.testing.assert_array_equal(counts, np.where(equal, k, 0))
    assert np.bincount(before.index[equal].ravel()).max() >= equal.sum() - 1


def test_neighbors_without_many_equal_rows_stay():
    h, _ = partly_equal(200, 0.05)
    near = nearest_neighbors(h, 9)
    np.testing.assert_array_equal(spread_ties(near).index, near.index)  # 10 equal rows have 9 neighbors among them
    near = nearest_neighbors(h, 15)
    assert spread_ties(near) is near


def test_different_rows_whose_distances_vanish_in_float32_stay():
    h = np.random.default_rng(0).normal(size=(300, 2)).astype(np.float32) * np.float32(1e-25)
    near = nearest_neighbors(h, 9)
    assert (near.squared == 0).all()
    np.testing.assert_array_equal(spread_ties(near).index, near.index)


# Medians of scikit-learn 1.9 (TSNE, perplexity 30, init "pca") on three such sets of 1,797 samples; `make test-all`
# computes one again.
@pytest.mark.parametrize(
    ("share", "kl", "trust"),
    [
        (0.5, 1.949, 0.917),
        pytest.param(0.1, 2.073, 0.919, marks=pytest.mark.exhaustive),
        pytest.param(0.25, 1.933, 0.923, marks=pytest.mark.exhaustive),
        pytest.param(0.75, 2.055, 0.827, marks=pytest.mark.exhaustive),
    ],
)
def test_a_layout_with_many_equal_rows_is_on_a_par_with_scikit_learn(share, kl, trust):
    h, equal = partly_equal(1797, share)
    layout = embed(h, perplexity=30, quality=False)
    assert layout.kl_divergence < 1.06 * kl  # without equal rows it is 1.01 of scikit-learn's
    assert trustworthiness(h[~equal], layout.xy[~equal], n_neighbors=15) > trust - 0.015
    assert len(np.unique(layout.xy[equal], axis=0)) > 0.99 * equal.sum(), "equal rows do not collapse to few places"


@pytest.mark.exhaustive
def test_scikit_learn_itself_on_many_equal_rows():
    from sklearn.manifold import TSNE

    h, equal = partly_equal(1797, 0.5)
    reference = TSNE(perplexity=30, init="pca", random_state=0).fit(h)
    layout = embed(h, perplexity=30, quality=False)
    assert layout.kl_divergence < 1.03 * reference.kl_divergence_
    theirs = trustworthiness(h[~equal], reference.embedding_[~equal], n_neighbors=15)
    assert trustworthiness(h[~equal], layout.xy[~equal], n_neighbors=15) > theirs - 0.01
