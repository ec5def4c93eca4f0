"""Handwritten digits in the playground: a person draws one, and sees what the network says of it while it learns."""

import itertools

import numpy as np
import pytest

from .node import run_script
from .playground_steps import drawn, learn, press, state, wait

pytestmark = pytest.mark.browser

SHEET = "Sheet to draw a digit on"


def draw(page, *places):
    """Draw a line with the mouse through places on the pad, x and y of 1 for a side."""
    sheet = page.get_by_role("application", name=SHEET)
    sheet.scroll_into_view_if_needed()
    box = sheet.bounding_box()
    for k, (x, y) in enumerate(places):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=6)
        if k == 0:
            page.mouse.down()
    page.mouse.up()


def bars(page):
    """The ten probabilities as they are written, NaN where there is none."""
    texts = page.locator(".digit-bars li b").all_inner_texts()
    return np.array([float("nan") if text == "–" else float(text.removesuffix("%")) / 100 for text in texts])


def answer(page):
    return page.locator(".digit-answer").inner_text()


def forward(page):
    """The probabilities of the drawn digit, by NumPy, from the weights that are shown."""
    pixels, sizes, parameters = page.evaluate(
        """() => {
          const { pad, controller: { state } } = document.body.playground;
          return [[...pad.pixels], [784, ...state.settings.hidden, 10], [...state.frame.parameters]];
        }"""
    )
    values, first = np.array(pixels), 0
    for inputs, units in itertools.pairwise(sizes):
        kernel, bias = np.split(np.array(parameters[first : first + (inputs + 1) * units]), [inputs * units])
        first += (inputs + 1) * units
        values = np.maximum(values, 0) @ kernel.reshape(inputs, units) + bias
    return np.exp(values - values.max()) / np.exp(values - values.max()).sum()


def test_what_is_said_of_a_drawing_is_what_the_weights_compute(open_playground):
    page = open_playground("data=digits&hidden=16-8&learningRate=0.003")
    wait(page, "state.settings.data === 'digits' && state.frame")
    assert answer(page).startswith("Draw a digit")
    assert np.isnan(bars(page)).all()
    draw(page, (0.2, 0.2), (0.2, 0.45))
    wait(page, "document.querySelector('.digit-answer').textContent.startsWith('The network says: this is a ')")
    np.testing.assert_allclose(bars(page), forward(page), atol=0.00051)
    rows, columns = np.nonzero(np.array(page.evaluate("[...document.body.playground.pad.pixels]")).reshape(28, 28))
    assert rows.max() - rows.min() + 1 == 20, "scaled to 20 pixels, as MNIST was"
    assert abs((columns.max() + columns.min()) / 2 - 14) <= 1, "and centered"
    before = bars(page)
    press(page, "1 batch")
    wait(page, "state.frame.step === 1")
    drawn(page)
    assert np.abs(bars(page) - before).max() > 0.001
    np.testing.assert_allclose(bars(page), forward(page), atol=0.00051)
    page.locator(".drawing-pad").get_by_role("button", name="Clear").click()
    wait(page, "document.querySelector('.digit-answer').textContent.startsWith('Draw a digit')")


@pytest.mark.exhaustive
def test_the_numbers_of_a_unit_are_those_of_the_drawing_where_it_is_chosen(open_playground):
    page = open_playground("data=digits&hidden=16&learningRate=0.003")
    wait(page, "state.settings.data === 'digits' && state.frame")
    press(page, "Output 3")
    drawn(page)
    box = page.get_by_label("Show the digit that you drew")
    assert box.is_hidden(), "nothing is drawn"
    draw(page, (0.2, 0.2), (0.2, 0.45))
    drawn(page)
    about = page.locator("#numbers .hint")
    assert about.inner_text().startswith("Sample 1 of the next batch")
    box.check()
    said = page.locator("#numbers code").nth(1).inner_text()
    assert float(said.removeprefix("p = softmax(z) = ")) == pytest.approx(forward(page)[3], abs=0.0051)
    assert about.inner_text().startswith("The digit that you drew.")
    press(page, "Hidden layer 1, unit 2")
    drawn(page)
    first = int(page.locator("#numbers tbody tr td").first.inner_text()) - 1
    pixels, weights = (np.array(state(page, value)) for value in ("[...state.drawn]", "[...state.frame.parameters]"))
    products = np.abs(pixels * weights[: 784 * 16].reshape(784, 16)[:, 1])
    assert products[first] == products.max(), "the largest product comes first"
    page.locator(".drawing-pad").get_by_role("button", name="Clear").click()
    drawn(page)
    assert about.inner_text().startswith("Sample 1 of the next batch")
    assert box.is_hidden()


def test_pictures_of_units_are_covariances_of_output_and_pixel():
    generator = np.random.default_rng(0)
    x = generator.uniform(size=(60, 9)).astype(np.float32) * (generator.uniform(size=(60, 9)) < 0.3)
    outputs = generator.normal(3, 2, (80, 14)).astype(np.float32)  # (room for 80 rows, unit): 12 units are shown
    body = "return covariances({ x: data.x, inputs: 9 }, { outputs: data.outputs, units: 14 }, 60);"
    imports = {"playground/digit_reader.js": "covariances"}
    found = run_script(body, {"x": x.astype(np.float32), "outputs": outputs}, imports=imports)
    expected = np.cov(x.T, outputs[:60, :12].T, bias=True)[:9, 9:]
    np.testing.assert_allclose(found.reshape(9, 12), expected, atol=1e-5)


@pytest.mark.exhaustive
def test_units_of_deeper_layers_have_pictures_and_words_for_them(open_playground):
    page = open_playground("data=digits&hidden=12-6&learningRate=0.003")
    wait(page, "state.settings.data === 'digits' && state.frame")
    drawn(page)
    pixels = "(canvas) => [canvas.width, canvas.toDataURL()]"
    tiles = [page.get_by_role("button", name=name, exact=True) for name in ("Hidden layer 2, unit 4", "Output 7")]
    before = [tile.locator("canvas").evaluate(pixels) for tile in tiles]
    assert [width for width, _ in before] == [28, 28]
    learn(page, 3)
    drawn(page)
    after = [tile.locator("canvas").evaluate(pixels) for tile in tiles]
    assert all(one != other for one, other in zip(before, after, strict=True))
    assert "covariance" in page.locator("#network").inner_text()
    page.get_by_label("Dataset").select_option("moons")
    wait(page, "state.settings.data === 'moons' && state.frame")
    drawn(page)
    assert "covariance" not in page.locator("#network").inner_text()


@pytest.mark.exhaustive
def test_a_layer_that_is_added_while_it_learns_has_pictures_at_once(open_playground):
    page = open_playground("data=digits&hidden=12")
    wait(page, "state.settings.data === 'digits' && state.frame")
    press(page, "Play")
    for _ in range(3):
        press(page, "+ layer")
        page.wait_for_timeout(300)
    press(page, "Pause")
    wait(page, "state.settings.hidden.length === 4 && state.frame")
    drawn(page)
    tile = page.get_by_role("button", name="Hidden layer 4, unit 1", exact=True)
    assert tile.locator("canvas").evaluate("(canvas) => canvas.width") == 28


@pytest.mark.exhaustive
def test_a_person_who_never_programmed_reads_the_answer(open_playground):
    """Choose digits, train, draw a "1", read the answer; `open_playground` sees that no error was logged."""
    page = open_playground()
    page.get_by_label("Dataset").select_option(label="Handwritten digits (MNIST)")
    wait(page, "state.settings.data === 'digits' && state.frame")
    press(page, "Play")
    draw(page, (0.55, 0.15), (0.45, 0.85))
    wait(page, "document.querySelector('.digit-answer').textContent === 'The network says: this is a 1.'", 90)
    wait(page, "state.frame.test.score > 0.8", 90)
    press(page, "Pause")
    drawn(page)
    assert answer(page) == "The network says: this is a 1."
    assert bars(page).argmax() == 1


@pytest.mark.exhaustive
def test_a_digit_is_drawn_by_the_keyboard_and_its_keys_are_for_the_pad_alone(open_playground):
    page = open_playground("data=digits&hidden=8")
    wait(page, "state.settings.data === 'digits' && state.frame")
    page.get_by_role("application", name=SHEET).focus()
    page.keyboard.press("Space")
    for _ in range(12):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    wait(page, "document.querySelector('.digit-answer').textContent.startsWith('The network says')")
    assert not state(page, "state.isPlaying")
    assert state(page, "state.frame.step") == 0


@pytest.mark.exhaustive
def test_a_digit_is_drawn_by_a_finger(open_playground):
    page = open_playground("data=digits&hidden=8", has_touch=True, viewport={"width": 390, "height": 800})
    wait(page, "state.settings.data === 'digits' && state.frame")
    sheet = page.get_by_role("application", name=SHEET)
    sheet.scroll_into_view_if_needed()
    box = sheet.bounding_box()
    session = page.context.new_cdp_session(page)
    x, top, height = box["x"] + box["width"] / 2, box["y"], box["height"]
    for kind, share in (("touchStart", 0.2), ("touchMove", 0.5), ("touchMove", 0.8)):
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": top + share * height}]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    wait(page, "document.querySelector('.digit-answer').textContent.startsWith('The network says')")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.exhaustive
def test_weights_that_are_not_finite_have_no_answer(open_playground):
    page = open_playground("data=digits&hidden=8")
    wait(page, "state.settings.data === 'digits' && state.frame")
    draw(page, (0.5, 0.2), (0.5, 0.8))
    weight = "{ layer: 1, input: 0, unit: 0, value: Infinity }"
    page.evaluate(f"document.body.playground.controller.setWeight({weight})")
    wait(page, "!state.frame.isFinite")
    wait(page, "document.querySelector('.digit-answer').textContent.startsWith('The network has no answer')")
    assert np.isnan(bars(page)).all()


@pytest.mark.exhaustive
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1400])
def test_axe_finds_no_serious_fault_with_digits(open_playground, scheme, width, serious_faults):
    page = open_playground("data=digits&hidden=16-8", color_scheme=scheme, viewport={"width": width, "height": 900})
    wait(page, "state.settings.data === 'digits' && state.frame")
    draw(page, (0.5, 0.2), (0.5, 0.8))
    wait(page, "document.querySelector('.digit-answer').textContent.startsWith('The network says')")
    assert serious_faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
