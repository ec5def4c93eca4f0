"""The map of samples in a browser, in turn with BokehJS on the same points: ``python -m benchmarks page``.

A Chromium without a window and with WebGL in software opens a small page with the map's modules, or with the figure of
`plots.embedding_scatter_bokeh` (WebGL), 900 x 700 pixels large. Both do the same actions; what is timed ends when the
pixels are there. The map chooses its painter itself ("auto", which is Canvas2D where WebGL has no GPU); WebGL is
measured beside it. Targets hold for what it chooses.
"""

import base64
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import keep, machine, ratio, spread, verdict
from cutaway.page.explorer import scale_layout
from cutaway.page.linking import link
from cutaway.page.resources import read_module
from cutaway.plots import embedding_scatter_bokeh

ROUNDS = 5
COUNT, LARGE = 70_000, 1_000_000
WIDTH, HEIGHT = 900, 700
SELECTED = 5_000
STEPS = 1_000
SIZE, SMALL = 2.4, 1.0
FLAGS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-background-networking"]
OURS = ("auto", "webgl2")
TARGETS = {
    "paint": 600,
    "pan": 100,
    "zoom": 100,
    "hover": 5,
    "lasso": 20,
    "recolor": 150,
    "step": 150,
}
"""The most milliseconds of each action on 70,000 points."""

FRAMES = 12
"""The fewest frames a second of an animation."""

LARGE_TARGETS = {"paint": 4_000, "pan": 1_000}
GROWTH = 1.0
"""The most megabytes by which the heap may grow in 1,000 steps."""

PAGE = """<!doctype html><meta charset="utf-8">
<style>body {{ margin: 0 }} #stage {{ width: {width}px; height: {height}px }}</style>
<div id="stage"></div>
<script type="application/json" id="data">{data}</script>
<script type="application/json" id="item">{item}</script>
<script>{script}</script>
<script>
const stage = document.getElementById("stage");
const data = JSON.parse(document.getElementById("data").textContent);
</script>
"""


def points(count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Ten clouds of points, one a class."""
    rng = np.random.default_rng(0)
    labels = np.arange(count) % 10
    centers = (
        6
        * np.stack([np.cos(np.arange(10) * 2.4), np.sin(np.arange(10) * 2.4)], axis=1)
        * (1 + np.arange(10))[:, None]
        / 10
    )
    return (centers[labels] + rng.normal(size=(count, 2))).astype(np.float32), labels


def lasso(layout: NDArray[np.uint16]) -> list[float]:
    """Center and radius, in pixels, of a circle that holds 5,000 points of a map that shows everything."""
    screen = (layout / 65535 - 0.5) * 0.94 * min(WIDTH, HEIGHT) * [1, -1] + [WIDTH / 2, HEIGHT / 2]
    center = np.median(screen, axis=0)
    distances = np.linalg.norm(screen - center, axis=1)
    return [*center.tolist(), float(np.partition(distances, SELECTED)[SELECTED])]


def text(array: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def write_pages(room: Path, count: int) -> dict[str, Path]:
    """A page with the map, and one with the figure of Bokeh."""
    from bokeh.core.types import ID
    from bokeh.embed import json_item
    from bokeh.resources import Resources

    xy, labels = points(count)
    turned = [
        xy @ np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]], np.float32) for a in (0.0, 0.4, 0.8, 1.2)
    ]
    layouts = [scale_layout(each) for each in turned]
    style = {"size": SIZE if count <= COUNT else SMALL, "alpha": 0.6}
    data = {
        "layouts": [text(each) for each in layouts],
        "codes": text(labels.astype(np.uint8)),
        "style": style,
        "lasso": lasso(layouts[0]),
    }
    actions = Path(__file__).with_name("page_actions.js").read_text()
    figure = embedding_scatter_bokeh(xy, labels, [str(k) for k in range(10)])
    figure.update(width=WIDTH, height=HEIGHT, sizing_mode="fixed", styles={}, toolbar_location=None)
    renderers: list[Any] = figure.renderers
    for renderer in renderers:
        renderer.glyph.size = style["size"]
    library = "\n".join(Resources(mode="inline", components=["bokeh", "bokeh-gl"], log_level="warn").js_raw)
    scripts = {"ours": link("map/map.js", read_module), "bokeh": library}
    items: dict[str, Any] = {"ours": None, "bokeh": json_item(figure, target=ID("stage"))}
    paths = {name: room / f"{name}-{count}.html" for name in scripts}
    for name, path in paths.items():
        script = f"{scripts[name]}\n{actions}".replace("</script", "<\\/script")
        item = json.dumps(items[name])
        path.write_text(
            PAGE.format(width=WIDTH, height=HEIGHT, data=json.dumps(data), item=item, script=script), "utf-8"
        )
    return paths


@contextmanager
def opened(browser: Any, path: Path) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT})
    page = context.new_page()
    page.set_default_timeout(600_000)
    page.goto(path.as_uri())
    yield page
    context.close()


def heap(page: Any) -> float:
    """Megabytes of the heap after its garbage is collected."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    return session.send("Runtime.getHeapUsage")["usedSize"] / 2**20


def time_actions(browser: Any, pages: dict[str, Path]) -> tuple[dict[str, dict[str, list[float]]], dict[str, str]]:
    """Name -> action -> milliseconds of each round, and which painter each used."""
    times: dict[str, dict[str, list[float]]] = {name: {} for name in (*OURS, "bokeh")}
    painters: dict[str, str] = {}
    for round_ in range(ROUNDS):
        for name, taken in times.items():
            with opened(browser, pages["bokeh" if name == "bokeh" else "ours"]) as page:
                found = page.evaluate(f"timeActions('{name}', data)")
            for action, value in found["taken"].items():
                taken.setdefault(action, []).append(value)
            painters[name] = found["painter"]
            print(f"  round {round_ + 1}: {name} ({found['painter']}), {found['selected']:,} selected", flush=True)
    return times, painters


def time_large(browser: Any, pages: dict[str, Path]) -> dict[str, dict[str, list[float]]]:
    """First paint and pan of a million points: three rounds, of BokehJS one."""
    times: dict[str, dict[str, list[float]]] = {}
    for name in (*OURS, "bokeh", *OURS, *OURS):
        with opened(browser, pages["bokeh" if name == "bokeh" else "ours"]) as page:
            found = page.evaluate(f"timeLarge('{name}', data, {1 if name == 'bokeh' else 5})")
        for action, value in found.items():
            times.setdefault(name, {}).setdefault(action, []).append(value)
    return times


def grown(browser: Any, path: Path) -> dict[str, float]:
    """Megabytes by which the heap grows in 1,000 steps, after 50 others."""
    growth = {}
    for name in OURS:
        with opened(browser, path) as page:
            page.evaluate(f"timeActions('{name}', data)")
            page.evaluate("manySteps(50)")
            before = heap(page)
            page.evaluate(f"manySteps({STEPS})")
            growth[name] = heap(page) - before
    return growth


def report(title: str, times: dict[str, dict[str, list[float]]]) -> None:
    print(f"  {title}")
    for action in times["auto"]:
        unit = "/s" if action == "animate" else "ms"
        row = "; ".join(f"{name} {spread(taken[action], unit=unit, digits=1)}" for name, taken in times.items())
        theirs, ours = times["bokeh"][action], times["auto"][action]
        print(f"    {action:<13} {row}; BokehJS / auto {ratio(theirs, ours[: len(theirs)]):.2f}", flush=True)


def promises(times: dict[str, list[float]], large: dict[str, list[float]], growth: dict[str, float]) -> dict[str, bool]:
    kept = {
        f"{COUNT:,} points, {action}: at most {most} ms": statistics.median(times[action]) <= most
        for action, most in TARGETS.items()
    }
    kept[f"{COUNT:,} points, animate: {FRAMES} frames a second or more"] = statistics.median(times["animate"]) >= FRAMES
    kept |= {
        f"{LARGE:,} points, {action}: at most {most} ms": statistics.median(large[action]) <= most
        for action, most in LARGE_TARGETS.items()
    }
    kept[f"the heap grows by less than {GROWTH} MB in {STEPS:,} steps"] = max(growth.values()) < GROWTH
    return kept


def main() -> int:
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        versions = {"chromium": browser.version, "bokeh": version("bokeh")}
        print(f"the map of samples\n  {machine()}; {versions}")
        pages = write_pages(Path(folder), COUNT)
        times, painters = time_actions(browser, pages)
        report(f"{COUNT:,} points", times)
        result: dict[str, Any] = {"versions": versions, "painters": painters, "load": os.getloadavg(), "ms": times}
        keep("page", result)
        large = time_large(browser, write_pages(Path(folder), LARGE))
        report(f"{LARGE:,} points", large)
        keep("page", {**result, "ms_large": large})
        growth = grown(browser, pages["ours"])
        print(f"  heap after {STEPS:,} steps: " + ", ".join(f"{name} {mb:+.2f} MB" for name, mb in growth.items()))
        keep("page", {**result, "ms_large": large, "heap_growth_mb": growth})
        browser.close()
    return verdict(promises(times["auto"], large["auto"], growth))


if __name__ == "__main__":
    sys.exit(main())
