"""The directive ``finding-pages``: a section for each kind of finding, from the rules next to their checks."""

from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

from cutaway.findings import RULES, Rule

IMAGES = Path(__file__).parents[1] / "images" / "findings"


def _section(rule: Rule) -> nodes.section:
    """All about a kind, with the kind as its address, and a picture of some common kinds."""
    section = nodes.section("", nodes.title("", "", nodes.literal(text=rule.kind)), ids=[rule.kind], names=[rule.kind])
    section += [nodes.paragraph(text=each) for each in rule.page]
    if (IMAGES / f"{rule.kind}.png").exists():
        alt = f"A run with {rule.kind} and a run without it"
        section += nodes.image(uri=f"images/findings/{rule.kind}.png", alt=alt, classes=["card"])
    return section


class FindingPages(Directive):
    """``{finding-pages}``: the kinds in the order of the checks, causes first."""

    def run(self) -> list[nodes.Node]:
        """Return the sections."""
        return [_section(rule) for rule in RULES.values()]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive with Sphinx."""
    app.add_directive("finding-pages", FindingPages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
