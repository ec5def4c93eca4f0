import numpy as np
import pytest

from cutaway.embedding.tsne.affinities import Affinities, kl_divergence
from cutaway.embedding.tsne.descent import descend
from cutaway.embedding.tsne.schedule import Phase
from cutaway.embedding.tsne.subsample import Subsample
from cutaway.errors import Canceled
from tests.embedding.exact_affinities import affinities_of

CENTERS = 10 * np.random.default_rng(1).standard_normal((6, 8))
LABELS = np.random.default_rng(2).integers(0, 6, 1500)
POINTS = (CENTERS[LABELS] + np.random.default_rng(3).standard_normal((1500, 8))).astype(np.float32)
START = (1e-4 * POINTS[:, :2] / POINTS[:, 0].std()).astype(np.float32)
EARLY = Phase("early", 60, 12.0, 375 / 12, 0.5, samples=375)
REST = (Phase("early", 10, 12.0, 125.0, 0.5), Phase("main", 200, 1.0, 1500.0, 0.8))


@pytest.fixture(scope="module")
def graph():
    return affinities_of(POINTS, 20.0)


def dense(affinities):
    n = len(affinities.start) - 1
    matrix = np.zeros((n, n))
    rows = np.repeat(np.arange(n), np.diff(affinities.start))
    matrix[rows, affinities.index] = affinities.value
    return matrix


def test_its_affinities_are_those_of_the_chosen_points_with_the_sum_1(graph):
    sample, whole = Subsample.of(graph, 300), dense(graph)
    assert len(np.unique(sample.rows)) == 300
    part = whole[np.ix_(sample.rows, sample.rows)]
    np.testing.assert_allclose(dense(sample.affinities), part / part.sum(), rtol=1e-6)
    assert all((np.diff(row) > 0).all() for row in np.split(sample.affinities.index, sample.affinities.start[1:-1]))
    np.testing.assert_array_equal(Subsample.of(graph, 300).rows, sample.rows)


def test_the_others_are_placed_at_the_mean_of_the_chosen_points_by_affinity(graph):
    sample, whole = Subsample.of(graph, 300), dense(graph)
    xy = np.random.default_rng(0).normal(size=(300, 2)).astype(np.float32)
    weights = whole[:, sample.rows]
    expected = weights @ xy / weights.sum(axis=1, keepdims=True)
    expected[sample.rows] = xy
    np.testing.assert_allclose(sample.spread(xy), expected, atol=1e-5)


def test_a_point_without_a_chosen_neighbor_is_placed_in_the_middle():
    # two pairs of points, each with affinity to the other of its pair only
    pairs = Affinities(np.arange(5), np.array([1, 0, 3, 2], np.int32), np.full(4, 0.25, np.float32))
    sample = Subsample.of(pairs, 1)
    placed = sample.spread(np.array([[3, 4]], np.float32))
    partner = sample.rows[0] ^ 1
    np.testing.assert_array_equal(placed[[sample.rows[0], partner]], [[3, 4], [3, 4]])
    np.testing.assert_array_equal(np.delete(placed, [sample.rows[0], partner], axis=0), 0)
    assert len(sample.affinities.value) == 0


@pytest.mark.parametrize("exact", [1500, 0])
def test_a_descent_that_begins_with_a_sample_ends_as_well_as_one_of_all(graph, exact):
    sampled = descend(graph, START, phases=(EARLY, *REST), threads=2, exact=exact)
    early = Phase("early", 70, 12.0, 125.0, 0.5)
    whole = descend(graph, START, phases=(early, REST[1]), threads=2, exact=exact)
    assert sampled.iterations == whole.iterations == 270
    assert kl_divergence(graph, sampled.xy) < kl_divergence(graph, whole.xy) + 0.02
    again = descend(graph, START, phases=(EARLY, *REST), threads=1, exact=exact)
    np.testing.assert_array_equal(again.xy, sampled.xy)


def test_the_callback_and_the_progress_see_all_points_and_one_count(graph):
    steps, reports = [], []
    done = descend(graph, START, phases=(EARLY, *REST), threads=1, callback=steps.append, on_progress=reports.append)
    assert {each.xy.shape for each in steps} == {(1500, 2)}
    counts = [each.iteration for each in steps]
    assert counts == sorted(counts)
    assert counts[-1] == done.iterations == 270
    assert {report.total for report in reports} == {270}
    assert [report.done for report in reports] == sorted(report.done for report in reports)
    # KL of a part says nothing about that of the whole
    assert [iteration for iteration, _ in done.history] == list(range(75, 271, 25))


@pytest.mark.parametrize("stop_at", [1, 60, 65])
def test_it_can_be_canceled_before_and_after_the_others_join(graph, stop_at, monkeypatch):
    monkeypatch.setattr("cutaway.embedding.tsne.descent.REPORT_SECONDS", 0.0)

    def cancel(step):
        if step.iteration >= stop_at:
            raise Canceled("the work went on until it was canceled", got="a request to stop", hint="call it again")

    reports = []
    done = descend(graph, START, phases=(EARLY, *REST), threads=1, callback=cancel, on_progress=reports.append)
    assert done.stopped == "canceled"
    # layouts of all points take a tenth of the time, so that the callback sees only some of those of the subsample
    assert stop_at <= done.iterations <= 70
    assert done.xy.shape == (1500, 2)
    assert np.isfinite(done.xy).all()
