"""The sheet of label issues in a real browser: its file in a report, and decisions with keyboard and mouse."""

import json
from dataclasses import replace

import numpy as np
import pytest

from cutaway.errors import UsageError
from cutaway.page import Explorer, Image, LabelIssue, LabelSheet, LayerMap, Matrix, Page, SampleColumn, Table
from cutaway.page.linking import link
from cutaway.page.resources import read_module, read_template
from cutaway.plots import image_png

pytestmark = pytest.mark.browser

CLASSES = (
    "</script><img src=x onerror='hacked = 1'>",
    '=HYPERLINK("http://x", "y")',
    "'quoted'",
    " spaces, commas; \t",
    'two\nlines "and" more',
    "-5",
    "@sum\u202egnp",
    "\ufeffmark\u0085",
)
NAMES = (*(f"sample[{i}]" for i in range(8)), "=a,b\n'c", "customer 17 ")
LABELS = np.arange(len(NAMES)) % len(CLASSES)


@pytest.fixture(scope="module")
def record():
    issues = tuple(
        LabelIssue(
            name=name,
            title=name,
            given=int(LABELS[i]),
            suggested=int((LABELS[i] + 1) % len(CLASSES)),
            score=0.95 - i / 20,
            image=Image(image_png(np.full((8, 8), 20 * i, np.uint8)), name),
        )
        for i, name in enumerate(NAMES)
    )
    return LabelSheet(
        name="label_issues", title="Label issues", names=CLASSES, issues=issues, file="sample,decision,label\n'=a,,\n"
    )


def sheet_page(visit, browser, record, **options):
    """Open a sheet on which a person decides, as in the studio; `kept` of its window is what was kept."""
    opened = visit(browser, page=Page(title="A run", sections=(record,)), bypass_csp=True, **options)
    name = "studio/run/label_sheet.js"
    view = f'linkedModules["{name}"].LabelSheetView(document.querySelector(".label-sheet"), '
    keep = "async (...decided) => void kept.push(decided)"
    begin = f"window.kept = []; new {view}{json.dumps(record.document())}, {keep});"
    opened.page.add_style_tag(content=read_template("studio_run.css"))
    opened.page.add_script_tag(content=f"{{ {link(name, read_module)}\n{begin} }}")
    opened.page.locator(".label-issue").first.focus()
    return opened


@pytest.fixture
def open_sheet(visit, browser, record):
    return lambda **options: sheet_page(visit, browser, options.pop("record", record), **options)


@pytest.fixture(scope="module")
def shared_sheet(visit_once, browser, record):
    return sheet_page(visit_once, browser, record, viewport={"width": 1000, "height": 700})


@pytest.fixture
def opened(shared_sheet):
    """The sheet that tests share, where nothing is decided."""
    undo = shared_sheet.page.get_by_role("button", name="Undo")
    while undo.is_enabled():
        undo.click()
    shared_sheet.page.locator(".label-issue").first.focus()
    shared_sheet.page.keyboard.press("Home")
    shared_sheet.page.evaluate("kept.length = 0")
    yield shared_sheet
    assert shared_sheet.page.evaluate("window.hacked") is None
    shared_sheet.check_quiet()


@pytest.fixture(scope="module")
def report(visit_once, browser, record, explorer):
    """A report with a sheet, a map, a matrix and a table that is folded."""
    counts = np.array([[4, 1], [0, 3]])
    matrix = Matrix(
        name="confusions", title="Confusion matrix", names=("a", "b"), classes=(0, 1), counts=counts,
        samples=counts.sum(axis=1),
    )  # fmt: skip
    table = Table(name="settings", title="Settings", summary="All", rows=({"Setting": "seed", "Value": "7"},))
    near = tuple(Image(image_png(np.zeros((8, 8), np.uint8)), name, caption="seven") for name in ("a[1]", "a[2]"))
    rows = (("", "this row", "near: No"), ("<b>_x", "1", "2"))
    first, second, *others = record.issues
    first, second = replace(first, action="relabel", label=2, near=near), replace(second, rows=rows, said=("Yes 3%",))
    sheet = replace(record, issues=(first, second, *others))
    opened = visit_once(browser, page=Page(title="A run", sections=(explorer, matrix, table, sheet)))
    yield opened
    opened.check_quiet()


@pytest.fixture(scope="module")
def explorer(colors):
    names = [name for name in NAMES if name != "sample[2]"]
    values = (np.zeros(len(names), int),)
    column = SampleColumn(key="label", title="Label", kind="category", values=values, names=CLASSES, palette="classes")
    layout = np.stack([np.linspace(1000, 60000, len(names))] * 2, axis=1).astype(np.uint16)
    return Explorer(
        name="explore",
        title="Samples",
        names=tuple(names),
        epochs=(0,),
        kept=0,
        columns=(column,),
        layers=(LayerMap(name="input", title="Input", detail="", layouts=(layout,)),),
        colors=colors,
    )


def press(opened, *keys):
    for key in keys:
        opened.page.keyboard.press(key)


def focused(opened):
    """The title of the label issue that has the focus, and how it is outlined."""
    return opened.page.evaluate(
        "(card => [card.querySelector('h3').textContent, getComputedStyle(card).outlineStyle])(document.activeElement)"
    )


def counts(opened):
    return opened.page.locator(".sheet-counts").inner_text()


def words(opened, number):
    return opened.page.locator(".label-issue").nth(number).locator(".decision").inner_text()


def test_keys_decide_and_go_on_and_every_decision_is_shown(opened):
    assert counts(opened) == "0 of 10 labels decided"
    press(opened, "k", "r")
    assert focused(opened) == ["sample[2]", "solid"]
    press(opened, "d")
    assert [words(opened, i) for i in range(4)] == ["Kept", f"Relabeled as {CLASSES[2]}", "Dropped", ""]
    assert counts(opened) == "3 of 10 labels decided: 1 kept, 1 relabeled, 1 dropped"
    cards = [opened.page.locator(".label-issue").nth(i) for i in range(4)]
    assert len({card.evaluate("card => getComputedStyle(card).boxShadow") for card in cards}) == 4
    kept = [["keep", None], ["relabel", 2], ["drop", None]]
    expected = [[index, {"action": action, "label": label}, None] for index, (action, label) in enumerate(kept)]
    assert opened.page.evaluate("kept") == expected


def test_keys_go_through_labels_and_rows(opened):
    row = opened.page.evaluate(
        "(() => { const tops = [...document.querySelectorAll('.label-issue')].map(c => c.offsetTop);"
        " return tops.filter(t => t === tops[0]).length; })()"
    )
    assert row > 1
    for key, place in [
        ("ArrowRight", 1), ("n", 2), ("p", 1), ("ArrowLeft", 0), ("ArrowLeft", 0), ("ArrowDown", row),
        ("ArrowUp", 0), ("End", 9), ("ArrowDown", 9), ("n", 9), ("Home", 0),
    ]:  # fmt: skip
        press(opened, key)
        assert focused(opened) == [NAMES[place], "solid"], key
        box = opened.page.locator(".label-issue").nth(place).bounding_box()
        assert 0 <= box["y"] <= 700 - box["height"], "the label is not hidden by the bar or outside the window"


def test_undo_takes_back_the_last_decision_and_goes_there(opened):
    press(opened, "k", "d", "Home", "d")
    assert words(opened, 0) == "Dropped"
    press(opened, "u")
    assert (words(opened, 0), focused(opened)[0]) == ("Kept", "sample[0]")
    press(opened, "Control+z")
    assert (words(opened, 1), focused(opened)[0]) == ("", "sample[1]")
    undo = opened.page.get_by_role("button", name="Undo")
    undo.click()
    assert counts(opened) == "0 of 10 labels decided"
    assert undo.is_disabled()


def test_buttons_and_the_list_of_classes_decide(opened):
    card = opened.page.locator(".label-issue").nth(4)
    card.get_by_role("button", name="Drop").or_(card.get_by_role("button", name="Leave the sample out")).click()
    assert words(opened, 4) == "Dropped"
    assert focused(opened)[0] == "sample[5]"
    other = opened.page.locator(".label-issue").nth(5).get_by_label("Relabel as", exact=True)
    other.focus()
    press(opened, "d")  # a letter in the list chooses an option, and decides nothing
    assert words(opened, 5) == ""
    other.select_option("6")
    assert words(opened, 5).startswith("Relabeled as @sum")


def test_only_the_controls_of_one_label_are_stops_of_the_tab_key(opened):
    press(opened, "ArrowRight")
    stops = opened.page.evaluate(
        "[...document.querySelectorAll('.label-issues *')].filter(e => e.tabIndex >= 0)"
        ".map(e => e.closest('.label-issue').querySelector('h3').textContent)"
    )
    assert set(stops) == {"sample[1]"}
    press(opened, "Tab", "Tab", "Enter")
    assert words(opened, 1) == f"Relabeled as {CLASSES[2]}"


def test_a_report_saves_the_list_and_shows_earlier_decisions(report, record):
    opened = report
    with opened.page.expect_download() as waiting:
        opened.page.get_by_role("link", name="Save label-issues.csv").click()
    assert waiting.value.suggested_filename == "label-issues.csv"
    assert waiting.value.path().read_text() == record.file
    assert [words(opened, i) for i in range(2)] == [f"Relabeled as {CLASSES[2]}", ""]
    assert opened.page.locator(".label-issue button:not(.show-samples):visible").count() == 0, "nothing is decided here"


def test_a_label_issue_stands_next_to_its_nearest_samples(report):
    first, second = report.page.locator(".label-issue").all()[:2]
    assert [image.get_attribute("alt") for image in first.locator(".images img").all()] == ["a[1]", "a[2]"]
    assert first.locator(".images .name").all_inner_texts() == ["seven", "seven"]
    assert second.locator("tr").all_inner_texts() == ["\tthis row\tnear: No", "<b>_x\t1\t2"]
    assert second.locator("p.detail").all_inner_texts()[-1] == "Yes 3%"


def test_a_label_on_the_map_is_shown_there(report):
    opened = report
    opened.page.evaluate("window.explorer = document.querySelector('.explorer').explorer")
    shown = [card.locator(".show-samples").is_visible() for card in opened.page.locator(".label-issue").all()]
    assert shown == [name != "sample[2]" for name in NAMES]
    opened.page.locator(".label-issue").nth(8).locator(".show-samples").click()
    assert opened.page.evaluate("explorer.samples.names[explorer.store.state.pinned]").startswith("=a,b")


def test_a_sheet_checks_its_classes(record):
    with pytest.raises(UsageError):
        replace(record, issues=())
    with pytest.raises(UsageError):
        replace(record, names=("a", "b"))


@pytest.mark.exhaustive
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault_on_a_sheet(open_sheet, scheme, serious_faults):
    opened = open_sheet(color_scheme=scheme)
    press(opened, "k", "r", "d")
    assert serious_faults(opened.page) == []


def test_paper_shows_decisions_counts_and_folded_tables_but_no_controls(report):
    opened = report
    opened.page.emulate_media(media="print", color_scheme="dark")
    opened.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    for selector in (".label-issue img", ".decision", ".matrix td button", "#settings td"):
        assert opened.page.locator(selector).first.is_visible()
    assert not opened.page.locator(".sheet-file").is_visible()
    assert opened.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    opened.page.emulate_media(media="screen")
    opened.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert not opened.page.locator("#settings td").first.is_visible()
    assert opened.page.locator(".sheet-file").is_visible()


@pytest.mark.exhaustive
def test_a_long_list_in_a_report_shows_some_labels_at_a_time(visit, browser, record):
    many = tuple(replace(record.issues[0], name=f"sample[{i}]", title=f"sample[{i}]") for i in range(30))
    sections = (replace(record, issues=many),)
    opened = visit(browser, page=Page(title="A run", sections=sections))
    visible, more = opened.page.locator(".label-issue:visible"), opened.page.locator(".more-issues")
    assert (visible.count(), more.inner_text()) == (24, "Show 6 more of 6 labels")
    more.click()
    assert (visible.count(), more.is_visible()) == (30, False)


def test_a_long_list_shows_some_labels_at_a_time_and_the_keyboard_reaches_all(open_sheet, record):
    many = tuple(replace(record.issues[0], name=f"sample[{i}]", title=f"sample[{i}]") for i in range(60))
    opened = open_sheet(record=replace(record, issues=many))
    visible = opened.page.locator(".label-issue:visible")
    assert visible.count() == 24
    more = opened.page.locator(".more-issues")
    assert more.inner_text() == "Show 24 more of 36 labels"
    press(opened, *["n"] * 24)
    assert focused(opened)[0] == "sample[24]"
    assert visible.count() == 48
    more.click()
    assert focused(opened)[0] == "sample[48]"
    assert visible.count() == 60
    assert not more.is_visible()
