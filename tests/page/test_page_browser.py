import numpy as np
import pytest

from cutaway.page import Figure, Table
from cutaway.plots import CLASS_COLORS, embedding_scatter_bokeh

pytestmark = pytest.mark.browser


def _near(color, other, *, within):
    return max(abs(a - b) for a, b in zip(color, other, strict=True)) <= within


def _rgb(color):
    return tuple(int(color[i : i + 2], 16) for i in (1, 3, 5))


def _text(tooltip):
    return tooltip.locator(".cutaway-hover").inner_text()


def embedding(plot):
    return Figure(name="embedding", title="Embedding", figure=plot)


def _check_pictures(opened, samples):
    for sample in (0, 13, 59):
        tooltip = opened.hover(sample)
        box = tooltip.locator(".cutaway-picture").bounding_box()
        assert (box["width"], box["height"]) == (80, 80)
        gray = int(samples.pictures[sample, 0, 0])
        for dx, dy in ((2, 2), (40, 40), (77, 77)):
            assert opened.pixel(box["x"] + dx, box["y"] + dy) == (gray, gray, gray)
        name, predicted = ("left", "right") if sample < 30 else ("right", "left")
        assert _text(tooltip).split("\n") == [f"test[{sample}]", f"class {name}", f"predicted as {predicted}"]


def test_the_picture_of_the_sample_appears_on_hover(browser, visit, samples):
    opened = visit(browser)
    has_webgl = opened.page.evaluate("document.createElement('canvas').getContext('webgl') !== null")
    assert has_webgl
    _check_pictures(opened, samples)
    opened.check_quiet()


@pytest.mark.exhaustive
def test_without_webgl_the_same_is_drawn_on_canvas(browser_without_webgl, visit, samples):
    opened = visit(browser_without_webgl)
    assert opened.page.evaluate("document.createElement('canvas').getContext('webgl')") is None
    _check_pictures(opened, samples)
    assert _near(opened.pixel(*opened.locate(20)), _rgb(CLASS_COLORS[0]), within=60)
    opened.check_quiet()


@pytest.mark.exhaustive
def test_megabytes_of_hover_pictures_are_shown(browser, visit, make_page, samples):
    # 2.4 million bytes of noise do not compress; one sheet would exceed Chromium's limit and show nothing
    pictures = np.random.default_rng(0).integers(0, 256, (60, 200, 200), np.uint8)
    pictures[:, 90:110, 90:110] = samples.pictures[:, :1, :1]
    plot = embedding_scatter_bokeh(samples.xy, samples.labels, ["left", "right"], pictures=pictures)
    opened = visit(browser, page=make_page(embedding=embedding(plot)))
    for sample in (0, 20, 59):
        box = opened.hover(sample).locator(".cutaway-picture").bounding_box()
        opened.page.wait_for_timeout(300)
        gray = int(pictures[sample, 100, 100])
        assert opened.pixel(box["x"] + 84, box["y"] + 84) == (gray, gray, gray)
    opened.check_quiet()


@pytest.mark.exhaustive
def test_of_overlapping_points_only_the_top_one_shows_a_tooltip(browser, visit, make_page, samples):
    labels = np.array([0, 1, 0, 1])
    plot = embedding_scatter_bokeh(samples.xy[[0, 0, 0, 59]], labels, ["left", "right"], names=["a", "b", "c", "d"])
    opened = visit(browser, page=make_page(embedding=embedding(plot)))
    opened.hover(0)
    tooltips = opened.page.locator(".bk-Tooltip").all()
    assert len(tooltips) == 2
    assert [_text(t).split("\n")[0] for t in tooltips if t.is_visible()] == ["b"]


def test_a_click_on_the_legend_toggles_a_class(browser, visit):
    opened = visit(browser)
    entry = opened.page.locator("#embedding-figure").get_by_text("right", exact=True)
    opened.wait_for_pixel(45, lambda color: _near(color, _rgb(CLASS_COLORS[1]), within=60))
    x, y = opened.locate(45)
    surface = opened.pixel(x - 12, y - 12)
    entry.click()
    opened.wait_for_pixel(45, lambda color: color == surface)
    opened.wait_for_pixel(15, lambda color: _near(color, _rgb(CLASS_COLORS[0]), within=60))
    entry.click()
    opened.wait_for_pixel(45, lambda color: _near(color, _rgb(CLASS_COLORS[1]), within=60))
    opened.check_quiet()


@pytest.mark.exhaustive
@pytest.mark.parametrize("width", [360, 768, 1440])
def test_a_table_with_a_long_column_fits_every_width(browser, visit, make_page, width):
    row = {"Trial": "12", "State": "stopped early", "Loss": "0.1234", "Accuracy": "91.23%", "Parameters": "1,234,567"}
    rows = (row | {"Settings": "optimizer adamw, layers 3, units 1000, dropout 0.123, learning rate 0.00123"},)
    table = Table(name="trials", title="Trials", rows=rows, long="Settings", spare=("State", "Parameters"))
    opened = visit(browser, page=make_page(layers=table), viewport={"width": width, "height": 800})
    opened.unfold()
    assert opened.page.evaluate("(b => b.scrollWidth === b.clientWidth)(document.querySelector('.scroll'))")
    assert opened.page.locator("#trials td").filter(visible=True).count() == (4 if width < 800 else 6)


@pytest.mark.exhaustive
@pytest.mark.parametrize("width", [360, 768, 1440])
def test_the_page_never_scrolls_sideways(browser, visit, make_page, width):
    wide = ({f"column {i}": "a long value" for i in range(20)},)
    opened = visit(
        browser,
        page=make_page(layers=Table(name="layers", title="Layers", rows=wide)),
        viewport={"width": width, "height": 800},
    )
    opened.unfold()
    assert opened.page.evaluate("document.documentElement.scrollWidth") == width
    assert opened.page.evaluate("(b => b.scrollWidth > b.clientWidth)(document.querySelector('.scroll'))")
    for name in ("learning", "confusions", "embedding"):
        canvas = opened.page.locator(f"#{name}-figure canvas").first.bounding_box()
        assert canvas["width"] > 200
        assert canvas["x"] + canvas["width"] <= width
    opened.check_quiet()


@pytest.mark.exhaustive
@pytest.mark.parametrize(("scheme", "ground", "ink"), [("light", "#f7f7f4", "#1d2126"), ("dark", "#131518", "#e9ebee")])
def test_page_and_figures_follow_the_color_scheme(browser, visit, scheme, ground, ink):
    opened = visit(browser, color_scheme=scheme)
    look = """() => {
      const titles = [...Bokeh.documents[0].all_models].filter((model) => model.type === "Title" && model.text);
      return [getComputedStyle(document.body).backgroundColor, titles[0].text_color];
    }"""
    expected = ["rgb({}, {}, {})".format(*_rgb(color)) for color in (ground, ink)]
    assert opened.page.evaluate(look) == expected
    button = opened.page.locator("#pageScheme")
    assert button.inner_text() == ("Light page" if scheme == "dark" else "Dark page")
    button.click()
    assert opened.page.evaluate(look)[0] != expected[0]
    assert opened.page.evaluate(look)[1] != expected[1]
    button.click()
    assert opened.page.evaluate(look) == expected
    other = "dark" if scheme == "light" else "light"
    opened.page.emulate_media(color_scheme=other)
    assert opened.page.evaluate(look) == expected  # a manual choice persists
    opened.page.reload()
    opened.page.wait_for_selector("html[data-ready]")
    assert opened.page.evaluate(look)[1] != expected[1]
    opened.page.emulate_media(color_scheme=scheme)
    # without a choice the figures follow the system, at the browser's next frame
    opened.page.wait_for_function(f"ink => ({look})()[1] === ink", arg=expected[1])
    opened.check_quiet()


def test_hostile_names_are_shown_as_text(browser, visit, make_page):
    hostile = '<img src=x onerror="window.hacked=1"> @{x} {{ 7*7 }} $index'
    page = make_page(classes=(hostile, "$$x^2$$"), sample=hostile, title=hostile)
    opened = visit(browser, page=page)
    tooltip = opened.hover(3)
    assert _text(tooltip).split("\n") == [f"{hostile}[3]", f"class {hostile}", "predicted as $$x^2$$"]
    assert opened.page.title() == hostile
    assert opened.page.evaluate("window.hacked") is None
    opened.check_quiet()


@pytest.mark.exhaustive
def test_the_color_scheme_can_be_switched_by_keyboard(browser, visit):
    opened = visit(browser)
    opened.page.keyboard.press("Tab")
    outline = "[document.activeElement.id, getComputedStyle(document.activeElement).outlineStyle]"
    assert opened.page.evaluate(outline) == ["pageScheme", "solid"]
    opened.page.keyboard.press("Enter")
    assert opened.page.evaluate("document.documentElement.dataset.scheme") == "dark"


@pytest.mark.exhaustive
def test_on_a_touch_screen_dragging_scrolls_and_a_tap_shows_the_sample(browser, visit):
    opened = visit(browser, has_touch=True, is_mobile=True, viewport={"width": 360, "height": 700})
    opened.unfold()
    active = """() => Bokeh.documents.flatMap((document) => [...document.all_models])
      .filter((model) => model.type === "PanTool").map((model) => model.active)"""
    assert opened.page.evaluate(active) == [False]
    for sample in (7, 52):
        opened.page.touchscreen.tap(*opened.locate(sample))
        shown = opened.page.locator(".cutaway-hover:visible").filter(has_text=f"test[{sample}]")
        shown.wait_for()
    opened.check_quiet()
