"""The site builds without a warning, fetches nothing, hangs together, and leaves nothing out."""

import inspect
import json
import re
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

import cutaway
from cutaway.embedding import embed
from cutaway.training import TrainingConfig

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
EXTERNAL = re.compile(r"(?i)^(?:[a-z]+:)?//|^(?:https?|ftp|data):")
# Pages that the site's tools make for themselves.
OWN = {"search.html", "genindex.html", "py-modindex.html"}
# 1.5 MB for all pictures of the documentation
MOST_BYTES = 1_500_000


def test_what_loads_from_elsewhere_is_seen(pages):
    text = """<script src="https://a/b.js"></script><img src="//a/b.png"><link rel="stylesheet" href="http://a/b.css">
              <a href="https://a">a link waits for a click</a>"""
    loads = type(pages["index.html"])(text).loads
    assert loads == ["https://a/b.js", "//a/b.png", "http://a/b.css"]
    assert all(EXTERNAL.match(target) for target in loads)


def test_no_page_loads_anything_from_elsewhere(pages):
    assert len(pages) > 12
    outside = {(name, target) for name, page in pages.items() for target in page.loads if EXTERNAL.match(target)}
    assert not outside


def test_no_style_sheet_and_no_picture_refers_to_elsewhere(site):
    urls = re.compile(r"""url\(\s*['"]?([^'")]+)|@import\s+['"]([^'"]+)""")
    for sheet in site.rglob("*.css"):
        found = [first or second for first, second in urls.findall(sheet.read_text(encoding="utf-8"))]
        assert not [target for target in found if re.match(r"(?i)(?:https?:)?//", target)], sheet
    for drawing in site.rglob("*.svg"):
        assert not re.search(r"""(?:href|src)=["']https?:""", drawing.read_text(encoding="utf-8")), drawing


def test_formulas_need_no_script(pages):
    assert "<math" in pages["how/tsne.html"].text
    assert not [target for page in pages.values() for target in page.loads if "mathjax" in target.lower()]
    assert not [name for name, page in pages.items() if r"\(" in page.text]  # what MathJax would look for


def test_every_page_is_reached_from_the_index(pages):
    seen, ahead = {"index.html"}, ["index.html"]
    while ahead:
        name = ahead.pop()
        for link in pages[name].links:
            target = urldefrag(link).url
            if not target or EXTERNAL.match(target) or target.startswith("mailto:"):
                continue
            place = _resolve(name, target)
            if place in pages and place not in seen:
                seen.add(place)
                ahead.append(place)
    assert set(pages) - seen - OWN == set()


def test_every_link_within_the_site_leads_somewhere(site, pages):
    broken = []
    for name, page in pages.items():
        for link in [*page.links, *page.loads]:
            if EXTERNAL.match(link) or link.startswith(("mailto:", "javascript:")):
                continue
            target, place = urldefrag(link)
            file = _resolve(name, target.split("?")[0]) if target else name
            if not (site / file).exists() or (place and file in pages and unquote(place) not in pages[file].ids):
                broken.append((name, link))
    assert not broken


def _resolve(page: str, target: str) -> str:
    place = (Path("/") / page).parent / unquote(target)
    parts: list[str] = []
    for part in place.parts[1:]:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts) or "index.html"


def settings() -> list[str]:
    """Every word of a plan and of an embedding; what is given to `embed` as data, and hears of it, is no setting."""
    words = set(TrainingConfig.model_fields)
    for function, others in ((embed, {"h", "labels", "report"}), (cutaway.Run.embed, {"self", "settings"})):
        words |= set(inspect.signature(function).parameters) - others
    return sorted(words)


def test_every_setting_is_explained_once(pages):
    page = pages["knobs.html"]
    explained = [words for level, words in page.headings if level == 3]
    assert len(explained) == len(set(explained))
    assert set(settings()) <= set(explained)
    assert set(explained) - set(settings()) == {"hidden", "dropout", "activation"}  # of ct.mlp
    for name in explained:
        assert f"knob-{name.replace('_', '-')}" in page.ids or f"knob-{name}" in page.ids


def test_every_setting_has_its_picture_and_its_cost(pages):
    record = json.loads((DOCS / "knobs.json").read_text())
    for name in {*settings(), "hidden", "dropout", "activation"} - {"progress"}:
        assert (DOCS / "images" / "knobs" / f"{name}.png").is_file()
        assert f"{name}.png" in pages["knobs.html"].text
        seconds = [value for row in record["knobs"][name] for key, value in row.items() if key.startswith("core s")]
        assert seconds
        assert all(value > 0 for value in seconds)
    assert "cores" in record["machine"]


def test_pictures_are_small():
    assert sum(path.stat().st_size for path in (DOCS / "images").rglob("*.png")) < MOST_BYTES


@pytest.mark.parametrize("name", cutaway.__all__)
def test_every_public_name_stands_in_the_api(pages, name):
    assert pages["api.html"].text.count(f'id="cutaway.{name}"') == 1


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_links_of_the_repository_lead_somewhere(name):
    links = re.findall(r"\]\(([^)\s]+)\)", (ROOT / name).read_text())
    assert links
    for link in links:
        assert EXTERNAL.match(link) or (ROOT / urldefrag(link).url).exists(), link
