"""Digits drawn on the pad of a real report, by pointer events: what the model in the page takes them for."""

import numpy as np
import pytest

import cutaway as ct

from .scripted_digits import scripted_digit

pytestmark = pytest.mark.browser

JUDGED = 20_261
"""Seed of the 40 drawings that are counted. Nothing was chosen by what becomes of them."""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    def train(name):
        return ct.train_recipe(name, seed=0, runs=tmp_path_factory.mktemp(name), progress=False)

    return train


@pytest.fixture
def sheet(browser, visit):
    def open_sheet(run):
        opened = visit(browser, path=run.report(progress=False))
        opened.page.locator(".trial summary").click()
        opened.page.locator(".drawing-sheet").scroll_into_view_if_needed()
        return opened

    return open_sheet


def draw(opened, strokes, *, pressure):
    """Draw with a mouse, or with a pen where there is a pressure, and return the most probable class."""
    page = opened.page
    box = page.locator(".drawing-sheet").bounding_box()
    pen = {"button": "left", "pointerType": "mouse" if pressure is None else "pen"}
    if pressure is not None:
        pen["force"] = pressure
    client = page.context.new_cdp_session(page)
    for stroke in strokes:
        places = [{"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]} for x, y in stroke.tolist()]
        sent = [
            ("mousePressed", places[0]),
            *(("mouseMoved", place) for place in places),
            ("mouseReleased", places[-1]),
        ]
        for kind, place in sent:
            held = {"buttons": 0 if kind == "mouseReleased" else 1, "clickCount": 1}
            client.send("Input.dispatchMouseEvent", {"type": kind} | pen | held | place)
    client.detach()
    page.evaluate("() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))")
    found = page.locator(".trial .probabilities .bar-name").first.inner_text()
    page.get_by_role("button", name="Clear").last.click()
    return found


def count_right(opened, *, drawings, seed):
    """How many drawings of the digits in turn are recognized, and what the others are taken for."""
    generator, wrong = np.random.default_rng(seed), []
    for number in range(drawings):
        digit = number % 10
        pressure = None if number % 4 else generator.uniform(0.2, 0.8)
        found = draw(opened, scripted_digit(digit, generator), pressure=pressure)
        if found != str(digit):
            wrong.append((number, digit, found))
    return drawings - len(wrong), wrong
