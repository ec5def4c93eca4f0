"""The documentation site, built and parsed once for all tests."""

import subprocess
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"

# What a browser loads by itself, unlike a link, which waits for a click.
LOADING = {
    ("script", "src"),
    ("img", "src"),
    ("img", "srcset"),
    ("source", "src"),
    ("source", "srcset"),
    ("iframe", "src"),
    ("video", "src"),
    ("audio", "src"),
    ("embed", "src"),
    ("object", "data"),
    ("use", "href"),
    ("image", "href"),
}


@pytest.hookimpl(tryfirst=True)  # before tests are chosen by their marks
def pytest_collection_modifyitems(items):
    """Building the site takes a minute, which `make docs` does as well: tests of it are long forms."""
    for item in items:
        if "site" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.exhaustive)


@dataclass
class Page(HTMLParser):
    """A parsed page.

    Attributes:
        text: Its HTML.
        loads: What the browser fetches when it shows the page.
        links: Targets of its links.
        ids: Its anchors.
        headings: Level and text of each heading.
    """

    text: str
    loads: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    headings: list[tuple[int, str]] = field(default_factory=list)

    def __post_init__(self):
        super().__init__()
        self._level, self._words = 0, ""
        self.feed(self.text)

    def handle_starttag(self, tag, attrs):
        values = {name: value or "" for name, value in attrs}
        self.ids |= {values[name] for name in ("id", "name") if name in values}
        for name, value in values.items():
            if (tag, name) in LOADING:
                self.loads.append(value)
        if tag == "link" and "href" in values:
            (self.links if values.get("rel") in ("next", "prev", "index", "search") else self.loads).append(
                values["href"]
            )
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if tag in ("h1", "h2", "h3", "h4"):
            self._level, self._words = int(tag[1]), ""

    def handle_endtag(self, tag):
        if self._level and tag == f"h{self._level}":
            self.headings.append((self._level, self._words.strip()))
            self._level = 0

    def handle_data(self, data):
        # the theme's mark for a link to the heading is not part of its text
        self._words += data.replace("¶", "").replace("#", "") if self._level else ""


@pytest.fixture(scope="session")
def site(made_once) -> Path:
    """The folder of the built pages; a warning makes the build fail, as in `make docs`."""

    def build(out):
        command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q", "-E", "-b", "html"]
        paths = ["-d", str(out / "cache"), str(DOCS), str(out / "html")]
        done = subprocess.run([*command, *paths], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    return made_once("site", build) / "html"


@pytest.fixture(scope="session")
def pages(site) -> dict[str, Page]:
    """Every page by its path in the site."""
    files = [path for path in sorted(site.rglob("*.html")) if "_static" not in path.parts]
    return {path.relative_to(site).as_posix(): Page(path.read_text(encoding="utf-8")) for path in files}
