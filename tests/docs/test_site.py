"""The site builds without a warning, loads nothing from elsewhere, has no broken links, and is complete."""

import html
import inspect
import json
import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest
import typer

import cutaway
from cutaway.cli.main import COMMANDS as GROUPS
from cutaway.cli.main import app
from cutaway.embedding import TSNESettings, embed
from cutaway.findings import RULES
from cutaway.models import FORM
from cutaway.training import TrainingConfig

ROOT = Path(__file__).parents[2]
COMMANDS = typer.main.get_command(app).commands
NO_DOCUMENT = {"demo", "resume"}
"""Commands whose document the page describes in a sentence."""
DOCS = ROOT / "docs"
BUILT = "build/docs/"
EXTERNAL = re.compile(r"(?i)^(?:[a-z]+:)?//|^(?:https?|ftp|data):")
# Pages that Sphinx generates.
GENERATED = {"search.html", "genindex.html", "py-modindex.html"}
# of all pictures of the documentation together: 1.5 MB
MOST_BYTES = 1_500_000


def test_the_parser_finds_what_loads_from_elsewhere(pages):
    text = """<script src="https://a/b.js"></script><img src="//a/b.png"><link rel="stylesheet" href="http://a/b.css">
              <a href="https://a">a link waits for a click</a>"""
    loads = type(pages["index.html"])(text).loads
    assert loads == ["https://a/b.js", "//a/b.png", "http://a/b.css"]
    assert all(EXTERNAL.match(target) for target in loads)


def test_no_page_loads_anything_from_elsewhere(pages):
    assert len(pages) > 12
    outside = {(name, target) for name, page in pages.items() for target in page.loads if EXTERNAL.match(target)}
    assert not [found for found in outside if not found[1].startswith("data:")]  # figures of lessons, and empty icons


def test_lessons_the_playground_and_a_report_can_be_read_here(site, pages):
    lessons = sorted(path.stem for path in (ROOT / "lessons").glob("[0-9][0-9]_*.ipynb"))
    assert len(lessons) == 12
    assert sorted(name for name in pages if name.startswith("lessons/")) == [f"lessons/{name}.html" for name in lessons]
    for name in lessons:
        assert '<a href="../learn.html">All lessons</a>' in pages[f"lessons/{name}.html"].text
        assert not re.search(
            r"\$\S[^$<]*\$", re.sub(r"(?s)<(pre|code|script).*?</\1>", "", pages[f"lessons/{name}.html"].text)
        )
    assert "What each layer knows" in pages["example-report.html"].text
    assert (site / "playground.html").stat().st_size > 1e6


def test_no_style_sheet_or_picture_refers_to_elsewhere(site):
    urls = re.compile(r"""url\(\s*['"]?([^'")]+)|@import\s+['"]([^'"]+)""")
    for sheet in site.rglob("*.css"):
        found = [first or second for first, second in urls.findall(sheet.read_text(encoding="utf-8"))]
        assert not [target for target in found if re.match(r"(?i)(?:https?:)?//", target)], sheet
    for drawing in site.rglob("*.svg"):
        assert not re.search(r"""(?:href|src)=["']https?:""", drawing.read_text(encoding="utf-8")), drawing


def test_formulas_need_no_script(pages):
    assert "<math" in pages["how/tsne.html"].text
    assert not [target for page in pages.values() for target in page.loads if "mathjax" in target.lower()]
    # what MathJax would look for; the report has scripts with regular expressions
    assert not [name for name, page in pages.items() if r"\(" in page.text and name != "example-report.html"]


def test_every_page_can_be_reached_from_the_index(pages):
    seen, pending = {"index.html"}, ["index.html"]
    while pending:
        name = pending.pop()
        for link in pages[name].links:
            target = urldefrag(link).url
            if not target or EXTERNAL.match(target) or target.startswith("mailto:"):
                continue
            place = _resolve(name, target)
            if place in pages and place not in seen:
                seen.add(place)
                pending.append(place)
    assert set(pages) - seen - GENERATED == set()


def test_no_link_within_the_site_is_broken(site, pages):
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


MLP_SETTINGS = set(FORM)
TSNE_SETTINGS = {field.name for field in fields(TSNESettings)}
TSNE_PICTURES = {"perplexity", "max_iter"}
"""The settings of t-SNE with a section of their own; the others share a table, without pictures."""


def settings() -> list[str]:
    """Every setting of training and of an embedding; the data and the progress callback of `embed` are not settings."""
    names = set(TrainingConfig.model_fields) | TSNE_PICTURES
    others = {"self", "h", "labels", "on_progress", "settings"}
    for function in (embed, cutaway.Run.embed):
        names |= set(inspect.signature(function).parameters) - others
    return sorted(names)


def test_every_setting_is_explained_once(pages):
    page = pages["settings.html"]
    explained = [text for level, text in page.headings if level == 3]
    assert len(explained) == len(set(explained))
    assert set(settings()) <= set(explained)
    assert set(explained) - set(settings()) == MLP_SETTINGS
    for name in explained:
        assert f"setting-{name.replace('_', '-')}" in page.ids or f"setting-{name}" in page.ids


def test_every_setting_of_tsne_is_explained_once(pages):
    section = _compact(pages).partition('<section id="t-sne">')[2]
    rows = re.findall(r'<tr[^>]*><td><p><code[^>]*><span class="pre">(\w+)</span></code></p></td>', section)
    assert len(rows) == len(set(rows))
    assert set(rows) == TSNE_SETTINGS - TSNE_PICTURES


def _compact(pages) -> str:
    """The settings page without line breaks between tags."""
    return re.sub(r">\s+<", "><", pages["settings.html"].text)


def test_every_setting_has_its_picture_and_its_cost(pages):
    record = json.loads((DOCS / "settings.json").read_text())
    for name in {*settings(), *MLP_SETTINGS} - {"progress", "quality"}:
        assert (DOCS / "images" / "settings" / f"{name}.png").is_file()
        assert f"{name}.png" in pages["settings.html"].text
        seconds = [value for row in record["settings"][name] for key, value in row.items() if key.startswith("CPU s")]
        assert seconds
        assert all(value > 0 for value in seconds)
    assert "cores" in record["machine"]


def test_pictures_are_small():
    assert sum(path.stat().st_size for path in (DOCS / "images").rglob("*.png")) < MOST_BYTES


@pytest.mark.parametrize("name", cutaway.__all__)
def test_every_public_name_is_on_the_api_page(pages, name):
    assert pages["api.html"].text.count(f'id="cutaway.{name}"') == 1


def test_every_command_is_on_its_page_with_its_options_and_what_it_prints_as_json(pages):
    page = pages["commands.html"]
    assert [text for level, text in page.headings if level == 3] == list(COMMANDS)
    assert [text for level, text in page.headings if level == 2] == list(GROUPS)
    for name, command in COMMANDS.items():
        section = page.text.partition(f'<section id="{name}">')[2].partition("</section>")[0]
        words = html.unescape(re.sub(r"<[^>]+>", "", section))
        options = {each.opts[0] for each in command.params if each.opts[0].startswith("-")}
        assert not {option for option in options if option not in words}
        prints = any("--json" in each.opts for each in command.params)
        assert ("The document of" in words) == (prints and name not in NO_DOCUMENT)


def test_every_result_has_an_example_that_ran(pages):
    page = pages["results.html"]
    sections = [part.partition("</section>")[0] for part in page.text.split("<section id=")[1:]]
    results = [part for part in sections if "<h3>" in part]
    assert len(results) >= 20
    assert not [part[:60] for part in results if part.count('class="highlight"') < 2]


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "SECURITY.md", "CHANGELOG.md"])
def test_no_link_in_the_repository_is_broken(name, site):
    links = re.findall(r"\]\(([^)\s]+)\)", (ROOT / name).read_text())
    assert links
    for link in links:
        path = urldefrag(link).url
        built = site / path.removeprefix(BUILT) if path.startswith(BUILT) else ROOT / path
        assert EXTERNAL.match(link) or built.exists(), link


@pytest.mark.exhaustive
def test_the_output_in_the_readme_is_what_the_program_prints(tmp_path):
    """Another CPU rounds other digits: shares may differ by two points."""
    readme = (ROOT / "README.md").read_text()
    printed = {}
    for command in re.findall(r"`cutaway ((?:train mnist --recipe|layers latest)[^`]*)`", readme):
        full = [sys.executable, "-m", "cutaway", *command.split()]
        environment = {**os.environ, "COLUMNS": "120"}
        done = subprocess.run(full, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        printed[command] = done.stdout
    shown = [line.split() for line in re.findall(r"^     (\w+ +\d .*|Layer .*)$", readme, re.MULTILINE)]
    lines = printed["layers latest --history"].splitlines()
    start = next(k for k, line in enumerate(lines) if line.split() == shown[0])
    real = [line.split() for line in lines[start + 2 : start + 1 + len(shown)]]
    assert [row[:2] for row in real] == [row[:2] for row in shown[1:]]
    for mine, theirs in zip(shown[1:], real, strict=True):
        for column in (2, 3):
            assert float(mine[column].rstrip("%")) == pytest.approx(float(theirs[column].rstrip("%")), abs=2)
    assert 0.87 < float(re.search(r"Test accuracy ([\d.]+)%", "".join(printed.values()))[1]) / 100 < 0.91


def test_every_kind_of_finding_has_a_place_with_all_about_it(pages):
    page = pages["findings.html"]
    text = html.unescape(re.sub(r"<[^>]+>", "", page.text)).replace("\u2019", "'")
    for rule in RULES.values():
        assert rule.kind in page.ids
        assert all(each[-40:] in text for each in (rule.about, rule.words, rule.known_as))
