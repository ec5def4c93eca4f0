"""Principal components of more columns than all eigenvectors can be computed of."""

import sys

import numpy as np
import pytest
from scipy.linalg import eigh

from cutaway.neighbors import CenteredMatrix, components, lanczos, pca

SAMPLES, COLUMNS, COUNT = 1500, 1000, 50
RNG = np.random.default_rng(0)
NOISE = RNG.normal(size=(SAMPLES, COLUMNS))
RANK = np.arange(1, COLUMNS + 1)
CENTERS = 10 * RNG.normal(size=(10, COLUMNS))[RNG.integers(0, 10, SAMPLES)]
SPECTRA = {
    "no decay": NOISE,
    "slow decay": NOISE * RANK**-0.5,
    "fast decay": NOISE / RANK,
    "exponential decay": NOISE * np.exp(-RANK / 10),
    "ten groups": NOISE + CENTERS,
    "equal variances": np.eye(SAMPLES, COLUMNS),
    "one outlier": np.where(np.arange(SAMPLES)[:, None] == 7, 1e6, NOISE),
    "far from 0": NOISE / RANK + 1000,
}
QUICK = ("no decay", "one outlier")


@pytest.fixture
def many_columns(monkeypatch):
    """Treat 1,000 columns as too many, of which exact eigenvectors take a second."""
    monkeypatch.setattr(components, "MOST_COLUMNS", COLUMNS - 1)


def directions_of(h, count=COUNT):
    directions = CenteredMatrix.of(h.astype(np.float32)).principal_directions(count)
    assert directions.shape == (h.shape[1], count)
    np.testing.assert_allclose(directions.T @ directions, np.eye(count), atol=1e-9)
    return directions


@pytest.mark.parametrize("name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.exhaustive) for n in SPECTRA])
def test_the_variance_in_each_direction_is_the_exact_one_within_one_percent(many_columns, name):
    h = SPECTRA[name].astype(np.float32).astype(np.float64)
    h -= h.mean(axis=0)
    exact = eigh(h.T @ h, eigvals_only=True, subset_by_index=[COLUMNS - COUNT, COLUMNS - 1])[::-1]
    found = ((h @ directions_of(SPECTRA[name])) ** 2).sum(axis=0)
    assert (np.abs(found - exact) <= np.maximum(0.01 * exact, 1e-6 * exact[0])).all()
    assert found.sum() >= 0.999 * exact.sum()


@pytest.mark.exhaustive
def test_scores_are_those_of_a_singular_value_decomposition(many_columns):
    h = SPECTRA["exponential decay"].astype(np.float32)
    scores = pca(h, 10)
    u, s, _ = np.linalg.svd(h - h.mean(axis=0, dtype=np.float64), full_matrices=False)
    signs = np.sign((scores * u[:, :10]).sum(axis=0))
    np.testing.assert_allclose(scores * signs, u[:, :10] * s[:10], atol=1e-3)


LONG = [pytest.param(*case, marks=pytest.mark.exhaustive) for case in ((200, 0), (60, 0), (1, 0))]


@pytest.mark.parametrize(("samples", "offset"), [(200, 4096), (7, 0), *LONG])
def test_few_rows_of_many_columns_are_exact(samples, offset):
    h = (NOISE[:samples] @ RNG.normal(size=(COLUMNS, 3000)) + offset).astype(np.float32)
    scores = pca(h, COUNT)
    u, s, _ = np.linalg.svd(h - h.mean(axis=0, dtype=np.float64), full_matrices=False)
    wanted = np.zeros((samples, COUNT))
    count = min(COUNT, len(s))
    signs = np.sign((scores[:, :count] * u[:, :count]).sum(axis=0))
    wanted[:, :count] = (u * s)[:, :count] * signs
    np.testing.assert_allclose(scores, wanted, atol=2e-5 * max(s[0], 1))
    directions_of(h)


@pytest.mark.parametrize("samples", [50, SAMPLES])
def test_equal_rows_have_directions_and_no_scores(many_columns, samples):
    h = np.full((samples, COLUMNS), 3.5)
    directions_of(h)
    np.testing.assert_array_equal(pca(h, COUNT), 0)


def test_few_different_rows_among_many_have_orthonormal_directions(many_columns):
    h = NOISE[np.arange(SAMPLES) % 3]
    directions_of(h)
    scores = pca(h, COUNT).astype(np.float64)
    wanted = ((h[:3, None] - h[:3]) ** 2).sum(axis=2)
    np.testing.assert_allclose(((scores[:3, None] - scores[:3]) ** 2).sum(axis=2), wanted, rtol=1e-4, atol=1e-6)


def test_the_same_rows_give_the_same_bytes_with_one_thread_and_with_three(many_columns, monkeypatch):
    h = SPECTRA["slow decay"].astype(np.float32)
    monkeypatch.setattr(components, "VALUES_PER_RANGE", 100 * COLUMNS)
    found = []
    for threads in (1, 3):
        monkeypatch.setattr(sys.modules["cutaway.parallel.ranges"], "cpu_count", lambda threads=threads: threads)
        found.append(pca(h, 20))
    np.testing.assert_array_equal(*found)


@pytest.mark.exhaustive
def test_a_spectrum_with_decay_needs_few_products(many_columns):
    """The bound on time: never more than `BLOCKS`, and fewer where eigenvalues differ."""
    h = SPECTRA["fast decay"]
    matrix, products = h.T @ h, []

    def multiply(block):
        products.append(block.shape)
        return matrix @ block

    lanczos.leading_eigenvectors(multiply, COLUMNS, COUNT)
    assert len(products) < 6
    products.clear()
    matrix = NOISE.T @ NOISE
    lanczos.leading_eigenvectors(multiply, COLUMNS, COUNT)
    assert len(products) <= lanczos.BLOCKS


@pytest.mark.exhaustive
def test_more_components_than_the_leading_ones_are_exact(many_columns):
    h = SPECTRA["slow decay"].astype(np.float32)
    scores = pca(h, components.MOST_LEADING + 1)
    assert scores.shape == (SAMPLES, components.MOST_LEADING + 1)
    s = np.linalg.svd(h - h.mean(axis=0, dtype=np.float64), compute_uv=False)
    np.testing.assert_allclose(np.linalg.norm(scores, axis=0), s[: scores.shape[1]], rtol=1e-4)
