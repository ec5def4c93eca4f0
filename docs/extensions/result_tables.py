"""The directive ``result-table``: what the columns of a result mean, from the declaration of the result."""

import importlib
from collections.abc import Iterable
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx
from tables import table

from cutaway.results.table import columns_of

TITLES = ("Name", "Heading", "Unit", "Meaning")


class ResultTable(Directive):
    """``{result-table} cutaway.topics.confidence.calibration.Bin``: one row for each column that is declared there."""

    required_arguments = 1
    optional_arguments: ClassVar[int] = 0

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        module, _, name = self.arguments[0].rpartition(".")
        columns = columns_of(getattr(importlib.import_module(module), name))
        rows = [(_names(each.names), each.heading, each.unit.name, each.meaning) for each in columns]
        return [table(TITLES, rows, widths=(20, 20, 20, 40), name="result-table")]


def _names(names: Iterable[str]) -> list[nodes.Node]:
    return [part for name in names for part in (nodes.Text(", "), nodes.literal(text=name))][1:]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive with Sphinx."""
    app.add_directive("result-table", ResultTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
