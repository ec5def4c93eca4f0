"""The directive ``setting``: the picture of a setting and the table of its costs, as docs/settings.py measured them."""

import json
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from tables import table

RESULT = Path(__file__).parents[1] / "settings.json"
NUMERIC = ("CPU s", "CPU s per epoch")


def _cell(title: str, value: Any) -> str:
    if title in NUMERIC:
        return f"{value:.2f}" if value < 10 else f"{value:.1f}"
    return f"{value:g}" if isinstance(value, float) else str(value)


class Setting(Directive):
    """``{setting} name``; its content is the picture's alt text."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the picture and the table."""
        name, alt = self.arguments[0], " ".join(self.content)
        if not alt:
            raise self.error(f"a picture needs alt text; got none for {name}; next: write it into the directive")
        settings = json.loads(RESULT.read_text())["settings"]
        if name not in settings:
            raise SphinxError(f"each setting must be measured; got {name}; next: python -m docs.settings {name}")
        self.state.document.settings.env.note_dependency(str(RESULT))
        picture = nodes.image(uri=f"images/settings/{name}.png", alt=alt, classes=["card"])
        titles = list(settings[name][0])
        heads = [title.replace("_", " ") if number else title for number, title in enumerate(titles)]
        rows = [[_cell(title, row[title]) for title in titles] for row in settings[name]]
        return [picture, table(heads, rows, widths=[1] * len(titles), name="setting-costs")]


class Machine(Directive):
    """``{settings-machine}``: the model and the machine that the pictures were made with."""

    def run(self) -> list[nodes.Node]:
        """Return the paragraph."""
        record = json.loads(RESULT.read_text())
        load = "was idle" if record["load"] < 0.5 else f"was busy with other work (load {record['load']:g})"
        text = f"{record['model']}. {record['date']}, {record['machine']}; before the measurement, the machine {load}."
        return [nodes.paragraph(text=text)]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives with Sphinx."""
    app.add_directive("setting", Setting)
    app.add_directive("settings-machine", Machine)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
