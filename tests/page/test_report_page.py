import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise

import pytest

from cutaway.page import ReportFinding, ReportInside, ReportUnit, report_page
from cutaway.plots.theme import RIGHT_COLOR, WRONG_COLOR

HOSTILE = "</title></script><script>hacked = 1</script><!--<img src=x onerror='hacked = 1'>{{ 7*7 }}"


class Reader(HTMLParser):
    """Notes every tag with its attributes and the text up to the next tag."""

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


def test_facts_findings_layers_and_mistakes_are_on_the_page(make_content):
    reader = Reader(report_page(make_content()))
    assert [t for _, t in reader.all("title")] == ["A small run"]
    assert [t for _, t in reader.all("dt")] == ["Test accuracy", "Epochs", "seed"]
    assert [t for _, t in reader.all("dd")] == ["90.00 %", "3", "0"]
    assert [(a.get("class"), t) for a, t in reader.all("th")] == [
        (None, "layer"),
        ("number", "parameters"),
        ("number", "never fire"),
    ]
    assert [t for _, t in reader.all("td")] == ["dense", "1,024", "1.5 %", "dense_1", "20", "–"]
    (picture,) = reader.all("img")
    assert picture[0]["alt"] == "test[7]: a left that was read as right"
    assert picture[0]["src"].startswith("data:image/png;base64,")
    details = [t for a, t in reader.all("p") if a.get("class") in ("detail", "values")]
    assert details == ["98.8 % sure", "test[7]", "width 3, height 4", "50.0 % sure", "test[9]"]


def _inside(word="dense", picture=b"png"):
    units = (ReportUnit(f"{word} 7", picture, picture, ("test[3]",), (word, "right"), f"{word} costs.", ""),)
    rows = ({"Layer": word, "Probe": "91.0%"}, {"Layer": word, "Probe": "–"})
    return ReportInside(lead=word, rows=rows, measured=word, layer=word, samples=5000, units=units)


def test_layers_and_units_are_on_the_page(make_content):
    page = report_page(make_content(inside=_inside(), mistakes=()))
    reader = Reader(page)
    assert [t for _, t in reader.all("td")][-4:] == ["dense", "91.0%", "dense", "–"]
    alts = [a["alt"] for a, _ in reader.all("img")]
    assert alts == ["Incoming weights of dense 7", "dense 7 is excited most by test[3]"]
    assert "for 5,000 test samples" in page
    assert "dense, right" in page
    assert ("#inside", "Inside") in [(a["href"], t) for a, t in reader.all("a")]
    plain = report_page(make_content(inside=_inside(picture=None), mistakes=()))
    assert not Reader(plain).all("img")
    assert "test[3]" in plain
    assert "orange excites" in page
    assert "orange excites" not in plain
    assert 'id="inside"' not in report_page(make_content())


def test_headings_never_skip_a_level(make_content):
    levels = [
        int(tag[1])
        for tag, _, _ in Reader(report_page(make_content(inside=_inside()))).found
        if re.fullmatch("h[1-6]", tag)
    ]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_every_figure_has_a_name_and_every_link_a_place(make_content):
    reader = Reader(report_page(make_content(inside=_inside())))
    ids = {a["id"] for _, a, _ in reader.found if "id" in a}
    named = [a["aria-labeledby"] for a, _ in reader.all("figure", "section") if a]
    assert set(named) <= ids
    assert len(named) == len(reader.all("figure", "section"))
    assert {a["href"][1:] for a, _ in reader.all("a")} <= ids


def test_what_a_run_does_not_have_is_left_out(make_content):
    page = report_page(make_content(embedding=None, layers=(), mistakes=(), findings=(), facts=()))
    assert 'id="embedding"' not in page
    assert 'id="layers"' not in page
    assert "Nothing stands out in this run." in page
    assert "Every sample that was looked at is read rightly." in page


def test_the_policy_admits_only_the_scripts_of_the_page(make_content):
    reader = Reader(report_page(make_content()))
    scripts = [text for attrs, text in reader.all("script") if "type" not in attrs]
    assert len(scripts) == 4  # bokeh, bokeh-gl, its log level, ours
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts]
    policy = dict(part.strip().split(" ", 1) for part in _policy(reader).split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"].split() == [f"'sha256-{digest}'" for digest in digests]
    assert policy["img-src"] == "data: blob:"
    assert "connect-src" not in policy


def test_nothing_on_the_page_is_an_address_elsewhere(make_content):
    reader = Reader(report_page(make_content()))
    addresses = [a[key] for _, a, _ in reader.found for key in ("src", "href", "srcset", "action", "data") if key in a]
    assert addresses
    assert all(address.startswith(("#", "data:")) for address in addresses)
    css = files("cutaway.page").joinpath("report.css").read_text()
    assert "url(" not in css
    assert "@import" not in css


def test_figures_are_json_that_cannot_leave_their_script(make_content):
    page = report_page(make_content(classes=(HOSTILE, "$$x$$")))
    (figures,) = [t for a, t in Reader(page).all("script") if a.get("id") == "figures"]
    assert "<" not in figures
    items = json.loads(figures)
    assert [item["target_id"] for item in items] == ["curves-figure", "confusion-figure", "embedding-figure"]
    assert all(item["version"] == items[0]["version"] for item in items)
    assert HOSTILE in json.dumps(items[2], ensure_ascii=False).replace('\\"', '"')


def test_hostile_text_stays_text(make_content):
    plain = report_page(make_content())
    page = report_page(
        make_content(
            title=HOSTILE,
            subtitle=HOSTILE,
            facts=((HOSTILE, HOSTILE),),
            findings=(ReportFinding("note", HOSTILE, HOSTILE),),
            embedding_caption=HOSTILE,
            inside=_inside(HOSTILE, None),
            layers=({HOSTILE: HOSTILE},),
            settings=((HOSTILE, HOSTILE),),
            footer=HOSTILE,
            classes=(HOSTILE, "right"),
            sample=HOSTILE,
        )
    )
    reader = Reader(page)
    assert len(reader.all("script")) == len(Reader(plain).all("script"))
    assert len(reader.all("img")) == 1
    assert [t for _, t in reader.all("title")] == [HOSTILE]
    assert [t for _, t in reader.all("td")] == [HOSTILE, HOSTILE, "91.0%", HOSTILE, "–"]


def _luminance(color):
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one, other):
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _mixed(front, opacity, back):
    parts = [(int(front[i : i + 2], 16), int(back[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(opacity * f + (1 - opacity) * b):02x}" for f, b in parts)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_has_a_contrast_of_4_5(scheme):
    css = files("cutaway.page").joinpath("report.css").read_text()
    tones = {name: pair.split(", ")[scheme] for name, pair in re.findall(r"--(\w+): light-dark\((.+?)\);", css)}
    for text in ("ink", "muted", "accent", "good", "note", "warning"):
        for ground in ("page", "surface"):
            assert _contrast(tones[text], tones[ground]) >= 4.5, (text, ground)
    strongest = [_mixed(WRONG_COLOR, 0.65, tones["surface"]), _mixed(RIGHT_COLOR, 0.22, tones["surface"])]
    assert all(_contrast(tones["ink"], cell) >= 4.5 for cell in strongest)
