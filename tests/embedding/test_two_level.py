"""The two parts of the kernel, and the transfer between the fine and the coarse grid."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.embedding.tsne.grid import (
    SMALL,
    WEIGHTS,
    coarse_nodes,
    coarsen,
    grid_for,
    narrow_part,
    nodes_for,
    refine,
    smooth_part,
)
from cutaway.embedding.tsne.interpolation import convolve
from cutaway.embedding.tsne.kernels.repulsion import repulsive_forces
from cutaway.embedding.tsne.kernels.two_level import BEFORE, FACTOR


def spline(x):
    """The cubic B-spline of width 4, by definition."""
    x = np.abs(x)
    return np.where(x < 1, (4 - 6 * x**2 + 3 * x**3) / 6, np.where(x < 2, (2 - x) ** 3 / 6, 0.0))


@given(st.floats(0, 1e6), st.floats(1e-6, 10))
def test_both_parts_add_up_to_the_kernel(squared, rate):
    whole = narrow_part(np.array(squared), rate) + smooth_part(np.array(squared), rate)
    assert whole == pytest.approx(1 / (1 + squared), rel=1e-12)


def test_a_coarse_spline_is_the_sum_of_fine_ones():
    x = np.linspace(-20, 20, 801)
    fine = np.arange(len(WEIGHTS)) - len(WEIGHTS) // 2
    np.testing.assert_allclose((WEIGHTS * spline(x[:, None] - fine)).sum(axis=1), spline(x / FACTOR), atol=1e-7)


@given(st.integers(24, 130), st.integers(0, 9), st.integers(0, 1000))
def test_coarsening_sums_the_charges_under_each_coarse_spline(nodes, padding, seed):
    rng = np.random.default_rng(seed)
    charges = rng.normal(size=(nodes + padding, nodes + padding)).astype(np.float32)
    fine, many = np.arange(nodes), coarse_nodes(nodes)
    middles = np.arange(many) * FACTOR - BEFORE + len(WEIGHTS) // 2
    # weights of the two-scale relation, by interpolation of the coarse spline from fine ones
    offsets = fine - middles[:, None]
    weights = np.where(np.abs(offsets) <= len(WEIGHTS) // 2, WEIGHTS[(offsets + len(WEIGHTS) // 2) % len(WEIGHTS)], 0)
    wanted = weights @ charges[:nodes, :nodes].astype(np.float64) @ weights.T
    found = coarsen(charges, nodes)
    assert found.shape == (many, many)
    np.testing.assert_allclose(found.T, wanted, atol=1e-4)
    # every fine node is under the full number of coarse splines
    np.testing.assert_allclose(weights.sum(axis=0), 1, atol=1e-6)
    # refining is the transpose
    potential, added = rng.normal(size=(many, many)).astype(np.float32), np.zeros((nodes, nodes), np.float32)
    refine(potential.T.copy(), added, nodes)
    np.testing.assert_allclose(added, weights.T @ potential @ weights, atol=1e-4)


@pytest.mark.parametrize("width", [130, 400])
def test_a_two_level_grid_gives_the_forces_of_one_padded_to_twice_its_size(monkeypatch, width):
    xy = (np.random.default_rng(1).uniform(-0.5, 0.5, (4000, 2)) * width).astype(np.float32)
    # at both ends, where the narrow part must not act around the edge
    xy[:200, 0], xy[200:400, 0] = -width / 2, width / 2
    assert nodes_for(width / 2, 0.8) > SMALL
    results = []
    for small in (SMALL, 10_000):
        monkeypatch.setattr("cutaway.embedding.tsne.grid.SMALL", small)
        grid = grid_for(width / 2, 0.8)
        corner = np.full(2, -(grid.nodes - 1) / 2 * grid.spacing + 0.3, np.float32)
        # the same positions within cells for any number of nodes
        corner = np.round(corner / 0.8).astype(np.float32) * np.float32(0.8)
        potential, normalization = convolve(xy, grid, corner)
        force = np.empty_like(xy)
        repulsive_forces(potential, corner, np.float32(1 / grid.spacing), grid.own, xy, force, 0, len(xy))
        results.append((grid, force, normalization))
    (two, ours, z), (one, wanted, whole) = results
    assert two.coarse
    assert one.coarse is None
    assert two.padded < 0.72 * one.padded
    assert np.linalg.norm(ours - wanted) < 2e-3 * np.linalg.norm(wanted)
    assert z == pytest.approx(whole, rel=1e-4)
