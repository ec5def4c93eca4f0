"""The playground in Chromium: its size, its first frame, steps while it draws, and how fast it learns digits.

    python -m benchmarks playground

Chromium emulates a GPU, which takes a good part of the CPU, as on the machines that run tests; beside it stands
Chromium without any. Steps are those of one epoch a frame. An epoch is that of the page's 10,000 digits, scaled to
6,000, in the worker, with the page waiting; 95% of the digits are learned as fast as the page can, drawn meanwhile.
"""

import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.harness import keep, machine, spread, verdict
from cutaway.api.playground import write_playground

ROUNDS = 3
SECONDS = 5
FLAGS = {
    "emulated GPU": ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
    "no GPU": ["--disable-gpu"],
}
DIGITS = "data=digits&hidden=128-64&optimizer=sgd&momentum=0.9&learningRate=0.05"

# frames that were drawn and steps that were learned in some seconds of playing, one epoch a frame
PLAY = """async (seconds) => {
  const { controller } = document.body.playground;
  let frames = 0;
  controller.store.watch(["frame"], () => frames++);
  const before = controller.state.frame.step;
  controller.play(true);
  await new Promise((done) => setTimeout(done, 1000 * seconds));
  controller.play(false);
  return { frames: frames / seconds, steps: (controller.state.frame.step - before) / seconds };
}"""
# an epoch in the worker, with the page waiting: of 10,000 digits, scaled to 6,000
EPOCH = """async () => {
  const { controller } = document.body.playground;
  const before = controller.state.frame.epoch;
  const start = performance.now();
  controller.step("epoch");
  while (controller.state.frame.epoch === before) await new Promise((done) => setTimeout(done, 5));
  return (0.6 * (performance.now() - start)) / 1000;
}"""


def main() -> int:
    print(f"the playground\n  {machine()}")
    with tempfile.TemporaryDirectory() as folder:
        path = write_playground(Path(folder) / "playground.html")
        size = path.stat().st_size / 1e6
        found: dict[str, Any] = {"megabytes": size} | {name: _measure(path, flags) for name, flags in FLAGS.items()}
    keep("playground", found)
    print(f"  {size:.1f} MB")
    for name in FLAGS:
        for what, values in found[name].items():
            print(f"  {name}: {what} {spread(values, unit='', digits=2)}")
    promises = {"6 MB or less": size <= 6}
    for name in FLAGS:
        middle = {what: statistics.median(values) for what, values in found[name].items()}
        promises |= {
            f"{name}: first frame in 0.5 s": middle["seconds to the first frame"] <= 0.5,
            f"{name}: 60 steps a second while drawn": middle["steps a second"] >= 60,
            f"{name}: 6,000 digits in 2 s": middle["seconds of 6,000 digits"] <= 2,
            f"{name}: 95% of the test digits in 20 s": middle["seconds to 95% of the digits"] <= 20,
        }
    return verdict(promises)


def _measure(path: Path, flags: list[str]) -> dict[str, list[float]]:
    from playwright.sync_api import sync_playwright

    found: dict[str, list[float]] = {}
    with sync_playwright() as driver:
        for _ in range(ROUNDS):
            browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", *flags])
            page = browser.new_page(viewport={"width": 1400, "height": 1000})
            page.goto(f"{path.as_uri()}#hidden=8-8")
            page.wait_for_selector("html[data-ready]", state="attached")
            first = page.evaluate("performance.getEntriesByName('ready')[0].startTime") / 1000
            found.setdefault("seconds to the first frame", []).append(first)
            played = page.evaluate(PLAY, SECONDS)
            found.setdefault("frames a second", []).append(played["frames"])
            found.setdefault("steps a second", []).append(played["steps"])
            page.goto("about:blank")
            page.goto(f"{path.as_uri()}#{DIGITS}")
            while page.evaluate("document.body.playground?.controller.state.frame?.settings.data") != "digits":
                page.wait_for_timeout(50)
            found.setdefault("seconds of 6,000 digits", []).append(page.evaluate(EPOCH))
            page.get_by_role("button", name="Reset", exact=True).click()
            page.get_by_label("Speed").select_option("fast")
            start = time.perf_counter()
            page.get_by_role("button", name="Play", exact=True).click()
            while (page.evaluate("document.body.playground.controller.state.frame?.test.score") or 0) < 0.95:
                page.wait_for_timeout(50)
                if time.perf_counter() - start > 120:
                    break
            found.setdefault("seconds to 95% of the digits", []).append(time.perf_counter() - start)
            browser.close()
    return found


if __name__ == "__main__":
    sys.exit(main())
