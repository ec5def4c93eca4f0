"""How the map of the explorer is painted and laid out in a real browser, and its record."""

from dataclasses import replace

import numpy as np
import pytest

from cutaway.errors import UsageError
from cutaway.page import scale_layout

pytestmark = pytest.mark.browser

COUNT = 90
FOUND, MISTAKE = 4, 8

SECOND_MAP = """(options) => {
  const host = document.createElement("div");
  host.style.cssText = "width: 300px; height: 300px";
  document.body.append(host);
  const { surface, count } = explorer.map;
  const other = new explorer.map.constructor(host, { count, palette: surface.palette, ...options });
  other.transition.add("a", explorer.layouts.loaded.get("1/2"));
  window.other = other;
}"""
"""A map beside the one of the explorer, 300 pixels wide."""


def test_images_take_the_place_of_points_when_zoomed_in(opened):
    assert opened.page.evaluate("explorer.map.withImages") is None
    opened.page.evaluate("explorer.map.zoom(6)")
    opened.wait("explorer.map.withImages?.length > 0")
    assert opened.page.evaluate("explorer.map.withImages.length") < COUNT


@pytest.mark.parametrize("painter", ["webgl2", "canvas2d"])
def test_both_painters_paint_what_is_found_larger_mistakes_with_a_ring_and_the_rest_dim(opened, painter):
    opened.page.evaluate(SECOND_MAP, {"painter": painter, "size": 6, "alpha": 1})
    painted = """([bits, searched, sample]) => {
      other.color(explorer.map.surface.codes);
      other.host.style.color = "rgb(250, 0, 250)";
      other.flag(Uint8Array.from({ length: other.count }, (_, i) => bits[i] ?? 1), searched);
      other.paint();
      const copy = Object.assign(document.createElement("canvas"), { width: 300, height: 300 }).getContext("2d");
      copy.drawImage(other.surface.canvas, 0, 0);
      return [...copy.getImageData(...other.toScreen(sample).map(Math.round), 12, 1).data];
    }"""

    def row(*given):
        """The pixels from a sample to the right, as RGBA."""
        return np.array(opened.page.evaluate(painted, given)).reshape(-1, 4)

    assert opened.page.evaluate("other.surface.kind") == painter
    plain, hit = row({40: 0}, False, 40), row({40: FOUND, 45: 0}, True, 40)
    ring = row({40: MISTAKE}, False, 40)
    dim, dim_mistake = (row({40: FOUND, 45: bits}, True, 45)[0, 3] for bits in (0, MISTAKE))
    assert plain[0].tolist() == [0x20, 0xA0, 0x20, round(0.95 * 255)], (
        "no point is opaque, so that others below are seen"
    )
    assert (plain[:, 3] > 127).sum() == pytest.approx(3, abs=1)
    assert (hit[:, 3] > 127).sum() >= 1.7 * (plain[:, 3] > 127).sum()
    assert 10 < dim == dim_mistake < 60
    inked = (ring[:, [0, 2]] > 200).all(axis=1) & (ring[:, 1] < 60) & (ring[:, 3] > 90)
    assert inked.sum() in (1, 2), "a thin ring in the color of the text"


@pytest.mark.exhaustive
def test_a_lost_context_costs_no_more_than_a_frame(open_explorer):
    opened = open_explorer()
    opened.page.evaluate(SECOND_MAP, {"painter": "webgl2"})
    opened.page.evaluate(
        """() => {
          other.select([3, 4]);
          window.kinds = [];
          other.addEventListener("painter", (event) => kinds.push(event.detail.kind));
          window.lose = other.surface.painter.gl.getExtension("WEBGL_lose_context");
          lose.loseContext();
        }"""
    )
    opened.wait("kinds.length === 1")
    opened.page.evaluate("lose.restoreContext()")
    opened.wait("kinds.length === 2")
    assert opened.page.evaluate("[kinds, [...other.selection]]") == [["lost", "webgl2"], [3, 4]]


@pytest.mark.exhaustive
@pytest.mark.parametrize("width", [360, 768, 1440, 2560])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_every_width_in_both_color_schemes(open_explorer, width, scheme):
    opened = open_explorer(viewport={"width": width, "height": 900}, color_scheme=scheme)
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    for name in (".map", ".sample-card", ".timeline", ".toolbar", ".layer-maps"):
        box = opened.page.locator(name).bounding_box()
        assert box["x"] >= 0, name
        assert box["x"] + box["width"] <= width, name
    opened.check_quiet()


@pytest.mark.exhaustive
def test_reduced_motion_is_respected(open_explorer):
    opened = open_explorer(reduced_motion="reduce")
    opened.page.evaluate("explorer.store.set({ layer: 0 })")
    assert opened.page.evaluate("[explorer.map.transition.a, explorer.map.transition.t]") == ["0/0", 0]


def test_arrays_of_other_lengths_are_refused(record):
    with pytest.raises(UsageError):
        replace(record, images=record.images[1:])


@pytest.mark.parametrize("seed", range(3))
def test_layouts_are_scaled_to_the_square_and_keep_their_shape(seed):
    xy = np.random.default_rng(seed).normal(size=(50, 2)) * [3, 1] + 100
    scaled = scale_layout(xy).astype(float)
    assert scaled.min() == 0
    assert scaled.max() == 65535
    unit = np.ptp(scaled[:, 0]) / np.ptp(xy[:, 0])
    np.testing.assert_allclose(scaled - scaled.mean(0), (xy - xy.mean(0)) * unit, atol=1)
    assert np.array_equal(scale_layout(np.zeros((4, 2))), np.full((4, 2), 32768)), "all at one place"
