"""Colors, the search, layers and epochs of the explorer in a real browser."""

import pytest

pytestmark = pytest.mark.browser

COUNT = 90


def test_colors_follow_the_column_and_the_epoch(opened):
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


@pytest.mark.exhaustive
def test_the_search_hides_what_it_does_not_find(opened):
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


@pytest.mark.exhaustive
def test_a_click_on_the_legend_hides_a_category(opened):
    opened.page.locator(".legend button").nth(2).click()
    assert opened.page.evaluate("[...explorer.map.states].filter((s) => s & 1).length") == 30
    assert opened.page.locator(".legend button").nth(2).get_attribute("aria-pressed") == "false"
    opened.page.locator(".legend button").nth(2).click()
    assert opened.page.evaluate("[...explorer.map.states].filter((s) => s & 1).length") == 0


def test_the_slider_moves_all_maps_through_the_epochs(opened):
    slider = opened.page.get_by_role("slider", name="Epoch")
    wide = opened.place(2)[0] - opened.place(0)[0]
    slider.press("ArrowLeft")
    assert opened.state("epoch") == 1
    assert opened.page.locator(".epoch").inner_text() == "Epoch 1"
    narrow = opened.place(2)[0] - opened.place(0)[0]
    assert narrow / wide == pytest.approx(0.25 / 0.4, abs=0.01)
    opened.page.evaluate("explorer.store.set({ epoch: 1.5 })")
    between = opened.page.evaluate("explorer.map.toScreen(2)[0] - explorer.map.toScreen(0)[0]")
    assert between == pytest.approx((narrow + wide) / 2, abs=1)
    assert opened.page.locator(".curve-value").inner_text() == "90.0%"
    slider.press("Home")
    opened.page.evaluate("explorer.store.set({ epoch: 0 })")
    assert opened.page.locator(".epoch").inner_text() == "Epoch 0 (as initialized)"
    assert opened.page.locator(".curve-value").inner_text() == "10.0%"


@pytest.mark.exhaustive
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


@pytest.mark.exhaustive
def test_a_layer_is_chosen_by_a_click_and_its_small_map_is_painted(opened):
    small = opened.page.locator(".layer-maps li")
    assert small.locator(".layer-detail").all_inner_texts() == ["64 values", "5 units, 1 dead"]
    opened.wait(
        """[...document.querySelectorAll('.layer-maps canvas')].every((canvas) =>
          new Set(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data).size > 3)"""
    )
    opened.page.get_by_role("button", name="Show the map of Input").click()
    opened.wait("explorer.map.transition.a === '0/0' && explorer.map.transition.t === 0")
    assert small.nth(0).locator("button").get_attribute("aria-pressed") == "true"
