"""Take the pictures and the film of README and docs from a real run: ``python docs/pictures.py [RUN]``.

Needs Chromium. Without the folder of a run, the default model is trained in a temporary folder, so that the pictures
show what a user gets.
"""

import io
import math
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

import cutaway as ct

IMAGES = Path(__file__).parent / "images"
FLAGS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-background-networking"]

WIDTH = 1400
MARGIN = 16
FILM = {"width": 1120, "height": 1006}
LOW_MAP = ".explorer .stage .map, .explorer .side { height: 510px; min-height: 0; max-height: 510px; }"
PAUSE = 90
"""Milliseconds that a frame of the film is shown."""

READY = "window.explorer = document.querySelector('.explorer').explorer"

# Where a hand is on the page: a browser without a window draws no pointer.
POINTER = """() => {
  const arrow = document.createElement("div");
  arrow.innerHTML = '<svg width="22" height="22" viewBox="0 0 22 22"><path d="M3 2v15l4-4 3 7 3-1-3-7h6z" ' +
    'fill="#fff" stroke="#111" stroke-width="1.3" stroke-linejoin="round"/></svg>';
  arrow.style.cssText = "position: fixed; z-index: 9; pointer-events: none; left: 60px; top: 600px";
  document.body.append(arrow);
  addEventListener("pointermove", (event) => {
    arrow.style.left = `${event.clientX - 3}px`;
    arrow.style.top = `${event.clientY - 2}px`;
  }, true);
}"""

# The digit 5 as two strokes, in shares of the sheet.
DIGIT = (
    (
        *((0.36, 0.24), (0.35, 0.34), (0.34, 0.46), (0.44, 0.42), (0.56, 0.43), (0.64, 0.51)),
        *((0.66, 0.62), (0.60, 0.73), (0.49, 0.78), (0.38, 0.76), (0.31, 0.70)),
    ),
    ((0.36, 0.24), (0.46, 0.24), (0.56, 0.235), (0.67, 0.225)),
)


@contextmanager
def opened(browser: Any, report: Path, *, scheme: str, width: int, height: int) -> Iterator[Any]:
    """A report in a page of its own."""
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    page = context.new_page()
    page.goto(report.as_uri())
    page.wait_for_selector("html[data-ready]")
    page.evaluate(READY)
    page.wait_for_timeout(800)
    yield page
    context.close()


def shoot(page: Any, name: str, first: str, last: str | None = None) -> None:
    """A picture from the top of one element to the bottom of another, with some of the page around."""
    boxes = [page.locator(each).first.bounding_box() for each in (first, last or first)]
    scroll = page.evaluate("scrollY")
    left, top = boxes[0]["x"] - MARGIN, boxes[0]["y"] + scroll - MARGIN
    bottom = boxes[1]["y"] + boxes[1]["height"] + scroll + MARGIN
    clip = {"x": left, "y": top, "width": boxes[0]["width"] + 2 * MARGIN, "height": bottom - top}
    save(page.screenshot(full_page=True, clip=clip), IMAGES / f"{name}.png")


def save(shot: bytes, path: Path) -> None:
    """Write a screenshot with a palette, which takes a third of the room."""
    with Image.open(io.BytesIO(shot)) as image:
        image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


def take_pictures(browser: Any, report: Path) -> None:
    """The path of a sample, a drawing, and the top of the report."""
    with opened(browser, report, scheme="light", width=WIDTH, height=900) as page:
        page.evaluate("explorer.store.set({ pinned: 247 })")
        page.wait_for_timeout(500)
        shoot(page, "path", ".sample-path")
        page.locator(".new-sample summary").click()
        draw(page)
        shoot(page, "drawing", ".new-sample")
    with opened(browser, report, scheme="light", width=1200, height=900) as page:
        clip = {"x": 0, "y": 0, "width": 1200, "height": 1660}
        save(page.screenshot(full_page=True, clip=clip), IMAGES / "report.png")


def draw(page: Any) -> None:
    """Draw a digit with the mouse."""
    sheet = page.locator(".drawing-sheet")
    sheet.scroll_into_view_if_needed()
    box = sheet.bounding_box()
    for stroke in DIGIT:
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place, steps=4)
        page.mouse.up()
    page.mouse.move(5, 5)
    page.wait_for_timeout(1200)


class Film:
    """Frames, each of them a screenshot."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.frames: list[Image.Image] = []
        self.pauses: list[int] = []

    def shoot(self, pause: int = PAUSE) -> None:
        """Add a frame that is shown for so many milliseconds."""
        self.page.wait_for_timeout(90)  # small maps are painted a frame later
        with Image.open(io.BytesIO(self.page.screenshot())) as image:
            self.frames.append(image.convert("RGB"))
        self.pauses.append(pause)

    def save(self, path: Path) -> None:
        """Write an animated WebP file."""
        first, *others = self.frames
        options: dict[str, Any] = {"quality": 55, "method": 4, "minimize_size": False}
        first.save(path, save_all=True, append_images=others, duration=self.pauses, loop=0, **options)


def take_film(browser: Any, report: Path) -> None:
    """The slider goes through the epochs, another layer is chosen, and a lasso selects."""
    with opened(browser, report, scheme="light", **FILM) as page:
        page.add_style_tag(content=LOW_MAP)
        page.wait_for_timeout(500)
        film = Film(page)
        page.evaluate("document.querySelector('.explorer .layer-maps').scrollIntoView()")
        page.evaluate("scrollBy(0, -12)")
        page.evaluate(POINTER)
        play_epochs(film)
        choose_layer(film, "explorer.record.layers.length - 2")
        select_with_lasso(film)
        film.save(IMAGES / "film.webp")


def play_epochs(film: Film) -> None:
    """The slider goes from the first epoch to the last."""
    page = film.page
    box = page.locator(".slide input").bounding_box()
    last = page.evaluate("explorer.record.epochs.length - 1")
    steps = 22
    page.evaluate("explorer.store.set({ layer: 1, epoch: 0 })")
    page.wait_for_timeout(900)
    for k in range(steps + 1):
        page.mouse.move(box["x"] + 8 + (box["width"] - 16) * k / steps, box["y"] + 8)
        page.evaluate(f"explorer.store.set({{ epoch: {last * k / steps} }})")
        film.shoot(500 if k in (0, steps) else PAUSE)


def choose_layer(film: Film, layer: str) -> None:
    """The map goes from one layer to another as it does for a user, one picture per step."""
    page = film.page
    old = page.evaluate("explorer.map.transition.a")
    place = page.locator(".layer-maps button").nth(page.evaluate(layer)).bounding_box()
    page.mouse.move(place["x"] + 0.6 * place["width"], place["y"] + 0.6 * place["height"])
    film.shoot(300)
    page.evaluate(f"explorer.store.set({{ layer: {layer} }})")
    new = page.evaluate("(({ layer, epoch }) => explorer.layouts.place(layer, epoch).a)({ ...explorer.store.state })")
    for k in range(1, 9):
        t = k / 8
        page.evaluate(f"explorer.map.transition.between('{old}', '{new}', {t * t * (3 - 2 * t)})")
        film.shoot()
    page.evaluate(f"explorer.map.transition.show('{new}')")
    film.shoot(300)


def select_with_lasso(film: Film) -> None:
    """A ring around a group that is far from the others."""
    page = film.page
    page.locator(".modes button", has_text="Lasso").click()
    box = page.locator(".map").bounding_box()
    found = "(({ x, y }) => explorer.map.view.toScreen(x, y))(explorer.map.labels.find(({ group }) => group === 4))"
    x, y = page.evaluate(found)
    center, radius = (box["x"] + x, box["y"] + y), 62
    ring = [2 * math.pi * k / 14 for k in range(15)]
    places = [(center[0] + radius * math.cos(a), center[1] + radius * math.sin(a)) for a in ring]
    page.mouse.move(*places[0])
    film.shoot()
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=3)
        film.shoot(70)
    page.mouse.up()
    film.shoot(1600)


def main() -> int:
    """Take all pictures."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as runs, sync_playwright() as driver:
        if len(sys.argv) > 1:
            run = ct.open_run(sys.argv[1])
        else:
            run = ct.train(ct.mlp((512, 512), dropout=0.2), "mnist", seed=0, runs=runs)
        report = run.report(Path(runs) / "report.html")
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        take_pictures(browser, report)
        take_film(browser, report)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
