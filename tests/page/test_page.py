import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise

import numpy as np
import pytest

from cutaway.errors import UsageError
from cutaway.page import Card, Cards, Figure, HeatMap, Image, Page, Parts, Table, Text, render
from cutaway.plots import learning_panels
from cutaway.plots.theme import RIGHT_COLOR, WRONG_COLOR
from tests.plots.color_difference import contrast

HOSTILE = "</title></script><script>hacked = 1</script><!--<img src=x onerror='hacked = 1'>{{ 7*7 }}"


class Reader(HTMLParser):
    """Collects every tag with its attributes and the text up to the next tag."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.found, self.inside = [], False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append([tag, dict(attrs), ""])
        self.inside = True

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.found[-1][2] += data

    def all(self, *tags):
        return [(attrs, text) for tag, attrs, text in self.found if tag in tags]


def _policy(reader):
    return next(a["content"] for a, _ in reader.all("meta") if a.get("http-equiv") == "Content-Security-Policy")


def test_every_kind_of_section_is_on_the_page(make_page):
    reader = Reader(render(make_page()))
    assert [t for _, t in reader.all("title")] == ["A small run"]
    assert [t for _, t in reader.all("h2")] == [
        "Findings",
        "Curves",
        "Confidence",
        "Layers",
        "Mistakes",
        "Notes",
    ]
    assert [(a.get("class"), t) for a, t in reader.all("th")] == [
        (None, "layer"),
        ("number", "parameters"),
        ("number", "dead"),
    ]
    assert [t for _, t in reader.all("td")] == ["dense", "1,024", "7 (1.5%)", "dense_1", "20", "–"]
    assert [t for _, t in reader.all("summary") if t.strip()] == ["All layers"]
    (image,) = reader.all("img")
    assert image[0]["alt"] == "test[7] in gray"
    assert image[0]["src"].startswith("data:image/png;base64,")
    assert [t for a, t in reader.all("h3")] == ["It overfits", "test[7]", "test[9]"]
    shown = ("severity", "values", "subtitle", "detail", "lead", "caption", "paragraph")
    assert [t for a, t in reader.all("p", "figcaption") if a.get("class") in shown or "id" in a] == [
        "60 samples",
        "Warning",
        "Validation loss rose.",
        "Each point is a bin.",
        "Two layers.",
        "The worst.",
        "left → right",
        "98.8% confident",
        "width 3, height 4",
        "50.0% confident",
        "One.",
        "Two.",
    ]


def test_sections_are_drawn_in_the_order_of_the_page(make_page):
    page = make_page()
    backwards = replace(page, sections=tuple(replace(each, view=each.name) for each in page.sections[::-1]))
    names = [section.name for section in backwards.sections]
    reader = Reader(render(backwards))
    assert [a["id"] for a, _ in reader.all("section")] == names
    assert [(a["href"], t) for a, t in reader.all("a")] == [(f"#{name}", name.capitalize()) for name in names]


@pytest.mark.parametrize("names", [["layers", "layers"], ["two words"], ["Layers"], [""], ["x-y"]])
def test_names_of_sections_are_single_words_and_unique(names):
    with pytest.raises(UsageError):
        Page(title="A page", sections=tuple(Text(name=name, title="A", paragraphs=()) for name in names))


def test_numbers_are_aligned_right_and_text_is_not():
    entries = ["12", "-0.5", "+3", "1,024", "1e-05", "98.5%", "7 (21.9%)", "–", "", "12 cats", "5x5", "v1"]
    rows = ({str(column): entry for column, entry in enumerate(entries)},)
    reader = Reader(render(Page(title="A page", sections=(Table(name="table", title="A", rows=rows),))))
    assert [a.get("class") for a, _ in reader.all("td")] == ["number"] * 9 + [None] * 3


def test_what_a_terminal_obeys_or_turns_a_line_around_is_shown_as_its_escape():
    name = "cat\x1b[2J\u202e\x00\ud800"
    rows = ({name: name},)
    cards = (Card(title=name, text=(name,)),)
    sections = (Table(name="table", title=name, rows=rows), Cards(name="cards", title=name, cards=cards))
    page = render(Page(title=name, sections=sections))
    body = page[: page.index("<script")]
    assert body.count(r"cat\x1b[2J\u202e\x00\ud800") == 8
    assert all(c.isprintable() or c == "\n" for c in body)


def test_headings_never_skip_a_level(make_page):
    levels = [int(tag[1]) for tag, _, _ in Reader(render(make_page())).found if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_every_figure_has_a_name_and_every_link_a_target(make_page):
    reader = Reader(render(make_page()))
    ids = [a["id"] for _, a, _ in reader.found if "id" in a]
    assert len(ids) == len(set(ids))
    named = [a["aria-labelledby"] for a, _ in reader.all("figure", "section") if a]
    assert set(named) <= set(ids)
    assert len(named) == len(reader.all("figure", "section"))
    assert {a["href"][1:] for a, _ in reader.all("a")} <= set(ids)


def test_empty_fields_leave_nothing_behind():
    page = render(Page(title="A page", sections=(Table(name="table", title="A", rows=()),)))
    reader = Reader(page)
    assert not reader.all("dl", "td", "th", "figure", "img")
    assert not reader.all("details", "nav")
    assert [t.strip() for a, t in reader.all("p")] == [
        "cutaway",
        "",
        "The figures of this page are drawn by JavaScript, which is switched off here.",
    ]


def test_a_page_carries_one_script_of_its_own_modules():
    page = render(Page(title="A page", sections=(Text(name="notes", title="Notes", paragraphs=("One.",)),)))
    assert len(page) < 320_000
    assert [attrs.get("type") for attrs, _ in Reader(page).all("script")] == ["application/json", "module"]


def test_the_policy_admits_only_the_scripts_of_the_page(make_page):
    reader = Reader(render(make_page()))
    (script,) = [text for attrs, text in reader.all("script") if attrs.get("type") in (None, "module")]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = dict(part.strip().split(" ", 1) for part in _policy(reader).split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == f"'sha256-{digest}'"
    assert (policy["img-src"], policy["font-src"]) == ("data: blob:", "data:")
    assert "connect-src" not in policy


def test_nothing_on_the_page_is_an_address_elsewhere(make_page):
    reader = Reader(render(make_page()))
    addresses = [a[key] for _, a, _ in reader.found for key in ("src", "href", "srcset", "action", "data") if key in a]
    assert addresses
    assert all(address.startswith(("#", "data:")) for address in addresses)
    css = files("cutaway.page").joinpath("templates/page.css").read_text()
    assert "url(" not in css
    assert "@import" not in css


def test_figures_are_json_that_cannot_leave_their_script(make_page):
    page = render(make_page(classes=(HOSTILE, "$$x$$")))
    (data,) = [t for a, t in Reader(page).all("script") if a.get("id") == "pageData"]
    assert "<" not in data
    items = json.loads(data)["figures"]
    assert [item["name"] for item in items] == ["learning", "confidence"]
    assert [curve["name"] for curve in items[1]["panels"][0]["curves"]] == [HOSTILE, "$$x$$"]


def test_hostile_text_stays_text(make_page):
    plain = Reader(render(make_page()))
    words = {"title": HOSTILE, "lead": HOSTILE, "caption": HOSTILE, "summary": HOSTILE}
    card = Card(title=HOSTILE, severity="note", values=HOSTILE, subtitle=HOSTILE, text=(HOSTILE,))
    imaged = Card(title="", images=(Image(b"png", f'{HOSTILE}" onerror="hacked = 1'),))
    page = make_page(
        title=HOSTILE,
        subtitle=HOSTILE,
        footer=HOSTILE,
        findings=Cards(name="findings", cards=(card, imaged), **words),
        layers=Table(name="layers", rows=({HOSTILE: HOSTILE},), **words),
        notes=Text(name="notes", paragraphs=(HOSTILE,), **words),
        classes=(HOSTILE, "right"),
        sample=HOSTILE,
    )
    page = replace(page, sections=tuple(replace(s, **words) if isinstance(s, Figure) else s for s in page.sections))
    reader = Reader(render(page))
    assert len(reader.all("script")) == len(plain.all("script"))
    assert [t for _, t in reader.all("title", "td", "th", "dt", "dd")] == [HOSTILE] * 3
    assert len(reader.all("img")) == 2
    assert not [attrs for _, attrs, _ in reader.found if "onerror" in attrs]
    assert reader.all("img")[0][0]["alt"] == f'{HOSTILE}" onerror="hacked = 1'


def _mixed(front, opacity, back):
    parts = [(int(front[i : i + 2], 16), int(back[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(opacity * f + (1 - opacity) * b):02x}" for f, b in parts)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_has_a_contrast_of_4_5(scheme):
    css = files("cutaway.page").joinpath("templates/page.css").read_text()
    tones = {name: pair.split(", ")[scheme] for name, pair in re.findall(r"--(\w+): light-dark\((.+?)\);", css)}
    for text in ("ink", "muted", "accent", "good", "note", "warning"):
        for ground in ("page", "surface"):
            assert contrast(tones[text], tones[ground]) >= 4.5, (text, ground)
    strongest = [_mixed(WRONG_COLOR, 0.65, tones["surface"]), _mixed(RIGHT_COLOR, 0.22, tones["surface"])]
    assert all(contrast(tones["ink"], cell) >= 4.5 for cell in strongest)


def test_a_card_shows_charts_what_would_help_and_details():
    panel = learning_panels([{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25}])[0]
    image = Image(b"png", "a digit", caption="test[7], labeled 3")
    card = Card(title="It overfits", panels=(panel,), images=(image,), help="stop earlier.", details=("Rule: ...",))
    section = Cards(name="findings", title="Findings", cards=(Card(title="Plain"), card), size="large")
    html = render(Page(title="A page", sections=(section,)))
    reader = Reader(html)
    assert [attrs["id"] for attrs, _ in reader.all("div") if "figure" in attrs.get("id", "")] == ["findings-1-figure"]
    assert '"figures": [{"name": "findings-1", "panels": [{' in html
    paragraphs = {attrs.get("class"): text for attrs, text in reader.all("p")}
    assert paragraphs["help"] == "stop earlier."
    assert "Rule: ..." in [text for _, text in reader.all("p")]
    assert paragraphs["name"] == "test[7], labeled 3"


def test_parts_stand_below_each_other_under_one_heading(make_page):
    figure = make_page().sections[1]
    parts = (
        Table(name="numbers", title="Numbers <b>", rows=({"a": "1"},), summary="All of them"),
        figure,
        HeatMap(
            name="heat",
            title="Heat",
            rows=("<i>", "b"),
            columns=("x",),
            across="there",
            down="here",
            values=np.array([[0.25], [np.nan]]),
        ),
    )
    page = Page(title="P", sections=(Parts(name="whole", title="Whole", lead="A lead.", parts=parts),))
    html = render(page)
    assert html.count("<section") == html.count("<h2") == 1
    assert '<h3 id="numbers-title">Numbers &lt;b&gt;</h3>' in html
    assert html.index("A lead.") < html.index("All of them") < html.index('id="learning-figure"') < html.index("Heat")
    assert '<td style="--share: 0.250">0.25</td>' in html
    assert "<td>–</td>" in html
    assert "&lt;i&gt;" in html
    assert f'"name": "{figure.name}"' in html[html.index("pageData") :], "figures of parts are drawn as well"
    with pytest.raises(UsageError):
        Page(title="P", sections=(*page.sections, replace(parts[0])))
    with pytest.raises(UsageError):
        replace(parts[2], values=np.array([[0.25], [1.5]]))
    with pytest.raises(UsageError):
        replace(parts[2], values=np.zeros((1, 2)))
