"""The playground in a browser: a person who trains, goes back, paints, reads numbers and does tasks."""

import html
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from cutaway.api.playground import write_playground
from cutaway.errors import UsageError

from .firefox import Firefox
from .playground_steps import drawn, learn, press, state, wait, wait_for_message

pytestmark = pytest.mark.browser


def set_rate(page, rate):
    field = page.get_by_label("Learning rate", exact=True)
    field.fill(str(rate))
    field.press("Enter")


def test_the_file_is_small_and_allows_nothing_but_its_script_and_one_worker(playground_path):
    text = playground_path.read_text(encoding="utf-8")
    assert playground_path.stat().st_size < 6e6
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', html.unescape(text))
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "worker-src blob:" in policy
    assert not re.search(r"(?:src|href)=\"(?!data:)", text)
    assert "Yann LeCun" in text


def test_a_file_that_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(UsageError):
        write_playground(tmp_path / "none" / "playground.html")


def change(page, **settings):
    """Change settings as the form does."""
    page.evaluate(f"document.body.playground.controller.change({json.dumps(settings)})")


def begin(page, **settings):
    """Begin a new training with these settings, and all others as at first."""
    first = page.evaluate("document.body.first ??= document.body.playground.controller.state.settings")
    change(page, **{**first, **settings})
    wait(page, "state.frame")
    press(page, "Reset")
    wait(page, "state.frame?.step === 0 && state.frame.branches.length === 1")


def said(page, act):
    """What the page says after an act."""
    page.evaluate("document.getElementById('message').textContent = ''")
    act()
    wait(page, "document.getElementById('message').textContent")
    return page.inner_text("#message")


def test_a_person_trains_goes_back_and_branches(shared_playground):
    page = shared_playground
    assert page.get_by_role("button", name="Undo").is_disabled()
    begin(page)
    press(page, "Play")
    wait(page, "state.frame.step >= 20")
    press(page, "Pause")
    wait(page, "!state.isPlaying && !document.body.playground.controller.isBusy")
    end = state(page, "state.frame.step")
    assert re.search(r"\d linear regions", page.inner_text("#regions"))
    weights = "[...state.frame.parameters]"
    last = state(page, weights)
    slider = page.get_by_role("slider")
    wait(page, f"document.querySelector('#slider input').max === '{end}'")
    slider.focus()
    page.keyboard.press("Home")
    wait(page, "state.frame.step === 0")
    first = state(page, weights)
    page.keyboard.press("End")
    wait(page, f"state.frame.step === {end}")
    assert state(page, weights) == last != first
    slider.fill("7")
    wait(page, "state.frame.step === 7")
    set_rate(page, 0.5)
    wait(page, "state.frame?.branch === 1")
    assert state(page, "state.frame.branches[1].firstStep") == 7
    learn(page, 2)
    press(page, "as it began")
    wait(page, f"state.frame.branch === 0 && state.frame.step === {end}")
    assert state(page, weights) == last
    assert page.get_by_label("Learning rate", exact=True).input_value() == "0.01", "a branch has settings of its own"


def test_a_change_is_undone_and_what_cannot_be_is_refused(shared_playground):
    page = shared_playground
    begin(page)
    learn(page, 3)
    before = state(page, "[...state.frame.parameters]")
    samples = page.get_by_label("Samples", exact=True)
    samples.fill("7")
    page.keyboard.press("Enter")
    assert page.get_by_role("alert").filter(has_text="from 10 to 5000").count() == 1
    samples.fill("100")
    page.keyboard.press("Enter")
    wait(page, "state.frame?.step === 0 && state.settings.samples === 100")
    assert "samples=100" in page.url
    press(page, "Undo")
    wait(page, "state.frame?.step === 3 && state.settings.samples === 500")
    assert state(page, "[...state.frame.parameters]") == before


def test_a_surface_is_drawn_in_the_colors_of_its_values(shared_playground):
    page = shared_playground
    begin(page, data="ripple", samples=10)
    learn(page, 3)
    for box in ("#showRegions", "#showTest"):
        page.uncheck(box)
    drawn(page)
    values, pixels, largest = page.evaluate("""() => {
      const { controller, plane } = document.body.playground;
      const { low, high, scale } = controller.state.frame.drawing;
      const shares = Float32Array.from({ length: 600 }, (_, k) => (Math.sqrt(2 + (k % 2)) * (k + 1)) % 1);
      const values = controller.mirror().network.predict(shares.map((share) => low + share * (high - low)), 300);
      const { data } = plane.getContext("2d").getImageData(0, 0, plane.width, plane.height);
      const colors = Array.from(values, (_, k) => {
        const [column, row] = [shares[2 * k] * plane.width, (1 - shares[2 * k + 1]) * plane.height].map(Math.floor);
        return [...data.subarray(4 * (row * plane.width + column)).subarray(0, 3)];
      });
      return [[...values], colors, scale.largest];
    }""")
    for box in ("#showRegions", "#showTest"):
        page.check(box)
    ramp = ((231, 255, 63), (99, 255, 144), (0, 255, 218))
    expected = np.stack([np.interp(values, [-largest, 0, largest], channel) for channel in ramp], axis=1)
    off = abs(np.array(pixels) - expected).max(axis=1)
    assert (off <= 4).mean() > 0.9, "all but those under samples and contours"
    assert page.locator(".ramp-ends").inner_text().replace("−", "-").startswith(f"{-largest:.2f}")


def test_the_keyboard_is_enough(shared_playground):
    page = shared_playground
    begin(page)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("b")
    wait(page, "state.frame.step === 1")
    page.keyboard.press("e")
    wait(page, "state.frame.step === 11")
    page.keyboard.press("Space")
    wait(page, "state.frame.step > 11")
    page.keyboard.press("Space")
    wait(page, "!state.isPlaying")
    page.get_by_role("tab", name="Tasks").focus()
    page.keyboard.press("ArrowRight")
    page.locator("#numbers h3").wait_for()


def test_the_numbers_of_a_unit_add_up_and_a_weight_can_be_typed(shared_playground):
    page = shared_playground
    begin(page, data="circles", hidden=[4])
    learn(page, 2)
    page.get_by_role("tab", name="Numbers of a unit").click()
    press(page, "Hidden layer 1, unit 3")
    formula = page.locator("#numbers code").first.inner_text().replace("−", "-")
    left, total = formula.removeprefix("z = ").split(" = ")
    terms = [np.prod([float(factor) for factor in term.split("·")]) for term in left.split(" + ")]
    assert sum(terms) == pytest.approx(float(total), abs=0.03)
    sample = page.locator("#numbers .hint").inner_text()
    assert sample.startswith("Sample 1 of the next batch of 32")
    press(page, "1 sample")
    wait(page, "document.querySelector('#numbers .hint').textContent.startsWith('Sample 2 of')")
    weight = page.get_by_label("Weight of input 1")
    weight.fill("2.5")
    page.keyboard.press("Enter")
    wait(page, "state.frame.branch === 1")
    assert state(page, "state.frame.parameters[2]") == 2.5
    before = page.inner_text("#numbers")
    press(page, "Switch this unit off")
    wait(page, "state.frame.off[0][2] === 1")
    drawn(page)
    assert page.inner_text("#numbers") != before


def test_a_saved_page_is_opened_again_and_another_file_refused(shared_playground, tmp_path):
    page = shared_playground
    begin(page, data="spirals", classes=3, hidden=[6, 5], noise=0.05)
    learn(page, 2)
    with page.expect_download() as saved:
        press(page, "Save")
    file = tmp_path / "saved.json"
    saved.value.save_as(file)
    text = file.read_text(encoding="utf-8")
    assert json.loads(text)["step"] == 2
    begin(page)
    page.set_input_files("#openFile", file)
    wait(page, "state.settings.data === 'spirals' && state.frame")
    assert state(page, "state.settings.hidden") == [6, 5]
    for wrong in ("{}", "[", text.replace("spirals", "x")):
        file.write_text(wrong, encoding="utf-8")
        assert said(page, lambda: page.set_input_files("#openFile", file))
        assert state(page, "state.settings.data") == "spirals"


def test_a_csv_file_is_read_and_a_damaged_one_refused(shared_playground, tmp_path):
    page = shared_playground
    begin(page)
    rng = np.random.default_rng(0)
    rows = [f"{a:.3f},{b:.3f},{'big' if a + b > 0 else 'small'}" for a, b in rng.normal(size=(60, 2))]
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("\n".join(["a,b,kind", *rows]), encoding="utf-8")
    bad.write_text("a,b,kind\n1,2,x\n", encoding="utf-8")
    assert "10 to 5000" in said(page, lambda: page.set_input_files("#dataFile", bad))
    assert "60 samples of kind" in said(page, lambda: page.set_input_files("#dataFile", good))
    wait(page, "state.settings.data === 'file' && state.frame")
    drawn(page)
    names = [text.strip() for text in page.locator(".class-label").all_inner_texts()]
    assert names == ["big", "small", "a", "b"], "classes, and inputs by their columns"
    learn(page, 1)


@pytest.mark.exhaustive
def test_a_rate_that_is_too_large_stops_and_says_why(open_playground):
    page = open_playground("optimizer=sgd&learningRate=1000&loss=mean_squared_error&data=sine")
    press(page, "Play")
    wait(page, "!state.isPlaying && state.frame && !state.frame.isFinite")
    assert "learning rate" in page.inner_text("#message")


@pytest.mark.exhaustive
def test_painted_points_are_learned_and_stay_in_the_page(open_playground):
    page = open_playground()
    page.get_by_label("Dataset").select_option("painted")
    wait(page, "state.settings.data === 'painted' && state.frame")
    before = state(page, "state.own.rows.length")
    press(page, "Paint class 1")
    box = page.locator("canvas.plane").bounding_box()
    page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 0.25 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"], steps=4)
    page.mouse.up()
    wait(page, f"state.own.rows.length > {before}")
    x, y, label = state(page, f"state.own.rows[{before}]")
    assert x < 0 < y
    assert label == 1
    wait(page, "state.frame")
    learn(page, 1)
    assert "data=painted" in page.url
    assert str(x)[:6] not in page.url.partition("#")[2]


@pytest.mark.exhaustive
def test_an_address_that_cannot_be_is_named(open_playground):
    page = open_playground("hidden=1-2-3-4-5-6-7&samples=100")
    assert "hidden=1-2-3-4-5-6-7" in page.inner_text("#message")
    assert state(page, "state.settings.samples") == 100


@pytest.mark.exhaustive
def test_a_task_is_checked_asked_about_and_written_on_the_sheet(open_playground, tmp_path):
    page = open_playground()
    card = page.locator(".task").filter(has_text="zeros")
    card.get_by_role("button", name="Start this task").click()
    wait(page, "state.settings.data === 'moons' && state.frame")
    page.get_by_label("First weights").select_option("zeros")
    page.get_by_label("Speed").select_option("fast")
    wait(page, "state.settings.initializer === 'zeros' && state.frame")
    press(page, "Play")
    wait(page, "state.frame.step >= 200")
    press(page, "Pause")
    assert "One question is left" in page.inner_text("#startedTask")
    press(page, "Show the question")
    question = card.get_by_role("radio")
    question.first.check()
    assert "No." in card.get_by_role("status").inner_text()
    question.nth(2).check()
    assert card.get_by_role("status").inner_text().startswith("Right.")
    assert page.inner_text("#message") == (
        'Task done: "Why does it fail to begin with zeros?". Next task: "Find the rate at which it diverges".'
    )
    assert page.locator("#startedTask").is_hidden()
    assert page.locator(".sheet strong").inner_text() == "1 of 6 tasks done"
    page.get_by_label("Your name").fill("Ada")
    with page.expect_download() as saved:
        press(page, "Save the sheet of results")
    file = tmp_path / "sheet.txt"
    saved.value.save_as(file)
    text = file.read_text(encoding="utf-8")
    assert "results of Ada" in text
    assert re.search(r"\[x\] Why does it fail to begin with zeros\?: done at step \d+", text)
    assert text.count("[ ]") == 5


@pytest.mark.exhaustive
def test_a_task_stays_in_sight_until_it_is_left(open_playground):
    page = open_playground()
    page.locator(".task").filter(has_text="spirals").get_by_role("button", name="Start this task").click()
    wait(page, "state.settings.data === 'spirals' && state.frame")
    started = page.locator("#startedTask")
    learn(page, 1)
    assert page.inner_text("#message") == ""
    assert "Separate two spirals with at most two hidden layers" in started.inner_text()
    assert "○ 95% of the test samples are right" in started.inner_text()
    assert started.bounding_box()["y"] + started.bounding_box()["height"] < page.viewport_size["height"] / 2
    press(page, "Hint")
    press(page, "Next hint")
    assert started.locator("ol li").all_inner_texts() == [
        "Press Play and wait. Does it stop improving?",
        'Press "+ layer": a second hidden layer helps more than anything else.',
    ]
    press(page, "Leave the task")
    assert started.is_hidden()
    assert state(page, "state.settings.data") == "spirals"


@pytest.mark.exhaustive
def test_a_dataset_after_a_task_says_which_settings_are_those_of_before(open_playground):
    page = open_playground()
    dataset = page.get_by_label("Dataset")
    dataset.select_option("circles")
    wait(page, "state.settings.data === 'circles' && state.frame")
    assert page.inner_text("#message") == "", "all settings are as at first"
    page.locator(".task").filter(has_text="spirals").get_by_role("button", name="Start this task").click()
    wait(page, "state.settings.data === 'spirals' && state.frame")
    dataset.select_option("digits")
    wait_for_message(page, "stay as they were: hidden units 8, optimizer SGD, learning rate 0.03.")
    wait(page, "document.getElementById('startedTask').hidden")
    page.get_by_label("Optimizer").select_option("adam")
    wait_for_message(page, "The learning rate stays 0.03.")


@pytest.mark.exhaustive
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_no_serious_fault_and_nothing_overflows(open_playground, scheme, width, serious_faults):
    page = open_playground("data=spirals", color_scheme=scheme, viewport={"width": width, "height": 900})
    learn(page, 3)
    set_rate(page, 0.05)
    wait(page, "state.frame?.branch === 1")
    learn(page, 1)
    for name in ("Tasks", "Numbers of a unit", "Weights and gradients", "As Python", "About"):
        page.get_by_role("tab", name=name).click()
        drawn(page)
        assert serious_faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.exhaustive
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_edge_of_the_network_has_a_shadow_while_there_is_more_behind_it(open_playground, scheme):
    page = open_playground("hidden=4-4-4-4", color_scheme=scheme, viewport={"width": 390, "height": 900})
    network = page.locator("#network")
    network.evaluate("(host) => (host.querySelector('.network-stage').style.visibility = 'hidden')")

    def contrast(column):
        """How much the gray of a column of pixels differs from the surface, in the middle of the height."""
        picture = np.asarray(Image.open(io.BytesIO(network.screenshot())).convert("L"), int)
        middle = len(picture) // 2
        return abs(picture[middle, column] - picture[middle, picture.shape[1] // 2])

    network.evaluate("(host) => (host.scrollLeft = 0)")
    assert (contrast(0), contrast(-1) > 20) == (0, True)
    network.evaluate("(host) => (host.scrollLeft = host.scrollWidth)")
    assert (contrast(0) > 20, contrast(-1)) == (True, 0)


@pytest.mark.exhaustive
def test_digits_are_learned(open_playground):
    page = open_playground("data=digits&hidden=32&learningRate=0.003")
    wait(page, "state.settings.data === 'digits' && state.frame")
    page.get_by_label("Speed").select_option("fast")
    press(page, "Play")
    wait(page, "state.frame.test.score > 0.85", 60)
    press(page, "Pause")
    assert page.locator(".digit-cards li").count() == 60


@pytest.mark.exhaustive
def test_firefox_trains(firefox_path, playground_path, tmp_path):
    firefox = Firefox(firefox_path, tmp_path)
    try:
        firefox.open(playground_path)
        firefox.evaluate("document.querySelector('.play').click()")
        firefox.wait("document.body.playground.controller.state.frame.step > 20")
        firefox.evaluate("document.querySelector('.play').click()")
        assert "linear regions" in firefox.evaluate("document.getElementById('regions').textContent")
        assert (firefox.complaints, firefox.requests) == ([], [])
    finally:
        firefox.close()


@pytest.mark.exhaustive
def test_undo_goes_back_through_what_began_again(open_playground):
    page = open_playground()
    learn(page, 4)
    page.get_by_label("Learning rate").fill("0.02")
    page.keyboard.press("Enter")
    wait(page, "state.frame?.branch === 1")
    learn(page, 3)
    weights = state(page, "[...state.frame.parameters]")
    press(page, "Reset")
    wait(page, "state.frame?.step === 0 && state.frame.branches.length === 1")
    learn(page, 1)
    press(page, "Undo")
    wait(page, "state.frame?.step === 7 && state.frame.branch === 1")
    assert state(page, "[...state.frame.parameters]") == weights
    press(page, "Undo")
    wait(page, "state.frame.step === 4 && state.frame.branch === 0")
    assert state(page, "state.settings.learningRate") == 0.01


@pytest.mark.exhaustive
def test_a_class_that_is_taken_away_is_not_painted(open_playground):
    page = open_playground()
    page.get_by_label("Dataset").select_option("painted")
    wait(page, "state.settings.data === 'painted' && state.frame")
    press(page, "+ class")
    wait(page, "state.own.classNames.length === 3 && state.frame")
    press(page, "Paint class 2")
    press(page, "Undo")
    wait(page, "state.own.classNames.length === 2 && state.frame")
    page.locator("canvas.plane").click(position={"x": 40, "y": 40})
    wait(page, "state.own.rows.length === 11 && state.frame")
    assert max(row[2] for row in state(page, "state.own.rows")) == 1


@pytest.mark.exhaustive
def test_controls_can_be_used_while_it_learns(open_playground):
    page = open_playground()
    page.get_by_role("tab", name="Numbers of a unit").click()
    press(page, "Play")
    wait(page, "state.frame.step > 5")
    off = page.get_by_role("button", name="Switch this unit off").element_handle()
    weight = page.get_by_label("Weight of input 1").element_handle()
    before = state(page, "state.frame.step")
    wait(page, f"state.frame.step > {before}")
    assert page.evaluate("([off, weight]) => off.isConnected && weight.isConnected", [off, weight])
    weight.click()
    weight.fill("1.5")
    page.keyboard.press("Enter")
    wait(page, "state.frame.branch === 1 && state.frame.parameters[0] === 1.5")


@pytest.mark.exhaustive
def test_dropout_is_in_the_formulas(open_playground):
    page = open_playground("dropout=0.5&data=circles&activation=linear")
    page.get_by_role("tab", name="Numbers of a unit").click()
    learn(page, 1)
    drawn(page)
    forward = page.locator("#numbers code").nth(1).inner_text().replace("−", "-")
    z = float(page.locator("#numbers code").first.inner_text().replace("−", "-").rsplit(" = ", 1)[1])
    gate, a = re.fullmatch(r"a = linear\(z\) · ([\d.]+) = ([-\d.]+)", forward).groups()
    assert float(gate) in (0.0, 2.0)
    assert float(gate) * z == pytest.approx(float(a), abs=0.02)


@pytest.mark.exhaustive
def test_a_file_with_one_column_of_numbers_is_drawn_as_probabilities(open_playground, tmp_path):
    page = open_playground()
    file = tmp_path / "one.csv"
    file.write_text("\n".join(f"{k / 10},{'a' if k < 15 else 'b'}" for k in range(30)), encoding="utf-8")
    page.set_input_files("#dataFile", file)
    wait(page, "state.settings.data === 'file' && state.frame?.drawing")
    assert state(page, "state.frame.drawing.responses.at(-1).length") == 2 * 128
    assert "linear regions, exact" in page.inner_text("#regions")


@pytest.mark.exhaustive
def test_a_task_begins_with_its_own_data_and_settings(open_playground):
    page = open_playground("data=circles&initializer=zeros&dropout=0.5")
    page.get_by_label("Dataset").select_option("painted")
    wait(page, "state.settings.data === 'painted' && state.frame")
    page.locator(".task").filter(has_text="Separate the spirals").get_by_role("button").first.click()
    wait(page, "state.settings.data === 'spirals' && state.frame && state.own === null")
    found = state(page, "state.settings")
    assert (found["initializer"], found["dropout"], found["hidden"]) == ("glorot_uniform", 0, [8])
    assert state(page, "state.parts.train.y.length") == 350
    page.locator(".task").filter(has_text="Read handwriting").get_by_role("button").first.click()
    wait(page, "state.settings.data === 'digits' && state.frame")
    assert state(page, "state.parts.train.inputs") == 784


def run_until(page, expression, seconds=60):
    page.get_by_label("Speed").select_option("fast")
    press(page, "Play")
    wait(page, expression, seconds)
    press(page, "Pause")
    wait(page, "!document.body.playground.controller.isBusy")


def reached(page, title):
    return page.locator(".task").filter(has_text=title).locator(".reached").count()


@pytest.mark.exhaustive
def test_the_spirals_are_separated_by_the_hints(open_playground):
    page = open_playground()
    page.locator(".task").filter(has_text="Separate the spirals").get_by_role("button").first.click()
    wait(page, "state.settings.data === 'spirals' && state.frame")
    change(page, hidden=[8, 8], optimizer="adam", learningRate=0.01)
    run_until(page, "state.frame?.test.score >= 0.95")
    wait(page, "document.querySelectorAll('.task.done').length === 1")


@pytest.mark.exhaustive
def test_overfitting_is_cured_by_the_hints_and_by_nothing_less(open_playground):
    page = open_playground()
    title = "Make it overfit"
    page.locator(".task").filter(has_text=title).get_by_role("button").first.click()
    wait(page, "state.settings.samples === 60 && state.frame")
    run_until(page, "state.frame?.train.score === 1 && state.frame.test.loss > 1.5")
    wait(page, "document.querySelectorAll('.task .reached').length === 1")
    change(page, weightDecay=0.00001)
    learn(page, 2)
    assert reached(page, title) == 1, "a change at the end cures nothing"
    change(page, weightDecay=3)
    press(page, "Reset")
    wait(page, "state.frame?.step === 0")
    run_until(page, "document.querySelectorAll('.task .reached').length === 2")
    change(page, weightDecay=0, samples=1000)
    wait(page, "state.frame?.step === 0")
    run_until(page, "document.querySelectorAll('.task .reached').length === 3")


@pytest.mark.exhaustive
def test_units_are_killed_and_a_rate_that_diverges_is_found_by_the_hints(open_playground):
    page = open_playground()
    page.locator(".task").filter(has_text="Kill units").get_by_role("button").first.click()
    wait(page, "state.settings.data === 'circles' && state.frame")
    change(page, learningRate=10)
    press(page, "1 epoch")
    wait(page, "document.querySelectorAll('.task .reached').length === 1")
    title = "Find the rate"
    page.locator(".task").filter(has_text=title).get_by_role("button").first.click()
    wait(page, "state.settings.activation === 'tanh' && state.frame")
    for rate, goals in ((3, 1), (20, 1), (5, 2)):
        change(page, learningRate=rate)
        press(page, "Reset")
        wait(page, "state.frame?.step === 0")
        run_until(page, "state.frame?.step >= 150")
        assert reached(page, title) == goals


@pytest.mark.exhaustive
def test_a_weight_is_dragged_and_lines_show_gradients(open_playground):
    """A line is taken where it leaves its unit; dragging it up by 60 pixels adds the largest weight of its layer."""
    page = open_playground("data=moons&hidden=1&seed=3")
    wait(page, "state.frame?.drawing")
    first, largest = state(
        page, "[state.frame.parameters[0], Math.max(...state.frame.parameters.slice(0, 2).map(Math.abs))]"
    )
    stage = page.locator(".network-stage")
    stage.scroll_into_view_if_needed()
    box, tile = stage.bounding_box(), page.get_by_role("button", name="Input 1", exact=True).bounding_box()
    x, y = tile["x"] + tile["width"] + 20, tile["y"] + tile["height"] / 2
    page.mouse.move(x, y)
    assert page.locator(".line-label").inner_text().startswith("w = ")
    page.mouse.down()
    page.mouse.move(x, y - 60, steps=4)
    page.mouse.up()
    wait(page, f"Math.abs(state.frame.parameters[0] - {first + max(largest, 0.1)}) < 0.02 * {max(largest, 0.1)}")
    pixels = "document.querySelector('canvas.weights').toDataURL()"
    weights = page.evaluate(pixels)
    page.get_by_label("Lines show").select_option("gradients")
    assert page.evaluate(pixels) != weights
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    assert page.locator(".line-label").is_hidden()


@pytest.mark.exhaustive
def test_a_ninth_branch_is_refused_in_words_and_nothing_is_lost(open_playground):
    page = open_playground("data=moons&hidden=2")
    for k in range(2, 9):
        learn(page, 1)
        set_rate(page, k / 100)
        wait(page, f"state.frame?.branches.length === {k}")
    learn(page, 2)
    branches = state(page, "state.frame.branches")
    set_rate(page, 0.5)
    wait_for_message(page, "Nothing was changed: this would begin another branch, and 8 are kept.")
    assert page.get_by_label("Learning rate", exact=True).input_value() == "0.08"
    press(page, "Hidden layer 1, unit 1")
    weight = page.get_by_label("Weight of input 1")
    kept = weight.input_value()
    weight.fill("7")
    weight.press("Enter")
    assert weight.input_value() == kept
    press(page, "Switch this unit off")
    drawn(page)
    assert state(page, "state.frame.branches") == branches
    assert page.get_by_role("button", name=re.compile("^Remove the branch")).count() == 7, "all but the first"
    page.evaluate("document.body.playground.controller.restart()")
    wait(page, "state.frame?.branches.length === 1")
    # before the worker has answered
    page.evaluate("(({ controller: c }) => { c.undo(); c.change({ learningRate: 0.5 }); })(document.body.playground)")
    wait_for_message(page, "Nothing was changed: this would begin another branch, and 8 are kept.")
    wait(page, "state.frame?.branches.length === 8")
    page.get_by_role("button", name="Remove the branch from step 7: learning rate 0.08").dblclick()
    wait(page, "state.frame.branches.length === 7 && state.frame.branch === 6 && state.frame.step === 7")
    drawn(page)
    assert page.get_by_label("Learning rate", exact=True).input_value() == "0.07"
    set_rate(page, 0.5)
    wait(page, "state.frame?.branches.length === 8 && state.frame.branch === 7")
    drawn(page)
    press(page, "Undo")
    wait(page, "state.frame.branch === 6 && state.frame.step === 7")
    press(page, "Undo")
    wait(page, "state.frame.branches.length === 9 && state.frame.branch === 7")


@pytest.mark.exhaustive
def test_a_branch_that_others_left_is_removed_by_the_keyboard_and_undo_brings_it_back(open_playground):
    page = open_playground("data=moons&hidden=2")
    for rate in (0.2, 0.3, 0.4):
        learn(page, 2)
        set_rate(page, rate)
        wait(page, f"state.settings.learningRate === {rate} && state.frame?.step > 0")
        drawn(page)
    press(page, "from step 4: learning rate 0.3")
    wait(page, "state.frame.branch === 2")
    drawn(page)
    before, curves = state(page, "state.frame"), page.locator("#curves").inner_html()
    page.get_by_role("button", name="Remove the branch from step 2: learning rate 0.2").press("Enter")
    wait_for_message(page, "The branch was removed. Undo brings it back.")
    drawn(page)
    assert state(
        page, "[state.frame.branch, state.frame.step, ...state.frame.branches.map(({ parent }) => parent)]"
    ) == [
        *(1, before["step"]),
        *(-1, 0, 1),
    ]
    assert state(page, "[...state.frame.branches[1].curve.map(([step]) => step)]") == [2, 3, 4, 5, 6]
    assert page.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true", "the focus is not lost"
    page.get_by_role("button", name="Remove the branch from step 4: learning rate 0.3").press("Enter")
    wait(page, "state.frame.branches.length === 2 && state.frame.branch === 0")
    press(page, "Undo")
    wait(page, "state.frame.branches.length === 3 && state.frame.branch === 1")
    press(page, "Undo")
    wait(page, "state.frame.branches.length === 4")
    drawn(page)
    assert state(page, "state.frame") == before
    assert page.locator("#curves").inner_html() == curves


@pytest.mark.exhaustive
def test_branches_are_compared_in_the_curves_and_the_settings_that_differ_are_named(open_playground):
    page = open_playground("data=moons&hidden=2")
    learn(page, 4)
    set_rate(page, 0.05)
    wait(page, "state.frame?.branch === 1")
    page.get_by_label("Optimizer").select_option("sgd")
    wait(page, "state.frame?.branch === 2")
    learn(page, 3)
    drawn(page)
    legend = page.locator("#curves .key").all_inner_texts()
    words = [re.sub(r" [\d.]+%?$", "", text) for text in legend]
    one = [
        "training",
        "test",
        "test, as it began: optimizer Adam (shown: SGD), learning rate 0.01 (shown: 0.05), at its end",
        "test, from step 4: optimizer Adam (shown: SGD), at its end",
    ]
    assert words == [*one, "training", "test"], "of the loss, and of the accuracy"
    lines = page.locator("#curves polyline")
    assert lines.count() == 6
    colors = lines.evaluate_all("(all) => all.slice(0, 4).map((line) => getComputedStyle(line).stroke)")
    assert len(set(colors)) == 4
    page.get_by_label("Compare their losses").uncheck()
    assert lines.count() == 4


def take_line(page):
    """Press the mouse on the line that leaves the first input of a network with one hidden unit."""
    page.locator(".network-stage").scroll_into_view_if_needed()
    tile = page.get_by_role("button", name="Input 1", exact=True).bounding_box()
    x, y = tile["x"] + tile["width"] + 20, tile["y"] + tile["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    return x, y


@pytest.mark.exhaustive
def test_all_is_drawn_while_a_weight_is_dragged(open_playground):
    page = open_playground("data=moons&hidden=1&seed=3")
    wait(page, "state.frame?.drawing")
    drawn(page)
    seen = """() => {
      const pictures = ["canvas.plane", ".unit[aria-label='Output 0'] canvas"];
      const pixels = pictures.map((name) => document.querySelector(name).toDataURL());
      return [document.getElementById("scores").textContent, ...pixels];
    }"""
    before = page.evaluate(seen)
    x, y = take_line(page)
    page.mouse.move(x, y - 90, steps=5)
    drawn(page)
    assert state(page, "state.frame.isTried")
    during = page.evaluate(seen)
    assert all(one != other for one, other in zip(before, during, strict=True))
    loss = state(page, "state.frame.train.loss")
    assert state(page, "state.frame.branches.length") == 1
    page.mouse.up()
    wait(page, "state.frame.branch === 1 && !state.frame.isTried")
    assert state(page, "state.frame.train.loss") == loss
    press(page, "Undo")
    wait(page, "state.frame.branch === 0")
    drawn(page)
    assert page.evaluate(seen) == before


@pytest.mark.exhaustive
def test_a_weight_that_is_brought_back_changes_nothing(open_playground):
    page = open_playground("data=moons&hidden=1&seed=3")
    wait(page, "state.frame?.drawing")
    weights = state(page, "[...state.frame.parameters]")
    x, y = take_line(page)
    page.mouse.move(x, y - 50, steps=5)
    wait(page, "state.frame.isTried")
    page.mouse.move(x, y)
    page.mouse.up()
    wait(page, "!state.frame.isTried && !document.body.playground.controller.isBusy")
    assert state(page, "[[...state.frame.parameters], state.frame.branches.length]") == [weights, 1]


@pytest.mark.exhaustive
def test_tasks_that_are_done_are_kept_in_the_browser(open_playground):
    page = open_playground("data=moons&hidden=2")
    kept = '{"spiral": {"when": "2026-11-30", "address": "", "step": 7}, "zeros": 3}'
    page.evaluate(f"localStorage.setItem('cutaway-playground-tasks', '{kept}')")
    page.reload()
    page.wait_for_selector("li.task.done", state="attached")
    assert page.locator("li.task.done").count() == 1
    page.evaluate("localStorage.setItem('cutaway-playground-tasks', '{')")
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert page.locator("li.task.done").count() == 0


@pytest.mark.exhaustive
def test_going_back_draws_no_line_back(open_playground):
    page = open_playground("data=moons&hidden=2")
    learn(page, 6)
    page.get_by_role("slider").fill("2")
    wait(page, "state.frame.step === 2")
    drawn(page)
    lines = "[...document.querySelectorAll('#curves polyline, #curves path')]"
    across = page.evaluate(f"{lines}.map((line) => line.getAttribute('points') ?? line.getAttribute('d'))")
    for line in across:
        x = [float(number) for number in re.findall(r"[-\d.]+", line)][::2]
        assert x == sorted(x)
    assert len(across) == 4
