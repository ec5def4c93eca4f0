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


def test_classes_have_a_color_for_each_scheme(opened):
    palette = "[...explorer.map.surface.palette.slice(0, 3)]"
    light = opened.page.evaluate(palette)
    opened.page.get_by_role("button", name="Dark page").click()
    dark = opened.page.evaluate(palette)
    opened.page.get_by_role("button", name="Light page").click()
    assert (light, dark, opened.page.evaluate(palette)) == ([0xD0, 0x20, 0x20], [0xFF, 0x90, 0x90], light)


@pytest.mark.exhaustive
def test_what_the_search_finds_stands_out(opened):
    search = opened.page.get_by_role("searchbox")

    def shown(text):
        search.fill(text)
        return opened.page.evaluate("[...explorer.map.states].flatMap((s, i) => s & 4 ? [i] : [])")

    assert shown("wrong") == [0, 1, 2, 3]
    assert shown("label:blue confidence<0.3") == [2, 5, 8, 11]
    assert shown("-label:red predicted:red") == [2]
    assert shown('name:"test[7]"') == [7]
    assert shown("note:note note:8 -wrong label:red") == [18, 48, 78, 81, 84, 87]
    assert opened.page.locator(".found").inner_text() == "6 of 90"
    assert shown('"price in €"<=0.3 -"price in €":0.1') == [0, 2, 3], "the same numbers as float32"
    assert shown("customer=8589934595") == [3]
    assert shown("nothing like it") == []
    assert opened.page.evaluate("explorer.map.surface.parts.raised.length") == 0, "all others are dimmed"
    assert shown("") == []
    assert opened.state("shown") == COUNT
    assert opened.page.evaluate("explorer.map.surface.parts.raised") is None


def test_gestures_reach_what_was_found_and_the_legend_counts_it(opened):
    opened.page.get_by_role("searchbox").fill("confidence<0.3 -label:blue")
    counts = opened.page.locator(".legend-count")
    assert counts.all_inner_texts() == ["4 of 30", "4 of 30", "0 of 30"]
    opened.page.evaluate("explorer.map.select(explorer.map.within([0, 0, 9999, 0, 9999, 9999, 0, 9999]))")
    assert opened.state("selection") == [0, 1, 3, 4, 6, 7, 9, 10]
    opened.page.locator(".legend button").nth(0).press("Enter")
    assert counts.all_inner_texts() == ["0 of 30", "4 of 30", "0 of 30"]
    assert opened.page.evaluate("document.activeElement === document.querySelector('.legend button')")


def test_a_field_that_is_not_there_is_named_with_those_that_are(opened):
    found = opened.page.locator(".found")
    opened.page.get_by_role("searchbox").fill("lable:3")
    fields = "label, note, right, predicted, customer, confidence"
    assert found.inner_text().startswith('no field "lable"; fields: label, ')
    assert sorted(found.inner_text().split("fields: ")[1].split(", ")) == sorted(['"price in €"', *fields.split(", ")])
    assert opened.state("shown") == 0
    opened.page.get_by_role("searchbox").fill("label:red")
    assert found.inner_text() == "30 of 90"


@pytest.mark.exhaustive
def test_a_click_on_the_legend_hides_a_category(opened):
    opened.page.locator(".legend button").nth(2).click()
    assert opened.page.evaluate("[...explorer.map.states].filter((s) => s & 1).length") == 30
    assert opened.page.locator(".legend button").nth(2).get_attribute("aria-pressed") == "false"
    opened.page.locator(".legend button").nth(2).click()
    assert opened.page.evaluate("[...explorer.map.states].filter((s) => s & 1).length") == 0


def test_mistakes_of_the_epoch_are_ringed_until_the_legend_is_clicked(opened):
    rings = opened.page.locator(".legend button:has(.ring)")
    ringed = "[...explorer.map.surface.parts.ringed]"
    assert (rings.inner_text(), opened.page.evaluate(ringed)) == ("4 mistakes are ringed", [0, 1, 2, 3])
    opened.page.evaluate("explorer.store.set({ off: [0] })")
    assert (rings.inner_text(), opened.page.evaluate(ringed)) == ("2 mistakes are ringed", [1, 2])
    opened.page.evaluate("explorer.store.set({ off: [], epoch: 0 })")
    assert rings.inner_text() == "60 mistakes are ringed"
    rings.click()
    assert opened.page.evaluate("explorer.map.rings") is False


def test_a_line_joins_the_places_of_the_pinned_sample_in_all_layers(opened):
    places = """(() => {
      const boxes = (what) => [...document.querySelectorAll(what)].map((each) => each.getBoundingClientRect());
      const maps = boxes(".layer-maps canvas");
      const along = ({ x, width }, map) => (x + width / 2 - map.x) / map.width;
      const inside = ({ y }, map) => y > map.y && y < map.bottom;
      return boxes(".layer-line circle").map((box, k) => [along(box, maps[k]), inside(box, maps[k])]);
    })()"""
    assert opened.page.evaluate(places) == []
    opened.page.evaluate("explorer.store.set({ pinned: 2 })")
    opened.wait("document.querySelectorAll('.layer-line circle').length === 2")
    first, last = opened.page.evaluate(places)
    assert 0.5 < first[0] < last[0], "blue moves to the right from layer to layer"
    assert first[1]
    assert last[1]
    assert opened.page.locator(".layer-line polyline").count() == 1
    opened.page.evaluate("explorer.store.set({ epoch: 0 })")
    opened.wait(f"Math.abs({places}[1][0] - {first[0]}) < 0.01")


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
