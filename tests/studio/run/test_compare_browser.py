"""Two runs side by side in Chromium: one selection, one pinned sample, and what differs."""

import json

import pytest

import cutaway as ct

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BOTH = "document.querySelectorAll('.map-view[data-shown=explore]').length === 2"
EXPLORERS = "[...document.querySelectorAll('[data-explorer]')].map((each) => each.explorer)"
NAMES = f"{EXPLORERS}.map(({{ store, samples }}) => [...store.state.selection].map((k) => samples.names[k]))"


@pytest.fixture(scope="module")
def both_shown(shared_page, studio):
    """The page of two runs, for all tests of this file: its two maps take three seconds."""
    opened = shared_page(studio, "/compare/first/second", viewport={"width": 1500, "height": 1000})
    opened.wait(BOTH, seconds=400)
    opened.wait("document.querySelector('.comparison section')", seconds=400)
    return opened


@pytest.fixture
def beside(both_shown):
    """This page with nothing selected, pinned or looked for."""
    both_shown.page.evaluate(f"{EXPLORERS}[0].store.set({{ selection: new Uint32Array(), pinned: -1, search: '' }})")
    both_shown.wait(f"{EXPLORERS}.every(({{ store }}) => store.state.selection.length === 0)")
    return both_shown


@pytest.mark.exhaustive
def test_what_is_selected_in_one_is_selected_in_the_other(beside):
    box = beside.page.locator("[data-explorer] .map").nth(1)
    box.scroll_into_view_if_needed()
    at = box.bounding_box()
    beside.page.keyboard.down("Shift")
    beside.page.mouse.move(at["x"] + 20, at["y"] + 20)
    beside.page.mouse.down()
    for x, y in ((0.6, 0.02), (0.6, 0.98), (0.02, 0.98)):
        beside.page.mouse.move(at["x"] + x * at["width"], at["y"] + y * at["height"], steps=4)
    beside.page.mouse.up()
    beside.page.keyboard.up("Shift")
    beside.wait(f"{NAMES}[1].length > 5")
    beside.wait(f"JSON.stringify({NAMES}[0]) === JSON.stringify({NAMES}[1])")
    beside.wait("location.hash.includes('selected=')")
    beside.check_quiet()


@pytest.mark.exhaustive
def test_what_is_pinned_in_one_is_pinned_in_the_other(beside):
    beside.page.locator("[data-explorer] input[type=search]").first.fill('name:"sample[3')
    beside.wait(f"{EXPLORERS}[1].store.state.search.startsWith('name:')")
    beside.page.evaluate(f"{EXPLORERS}[0].store.set({{ pinned: 4 }})")
    beside.wait(f"(([a, b]) => b.samples.names[b.store.state.pinned] === a.samples.names[4])({EXPLORERS})")
    # what one shows since the other does is not said back: it would undo what came in between
    beside.page.evaluate(
        f"(([a, b]) => {{ a.store.set({{ search: '' }}); const timer = setInterval(() => {{"
        " if (b.store.state.search) return; clearInterval(timer); a.store.set({ pinned: 7 }); }, 1);"
        f" }})({EXPLORERS})"
    )
    beside.wait(f"{EXPLORERS}[1].store.state.search === ''")
    beside.page.wait_for_timeout(600)
    assert (
        beside.page.evaluate(f"{EXPLORERS}.map((each) => each.samples.names[each.store.state.pinned])")
        == [beside.page.evaluate(f"{EXPLORERS}[0].samples.names[7]")] * 2
    )
    titles = beside.page.locator(".sample-card h3").all_inner_texts()
    assert titles[0] == titles[1]
    beside.check_quiet()


@pytest.mark.exhaustive
def test_each_run_begins_with_its_own_kept_epoch_and_what_changes_alone_goes_along(beside):
    epochs = f"{EXPLORERS}.map(({{ store, samples }}) => samples.record.epochs[store.state.epochShown])"
    beside.page.wait_for_timeout(500)
    assert beside.page.evaluate(epochs) == [6, 3]
    beside.page.evaluate(f"{EXPLORERS}[1].store.set({{ pinned: 3 }})")
    beside.wait(f"(([a, b]) => a.samples.names[a.store.state.pinned] === b.samples.names[3])({EXPLORERS})")
    beside.page.wait_for_timeout(500)
    assert beside.page.evaluate(epochs) == [6, 3], "the first run shows what it has shown"
    beside.page.evaluate(f"{EXPLORERS}[1].store.set({{ epoch: {EXPLORERS}[1].samples.record.epochs.indexOf(1) }})")
    beside.wait(f"String({epochs}) === '1,1'")
    titles = [text.split(": digits: ") for text in beside.page.locator(".pair-title").all_inner_texts()]
    assert [(which, called.split()[-1]) for which, called in titles] == [("This run", "first"), ("Other run", "second")]
    beside.check_quiet()


@pytest.mark.exhaustive
def test_the_statistics_are_those_of_compare(beside, trained):
    found = ct.compare(trained / "first", trained / "second", progress=False)
    text = beside.page.locator(".comparison").inner_text()
    for correct in found.measures.correct:
        assert f"{100 * correct / found.measures.samples:.2f}%" in text
    assert f"{found.measures.test.broken:,} are right in " in text
    rows = beside.page.evaluate("[...document.querySelectorAll('.comparison tr')].map((row) => row.innerText)")
    assert any("epochs" in row and "6" in row and "3" in row for row in rows)
    beside.check_quiet()


@pytest.mark.exhaustive
def test_a_group_of_the_comparison_is_selected_in_both(beside, trained):
    found = ct.compare(trained / "first", trained / "second", progress=False)
    here, there = found.predicted[0] == found.labels, found.predicted[1] == found.labels
    expected = sorted(name for name, only in zip(found.ids.names(), here & ~there, strict=True) if only)
    button = beside.page.locator('.comparison button[data-search*="only this run"]').first
    button.click()
    both = json.dumps(json.dumps([expected, expected], separators=(",", ":")))
    beside.wait(f"JSON.stringify({NAMES}.map((each) => each.sort())) === {both}")
    beside.check_quiet()


@pytest.mark.exhaustive
def test_runs_on_different_data_are_said_once_above_their_maps_which_are_not_joined(open_page, own_studio, tmp_path):
    rows = [f"{k % 7},{k % 3},{'ab'[k % 2]}" for k in range(120)]
    (tmp_path / "rows.csv").write_text("\n".join(["one,two,label", *rows]))
    data = ct.load_dataset(tmp_path / "rows.csv", label="label")
    run = ct.train(ct.mlp((4,)), data, epochs=1, runs=own_studio.folder, progress=False)
    opened = open_page(own_studio, f"/compare/first/{run.path.name}")
    opened.wait("document.querySelector('.work-line.failed')", seconds=400)
    opened.wait(BOTH, seconds=400)
    failed = opened.page.locator(".work-line.failed")
    assert failed.count() == 1
    assert "the samples of the two runs are of different kinds" in failed.inner_text()
    assert failed.bounding_box()["y"] < opened.page.locator(".map-view").first.bounding_box()["y"]
    opened.page.evaluate(f"{EXPLORERS}[0].store.set({{ search: 'sample' }})")
    opened.page.evaluate(f"{EXPLORERS}[1].store.set({{ search: 'row' }})")
    opened.page.wait_for_timeout(500)
    assert opened.page.evaluate(f"{EXPLORERS}.map((each) => each.store.state.search)") == ["sample", "row"]
