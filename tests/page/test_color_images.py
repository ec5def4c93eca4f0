"""Colored pictures keep their colors in the report of a run, in a real browser."""

import io
from base64 import b64decode

import numpy as np
import pytest
from PIL import Image

pytestmark = [pytest.mark.browser, pytest.mark.exhaustive]

SIDE = 8


@pytest.fixture(scope="module")
def run(ready_run):
    return ready_run("colors")


def test_the_report_shows_colors(run, browser, visit, tmp_path):
    opened = visit(browser, path=run.report(tmp_path / "report.html", progress=False))
    opened.page.evaluate("document.querySelector('.explorer').explorer.store.set({ pinned: 5 })")
    opened.wait("document.querySelector('.sample-path canvas.card-image')")
    name = opened.page.evaluate("document.querySelector('.explorer').explorer.samples.names[5]")
    shown = opened.page.locator(".sample-path canvas.card-image").evaluate(
        f"c => [...c.getContext('2d').getImageData(0, 0, {SIDE}, {SIDE}).data]"
    )
    raw = run.data.x(run.context.sample(name)).reshape(SIDE, SIDE, 3)
    np.testing.assert_array_equal(np.reshape(shown, (SIDE, SIDE, 4))[..., :3], raw)
    # what each pixel contributes is one picture, all of its colors together
    pixels = ".sample-path .reasons ~ canvas, .sample-path canvas[aria-label='What each pixel contributes']"
    assert opened.page.locator(pixels).count() == 1
    opened.check_quiet()


def test_results_and_figures_show_colors(run, tmp_path):
    wrong = run.mistakes()
    assert wrong.images.shape[1:] == (SIDE, SIDE, 3)
    assert np.asarray(wrong.plot().axes[0].images[0].get_array()).shape == (SIDE, SIDE, 3)
    explained = run.explain(run.split.test.names()[0]).plot()
    picture, contributions = (np.asarray(axes.images[0].get_array()) for axes in explained.axes[:2])
    assert (picture.shape, contributions.shape) == ((SIDE, SIDE, 3), (SIDE, SIDE))
    text = run.report(tmp_path / "report.html", progress=False).read_text(encoding="utf-8")
    pictures = [part.split('"')[0] for part in text.split("data:image/png;base64,")[1:]]
    assert "RGB" in {Image.open(io.BytesIO(b64decode(picture))).mode for picture in pictures}
