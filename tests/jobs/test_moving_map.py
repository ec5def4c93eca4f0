"""The map of a layer that moves with each epoch stays a good layout of it, at little cost."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from cutaway.embedding import PCA_COMPONENTS, embed, layer_neighbors
from cutaway.embedding.tsne.affinities import joint_affinities, kl_divergence
from cutaway.errors import DataError
from cutaway.jobs.live_work import MovingMap
from cutaway.neighbors import nearest_neighbors, pca

SAMPLES = 600
EPOCHS = 8


def layer(epoch, units=256):
    """Activations of digits in a layer whose weights turn from noise toward others."""
    draws = np.random.default_rng(5)
    first, last = draws.standard_normal((2, 64, units)) / 8
    t = min(epoch / EPOCHS, 1.0)
    x = load_digits().data[:SAMPLES] / 16
    return np.maximum(x @ ((1 - t) * first + t * last), 0).astype(np.float32)


@pytest.fixture(scope="module")
def moved():
    moving = MovingMap(layer(0))
    starts = [moving.xy.copy()]
    for epoch in range(1, EPOCHS + 3):  # the last ones no longer change
        moving.move(layer(epoch))
        starts.append(moving.xy.copy())
    return moving, starts


def kl(h, xy):
    return kl_divergence(joint_affinities(nearest_neighbors(pca(h, PCA_COMPONENTS), 90), 30.0), xy)


def test_it_begins_with_the_two_principal_components(moved):
    xy, expected = moved[1][0], pca(layer(0), 2)
    np.testing.assert_allclose(np.corrcoef(xy[:, 0], expected[:, 0])[0, 1], 1, atol=1e-5)
    np.testing.assert_allclose(np.corrcoef(xy[:, 1], expected[:, 1])[0, 1], 1, atol=1e-5)


def test_in_the_end_it_is_nearly_as_good_as_a_layout_of_the_last_epoch_alone(moved):
    h = layer(EPOCHS + 2)
    assert kl(h, moved[0].xy) < 1.15 * kl(h, embed(h, perplexity=30).xy)


def test_once_the_layer_stays_the_samples_stay_as_well(moved):
    steps = [
        np.linalg.norm(after - before, axis=1).mean() for before, after in zip(moved[1], moved[1][1:], strict=False)
    ]
    assert steps[-1] < 0.2 * steps[0]


def test_its_directions_keep_the_variance_and_the_neighbors_of_the_principal_components(moved):
    h, moving = layer(EPOCHS + 2), moved[0]
    points, exact = moving._followed(h), pca(h, PCA_COMPONENTS)
    assert points.var(axis=0).sum() > 0.99 * exact.var(axis=0).sum()
    ours, theirs = layer_neighbors(np.ascontiguousarray(points)), layer_neighbors(exact)
    assert np.mean([len({*a} & {*b}) / len(a) for a, b in zip(ours, theirs, strict=True)]) > 0.93


def test_a_layer_of_two_units_and_one_of_many_have_a_map_as_well():
    for units in (2, 3000):
        moving = MovingMap(layer(0, units)[:60])
        moving.move(layer(1, units)[:60])
        assert moving.xy.shape == (60, 2)
        assert np.isfinite(moving.xy).all()


def test_a_layer_that_is_the_same_for_all_samples_has_none():
    with pytest.raises(DataError):
        MovingMap(np.ones((60, 8), np.float32))
    moving = MovingMap(layer(0)[:60])
    for broken in (np.ones((60, 256), np.float32), np.full((60, 256), np.nan, np.float32)):
        with pytest.raises(DataError):
            moving.move(broken)
