"""The inside of a run in Chromium, by true gestures: the map, the sections, the address, the selection, the report."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

import cutaway as ct
from cutaway.topics.common.predictions import predict_classes

pytestmark = [pytest.mark.browser, pytest.mark.slow]

REAL = "document.querySelector('.map-view')?.dataset.shown === 'explore'"
SELECTED = "document.querySelector('[data-explorer]').explorer.store.state.selection.length"


@pytest.fixture
def shown(open_page, studio):
    """Open the page of the first run, with its maps."""

    def show(path="/runs/first", **options):
        opened = open_page(studio, path, **options)
        opened.wait(REAL, seconds=400)
        opened.wait("document.querySelector('#settings')", seconds=400)
        return opened

    return show


def select_box(opened, place="[data-explorer] .map"):
    """Shift-drag over the whole map."""
    box = opened.page.locator(place).first
    box.scroll_into_view_if_needed()
    at = box.bounding_box()
    opened.page.keyboard.down("Shift")
    opened.page.mouse.move(at["x"] + 20, at["y"] + 20)  # inside the round corner, where the map gets no pointer
    opened.page.mouse.down()
    corners = [(0.5, 0.02), (0.98, 0.02), (0.98, 0.98), (0.5, 0.98)]
    for x, y in corners:
        opened.page.mouse.move(at["x"] + x * at["width"], at["y"] + y * at["height"], steps=4)
    opened.page.mouse.up()
    opened.page.keyboard.up("Shift")


def test_the_page_of_a_run_has_its_map_its_sections_and_its_figures(shown):
    opened = shown()
    opened.wait("document.querySelector('#learning .plot').childElementCount", seconds=60)
    opened.wait("document.querySelector('section#verdict') && document.querySelector('#findings')", seconds=60)
    sections = opened.page.evaluate("[...document.querySelectorAll('section[id]')].map((each) => each.id)")
    order = ["verdict", "explore", "findings", "mistakes", "classes", "confidence", "layers", "learning"]
    assert [name for name in sections if name in order] == order
    link = opened.page.get_by_role("navigation", name="Views").get_by_role("link", name="Mistakes")
    link.click()
    assert opened.page.locator("#mistakes").is_visible()
    assert opened.page.locator("#explore").is_hidden()
    assert "/runs/first" in opened.page.url
    opened.check_quiet()


@pytest.mark.exhaustive
def test_back_and_reload_lead_to_the_view_where_the_reader_was(shown):
    opened = shown()
    opened.page.get_by_role("navigation", name="Views").get_by_role("link", name="Mistakes").click()
    opened.page.reload()
    for _ in range(2):
        opened.wait("document.querySelector('#mistakes')?.checkVisibility()", seconds=60)
        opened.wait("document.querySelector('#settings')", seconds=60)
        assert opened.page.locator("#mistakes").is_visible()
        opened.open("/data")
        opened.page.go_back()
    opened.check_quiet()


@pytest.mark.exhaustive
def test_an_address_without_a_view_says_so_on_a_page(open_page, studio):
    opened = open_page(studio, "/nothing/here")
    assert "The studio has no page at this address." in opened.page.get_by_role("alert").inner_text()
    opened.page.get_by_role("link", name="All runs").click()
    opened.ready()
    assert opened.page.url == f"{studio.url}/"
    assert len(opened.complaints) == 1  # Chromium's own line about the status 404


@pytest.mark.exhaustive
def test_buttons_of_sections_show_their_samples_on_the_map(shown):
    opened = shown()
    opened.wait("document.querySelector('#mistakes button[data-samples]:not([hidden])')")
    mistakes = opened.page.get_by_role("navigation", name="Views").get_by_role("link", name="Mistakes")
    mistakes.click()
    button = opened.page.locator("#mistakes button[data-samples]:not([hidden])").first
    (name,) = json.loads(button.get_attribute("data-samples"))
    button.click()
    opened.wait(f"document.querySelector('.sample-card h3')?.textContent === {json.dumps(name)}")
    mistakes.click()
    cell = opened.page.locator("#classes td.wrong button").first
    count = int(cell.inner_text())
    cell.click()
    opened.wait(f"{SELECTED} === {count}" if count > 1 else "document.querySelector('.sample-card h3')")
    opened.check_quiet()


@pytest.mark.exhaustive
def test_what_is_shown_is_in_the_address_and_opens_again(shown, studio):
    opened = shown()
    opened.page.get_by_role("button", name="Show the map of dense_1").click()
    opened.page.get_by_label("Color").first.select_option("right")
    opened.page.get_by_role("button", name="Epoch before").click()
    select_box(opened)
    opened.wait(f"{SELECTED} > 5", seconds=100)
    selected = opened.page.evaluate(SELECTED)
    opened.wait("location.hash.includes('selected=') && location.hash.includes('layer=dense_1')")
    address = opened.page.url
    assert "/runs/first#explore:" in address
    other = shown(address.removeprefix(studio.url))
    other.wait(f"{SELECTED} === {selected}")
    state = other.page.evaluate(
        "(() => { const { state } = document.querySelector('[data-explorer]').explorer.store;"
        " return [state.layer, state.epochShown, state.color]; })()"
    )
    assert state == [1, 5, "right"]
    opened.check_quiet()
    other.check_quiet()


@pytest.mark.exhaustive
def test_a_selection_as_csv_and_as_python_is_the_same_samples(shown, trained):
    opened = shown()
    select_box(opened)
    opened.wait(f"{SELECTED} > 5", seconds=100)
    with opened.page.expect_download() as download:
        opened.page.get_by_role("button", name="Save as CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8"))))
    names = [row["sample"] for row in rows]
    run = ct.open_run(trained / "first")
    ids = run.context.samples(names)
    assert [row["label"] for row in rows] == [run.context.class_names[k] for k in run.data.y(ids)]
    predicted = predict_classes(run.context, ids).predicted
    assert [row["predicted"] for row in rows] == [run.context.class_names[k] for k in predicted]
    opened.page.get_by_role("button", name="Python").click()
    code = opened.page.locator(".selection-code pre").inner_text()
    script = code.split("# in a notebook")[0] + "\nprint(json.dumps([samples.names(), y.tolist()]))"
    given = subprocess.run(
        [sys.executable, "-c", f"import json\n{script}"],
        capture_output=True, text=True, check=True, cwd=_folder_with_runs(trained),
    )  # fmt: skip
    assert json.loads(given.stdout) == [names, run.data.y(ids).tolist()]
    assert "widget.selection = names" in code
    opened.check_quiet()


def _folder_with_runs(trained):
    """Where ``ct.open_run("first")`` finds the run: in the folder "runs"."""
    return trained.parent


@pytest.mark.exhaustive
def test_other_samples_layers_and_epochs_are_chosen_and_computed(shown):
    opened = shown()
    opened.page.get_by_text("Other samples, layers or epochs").click()
    form = opened.page.locator(".map-controls")
    form.locator("select").select_option("train")
    form.get_by_label("At most").fill("60")
    form.get_by_label("Layers").fill("dense_1")
    form.get_by_label("Epochs").fill("0, 2-3")
    form.get_by_role("button", name="Show", exact=True).click()
    opened.page.wait_for_url("**split=train**")
    opened.wait(REAL, seconds=400)
    record = opened.page.evaluate(
        "(() => { const { record, samples } = document.querySelector('[data-explorer]').explorer;"
        " return [record.count, record.epochs, record.layers.map((each) => each.name), samples.names[0]]; })()"
    )
    assert record[:3] == [60, [0, 2, 3, 6], ["input", "dense_1", "dense_2"]]
    assert "split=train" in opened.page.url
    opened.check_quiet()


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("query", "said"), [("layers=no", "could not be made"), ("samples=9", "from 20 to"), ("split=no", "split must")]
)
def test_what_is_wrong_in_the_address_is_said_in_one_line(open_page, studio, query, said):
    opened = open_page(studio, f"/runs/first?{query}")
    opened.wait(f"document.querySelector('.map-view')?.textContent.includes('{said}')", seconds=400)


@pytest.mark.exhaustive
def test_pages_of_one_run_in_a_browser_share_their_selection(shown):
    opened = shown()
    other = opened.context.new_page()
    other.goto(opened.page.url.split("#")[0])
    other.wait_for_selector(".map-view[data-shown=explore]", timeout=400_000)
    select_box(opened)
    opened.wait(f"{SELECTED} > 5", seconds=100)
    count = opened.page.evaluate(SELECTED)
    for _ in range(400):
        if other.evaluate(SELECTED) == count:
            break
        other.wait_for_timeout(20)
    assert other.evaluate(SELECTED) == count
    opened.check_quiet()


@pytest.mark.exhaustive
def test_the_report_is_one_file_of_what_is_on_the_screen(shown, tmp_path, browser):
    opened = shown()
    opened.page.get_by_role("button", name="Show the map of dense_1").click()
    select_box(opened)
    opened.wait(f"{SELECTED} > 5", seconds=100)
    count = opened.page.evaluate(SELECTED)
    with opened.page.expect_download(timeout=400_000) as download:
        opened.page.get_by_role("button", name="Save as one file").click()
    assert download.value.suggested_filename == "first.html"
    file = tmp_path / "first.html"
    download.value.save_as(file)
    page = browser.new_page()
    page.goto(file.as_uri())
    page.wait_for_selector("html[data-ready]")
    state = page.evaluate("document.querySelector('[data-explorer]').explorer.store.state.layer")
    assert (state, page.evaluate(SELECTED)) == (1, count)
    page.close()
    opened.check_quiet()


@pytest.mark.exhaustive
def test_a_first_look_comes_before_the_maps_and_keeps_what_a_person_did(open_page, own_studio):
    opened = open_page(own_studio, "/runs/second")
    opened.wait("document.querySelector('.map-view')?.dataset.shown", seconds=400)
    assert opened.page.evaluate("document.querySelector('.map-view').dataset.shown") == "preview"
    opened.page.get_by_role("button", name="Show the map of dense_1").click()
    opened.page.get_by_label("Color").first.select_option("confidence")
    opened.page.locator(".new-sample > summary").click()
    for key in ("Space", "ArrowDown", "Space", "ArrowUp", "Space"):  # the model is there before the maps
        opened.page.locator(".drawing-sheet").press(key, timeout=100_000)
    opened.wait("document.querySelector('.map-work progress')")
    opened.wait(REAL, seconds=400)
    state = opened.page.evaluate(
        "(() => { const { store: { state }, record } = document.querySelector('[data-explorer]').explorer;"
        " return [record.layers[state.layer].name, state.color, record.epochs.length, state.entered.length]; })()"
    )
    assert state == ["dense_1", "confidence", 4, 2]
    opened.check_quiet()


@pytest.mark.exhaustive
def test_work_can_be_canceled_and_taken_up_again(open_page, own_studio):
    opened = open_page(own_studio, "/runs/first?split=all")
    cancel = opened.page.locator(".map-work").get_by_role("button", name="Cancel")
    cancel.click(timeout=400_000)
    go_on = opened.page.locator(".map-work").get_by_role("button", name="Go on")
    go_on.wait_for()
    state = own_studio.ask_for("explore", page="z", run="first", split="all").json["state"]
    assert state in ("waiting", "running")
    own_studio.ask("/api/jobs?page=z", method="DELETE")
    go_on.click()
    opened.wait("document.querySelector('.map-work progress')")
    opened.check_quiet()


@pytest.mark.exhaustive
def test_hostile_names_are_text(open_page, own_studio, hostile):
    path = own_studio.folder / "first"
    own_studio.ask("/api/runs/first/title", method="PUT", body={"title": hostile})
    run = json.loads((path / "run.json").read_text())
    run["dataset"]["name"] = hostile
    (path / "run.json").write_text(json.dumps(run))
    path.rename(own_studio.folder / "a'b\"<b>&c")
    opened = open_page(own_studio, "/runs/a'b%22%3Cb%3E&c")
    opened.wait("document.querySelector('.views + footer')?.textContent", seconds=400)
    opened.wait("document.querySelector('#settings')", seconds=400)
    assert hostile in opened.page.locator("h1").inner_text()
    opened.page.locator(".views + footer", has_text=hostile).wait_for()  # cards of mistakes have others
    assert opened.page.evaluate("globalThis.hacked") is None
    opened.check_quiet()


@pytest.mark.exhaustive
def test_zooming_into_a_map_of_some_loads_finer_grids_of_all(open_page, own_studio, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))  # that of the studio
    ct.open_run(own_studio.folder / "first").embed(progress=False)
    fetched = []
    opened = open_page(own_studio, "/runs/first?split=all&samples=200&layers=dense_1&epochs=3")
    opened.page.on("response", lambda response: fetched.append(response.url) if "/parts/" in response.url else None)
    opened.wait(REAL, seconds=400)
    side = "document.querySelector('[data-explorer]').explorer.map.backdrop?.side ?? 0"
    opened.wait(f"{side} > 0")
    first = opened.page.evaluate(side)
    assert first < 4096
    map_ = opened.page.locator("[data-explorer] .map").first
    map_.click()
    before = len(fetched)
    for _ in range(12):
        opened.page.mouse.wheel(0, -240)
        opened.page.wait_for_timeout(20)
    opened.wait(f"{side} === 4096")
    assert len(fetched) >= before + 3  # its tiles, opacities and classes
    opened.check_quiet()
