import shutil
import time

import numpy as np
import pytest

from cutaway.api.playground import write_playground
from cutaway.page import Card, Cards, Figure, Image, Page, Table, Text, render
from cutaway.plots import Panel, Series, image_png, learning_panels

from .node import run_script as run_script_in_node


@pytest.fixture(scope="session")
def colors():
    """Colors of an explorer that tests can tell apart."""
    return {
        "classes": ["light-dark(#d02020, #ff9090)", "#20a020", "#2020d0"],
        "sequential": ["#000080", "#ffff00"],
        "right": "#777777",
        "wrong": "#ff8800",
        "missing": "#999999",
    }


@pytest.fixture(scope="session")
def run_script():
    """Run a script with modules of the page in Node: see `node.run_script`."""
    return run_script_in_node


@pytest.fixture(scope="session")
def firefox_path():
    for name in ("firefox-esr", "firefox"):
        if path := shutil.which(name):
            return path
    return pytest.skip("no Firefox on this machine: install the package firefox-esr to run its tests")


@pytest.fixture(scope="session")
def playground_path(made_once):
    return made_once("playground", lambda folder: write_playground(folder / "playground.html")) / "playground.html"


def playgrounds(browser, playground_path):
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


@pytest.fixture
def open_playground(browser, playground_path):
    """Open the playground with settings in its address, and see that nothing was requested or complained of."""
    yield from playgrounds(browser, playground_path)


@pytest.fixture(scope="module")
def shared_playground(browser, playground_path):
    """A playground that several tests of a file use one after the other, with the two moons."""
    opening = playgrounds(browser, playground_path)
    yield next(opening)("data=moons&seed=3")
    next(opening, None)


@pytest.fixture(scope="session")
def make_page():
    """Build a small page; keywords replace a field of the page, or a section by its name (None leaves it out)."""

    def make(*, classes=("left", "right"), sample="test", **changed):
        names = [f"{sample}[{i}]" for i in range(60)]
        history = [
            {"epoch": e, "loss": 1 / e, "accuracy": 1 - 0.3 / e, "val_loss": 0.4 + abs(e - 2) / 9, "val_accuracy": 0.8}
            for e in (1, 2, 3)
        ]
        finding = Card(severity="warning", title="It overfits", text=("Validation loss rose.",))
        image = Image(image_png(np.full((8, 8), 28, np.uint8)), f"{names[7]} in gray")
        mistakes = (
            Card(title=names[7], images=(image,), subtitle=f"{classes[0]} → {classes[1]}", text=("98.8% confident",)),
            Card(title=names[9], values="width 3, height 4", text=("50.0% confident",)),
        )
        rows = (
            {"layer": "dense", "parameters": "1,024", "dead": "7 (1.5%)"},
            {"layer": "dense_1", "parameters": "20", "dead": "–"},
        )
        curves = learning_panels(history, turned=2)
        shares = np.array([0.5, 0.7, 0.9])
        bins = [
            Series(name, shares + k / 20, shares, shares - 0.1, shares + 0.1, color=k, points=True)
            for k, name in enumerate(classes)
        ]
        sections = {
            "findings": Cards(name="findings", title="Findings", cards=(finding,), size="large"),
            "learning": Figure(name="learning", title="Curves", panels=tuple(curves)),
            "confidence": Figure(
                name="confidence",
                title="Confidence",
                panels=(Panel("", "confidence", "accuracy", bins, x_percent=True, y_percent=True, diagonal=True),),
                caption="Each point is a bin.",
            ),
            "layers": Table(name="layers", title="Layers", rows=rows, caption="Two layers.", summary="All layers"),
            "mistakes": Cards(name="mistakes", title="Mistakes", lead="The worst.", cards=mistakes, size="small"),
            "notes": Text(name="notes", title="Notes", paragraphs=("One.", "Two.")),
        }
        given = {
            "title": "A small run",
            "subtitle": "60 samples",
            "footer": "Made by a test.",
        }
        sections |= {name: value for name, value in changed.items() if name not in given}
        given |= {name: value for name, value in changed.items() if name in given}
        return Page(sections=tuple(section for section in sections.values() if section is not None), **given)

    return make


class Visit:
    """One opened page, its console messages and its requests."""

    def __init__(self, browser, path, **options):
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


def visits(folder, make_page):
    opened = []

    def open_page(browser, *, page=None, path=None, **options):
        if path is None:
            path = folder / f"page{len(opened)}.html"
            path.write_text(render(page or make_page()), encoding="utf-8")
        opened.append(Visit(browser, path, **options))
        return opened[-1]

    yield open_page
    for one in opened:
        one.context.close()


@pytest.fixture
def visit(tmp_path, make_page):
    """Open in a browser a `Page`, or the file at `path`."""
    yield from visits(tmp_path, make_page)


@pytest.fixture(scope="module")
def visit_once(tmp_path_factory, make_page):
    """The same, for a page that all tests of a file look at: each costs as much as several tests."""
    yield from visits(tmp_path_factory.mktemp("pages"), make_page)


@pytest.fixture(scope="session")
def digits_report(made_once, digits_run):
    """The report of 300 samples of the digits, written once for all workers."""
    folder = made_once("digits-report", lambda at: digits_run.report(at / "report.html", samples=300, progress=False))
    return folder / "report.html"
