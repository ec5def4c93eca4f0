"""Placing many samples: neighbors from cells, forces from a grid, and the quality of the whole."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.datasets import load_digits

from cutaway.embedding import (
    ManyPlacement,
    embed,
    embed_some,
    inspect_quality,
    place,
    place_many,
    placement,
    sampled_quality,
)
from cutaway.embedding.placing import layout as placing_layout
from cutaway.embedding.placing.cells import CELL, Cells
from cutaway.embedding.placing.field import Field
from cutaway.embedding.tsne.affinities import conditional_affinities
from cutaway.errors import Canceled, DataError, UsageError
from cutaway.neighbors import nearest_among

H, LABELS = load_digits(return_X_y=True)
H = H.astype(np.float32)
SOME = np.arange(0, len(H), 2)
OTHERS = np.arange(1, len(H), 2)


class Rows:
    """An array that cannot be had as a whole, as activations that are computed when they are asked for."""

    def __init__(self, values):
        self.values, self.shape, self.most, self.read = values, values.shape, 0, 0

    def __getitem__(self, rows):
        found = self.values[rows]
        self.most = max(self.most, len(found))
        self.read += len(found)
        return found


@pytest.fixture(scope="module")
def at():
    return placement(H[SOME], embed(H[SOME], n_iter=300, quality=False).xy)


@pytest.fixture(scope="module")
def into(at):
    return ManyPlacement.of(at)


def test_many_land_where_each_alone_lands(at, into):
    off = np.linalg.norm(place_many(H[OTHERS], into) - place(H[OTHERS], at), axis=1)
    assert into.recall(H[OTHERS]) == 1  # of so few points all cells are searched
    assert np.median(off) < 1e-3
    assert np.quantile(off, 0.99) < 0.2


def test_the_batch_decides_nothing(into):
    whole = place_many(H[OTHERS], into)
    parts = np.concatenate([place_many(H[OTHERS][start : start + 100], into) for start in range(0, len(OTHERS), 100)])
    # products of other shapes are rounded in another order
    assert np.quantile(np.abs(parts - whole), 0.99) < 0.05


def test_bad_activations_are_refused(into):
    with pytest.raises(DataError, match="the 64 units of the layer that was embedded; got 5 units"):
        place_many(H[:3, :5], into)
    with pytest.raises(DataError, match="got nan at sample 0, unit 3"):
        place_many(np.where(np.arange(64) == 3, np.nan, H[:2]), into)


def test_of_samples_that_are_equal_any_is_a_neighbor():
    points = np.repeat(np.random.default_rng(0).standard_normal((4, 6), np.float32), 200, axis=0)
    xy = np.random.default_rng(1).standard_normal((len(points), 2), np.float32)
    assert ManyPlacement.of(placement(points, xy)).recall(points) == 1


def test_few_samples_have_a_layout_without_a_quality_and_infinite_ones_none():
    layout = embed_some(H[:12], SOME[:5])
    assert layout.quality is None
    assert np.isfinite(layout.xy).all()
    with pytest.raises(DataError, match="got inf at sample"):
        embed_some(np.where(np.arange(12)[:, None] == 1, np.float32(np.inf), H[:12]), SOME[:5])


@pytest.mark.parametrize("kind", ["laid out", "placed"])
def test_a_value_that_is_not_finite_is_named_by_its_place_in_the_whole(monkeypatch, kind):
    monkeypatch.setattr(placing_layout, "BATCH", 64)
    row = int((SOME if kind == "laid out" else OTHERS)[70])
    h = H.copy()
    h[row, 3] = np.nan
    with pytest.raises(DataError, match=f"got nan at sample {row}, unit 3;"):
        embed_some(h, SOME, n_iter=300)


def test_the_recall_is_of_activations_that_were_placed(monkeypatch):
    monkeypatch.setattr(placing_layout, "MEASURED", 50)
    rows = Rows(H)
    shared = embed_some(rows, SOME, n_iter=300, quality=False)
    read = rows.read

    def elsewhere(into, batches, keep):
        for number, batch in enumerate(batches):
            keep(number, place_many(rows[batch], into))

    again = embed_some(rows, SOME, n_iter=300, quality=False, place_batches=elsewhere)
    assert shared.settings == again.settings
    assert (read, rows.read - read) == (len(H), len(H) + 50)


@pytest.mark.parametrize("offset", [0.0, 10.0])
def test_cells_find_most_of_the_exact_neighbors(offset):
    random = np.random.default_rng(0)
    points = (random.standard_normal((40 * CELL, 3)) @ random.standard_normal((3, 12)) + offset).astype(np.float32)
    queries = points[:500] + np.float32(0.05) * random.standard_normal((500, 12), np.float32)
    cells = Cells.of(points, seed=0)
    assert len(cells.centers) == 40
    np.testing.assert_array_equal(np.sort(cells.rows), np.arange(len(points)))
    np.testing.assert_array_equal(points[cells.rows], cells.points)
    found, exact = cells.nearest(queries, 10), nearest_among(points, queries, 10)
    assert (found.index[:, :, None] == exact.index[:, None, :]).any(axis=2).mean() > 0.95
    distances = cdist(queries.astype(np.float64), points.astype(np.float64), "sqeuclidean")
    wanted = np.take_along_axis(distances, found.index.astype(int), axis=1)
    np.testing.assert_allclose(found.squared, wanted, rtol=1e-3, atol=1e-3)
    assert (np.diff(found.squared, axis=1) > -1e-3).all()


def test_cells_of_equal_points_still_find_enough():
    points = np.concatenate([np.zeros((3 * CELL, 4)), np.ones((5, 4))]).astype(np.float32)
    found = Cells.of(points, seed=0).nearest(np.float32([[1, 1, 1, 1], [9, 9, 9, 9]]), 20)
    assert (np.sort(found.index[:, :5], axis=1) == np.arange(3 * CELL, 3 * CELL + 5)).all()
    assert all(len(set(row)) == 20 for row in found.index.tolist())


@pytest.mark.parametrize(("count", "width"), [(300, 3), (3000, 40), (20_000, 400)])
def test_the_field_is_the_sum_over_all_points(count, width):
    from cutaway.embedding.placing.kernels import optimize_in_field

    random = np.random.default_rng(0)
    xy = (random.uniform(-width, width, (count, 2)) + 5).astype(np.float32)
    points = random.uniform(-width, width, (20, 2)).astype(np.float32) + 5
    field = Field.of(xy)
    grid = field.potential, field.nodes, field.corner, np.float32(1 / field.spacing), np.float32(field.level)
    # one step of a point whose only neighbor is where it begins: half of the repulsive force, by its mass of 1
    moved, exaggeration = points.copy(), np.float32(50)
    index, one = np.arange(20, dtype=np.int32)[:, None], np.ones((20, 1), np.float32)
    x, y = np.ascontiguousarray(points[:, 0]), np.ascontiguousarray(points[:, 1])
    optimize_in_field(x, y, index, one, exaggeration, 1, *grid, moved, 0, 20)
    apart = points[:, None].astype(np.float64) - xy
    weight = 1 / (1 + (apart**2).sum(axis=2))
    force = (weight[:, :, None] ** 2 * apart).sum(axis=1) / weight.sum(axis=1)[:, None] / 2 / exaggeration
    np.testing.assert_allclose(moved - points, force, atol=0.02 * np.abs(force).max())


def test_a_layout_of_some_holds_all(monkeypatch):
    monkeypatch.setattr(placing_layout, "BATCH", 128)
    monkeypatch.setattr("cutaway.embedding.quality.POINTS_PER_BLOCK", 128)
    monkeypatch.setattr("cutaway.embedding.structure.GROUP_SAMPLES", 1000)
    rows, told = Rows(H), []
    found = embed_some(rows, SOME, labels=LABELS, n_iter=300, on_progress=told.append)
    alone = embed(H[SOME], n_iter=300, quality=False)
    np.testing.assert_array_equal(found.xy[SOME], alone.xy)
    assert (found.xy.shape, found.misplaced) == ((len(H), 2), None)
    used = found.settings
    assert (used["laid_out"], used["placed"], used["placement_recall"]) == (len(SOME), len(OTHERS), 1)
    assert rows.most < len(H)
    assert found.kl_divergence == alone.kl_divergence
    assert {"placing", "quality"} <= found.seconds.keys()
    placed = [now.done for now in told if now.task == "placing"]
    assert placed == sorted(placed)
    assert placed[-1] == len(H)
    assert placed.count(len(H)) == 1, "a task ends once"


def test_its_quality_is_that_of_the_whole():
    xy = embed(H, n_iter=300, quality=False).xy
    xy[:9] = xy[9]  # so that a point is not its own nearest
    sampled = sampled_quality(Rows(H), xy, some=H[SOME], k=15, seed=0, labels=LABELS)
    exact = inspect_quality(H, xy, k=15, seed=0, labels=LABELS)[0]
    assert (sampled.samples, exact.samples) == (1500, len(H))
    for name, error in sampled.standard_errors.items():
        assert getattr(sampled, name) == pytest.approx(getattr(exact, name), abs=4 * error), name
        assert 0 < error < 0.01


def test_a_layout_of_some_that_is_canceled_is_none():
    with pytest.raises(Canceled, match="samples are placed in a layout that is complete"):
        embed_some(H, SOME, callback=lambda _: False)
    with pytest.raises(UsageError):
        embed_some(H, SOME, perplexity=-1.0)


def test_neighbors_that_are_almost_equally_far_ascend_and_have_affinities():
    # a query far from a tight cluster: in float32, scores and distances order its points differently
    rng = np.random.default_rng(0)
    points = (1e-4 * rng.normal(size=(3000, 40))).astype(np.float32)
    points[:200] += 1.0  # another cluster, so that there is more than one cell
    cells = Cells.of(points, seed=0)
    queries = (0.2 + 1e-3 * rng.normal(size=(500, 40))).astype(np.float32)
    near = cells.nearest(queries, 15)
    assert (np.diff(near.squared, axis=1) >= 0).all()
    assert np.isfinite(conditional_affinities(near.squared, 5.0)).all()
    apart = points[near.index].astype(np.float64) - queries[:, None]
    np.testing.assert_allclose(near.squared, (apart**2).sum(axis=2), rtol=1e-5)
