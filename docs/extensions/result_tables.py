"""The directive ``result-table``: what the columns of a result mean, from the declaration of the result."""

import importlib
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

TITLES = ("Name", "Heading", "Unit", "Meaning")


class ResultTable(Directive):
    """``{result-table} cutaway.topics.confidence.calibration.BINS``: one row for each column that is declared there."""

    required_arguments = 1
    optional_arguments: ClassVar[int] = 0

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        module, _, name = self.arguments[0].rpartition(".")
        group = nodes.tgroup(cols=len(TITLES))
        group += [nodes.colspec(colwidth=width) for width in (20, 20, 20, 40)]
        head, body = nodes.thead(), nodes.tbody()
        head += _row([[nodes.Text(title)] for title in TITLES])
        for each in getattr(importlib.import_module(module), name):
            names = [part for name in each.names for part in (nodes.Text(", "), nodes.literal(text=name))][1:]
            body += _row([names, [nodes.Text(each.heading)], [nodes.Text(each.unit.name)], [nodes.Text(each.meaning)]])
        group += [head, body]
        return [nodes.table("", group, classes=["result-table"])]


def _row(cells: list[list[nodes.Node]]) -> nodes.row:
    return nodes.row("", *[nodes.entry("", nodes.paragraph("", "", *cell)) for cell in cells])


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive with Sphinx."""
    app.add_directive("result-table", ResultTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
