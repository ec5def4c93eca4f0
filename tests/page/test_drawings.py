"""Digits drawn on the pad of a real report, by pointer events: what the model in the page takes them for."""

import numpy as np
import pytest

from cutaway.api.train import train_recipe

from .scripted_digits import scripted_digit

pytestmark = [pytest.mark.browser, pytest.mark.exhaustive]

JUDGED = 20_261
"""Seed of the 40 drawings that are counted. Nothing was chosen by what becomes of them."""


@pytest.fixture(scope="module", params=["mnist", "digits"])
def run(request, tmp_path_factory):
    """What `cutaway train` makes of a dataset."""
    return train_recipe(request.param, seed=0, runs=tmp_path_factory.mktemp("runs"), progress=False)


def open_sheet(browser, visit, path):
    # few samples and a small window: in a browser without a GPU, what changes on the map takes longer than all else
    opened = visit(browser, path=path, viewport={"width": 420, "height": 640})
    opened.page.locator(".new-sample > summary").click()
    return opened


def draw(opened, strokes, *, pressure):
    """Draw with a mouse, or with a pen where there is a pressure, and return the most probable class."""
    page = opened.page
    page.locator(".drawing-sheet").scroll_into_view_if_needed()
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
    found = page.locator(".new-sample .probabilities .bar-name").first.inner_text()
    page.get_by_role("button", name="Clear").last.click()
    opened.wait("document.querySelector('.new-sample .probabilities') === null")  # the page has become shorter by then
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


def test_forty_drawings_are_recognized(browser, visit, run):
    opened = open_sheet(browser, visit, run.report(samples=300, progress=False))
    right, wrong = count_right(opened, drawings=40, seed=JUDGED)
    assert right >= {"mnist": 38, "digits": 30}[run.data.name], wrong
    opened.check_quiet()


def draw_line(page):
    """Draw a one with the mouse."""
    (stroke, *_) = scripted_digit(1, np.random.default_rng(0))
    page.locator(".drawing-sheet").scroll_into_view_if_needed()
    box = page.locator(".drawing-sheet").bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke.tolist()]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places:
        page.mouse.move(*place)
    page.mouse.up()


def test_another_unit_of_a_drawing_is_looked_at(browser, visit, digits_report):
    opened = open_sheet(browser, visit, digits_report)
    page = opened.page
    draw_line(page)
    page.locator(".new-sample .step canvas.units").first.click(position={"x": 3, "y": 3})
    page.locator(".new-sample .unit-choice input").first.fill("3")
    page.locator(".new-sample .unit-choice input").first.press("Enter")
    opened.wait("document.querySelector('.new-sample .unit-step figcaption').textContent.startsWith('Unit 3 of')")
    words = page.locator(".new-sample .unit-step").inner_text()
    assert ("It passes on most to unit" in words) != ("so it passes on nothing" in words)
    opened.check_quiet()


def test_pixels_are_changed_until_the_model_says_another_class(browser, visit, digits_report):
    opened = open_sheet(browser, visit, digits_report)
    page = opened.page
    draw_line(page)
    before = page.locator(".new-sample .probabilities .bar-name").first.inner_text()
    target = "8" if before != "8" else "3"
    page.locator(".adversarial summary").click()
    page.get_by_label("Until it says").select_option(target)
    page.get_by_role("button", name="Change the pixels", exact=True).click()
    status, button = (
        f"document.querySelector('.adversarial {each}').textContent" for each in ("[role=status]", "button")
    )
    opened.wait(f"{button} === 'Change the pixels' && {status}.startsWith('Step')")
    assert f": {target} with " in page.evaluate(status)
    assert page.locator(".new-sample .probabilities .bar-name").first.inner_text() == target
    page.get_by_role("button", name="Back to the drawing").click()
    opened.wait(f"document.querySelector('.new-sample .probabilities .bar-name').textContent === '{before}'")
    opened.check_quiet()
