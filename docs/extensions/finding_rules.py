"""The directive ``finding-rules``: a table of all kinds of findings, from the rules beside their checks."""

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx
from tables import table

from cutaway.findings import RULES

TITLES = ("Finding", "Rule", "Known as", "Source")


class FindingRules(Directive):
    """``{finding-rules}``: one row per kind of finding, in the order in which they are looked for."""

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        rows = [(nodes.literal(text=rule.kind), rule.words, rule.known_as, rule.source) for rule in RULES.values()]
        return [table(TITLES, rows, widths=(15, 45, 20, 20), name="finding-rules")]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive with Sphinx."""
    app.add_directive("finding-rules", FindingRules)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
