"""Views of a page, the summary at the top, and tables that are sorted."""

import pytest

from cutaway.page import Card, Cards, Mark, Page, Summary, SummaryLine, Table, Text

pytestmark = pytest.mark.browser

ROWS = tuple(
    {"Sample": f"test[{n}]", "Truth": truth, "Confidence": share}
    for n, truth, share in ((2, "b", "9.0%"), (1, "c", "–"), (10, "a", "70.1%"))
)


def page():
    dead = Card(title="Units are dead", text=("12 of 64.", "More."), help="Use relu.", anchor="finding-2")
    summary = Summary(
        name="verdict",
        title="Verdict",
        answer="Right on 90.0% of 10 test samples.",
        marks=(Mark("this model 90.0%", 0.9, 0.7, 1.0), Mark("always a 50.0%", 0.0, row=1)),
        lines=(
            SummaryLine(
                "It overfits.", "The loss rose.", "warning", "See its curves.", "finding-1", "cutaway show latest"
            ),
            SummaryLine("Units are dead.", "12 of 64.", "note", "Use relu.", card=dead),
        ),
    )
    cards = tuple(Card(title=f"Finding {n}", anchor=f"finding-{n}") for n in range(2))
    return Page(
        title="A run",
        sections=(
            summary,
            Text(name="notes", title="Notes", paragraphs=("One.",) * 60, view="notes"),
            Cards(name="findings", title="Findings", cards=cards, size="large", view="findings", entries=2),
            Table(
                name="rows", title="Rows", rows=ROWS, marked=frozenset({(2, "Truth")}), sortable=True, view="findings"
            ),
        ),
    )


@pytest.fixture(scope="module")
def shown(browser, visit_once):
    """The page in a wide window, which the first two tests share."""
    return visit_once(browser, page=page(), viewport={"width": 1280, "height": 700})


def test_headings_sort_rows_and_say_how(shown):
    column = "[...document.querySelectorAll('#rows tbody tr')].map((row) => row.cells[0].textContent.trim())"
    shown.page.get_by_role("link", name="Findings 2").click()
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


def test_a_line_of_the_summary_leads_to_its_proof_in_another_view(shown):
    shown.page.get_by_role("link", name="Overview").click()
    assert shown.page.locator("#verdict").is_visible()
    assert shown.page.locator("#findings, #notes").filter(visible=True).count() == 0
    shown.page.get_by_role("link", name="See its curves.").click()
    assert shown.page.url.endswith("#finding-1")
    current = shown.page.locator(".view-list [aria-current]")
    assert current.inner_text() == "Findings 2"
    shown.page.reload()
    shown.wait("document.documentElement.dataset.ready === ''")
    card = shown.page.locator("#finding-1").bounding_box()
    assert 0 <= card["y"] < 700, "the address holds the place"
    shown.page.go_back()
    assert current.inner_text() == "Overview"
    details = shown.page.locator("#finding-2")
    assert details.get_by_text("More.").is_hidden()
    details.locator("summary").click()
    assert details.get_by_text("More.").is_visible(), "a line opens its details in place"
    shown.page.emulate_media(media="print")
    assert shown.page.locator("#rows th").all_inner_texts() == ["Sample", "Truth", "Confidence"], "paper has all views"
    shown.check_quiet()


def test_on_a_phone_the_views_are_one_line_that_stays(browser, visit):
    shown = visit(browser, page=page(), viewport={"width": 390, "height": 700})
    assert shown.page.evaluate("document.documentElement.scrollHeight") < 1000
    assert shown.page.evaluate("document.documentElement.scrollWidth") == 390
    shown.page.get_by_role("link", name="Notes").click()
    shown.page.locator("#notes p").last.scroll_into_view_if_needed()
    views = shown.page.locator(".view-list").bounding_box()
    assert (round(views["y"]), views["height"] < 60) == (0, True)
    shown.page.get_by_role("link", name="Overview").click()
    assert shown.page.locator("#verdict .answer").bounding_box()["y"] >= 0
    shown.check_quiet()
