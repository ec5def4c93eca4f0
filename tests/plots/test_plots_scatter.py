import base64
import gzip
import html
import io
import json
import re

import numpy as np
import pytest
from bokeh.embed import json_item
from bokeh.models import CustomJS, GlobalInlineStyleSheet, HoverTool
from matplotlib.colors import to_hex
from PIL import Image

from cutaway.errors import DataError
from cutaway.plots import CLASS_COLORS, embedding_scatter, embedding_scatter_bokeh
from cutaway.plots.hover import hover_images
from cutaway.plots.theme import INK, shortened

XY = np.array([[0, 0], [1, 2], [4, 4], [5, 1]], np.float64)
LABELS = np.array([0, 2, 0, 1])
NAMES = ["zero", "one", "two"]
HOSTILE = ['<img src=x onerror="hacked=1">', "$\\broken{", "_hidden @{x} {{ 7*7 }}"]


def _columns(plot):
    return {r.name: r.data_source.data for r in plot.renderers}


def test_points_have_their_position_color_and_order():
    figure = embedding_scatter(XY, LABELS, NAMES, title="layer $")
    (points,) = figure.axes[0].collections
    np.testing.assert_array_equal(points.get_offsets(), XY)
    assert [to_hex(c) for c in points.get_facecolors()] == [CLASS_COLORS[k] for k in LABELS]
    assert points.get_rasterized()
    assert figure.axes[0].get_aspect() == 1
    assert [t.get_text() for t in figure.legends[0].get_texts()] == NAMES
    assert figure.axes[0].get_title(loc="left") == "layer $"


def test_the_legend_is_outside_and_lists_the_classes_with_points():
    figure = embedding_scatter(XY[:2], LABELS[:2], NAMES)
    figure.draw_without_rendering()
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["zero", "two"]
    assert figure.legends[0].get_window_extent().x0 >= figure.axes[0].get_window_extent().x1


@pytest.mark.parametrize("count", [3, pytest.param(70_000, marks=pytest.mark.exhaustive)])
def test_few_and_many_points_are_drawn(count):
    rng = np.random.default_rng(0)
    figure = embedding_scatter(rng.normal(size=(count, 2)), rng.integers(0, 3, count), NAMES)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=50)
    with Image.open(buffer) as image:
        assert len(np.unique(np.asarray(image.convert("RGBA")))) > 10


def test_after_ten_classes_the_marker_changes():
    xy = np.arange(24).reshape(12, 2)
    names = [f"class {i}" for i in range(12)]
    circles, triangles = embedding_scatter(xy, np.arange(12), names).axes[0].collections
    assert (len(circles.get_offsets()), len(triangles.get_offsets())) == (10, 2)
    markers = [r.glyph.marker for r in embedding_scatter_bokeh(xy, np.arange(12), names).renderers]
    assert markers == ["circle"] * 10 + ["triangle"] * 2


def test_bokeh_columns_are_small_and_split_by_class():
    predicted = np.array([0, 2, 1, 1])
    names = ["test[7]", "test[8]", "test[9]", "test[10]"]
    plot = embedding_scatter_bokeh(XY, LABELS, NAMES, names=names, predicted=predicted)
    columns = _columns(plot)
    assert list(columns) == NAMES
    assert columns["zero"]["x"].dtype == columns["zero"]["y"].dtype == np.float32
    assert columns["zero"]["x"].tolist() == [0, 4]
    assert columns["zero"]["name"] == ["test[7]", "test[9]"]
    assert columns["zero"]["predicted"] == ["zero", "one"]
    assert [r.glyph.fill_color for r in plot.renderers] == list(CLASS_COLORS[:3])


def test_the_bokeh_figure_is_set_up_for_many_points():
    plot = embedding_scatter_bokeh(XY, LABELS, NAMES)
    assert plot.output_backend == "webgl"
    assert plot.match_aspect
    assert plot.select_one(HoverTool).limit == 1
    assert plot.legend[0].click_policy == "hide"
    assert [item.label.value for item in plot.legend[0].items] == NAMES
    assert all(r.hover_glyph is None for r in plot.renderers)
    assert plot.select_one(CustomJS) is None


def test_the_tooltip_shows_the_image_of_its_point():
    images = np.arange(4 * 8 * 6, dtype=np.uint8).reshape(4, 8, 6)
    plot = embedding_scatter_bokeh(XY, LABELS, NAMES, images=images)
    shown = hover_images(images)
    assert shown.div in plot.select_one(HoverTool).tooltips
    assert shown.css in [s.css for s in plot.stylesheets if isinstance(s, GlobalInlineStyleSheet)]
    assert json.dumps(json_item(plot)).count("data:image/png") == 1
    cells = {
        (float(x), float(y)): (int(c), int(r))
        for data in _columns(plot).values()
        for x, y, c, r in zip(data["x"], data["y"], data["sheet_column"], data["sheet_row"], strict=True)
    }
    assert cells == {(0, 0): (0, 0), (1, 2): (1, 0), (4, 4): (2, 0), (5, 1): (3, 0)}


def test_two_figures_do_not_share_a_sheet():
    first, second = (
        embedding_scatter_bokeh(XY, LABELS, NAMES, images=np.full((4, 2, 2), gray, np.uint8)) for gray in (1, 2)
    )
    assert first.select_one(HoverTool).tooltips != second.select_one(HoverTool).tooltips


def test_hostile_names_stay_text(tmp_path):
    figure = embedding_scatter(XY, LABELS, HOSTILE, title="$\\broken{")
    figure.savefig(tmp_path / "scatter.png")
    assert [t.get_text() for t in figure.legends[0].get_texts()] == [shortened(name) for name in HOSTILE]
    plot = embedding_scatter_bokeh(XY, LABELS, HOSTILE, names=[*HOSTILE, "x"], predicted=LABELS)
    template = plot.select_one(HoverTool).tooltips
    assert not any(name in template for name in HOSTILE)
    assert template.count("@") == 2  # name and predicted, filled in by Bokeh, which escapes them
    assert "safe}" not in template


@pytest.mark.parametrize("draw", [embedding_scatter, embedding_scatter_bokeh])
@pytest.mark.parametrize(
    ("xy", "labels"),
    [
        (XY[:, :1], LABELS),
        (np.where(XY == 4, np.nan, XY), LABELS),
        (np.zeros((0, 2)), LABELS[:0]),
        (XY, LABELS[:3]),
        (XY, LABELS + 1),
        (XY, LABELS - 1),
        (XY, LABELS / 1),
    ],
)
def test_invalid_arrays_are_refused(draw, xy, labels):
    with pytest.raises(DataError):
        draw(xy, labels, NAMES)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("names", ["a"]),
        ("predicted", [0, 1, 2, 3]),
        ("images", np.zeros((3, 2, 2), np.uint8)),
        ("images", np.zeros((4, 4), np.uint8)),
    ],
)
def test_invalid_names_predictions_and_images_are_refused(name, value):
    with pytest.raises(DataError):
        embedding_scatter_bokeh(XY, LABELS, NAMES, **{name: value})


@pytest.fixture
def framed():
    """The frame that a notebook shows, and the page in it."""

    def show(plot):
        shown = plot._repr_mimebundle_()["text/html"]
        frame = html.unescape(re.search(r'srcdoc="([^"]*)"', shown)[1])
        return shown, frame, gzip.decompress(base64.b64decode(re.search(r'atob\("([^"]*)"', frame)[1])).decode()

    return show


def test_a_bokeh_figure_shows_itself_in_a_notebook(framed):
    plot = embedding_scatter_bokeh(XY, LABELS, HOSTILE, names=["</script><script>alert(1)</script>"] * 4)
    shown, frame, page = framed(plot)
    assert plot._repr_html_().startswith("<iframe srcdoc=")
    assert "default-src 'none'" in frame
    assert "Bokeh" in page
    assert not re.search(r'<(script|link|img)[^>]*(src|href)="http', page)
    assert "<script>alert(1)" not in page
    assert len(shown) < 1_000_000
    assert "background: transparent; color-scheme: light" in shown
    assert f'"label_text_color":{json.dumps(INK)}' in page, "legible on light and dark pages"


@pytest.mark.exhaustive
@pytest.mark.browser
def test_the_image_of_the_sample_appears_on_hover(browser, framed):
    """In the page of the frame; the image is what the tooltip's background is."""
    images = np.arange(4, dtype=np.uint8)[:, None, None] * np.full((8, 8), 60, np.uint8)
    names = [f"test[{i}]" for i in range(4)]
    plot = embedding_scatter_bokeh(XY, LABELS, NAMES, names=names, predicted=LABELS, images=images)
    page = browser.new_page(viewport={"width": 900, "height": 800})
    complaints = []
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_content(framed(plot)[2])
    page.wait_for_selector(".bk-Figure")
    where = """([x, y]) => {
      const view = [...Bokeh.index][0];
      const box = view.canvas_view.el.getBoundingClientRect();
      return [box.x + view.frame.x_scale.compute(x), box.y + view.frame.y_scale.compute(y)];
    }"""
    x, y = page.evaluate(where, XY[3].tolist())
    page.mouse.move(x - 1, y)
    page.mouse.move(x, y)
    tooltip = page.locator(".bk-Tooltip .cutaway-hover")
    tooltip.wait_for(state="visible")
    assert tooltip.inner_text().split("\n") == ["test[3]", "class one", "predicted as one"]
    box = tooltip.locator(".cutaway-image").bounding_box()
    assert (box["width"], box["height"]) == (80, 80)
    shot = page.screenshot(clip={"x": box["x"] + 40, "y": box["y"] + 40, "width": 1, "height": 1})
    with Image.open(io.BytesIO(shot)) as image:
        # 180 below the look of BokehJS, of 95% opacity
        assert image.convert("RGB").getpixel((0, 0)) == (184, 184, 184)
    page.close()
    assert complaints == []
