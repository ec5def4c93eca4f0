"""The density of many samples below the points of some."""

from dataclasses import replace

import numpy as np
import pytest

from cutaway.page import Density, DensityGrid, scale_layout
from cutaway.page import density as density_module
from cutaway.page.bundle import Bundle

RANDOM = np.random.default_rng(0)
SHOWN = np.float32([[-1, -2], [3, 0], [1, 1], [0, 2]])


def whole(grid, name="counts"):
    """All cells of a grid, (row, column), from its tiles."""
    values = getattr(grid, name)
    size = values.shape[1]
    cells = np.zeros((grid.side, grid.side), np.int64)
    for place, tile in zip(grid.tiles, values, strict=True):
        row, column = np.array(divmod(place, grid.side // size)) * size
        cells[row : row + size, column : column + size] = tile
    return cells


@pytest.mark.parametrize("tile", [2, 128])
def test_cells_count_samples_where_the_points_lie(monkeypatch, tile):
    monkeypatch.setattr(density_module, "TILE", tile)
    xy, labels = RANDOM.uniform(-5, 5, (5000, 2)).astype(np.float32), RANDOM.integers(0, 3, 5000)
    xy, labels = np.concatenate([SHOWN, xy]), np.concatenate([[0, 1, 2, 0], labels])
    found = Density.of(xy, labels, shown=SHOWN, layer=1, epoch=0, sides=(2, 4, 8))
    assert [grid.side for grid in found.grids] == [2, 4, 8]
    for grid in found.grids:
        side, counts = grid.side, np.zeros((grid.side, grid.side, 3), int)
        # the square of 4 around the middle (1, 0), as `scale_layout` has it
        for (x, y), label in zip(xy, labels, strict=True):
            column, row = ((min(at / 4, 0.9999) * side if at <= 4 else -1) for at in (x + 1, y + 2))
            if column >= 0 and row >= 0:
                counts[int(row), int(column), label] += 1
        np.testing.assert_array_equal(whole(grid), counts.sum(axis=2))
        np.testing.assert_array_equal(whole(grid, "groups"), counts.argmax(axis=2))
    places = scale_layout(SHOWN).astype(int) * 8 // 65536
    assert all(whole(found.grids[-1])[row, column] > 0 for column, row in places)


def test_all_grids_hold_all_samples_and_tiles_without_any_are_left_out():
    xy, labels = RANDOM.normal(size=(300_000, 2)).astype(np.float32), RANDOM.integers(0, 300, 300_000)
    found = Density.of(xy, labels, shown=xy, layer=0, epoch=0)
    assert [grid.side for grid in found.grids] == [512, 1024, 2048, 4096]
    assert [int(grid.counts.sum()) for grid in found.grids] == [300_000] * 4
    assert all(grid.counts.any(axis=(1, 2)).all() for grid in found.grids)
    assert len(found.grids[-1].tiles) < 0.7 * 32**2  # the corners of the square are empty
    bundle = Bundle()
    dtypes = {bundle.records[grid["groups"]]["dtype"] for grid in found.document(bundle)["grids"]}
    assert dtypes == {"uint16"}  # of 300 classes


def test_its_bytes_do_not_grow_with_the_samples(monkeypatch):
    sizes = []
    for count in (20_000, 200_000):
        xy = RANDOM.normal(size=(count, 2)).astype(np.float32)
        bundle = Bundle()
        document = Density.of(xy, np.zeros(count, int), shown=xy[:100], layer=0, epoch=0, sides=(64,)).document(bundle)
        sizes.append(sum(map(len, bundle.data)))
        assert ([grid["side"] for grid in document["grids"]], len(bundle.data)) == ([64], 3)
    assert max(sizes) <= 64 * 64 * 2 + 2
    nothing = Density.of(SHOWN[:0], np.zeros(0, int), shown=SHOWN, layer=0, epoch=0, sides=(4, 8))
    assert [grid.counts.sum() for grid in nothing.grids] == [0, 0]
    nothing.document(Bundle())
    found, bundle = Density.of(xy, np.zeros(count, int), shown=xy, layer=0, epoch=0, sides=(64, 128, 256)), Bundle()
    bundle.add(np.zeros(9))
    monkeypatch.setattr(density_module, "MOST_BYTES", 12_000)
    assert [grid["side"] for grid in found.document(bundle)["grids"]] == [64, 128]  # a finer one would be too much
    assert len(bundle.data) == len(bundle.records) == 7
    assert sum(map(len, bundle.data[1:])) <= 12_000


def test_finer_grids_are_as_opaque_as_coarse_ones_as_far_as_that_goes():
    xy = RANDOM.normal(size=(40_000, 2)).astype(np.float32)
    coarse, fine, finest = Density.of(xy, np.zeros(40_000, int), shown=xy, layer=0, epoch=0, sides=(32, 64, 1024)).grids
    means = [grid.opacities(mean).sum() / grid.side**2 for grid, mean in ((coarse, 0), (fine, 0))]
    assert means[1] < 0.9 * means[0]
    assert fine.opacities(means[0]).sum() / 64**2 == pytest.approx(means[0], rel=0.01)
    for grid, mean, faintest in ((coarse, 0, 40), (finest, 0, 40), (finest, means[0], 220)):
        opacities = grid.opacities(mean)
        assert set(opacities[grid.counts == 1]) == {faintest}
        assert set(opacities[grid.counts == grid.counts.max()]) == {255}
        np.testing.assert_array_equal(opacities > 0, grid.counts > 0)
        order = np.argsort(grid.counts, axis=None)
        assert (np.diff(opacities.ravel()[order].astype(int)) >= 0).all()


@pytest.fixture
def dense(record):
    """An explorer whose layer "dense" has 1,000 further samples of class 2 in its lower left corner."""
    one = np.ones((1, 8, 8), np.int64) * (np.arange(64).reshape(1, 8, 8) == 0)
    grid = DensityGrid(8, np.zeros(1, np.int64), 1000 * one, 2 * one)
    return replace(record, density=Density((grid,), layer=1, epoch=len(record.epochs) - 1))


@pytest.fixture
def stripes(record):
    """An explorer with 4,096 columns of which every second one is empty: each grid that is coarser has no gaps."""
    column = np.repeat(np.arange(0, 4096, 2), 64)
    row = np.tile(np.arange(0, 4096, 64), 2048)
    xy = (np.stack([column, row], axis=1) + 0.5).astype(np.float32)
    square = np.float32([[0, 0], [4096, 4096]])
    density = Density.of(xy, np.zeros(len(xy), int), shown=square, layer=1, epoch=len(record.epochs) - 1)
    return replace(record, density=density)


PIXEL = """(() => {
  const canvas = explorer.map.root.getElementById("density");
  const [x, y] = explorer.map.view.toScreen(0.06, 0.06);
  const ratio = explorer.map.view.ratio;
  if (!canvas) return [];
  const probe = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  probe.drawImage(canvas, -Math.floor(x * ratio), -Math.floor(y * ratio));
  return [...probe.getImageData(0, 0, 1, 1).data];
})()"""


def test_the_density_has_the_color_of_its_class_and_is_of_one_layout_only(open_explorer, dense):
    opened = open_explorer(record=dense)
    opened.wait(f"{PIXEL}[3] === 255")
    assert opened.page.evaluate(PIXEL) == [0x20, 0x20, 0xD0, 255]
    order = "[...explorer.map.root.querySelectorAll('canvas')].map((canvas) => canvas.id)"
    assert opened.page.evaluate(order) == ["density", "points", "top"]
    opacity = "Number(explorer.map.surface.canvas.style.opacity || 1)"
    assert opened.page.evaluate(opacity) < 0.5
    opened.page.evaluate("explorer.map.select([1, 2])")
    opened.wait(f"{opacity} === 1")  # a selection is seen
    opened.page.evaluate("explorer.map.select([])")
    opened.wait(f"{opacity} < 0.5")
    opened.page.evaluate("explorer.store.set({ color: 'confidence' })")
    opened.wait(f"{PIXEL}[0] === 0x99")
    opened.page.evaluate("explorer.store.set({ color: 'label', off: [2] })")
    opened.wait(f"{PIXEL}[3] === 0")
    opened.page.evaluate("explorer.store.set({ off: [] })")
    opened.wait(f"{PIXEL}[3] === 255")
    opened.page.evaluate("explorer.store.set({ epoch: 0 })")
    opened.wait(f"{PIXEL}[3] === 0")
    opened.page.evaluate("explorer.store.set({ epoch: 2, layer: 0 })")
    opened.wait(f"{PIXEL}[3] === 0 && explorer.map.transition.t === 0 && {opacity} === 1")
    opened.check_quiet()


@pytest.mark.exhaustive
def test_it_moves_with_the_map(open_explorer, dense):
    opened = open_explorer(record=dense)
    opened.wait(f"{PIXEL}[3] === 255")
    opened.page.evaluate("explorer.map.zoom(6, ...explorer.map.view.toScreen(0.06, 0.06))")
    opened.wait("explorer.map.view.zoomed > 5")
    opened.wait(f"{PIXEL}[3] === 255")
    opened.page.evaluate("explorer.map.pan(60, -60)")
    opened.wait(f"{PIXEL}[3] === 255")
    opened.check_quiet()


DRAWN = """(() => {
  const canvas = explorer.map.root.getElementById("density");
  const { width, height } = canvas;
  const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, width, height);
  let most = 0;
  for (let y = 0; y < height; y++) {
    let edges = 0;
    for (let x = 0; x < width; x++) {
      const here = data[4 * (y * width + x) + 3] > 20;
      edges += x > 0 && here !== data[4 * (y * width + x) - 1] > 20;
    }
    most = Math.max(most, edges);
  }
  return { edges: most };
})()"""


@pytest.mark.exhaustive
def test_zooming_in_by_the_wheel_shows_finer_grids(open_explorer, stripes):
    opened = open_explorer(record=stripes)
    side, pixels = "explorer.map.backdrop.side", "explorer.map.view.scale * explorer.map.view.ratio"
    opened.wait(f"{side} > 0 && {pixels} <= 2 * {side} && {side} <= 1024")
    first, before = opened.page.evaluate(side), opened.page.evaluate(DRAWN)
    assert before["edges"] == 2  # one block without gaps
    box = opened.page.locator(".map").bounding_box()
    opened.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)  # until then the page scrolls

    def turn(delta, until):
        for _ in range(60):
            if opened.page.evaluate(until):
                return
            opened.page.mouse.wheel(0, delta)
            opened.page.wait_for_timeout(20)
        raise AssertionError(until)

    for wanted in [found for found in (512, 1024, 2048, 4096) if found > first]:
        turn(-120, f"{pixels} > {wanted}")
        opened.wait(f"{side} === {wanted}")
    turn(-120, f"{pixels} > 4 * 4096")
    assert opened.page.evaluate(side) == 4096
    # every second column of the finest grid is a stripe with two edges
    columns = box["width"] * 4096 / opened.page.evaluate("explorer.map.view.scale")
    assert opened.page.evaluate(DRAWN)["edges"] == pytest.approx(columns, abs=4)
    turn(240, "explorer.map.view.zoomed <= 1.05")
    opened.wait(f"{side} === {first}")
    opened.check_quiet()
