"""The address of an explorer, and buttons of other sections that select its samples, in a real browser."""

import numpy as np
import pytest

from cutaway.page import Card, Cards, Matrix, Page, Text, render

pytestmark = pytest.mark.browser


def test_what_is_shown_is_in_the_address_and_comes_back_from_it(opened):
    opened.page.evaluate("explorer.store.set({ epoch: 1, color: 'right', search: 'label:red', pinned: 6, layer: 0 })")
    opened.wait("location.hash.includes('sample')")
    address = opened.page.evaluate("location.hash")
    assert address == "#explore:layer=input&epoch=1&color=right&find=label%3Ared&sample=test%5B6%5D"
    opened.page.evaluate("explorer.store.set({ epoch: 2, color: 'label', search: '', pinned: -1, layer: 1 })")
    opened.wait("location.hash.includes('layer=dense')")
    opened.page.evaluate(f"location.hash = {address!r}")
    opened.wait("explorer.store.state.pinned === 6")
    shown = [opened.state(name) for name in ("layer", "epoch", "color", "search")]
    assert shown == [0, 1, "right", "label:red"]
    opened.page.evaluate("location.hash = '#explore:layer=none&epoch=x&color=constructor&sample=none'")
    opened.wait("explorer.store.state.pinned === -1")
    assert [opened.state(name) for name in ("layer", "epoch", "color")] == [1, 2, "right"]


@pytest.mark.exhaustive
def test_an_address_that_is_handed_on_opens_at_the_map(visit, browser, record):
    notes = Text(name="notes", title="Notes", paragraphs=("One.",) * 99)
    opened = visit(browser, page=Page(title="A run", sections=(notes, record)))
    assert opened.page.evaluate("scrollY") == 0
    url = opened.page.url
    opened.page.goto("about:blank")
    opened.page.goto(f"{url}#explore:layer=input&sample=test%5B6%5D")
    opened.page.wait_for_selector("html[data-ready]")
    assert 0 <= opened.page.locator("#explore").bounding_box()["y"] < 60, "below the list of sections, which stays"


def test_cells_of_a_confusion_matrix_and_cards_select_their_samples(opened, hostile):
    cell = opened.page.locator("#confusions button[data-true='0'][data-predicted='1']")
    assert cell.get_attribute("aria-label") == f"red predicted as {hostile}: 1 of 30 (3.33%)"
    cell.click()
    # samples 0 and 3 are red, and predicted as the next class
    assert opened.state("selection") == [0, 3]
    buttons = opened.page.locator("#cards button")
    assert [buttons.nth(k).is_visible() for k in range(5)] == [True, True, False, True, False]
    assert buttons.nth(1).inner_text() == "Show 2 of 3 samples on the map"
    buttons.nth(1).click()
    assert opened.state("selection") == [8, 9]
    assert buttons.nth(3).inner_text() == "Show 2 samples on the map"
    opened.page.evaluate("explorer.store.set({ epoch: 0 })")
    buttons.nth(3).click()
    assert (opened.state("selection"), opened.state("epoch")) == ([0, 3], 2), "by the predictions of the kept epoch"
    assert opened.page.get_by_text("A click shows samples.").is_visible()
    buttons.nth(0).click()
    assert opened.state("pinned") == 7
    opened.check_quiet()


@pytest.mark.parametrize("kind", [pytest.param("no map", marks=pytest.mark.exhaustive), "a map that fails"])
def test_without_a_map_no_button_promises_one(browser, record, tmp_path, kind):
    counts = np.array([[29, 1, 0], [0, 30, 0], [0, 0, 30]])
    matrix = Matrix(
        name="confusions", title="C", names=record.columns[0].names, classes=(0, 1, 2), counts=counts,
        samples=counts.sum(axis=1), click="A click shows samples.",
    )  # fmt: skip
    cards = Cards(name="cards", title="Cards", cards=(Card(title="One", samples=("test[7]",), search="red"),))
    sections = (matrix, cards) if kind == "no map" else (record, matrix, cards)
    path = tmp_path / "page.html"
    path.write_text(render(Page(title="A run", sections=sections)), encoding="utf-8")
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script("delete globalThis.DecompressionStream")
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]" if kind == "no map" else ".explorer:has-text('could not be drawn')")
    cell = page.locator("#confusions button").nth(1)
    assert cell.is_disabled()
    assert cell.get_attribute("title").endswith("; the map could not be drawn") == (kind == "a map that fails")
    assert page.get_by_text("A click shows samples.").is_hidden()
    assert page.locator("#cards button").is_hidden()
    context.close()
