"""The form for a training, the queue, and the page of a run that is being trained, by gestures in a browser."""

import json
import re
import time

import pytest

from cutaway.runs import RunFolder
from cutaway.runs.layout import HISTORY
from cutaway.training import TrainingConfig

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def checked(opened):
    """Wait until what is in the form has been checked: each change takes the mark away."""
    opened.wait("document.querySelector('.train-form').dataset.checked !== undefined")


def give(opened, **settings):
    opened.page.evaluate("document.querySelector('.more-settings').open = true")
    for name, value in settings.items():
        opened.page.fill(f"#setting-{name}", value)
    checked(opened)


def begin(opened):
    """Press the button, and wait for the page of the run; returns its id."""
    opened.page.get_by_role("button", name="Start training").click()
    return arrive(opened)


def arrive(opened):
    """Wait until the page of a training has gone on to that of its run; returns its id."""
    opened.page.wait_for_url("**/trainings/*", timeout=60_000, wait_until="commit")
    opened.page.wait_for_url("**/runs/*", timeout=120_000)
    opened.ready()
    return opened.page.url.rpartition("/")[2]


def wait_for_state(opened, state):
    opened.wait(f"document.querySelector('.live')?.dataset.state === '{state}'", seconds=120)


def test_a_training_is_started_and_drawn_until_it_has_ended(studio_of, open_page, quiet):
    opened = open_page(studio_of("train"), "/train?data=bundled/digits", **quiet)
    opened.page.fill("#run-name", "tiny")
    give(opened, epochs="4", hidden="16", seed="3")
    run = begin(opened)
    wait_for_state(opened, "finished")
    folder = RunFolder.open(opened.studio.folder / run)
    manifest = folder.manifest
    assert "-tiny-" in run
    assert (manifest.status, manifest.config["epochs"], manifest.seed) == ("finished", 4, 3)
    assert [layer.config.get("units") for layer in manifest.model.layers if layer.kind == "Dense"] == [16, 10]
    rows = folder.history()
    for name, title in (("loss", "Loss"), ("accuracy", "Accuracy")):
        chart = opened.page.locator("figure.curves", has=opened.page.get_by_text(title, exact=True))
        assert chart.locator("polyline").count() == 2
        assert len(chart.locator("polyline").first.get_attribute("points").split()) == 4
        said = [rows[-1][name], rows[-1][f"val_{name}"]]
        shown = [f"{100 * value:.1f}%" if name == "accuracy" else f"{value:.3f}" for value in said]
        label = chart.locator("svg").get_attribute("aria-label")
        assert all(each in label for each in shown)
    assert f"{100 * folder.manifest.test['accuracy']:.2f}%" in opened.page.inner_text(".live-pace")
    assert opened.page.locator(".live-verdicts li").count() > 0
    opened.wait("[...document.querySelectorAll('#verdict, .live')].map((each) => each.className).at(-1) === 'live'")
    opened.check_quiet()


@pytest.mark.exhaustive
def test_a_training_starts_also_if_something_is_checked_meanwhile(start_studio, open_page):
    opened = open_page(start_studio(), "/train?data=bundled/digits")
    give(opened, epochs="1")
    held = []
    opened.page.route("**/api/trainings/check", lambda route: held.append(route) if not held else route.continue_())
    opened.page.get_by_role("button", name="Start training").click()
    give(opened, epochs="2")  # asks again, and is answered first
    held[0].continue_()
    opened.page.wait_for_url("**/trainings/*", timeout=60_000, wait_until="commit")
    opened.check_quiet()


@pytest.mark.exhaustive
def test_a_form_that_is_sent_twice_starts_one_training(start_studio, open_page):
    opened, sent = open_page(start_studio(), "/train?data=bundled/digits"), []
    opened.page.on("request", lambda asked: sent.append(asked.method) if asked.url.endswith("/trainings") else None)
    give(opened, epochs="1")
    opened.page.evaluate("[1, 2].forEach(() => document.querySelector('.train-form').requestSubmit())")
    arrive(opened)
    assert sent.count("POST") == 1


@pytest.mark.exhaustive
def test_nothing_starts_on_data_that_cannot_be_trained_on_which_is_said_once(start_studio, open_page, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "one class.csv").write_text("size,kind\n" + "1,a\n2,a\n" * 40)
    opened = open_page(start_studio(None, "--data", tmp_path / "data"))
    for name in ("one class.csv", "nothing.csv"):
        opened.open(f"/train?data=folder/0/{name}")
        opened.wait("document.querySelector('#train-unusable').textContent", seconds=60)
        give(opened, epochs="1")
        said = opened.page.inner_text("#train-unusable")
        assert opened.page.inner_text("#studioView").count(said) == 1
        assert opened.page.get_by_role("button", name="Start training").is_disabled()


@pytest.mark.exhaustive
def test_an_address_that_cannot_be_used_shows_no_form_for_other_data(start_studio, open_page):
    opened = open_page(start_studio())
    page, choice = opened.page, 'data=bundled/digits&options={"ignore":"size"}'
    for address in ("/train?data=upload/%25", "/train?data=other", f"/train?{choice}", f"/data?{choice}"):
        opened.open(address)
        assert page.locator(".studio-empty").is_visible(), address
        assert page.locator("form").count() == 0, address
    opened.open("/data?data=upload/%25")
    assert page.locator("#upload-file").count() == 1
    opened.check_quiet()


@pytest.mark.exhaustive
def test_a_wrong_value_is_said_at_its_field_before_anything_starts(start_studio, open_page):
    opened = open_page(start_studio(), "/train?data=bundled/digits")
    give(opened, epochs="0")
    wrong = opened.page.locator("#setting-epochs-wrong")
    assert "0" in wrong.inner_text()
    assert opened.page.locator("#setting-epochs").get_attribute("aria-invalid") == "true"
    assert opened.page.get_by_role("button", name="Start training").is_disabled()
    give(opened, epochs="seven")
    assert "seven" in wrong.inner_text()
    give(opened, epochs="7")
    assert wrong.inner_text() == ""
    assert opened.page.get_by_role("button", name="Start training").is_enabled()
    give(opened, hidden="12, many")
    assert "many" in opened.page.inner_text("#setting-hidden-wrong")
    give(opened, hidden="", dropout="much", ensemble="few")
    assert "much" in opened.page.inner_text("#setting-dropout-wrong")
    assert "few" in opened.page.inner_text("#setting-ensemble-wrong")
    opened.check_quiet()


@pytest.mark.exhaustive
def test_the_form_has_every_setting_with_what_it_becomes(start_studio, open_page):
    opened = open_page(start_studio(), "/train?data=bundled/digits")
    opened.page.get_by_text(f"All {len(TrainingConfig.model_fields)} settings").click()
    for name in TrainingConfig.model_fields:
        assert opened.page.locator(f"#setting-{name}").is_visible(), name
        assert opened.page.locator(f"#setting-{name}-help").inner_text(), name
    # 1,077 of the digits are trained on, which is known once they are read: "auto" is what a training makes of that
    opened.wait("document.querySelector('#setting-batch_size').placeholder === '32'", seconds=60)
    assert opened.page.locator("#setting-epochs").get_attribute("placeholder") == "42"
    opened.page.select_option("#recipe", "table")
    checked(opened)
    assert opened.page.locator("#setting-patience").get_attribute("placeholder") == "10"
    give(opened, patience="none")
    assert opened.page.inner_text("#setting-patience-wrong") == ""
    with opened.page.expect_request("**/api/trainings/check") as asked:
        opened.page.select_option("#recipe", "lesson")
    assert asked.value.post_data_json["task"]["settings"] == {"patience": None}
    opened.wait("document.querySelector('#setting-epochs').placeholder === '2'")
    assert opened.page.locator("#setting-epochs").get_attribute("placeholder") == "2"
    assert opened.page.locator("#setting-optimizer option").first.inner_text() == "sgd (default)"
    opened.wait(
        "[...document.querySelector('#setting-optimizer')].every((each) => each.hidden === (each.text === 'sgd'))"
    )
    opened.check_quiet()


@pytest.mark.exhaustive
def test_images_are_shown_as_the_training_would_see_them(start_studio, open_page):
    opened = open_page(start_studio(), "/train?data=bundled/digits")
    opened.page.get_by_text(f"All {len(TrainingConfig.model_fields)} settings").click()
    button = opened.page.get_by_role("button", name="Show changed images")
    button.click(timeout=60_000)
    opened.wait("document.querySelector('.changed-images')?.innerText === 'Images are not changed.'")
    give(opened, augment="rotation=20")
    button.click()
    opened.wait("document.querySelector('.changed-images img')?.naturalWidth === 60", seconds=60)
    shown = opened.page.locator(".changed-images img")
    assert re.fullmatch(
        r"(sample\[\d+\], ){5}sample\[\d+\]: as they are, and below in 3 epochs", shown.get_attribute("alt")
    )
    first = shown.get_attribute("src")
    give(opened, augment="flip=vertical")
    button.click()
    opened.wait(f"document.querySelector('.changed-images img')?.src !== {json.dumps(first)}", seconds=60)
    opened.check_quiet()


@pytest.mark.exhaustive
def test_while_a_table_is_read_the_form_shows_nothing_of_other_data(start_studio, open_page, tmp_path):
    rows = "".join(f"{k * k & 127},p-{k},{'ab'[(k * k & 127) > 50]}\n" for k in range(400))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "t.csv").write_text("size,id,kind\n" + rows)
    opened = open_page(start_studio(None, "--data", tmp_path / "data"))
    page, held = opened.page, []
    page.route("**/api/jobs/survey", lambda route: held.append(route))
    opened.open("/train?data=folder/0/t.csv")
    checked(opened)
    fields = "#setting-epochs, #setting-batch_size, #setting-patience"
    shown = f"[...document.querySelectorAll('{fields}')].map((each) => each.placeholder)"
    assert page.evaluate(shown) == ["auto", "auto", "10"]
    recipe = page.locator("#recipe option:checked")
    assert recipe.inner_text() == "default (table): a good model of a table: smaller, and stopped before it overfits"
    assert page.inner_text(".train-start .hint") == 'What "auto" becomes is known when the data have been read.'
    held[0].continue_()
    page.unroute("**/api/jobs/survey")  # the page asks again until the data have been read
    opened.wait("document.querySelector('#setting-batch_size').placeholder === '32'", seconds=60)
    assert page.evaluate(shown) == ["60", "32", "10"]
    assert page.get_by_text('Columns left out: "id" (nearly unique).').is_visible()
    page.select_option("#recipe", "lesson")
    opened.wait("document.querySelector('#setting-epochs').placeholder === '2'")
    assert recipe.inner_text().startswith("lesson: the classic lesson")
    page.fill("#run-name", "Kündigung März (2. Versuch)")
    give(opened, epochs="1")
    begin(opened)
    assert page.inner_text("#studioView h1") == "Kündigung März (2. Versuch)"
    opened.check_quiet()


@pytest.mark.exhaustive
def test_the_map_moves_while_the_model_learns_until_the_training_is_stopped_and_resumed(start_studio, open_page):
    opened = open_page(start_studio(), "/train?data=bundled/digits")
    give(opened, epochs="30000", hidden="64, 64")
    run = begin(opened)
    frame, epoch = (f"Number(document.querySelector('.live-map')?.dataset.{name} ?? -1)" for name in ("frame", "epoch"))
    opened.wait(f"{frame} >= 2", seconds=180)
    # Both at once: frames arrive while the test asks.
    first_frame, first_epoch = opened.page.evaluate(f"[{frame}, {epoch}]")
    opened.wait(f"{frame} > {first_frame}", seconds=60)
    assert opened.page.evaluate(epoch) > first_epoch
    # without a GPU each would be painted 60 times a second by a core that trains
    assert opened.page.evaluate("document.getAnimations().length") == 0
    caption = opened.page.inner_text(".live-map-caption")
    assert re.fullmatch(
        r"360 test samples in dense_2, after epoch \d+: [\d.]+% of them are predicted correctly\.", caption
    )
    opened.page.get_by_role("button", name="Color by right or wrong").click()
    assert opened.page.locator(".live-legend").inner_text().split() == ["right", "wrong"]
    opened.page.get_by_role("button", name="Stop", exact=True).click()
    wait_for_state(opened, "stopped")
    done = len(RunFolder.open(opened.studio.folder / run).history())
    opened.page.get_by_role("button", name="Resume").click()
    assert arrive(opened) == run
    opened.wait(f"Number(document.querySelector('.live')?.dataset.epochs ?? 0) > {done + 2}", seconds=120)
    opened.page.get_by_role("button", name="Stop", exact=True).click()
    wait_for_state(opened, "stopped")
    opened.check_quiet()


@pytest.mark.exhaustive
def test_curves_of_a_run_that_was_stopped_within_an_epoch_stay_inside(start_studio, open_page, new_run, tmp_path):
    path = new_run(tmp_path / "runs" / "stopped", done=2, status="stopped", epochs=9, split={"counts": {"train": 100}})
    between = {"kind": "progress", "epoch": 3, "samples": 90, "loss": 0.1, "accuracy": 0.9}
    with (path / HISTORY).open("a") as history:
        history.write(json.dumps(between) + "\n")
    opened = open_page(start_studio(tmp_path / "runs"), "/runs/stopped")
    opened.wait("document.querySelectorAll('.curves-picture .end').length === 4")
    ends = [float(each.get_attribute("cx")) for each in opened.page.locator(".curves-picture .end").all()]
    width = float(opened.page.locator(".curves-picture").first.get_attribute("viewBox").split()[2])
    assert ends[0] == ends[2]
    assert ends[1] < ends[0] < width  # the training loss within epoch 3, the validation loss after epoch 2
    opened.check_quiet()


@pytest.mark.exhaustive
def test_what_was_read_before_the_end_of_a_training_takes_nothing_from_its_curves(
    start_studio, open_page, new_run, tmp_path
):
    new_run(tmp_path / "runs" / "ended", done=3)
    opened = open_page(start_studio(tmp_path / "runs"))
    late = {"run": "ended", "since": 1, "rows": [{"epoch": 2, "loss": 0.5}], "progress": None, "samples": None}
    changed = [{"id": "ended", "state": "stopped"}]
    events = [["training", {**late, "verdict": None}], ["runs", {"changed": changed, "gone": []}]]
    body = "".join(f"data: {json.dumps(each)}\n\n" for each in events)
    opened.page.route(
        "**/api/events", lambda route: route.fulfill(headers={"content-type": "text/event-stream"}, body=body)
    )
    opened.open("/runs/ended")
    wait_for_state(opened, "stopped")
    assert opened.page.locator(".live").get_attribute("data-epochs") == "3"


@pytest.mark.exhaustive
def test_a_training_that_ended_before_the_page_could_hear_of_it_is_looked_into(
    start_studio, open_page, new_run, tmp_path
):
    new_run(tmp_path / "runs" / "ended", done=3)
    opened = open_page(start_studio(tmp_path / "runs"))
    page, states = opened.page, iter(["running"])

    def asked(route):
        answer = route.fetch().json()
        route.fulfill(json=answer | {"state": next(states, answer["state"])})

    page.route("**/api/runs/ended", asked)
    page.route("**/api/events", lambda route: route.fulfill(headers={"content-type": "text/event-stream"}, body=""))
    opened.open("/runs/ended")
    opened.wait("document.querySelector('.run-bar')")


@pytest.mark.exhaustive
def test_a_run_is_trained_again_with_changes_and_from_one_of_its_epochs(start_studio, open_page):
    studio = start_studio()
    opened = open_page(studio, "/train?data=bundled/digits")
    give(opened, epochs="3", hidden="16")
    run = begin(opened)
    wait_for_state(opened, "finished")
    opened.page.get_by_text("Train again with changes").dispatch_event("click")  # hidden if it ended before the page
    opened.ready()
    assert opened.page.locator("#setting-epochs").get_attribute("placeholder") == "3"
    give(opened, epochs="1", learning_rate="0.01")
    again = begin(opened)
    wait_for_state(opened, "finished")
    config = RunFolder.open(studio.folder / again).manifest.config
    assert config == RunFolder.open(studio.folder / run).manifest.config | {"epochs": 1, "learning_rate": 0.01}
    opened.open(f"/train?branch={run}&epoch=2")
    assert opened.page.locator("#branch-epoch").input_value() == "2"
    give(opened, epochs="1")
    branch = begin(opened)
    wait_for_state(opened, "finished")
    first, given = (RunFolder.open(studio.folder / name).snapshot(epoch) for name, epoch in ((branch, 0), (run, 2)))
    assert all((first[name] == given[name]).all() for name in given)
    opened.check_quiet()


@pytest.mark.exhaustive
def test_a_column_is_left_out_and_the_training_is_drawn_beside_the_run_before(start_studio, open_page, tmp_path):
    rows = "".join(f"{k * k & 63},{k * 7 & 31},{'ab'[(k * k & 63) > 30]}\n" for k in range(400))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "t.csv").write_text("size,rest,kind\n" + rows)
    studio = start_studio(None, "--data", tmp_path / "data")
    opened = open_page(studio, "/train?data=folder/0/t.csv")
    page = opened.page
    opened.wait("document.querySelector('#setting-batch_size').placeholder === '32'", seconds=60)
    give(opened, epochs="20")
    run = begin(opened)
    wait_for_state(opened, "finished")
    opened.wait("document.querySelector('#columns select')", seconds=120)
    page.locator(".view-list").get_by_role("link", name="Columns").click()
    page.get_by_role("combobox", name="Train without a column").focus()
    page.keyboard.press("ArrowDown")
    assert "/runs/" in page.url, "an arrow key alone goes nowhere"
    page.get_by_role("combobox", name="Train without a column").select_option("size")
    page.locator("#columns").get_by_role("button", name="Train", exact=True).click()
    opened.ready()
    checked(opened)
    assert [page.get_by_role("checkbox", name=each).is_checked() for each in ("size", "rest")] == [True, False]
    page.get_by_role("checkbox", name="rest").check()
    opened.wait("document.querySelector('.train-form > .field-wrong').textContent.includes('at least one column')")
    assert page.get_by_role("button", name="Start training").is_disabled()
    page.get_by_role("checkbox", name="rest").uncheck()
    checked(opened)
    without = begin(opened)
    wait_for_state(opened, "finished")
    assert page.inner_text("#studioView h1").startswith("t without size: ")
    opened.wait("document.querySelectorAll('.curves-picture .curve.before').length === 2")
    assert "the run before" in page.locator("figure.curves svg").first.get_attribute("aria-label")
    manifest = RunFolder.open(studio.folder / without).manifest
    assert (manifest.like.run, manifest.like.ignore) == (run, ("size",))
    assert list(manifest.dataset.feature_names) == ["rest"]
    page.get_by_text("Compare with the run before").dispatch_event("click")
    opened.ready()
    assert page.url.endswith(f"/compare/{without}/{run}")
    opened.wait("document.body.innerText.includes(' is better than ')", seconds=120)
    opened.check_quiet()


@pytest.mark.exhaustive
def test_the_queue_shows_what_waits_and_lets_it_be_canceled(start_studio, open_page):
    studio = start_studio(None, "--parallel", "1")
    task = {"kind": "train", "data": {"place": "bundled", "name": "digits"}, "settings": {"epochs": 30000}}
    jobs = [studio.ask("/api/trainings", method="POST", body=task).json["id"] for _ in range(3)]
    opened = open_page(studio, f"/trainings/{jobs[1]}")
    opened.wait("document.querySelector('#studioView .subtitle')?.textContent === 'The next one to start.'")
    queue = opened.page.locator(".queue li")
    assert queue.count() == 3
    assert "Number 2 of 2 in the queue." in queue.nth(2).inner_text()
    queue.nth(1).get_by_role("button", name="Cancel").click()
    opened.wait("document.querySelector('#studioView .subtitle').textContent === 'Canceled.'")
    opened.wait("document.querySelectorAll('.queue li').length === 2")
    queue.nth(1).get_by_role("button", name="Cancel").click()
    opened.wait("document.querySelectorAll('.queue li').length === 1")
    end = time.monotonic() + 60
    while studio.ask(f"/api/trainings/{jobs[0]}/stop", method="POST", body={"kill": True}).status != 200:
        assert time.monotonic() < end
        time.sleep(0.1)
    opened.wait("document.querySelector('.queue li')?.dataset.state === 'died'", seconds=60)
    assert "the process ended without a word" in queue.first.inner_text()
    queue.first.get_by_role("button", name="Remove from the list").click()
    opened.wait("document.querySelector('.queue-box').hidden")
    opened.check_quiet()


@pytest.mark.exhaustive
def test_a_training_that_fails_says_why_and_what_to_do(start_studio, open_page):
    opened = open_page(start_studio(), "/train?data=bundled/digits")
    opened.page.select_option("#setting-optimizer", "sgd")
    give(opened, epochs="3", learning_rate="1000000")
    begin(opened)
    opened.wait("['failed', 'finished'].includes(document.querySelector('.live')?.dataset.state)", seconds=120)
    assert "next:" in opened.page.inner_text(".live-pace") or opened.page.locator(".live-verdicts .warning").count()
    opened.check_quiet()


@pytest.mark.exhaustive
@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (2560, "dark")])
def test_the_form_fits_the_page_and_is_reached_by_keyboard(start_studio, open_page, width, scheme):
    opened = open_page(
        start_studio(), "/train?data=bundled/digits", viewport={"width": width, "height": 800}, color_scheme=scheme
    )
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    names = set()
    for _ in range(40):
        opened.page.keyboard.press("Tab")
        names.add(opened.page.evaluate("document.activeElement?.id || document.activeElement?.textContent"))
    assert {"train-data", "recipe", "setting-hidden", "setting-epochs", "run-name", "Start training"} <= names
    opened.check_quiet()
