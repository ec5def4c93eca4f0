"""The report of a real run in a real browser, opened from disk with the network blocked."""

import numpy as np
import pytest

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def path(digits_run):
    return digits_run.report(progress=False)


def test_the_digit_appears_on_hover_and_nothing_is_fetched(browser, visit, path, digits_run):
    opened = visit(browser, path=path)
    map_ = opened.page.locator(".map")
    map_.scroll_into_view_if_needed()
    sample = 17
    x, y = opened.page.evaluate(f"document.querySelector('.explorer').explorer.map.toScreen({sample})")
    box = map_.bounding_box()
    opened.page.mouse.move(box["x"] + x, box["y"] + y)
    card = opened.page.locator(".sample-card")
    name = card.locator("h3").inner_text()
    picture = card.locator("canvas").evaluate("c => [...c.getContext('2d').getImageData(0, 0, 8, 8).data]")
    digit = digits_run.data.inputs(digits_run.context.sample(name), flat=False)[0] * 255
    np.testing.assert_allclose(255 - np.reshape(picture, (8, 8, 4))[..., 0], digit, atol=1)
    assert name in digits_run.split.test.names()
    opened.check_quiet()


@pytest.mark.parametrize("width", [360, 768, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_every_width_in_both_color_schemes(browser, visit, path, width, scheme):
    viewport = {"width": width, "height": 800}
    opened = visit(browser, path=path, viewport=viewport, color_scheme=scheme)
    opened.page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    cards = opened.page.locator("#units li")
    assert cards.count() == 12
    weights, examples = (cards.first.locator("img").nth(place).bounding_box() for place in (0, 1))
    assert weights["y"] == examples["y"], "side by side"
    assert weights["width"] == weights["height"]
    background = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
    level = sum(int(part) for part in background.removeprefix("rgb(").rstrip(")").split(",")[:3]) / 3
    assert (level > 200) == (scheme == "light")
    opened.check_quiet()
