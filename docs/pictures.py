"""Take the pictures of README and docs from a real run: ``python docs/pictures.py``.

Needs Chromium. The model is trained in a temporary folder, so that the pictures show what a user gets.
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


def report_pictures(report: Path) -> None:
    """Take screenshots of the top of a report and of its embedding, 1200 pixels wide, in the light scheme."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1200, "height": 900}, color_scheme="light")
        page.goto(report.as_uri())
        page.wait_for_selector("html[data-ready]")
        page.wait_for_timeout(1500)
        page.screenshot(path=IMAGES / "report.png", full_page=True, clip=TOP)
        page.locator("#embedding-figure").screenshot(path=IMAGES / "embedding.png")
        browser.close()


def main() -> int:
    """Train on MNIST and take the pictures."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as runs:
        run = ct.train(ct.mlp((512, 512), dropout=0.2), "mnist", seed=0, runs=runs)
        report_pictures(run.report())
    return 0


if __name__ == "__main__":
    sys.exit(main())
