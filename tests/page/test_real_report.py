"""The report of a real run in a real browser, opened from disk with the network blocked."""

import io

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def path(digits_run):
    return digits_run.report(progress=False)


def test_the_digit_appears_on_hover_and_nothing_is_fetched(browser, visit, path, digits_run):
    embedding = digits_run.embed(split="test", perplexity=30.0, progress=False)
    opened = visit(browser, path=path, xy=embedding.xy)
    # the point farthest from the others, which no other point covers
    distances = np.linalg.norm(embedding.xy[:, None] - embedding.xy[None], axis=-1) + np.eye(len(embedding.xy)) * 1e9
    sample = int(distances.min(axis=1).argmax())
    tooltip = opened.hover(sample)
    box = tooltip.locator(".cutaway-picture").bounding_box()
    with Image.open(io.BytesIO(opened.page.screenshot(clip=box))) as image:
        seen = np.asarray(image.convert("L").resize((8, 8), Image.Resampling.BOX), float)
    digit = digits_run.data.inputs(digits_run.split.test.take([sample]), flat=False)[0] * 255
    assert np.corrcoef(seen.ravel(), digit.ravel())[0, 1] > 0.98
    assert digits_run.split.test[sample] in tooltip.locator(".cutaway-hover").inner_text()
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
