"""The report of a real run in a real browser, opened from disk with the network blocked."""

import numpy as np
import pytest

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def path(digits_report):
    return digits_report


@pytest.fixture(scope="module")
def shared_page(browser, visit_once, path):
    page = visit_once(browser, path=path)
    page.page.evaluate("window.explorer = document.querySelector('.explorer').explorer")
    return page


@pytest.fixture
def opened(shared_page):
    yield shared_page
    shared_page.check_quiet()


def test_the_digit_appears_on_hover_and_nothing_is_fetched(opened, digits_run):
    map_ = opened.page.locator(".map")
    map_.scroll_into_view_if_needed()
    sample = 17
    x, y = opened.page.evaluate(f"document.querySelector('.explorer').explorer.map.toScreen({sample})")
    box = map_.bounding_box()
    opened.page.mouse.move(box["x"] + x, box["y"] + y)
    card = opened.page.locator(".sample-card")
    name = card.locator("h3").inner_text()
    picture = card.locator("canvas").evaluate("c => [...c.getContext('2d').getImageData(0, 0, 8, 8).data]")
    digit = digits_run.data.inputs(digits_run.context.sample(name), flat=False)[0] * 255
    np.testing.assert_allclose(np.reshape(picture, (8, 8, 4))[..., 0], digit, atol=1)
    assert name in digits_run.split.test.names()


@pytest.mark.exhaustive
def test_a_pinned_sample_shows_its_way_with_the_probabilities_of_the_model(opened, digits_run):
    name = opened.page.evaluate("explorer.samples.names[5]")
    opened.page.evaluate("explorer.store.set({ pinned: 5 })")
    way = opened.page.locator(".sample-path")
    assert name in way.locator("h3").inner_text()
    raw = digits_run.data.x(digits_run.context.sample(name))
    expected = digits_run.predict(raw)[0]
    shown = {
        bar.locator(".bar-name").inner_text(): float(bar.locator(".bar-value").inner_text().rstrip("%")) / 100
        for bar in way.locator(".probabilities li").all()
    }
    assert list(shown) == [str(k) for k in np.argsort(-expected, kind="stable")[:6]]
    for label, share in shown.items():
        assert share == pytest.approx(expected[int(label)], abs=1.5e-3)
    explanation = digits_run.explain(raw[0])
    (winner, runner_up) = (digits_run.data.class_names[k] for k in np.argsort(-expected)[:2])
    assert f"Why {winner} and not {runner_up}" in way.inner_text()
    reason = way.locator(".reasons li").first.inner_text()
    unit = int(reason.split()[1])
    contributions = explanation.attribution.contributions[digits_run.context.layer(None)]
    top = max(contributions, key=abs)
    assert float(reason.split(": ")[1].replace("−", "-")) == pytest.approx(top, abs=0.02)
    assert contributions[unit] == pytest.approx(top, abs=0.02)


def test_a_drawing_goes_through_the_model_and_gets_its_place_in_every_map(opened, digits_run):
    page = opened.page
    page.locator(".new-sample > summary").click()
    pad = page.locator(".drawing-sheet")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.15 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.85 * box["height"], steps=8)
    page.mouse.up()
    opened.wait("document.querySelectorAll('.new-sample .probabilities li').length > 0")
    picture = page.locator(".new-sample .card-image").first.evaluate(
        "c => [...c.getContext('2d').getImageData(0, 0, 8, 8).data]"
    )
    drawn = np.reshape(picture, (8, 8, 4))[..., 0] * (digits_run.data.scale / 255)
    likeliest = np.argsort(-digits_run.predict(drawn.astype(np.float32)[None])[0])[:3]
    names = page.locator(".new-sample .probabilities .bar-name").all_inner_texts()
    assert [int(name) for name in names[:3]] == likeliest.tolist()
    opened.wait("explorer.store.state.newSample?.size === explorer.record.layers.length")
    x, y = page.evaluate("explorer.map.marked")
    assert 0 <= x <= 1
    assert 0 <= y <= 1
    near = page.evaluate("explorer.store.state.newSample.get(explorer.store.state.layer).index")
    places = np.array(page.evaluate("(indices) => indices.map((i) => explorer.map.transition.place(i))", near))
    assert places[:, 0].min() <= x <= places[:, 0].max()
    opened.wait("document.querySelectorAll('.new-sample .neighbors .sample').length === 8")
    page.locator(".new-sample .step canvas.units").first.click(position={"x": 3, "y": 3})
    assert "Unit 0 of " in page.locator(".new-sample .unit-step").inner_text()
    page.get_by_role("button", name="Clear").last.click()
    opened.wait("explorer.map.marked === null")


@pytest.mark.exhaustive
def test_units_are_sorted_and_color_the_map_by_their_activation(opened, digits_run):
    page = opened.page
    page.locator(".units-panel summary").click()
    opened.wait("document.querySelectorAll('.unit-title').length > 0")
    page.locator(".units-panel select").select_option("unit")
    assert page.locator(".unit-title").first.text_content() == "Unit 0"
    summary = digits_run.units("dense_2", progress=False).summary(0)
    said = page.locator(".unit-cards li").first.text_content()
    assert f"Most similar: unit {summary['similar']}, correlation {summary['similarity']:.2f}" in said
    assert ("Without it: loss " in said) == summary["measurable"]
    layer = page.evaluate("explorer.record.layers[explorer.store.state.layer].name")
    page.locator(".unit-title").nth(3).click()
    opened.wait("explorer.store.state.color === 'unit'")
    values = page.evaluate("[...explorer.samples.values('unit', 0)]")
    ids = digits_run.context.samples(page.evaluate("explorer.samples.names"))
    expected = digits_run.activations(layer, split="test")[:, 3]
    order = {name: k for k, name in enumerate(digits_run.split.test.names())}
    rows = [order[name] for name in ids.names()]
    np.testing.assert_allclose(values, expected[rows], rtol=1e-2, atol=1e-2)
    assert f"Unit 3 of {layer}" in page.locator(".legend").inner_text()


@pytest.mark.exhaustive
@pytest.mark.parametrize("width", [360, 768, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_every_width_in_both_color_schemes(browser, visit, path, width, scheme):
    viewport = {"width": width, "height": 800}
    opened = visit(browser, path=path, viewport=viewport, color_scheme=scheme)
    opened.page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    background = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
    level = sum(int(part) for part in background.removeprefix("rgb(").rstrip(")").split(",")[:3]) / 3
    assert (level > 200) == (scheme == "light")
    opened.check_quiet()


EVERYTHING = """async () => {
  const { store, map } = document.querySelector(".explorer").explorer;
  store.set({ pinned: 4, off: [1] });
  map.select([0, 3, 4, 6]);
  document.querySelectorAll("details").forEach((each) => (each.open = true));
}"""
"""Show what is shown only after a gesture."""


@pytest.mark.exhaustive
@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(browser, visit, path, width, scheme, serious_faults):
    # axe calls itself by a text, which the page's own policy forbids
    options = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme, "bypass_csp": True}
    opened = visit(browser, path=path, **options)
    opened.page.evaluate(EVERYTHING)
    opened.page.locator(".drawing-sheet").wait_for()
    opened.page.locator(".unit-cards li").first.wait_for()
    assert serious_faults(opened.page) == []
