"""The list of sections that stays, sections that fold, the summary at the top, and tables that are sorted."""

import pytest

from cutaway.page import Card, Cards, Mark, Page, Summary, SummaryLine, Table, Text

pytestmark = pytest.mark.browser

ROWS = tuple(
    {"Sample": f"test[{n}]", "Truth": truth, "Confidence": share}
    for n, truth, share in ((2, "b", "9.0%"), (1, "c", "–"), (10, "a", "70.1%"))
)


def page():
    summary = Summary(
        name="verdict",
        title="Verdict",
        answer="Right on 90.0% of 10 test samples.",
        marks=(Mark("this model 90.0%", 0.9, 0.7, 1.0), Mark("always a 50.0%", 0.0, row=1)),
        lines=(SummaryLine("It overfits.", "The validation loss rose.", "warning", "finding-1"),),
        help="Next: look at it:",
        command="cutaway show latest",
    )
    cards = tuple(Card(title=f"Finding {n}", anchor=f"finding-{n}") for n in range(2))
    return Page(
        title="A run",
        sections=(
            summary,
            Text(name="notes", title="Notes", paragraphs=("One.",) * 60),
            Cards(name="findings", title="Findings", cards=cards, size="large"),
            Table(name="rows", title="Rows", rows=ROWS, marked=frozenset({(2, "Truth")}), sortable=True),
        ),
    )


@pytest.fixture(scope="module")
def shown(browser, visit_once):
    """The page in a wide window, which the first two tests share."""
    return visit_once(browser, page=page(), viewport={"width": 1280, "height": 700})


def test_headings_sort_rows_and_say_how(shown):
    column = "[...document.querySelectorAll('#rows tbody tr')].map((row) => row.cells[0].textContent.trim())"
    first = shown.page.evaluate(column)
    assert first == ["test[2]", "test[1]", "test[10]"]
    shown.page.get_by_role("button", name="Confidence").click()
    assert shown.page.evaluate(column) == ["test[10]", "test[2]", "test[1]"]
    assert shown.page.locator("#rows th").nth(2).get_attribute("aria-sort") == "descending"
    shown.page.get_by_role("button", name="Confidence").click()
    assert shown.page.evaluate(column) == ["test[2]", "test[10]", "test[1]"], "what is missing is last"
    shown.page.get_by_role("button", name="Sample").click()
    assert shown.page.evaluate(column) == ["test[1]", "test[2]", "test[10]"], "numbers in names by their size"
    assert shown.page.locator("#rows th[aria-sort]").count() == 1
    assert shown.page.locator("#rows mark").all_inner_texts() == ["a"]
    shown.check_quiet()


def test_a_line_of_the_summary_leads_to_its_proof_and_says_where_one_is(shown):
    shown.page.get_by_role("link", name="It overfits.").click()
    assert shown.page.url.endswith("#finding-1")
    shown.wait("document.querySelector('.section-list a[aria-current]')?.textContent === 'Findings'")
    rail = shown.page.locator(".section-list")
    assert rail.locator("summary").is_hidden()
    assert rail.bounding_box()["y"] >= 0, "it stays where the page is scrolled"
    shown.page.reload()
    shown.wait("document.documentElement.dataset.ready === ''")
    card = shown.page.locator("#finding-1").bounding_box()
    assert 0 <= card["y"] < 700, "the address holds the place"
    shown.page.get_by_text("Findings", exact=True).last.click()
    assert shown.page.locator("#finding-1").is_hidden()
    shown.page.get_by_role("link", name="It overfits.").click()
    assert shown.page.locator("#finding-1").is_visible(), "also where the address has it already"
    shown.page.emulate_media(media="print")
    shown.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert shown.page.locator("#rows th").all_inner_texts() == ["Sample", "Truth", "Confidence"]
    shown.check_quiet()


def test_on_a_phone_sections_are_closed_until_they_are_asked_for(browser, visit):
    shown = visit(browser, page=page(), viewport={"width": 390, "height": 700})
    assert shown.page.evaluate("document.documentElement.scrollHeight") < 1400
    assert shown.page.evaluate("document.documentElement.scrollWidth") == 390
    assert shown.page.locator("#notes p").first.is_hidden()
    assert shown.page.get_by_role("link", name="Notes").is_hidden()
    shown.page.get_by_text("Sections", exact=True).click()
    shown.page.get_by_role("link", name="Notes").click()
    assert shown.page.locator("#notes p").first.is_visible()
    assert shown.page.get_by_role("link", name="Notes").is_hidden(), "the menu closes"
    shown.page.locator(".summary-lines a").click()
    assert shown.page.locator("#finding-1").is_visible(), "a closed section opens for a link into it"
    shown.check_quiet()
