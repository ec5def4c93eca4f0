"""Forces, compared with sums over all pairs in float64 and with the slope of the KL divergence."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from cutaway.embedding.tsne.grid import MOST_NODES, grid_for, spacing_for
from cutaway.embedding.tsne.interpolation import InterpolationGrid
from cutaway.embedding.tsne.kernels.attraction import attractive_forces, kl_terms
from cutaway.embedding.tsne.kernels.exact import exact_repulsive_forces
from cutaway.embedding.tsne.kernels.repulsion import filter_spectrum, repulsive_forces
from cutaway.embedding.tsne.order import SortedPoints
from cutaway.parallel import WorkerPool


def random_graph(n, *, seed=0, density=0.1):
    upper = sparse.triu(sparse.random(n, n, density, rng=np.random.default_rng(seed)), 1)
    joint = (upper + upper.T).tocsr()
    joint /= joint.sum()
    joint.sort_indices()
    start, index = joint.indptr.astype(np.int64), joint.indices.astype(np.int32)
    return SimpleNamespace(start=start, index=index, value=joint.data.astype(np.float32), dense=joint.toarray())


def points(n, spread, *, seed=0):
    return (np.random.default_rng(seed).normal(size=(n, 2)) * spread).astype(np.float32)


def pairs(xy):
    gaps = xy.astype(np.float64)[:, None] - xy.astype(np.float64)
    kernel = 1 / (1 + (gaps**2).sum(axis=2))
    np.fill_diagonal(kernel, 0)
    return gaps, kernel


def attraction(graph, xy):
    force = np.empty_like(xy)
    attractive_forces(graph.start, graph.index, graph.value, xy, force, 0, len(xy))
    return force


def exact_repulsion(xy):
    force, normalization = np.empty_like(xy), np.empty(len(xy))
    exact_repulsive_forces(xy[:, 0].copy(), xy[:, 1].copy(), force, normalization, 0, len(xy))
    return force, normalization.sum()


def grid_repulsion(xy, grid=None):
    grid = grid or InterpolationGrid()
    grid.update(xy, xy.min(axis=0), xy.max(axis=0))
    force = np.empty_like(xy)
    repulsive_forces(*grid.force_arguments, xy, force, 0, len(xy))
    return force, grid.normalization


def error(force, wanted):
    return np.linalg.norm(force - wanted) / np.linalg.norm(wanted)


@pytest.mark.parametrize("spread", [1e-4, 50.0])
def test_attraction_is_the_sum_over_the_entries(spread):
    graph, xy = random_graph(300), points(300, spread)
    gaps, kernel = pairs(xy)
    assert error(attraction(graph, xy), (graph.dense[:, :, None] * kernel[:, :, None] * gaps).sum(axis=1)) < 1e-6


@pytest.mark.parametrize("spread", [1e-4, 50.0])
def test_exact_repulsion_and_its_normalization_are_those_of_float64(spread):
    xy = points(700, spread)
    gaps, kernel = pairs(xy)
    force, normalization = exact_repulsion(xy)
    assert error(force, (kernel[:, :, None] ** 2 * gaps).sum(axis=1)) < 1e-6
    assert normalization == pytest.approx(kernel.sum(), rel=1e-6)


def test_the_gradient_is_the_slope_of_the_kl_divergence():
    graph, xy = random_graph(30, density=0.5), points(30, 1.0)
    here = xy.astype(np.float64)

    def divergence(moved):
        _, kernel = pairs(moved)
        shares = kernel[graph.dense > 0] / kernel.sum()
        return (graph.dense[graph.dense > 0] * np.log(graph.dense[graph.dense > 0] / shares)).sum()

    slope = np.empty_like(here)
    for entry in np.ndindex(*here.shape):
        step = np.zeros_like(here)
        step[entry] = 1e-5
        slope[entry] = (divergence(here + step) - divergence(here - step)) / 2e-5
    force, normalization = exact_repulsion(xy)
    gradient = 4 * (attraction(graph, xy) - force / np.float32(normalization))
    assert error(gradient, slope) < 1e-5


# Errors relative to root-mean-square forces: small layouts are smooth, in wide ones the spacing of the grid matters.
@pytest.mark.parametrize(
    ("spread", "off"), [(1e-4, 0.01), (1e-2, 0.01), (0.1, 1e-3), (1.0, 1e-3), (5.0, 0.1), (40.0, 0.2)]
)
def test_repulsion_through_the_grid_is_near_the_exact_sum(spread, off):
    xy = points(1500, spread, seed=1)
    gaps, kernel = pairs(xy)
    wanted = (kernel[:, :, None] ** 2 * gaps).sum(axis=1)
    force, normalization = grid_repulsion(xy)
    assert error(force, wanted) < off
    assert normalization == pytest.approx(kernel.sum(), rel=0.02)


def test_errors_of_the_grid_average_out_over_its_shifts():
    xy, grid = points(1500, 15.0), InterpolationGrid()
    gaps, kernel = pairs(xy)
    wanted = (kernel[:, :, None] ** 2 * gaps).sum(axis=1)
    forces = [grid_repulsion(xy, grid)[0] for _ in range(64)]
    assert error(np.mean(forces, axis=0), wanted) < 0.8 * error(forces[0], wanted)


def test_points_far_apart_have_hardly_any_force_on_themselves():
    xy, grid = np.array([[-100, 40], [100, -30.3]], np.float32), InterpolationGrid()
    for _ in range(5):
        force, normalization = grid_repulsion(xy, grid)
        potential, corner, scale, own = grid.force_arguments
        uncorrected = np.empty_like(force)
        repulsive_forces(potential, corner, scale, np.zeros_like(own), xy, uncorrected, 0, 2)
        assert np.abs(force).max() < 5e-3
        assert np.abs(force).max() < 0.3 * np.abs(uncorrected).max()
        # 2 / (1 + distance squared) is 4e-5; the energy of a point with itself is not part of it
        assert normalization < 0.2


def test_a_grid_stays_while_the_layout_grows_a_little_and_is_replaced_when_it_no_longer_fits():
    grid, xy = InterpolationGrid(), points(500, 10.0)
    grid_repulsion(xy, grid)
    first = grid.grid
    grid_repulsion(xy * np.float32(1.05), grid)
    assert grid.grid is first
    grid_repulsion(xy * np.float32(2), grid)
    assert grid.grid.nodes > first.nodes
    grid_repulsion(xy, grid)
    assert grid.grid.nodes < 1.2 * first.nodes


@pytest.mark.parametrize("half", [0.0, 1e-6, 3.0, 19.0, 200.0, 1e6])
def test_a_grid_covers_the_layout_and_has_bounded_size(half):
    grid = grid_for(half, spacing_for(half))
    assert grid.reach >= half
    assert grid.nodes < grid.padded <= 3 * MOST_NODES
    assert np.isfinite(grid.transform).all()


@given(st.integers(1, 60), st.floats(1e-5, 300), st.floats(-1000, 1000), st.integers(0, 5))
def test_points_anywhere_stay_inside_the_grid(n, spread, middle, seed):
    xy = points(n, spread, seed=seed) + np.float32(middle)
    force, normalization = grid_repulsion(xy)
    assert np.isfinite(force).all()
    assert normalization > 0


def test_sorting_by_position_changes_the_order_only():
    graph, start = random_graph(400), points(400, 3.0)
    sorted_points = SortedPoints(graph, start)
    with WorkerPool(2) as pool:
        for _ in range(2):
            sorted_points.sort(pool)
    assert not (sorted_points.order == np.arange(400)).all()
    np.testing.assert_array_equal(sorted_points.xy, start[sorted_points.order])
    force = np.empty_like(start)
    attractive_forces(sorted_points.start, sorted_points.index, sorted_points.value, sorted_points.xy, force, 0, 400)
    np.testing.assert_allclose(force, attraction(graph, start)[sorted_points.order], rtol=1e-6)
    np.testing.assert_allclose(sorted_points.in_given_order(), start - start.mean(axis=0), atol=1e-6)
    nearest = np.linalg.norm(np.diff(sorted_points.xy, axis=0), axis=1).mean()
    assert nearest < 0.4 * np.linalg.norm(np.diff(start, axis=0), axis=1).mean()


def test_kl_terms_are_the_kl_divergence_except_for_z():
    graph, xy = random_graph(300), points(300, 4.0)
    graph.value[5] = 0
    dense = sparse.csr_array((graph.value, graph.index, graph.start)).toarray().astype(np.float64)
    _, kernel = pairs(xy)
    np.fill_diagonal(kernel, 1)
    terms = dense * np.log(np.where(dense > 0, dense, 1) / kernel)
    wanted = np.stack([terms.sum(axis=1), dense.sum(axis=1)], axis=1)
    sums = np.full((300, 2), np.nan)
    for chosen in (np.ones(300, bool), np.arange(300) % 3 == 0):
        kl_terms(graph.start, graph.index, graph.value, chosen, xy, sums, 0, 300)
        np.testing.assert_allclose(sums, wanted * chosen[:, None], rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_z_of_few_points_far_apart_is_at_least_its_lower_bound(seed):
    grid, xy = InterpolationGrid(), points(60, 400.0, seed=seed)
    force, normalization = grid_repulsion(xy, grid)
    _, kernel = pairs(xy)
    # no two points can be farther apart than opposite corners of the grid
    least = 60 * 59 / (1 + 2 * (2 * grid.grid.reach) ** 2)
    assert least <= kernel.sum()
    # their energy with themselves is 1,000 times as large; with seed 5 the difference was below 0
    assert least <= normalization < kernel.sum() + 0.05 * 60
    assert np.isfinite(force / np.float32(normalization)).all()


def test_z_of_points_in_opposite_corners_is_near_its_lower_bound():
    xy, grid = np.array([[-400, -400], [400, 400]], np.float32), InterpolationGrid()
    _, normalization = grid_repulsion(xy, grid)
    _, kernel = pairs(xy)
    least = 2 / (1 + 8 * grid.grid.reach**2)
    # the grid has room for a layout an eighth larger
    assert least <= kernel.sum() < 1.4 * least
    assert normalization >= least


@given(st.integers(1, 40), st.sampled_from(["float32", "float64"]), st.integers(0, 100))
def test_the_energy_of_a_spectrum_is_charge_times_potential(half, kind, seed):
    rng = np.random.default_rng(seed)
    charges, size = rng.normal(size=(2 * half, 2 * half)).astype(kind), 4 * half * half
    # real and even, as of a kernel, so that its own transform is real
    transform = np.fft.rfft2(rng.normal(size=charges.shape)).real.astype(kind)
    transform[1:] = (transform[1:] + transform[:0:-1]) / 2
    spectrum = np.fft.rfft2(charges).astype(np.result_type(kind, "complex64"))
    potential = np.fft.irfft2(spectrum * transform, s=charges.shape)
    energy = filter_spectrum(spectrum.view(kind), transform) / size
    assert energy == pytest.approx(float((charges * potential).sum()), rel=1e-4, abs=1e-4 * size**0.5)
    np.testing.assert_allclose(np.fft.irfft2(spectrum, s=charges.shape), potential, atol=1e-4)
