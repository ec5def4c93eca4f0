"""The directive ``finding-rules``: a table of all kinds of findings, from the rules beside their checks."""

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

from cutaway.findings import RULES

TITLES = ("Finding", "Rule", "Known as", "Source")


class FindingRules(Directive):
    """``{finding-rules}``: one row a kind of finding, in the order in which they are looked for."""

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        group = nodes.tgroup(cols=len(TITLES))
        group += [nodes.colspec(colwidth=width) for width in (15, 45, 20, 20)]
        head, body = nodes.thead(), nodes.tbody()
        head += _row([nodes.Text(title) for title in TITLES])
        for rule in RULES.values():
            kind = nodes.literal(text=rule.kind)
            body += _row([kind, nodes.Text(rule.words), nodes.Text(rule.known_as), nodes.Text(rule.source)])
        group += [head, body]
        return [nodes.table("", group, classes=["finding-rules"])]


def _row(cells: list[nodes.Node]) -> nodes.row:
    return nodes.row("", *[nodes.entry("", nodes.paragraph("", "", cell)) for cell in cells])


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive with Sphinx."""
    app.add_directive("finding-rules", FindingRules)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
