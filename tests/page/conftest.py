import io
import os
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from cutaway.page import ReportContent, ReportFinding, ReportMistake, report_page
from cutaway.plots import confusion_matrix_bokeh, embedding_scatter_bokeh, learning_curves_bokeh, picture_png

# Two classes far apart, thirty points each, and sample i is a picture of the one gray level 4 * i.
LABELS = np.repeat([0, 1], 30)
XY = np.stack([100.0 * LABELS + np.tile(np.arange(30) % 6, 2) * 8, np.tile(np.arange(30) // 6, 2) * 20.0], axis=1)
PICTURES = np.arange(60, dtype=np.uint8)[:, None, None] * np.full((8, 8), 4, np.uint8)

FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
SOFTWARE_WEBGL = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]


@pytest.fixture(scope="session")
def chromium_path():
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    reason = "no Chromium on this machine: install the package chromium to run the browser tests"
    if os.environ.get("CUTAWAY_REQUIRE_BROWSER"):
        pytest.fail(reason)
    return pytest.skip(reason)


@pytest.fixture(scope="session")
def playwright(chromium_path):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def browser(playwright, chromium_path):
    chromium = playwright.chromium.launch(executable_path=chromium_path, args=FLAGS + SOFTWARE_WEBGL)
    yield chromium
    chromium.close()


@pytest.fixture(scope="session")
def browser_without_webgl(playwright, chromium_path):
    chromium = playwright.chromium.launch(executable_path=chromium_path, args=[*FLAGS, "--disable-3d-apis"])
    yield chromium
    chromium.close()


@pytest.fixture(scope="session")
def samples():
    return SimpleNamespace(xy=XY, labels=LABELS, pictures=PICTURES)


@pytest.fixture
def make_content():
    """Build a small report; keywords replace single fields, and two words name the classes and the samples."""

    def make(*, classes=("left", "right"), sample="test", **fields):
        names = [f"{sample}[{i}]" for i in range(60)]
        history = [
            {"epoch": e, "loss": 1 / e, "accuracy": 1 - 0.3 / e, "val_loss": 0.4 + abs(e - 2) / 9, "val_accuracy": 0.8}
            for e in (1, 2, 3)
        ]
        given = {
            "title": "A small run",
            "subtitle": "60 samples",
            "facts": (("Test accuracy", "90.00 %"), ("Epochs", "3")),
            "findings": (ReportFinding("warning", "It overfits", "Validation loss rose."),),
            "curves": learning_curves_bokeh(history, turned=2),
            "confusion": confusion_matrix_bokeh(np.array([[29, 1], [2, 28]]), classes),
            "embedding": embedding_scatter_bokeh(
                XY,
                LABELS,
                classes,
                names=names,
                predicted=1 - LABELS,
                pictures=PICTURES,
            ),
            "embedding_caption": "Two clouds.",
            "layers": (
                {"layer": "dense", "parameters": "1,024", "never fire": "1.5 %"},
                {"layer": "dense_1", "parameters": "20", "never fire": "–"},
            ),
            "mistakes": (
                ReportMistake(names[7], classes[0], classes[1], 0.9876, picture_png(PICTURES[7]), ""),
                ReportMistake(names[9], classes[0], classes[1], 0.5, None, "width 3, height 4"),
            ),
            "settings": (("seed", "0"),),
            "footer": "Made by a test.",
        }
        return ReportContent(**(given | fields))

    return make


# Where a point of the embedding lies in the window, from BokehJS' own scales.
LOCATE = """([x, y]) => {
  const view = [...Bokeh.index].find((view) => view.el.closest("#embedding-figure"));
  const box = view.canvas_view.el.getBoundingClientRect();
  return [box.x + view.frame.x_scale.compute(x), box.y + view.frame.y_scale.compute(y)];
}"""


class Visit:
    """One opened report: the page, and all that it said or asked for."""

    def __init__(self, browser, path, *, xy, **options):
        self.xy = xy
        self.context = browser.new_context(**({"viewport": {"width": 1000, "height": 900}} | options))
        self.complaints, self.requests = [], []
        self.context.route("**/*", self._gate)
        self.page = self.context.new_page()
        self.page.on("console", lambda m: self.complaints.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("html[data-ready]")

    def _gate(self, route):
        if route.request.url.startswith("file:"):
            route.continue_()
        else:
            self.requests.append(route.request.url)
            route.abort()

    def locate(self, sample):
        self.page.locator("#embedding-figure").scroll_into_view_if_needed()
        return self.page.evaluate(LOCATE, self.xy[sample].tolist())

    def hover(self, sample):
        x, y = self.locate(sample)
        self.page.mouse.move(x - 1, y)
        self.page.mouse.move(x, y)
        tooltip = self.page.locator(".bk-Tooltip").last
        tooltip.wait_for(state="visible")
        return tooltip

    def pixel(self, x, y):
        shot = self.page.screenshot(clip={"x": round(x), "y": round(y), "width": 1, "height": 1})
        with Image.open(io.BytesIO(shot)) as image:
            return image.convert("RGB").getpixel((0, 0))

    def check_quiet(self):
        assert self.complaints == []
        assert self.requests == []


@pytest.fixture
def visit(tmp_path, make_content, samples):
    """Open a report in a browser: a page from `content`, or the file at `path` whose embedding has coordinates `xy`."""
    opened = []

    def open_report(browser, *, content=None, path=None, xy=samples.xy, **options):
        if path is None:
            path = tmp_path / "report.html"
            path.write_text(report_page(content or make_content()), encoding="utf-8")
        opened.append(Visit(browser, path, xy=xy, **options))
        return opened[-1]

    yield open_report
    for one in opened:
        one.context.close()
