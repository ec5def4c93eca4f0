"""Take the pictures of the studio for README and docs from a real training: ``python docs/studio_pictures.py``.

Needs Chromium. A studio is started on a temporary folder, and a model is trained in it as a person would.
"""

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).parent / "images"
FLAGS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-background-networking"]
SIZE = {"width": 1280, "height": 900}
MARGIN = 24
EPOCHS = 10
SECONDS = 600
"""Longest wait for the link, and for the training to be far enough."""

SHOWN = 6
"""Epochs, and frames of the map, after which the pictures are taken."""

CURVE = "document.querySelector('figure.curves polyline')?.getAttribute('points')?.split(' ').length"
MAP = "Number(document.querySelector('.live-map:has(.live-map-host:not([hidden]))')?.dataset.frame)"
TITLE = "MNIST, two hidden layers of 512"


@contextmanager
def studio(folder: Path) -> Iterator[str]:
    """The link of a studio in a process of its own."""
    command = [
        sys.executable,
        "-c",
        "from cutaway.cli import main; main()",
        "studio",
        "runs",
        "--no-open",
        "--port",
        "0",
    ]
    # on a machine that does something else as well, maps would be rare
    environment = {**os.environ, "CUTAWAY_MOST_NICE": "0"}
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    timer = threading.Timer(SECONDS, process.kill)
    timer.start()
    try:
        found = next(filter(None, (re.search(r"http\S+token=\S+", line) for line in process.stdout)), None)
        timer.cancel()
        if found is None:
            raise TimeoutError(f"the studio printed no link within {SECONDS} s")
        yield found[0]
    finally:
        timer.cancel()
        process.terminate()
        process.wait()


def wait(page: Any, expression: str) -> None:
    """Wait until an expression is true; the policy of the page forbids Playwright's own way.

    Raises:
        TimeoutError: It is not true after `SECONDS`.
    """
    end = time.monotonic() + SECONDS
    while not page.evaluate(expression):
        if time.monotonic() > end:
            raise TimeoutError(f"not true within {SECONDS} s: {expression}")
        page.wait_for_timeout(100)


def take(browser: Any, link: str) -> None:
    """Train the default model on MNIST, and take a picture while it learns."""
    page = browser.new_context(viewport=SIZE, color_scheme="light").new_page()
    page.goto(link)
    page.get_by_role("button", name="No, thanks").click()
    page.goto(f"{link.partition('?')[0]}train?data=bundled/mnist")
    page.wait_for_selector(".more-settings")
    page.evaluate("document.querySelector('.more-settings').open = true")
    page.fill("#setting-epochs", str(EPOCHS))
    page.wait_for_timeout(1000)  # the form is checked
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url("**/runs/*")
    page.get_by_role("button", name="Rename").click()
    page.get_by_label("Title").fill(TITLE)
    page.get_by_role("button", name="Save").click()
    wait(page, f"{CURVE} >= {SHOWN} && {MAP} >= {SHOWN}")
    page.wait_for_timeout(700)  # the map moves to its new places
    shoot(page, "studio-light")


def shoot(page: Any, name: str) -> None:
    """A picture from the top of the page to the end of the map."""
    box = page.locator(".live").bounding_box()
    clip = {"x": 0, "y": 0, "width": SIZE["width"], "height": box["y"] + box["height"] + MARGIN}
    with Image.open(io.BytesIO(page.screenshot(full_page=True, clip=clip))) as image:
        image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(IMAGES / f"{name}.png", optimize=True)


def main() -> int:
    """Take the pictures."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        with studio(Path(folder)) as link:
            take(browser, link)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
