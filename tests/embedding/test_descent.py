from itertools import pairwise

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.manifold import TSNE

from cutaway.embedding.tsne.affinities import affinities, kl_divergence
from cutaway.embedding.tsne.descent import LONGEST_STEP, descend
from cutaway.embedding.tsne.grid import MOST_NODES
from cutaway.embedding.tsne.schedule import Phase, phases_for
from cutaway.neighbors.components import principal_scores

POINTS = principal_scores(load_digits().data[:600].astype(np.float32), 30).astype(np.float32)
START = POINTS[:, :2] / POINTS[:, 0].std() * np.float32(1e-4)
# Exact sums, and the grid where it would not be used for so few.
ENGINES = pytest.mark.parametrize("exact", [600, 0])


@pytest.fixture(scope="module")
def graph():
    return affinities(POINTS, 20.0)


def config(samples, iterations, *, tolerance=0.0):
    early = Phase("early", 100, 12.0, 50.0, 0.5)
    return early, Phase("main", iterations - 100, 1.0, float(samples), 0.8, tolerance)


def run(graph, *, iterations=200, threads=1, start=START, tolerance=0.0, **settings):
    phases = config(len(start), iterations, tolerance=tolerance)
    return descend(graph, start, phases=phases, threads=threads, **settings)


@ENGINES
def test_the_divergence_falls_and_is_what_is_left_at_the_end(graph, exact):
    done = run(graph, iterations=400, exact=exact)
    seen = [divergence for _, divergence in done.history]
    assert [iteration for iteration, _ in done.history] == list(range(50, 401, 50))
    assert all(later < earlier for earlier, later in pairwise(seen))
    assert seen[-1] == pytest.approx(kl_divergence(graph, done.xy), rel=0.02)
    assert seen[-1] < 0.25 * kl_divergence(graph, START)
    assert (done.iterations, done.stopped) == (400, "iterations")
    np.testing.assert_allclose(done.xy.mean(axis=0), 0, atol=1e-4)


def test_the_grid_comes_as_low_as_exact_sums_with_long_steps_too(graph):
    fast = (Phase("early", 100, 12.0, 50.0, 0.5), Phase("main", 300, 1.0, 1200.0, 0.95))
    exact, grid = (descend(graph, START, phases=fast, threads=1, exact=exact) for exact in (600, 0))
    assert kl_divergence(graph, grid.xy) < kl_divergence(graph, exact.xy) + 0.03
    assert (exact.nodes, grid.spacing) == (0, 0.8)


def test_many_points_are_moved_in_longer_and_fewer_steps():
    assert phases_for(4000, 750) == (
        Phase("early", 250, 12.0, 4000 / 12, 0.5),
        Phase("main", 500, 1.0, 4e3, 0.8, 0.002),
    )
    assert phases_for(10_000, 750) == (
        Phase("early", 60, 12.0, 10_000 / 12, 0.5),
        Phase("main", 690, 1.0, 20_000.0, 0.95, 0.01),
    )
    assert phases_for(320_000, 750)[1] == Phase("main", 690, 1.0, 640_000.0, 0.975, 0.02)
    assert [phase.learning_rate for phase in phases_for(60, 251)] == [20.0, 60.0]


def test_it_comes_as_low_as_scikit_learns_exact_gradient():
    points, start = POINTS[:250], START[:250]
    few = affinities(points, 20.0)
    reference = TSNE(perplexity=20, init=start, method="exact", max_iter=600).fit_transform(points)
    done = descend(few, start, phases=phases_for(250, 750), threads=1)
    assert kl_divergence(few, done.xy) < kl_divergence(few, reference) + 0.01


@ENGINES
def test_the_coordinates_do_not_depend_on_threads_or_chance(graph, exact):
    one, again, many = (run(graph, threads=threads, exact=exact).xy for threads in (1, 1, 3))
    np.testing.assert_array_equal(one, again)
    np.testing.assert_array_equal(one, many)


def test_it_ends_when_the_divergence_hardly_falls(graph):
    done = run(graph, iterations=2000, tolerance=0.05)
    assert done.stopped == "converged"
    assert done.iterations < 1000
    before, after = (divergence for _, divergence in done.history[-2:])
    assert 0 <= before - after < 0.05 * before
    assert after < 1.1 * run(graph, iterations=600).history[-1][1]


def test_a_watcher_sees_the_layout_on_its_way(graph, monkeypatch):
    monkeypatch.setattr("cutaway.embedding.tsne.descent.FRAME_SECONDS", 0.0)
    frames = []
    done = run(graph, iterations=150, watch=frames.append, exact=0)
    assert [frame.iteration for frame in frames] == [*range(1, 151), 150]
    assert [frame.phase for frame in frames] == ["early"] * 100 + ["main"] * 51
    assert frames[48].kl_divergence is None
    assert frames[60].kl_divergence == done.history[0][1]
    np.testing.assert_array_equal(frames[-1].xy, done.xy)
    # in the caller's order: the first step is short, so each point is near its own start
    assert np.corrcoef(frames[0].xy[:, 0], START[:, 0])[0, 1] > 0.95
    assert frames[0].xy is not frames[1].xy


def false(_):
    return False


def stop_iteration(_):
    raise StopIteration


def ctrl_c(_):
    raise KeyboardInterrupt


@ENGINES
@pytest.mark.parametrize("no", [false, stop_iteration, ctrl_c])
def test_a_watcher_can_end_it_and_what_is_there_is_kept(graph, no, exact, monkeypatch):
    monkeypatch.setattr("cutaway.embedding.tsne.descent.FRAME_SECONDS", 0.0)
    done = run(graph, watch=lambda frame: no(frame) if frame.iteration == 120 else None, exact=exact, threads=2)
    assert (done.iterations, done.stopped) == (120, "interrupted")
    np.testing.assert_array_equal(done.xy, run(graph, iterations=120, exact=exact).xy)


def test_ctrl_c_while_reporting_keeps_what_is_there(graph):
    done = run(graph, on_progress=ctrl_c)
    assert (done.iterations, done.stopped) == (1, "interrupted")


def test_an_error_of_the_watcher_is_the_callers(graph):
    def broken(_):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(graph, watch=broken)


@ENGINES
def test_a_start_on_a_line_stays_on_it(graph, exact):
    start = START * np.array([1, 0], np.float32)
    assert (run(graph, start=start, exact=exact).xy[:, 1] == 0).all()


@ENGINES
def test_a_wide_start_that_exaggeration_shrinks_is_not_gone_back_to(graph, exact):
    start = START / START.std() * np.float32(60)
    phases = (Phase("early", 100, 12.0, 300.0, 0.5), Phase("main", 1, 1.0, 1.0, 0.5))
    shrunk = descend(graph, start, phases=phases[:1], threads=1, exact=exact).xy
    assert np.ptp(shrunk) < 0.9 * np.ptp(start)
    np.testing.assert_allclose(
        descend(graph, start, phases=phases, threads=1, exact=exact).xy, shrunk, atol=LONGEST_STEP
    )


@ENGINES
def test_points_drawn_to_one_are_put_back_where_the_grid_holds_them(exact):
    points = np.random.default_rng(0).normal(size=(12, 2)).astype(np.float32) * np.float32(30)
    # everyone attends to everyone alike
    everyone = affinities(np.zeros((12, 2), np.float32), 11.0)
    phases = (Phase("early", 300, 12.0, 2.0, 0.5), Phase("main", 40, 1.0, 12.0, 0.5))
    stratified_subset = descend(everyone, points, phases=phases[:1], threads=1, exact=exact).xy
    assert np.ptp(stratified_subset) < 1e-2
    done = descend(everyone, points, phases=phases, threads=1, exact=exact)
    assert np.isfinite(done.xy).all()
    assert np.ptp(done.xy) > 0.1


def test_points_too_far_apart_for_float32_stay_finite():
    start = np.array([[0, 0], [1e6, 0], [0, 1e6], [1e6, 1e6]], np.float32)
    done = run(affinities(start, 1.0), start=start, iterations=101)
    assert np.isfinite(done.xy).all()


def test_a_layout_too_wide_for_a_grid_is_summed_over_all_pairs(graph, monkeypatch):
    start = START / START.std() * np.float32(500)
    phases = (Phase("main", 3, 1.0, 100.0, 0.5),)
    grid, pairs, wide = (descend(graph, start, phases=phases, threads=1, exact=exact) for exact in (0, 600, 100))
    assert grid.nodes > 2 * MOST_NODES
    assert np.isfinite(grid.xy).all()
    assert wide.nodes == pairs.nodes == 0
    np.testing.assert_array_equal(wide.xy, pairs.xy)


@pytest.mark.parametrize("looked", [600, 200])
def test_the_divergence_on_the_way_is_that_of_some_points_by_chance(looked, monkeypatch):
    # ten kinds in turn, of which every tenth point tells about one only
    monkeypatch.setattr("cutaway.embedding.tsne.descent.LOOKED", looked)
    kinds = np.argsort(load_digits().target[:600], kind="stable").reshape(10, 60).T.reshape(-1)
    graph = affinities(POINTS[kinds], 20.0)
    done = run(graph, start=np.ascontiguousarray(START[kinds]), iterations=300, exact=600)
    told = done.history[-1][1]
    assert told == pytest.approx(kl_divergence(graph, done.xy), rel=0.02 if looked == 600 else 0.1)


def test_no_step_is_longer_than_the_longest(graph, monkeypatch):
    monkeypatch.setattr("cutaway.embedding.tsne.descent.FRAME_SECONDS", 0.0)
    frames = []
    phases = (Phase("main", 30, 12.0, 1e6, 0.9),)
    descend(graph, START, phases=phases, threads=1, watch=frames.append)
    steps = [np.linalg.norm(b.xy - a.xy, axis=1).max() for a, b in pairwise(frames)]
    # frames are centered, points are not
    assert max(steps) <= 2 * LONGEST_STEP + 1e-3
    assert max(steps) > LONGEST_STEP / 2
