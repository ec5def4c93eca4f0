"""The page of a run in the studio, in Chromium: ``python -m benchmarks.studio_views``.

A run on MNIST is trained, and a studio opened on it. What is timed begins with the navigation and ends when the pixels
are there: the heading with its curves, a first look at a run of which nothing is computed, the whole page of one that
was seen before, and a map of 70,000 samples that was computed before.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cutaway as ct
from benchmarks.harness import keep, machine, spread, verdict

ROUNDS = 5
FLAGS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-background-networking"]
TARGETS = {"heading": 1.0, "first look": 1.0, "cached": 1.0, "70,000 points": 2.0}
"""The most seconds of each, by the median."""

HEADING = "document.querySelector('h1') && document.querySelector('.live svg, .live canvas')"
LOOK = "document.querySelector('.map-view')?.dataset.shown"
WHOLE = (
    "document.querySelector('.map-view')?.dataset.shown === 'explore' && document.querySelector('#settings') && "
    "document.querySelector('#learning .plot')?.childElementCount"
)
ALL = "?split=all&samples=70000&layers=dense_2&epochs=2"


@contextmanager
def studio(runs: Path, cache: Path) -> Iterator[str]:
    """A studio in a process of its own; its link."""
    command = [sys.executable, "-c", "from cutaway.cli import main; main()", "studio", str(runs)]
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [*command, "--no-open", "--port", "0"], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield next(found.group() for line in process.stdout if (found := re.search(r"http://\S+", line)))
    finally:
        process.terminate()
        process.wait()


class Visitor:
    """Somebody with a browser, who has come in."""

    def __init__(self, browser: Any, link: str) -> None:
        self._page = browser.new_page(viewport={"width": 1280, "height": 900})
        self._base = link.split("/?")[0]
        self._page.goto(link)
        self._page.wait_for_selector("html[data-ready]")

    def see(self, path: str, *expressions: str, seconds: float = 900) -> list[float]:
        """Seconds from the navigation until each expression is true, in order."""
        start, taken = time.perf_counter(), list[float]()
        self._page.goto(f"{self._base}{path}", wait_until="commit")
        for expression in expressions:
            while not self._page.evaluate(expression):
                assert time.perf_counter() - start < seconds, expression
                self._page.wait_for_timeout(5)
            self._page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
            taken.append(time.perf_counter() - start)
        return taken


def measure(browser: Any, runs: Path, room: Path) -> dict[str, list[float]]:
    """Seconds of each view, ROUNDS times."""
    seconds: dict[str, list[float]] = {name: [] for name in TARGETS}
    with studio(runs, room / "cache") as link:
        visitor = Visitor(browser, link)
        visitor.see("/runs/warm", LOOK)  # the process has loaded what it needs, and compiled what it runs
        for number in range(ROUNDS):
            heading, look = visitor.see(f"/runs/new{number}", HEADING, LOOK)
            seconds["heading"].append(heading)
            seconds["first look"].append(look)
        visitor.see("/runs/warm", WHOLE)
        visitor.see(f"/runs/warm{ALL}", WHOLE)
        for _ in range(ROUNDS):
            seconds["cached"] += visitor.see("/runs/warm", WHOLE)
            seconds["70,000 points"] += visitor.see(f"/runs/warm{ALL}", WHOLE)
    return seconds


def make_runs(runs: Path) -> None:
    """A run, and copies of it, of which nothing is computed yet."""
    run = ct.train(ct.mlp((128, 64)), "mnist", epochs=2, seed=0, runs=runs, progress=False)
    shutil.rmtree(run.path / "results", ignore_errors=True)
    for name in ("warm", *(f"new{number}" for number in range(ROUNDS))):
        shutil.copytree(run.path, runs / name)
    shutil.rmtree(run.path)


def main() -> int:
    from playwright.sync_api import sync_playwright

    print(f"{machine()}\n")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        room = Path(folder)
        make_runs(room / "runs")
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        seconds = measure(browser, room / "runs", room)
        browser.close()
    for name, values in seconds.items():
        print(f"{name:14} {spread(values, digits=2)}, at most {TARGETS[name]:.1f} s")
    keep("studio_views", {"seconds": seconds})
    medians = {name: sorted(values)[len(values) // 2] for name, values in seconds.items()}
    return verdict({f"{name} in {TARGETS[name]:.0f} s": medians[name] <= TARGETS[name] for name in TARGETS})


if __name__ == "__main__":
    sys.exit(main())
