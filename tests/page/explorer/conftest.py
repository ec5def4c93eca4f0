"""An explorer of 90 samples with known places, and the page that it is in."""

import numpy as np
import pytest

from cutaway.page import Card, Cards, Explorer, LayerMap, Matrix, Page, SampleColumn

COUNT, EPOCHS = 90, (0, 1, 2)
LABELS = np.arange(COUNT) % 3
HOSTILE = "</script><img src=x onerror='hacked = 1'>"
NAMES = ("red", HOSTILE, "blue")


def _layout(epoch):
    """Three columns of points, the farther apart the later the epoch; sample i is in column i % 3 and row i // 3."""
    x = 0.5 + (LABELS - 1) * (0.1 + 0.15 * epoch)
    y = (np.arange(COUNT) // 3 + 1) / 31
    return np.rint(np.stack([x, y], axis=1) * 65535).astype(np.uint16)


@pytest.fixture(scope="module")
def record(colors):
    predicted = np.stack([np.zeros(COUNT, int), np.where(np.arange(COUNT) < 30, LABELS, 0), LABELS])
    predicted[2, :4] = (LABELS[:4] + 1) % 3
    columns = (
        SampleColumn(
            key="label", title="Label", kind="category", values=(LABELS,), names=NAMES, palette="classes"
        ),
        SampleColumn(
            key="predicted", title="Prediction", kind="category", values=tuple(predicted), names=NAMES,
            palette="classes",
        ),
        SampleColumn(
            key="right", title="Right or wrong", kind="category", values=tuple((predicted != LABELS).astype(int)),
            names=("right", "wrong"), palette="right",
        ),
        SampleColumn(
            key="confidence", title="Confidence", kind="number",
            values=tuple(np.linspace(0.2, 1, COUNT) * (1 + e) / 3 for e in EPOCHS),
        ),
        SampleColumn(key="note", title="Note", kind="text", values=(tuple(f"note {i}" for i in range(COUNT)),)),
        SampleColumn(key="column0", title="price in €", own=True, kind="number", values=(np.arange(COUNT) / 10,)),
        SampleColumn(key="column1", title="customer", own=True, kind="number", values=(2**33 + np.arange(COUNT),)),
    )  # fmt: skip
    layers = (
        LayerMap(name="input", title="Input", detail="64 values", layouts=(_layout(0),)),
        LayerMap(
            name="dense", title="dense", detail="5 units, 1 dead", layouts=tuple(map(_layout, EPOCHS)),
            measures=(("Probe accuracy", (0.1, None, 0.9)),),
        ),
    )  # fmt: skip
    return Explorer(
        name="explore",
        title="Samples",
        names=tuple(f"test[{i}]" for i in range(COUNT)),
        epochs=EPOCHS,
        kept=2,
        columns=columns,
        layers=layers,
        layer=1,
        details=("note",),
        images=(np.arange(COUNT, dtype=np.uint8) * 2)[:, None, None] * np.ones((8, 8), np.uint8),
        neighbors=np.stack([(np.arange(COUNT) + k) % COUNT for k in (3, 6)], axis=1),
        neighbors_in="dense",
        colors=colors,
    )


class Explored:
    """A page with an explorer, which its scripts call `explorer`."""

    def __init__(self, visit):
        self.visit, self.page = visit, visit.page
        self.wait, self.check_quiet = visit.wait, visit.check_quiet
        self.page.evaluate("window.explorer = document.querySelector('.explorer').explorer")

    def state(self, name):
        return self.page.evaluate(
            f"(() => {{ const v = explorer.store.state.{name}; return ArrayBuffer.isView(v) ? [...v] : v; }})()"
        )

    def place(self, sample):
        """Where a sample is in the window."""
        self.wait("explorer.map.transition.t === 0")
        x, y = self.page.evaluate(f"explorer.map.toScreen({sample})")
        box = self.page.locator(".map").bounding_box()
        return box["x"] + x, box["y"] + y

    def drag(self, *places, keys=()):
        mouse, keyboard = self.page.mouse, self.page.keyboard
        for key in keys:
            keyboard.down(key)
        mouse.move(*places[0])
        mouse.down()
        for place in places[1:]:
            mouse.move(*place, steps=4)
        mouse.up()
        for key in keys:
            keyboard.up(key)


def explored(visit, browser, record, others=(), **options):
    opened = Explored(visit(browser, page=Page(title="A run", sections=(record, *others)), **options))
    opened.page.locator(".map").scroll_into_view_if_needed()
    return opened


@pytest.fixture
def open_explorer(visit, browser, record):
    """Open a page with the explorer, or another `record` of one."""
    return lambda **options: explored(visit, browser, options.pop("record", record), **options)


@pytest.fixture(scope="module")
def shared_page(visit_once, browser, record):
    """A page with the explorer, a confusion matrix and cards with buttons, which all tests of a file share."""
    counts = np.array([[28, 1, 1], [2, 28, 0], [1, 0, 29]])
    matrix = Matrix(
        name="confusions", title="C", names=NAMES, classes=(0, 1, 2), counts=counts, samples=counts.sum(axis=1),
        click="A click shows samples.",
    )  # fmt: skip
    cards = (Card(title="One", samples=("test[7]",)), Card(title="Two", samples=("test[8]", "test[9]", "train[1]")))
    cards += (Card(title="None", samples=("train[7]",)), Card(title="Found", search="label:red wrong"))
    cards += (Card(title="Not found", search="label:green"),)
    return explored(visit_once, browser, record, (matrix, Cards(name="cards", title="Cards", cards=cards)))


AT_FIRST = """(() => {
  explorer.map.select([]);
  explorer.store.set({ epoch: 2, layer: 1, color: "label", search: "", pinned: -1, hovered: -1, off: [], mode: "pan" });
  explorer.store.set({ rings: true });
  explorer.map.reset();
})()"""


@pytest.fixture
def opened(shared_page):
    """The page that is shared, as it was at first."""
    shared_page.page.mouse.move(1, 1)
    shared_page.page.evaluate(AT_FIRST)
    shared_page.page.locator(".map").scroll_into_view_if_needed()
    yield shared_page
    assert shared_page.page.evaluate("window.hacked") is None
    shared_page.check_quiet()


@pytest.fixture
def hostile():
    """The name of the second class."""
    return HOSTILE
