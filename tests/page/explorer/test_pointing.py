"""Samples that are pointed at, clicked, selected and walked through in a real browser."""

import csv
from dataclasses import replace

import pytest

pytestmark = pytest.mark.browser

COUNT = 90


def test_a_pointer_shows_the_sample_with_its_image_label_and_prediction(opened, hostile):
    opened.page.mouse.move(*opened.place(40))
    card = opened.page.locator(".sample-card")
    card.locator("h3").wait_for()
    assert card.locator("h3").inner_text() == "test[40]"
    assert card.locator("dd").all_inner_texts() == [hostile, f"{hostile}, 56.0%", "note 40"]
    assert (
        opened.page.evaluate("document.querySelector('.card-image').getContext('2d').getImageData(0, 0, 1, 1).data[0]")
        == 80
    )


def test_a_click_pins_a_sample_with_its_neighbors_and_the_next_click_goes_there(opened):
    opened.page.mouse.click(*opened.place(40))
    assert opened.state("pinned") == 40
    assert "dense after epoch 2" in opened.page.locator(".neighbors h4").inner_text()
    near = opened.page.locator(".neighbors .sample")
    assert [near.nth(k).get_attribute("title").split(":")[0] for k in range(2)] == ["test[43]", "test[46]"]
    near.nth(1).click()
    assert opened.state("pinned") == 46
    opened.page.get_by_role("button", name="Close").click()
    assert opened.state("pinned") == -1


@pytest.mark.exhaustive
def test_a_lasso_selects_shift_adds_and_alt_removes(opened):
    left, right = opened.place(0)[0], opened.place(2)[0]
    top, bottom = opened.place(89)[1] - 9, opened.place(0)[1] + 9

    def around(x, keys):
        opened.drag((x - 20, top), (x + 20, top), (x + 20, bottom), (x - 20, bottom), keys=keys)
        return opened.state("selection")

    assert around(left, ["Shift"]) == list(range(0, 90, 3))
    assert around(right, ["Shift"]) == sorted([*range(0, 90, 3), *range(2, 90, 3)])
    assert around(left, ["Alt"]) == list(range(2, 90, 3))
    opened.page.get_by_role("button", name="Lasso").click()
    assert around(left, []) == list(range(0, 90, 3))
    assert opened.page.locator(".selection h3").inner_text() == "30 samples selected"
    assert "red: 30" in opened.page.locator(".selection .labels").inner_text()


def test_a_box_selects_and_the_selection_can_be_inverted_saved_and_cleared(opened, hostile):
    opened.page.get_by_role("button", name="Box").click()
    (x, y), (_, above) = opened.place(0), opened.place(15)
    opened.drag((x - 9, y + 9), (x + 9, above - 2))
    assert opened.state("selection") == [0, 3, 6, 9, 12, 15]
    opened.page.get_by_role("button", name="Invert").click()
    assert len(opened.state("selection")) == COUNT - 6
    opened.page.get_by_role("button", name="Invert").click()
    with opened.page.expect_download() as download:
        opened.page.get_by_role("button", name="Save as CSV").click()
    with open(download.value.path(), newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["sample"] for row in rows] == [f"test[{i}]" for i in (0, 3, 6, 9, 12, 15)]
    assert rows[1] == {
        "sample": "test[3]", "label": "red", "predicted": hostile, "right": "wrong",
        "confidence": rows[1]["confidence"], "note": "note 3", "price in €": "0.3", "customer": "8589934595",
    }  # fmt: skip
    assert float(rows[1]["confidence"]) == pytest.approx(0.2 + 0.8 * 3 / 89)
    opened.page.get_by_role("button", name="Clear").click()
    assert opened.page.locator(".selection").is_hidden()


def test_everything_can_be_done_with_the_keyboard(opened):
    opened.page.locator(".map").evaluate("host => host.shadowRoot.getElementById('top').focus()")
    press = opened.page.keyboard.press
    press("n")
    first = opened.state("hovered")
    assert first >= 0
    said = opened.page.locator(".map").evaluate("host => host.shadowRoot.getElementById('said').textContent")
    assert said.startswith(f"test[{first}], labeled ")
    press("n")
    second = opened.state("hovered")
    assert second == first + 1
    press("Enter")
    assert opened.state("pinned") == second
    press("Shift+Enter")
    press("N")
    press("Shift+Enter")
    assert opened.state("selection") == [first, second]
    before = opened.page.evaluate("explorer.map.view.scale")
    press("+")
    assert opened.page.evaluate("explorer.map.view.scale") == pytest.approx(1.4 * before)
    press("0")
    assert opened.page.evaluate("explorer.map.view.scale") == pytest.approx(before)
    press("ArrowRight")
    assert opened.page.evaluate("explorer.map.view.x") > 0.5
    press("Escape")
    assert opened.state("selection") == []
    assert opened.state("pinned") == -1


def test_zooming_by_keyboard_keeps_the_pinned_sample_in_view(opened):
    opened.page.mouse.click(*opened.place(89))
    place = "explorer.map.toScreen(89)"
    before = opened.page.evaluate(place)
    for _ in range(6):
        opened.page.keyboard.press("+")
    assert opened.page.evaluate("explorer.map.view.zoomed") > 7
    assert opened.page.evaluate(place) == pytest.approx(before, abs=1)
    for _ in range(30):
        opened.page.keyboard.press("ArrowRight")
    opened.page.keyboard.press("-")
    inside = "({ width, height }) => (([x, y]) => x >= 0 && y >= 0 && x <= width && y <= height)"
    assert opened.page.evaluate(f"({inside})(explorer.map.view)({place})"), "also once it was moved away"


# resolves once the page has not been scrolled for ten frames
STILL = """async () => {
  for (let last = -1, still = 0; still < 10; ) {
    await new Promise(requestAnimationFrame);
    still = scrollY === last ? still + 1 : 0;
    last = scrollY;
  }
}"""


@pytest.mark.exhaustive
def test_the_wheel_zooms_once_the_map_has_the_focus_and_two_fingers_always(open_explorer):
    opened = open_explorer(has_touch=True)
    x, y = opened.place(40)
    opened.page.mouse.move(x, y)
    opened.page.mouse.wheel(0, -200)
    opened.page.wait_for_timeout(100)
    assert opened.page.evaluate("explorer.map.view.zoomed") == pytest.approx(1)
    opened.page.evaluate(STILL)
    x, y = opened.place(40)
    opened.page.mouse.click(x, y)
    opened.page.mouse.wheel(0, -200)
    opened.wait("explorer.map.view.zoomed > 1.3")
    after = opened.place(40)
    assert after == (pytest.approx(x, abs=3), pytest.approx(y, abs=3)), "what is under the pointer stays there"


@pytest.mark.exhaustive
def test_samples_that_are_no_images_and_one_epoch_have_no_slider(open_explorer, record):
    layers = tuple(replace(layer, layouts=layer.layouts[:1], measures=()) for layer in record.layers)
    columns = tuple(replace(column, values=column.values[:1]) for column in record.columns)
    given = {"layers": layers, "columns": columns, "epochs": (5,), "kept": 0, "images": None, "neighbors": None}
    opened = open_explorer(record=replace(record, **given))
    assert opened.page.locator(".timeline").count() == 0
    opened.page.mouse.click(*opened.place(40))
    assert opened.page.locator(".card-image").count() == 0
    assert opened.page.locator(".sample-card h3").inner_text() == "test[40]"
    opened.check_quiet()
