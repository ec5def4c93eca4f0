"""The explorer in a real browser: each view by at least one gesture, with what it changes."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from cutaway.errors import UsageError
from cutaway.page import Card, Cards, Explorer, LayerMap, Matrix, Page, SampleColumn, Text, scale_layout

pytestmark = pytest.mark.browser

COUNT, EPOCHS = 90, (0, 1, 2)
LABELS = np.arange(COUNT) % 3
HOSTILE = "</script><img src=x onerror='hacked = 1'>"
NAMES = ("red", HOSTILE, "blue")


def _layout(epoch):
    """Three columns of points, the farther apart the later the epoch; sample i is in column i % 3 and row i // 3."""
    x = 0.5 + (LABELS - 1) * (0.1 + 0.15 * epoch)
    y = (np.arange(COUNT) // 3 + 1) / 31
    return np.rint(np.stack([x, y], axis=1) * 65535).astype(np.uint16)


SECOND_MAP = """(options) => {
  const host = document.createElement("div");
  host.style.cssText = "width: 300px; height: 300px";
  document.body.append(host);
  const { surface, count } = explorer.map;
  const other = new explorer.map.constructor(host, { count, palette: surface.palette, ...options });
  other.transition.add("a", explorer.layouts.loaded.get("1/2"));
  window.other = other;
}"""
"""A map beside the one of the explorer, 300 pixels wide."""


@pytest.fixture(scope="module")
def record(colors):
    predicted = np.stack([np.zeros(COUNT, int), np.where(np.arange(COUNT) < 30, LABELS, 0), LABELS])
    predicted[2, :4] = (LABELS[:4] + 1) % 3
    columns = (
        SampleColumn(
            key="label", title="Label", kind="category", values=(LABELS,), names=NAMES, palette="classes"
        ),
        SampleColumn(
            key="predicted", title="Prediction", kind="category", values=tuple(predicted), names=NAMES,
            palette="classes",
        ),
        SampleColumn(
            key="right", title="Right or wrong", kind="category", values=tuple((predicted != LABELS).astype(int)),
            names=("right", "wrong"), palette="right",
        ),
        SampleColumn(
            key="confidence", title="Confidence", kind="number",
            values=tuple(np.linspace(0.2, 1, COUNT) * (1 + e) / 3 for e in EPOCHS),
        ),
        SampleColumn(key="note", title="Note", kind="text", values=(tuple(f"note {i}" for i in range(COUNT)),)),
        SampleColumn(key="column0", title="price in €", own=True, kind="number", values=(np.arange(COUNT) / 10,)),
        SampleColumn(key="column1", title="customer", own=True, kind="number", values=(2**33 + np.arange(COUNT),)),
    )  # fmt: skip
    layers = (
        LayerMap(name="input", title="Input", detail="64 values", layouts=(_layout(0),)),
        LayerMap(
            name="dense", title="dense", detail="5 units, 1 inactive", layouts=tuple(map(_layout, EPOCHS)),
            measures=(("Probe accuracy", (0.1, None, 0.9)),),
        ),
    )  # fmt: skip
    return Explorer(
        name="explore",
        title="Samples",
        names=tuple(f"test[{i}]" for i in range(COUNT)),
        epochs=EPOCHS,
        kept=2,
        columns=columns,
        layers=layers,
        layer=1,
        details=("note",),
        pictures=(np.arange(COUNT, dtype=np.uint8) * 2)[:, None, None] * np.ones((8, 8), np.uint8),
        neighbors=np.stack([(np.arange(COUNT) + k) % COUNT for k in (3, 6)], axis=1),
        neighbors_in="dense",
        colors=colors,
    )


@pytest.fixture
def open_explorer(visit, browser, record):
    def open_page(**options):
        opened = visit(browser, page=Page(title="A run", sections=(options.pop("record", record),)), **options)
        opened.page.evaluate("window.explorer = document.querySelector('.explorer').explorer")
        opened.page.locator(".map").scroll_into_view_if_needed()
        return opened

    return open_page


def _state(opened, name):
    return opened.page.evaluate(
        f"(() => {{ const v = explorer.store.state.{name}; return ArrayBuffer.isView(v) ? [...v] : v; }})()"
    )


def _place(opened, sample):
    """Where a sample is in the window."""
    opened.wait("explorer.map.transition.t === 0")
    x, y = opened.page.evaluate(f"explorer.map.toScreen({sample})")
    box = opened.page.locator(".map").bounding_box()
    return box["x"] + x, box["y"] + y


def _drag(opened, *places, keys=()):
    mouse, keyboard = opened.page.mouse, opened.page.keyboard
    for key in keys:
        keyboard.down(key)
    mouse.move(*places[0])
    mouse.down()
    for place in places[1:]:
        mouse.move(*place, steps=4)
    mouse.up()
    for key in keys:
        keyboard.up(key)


def test_a_pointer_shows_the_sample_with_its_picture_label_and_prediction(open_explorer):
    opened = open_explorer()
    opened.page.mouse.move(*_place(opened, 40))
    card = opened.page.locator(".sample-card")
    card.locator("h3").wait_for()
    assert card.locator("h3").inner_text() == "test[40]"
    assert card.locator("dd").all_inner_texts() == [HOSTILE, f"{HOSTILE}, 56.0%", "note 40"]
    assert (
        opened.page.evaluate(
            "document.querySelector('.card-picture').getContext('2d').getImageData(0, 0, 1, 1).data[0]"
        )
        == 80
    )
    assert opened.page.evaluate("window.hacked") is None
    opened.check_quiet()


def test_a_click_pins_a_sample_with_its_neighbors_and_the_next_click_goes_there(open_explorer):
    opened = open_explorer()
    opened.page.mouse.click(*_place(opened, 40))
    assert _state(opened, "pinned") == 40
    assert opened.page.locator(".neighbors h4").inner_text() == "Nearest in dense after epoch 2"
    near = opened.page.locator(".neighbors .sample")
    assert [near.nth(k).get_attribute("title").split(":")[0] for k in range(2)] == ["test[43]", "test[46]"]
    near.nth(1).click()
    assert _state(opened, "pinned") == 46
    opened.page.get_by_role("button", name="Close").click()
    assert _state(opened, "pinned") == -1


def test_a_lasso_selects_shift_adds_and_alt_removes(open_explorer):
    opened = open_explorer()
    left, right = _place(opened, 0)[0], _place(opened, 2)[0]
    top, bottom = _place(opened, 89)[1] - 9, _place(opened, 0)[1] + 9

    def around(x, keys):
        _drag(opened, (x - 20, top), (x + 20, top), (x + 20, bottom), (x - 20, bottom), keys=keys)
        return _state(opened, "selection")

    assert around(left, ["Shift"]) == list(range(0, 90, 3))
    assert around(right, ["Shift"]) == sorted([*range(0, 90, 3), *range(2, 90, 3)])
    assert around(left, ["Alt"]) == list(range(2, 90, 3))
    opened.page.get_by_role("button", name="Lasso").click()
    assert around(left, []) == list(range(0, 90, 3))
    assert opened.page.locator(".selection h3").inner_text() == "30 samples selected"
    assert opened.page.locator(".selection .labels").inner_text() == "By label: red: 30."


def test_a_box_selects_and_the_selection_can_be_inverted_saved_and_cleared(open_explorer):
    opened = open_explorer()
    opened.page.get_by_role("button", name="Box").click()
    (x, y), (_, above) = _place(opened, 0), _place(opened, 15)
    _drag(opened, (x - 9, y + 9), (x + 9, above - 2))
    assert _state(opened, "selection") == [0, 3, 6, 9, 12, 15]
    opened.page.get_by_role("button", name="Invert").click()
    assert len(_state(opened, "selection")) == COUNT - 6
    opened.page.get_by_role("button", name="Invert").click()
    with opened.page.expect_download() as download:
        opened.page.get_by_role("button", name="Save as CSV").click()
    with open(download.value.path(), newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["sample"] for row in rows] == [f"test[{i}]" for i in (0, 3, 6, 9, 12, 15)]
    assert rows[1] == {
        "sample": "test[3]", "label": "red", "predicted": HOSTILE, "right": "wrong",
        "confidence": rows[1]["confidence"], "note": "note 3", "price in €": "0.3", "customer": "8589934595",
    }  # fmt: skip
    assert float(rows[1]["confidence"]) == pytest.approx(0.2 + 0.8 * 3 / 89)
    opened.page.get_by_role("button", name="Clear").click()
    assert opened.page.locator(".selection").is_hidden()


def test_colors_follow_the_column_and_the_epoch(open_explorer):
    opened = open_explorer()

    def color(sample):
        return opened.page.evaluate(
            f"[...explorer.map.surface.palette.subarray(4 * explorer.map.surface.codes[{sample}]).slice(0, 3)]"
        )

    assert color(1) == [0x20, 0xA0, 0x20]
    opened.page.locator(".toolbar select").select_option("right")
    assert (color(0), color(40)) == ([0xFF, 0x88, 0], [0x77] * 3)
    opened.page.get_by_role("button", name="Epoch before").click()
    assert color(40) == [0xFF, 0x88, 0]
    opened.page.locator(".toolbar select").select_option("confidence")
    lowest, highest = color(0), color(89)
    assert lowest[0] < highest[0]
    assert opened.page.locator(".ramp-ends").inner_text().split() == ["0.0667", "1"]


def test_the_search_hides_what_it_does_not_find(open_explorer):
    opened = open_explorer()
    search = opened.page.get_by_role("searchbox")

    def shown(text):
        search.fill(text)
        return opened.page.evaluate("[...explorer.map.states].flatMap((s, i) => s & 1 ? [] : [i])")

    assert shown("wrong") == [0, 1, 2, 3]
    assert shown("label:blue confidence<0.3") == [2, 5, 8, 11]
    assert shown("-label:red predicted:red") == [2]
    assert shown('name:"test[7]"') == [7]
    assert shown("note:note note:8 -wrong label:red") == [18, 48, 78, 81, 84, 87]
    assert opened.page.locator(".found").inner_text() == "6 of 90"
    assert shown('"price in €"<=0.3 -"price in €":0.1') == [0, 2, 3], "the same numbers as float32"
    assert shown("customer=8589934595") == [3]
    assert shown("nothing like it") == []
    assert len(shown("")) == COUNT


def test_a_click_on_the_legend_hides_a_category(open_explorer):
    opened = open_explorer()
    opened.page.locator(".legend button").nth(2).click()
    assert opened.page.evaluate("[...explorer.map.states].filter((s) => s & 1).length") == 30
    assert opened.page.locator(".legend button").nth(2).get_attribute("aria-pressed") == "false"
    opened.page.locator(".legend button").nth(2).click()
    assert opened.page.evaluate("[...explorer.map.states].filter((s) => s & 1).length") == 0


def test_the_slider_moves_all_maps_through_the_epochs(open_explorer):
    opened = open_explorer()
    slider = opened.page.get_by_role("slider", name="Epoch")
    wide = _place(opened, 2)[0] - _place(opened, 0)[0]
    slider.press("ArrowLeft")
    assert _state(opened, "epoch") == 1
    assert opened.page.locator(".epoch").inner_text() == "Epoch 1"
    narrow = _place(opened, 2)[0] - _place(opened, 0)[0]
    assert narrow / wide == pytest.approx(0.25 / 0.4, abs=0.01)
    opened.page.evaluate("explorer.store.set({ epoch: 1.5 })")
    between = opened.page.evaluate("explorer.map.toScreen(2)[0] - explorer.map.toScreen(0)[0]")
    assert between == pytest.approx((narrow + wide) / 2, abs=1)
    assert opened.page.locator(".curve-value").inner_text() == "90.0%"
    slider.press("Home")
    opened.page.evaluate("explorer.store.set({ epoch: 0 })")
    assert opened.page.locator(".epoch").inner_text() == "Epoch 0 (as initialized)"
    assert opened.page.locator(".curve-value").inner_text() == "10.0%"


def test_play_goes_to_the_last_epoch_and_stops(open_explorer):
    opened = open_explorer()
    opened.page.get_by_role("button", name="Play").click()
    opened.wait("explorer.store.state.playing && explorer.store.state.epoch < 1")
    opened.wait("!explorer.store.state.playing && explorer.store.state.epoch === 2")
    # the frame in which a click is handled begins before it
    opened.page.evaluate("late = performance.now.bind(performance), performance.now = () => late() + 100")
    opened.page.get_by_role("button", name="Play").click()
    opened.wait("!explorer.store.state.playing && explorer.store.state.epoch === 2")
    opened.check_quiet()


def test_a_layer_is_chosen_by_a_click_and_its_small_map_is_painted(open_explorer):
    opened = open_explorer()
    small = opened.page.locator(".strip li")
    assert small.locator(".layer-detail").all_inner_texts() == ["64 values", "5 units, 1 inactive"]
    opened.wait(
        """[...document.querySelectorAll('.strip canvas')].every((canvas) =>
          new Set(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data).size > 3)"""
    )
    opened.page.get_by_role("button", name="Show the map of Input").click()
    opened.wait("explorer.map.transition.a === '0/0' && explorer.map.transition.t === 0")
    assert small.nth(0).locator("button").get_attribute("aria-pressed") == "true"


def test_everything_can_be_done_with_the_keyboard(open_explorer):
    opened = open_explorer()
    opened.page.locator(".map").evaluate("host => host.shadowRoot.getElementById('top').focus()")
    press = opened.page.keyboard.press
    press("n")
    first = _state(opened, "hovered")
    assert first >= 0
    said = opened.page.locator(".map").evaluate("host => host.shadowRoot.getElementById('said').textContent")
    assert said.startswith(f"test[{first}], labeled ")
    press("n")
    second = _state(opened, "hovered")
    assert second == first + 1
    press("Enter")
    assert _state(opened, "pinned") == second
    press("Shift+Enter")
    press("N")
    press("Shift+Enter")
    assert _state(opened, "selection") == [first, second]
    before = opened.page.evaluate("explorer.map.view.scale")
    press("+")
    assert opened.page.evaluate("explorer.map.view.scale") == pytest.approx(1.4 * before)
    press("0")
    assert opened.page.evaluate("explorer.map.view.scale") == pytest.approx(before)
    press("ArrowRight")
    assert opened.page.evaluate("explorer.map.view.x") > 0.5
    press("Escape")
    assert _state(opened, "selection") == []
    assert _state(opened, "pinned") == -1


def test_pictures_take_the_place_of_points_when_zoomed_in(open_explorer):
    opened = open_explorer()
    assert opened.page.evaluate("explorer.map.pictured") is None
    opened.page.evaluate("explorer.map.zoom(6)")
    opened.wait("explorer.map.pictured?.length > 0")
    assert opened.page.evaluate("explorer.map.pictured.length") < COUNT


def test_the_wheel_zooms_once_the_map_has_the_focus_and_two_fingers_always(open_explorer):
    opened = open_explorer(has_touch=True)
    x, y = _place(opened, 40)
    opened.page.mouse.move(x, y)
    opened.page.mouse.wheel(0, -200)
    opened.page.wait_for_timeout(100)
    assert opened.page.evaluate("explorer.map.view.zoomed") == pytest.approx(1)
    x, y = _place(opened, 40)
    opened.page.mouse.click(x, y)
    opened.page.mouse.wheel(0, -200)
    opened.wait("explorer.map.view.zoomed > 1.3")
    after = _place(opened, 40)
    assert after == (pytest.approx(x, abs=3), pytest.approx(y, abs=3)), "what is under the pointer stays there"


def test_what_is_shown_is_in_the_address_and_comes_back_from_it(open_explorer):
    opened = open_explorer()
    opened.page.evaluate("explorer.store.set({ epoch: 1, color: 'right', search: 'label:red', pinned: 6, layer: 0 })")
    opened.wait("location.hash.includes('sample')")
    address = opened.page.evaluate("location.hash")
    assert address == "#explore:layer=input&epoch=1&color=right&find=label%3Ared&sample=test%5B6%5D"
    opened.page.evaluate("explorer.store.set({ epoch: 2, color: 'label', search: '', pinned: -1, layer: 1 })")
    opened.wait("location.hash.includes('layer=dense')")
    opened.page.evaluate(f"location.hash = {address!r}")
    opened.wait("explorer.store.state.pinned === 6")
    shown = [_state(opened, name) for name in ("layer", "epoch", "color", "search")]
    assert shown == [0, 1, "right", "label:red"]
    opened.page.evaluate("location.hash = '#explore:layer=none&epoch=x&color=constructor&sample=none'")
    opened.wait("explorer.store.state.pinned === -1")
    assert [_state(opened, name) for name in ("layer", "epoch", "color")] == [1, 2, "right"]
    opened.check_quiet()


def test_an_address_that_is_handed_on_opens_at_the_map(visit, browser, record):
    notes = Text(name="notes", title="Notes", paragraphs=("One.",) * 99)
    opened = visit(browser, page=Page(title="A run", sections=(notes, record)))
    assert opened.page.evaluate("scrollY") == 0
    url = opened.page.url
    opened.page.goto("about:blank")
    opened.page.goto(f"{url}#explore:layer=input&sample=test%5B6%5D")
    opened.page.wait_for_selector("html[data-ready]")
    assert opened.page.locator("#explore").bounding_box()["y"] == pytest.approx(0, abs=40)


def test_cells_of_a_confusion_matrix_and_cards_select_their_samples(open_explorer, visit, browser, record):
    counts = np.array([[28, 1, 1], [2, 28, 0], [1, 0, 29]])
    matrix = Matrix(
        name="confusions", title="C", names=NAMES, classes=(0, 1, 2), counts=counts, samples=counts.sum(axis=1)
    )
    cards = (Card(title="One", samples=("test[7]",)), Card(title="Two", samples=("test[8]", "test[9]", "train[1]")))
    cards += (Card(title="None", samples=("train[7]",)),)
    page = Page(title="A run", sections=(record, matrix, Cards(name="cards", title="Cards", cards=cards)))
    opened = visit(browser, page=page)
    opened.page.evaluate("window.explorer = document.querySelector('.explorer').explorer")
    cell = opened.page.locator("#confusions button[data-true='0'][data-predicted='1']")
    assert cell.get_attribute("aria-label") == f"red predicted as {HOSTILE}: 1 of 30 (3.33%)"
    cell.click()
    # samples 0 and 3 are red, and predicted as the next class
    assert _state(opened, "selection") == [0, 3]
    buttons = opened.page.locator("#cards button")
    assert [buttons.nth(k).is_visible() for k in range(3)] == [True, True, False]
    assert buttons.nth(1).inner_text() == "Show 2 of 3 samples on the map"
    buttons.nth(1).click()
    assert _state(opened, "selection") == [8, 9]
    buttons.nth(0).click()
    assert _state(opened, "pinned") == 7
    opened.check_quiet()


@pytest.mark.parametrize("painter", ["webgl2", "canvas2d"])
def test_both_painters_paint_the_same(open_explorer, painter):
    opened = open_explorer()
    opened.page.evaluate(SECOND_MAP, {"painter": painter, "size": 6, "alpha": 1})
    found = opened.page.evaluate(
        """() => {
          other.color(explorer.map.surface.codes);
          other.hide(Uint8Array.from({ length: other.count }, (_, i) => i === 40 ? 0 : 1));
          other.paint();
          const copy = Object.assign(document.createElement("canvas"), { width: 300, height: 300 }).getContext("2d");
          copy.drawImage(other.surface.canvas, 0, 0);
          const [x, y] = other.toScreen(40).map(Math.round), data = copy.getImageData(0, 0, 300, 300).data;
          let painted = 0;
          for (let k = 3; k < data.length; k += 4) if (data[k] > 127) painted++;
          return [other.surface.kind, [...data.subarray(4 * (300 * y + x)).slice(0, 4)], painted];
        }"""
    )
    kind, color, painted = found
    assert kind == painter
    assert color == [0x20, 0xA0, 0x20, round(0.95 * 255)], "no point is opaque, so that others below are seen"
    assert painted == pytest.approx(np.pi * 9, abs=9)


def test_a_lost_context_costs_no_more_than_a_frame(open_explorer):
    opened = open_explorer()
    opened.page.evaluate(SECOND_MAP, {"painter": "webgl2"})
    opened.page.evaluate(
        """() => {
          other.select([3, 4]);
          window.kinds = [];
          other.addEventListener("painter", (event) => kinds.push(event.detail.kind));
          window.lose = other.surface.painter.gl.getExtension("WEBGL_lose_context");
          lose.loseContext();
        }"""
    )
    opened.wait("kinds.length === 1")
    opened.page.evaluate("lose.restoreContext()")
    opened.wait("kinds.length === 2")
    assert opened.page.evaluate("[kinds, [...other.selection]]") == [["lost", "webgl2"], [3, 4]]


@pytest.mark.parametrize("width", [360, 768, 1440, 2560])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_every_width_in_both_color_schemes(open_explorer, width, scheme):
    opened = open_explorer(viewport={"width": width, "height": 900}, color_scheme=scheme)
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    for name in (".map", ".sample-card", ".timeline", ".toolbar", ".strip"):
        box = opened.page.locator(name).bounding_box()
        assert box["x"] >= 0, name
        assert box["x"] + box["width"] <= width, name
    opened.check_quiet()


def test_reduced_motion_is_respected(open_explorer):
    opened = open_explorer(reduced_motion="reduce")
    opened.page.evaluate("explorer.store.set({ layer: 0 })")
    assert opened.page.evaluate("[explorer.map.transition.a, explorer.map.transition.t]") == ["0/0", 0]


def test_samples_that_are_no_pictures_and_one_epoch_have_no_slider(open_explorer, record):
    layers = tuple(replace(layer, layouts=layer.layouts[:1], measures=()) for layer in record.layers)
    columns = tuple(replace(column, values=column.values[:1]) for column in record.columns)
    given = {"layers": layers, "columns": columns, "epochs": (5,), "kept": 0, "pictures": None, "neighbors": None}
    opened = open_explorer(record=replace(record, **given))
    assert opened.page.locator(".timeline").count() == 0
    opened.page.mouse.click(*_place(opened, 40))
    assert opened.page.locator(".card-picture").count() == 0
    assert opened.page.locator(".sample-card h3").inner_text() == "test[40]"
    opened.check_quiet()


def test_arrays_of_other_lengths_are_refused(record):
    with pytest.raises(UsageError, match="an entry for each sample; got 90 samples, and entries for 89, 90"):
        replace(record, pictures=record.pictures[1:])


@pytest.mark.parametrize("seed", range(3))
def test_layouts_are_scaled_to_the_square_and_keep_their_shape(seed):
    xy = np.random.default_rng(seed).normal(size=(50, 2)) * [3, 1] + 100
    scaled = scale_layout(xy).astype(float)
    assert scaled.min() == 0
    assert scaled.max() == 65535
    unit = np.ptp(scaled[:, 0]) / np.ptp(xy[:, 0])
    np.testing.assert_allclose(scaled - scaled.mean(0), (xy - xy.mean(0)) * unit, atol=1)
    assert np.array_equal(scale_layout(np.zeros((4, 2))), np.full((4, 2), 32768)), "all at one place"
