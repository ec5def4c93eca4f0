"""The directive ``knob``: a knob's picture and its table of costs, from what docs/knobs.py measured."""

import json
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx
from sphinx.errors import SphinxError

RESULT = Path(__file__).parents[1] / "knobs.json"
NUMERIC = ("core s", "core s an epoch")


def _table(rows: list[dict[str, Any]]) -> nodes.table:
    titles = list(rows[0])
    group = nodes.tgroup(cols=len(titles))
    group += [nodes.colspec(colwidth=1) for _ in titles]
    head, body = nodes.thead(), nodes.tbody()
    head += _row(title.replace("_", " ") if number else title for number, title in enumerate(titles))
    body += [_row(_cell(title, row[title]) for title in titles) for row in rows]
    group += [head, body]
    return nodes.table("", group, classes=["knob-costs"])


def _row(cells: Any) -> nodes.row:
    return nodes.row("", *[nodes.entry("", nodes.paragraph(text=cell)) for cell in cells])


def _cell(title: str, value: Any) -> str:
    if title in NUMERIC:
        return f"{value:.2f}" if value < 10 else f"{value:.1f}"
    return f"{value:g}" if isinstance(value, float) else str(value)


class Knob(Directive):
    """``{knob} name`` with the picture's description, for who cannot see it, as its content."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Make the picture and the table."""
        name, alt = self.arguments[0], " ".join(self.content)
        if not alt:
            raise self.error(f"a picture needs a description; got none for {name}; next: write it into the directive")
        knobs = json.loads(RESULT.read_text())["knobs"]
        if name not in knobs:
            raise SphinxError(f"a knob on a page was measured; got {name}; next: python -m docs.knobs {name}")
        self.state.document.settings.env.note_dependency(str(RESULT))
        picture = nodes.image(uri=f"images/knobs/{name}.png", alt=alt, classes=["card"])
        return [picture, _table(knobs[name])]


class Machine(Directive):
    """``{knob-machine}``: what the pictures were made with, and on what."""

    def run(self) -> list[nodes.Node]:
        """Make the paragraph."""
        record = json.loads(RESULT.read_text())
        busy = "idle before" if record["load"] < 0.5 else f"busy with other work (load {record['load']:g} before)"
        text = f"{record['model']}. {record['date']}, {record['machine']}; the machine was {busy}."
        return [nodes.paragraph(text=text)]


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directives to Sphinx."""
    app.add_directive("knob", Knob)
    app.add_directive("knob-machine", Machine)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
