"""t-SNE of the playground in a browser: a person who turns perplexity, goes back, reads numbers and predicts."""

from functools import partial

import numpy as np
import pytest

from . import playground_steps
from .firefox import Firefox

pytestmark = [pytest.mark.slow, pytest.mark.browser]

XY = "[...state.experiment.now.xy]"


state = partial(playground_steps.state, of="tsne.controller.store")
wait = partial(playground_steps.wait, seconds=60, of="tsne.controller.store")


@pytest.fixture
def open_page(open_playground):
    """Open t-SNE with settings in its address."""

    def open_one(address="", **options):
        page = open_playground(f"page=tsne&{address}", **options)
        wait(page, "state.experiment")
        return page

    return open_one


def press(page, name):
    page.locator("#tsnePage").get_by_role("button", name=name, exact=True).click()


def run(page, least):
    """Play until so many steps are done."""
    page.locator("#tsnePage").get_by_label("Speed").select_option("fast")
    press(page, "Play")
    wait(page, f"state.step >= {least} || !state.isPlaying")
    pause(page)


def pause(page):
    """Pause, also where the map has settled meanwhile."""
    page.evaluate("document.body.tsne.controller.play(false)")


def test_perplexity_moves_points_and_the_slider_goes_back(open_page):
    page = open_page("data=two&points=60&perplexity=15")
    run(page, 300)
    end, before = state(page, "state.step"), state(page, XY)
    perplexity = page.get_by_label("Perplexity", exact=True)
    assert perplexity.get_attribute("max") == "19"
    perplexity.fill("4")
    wait(page, f"state.step > {end}")
    assert "perplexity=4" in page.url
    pause(page)
    assert np.abs(np.subtract(state(page, XY), before)).max() > 1e-3
    slider = page.get_by_label("Step of the map")
    slider.fill(str(end))
    assert state(page, XY) == before
    assert "perplexity was 15" in page.locator("#tsneTime output").inner_text()
    slider.focus()
    page.keyboard.press("Home")
    assert state(page, "state.step") == 0
    assert np.abs(state(page, XY)).max() < 1e-3


@pytest.mark.exhaustive
def test_each_page_has_its_address_and_keeps_its_settings(open_page, open_playground):
    page = open_playground("data=circles&samples=100")
    assert page.locator("#tsnePage").is_hidden()
    page.get_by_role("link", name="t-SNE").click()
    wait(page, "state.experiment")
    assert page.locator("#networkPage").is_hidden()
    assert page.get_by_role("link", name="t-SNE").get_attribute("aria-current") == "page"
    page.locator("#tsnePage").get_by_label("Dataset").select_option("cloud")
    wait(page, "state.experiment.toy.dimensions === 50")
    assert page.url.endswith("#page=tsne&data=cloud&dimensions=50")
    page.get_by_role("link", name="Train a network").click()
    page.locator("#networkPage").wait_for()
    assert page.url.endswith("#data=circles&samples=100")
    assert page.evaluate("document.body.playground.controller.state.settings.samples") == 100
    page.go_back()
    page.locator("#tsnePage").wait_for()
    assert state(page, "state.settings.data") == "cloud"
    other = open_page("data=rings&points=90&start=random&seed=5&perplexity=12&learningRate=40")
    assert state(other, "state.settings") == {
        "data": "rings",
        "points": 90,
        "dimensions": 2,
        "seed": 5,
        "start": "random",
        "perplexity": 12,
        "learningRate": 40,
    }


@pytest.mark.exhaustive
def test_what_cannot_be_is_said_in_words(open_page):
    page = open_page("points=60&perplexity=20&data=x")
    message = page.locator("#tsneMessage")
    assert "data=x, perplexity=20" in message.inner_text()
    points = page.get_by_label("Points", exact=True)
    for given in ("19", "401", "50.5", "many"):
        points.fill(given)
        page.keyboard.press("Enter")
        page.get_by_role("alert").filter(has_text="Points is a whole number from 20 to 400.").wait_for()
    points.fill("30")
    page.keyboard.press("Enter")
    wait(page, "state.settings.points === 30")
    assert (state(page, "state.settings.perplexity"), "below a third" in message.inner_text()) == (9, True)
    rate = page.locator("#tsnePage").get_by_label("Learning rate")
    rate.fill("0")
    page.keyboard.press("Enter")
    page.get_by_role("alert").filter(has_text="or auto.").wait_for()
    rate.fill("auto")
    page.keyboard.press("Enter")
    page.get_by_role("alert").filter(has_text="or auto.").wait_for(state="detached")
    number = page.get_by_label("Point whose kernels are shown")
    number.fill("31")
    page.keyboard.press("Tab")
    assert number.input_value() == "1"


@pytest.mark.exhaustive
def test_a_point_shows_its_neighbors_and_its_kernels(open_page):
    page = open_page("data=sizes&points=60&perplexity=15")
    run(page, 300)
    canvas = page.locator("#tsneMap canvas")
    canvas.scroll_into_view_if_needed()
    x, y = page.evaluate("document.body.tsne.map.places[40]")
    canvas.hover(position={"x": x, "y": y})
    wait(page, "state.pointed !== null")
    kernels = page.locator("#tsneKernels svg")
    pointed = state(page, "state.pointed") + 1
    page.locator(f'#tsneKernels svg[aria-label^="Kernel of point {pointed}."]').first.wait_for()
    assert kernels.count() == 2
    canvas.click(position={"x": x, "y": y})
    page.mouse.move(0, 0)
    wait(page, f"state.pointed === null && state.chosen === {pointed - 1}")
    assert page.get_by_label("Point whose kernels are shown").input_value() == str(pointed)
    assert page.locator("#tsneKernels svg").first.locator("circle.near").count() == 10


@pytest.mark.exhaustive
def test_a_prediction_comes_before_the_answer(open_page):
    page = open_page()
    card = page.locator(".questions li").first
    look = card.get_by_role("button", name="Look")
    assert look.is_disabled()
    card.get_by_role("radio").first.check()
    look.click()
    wait(page, "state.settings.data === 'sizes' && state.step > 300 && !state.isPlaying")
    assert card.get_by_role("status").inner_text().startswith('Not so: "About as wide as A" is right.')
    row = page.locator("#tsneNumbers tr").filter(has_text="Width of B to width of A").first
    data, drawn = (float(text.removesuffix(" : 1")) for text in row.locator("td").all_inner_texts())
    assert data > 8
    assert 0.8 < drawn < 1.25
    card.get_by_role("radio").nth(2).check()
    look.click()
    assert card.get_by_role("status").inner_text().startswith("As you predicted.")


@pytest.mark.exhaustive
def test_the_keyboard_is_enough_and_the_network_does_not_hear_it(open_page):
    page = open_page("points=40&perplexity=10")
    page.keyboard.press("s")
    wait(page, "state.step === 1")
    page.keyboard.press("Space")
    wait(page, "state.step > 5")
    page.keyboard.press("Space")
    wait(page, "!state.isPlaying")
    page.keyboard.press("e")
    page.keyboard.press("b")
    page.get_by_label("Perplexity", exact=True).focus()
    page.keyboard.press("ArrowLeft")
    wait(page, "state.settings.perplexity === 9 && state.isPlaying")
    pause(page)
    playground_steps.drawn(page)
    assert page.evaluate("document.body.playground.controller.state.frame.step") == 0
    assert not page.evaluate("document.body.playground.controller.state.isPlaying")


@pytest.mark.exhaustive
def test_a_map_of_digits_pauses_where_it_has_settled(open_page):
    page = open_page("data=digits&points=100&perplexity=20")
    wait(page, "state.experiment?.toy.dimensions === 784")
    press(page, "Play")
    wait(page, "state.step > 0 && !state.isPlaying")
    assert page.locator("#tsneMessage").inner_text().startswith("The map has settled")
    assert page.locator("#tsneLegend li").count() == 10
    end = state(page, "state.step")
    press(page, "Play")
    wait(page, f"state.step > {end}")


@pytest.mark.exhaustive
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1400])
def test_axe_finds_no_serious_fault_and_nothing_overflows(open_page, scheme, width, serious_faults):
    page = open_page("data=rings&points=100", color_scheme=scheme, viewport={"width": width, "height": 900})
    run(page, 50)
    page.locator("#tsneNumbers summary").click()
    page.locator(".questions li").first.get_by_role("radio").first.check()
    assert serious_faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.exhaustive
def test_firefox_shows_it(firefox_path, playground_path, tmp_path):
    firefox = Firefox(firefox_path, tmp_path)
    try:
        firefox.open(playground_path)
        firefox.evaluate("document.getElementById('tsneLink').click()")
        firefox.wait("document.body.tsne?.controller.store.state.experiment")
        firefox.evaluate("document.querySelector('#tsnePage .play').click()")
        firefox.wait("document.body.tsne.controller.store.state.step > 20")
        firefox.evaluate("document.querySelector('#tsnePage .play').click()")
        assert (firefox.complaints, firefox.requests) == ([], [])
    finally:
        firefox.close()
