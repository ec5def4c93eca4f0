import numpy as np
import pytest
from scipy.spatial.distance import pdist

from cutaway.embedding.tsne import interpolation as module
from cutaway.embedding.tsne.interpolation import normalization


def by_definition(xy):
    return 2 * (1 / (1 + pdist(xy, "sqeuclidean"))).sum()


def cloud(n, width, seed=0):
    """Clusters of different density, and some points between them."""
    rng = np.random.default_rng(seed)
    centers = rng.uniform(-width / 2, width / 2, (12, 2))
    near = centers[rng.integers(0, 12, n)] + rng.normal(size=(n, 2)) * rng.uniform(0.3, 1, (n, 1)) * width / 12
    return np.vstack([near[: n - n // 10], rng.uniform(-width / 2, width / 2, (n // 10, 2))])


def test_few_points_are_summed_exactly():
    xy = cloud(3000, 100)
    assert normalization(xy) == pytest.approx(by_definition(xy), rel=1e-12)


@pytest.mark.parametrize("width", [8, 150])
def test_many_points_are_summed_through_a_grid(monkeypatch, width):
    monkeypatch.setattr(module, "PAIRS_PER_NODE", 0)
    xy = cloud(8000, width) + np.array([50, -7])
    found = normalization(xy)
    assert found != by_definition(xy)
    assert found == pytest.approx(by_definition(xy), rel=1.2e-4)


def test_a_wide_layout_gets_a_coarser_grid(monkeypatch):
    monkeypatch.setattr(module, "PAIRS_PER_NODE", 0)
    monkeypatch.setattr(module, "MOST_NODES", 480)
    xy = cloud(8000, 150)
    assert normalization(xy) != by_definition(xy)
    assert normalization(xy) == pytest.approx(by_definition(xy), rel=6e-4)


def test_points_in_pairs_have_the_largest_error(monkeypatch):
    monkeypatch.setattr(module, "PAIRS_PER_NODE", 0)
    rng = np.random.default_rng(0)
    xy = np.repeat(rng.normal(size=(4000, 2)) * 60, 2, axis=0) + rng.normal(size=(8000, 2)) * 0.02
    assert normalization(xy) == pytest.approx(by_definition(xy), rel=5e-4)


@pytest.mark.parametrize("width", [0, 1e-3, 1e6])
def test_layouts_that_no_grid_fits_are_summed_exactly(monkeypatch, width):
    monkeypatch.setattr(module, "PAIRS_PER_NODE", 0)
    xy = np.random.default_rng(0).uniform(size=(500, 2)) * width
    assert normalization(xy) == pytest.approx(by_definition(xy), rel=1e-12)


@pytest.mark.parametrize("away", [1e5, -1e9])
def test_the_position_of_a_layout_does_not_matter(monkeypatch, away):
    monkeypatch.setattr(module, "PAIRS_PER_NODE", 0)
    xy = cloud(5000, 40)
    assert normalization(xy + away) == pytest.approx(by_definition(xy), rel=1.2e-4)
