"""A report that compares two runs in a real browser: buttons that select, colors, names that are markup, a table."""

import shutil
import warnings

import numpy as np
import pandas as pd
import pytest

import cutaway as ct
from cutaway.runs import write_title

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror='hacked=1'>"


@pytest.fixture(scope="module")
def other(ready_run, tmp_path_factory):
    """Another model on the samples of `digits_run`, whose title is markup."""
    path = shutil.copytree(ready_run("other").path, tmp_path_factory.mktemp("other") / "run")
    write_title(path, HOSTILE)
    return ct.open_run(path)


@pytest.fixture(scope="module")
def path(digits_run, other, tmp_path_factory):
    return digits_run.report(tmp_path_factory.mktemp("report") / "report.html", against=other, progress=False)


@pytest.fixture(scope="module")
def found(digits_run, other):
    return ct.compare(digits_run, other, progress=False).to_pandas().set_index("sample")


@pytest.fixture(scope="module")
def opened(browser, visit_once, path):
    page = visit_once(browser, path=path)
    page.page.evaluate("window.explorer = document.querySelector('.explorer').explorer")
    yield page
    assert page.page.evaluate("window.hacked") is None
    page.check_quiet()


def selected(opened):
    return opened.page.evaluate("[...explorer.store.state.selection].map((k) => explorer.samples.names[k])")


@pytest.mark.parametrize(
    ("title", "change"),
    [
        ("Both correct", "right in both"),
        ("Only this run correct", "broken"),
        ("Only the other run correct", "fixed"),
        ("Neither correct", "wrong in both"),
        ("Predictions differ", None),
    ],
)
def test_a_button_selects_the_samples_of_its_group(opened, found, title, change):
    chosen = found["change"] == change if change else found["predicted_a"] != found["predicted_b"]
    expected = list(found.index[chosen])
    opened.page.get_by_role("navigation", name="Views").get_by_role("link", name="Comparison").click()
    card = opened.page.locator("#comparison .cards > li").filter(has=opened.page.get_by_text(title, exact=True))
    button = card.get_by_role("button")
    assert expected
    assert f" {len(expected):,} samples " in button.inner_text()
    button.click()
    assert sorted(selected(opened)) == sorted(expected)


@pytest.mark.exhaustive
def test_the_map_is_colored_by_what_both_runs_make_of_a_sample(opened, found):
    opened.page.locator(".toolbar select").select_option("compared")
    legend = opened.page.locator(".legend")
    assert legend.locator(".legend-title").inner_text() == f"Compared with {HOSTILE}"
    counts = [int(each) for each in legend.locator(".legend-count").all_inner_texts()]
    changes = found["change"].value_counts()
    assert counts == [changes[name] for name in ("right in both", "broken", "fixed", "wrong in both")]
    colors = opened.page.evaluate(
        """() => ["both correct", "only this run correct"].map((name) => {
          const { codes, palette } = explorer.map.surface;
          const index = explorer.samples.values("compared", 0).indexOf(name === "both correct" ? 0 : 1);
          return [...palette.subarray(4 * codes[index], 4 * codes[index] + 3)];
        })"""
    )
    assert colors == [[0x71, 0x75, 0x81], [0x3F, 0x90, 0xDA]]


@pytest.mark.exhaustive
def test_the_card_and_the_search_know_the_other_prediction(opened, found):
    sample = found.index[found["predicted_a"] != found["predicted_b"]][0]
    opened.page.evaluate("explorer.map.select([])")
    opened.page.get_by_role("searchbox").fill("same:different")
    shown = opened.page.evaluate("explorer.store.state.shown")
    assert shown == (found["predicted_a"] != found["predicted_b"]).sum()
    opened.page.get_by_role("searchbox").fill("-right")
    shown = opened.page.evaluate("explorer.store.state.shown")
    assert shown == (found["predicted_a"] != found["label"]).sum(), "of this run"
    opened.page.evaluate(f"explorer.store.set({{ pinned: explorer.samples.places.get({sample!r}) }})")
    facts = opened.page.locator(".sample-facts")
    terms = facts.locator("dt").all_inner_texts()
    given = dict(zip(terms, facts.locator("dd").all_inner_texts(), strict=True))
    assert given[f"Prediction of {HOSTILE}"] == found.loc[sample, "predicted_b"]


def test_the_section_names_the_other_run(opened, found):
    opened.page.get_by_role("navigation", name="Views").get_by_role("link", name="Comparison").click()
    section = opened.page.locator("#comparison")
    assert HOSTILE in section.locator("h2").inner_text()
    answer = section.locator(".answer").inner_text()
    assert HOSTILE in answer
    assert f"{len(found)} test samples" in answer
    assert section.locator(".part > h3").count() == 6
    assert opened.page.locator("nav a", has_text="Comparison").get_attribute("href") == "#comparison"


@pytest.mark.exhaustive
@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_every_width_and_has_no_serious_fault(browser, visit, path, width, scheme, serious_faults):
    options = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme, "bypass_csp": True}
    opened = visit(browser, path=path, **options)
    opened.page.evaluate("document.querySelector('.explorer').explorer.store.set({ color: 'compared', pinned: 3 })")
    opened.page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    assert serious_faults(opened.page, context="#comparison") == []


@pytest.fixture(scope="module")
def table_runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("table")
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"age": random.integers(18, 90, 400), "city <b>": random.choice(["Rome", "Oslo"], 400)})
    frame["gap"] = np.where(random.random(400) < 0.2, np.nan, random.normal(size=400))
    frame["answer"] = np.where(frame["age"] / 15 + (frame["city <b>"] == "Oslo") > 4, "old", "young")
    frame.to_csv(folder / "people.csv", index=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ct.CutawayWarning)
        data = ct.load_dataset(folder / "people.csv", label="answer", test_share=0.3)
        return [
            ct.train(ct.mlp(hidden), data, epochs=epochs, seed=0, runs=folder / "runs", progress=False)
            for hidden, epochs in (((12,), 6), ((3,), 1))
        ]


@pytest.mark.exhaustive
def test_a_row_of_a_table_says_which_of_its_columns_decided(browser, visit, table_runs):
    run, other = table_runs
    opened = visit(browser, path=run.report(against=other, progress=False))
    page = opened.page
    page.evaluate("window.explorer = document.querySelector('.explorer').explorer")
    assert page.locator("#comparison .cards table").count() > 0
    page.locator(".toolbar select").select_option(label="age")
    ages = page.evaluate("[...explorer.samples.values(explorer.store.state.color, 0)]")
    names = page.evaluate("explorer.samples.names")
    rows = run.context.loaded.rows_of(run.context.samples(names))
    assert ages == [float(row["age"]) for row in rows], "numbers of a text table are numbers"
    page.locator(".map").scroll_into_view_if_needed()
    x, y = page.evaluate("explorer.map.toScreen(7)")
    box = page.locator(".map").bounding_box()
    page.mouse.click(box["x"] + x, box["y"] + y)
    pinned = page.evaluate("explorer.store.state.pinned")
    why = page.locator(".sample-path .step", has_text="Why ")
    reasons = why.locator(".reasons").first.locator("li").all_inner_texts()
    expected = run.explain(names[pinned]).columns()
    values = dict(reason.rsplit(": ", 1) for reason in reasons)
    row = rows[pinned]
    shown = {f"age {row['age']}", f"city <b> {row['city <b>']}"}
    assert shown < set(values)
    for each in expected:
        said = next(value for words, value in values.items() if words.startswith(each["column"]))
        assert float(said.replace("−", "-")) == pytest.approx(each["contribution"], abs=0.02)
    opened.check_quiet()
