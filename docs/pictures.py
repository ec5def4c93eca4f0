"""Draw the pictures of README and docs from a real run: ``python docs/pictures.py``.

Needs Chromium. The run is made anew in a temporary folder, so the pictures show what a user gets.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

import cutaway as ct

IMAGES = Path(__file__).parent / "images"
FLAGS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-background-networking"]

TOP = {"x": 0, "y": 0, "width": 1200, "height": 1660}


def report_pictures(on_progress: Path) -> None:
    """Photograph the top of a report and its embedding, at 1200 pixels, light."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1200, "height": 900}, color_scheme="light")
        page.goto(on_progress.as_uri())
        page.wait_for_selector("html[data-ready]")
        page.wait_for_timeout(1500)
        page.screenshot(path=IMAGES / "report.png", full_page=True, clip=TOP)
        page.locator("#embedding-figure").screenshot(path=IMAGES / "embedding.png")
        browser.close()


def main() -> int:
    """Make a run on MNIST and its pictures."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as runs:
        run = ct.train(ct.mlp((512, 512), dropout=0.2), "mnist", seed=0, runs=runs)
        report_pictures(run.report())
    return 0


if __name__ == "__main__":
    sys.exit(main())
