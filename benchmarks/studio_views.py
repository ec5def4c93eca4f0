"""The page of a run in the studio, in Chromium: ``python -m benchmarks.studio_views``.

A run on MNIST is trained, and a studio opened on it. What is timed begins with the navigation and ends when the pixels
are there: the heading with its curves; a first look at a run of which nothing is computed, by a studio that has nothing
else to do, by one that computes another run for another page, and by one that has just started; the whole page of a run
that was seen before; and a map of 70,000 samples that was computed before. Last, the memory of its processes.
"""

import contextlib
import json
import os
import re
import shutil
import statistics
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
TARGETS = {
    "heading": 1.0,
    "first look": 1.0,
    "look, busy": 1.0,
    "look, started": None,
    "cached": 1.0,
    "70,000 points": 2.0,
}
"""The most seconds of each, by the median; None where nothing is promised."""

HEADING = "document.querySelector('h1') && document.querySelector('.live svg, .live canvas')"
LOOK = "document.querySelector('.map-view')?.dataset.shown"
WHOLE = (
    "document.querySelector('.map-view')?.dataset.shown === 'explore' && document.querySelector('#settings') && "
    "document.querySelector('#learning .plot')?.childElementCount"
)
ALL = "?split=all&samples=70000&layers=dense_2&epochs=2"


@contextmanager
def studio(runs: Path, cache: Path) -> Iterator[tuple[str, int]]:
    """A studio in a process of its own; its link, and the number of its process."""
    command = [sys.executable, "-c", "from cutaway.cli import main; main()", "studio", str(runs)]
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [*command, "--no-open", "--port", "0"], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield next(found.group() for line in process.stdout if (found := re.search(r"http://\S+", line))), process.pid
    finally:
        process.terminate()
        process.wait()


def memory(studio: int) -> list[float]:
    """Megabytes of a studio's processes that compute, their share of what they have in common included."""
    found = list[float]()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            is_child = path.with_name("stat").read_text().rpartition(")")[2].split()[1] == str(studio)
            if is_child and b"cutaway.jobs.runner" in path.read_bytes():
                lines = path.with_name("smaps_rollup").read_text().splitlines()
                found.append(int(next(line for line in lines if line.startswith("Pss:")).split()[1]) / 1024)
    return sorted(found)


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

    def wait(self, seconds: float) -> None:
        """Look at the page for a while."""
        self._page.wait_for_timeout(1000 * seconds)

    def leave(self, run: str) -> None:
        """Close the page of a run, and wait until nothing is computed for it any more."""
        self.see("/", "document.documentElement?.dataset.ready !== undefined")
        # what is asked for last is done when the process is free
        request = {"method": "POST", "headers": {"x-cutaway": "1", "content-type": "application/json"}}
        request["body"] = json.dumps({"page": "last", "job": {"run": run}})
        ask = f"fetch('/api/jobs/sheet', {json.dumps(request)}).then((answer) => answer.json())"
        while self._page.evaluate(ask)["state"] not in ("done", "failed"):
            self._page.wait_for_timeout(100)


def measure(browser: Any, runs: Path, room: Path) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Seconds of each view, ROUNDS times; and megabytes of the processes that compute, at two moments."""
    seconds: dict[str, list[float]] = {name: [] for name in TARGETS}
    megabytes = dict[str, list[float]]()
    with studio(runs, room / "cache") as (link, process):
        visitor, other = Visitor(browser, link), Visitor(browser, link)
        visitor.see("/runs/warm", LOOK)  # the process has loaded what it needs, and compiled what it runs
        visitor.leave("warm")
        megabytes["after a first look"] = memory(process)
        for number in range(ROUNDS):
            heading, look = visitor.see(f"/runs/new{number}", HEADING, LOOK)
            seconds["heading"].append(heading)
            seconds["first look"].append(look)
            visitor.leave(f"new{number}")
            other.see(f"/runs/other{number}", LOOK)
            other.wait(3.0)  # its sections and maps are being computed
            seconds["look, busy"] += visitor.see(f"/runs/busy{number}", LOOK)
            other.leave(f"other{number}")
            visitor.leave(f"busy{number}")
        visitor.see("/runs/warm", WHOLE)
        visitor.see(f"/runs/warm{ALL}", WHOLE)
        megabytes["after a map of 70,000 samples"] = memory(process)
        for _ in range(ROUNDS):
            seconds["cached"] += visitor.see("/runs/warm", WHOLE)
            seconds["70,000 points"] += visitor.see(f"/runs/warm{ALL}", WHOLE)
    for number in range(ROUNDS):
        with studio(runs, room / "cache") as (link, _):
            seconds["look, started"] += Visitor(browser, link).see(f"/runs/start{number}", LOOK)
    return seconds, megabytes


def make_runs(runs: Path) -> None:
    """Copies of a run that have different seeds in their records, so that each is computed anew."""
    run = ct.train(ct.mlp((128, 64)), "mnist", epochs=2, seed=0, runs=runs, progress=False)
    names = [f"{name}{n}" for name in ("new", "other", "busy", "start") for n in range(ROUNDS)]
    for seed, name in enumerate(["warm", *names]):
        record = shutil.copytree(run.path, runs / name) / "run.json"
        record.write_text(json.dumps(json.loads(record.read_text()) | {"seed": seed}))
    shutil.rmtree(run.path)


def main() -> int:
    from playwright.sync_api import sync_playwright

    print(f"{machine()}\n")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        room = Path(folder)
        make_runs(room / "runs")
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        seconds, megabytes = measure(browser, room / "runs", room)
        browser.close()
    for name, values in seconds.items():
        target = TARGETS[name]
        print(f"{name:14} {spread(values, digits=2)}{'' if target is None else f', at most {target:.1f} s'}")
    for when, each in megabytes.items():
        print(f"processes that compute, {when}: {' + '.join(f'{size:.0f}' for size in each)} MB")
    keep("studio_views", {"seconds": seconds, "megabytes": megabytes})
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    promised = {name: target for name, target in TARGETS.items() if target is not None}
    return verdict({f"{name} in {target:.0f} s": medians[name] <= target for name, target in promised.items()})


if __name__ == "__main__":
    sys.exit(main())
