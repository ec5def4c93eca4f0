import importlib.util
import io
import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from cutaway.api.playground import write_playground
from cutaway.page import Card, Cards, Figure, Page, Picture, Table, Text, render
from cutaway.plots import confusion_matrix_bokeh, embedding_scatter_bokeh, learning_panels, panels_bokeh, picture_png

# Two classes far apart, thirty points each, and sample i is a picture of the one gray level 4 * i.
LABELS = np.repeat([0, 1], 30)
XY = np.stack([100.0 * LABELS + np.tile(np.arange(30) % 6, 2) * 8, np.tile(np.arange(30) // 6, 2) * 20.0], axis=1)
PICTURES = np.arange(60, dtype=np.uint8)[:, None, None] * np.full((8, 8), 4, np.uint8)

_spec = importlib.util.spec_from_file_location("node", Path(__file__).with_name("node.py"))
_node = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_node)


@pytest.fixture(scope="session")
def colors():
    """Colors of an explorer that tests can tell apart."""
    return {
        "classes": ["#d02020", "#20a020", "#2020d0"],
        "sequential": ["#000080", "#ffff00"],
        "right": "#777777",
        "wrong": "#ff8800",
        "missing": "#999999",
    }


@pytest.fixture(scope="session")
def run_script():
    """Run a script with modules of the page in Node: see `node.run_script`."""
    return _node.run_script


@pytest.fixture(scope="session")
def firefox_path():
    for name in ("firefox-esr", "firefox"):
        if path := shutil.which(name):
            return path
    return pytest.skip("no Firefox on this machine: install the package firefox-esr to run its tests")


@pytest.fixture(scope="session")
def browser_without_webgl(playwright, chromium_path, chromium_flags):
    chromium = playwright.chromium.launch(executable_path=chromium_path, args=[*chromium_flags, "--disable-3d-apis"])
    yield chromium
    chromium.close()


@pytest.fixture(scope="session")
def playground_path(tmp_path_factory):
    return write_playground(tmp_path_factory.mktemp("playground") / "playground.html")


@pytest.fixture
def open_playground(browser, playground_path):
    """Open the playground with settings in its address, and see that nothing was requested or complained of."""
    opened, complaints, requests = [], [], []

    def open_one(address="", **options):
        page = browser.new_page(**{"viewport": {"width": 1280, "height": 900}, **options})
        opened.append(page)
        page.on("console", lambda message: complaints.append(message.text) if message.type != "log" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(f"{playground_path.as_uri()}#{address}")
        page.wait_for_selector("html[data-ready]")
        return page

    yield open_one
    for page in opened:
        page.close()
    outside = [url for url in requests if not url.startswith((playground_path.as_uri(), "blob:", "data:"))]
    assert (complaints, outside) == ([], [])


@pytest.fixture(scope="session")
def samples():
    return SimpleNamespace(xy=XY, labels=LABELS, pictures=PICTURES)


@pytest.fixture
def make_page():
    """Build a small page; keywords replace a field of the page, or a section by its name (None leaves it out)."""

    def make(*, classes=("left", "right"), sample="test", **changed):
        names = [f"{sample}[{i}]" for i in range(60)]
        history = [
            {"epoch": e, "loss": 1 / e, "accuracy": 1 - 0.3 / e, "val_loss": 0.4 + abs(e - 2) / 9, "val_accuracy": 0.8}
            for e in (1, 2, 3)
        ]
        hover = {"names": names, "predicted": 1 - LABELS, "pictures": PICTURES}
        finding = Card(severity="warning", title="It overfits", text=("Validation loss rose.",))
        picture = Picture(picture_png(PICTURES[7]), f"{names[7]} in gray")
        mistakes = (
            Card(
                title=names[7], pictures=(picture,), subtitle=f"{classes[0]} → {classes[1]}", text=("98.8% confident",)
            ),
            Card(title=names[9], values="width 3, height 4", text=("50.0% confident",)),
        )
        rows = (
            {"layer": "dense", "parameters": "1,024", "inactive": "7 (1.5%)"},
            {"layer": "dense_1", "parameters": "20", "inactive": "–"},
        )
        curves = learning_panels(history, turned=2)
        sections = {
            "findings": Cards(name="findings", title="Findings", cards=(finding,), size="large"),
            "learning": Figure(name="learning", title="Curves", figure=panels_bokeh(curves)),
            "confusions": Figure(
                name="confusions",
                title="Confusion matrix",
                figure=confusion_matrix_bokeh(np.array([[29, 1], [2, 28]]), classes),
                caption="One row per true class.",
                beside=True,
            ),
            "layers": Table(name="layers", title="Layers", rows=rows, caption="Two layers.", summary="All layers"),
            "mistakes": Cards(name="mistakes", title="Mistakes", lead="The worst.", cards=mistakes, size="small"),
            "embedding": Figure(
                name="embedding",
                title="Embedding",
                figure=embedding_scatter_bokeh(XY, LABELS, classes, **hover),
                caption="Two clouds.",
            ),
            "notes": Text(name="notes", title="Notes", paragraphs=("One.", "Two.")),
        }
        given = {
            "title": "A small run",
            "subtitle": "60 samples",
            "facts": (("Test accuracy", "90.00%"), ("Epochs", "3")),
            "footer": "Made by a test.",
        }
        sections |= {name: value for name, value in changed.items() if name not in given}
        given |= {name: value for name, value in changed.items() if name in given}
        return Page(sections=tuple(section for section in sections.values() if section is not None), **given)

    return make


# The position of a point of the embedding in the window, from BokehJS' own scales.
LOCATE = """([x, y]) => {
  const view = [...Bokeh.index].find((view) => view.el.closest("#embedding-figure"));
  const box = view.canvas_view.el.getBoundingClientRect();
  return [box.x + view.frame.x_scale.compute(x), box.y + view.frame.y_scale.compute(y)];
}"""


class Visit:
    """One opened page, its console messages and its requests."""

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

    def unfold(self):
        """Open all sections, which are folded on a phone."""
        self.page.evaluate("document.querySelectorAll('.fold').forEach((each) => (each.open = true))")

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

    def wait_for_pixel(self, sample, is_right):
        """Wait until the pixel of a sample has a color."""
        end = time.monotonic() + 20
        while not is_right(color := self.pixel(*self.locate(sample))):
            assert time.monotonic() < end, color
            self.page.wait_for_timeout(50)

    def wait(self, expression):
        """Wait until an expression is true; the page's policy forbids `wait_for_function`, which compiles a text."""
        end, pause = time.monotonic() + 20, 20
        while not self.page.evaluate(expression):
            assert time.monotonic() < end, expression
            self.page.wait_for_timeout(pause)
            pause = min(1.3 * pause, 200)  # each question takes 4 ms of four processes

    def check_quiet(self):
        assert self.complaints == []
        assert self.requests == []


@pytest.fixture
def visit(tmp_path, make_page, samples):
    """Open in a browser a `Page`, or the file at `path` whose embedding has the coordinates `xy`."""
    opened = []

    def open_page(browser, *, page=None, path=None, xy=samples.xy, **options):
        if path is None:
            path = tmp_path / "page.html"
            path.write_text(render(page or make_page()), encoding="utf-8")
        opened.append(Visit(browser, path, xy=xy, **options))
        return opened[-1]

    yield open_page
    for one in opened:
        one.context.close()
