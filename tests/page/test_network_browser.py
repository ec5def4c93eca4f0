"""The drawing pad and the sliders for columns in a real browser, by true gestures."""

import json
from pathlib import Path

import numpy as np
import pytest

from cutaway.page import NetworkData
from cutaway.page.bundle import Bundle

pytestmark = pytest.mark.browser

PAGE = Path(__file__).parents[2] / "cutaway" / "page"
ORIGIN = "http://page.test/"

HTML = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Parts</title>
<link rel="stylesheet" href="templates/page.css"><link rel="stylesheet" href="templates/network.css"></head>
<body><main id="host"></main><script type="module">SCRIPT</script></body></html>"""

PAD = """
import { announceScheme } from "./core/scheme.js";
import { DrawingPad } from "./network/drawing_pad.js";
Object.assign(globalThis, { announceScheme, sheets: [] });
const onStroke = (sheet) => (sheets[sheets.length] = sheet.values.slice());
globalThis.pad = new DrawingPad(document.getElementById("host"), { onStroke, label: "Draw a digit" });
"""

SLIDERS = """
import { ColumnSliders } from "./network/column_sliders.js";
import { prepareRow } from "./network/preparing.js";
globalThis.rows = [];
const onChange = (cells) => (rows[rows.length] = cells);
globalThis.sliders = new ColumnSliders(document.getElementById("host"), CONTROLS, onChange);
sliders.write(CELLS);
"""

CONTROLS = """[
  { column: "age", kind: "number", low: 18, high: 90, step: 1, start: 40, missing: false,
    quantiles: [20, 30, 45, 60, 80] },
  { column: "income", kind: "number", low: 0, high: 100000, step: 200, start: 3000, missing: true,
    quantiles: [500, 1500, 3000, 6000, 20000] },
  { column: "city", kind: "category", values: ["Oslo", "<b>Rome</b>"], other: true, start: "Oslo", missing: true },
  { column: "since", kind: "date", low: 1577836800, high: 1609459200, step: 86400, start: 1590000000, missing: false },
  { column: "note", kind: "text", start: null, missing: true },
]"""


BOTH = f"{PAD}\n{SLIDERS}".replace('getElementById("host"), CONTROLS', "body, CONTROLS")
"""Sliders come after the pad, outside of its host."""


def parts(browser):
    opened, complaints = [], []

    def serve(route):
        path = route.request.url.removeprefix(ORIGIN)
        kinds = {".js": "text/javascript", ".css": "text/css"}
        found = PAGE / path
        if not route.request.url.startswith(ORIGIN) or found.suffix not in kinds:
            complaints.append(route.request.url)
            route.abort()
        else:
            route.fulfill(body=found.read_text(), content_type=kinds[found.suffix])

    def open_page(script, **options):
        context = browser.new_context(**({"viewport": {"width": 800, "height": 900}} | options))
        opened.append(context)
        page = context.new_page()
        page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        context.route("**/*", serve)
        html = HTML.replace("SCRIPT", script)
        page.route(ORIGIN, lambda route: route.fulfill(body=html, content_type="text/html"))
        page.goto(ORIGIN)
        page.wait_for_selector("#host > *")
        return page

    yield open_page
    for context in opened:
        context.close()
    assert complaints == []


@pytest.fixture
def open_part(browser):
    """Open a page with a part of the network's view; modules are served from disk, and nothing else is."""
    yield from parts(browser)


@pytest.fixture(scope="module")
def both(browser):
    """A page with a pad and sliders, which two tests share."""
    opening = parts(browser)
    yield next(opening)(BOTH.replace("CONTROLS", CONTROLS).replace("CELLS", "{}"))
    next(opening, None)


def last_sheet(page):
    page.evaluate("() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))")
    return np.array(page.evaluate("sheets.length ? Array.from(sheets.at(-1)) : []"), np.uint8).reshape(-1, 280)


def draw(page, points):
    box = page.locator("canvas").bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=8)
    page.mouse.up()


def test_the_mouse_draws_where_it_is(both):
    page = both
    draw(page, [(0.2, 0.5), (0.8, 0.5)])
    sheet = last_sheet(page)
    rows, columns = np.flatnonzero(sheet.any(axis=1)), np.flatnonzero(sheet.any(axis=0))
    assert abs(rows.mean() - 139.5) < 2
    assert (columns[0], columns[-1]) == (pytest.approx(0.2 * 280 - 12, abs=3), pytest.approx(0.8 * 280 + 12, abs=3))
    assert sheet[140, 60:220].min() == 255
    shown = page.locator("canvas").screenshot()
    draw(page, [(0.5, 0.2), (0.5, 0.8)])
    both = last_sheet(page)
    assert both[100, 140] == 255
    assert page.locator("canvas").screenshot() != shown
    page.get_by_role("button", name="Undo").click()
    np.testing.assert_array_equal(last_sheet(page), sheet)
    page.get_by_role("button", name="Clear").click()
    assert not last_sheet(page).any()


@pytest.mark.exhaustive
def test_a_pen_that_follows_is_as_wide_as_suits_the_drawing(open_part):
    page = open_part(PAD.replace("onStroke, label", "onStroke, penFollows: true, label"))
    draw(page, [(0.3, 0.4), (0.6, 0.4)])
    small = last_sheet(page)
    thin = (small[:, round(0.35 * 280)] > 127).sum()
    assert thin == pytest.approx(2 * 0.07 * 0.3 * 280, abs=1)
    draw(page, [(0.45, 0.4), (0.45, 0.9)])
    both = last_sheet(page)
    wide = (both[:, round(0.35 * 280)] > 127).sum()
    assert wide == pytest.approx(2 * 0.07 * 0.5 * 280, abs=2), "the first stroke as well"
    shown = page.evaluate(
        """() => {
          const { width, height } = pad.canvas;
          const { data } = pad.canvas.getContext("2d").getImageData(Math.round(0.35 * width), 0, 1, height);
          return data.filter((value, i) => i % 4 === 3 && value > 127).length / height;
        }"""
    )
    assert shown == pytest.approx(wide / 280, abs=0.01), "the screen shows what is handed on"
    page.get_by_role("button", name="Undo").click()
    np.testing.assert_array_equal(last_sheet(page), small)


@pytest.mark.exhaustive
def test_a_finger_draws_and_the_page_does_not_scroll(open_part):
    page = open_part(PAD, has_touch=True, device_scale_factor=2)
    page.evaluate("document.body.style.minHeight = '3000px'")
    box = page.locator("canvas").bounding_box()
    page.touchscreen.tap(box["x"] + 0.25 * box["width"], box["y"] + 0.75 * box["height"])
    sheet = last_sheet(page)
    assert (sheet[210, 70], sheet[70, 210]) == (255, 0)
    client = page.context.new_cdp_session(page)
    places = [(box["x"] + 100, box["y"] + 40 + 10 * step) for step in range(15)]
    for kind, (x, y) in zip(["touchStart", *["touchMove"] * 13], places, strict=False):
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert last_sheet(page).sum() > 3 * sheet.sum()
    assert page.evaluate("scrollY") == 0
    assert page.evaluate("pad.canvas.width") == 2 * page.evaluate("pad.canvas.clientWidth")


@pytest.mark.exhaustive
def test_a_pen_draws_wider_when_it_is_pressed(open_part):
    page = open_part(PAD)
    areas = []
    for pressure in (0.1, 0.9):
        page.evaluate("pad.clear()")
        page.evaluate(
            """(pressure) => {
              const box = pad.canvas.getBoundingClientRect();
              pad.canvas.setPointerCapture = () => {};
              const [clientX, clientY] = [box.left + box.width / 2, box.top + box.height / 2];
              const pen = { pointerType: "pen", pointerId: 7, button: 0, pressure, clientX, clientY, bubbles: true };
              for (const kind of ["pointerdown", "pointerup"]) pad.canvas.dispatchEvent(new PointerEvent(kind, pen));
            }""",
            pressure,
        )
        areas.append(last_sheet(page).sum() / 255)
    assert areas[1] / areas[0] == pytest.approx((1.4 / 0.6) ** 2, rel=0.05)


@pytest.mark.exhaustive
def test_the_keyboard_draws(open_part):
    page = open_part(PAD)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement === pad.canvas")
    page.keyboard.press("ArrowLeft")
    assert len(last_sheet(page)) == 0, "the pen is up"
    page.keyboard.press("Space")
    assert page.get_by_role("status").inner_text() == "Pen down"
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    sheet = last_sheet(page)
    assert sheet[140, 135:185].min() == 255
    assert sheet[165, 189] == 255
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    np.testing.assert_array_equal(last_sheet(page), sheet)
    page.keyboard.press("Space")
    page.keyboard.press("Backspace")
    np.testing.assert_array_equal(last_sheet(page), sheet)
    page.keyboard.press("Control+z")
    assert not last_sheet(page).any()
    canvas = page.get_by_role("application", name="Draw a digit")
    assert "arrow keys" in page.locator(f"#{canvas.get_attribute('aria-describedby')}").inner_text()


@pytest.mark.exhaustive
@pytest.mark.parametrize("width", [360, 1440])
def test_the_ink_has_the_color_of_the_text_in_both_schemes(open_part, width):
    page = open_part(PAD, color_scheme="dark", viewport={"width": width, "height": 800})
    draw(page, [(0.2, 0.5), (0.8, 0.5)])
    last_sheet(page)
    page.evaluate(
        """() => {
          const copy = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
          globalThis.ink = () => {
            copy.drawImage(pad.canvas, -pad.canvas.width / 2, -pad.canvas.height / 2);
            return Array.from(copy.getImageData(0, 0, 1, 1).data.slice(0, 3));
          };
        }"""
    )
    assert min(page.evaluate("ink()")) > 200
    page.evaluate("document.documentElement.dataset.scheme = 'light'; announceScheme()")
    page.wait_for_function("Math.max(...ink()) < 60")
    page.emulate_media(color_scheme="light")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def cells(page):
    page.evaluate("() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))")
    return page.evaluate("rows.at(-1) ?? null")


def open_sliders(open_part, given="{}", **options):
    return open_part(SLIDERS.replace("CONTROLS", CONTROLS).replace("CELLS", given), **options)


def test_sliders_change_the_cells_of_a_row(both):
    page = both
    start = {"age": 40, "income": 3000, "city": "Oslo", "since": 1_589_932_800, "note": None}
    assert page.evaluate("sliders.cells") == start
    age = page.get_by_role("slider", name="age", exact=True)
    age.focus()
    page.keyboard.press("ArrowRight")
    assert cells(page)["age"] == 41
    page.get_by_role("spinbutton", name="age, typed").fill("77.5")
    assert cells(page)["age"] == 77.5
    assert age.input_value() in ("77", "78")
    page.get_by_label("city").select_option("<b>Rome</b>")
    assert cells(page)["city"] == "<b>Rome</b>"
    assert page.locator("b").count() == 0
    page.get_by_label("city").select_option("not known")
    assert cells(page)["city"] is None
    page.get_by_label("since, typed").fill("2020-12-24")
    assert cells(page)["since"] == 1608768000
    page.get_by_label("note", exact=True).fill(" hello ")
    assert cells(page)["note"] == "hello"
    page.get_by_role("checkbox", name="income is not known").check()
    assert cells(page)["income"] is None
    assert page.get_by_role("slider", name="income", exact=True).is_disabled()
    page.get_by_role("button", name="Usual values").click()
    assert (cells(page)["age"], cells(page)["income"], cells(page)["city"]) == (40, 3000, "Oslo")
    page.evaluate('sliders.write({ age: 22, income: null, city: "Lima", since: "2020-03-01" })')
    shown = {"age": 22, "income": None, "city": "\0other", "since": 1583020800}
    assert page.evaluate("sliders.cells").items() >= shown.items()


@pytest.mark.exhaustive
def test_the_slider_of_a_skewed_column_gives_every_part_of_the_samples_room(open_part):
    page = open_sliders(open_part)
    income = page.get_by_role("slider", name="income", exact=True)
    assert income.input_value() == "100", "the median is in the middle"
    for place, value in (("0", 0), ("20", 600), ("140", 6000), ("180", 20000), ("200", 100000)):
        income.fill(place)
        assert cells(page)["income"] == value
        assert income.get_attribute("aria-valuetext") == str(value)


@pytest.mark.exhaustive
def test_a_row_of_the_data_is_shown(open_part):
    row = '{ age: 22, income: null, city: "Lima", since: "2020-03-01", note: "x" }'
    page = open_sliders(open_part, row, viewport={"width": 360, "height": 800})
    assert page.evaluate("sliders.cells") == {
        "age": 22,
        "income": None,
        "city": "\0other",
        "since": 1583020800,
        "note": "x",
    }
    page.evaluate("sliders.write({ income: 5000 })")
    assert page.evaluate("sliders.cells.income") == 5000
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.exhaustive
def test_names_without_a_printable_form_are_shown_escaped_and_read_as_they_are(open_part):
    column, value = "ci\u202ety\x1b[2J", "Ro\u2066me\x00"
    control = {"column": column, "kind": "category", "values": ["Oslo", value], "other": False, "missing": False}
    number = {"column": "a\x07ge", "kind": "number", "low": 0, "high": 9, "step": 1, "start": 4, "missing": True}
    preparation = {"steps": [], "controls": [control | {"start": value}, number]}
    data = NetworkData({}, (), preparation, None).document(Bundle())["preparation"]
    page = open_part(SLIDERS.replace("CONTROLS", json.dumps(data["controls"])).replace("CELLS", "{}"))
    assert page.locator("label").all_inner_texts() == [r"ci\u202ety\x1b[2J", r"a\x07ge", "not known"]
    assert page.locator("option").all_inner_texts() == ["Oslo", r"Ro\u2066me\x00"]
    labels = [each.get_attribute("aria-label") for each in page.locator("[aria-label]").all()]
    assert labels == [r"a\x07ge, typed", r"a\x07ge is not known"]
    assert page.evaluate("sliders.cells") == {column: value, "a\x07ge": 4}
