"""The list of runs in Chromium, by the gestures of a person and what they see."""

import json
import os
import re
import shutil

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

HOSTILE = "<img src=x onerror=hacked=1>"


def write_runs(folder, new_run):
    """Four runs: the newest one is damaged, and the oldest one has a title."""
    for number, (name, accuracy) in enumerate([("alpha", 0.8), ("beta", 0.95), ("gamma", 0.6)]):
        new_run(folder / name, accuracy=accuracy, data="mnist" if number else "digits")
        manifest = json.loads((folder / name / "run.json").read_text())
        manifest["judged_on"], manifest["split"]["counts"] = manifest["dataset"]["name"], {"test": 480}
        manifest["created"] = f"2026-01-0{number + 1}T12:00:00.000+00:00"
        if name == "gamma":
            manifest["baseline"] = 0.625
        (folder / name / "run.json").write_text(json.dumps(manifest))
    (folder / "alpha" / "title.txt").write_text("Baseline of lesson 3\n")
    (folder / "broken").mkdir()
    (folder / "broken" / "run.json").write_text("{")
    return folder


@pytest.fixture
def runs(tmp_path, new_run):
    """These runs for a studio of its own."""
    return write_runs(tmp_path / "runs", new_run)


def listed(opened):
    return opened.page.locator("tbody tr[data-run]").evaluate_all("rows => rows.map((row) => row.dataset.run)")


LISTED = "JSON.stringify([...document.querySelectorAll('tbody tr[data-run]')].map((row) => row.dataset.run))"


def wait_for_list(opened, names):
    opened.wait(f"{LISTED} === {json.dumps(json.dumps(names, separators=(',', ':')))}")


def test_runs_are_listed_with_what_is_known_of_them(studio_of, open_page, quiet, new_run):
    write_runs(studio_of("list").folder, new_run)
    opened = open_page(studio_of("list"), **quiet)
    assert "token" not in opened.page.url
    wait_for_list(opened, ["gamma", "beta", "alpha", "broken"])
    assert "95.00%" in opened.page.locator("tr[data-run=beta]").inner_text()
    curve = opened.page.locator("tr[data-run=beta] svg")
    assert curve.get_attribute("aria-label") == "loss 0.850, then 0.350"
    assert curve.locator("polyline").count() == 2
    assert "run.json" in opened.page.locator("tr[data-run=broken]").inner_text()
    assert opened.page.locator("tr[data-run=broken] a").count() == 0
    assert "62.50%" in opened.page.get_by_role("img", name="−2.5 points").get_attribute("title")
    opened.page.get_by_role("link", name="beta").click()
    opened.ready()
    assert opened.page.url.endswith("/runs/beta")
    opened.check_quiet()


@pytest.mark.exhaustive
def test_search_sorting_and_states_are_in_the_address(start_studio, open_page, runs):
    opened = open_page(start_studio())
    page = opened.page
    page.keyboard.press("/")
    page.keyboard.type("MNIST")
    wait_for_list(opened, ["gamma", "beta"])  # rows are drawn again after each letter
    page.get_by_role("button", name="Accuracy").click()
    assert listed(opened) == ["beta", "gamma"]
    page.get_by_role("button", name="Accuracy").click()
    assert listed(opened) == ["gamma", "beta"]
    assert page.locator("th[aria-sort=ascending]").inner_text() == "Accuracy"
    assert page.url.endswith("/?find=MNIST&sort=accuracy")
    page.reload()
    opened.ready()
    assert listed(opened) == ["gamma", "beta"]
    page.get_by_role("searchbox").fill("lesson base")  # words of the title
    assert listed(opened) == ["alpha"]
    page.get_by_role("searchbox").fill("nothing like this")
    page.get_by_text("No run matches.").wait_for()
    page.get_by_role("button", name="Show all runs").click()
    assert len(listed(opened)) == 4
    page.get_by_role("searchbox").fill("damaged")  # a state
    assert listed(opened) == ["broken"]
    opened.check_quiet()


@pytest.mark.exhaustive
def test_runs_are_grouped_by_their_test_samples_with_names_and_what_is_wrong(start_studio, open_page, runs, new_run):
    for name in ("20260105-120000-mnist-7f3a", "20260105-120000-long-2009"):
        new_run(runs / name, data="mnist", epochs=9)
    (runs / "gamma" / "title.txt").write_text(HOSTILE)
    manifest = json.loads((runs / "beta" / "run.json").read_text())
    (runs / "beta" / "run.json").write_text(json.dumps({**manifest, "judged_on": "others"}))
    opened, wrong = open_page(start_studio()), {"alpha": ["a leak?", "Too few epochs"], "beta": [], "gamma": None}
    page = opened.page
    page.route("**/api/problems?*", lambda route: None)
    opened.open("/")
    page.locator("tr[data-run=alpha] .run-wrong [data-tone=unknown]").wait_for()  # it is being looked at
    page.route("**/api/problems?*", lambda route: route.fulfill(json=wrong))
    opened.open("/")
    heads = ["mnist · 480 test samples · baseline 62.5%", "mnist, another test set · 480 test samples"]
    heads += ["digits · 480 test samples", "cannot be read"]
    assert page.locator("tr.run-group").all_inner_texts() == heads
    names = dict(zip(listed(opened), page.locator("td.run-name").all_inner_texts(), strict=True))
    assert names["20260105-120000-mnist-7f3a"].split() == ["epochs", "9", "7f3a"]
    assert names["20260105-120000-long-2009"].split() == ["long", "8", "·", "epochs", "9", "·", "2009"]
    assert (names["beta"].split()[0], names["gamma"]) == ("beta", f"{HOSTILE} 8 · epochs 3")
    assert page.evaluate("window.hacked") is None
    cells = [page.locator(f"tr[data-run={run}] .run-wrong") for run in ("alpha", "beta", "gamma", "broken")]
    cells[0].filter(has_text="a leak? · Too few epochs").wait_for()
    assert [cell.inner_text() for cell in cells[1:3]] == ["nothing", "not checked yet"]
    assert "run.json" in cells[3].inner_text()
    wrong["gamma"] = []
    done = "['job', { run: 'gamma', state: 'done' }]"  # somebody had it checked
    page.evaluate(f"new BroadcastChannel(`cutaway-events ${{document.baseURI}}`).postMessage({done})")
    cells[2].filter(has_text="nothing").wait_for()
    opened.check_quiet()


@pytest.mark.exhaustive
def test_runs_are_selected_compared_and_opened_also_by_keyboard(start_studio, open_page, runs):
    opened = open_page(start_studio())
    page, row = opened.page, "document.activeElement.closest('tr')?.dataset.run"
    for key, run in (("Down", "gamma"), ("Down", "beta"), ("Up", "gamma"), ("Up", "gamma")):
        page.keyboard.press(f"Arrow{key}")
        assert page.evaluate(row) == run
    page.keyboard.press("x")
    page.get_by_text("Select two to compare them.").wait_for()
    page.get_by_role("link", name="beta").press("X")
    assert page.get_by_role("link", name="Compare").get_attribute("href") == "compare/gamma/beta"
    page.get_by_role("checkbox", name="Select broken").check()
    assert page.get_by_role("link", name="Compare").count() == 0
    page.keyboard.press("Delete")
    page.get_by_role("dialog").get_by_text("Delete 3 runs?").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Clear").click()
    assert page.locator("tr.selected").count() == 0
    page.get_by_role("checkbox", name="Select all").check()
    assert page.locator("tr.selected").count() == 4
    opened.check_quiet()
    for keys, path in (("Down Enter", "runs/gamma"), ("t", "train"), ("Down x Down x c", "compare/gamma/beta")):
        opened.open("/")
        for key in keys.replace("Down", "ArrowDown").split():
            page.keyboard.press(key)
        page.wait_for_url(f"**/{path}")


@pytest.mark.exhaustive
def test_runs_are_deleted_after_asking_and_taken_back(start_studio, open_page, runs):
    opened = open_page(start_studio())
    page = opened.page
    page.get_by_role("checkbox", name="Select beta").check()
    page.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog")
    assert "weights of every epoch" in dialog.inner_text()
    dialog.get_by_role("button", name="Cancel").click()
    assert (runs / "beta").is_dir()
    page.get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete the run").click()
    wait_for_list(opened, ["gamma", "alpha", "broken"])
    assert not (runs / "beta").exists()
    page.get_by_role("button", name="Undo").click()
    wait_for_list(opened, ["gamma", "beta", "alpha", "broken"])
    for name in ("gamma", "broken"):
        page.get_by_role("checkbox", name=f"Select {name}").check()
    page.locator(".chosen").get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete 2 runs").click()
    wait_for_list(opened, ["beta", "alpha"])
    page.get_by_role("button", name="Trash (2)").click()
    dialog.get_by_role("button", name="Take back gamma").click()
    wait_for_list(opened, ["gamma", "beta", "alpha"])
    dialog.get_by_role("button", name="Empty the trash").click()
    page.get_by_role("button", name="Delete 1 run for good").click()
    page.get_by_text("The trash is empty.").wait_for()
    assert os.listdir(runs / ".trash") == []
    opened.check_quiet()


@pytest.mark.exhaustive
def test_what_others_change_meanwhile_is_neither_undone_nor_deleted(start_studio, open_page, runs):
    opened = open_page(start_studio())
    page, ask = opened.page, opened.studio.ask
    ask("/api/runs/alpha", method="DELETE")
    page.get_by_role("button", name="Trash (1)").click()
    dialog = page.get_by_role("dialog").last
    dialog.get_by_role("button", name="Empty the trash").click()
    page.get_by_text("1 run and all that is in them").wait_for()
    ask("/api/runs/broken", method="DELETE")  # by somebody else, while this person reads "1 run"
    page.get_by_role("button", name="Delete 1 run for good").click()
    opened.wait("document.querySelectorAll('dialog li').length === 1")
    assert [name for name in os.listdir(runs / ".trash") if not name.startswith(".")] == ["broken"]
    dialog.get_by_role("button", name="Close").click()
    held = []
    page.route("**/api/runs", lambda route: held.append((route, route.fetch())))
    page.evaluate("new BroadcastChannel(`cutaway-events ${document.baseURI}`).postMessage(['reset', {}])")
    while not held:
        page.wait_for_timeout(20)
    ask("/api/runs/gamma", method="DELETE")  # after the list was read, before it arrives
    wait_for_list(opened, ["beta"])
    route, older = held[0]
    assert "gamma" in older.text()
    route.fulfill(response=older)
    page.wait_for_timeout(300)
    assert listed(opened) == ["beta"]
    opened.check_quiet()


@pytest.mark.exhaustive
def test_a_training_is_followed_and_a_run_that_appears_is_shown(start_studio, open_page, runs, new_run, tmp_path):
    opened = open_page(start_studio())
    page = opened.page
    page.get_by_role("checkbox", name="Select beta").focus()
    new_run(runs / "live", done=2, status="running", epochs=10)
    page.get_by_role("link", name="live").wait_for()
    words = page.locator("tr[data-run=live] .run-wrong")
    # it may be seen for a moment while only one of its epochs is there
    words.filter(has_text="epoch 3 of 10 · 4.0 s left · 1,000 samples/s").wait_for()
    assert page.locator("tr[data-run=live] progress").evaluate("bar => bar.value") == pytest.approx(0.2)
    with (runs / "live" / "history.jsonl").open("a") as file:
        row = {"epoch": 3, "loss": 0.1, "val_accuracy": 0.5, "seconds": 0.5, "samples_per_second": 1000.0}
        file.write(json.dumps({"kind": "epoch", **row}) + "\n")
    page.get_by_text(re.compile("epoch 4 of 10")).wait_for()
    assert page.evaluate("document.activeElement.ariaLabel") == "Select beta"
    page.get_by_role("link", name="live").press("Delete")
    page.get_by_text("cannot be deleted").wait_for()
    shutil.rmtree(runs / "live")
    wait_for_list(opened, ["gamma", "beta", "alpha", "broken"])
    opened.check_quiet()


@pytest.mark.exhaustive
def test_a_page_says_that_the_studio_has_ended_and_goes_on_when_it_is_back(start_studio, open_page, runs, new_run):
    studio = start_studio()
    opened = open_page(studio)
    studio.process.kill()
    opened.page.locator("#studioOffline").wait_for()
    new_run(runs / "meanwhile")
    start_studio(None, "--port", str(studio.port))
    opened.page.get_by_role("link", name="meanwhile").wait_for()
    assert opened.page.locator("#studioOffline").is_hidden()
    assert opened.foreign == []


@pytest.mark.exhaustive
def test_twenty_pages_of_one_browser_are_all_live(start_studio, open_page, runs):
    opened = open_page(start_studio())
    pages = [opened.page, *(opened.context.new_page() for _ in range(19))]
    for page in pages[1:]:
        page.goto(opened.studio.url)
        page.wait_for_selector("html[data-ready]")
    opened.studio.ask("/api/runs/beta/title", method="PUT", body={"title": "seen by all"})
    for page in pages:
        page.get_by_role("link", name="seen by all").wait_for()
    pages.pop(0).close()  # the one that held the stream
    opened.studio.ask("/api/runs/beta/title", method="PUT", body={"title": "by the others"})
    for page in pages:
        page.get_by_role("link", name="by the others").wait_for()


@pytest.mark.exhaustive
def test_a_reader_sees_nothing_that_changes_something(start_studio, open_page, runs):
    studio = start_studio(None, "--students", "1", links=2)
    studio.link = studio.printed[-1].split()[-1]
    opened = open_page(studio)
    wait_for_list(opened, ["gamma", "beta", "alpha", "broken"])
    opened.page.get_by_role("checkbox", name="Select beta").check()
    for name in ("Rename", "Delete", "Trash"):
        assert opened.page.get_by_role("button", name=name).count() == 0
    assert opened.page.get_by_text("student-01").is_visible()
    opened.check_quiet()


@pytest.mark.exhaustive
def test_the_list_is_drawn_when_the_page_is_ready_though_runs_are_asked_for_twice(start_studio, browser, runs):
    studio, held = start_studio(), []
    context = browser.new_context()
    page = context.new_page()
    shown = "document.querySelectorAll('#studioView a[href^=\"runs/\"]').length"
    page.add_init_script(
        f"new MutationObserver(() => {{ window.shown ??= {shown} }})"
        ".observe(document, { subtree: true, attributeFilter: ['data-ready'] })"
    )

    def answer_late(route):
        """The first question is answered after the second one was asked, which a reset of the stream does."""
        held.append(route)
        if len(held) == 2:
            held[0].continue_()
            page.wait_for_timeout(300)
        if len(held) != 1:
            route.continue_()

    page.route("**/api/runs", answer_late)
    page.goto(studio.link)
    page.wait_for_selector("html[data-ready]")
    assert len(held) >= 2
    assert page.evaluate("window.shown") >= 3
    context.close()


@pytest.mark.exhaustive
def test_an_empty_folder_says_what_to_do(start_studio, open_page, tmp_path):
    opened = open_page(start_studio())
    opened.wait("document.querySelector('.studio-empty')?.innerText.includes('cutaway train mnist')")
    assert opened.page.get_by_role("link", name="Train a model").get_attribute("href") == "train"
    opened.check_quiet()


@pytest.mark.exhaustive
def test_a_link_on_another_site_opens_the_studio(start_studio, browser, runs):
    studio = start_studio()
    context = browser.new_context()
    page = context.new_page()
    page.route(
        "http://mail.example/",
        lambda route: route.fulfill(body=f'<a href="{studio.link}">open</a>', content_type="text/html"),
    )
    page.goto("http://mail.example/")
    page.get_by_role("link", name="open").click()
    page.wait_for_selector("html[data-ready]")
    assert page.get_by_role("link", name="beta").is_visible()
    assert "token" not in page.url
    context.close()


@pytest.mark.exhaustive
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_wider_than_the_page_and_faults_of_accessibility_are_not_found(
    start_studio, open_page, runs, width, serious_faults
):
    opened = open_page(start_studio(), viewport={"width": width, "height": 800})
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    assert serious_faults(opened.page) == []
    opened.check_quiet()
