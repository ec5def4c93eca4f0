import numpy as np
import pytest

from cutaway.page import Figure, Table
from cutaway.plots import Panel, Series

pytestmark = pytest.mark.browser

HOSTILE = '<img src=x onerror="window.hacked=1"> @{x} {{ 7*7 }} $index'


@pytest.fixture(scope="module")
def opened(browser, visit_once, make_page):
    """A page with hostile names and a chart with gaps, bands and logarithms."""
    x, y = np.array([1.0, 10, 100, 1000]), np.array([0.5, 0.4, np.nan, 0.1])
    law = Series("law", x, y, y - 0.05, y + 0.05, dashed=True)
    log = Panel("log", "samples", "loss", [law], x_log=True, x_ticks=[1, 10, 100, 1000])
    charts = Figure(name="charts", title="Charts", panels=(log,))
    page = make_page(classes=(HOSTILE, "$$x^2$$"), sample=HOSTILE, title=HOSTILE, charts=charts)
    shown = visit_once(browser, page=page)
    yield shown
    assert shown.page.evaluate("window.hacked") is None
    shown.check_quiet()


def _rgb(color):
    return tuple(int(color[i : i + 2], 16) for i in (1, 3, 5))


def _point(opened, figure, x, y, *, chart=0):
    """Move the mouse to a share of a chart from its left and its top; return what is written there."""
    picture = opened.page.locator(f"#{figure}-figure .curves-picture").nth(chart)
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    opened.page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
    return _tip(opened, figure, chart)


def _tip(opened, figure, chart=0):
    tip = opened.page.locator(f"#{figure}-figure .curves-tip").nth(chart)
    return tip.locator("p").all_inner_texts() if tip.is_visible() else None


def test_the_learning_curves_say_their_values_where_the_mouse_is(opened):
    assert opened.page.locator("#learning-figure strong").all_inner_texts()[:2] == ["Loss", "Accuracy"]
    assert opened.page.locator("#learning-figure .curves-mark").count() == 2
    legend = opened.page.locator("#learning-figure figcaption .key").all_inner_texts()
    assert legend == ["training", "validation"] * 2
    assert _point(opened, "learning", 0.55, 0.5) == ["epoch 2", "training 0.5", "validation 0.4"]
    assert _point(opened, "learning", 0.98, 0.1, chart=1) == ["epoch 3", "training 90%", "validation 80%"]
    assert _tip(opened, "learning") is None, "one chart is pointed at"
    names = opened.page.locator("#learning-figure .axis-name").all_text_contents()
    assert names == ["epoch", "loss", "epoch", "accuracy"]
    spoken = opened.page.locator("#learning-figure svg").first.get_attribute("aria-label")
    assert all(number in spoken for number in ("0.3333", "0.5111"))


def test_a_point_among_others_says_its_interval(opened):
    ends = opened.page.locator("#confidence-figure .curves-picture > .end")
    assert ends.count() == 6
    ends.first.scroll_into_view_if_needed()
    box = ends.nth(3).bounding_box()  # the first point of the second series
    opened.page.mouse.move(box["x"] + 3, box["y"] + 3)
    assert _tip(opened, "confidence") == ["confidence 55%", "$$x^2$$ 50% (40% to 60%)"]
    assert opened.page.locator("#confidence-figure .span").count() == 6
    assert opened.page.locator("#confidence-figure .guide.dashed").count() == 1


def test_gaps_bands_and_logarithms_are_drawn(opened):
    chart = opened.page.locator("#charts-figure .curves-picture").first
    assert chart.locator(".curve.dashed").count() == 2, "a gap parts the line"
    assert len(chart.locator(".band").get_attribute("points").split()) == 6
    width = float(chart.get_attribute("viewBox").split()[2])
    ticks = chart.locator("text:not(.axis-name)").all()
    places = {each.text_content(): float(each.get_attribute("x")) for each in ticks}
    assert abs((places["1,000"] - places["100"]) - (places["10"] - places["1"])) < 0.1
    assert _point(opened, "charts", 0.98, 0.5) == ["samples 1,000", "law 0.1 (0.05 to 0.15)"]
    assert _point(opened, "charts", places["100"] / width, 0.5) == ["samples 100", "law –"]


@pytest.mark.exhaustive
@pytest.mark.parametrize("width", [360, 768, 1440])
def test_a_table_with_a_long_column_fits_every_width(browser, visit, make_page, width):
    row = {"Trial": "12", "State": "stopped early", "Loss": "0.1234", "Accuracy": "91.23%", "Parameters": "1,234,567"}
    rows = (row | {"Settings": "optimizer adamw, layers 3, units 1000, dropout 0.123, learning rate 0.00123"},)
    table = Table(name="trials", title="Trials", rows=rows, long="Settings", spare=("State", "Parameters"))
    opened = visit(browser, page=make_page(layers=table), viewport={"width": width, "height": 800})
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
    assert opened.page.evaluate("document.documentElement.scrollWidth") == width
    assert opened.page.evaluate("(b => b.scrollWidth > b.clientWidth)(document.querySelector('.scroll'))")
    for name in ("learning", "confidence"):
        chart = opened.page.locator(f"#{name}-figure svg").first.bounding_box()
        assert chart["width"] > 200
        assert chart["x"] + chart["width"] <= width
    opened.check_quiet()


@pytest.mark.exhaustive
@pytest.mark.parametrize(("scheme", "ground", "ink"), [("light", "#f7f7f4", "#1d2126"), ("dark", "#131518", "#e9ebee")])
def test_page_and_figures_follow_the_color_scheme(browser, visit, scheme, ground, ink):
    opened = visit(browser, color_scheme=scheme)
    look = """() => {
      const title = document.querySelector("#learning-figure strong");
      return [getComputedStyle(document.body).backgroundColor, getComputedStyle(title).color];
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


def test_hostile_names_are_shown_as_text(opened):
    legend = opened.page.locator("#confidence-figure figcaption .key").all_inner_texts()
    assert legend == [HOSTILE, "$$x^2$$"]
    assert _point(opened, "confidence", 0.05, 0.9) == ["confidence 50%", f"{HOSTILE} 50% (40% to 60%)"]
    assert opened.page.title() == HOSTILE


@pytest.mark.exhaustive
def test_the_color_scheme_can_be_switched_by_keyboard(browser, visit):
    opened = visit(browser)
    opened.page.keyboard.press("Tab")
    outline = "[document.activeElement.id, getComputedStyle(document.activeElement).outlineStyle]"
    assert opened.page.evaluate(outline) == ["pageScheme", "solid"]
    opened.page.keyboard.press("Enter")
    assert opened.page.evaluate("document.documentElement.dataset.scheme") == "dark"


@pytest.mark.exhaustive
def test_on_a_touch_screen_a_tap_shows_the_values(browser, visit):
    opened = visit(browser, has_touch=True, is_mobile=True, viewport={"width": 360, "height": 700})
    picture = opened.page.locator("#learning-figure svg").first
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    opened.page.touchscreen.tap(box["x"] + 0.97 * box["width"], box["y"] + 100)
    opened.page.locator("#learning-figure .curves-tip").first.wait_for(state="visible")
    assert _tip(opened, "learning")[0] == "epoch 3"
    opened.check_quiet()
