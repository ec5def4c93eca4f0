"""Take the picture of the studio for README and docs from a real training: ``python docs/studio_pictures.py``.

Needs Chromium. A studio is started on a temporary folder, and a model is trained in it as a person would.
"""

import io
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).parent / "images"
FLAGS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-background-networking"]
SIZE = {"width": 1280, "height": 1010}
EPOCHS = 5
"""After so many epochs of the default recipe the picture is taken."""


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
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield next(found[0] for line in process.stdout if (found := re.search(r"http\S+token=\S+", line)))
    finally:
        process.terminate()
        process.wait()


def wait(page: Any, expression: str) -> None:
    """Wait until an expression is true; the policy of the page forbids Playwright's own way."""
    while not page.evaluate(expression):
        page.wait_for_timeout(100)


def take(browser: Any, link: str) -> None:
    """Train the default model on MNIST, and take a picture while it learns."""
    page = browser.new_context(viewport=SIZE, color_scheme="light").new_page()
    page.goto(link)
    page.get_by_role("button", name="No, thanks").click()
    page.goto(f"{link.partition('?')[0]}train?data=bundled/mnist")
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url("**/runs/*")
    points = "document.querySelector('figure.curves polyline')?.getAttribute('points')?.split(' ').length"
    wait(page, f"{points} >= {EPOCHS}")
    page.wait_for_timeout(1500)  # the map of this epoch comes after its numbers
    with Image.open(io.BytesIO(page.screenshot())) as image:
        image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(IMAGES / "studio.png", optimize=True)


def main() -> int:
    """Take the picture."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        with studio(Path(folder)) as link:
            take(browser, link)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
