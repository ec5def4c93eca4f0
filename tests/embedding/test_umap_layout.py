import sys
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.neighbors import NearestNeighbors

from cutaway.embedding.method import umap
from cutaway.errors import UsageError
from cutaway.neighbors import components

IRIS = load_iris().data.astype(np.float32)
DIGITS = load_digits().data.astype(np.float32)


def test_umap_that_is_not_installed_is_a_clear_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(UsageError):
        umap(IRIS, seed=0)


def test_umap_gets_exact_neighbors_and_starts_from_pca(monkeypatch):
    received = {}

    class Engine:
        def __init__(self, **settings):
            received.update(settings)

        def fit_transform(self, points):
            received["points"] = points
            return received["init"].astype(np.float64)

    monkeypatch.setitem(sys.modules, "umap", SimpleNamespace(UMAP=Engine))
    h = DIGITS[:200]
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
