from itertools import pairwise

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.manifold import TSNE

from cutaway.embedding.tsne.affinities import kl_divergence
from cutaway.embedding.tsne.descent import descend
from cutaway.embedding.tsne.grid import MOST_NODES
from cutaway.embedding.tsne.kernels.step import gradient_step
from cutaway.embedding.tsne.optimizer import MAX_STEP
from cutaway.embedding.tsne.schedule import Phase, phases_for
from cutaway.embedding.tsne.settings import TSNESettings
from cutaway.errors import Canceled
from cutaway.neighbors import principal_scores
from tests.embedding.exact_affinities import affinities_of

POINTS = principal_scores(load_digits().data[:600].astype(np.float32), 30).astype(np.float32)
START = POINTS[:, :2] / POINTS[:, 0].std() * np.float32(1e-4)
# Exact sums, and the grid, which would not be used for so few.
ENGINES = pytest.mark.parametrize("exact", [600, 0])


@pytest.fixture(scope="module")
def graph():
    return affinities_of(POINTS, 20.0)


def config(samples, iterations, *, tolerance=0.0):
    early = Phase("early", 100, 12.0, 50.0, 0.5)
    return early, Phase("main", iterations - 100, 1.0, float(samples), 0.8, tolerance)


def run(graph, *, iterations=200, threads=1, start=START, tolerance=0.0, **settings):
    phases = config(len(start), iterations, tolerance=tolerance)
    return descend(graph, start, phases=phases, threads=threads, **settings)


@ENGINES
def test_the_kl_divergence_falls_and_is_that_of_the_result(graph, exact):
    done = run(graph, iterations=400, exact=exact)
    seen = [divergence for _, divergence in done.history]
    assert [iteration for iteration, _ in done.history] == list(range(25, 401, 25))
    assert all(later < earlier for earlier, later in pairwise(seen))
    assert seen[-1] == pytest.approx(kl_divergence(graph, done.xy), rel=0.02)
    assert seen[-1] < 0.25 * kl_divergence(graph, START)
    assert (done.iterations, done.stopped) == (400, "iterations")
    np.testing.assert_allclose(done.xy.mean(axis=0), 0, atol=1e-4)


def test_the_grid_reaches_the_kl_of_exact_sums_with_long_steps_too(graph):
    fast = (Phase("early", 100, 12.0, 50.0, 0.5), Phase("main", 300, 1.0, 1200.0, 0.95))
    exact, grid = (descend(graph, START, phases=fast, threads=1, exact=exact) for exact in (600, 0))
    assert kl_divergence(graph, grid.xy) < kl_divergence(graph, exact.xy) + 0.03
    assert (exact.nodes, grid.spacing) == (0, 0.8)


def test_many_points_get_larger_learning_rates_and_fewer_early_iterations():
    assert phases_for(4000, TSNESettings()) == (
        Phase("early", 250, 12.0, 4000 / 12, 0.5),
        Phase("main", 500, 1.0, 4e3, 0.8, 0.002),
    )
    assert phases_for(10_000, TSNESettings()) == (
        Phase("early", 60, 12.0, 10_000 / 12, 0.5),
        Phase("main", 665, 1.0, 20_000.0, 0.966, 0.02),
        Phase("final", 25, 1.0, 20_000.0, 0.8),
    )
    assert phases_for(160_000, TSNESettings()) == (
        Phase("early", 50, 12.0, 20_000 / 12, 0.5, samples=20_000),
        Phase("early", 10, 12.0, 160_000 / 12, 0.5),
        Phase("main", 665, 1.0, 320_000.0, pytest.approx(1 - 0.034 / 2**0.5), 0.04),
        Phase("final", 25, 1.0, 320_000.0, 0.8),
    )
    assert [phase.learning_rate for phase in phases_for(60, TSNESettings(max_iter=251))] == [20.0, 60.0]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"early_samples": 160_000}, [(60, 0), (665, 0), (25, 0)]),
        ({"early_samples": 500}, [(50, 500), (10, 0), (665, 0), (25, 0)]),
        ({"early_exaggeration_iter": 10}, [(10, 0), (715, 0), (25, 0)]),
        ({"final_iter": 0}, [(50, 20_000), (10, 0), (690, 0)]),
        ({"max_iter": 61}, [(50, 20_000), (10, 0), (1, 0)]),
        ({"max_iter": 70}, [(50, 20_000), (10, 0), (5, 0), (5, 0)]),
        # 15 neighbors: an eighth of the samples would leave many without one
        ({"perplexity": 5.0}, [(60, 0), (665, 0), (25, 0)]),
        ({"perplexity": 12.0}, [(50, 160_000 // 3), (10, 0), (665, 0), (25, 0)]),
    ],
)
def test_the_sample_and_the_final_iterations_can_be_chosen(settings, expected):
    assert [(phase.iterations, phase.samples) for phase in phases_for(160_000, TSNESettings(**settings))] == expected


def test_a_final_momentum_is_never_higher_than_that_before():
    assert [phase.momentum for phase in phases_for(10_000, TSNESettings(momentum=0.3))] == [0.5, 0.3, 0.3]


def test_it_reaches_the_kl_of_scikit_learns_exact_gradient():
    points, start = POINTS[:250], START[:250]
    few = affinities_of(points, 20.0)
    reference = TSNE(perplexity=20, init=start, method="exact", max_iter=600).fit_transform(points)
    done = descend(few, start, phases=phases_for(250, TSNESettings()), threads=1)
    assert kl_divergence(few, done.xy) < kl_divergence(few, reference) + 0.01


def test_steps_do_not_depend_on_where_the_axes_are():
    """Gains by coordinate, as in van der Maaten's code, would: they tear groups that lie across an axis."""
    turn = np.array([[np.cos(0.7), -np.sin(0.7)], [np.sin(0.7), np.cos(0.7)]], np.float32)
    rng = np.random.default_rng(0)
    xy, last, *forces = (rng.normal(size=(200, 2)).astype(np.float32) for _ in range(4))
    weights, rates = np.array([12, 0.5], np.float32), np.array([0.01, 0.01, 0.9, 5], np.float32)
    layouts = []
    for rotation in (np.eye(2, dtype=np.float32), turn):
        here, before, attraction, repulsion = (each @ rotation for each in (xy, last, *forces))
        gains, bounds = np.ones(200, np.float32), np.empty(4, np.float32)
        for _ in range(3):
            gradient_step(here, before, gains, attraction, repulsion, weights, rates, bounds, 0, 200)
        assert len(np.unique(gains)) > 2
        layouts.append(here)
    np.testing.assert_allclose(layouts[1], layouts[0] @ turn, atol=1e-5)


@ENGINES
def test_the_coordinates_do_not_depend_on_threads_or_scheduling(graph, exact):
    one, again, many = (run(graph, threads=threads, exact=exact).xy for threads in (1, 1, 3))
    np.testing.assert_array_equal(one, again)
    np.testing.assert_array_equal(one, many)


def test_it_ends_when_the_kl_divergence_hardly_falls(graph):
    done = run(graph, iterations=2000, tolerance=0.05)
    assert done.stopped == "converged"
    assert done.iterations < 1000
    before, after = (divergence for _, divergence in done.history[-2:])
    assert 0 <= before - after < 0.05 * before
    assert after < 1.1 * run(graph, iterations=600).history[-1][1]


def test_the_callback_sees_the_layout_on_its_way(graph, monkeypatch):
    monkeypatch.setattr("cutaway.embedding.tsne.descent.REPORT_SECONDS", 0.0)
    steps = []
    done = run(graph, iterations=150, callback=steps.append, exact=0)
    assert [each.iteration for each in steps] == [*range(1, 151), 150]
    assert [each.phase for each in steps] == ["early"] * 100 + ["main"] * 51
    assert steps[23].kl_divergence is None
    assert steps[30].kl_divergence == done.history[0][1]
    np.testing.assert_array_equal(steps[-1].xy, done.xy)
    # in the order of the samples: the first step is short, so each point is near its own start
    assert np.corrcoef(steps[0].xy[:, 0], START[:, 0])[0, 1] > 0.95
    assert steps[0].xy is not steps[1].xy


def true(_):
    return True


def stop_iteration(_):
    raise StopIteration


def cancel(_):
    raise Canceled("the work went on until it was canceled", got="a request to stop", hint="call it again")


@ENGINES
@pytest.mark.parametrize("stop", [true, stop_iteration, cancel])
def test_the_callback_can_end_it_with_the_coordinates_so_far(graph, stop, exact, monkeypatch):
    monkeypatch.setattr("cutaway.embedding.tsne.descent.REPORT_SECONDS", 0.0)

    def callback(step):
        return stop(step) if step.iteration == 120 else None

    done = run(graph, callback=callback, exact=exact, threads=2)
    assert (done.iterations, done.stopped) == (120, "canceled")
    np.testing.assert_array_equal(done.xy, run(graph, iterations=120, exact=exact).xy)


def test_a_cancellation_by_on_progress_keeps_the_coordinates_so_far(graph):
    done = run(graph, on_progress=cancel)
    assert (done.iterations, done.stopped) == (0, "canceled")


def test_other_exceptions_of_the_callback_are_raised(graph):
    def broken(_):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(graph, callback=broken)


@ENGINES
def test_a_start_on_a_line_stays_on_it(graph, exact):
    start = START * np.array([1, 0], np.float32)
    assert (run(graph, start=start, exact=exact).xy[:, 1] == 0).all()


@ENGINES
def test_a_wide_start_that_exaggeration_shrinks_is_not_restored(graph, exact):
    start = START / START.std() * np.float32(60)
    phases = (Phase("early", 100, 12.0, 300.0, 0.5), Phase("main", 1, 1.0, 1.0, 0.5))
    shrunk = descend(graph, start, phases=phases[:1], threads=1, exact=exact).xy
    assert np.ptp(shrunk) < 0.9 * np.ptp(start)
    np.testing.assert_allclose(descend(graph, start, phases=phases, threads=1, exact=exact).xy, shrunk, atol=MAX_STEP)


@ENGINES
def test_points_collapsed_to_one_are_returned_to_the_start(exact):
    points = np.random.default_rng(0).normal(size=(12, 2)).astype(np.float32) * np.float32(30)
    # all affinities are equal
    equal = affinities_of(np.zeros((12, 2), np.float32), 11.0)
    phases = (Phase("early", 300, 12.0, 2.0, 0.5), Phase("main", 40, 1.0, 12.0, 0.5))
    collapsed = descend(equal, points, phases=phases[:1], threads=1, exact=exact).xy
    assert np.ptp(collapsed) < 1e-2
    done = descend(equal, points, phases=phases, threads=1, exact=exact)
    assert np.isfinite(done.xy).all()
    assert np.ptp(done.xy) > 0.1


def test_points_too_far_apart_for_float32_stay_finite():
    start = np.array([[0, 0], [1e6, 0], [0, 1e6], [1e6, 1e6]], np.float32)
    done = run(affinities_of(start, 1.0), start=start, iterations=101)
    assert np.isfinite(done.xy).all()


def test_a_layout_too_wide_for_a_grid_is_summed_over_all_pairs(graph, monkeypatch):
    start = START / START.std() * np.float32(500)
    phases = (Phase("main", 3, 1.0, 100.0, 0.5),)
    grid, pairs, wide = (descend(graph, start, phases=phases, threads=1, exact=exact) for exact in (0, 600, 100))
    assert grid.nodes > 2 * MOST_NODES
    assert np.isfinite(grid.xy).all()
    assert wide.nodes == pairs.nodes == 0
    np.testing.assert_array_equal(wide.xy, pairs.xy)


@pytest.mark.parametrize("sample", [600, 200])
def test_the_kl_divergence_on_the_way_is_estimated_from_a_random_sample(sample, monkeypatch):
    # ten classes in turn: every tenth point would be of one class only
    monkeypatch.setattr("cutaway.embedding.tsne.optimizer.KL_SAMPLE", sample)
    kinds = np.argsort(load_digits().target[:600], kind="stable").reshape(10, 60).T.reshape(-1)
    graph = affinities_of(POINTS[kinds], 20.0)
    done = run(graph, start=np.ascontiguousarray(START[kinds]), iterations=300, exact=600)
    estimate = done.history[-1][1]
    assert estimate == pytest.approx(kl_divergence(graph, done.xy), rel=0.02 if sample == 600 else 0.1)


def test_no_step_is_longer_than_the_maximum(graph, monkeypatch):
    monkeypatch.setattr("cutaway.embedding.tsne.descent.REPORT_SECONDS", 0.0)
    steps = []
    phases = (Phase("main", 30, 12.0, 1e6, 0.9),)
    descend(graph, START, phases=phases, threads=1, callback=steps.append)
    lengths = [np.linalg.norm(b.xy - a.xy, axis=1).max() for a, b in pairwise(steps)]
    # layouts are centered, points are not
    assert max(lengths) <= 2 * MAX_STEP + 1e-3
    assert max(lengths) > MAX_STEP / 2
