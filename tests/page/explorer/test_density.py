"""The density of many samples below the points of some."""

from dataclasses import replace

import numpy as np
import pytest

from cutaway.page import Density, scale_layout
from cutaway.page.bundle import Bundle

RANDOM = np.random.default_rng(0)
SHOWN = np.float32([[-1, -2], [3, 0], [1, 1], [0, 2]])


def test_cells_count_samples_where_the_points_lie():
    xy, labels = RANDOM.uniform(-5, 5, (5000, 2)).astype(np.float32), RANDOM.integers(0, 3, 5000)
    xy, labels = np.concatenate([SHOWN, xy]), np.concatenate([[0, 1, 2, 0], labels])
    found = Density.of(xy, labels, shown=SHOWN, layer=1, epoch=0, side=8)
    counts, most = np.zeros((8, 8, 3), int), np.full((8, 8), -1)
    # the square of 4 around the middle (1, 0), as `scale_layout` has it
    for (x, y), label in zip(xy, labels, strict=True):
        column, row = min((x + 1) * 2, 7.999) if x <= 3 else -1, min((y + 2) * 2, 7.999) if y <= 2 else -1
        if column >= 0 and row >= 0:
            counts[int(row), int(column), label] += 1
    most[counts.sum(axis=2) > 0] = counts.argmax(axis=2)[counts.sum(axis=2) > 0]
    np.testing.assert_array_equal(found.counts, counts.sum(axis=2))
    np.testing.assert_array_equal(found.groups, most)
    places = scale_layout(SHOWN).astype(int) * 8 // 65536
    assert all(found.counts[row, column] > 0 for column, row in places)


def test_its_bytes_do_not_grow_with_the_samples():
    sizes = []
    for count in (20_000, 200_000):
        xy = RANDOM.normal(size=(count, 2)).astype(np.float32)
        bundle = Bundle()
        document = Density.of(xy, np.zeros(count, int), shown=xy[:100], layer=0, epoch=0, side=64).document(bundle)
        sizes.append(sum(map(len, bundle.data)))
        assert (document["side"], len(bundle.data)) == (64, 2)
    assert max(sizes) <= 64 * 64 * 3
    levels = Density.of(SHOWN[:0], np.zeros(0, int), shown=SHOWN, layer=0, epoch=0, side=4)
    assert (levels.counts.sum(), set(levels.groups.ravel())) == (0, {-1})
    levels.document(Bundle())


@pytest.fixture
def dense(record):
    """An explorer whose layer "dense" has 1,000 further samples of class 2 in its lower left corner."""
    counts, groups = np.zeros((8, 8), np.int64), np.full((8, 8), -1, np.int16)
    counts[0, 0], groups[0, 0] = 1000, 2
    return replace(record, density=Density(counts, groups, layer=1, epoch=len(record.epochs) - 1))


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


def test_it_moves_with_the_map(open_explorer, dense):
    opened = open_explorer(record=dense)
    opened.wait(f"{PIXEL}[3] === 255")
    opened.page.evaluate("explorer.map.zoom(6, ...explorer.map.view.toScreen(0.06, 0.06))")
    opened.wait("explorer.map.view.zoomed > 5")
    opened.wait(f"{PIXEL}[3] === 255")
    opened.page.evaluate("explorer.map.pan(60, -60)")
    opened.wait(f"{PIXEL}[3] === 255")
    opened.check_quiet()
