"""The findings of a run as the user holds them."""

import html
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from cutaway.errors import printable
from cutaway.findings import folded
from cutaway.results.notebook import NotebookDisplay, joined_html, line_html
from cutaway.results.table import Table, value
from cutaway.results.units import TEXT
from cutaway.words import counted

if TYPE_CHECKING:
    import pandas

    from cutaway.findings import Finding
    from cutaway.plots import Figure

MARKS = {"warning": ("▲", "#e76300"), "note": ("●", "#3f90da"), "good": ("■", "#8a8f99")}
"""Mark and color of each severity, legible on light and dark pages."""


@dataclass(frozen=True)
class FindingRow:
    """A finding."""

    kind: str = value("Kind", TEXT, "The kind of finding, one word or a few with hyphens.")
    severity: str = value("Severity", TEXT, "How serious it is: warning, note or good.")
    title: str = value("Title", TEXT, "What was found, in a few words.")
    text: str = value("Text", TEXT, "The same with its numbers.")
    remedy: str | None = value("To try", TEXT, "What would help; none where nothing is known.")
    rule: str | None = value("Rule", TEXT, "The rule that found it.")
    source: str | None = value("Source", TEXT, "Where the rule is from.")
    known_as: str | None = value("Known as", TEXT, "What others call it.")
    cause: str | None = value(
        "Cause", TEXT, "The kind of the finding that explains it; none where it stands for itself."
    )


class Findings(tuple["Finding", ...], NotebookDisplay):
    """What a person should look at: a tuple of `Finding`, warnings first, causes before what follows from them."""

    __slots__ = ()

    def __repr__(self) -> str:
        counts = Counter(each.severity for each in self)
        words = {"warning": "warnings", "note": "notes", "good": "good"}
        shown = [f"{counts[k]} {k if counts[k] == 1 else words[k]}" for k in MARKS if counts[k]]
        first = f"; first: {self[0].title}" if self else ""
        return printable(f"<Findings: {', '.join(shown) or 'none'}{first}>")

    def to_pandas(self) -> "pandas.DataFrame":
        """A DataFrame, one row per finding: kind, severity, title, text, remedy, rule, source, known_as, cause."""
        return findings_table(self).to_pandas()

    def plot(self) -> "Figure":
        """Draw them as a list with a mark for how serious each is, as a matplotlib Figure."""
        return draw_findings(self)

    def _repr_html_(self) -> str:
        return joined_html(line_html(self), findings_html(self))


def _fold(summary: str, paragraphs: "Iterable[str]") -> str:
    told = "".join(f"<div>{html.escape(each)}</div>" for each in paragraphs)
    return f'<details style="opacity: 0.75"><summary>{html.escape(summary)}</summary>{told}</details>'


def findings_table(findings: "Iterable[Finding]") -> Table:
    """Findings as a table, a row each."""
    names, records = [each.name for each in fields(FindingRow)], [each.record() for each in findings]
    return Table.of(FindingRow, [FindingRow(**{name: record[name] for name in names}) for record in records])


def draw_findings(findings: "Iterable[Finding]") -> "Figure":
    """Findings as a list, a matplotlib Figure."""
    from cutaway.plots import finding_list

    shown = [each for each, _ in folded(findings)]
    return finding_list([f.severity for f in shown], [f.title for f in shown], [f.text for f in shown])


def findings_html(findings: "Iterable[Finding]", tests: "dict[str, str] | None" = None) -> str:
    """Findings as HTML: a mark, the title, the text, what would help, and what that changed.

    Args:
        findings: The findings.
        tests: Kind of a finding -> a sentence on what its remedy changed.
    """
    items: list[str] = []
    for each, consequences in folded(findings):
        mark, color = MARKS[each.severity]
        lines = [f'<div style="opacity: 0.85">{html.escape(each.text)}</div>']
        if each.remedy is not None:
            lines.append(f'<div style="opacity: 0.85">To try: {html.escape(each.remedy.words)}.</div>')
        if tested := (tests or {}).get(each.kind):
            lines.append(f'<div style="opacity: 0.85">Tried: {html.escape(tested)}</div>')
        if consequences:
            told = (f"{other.title}. {other.text}" for other in consequences)
            lines.append(_fold(f"This explains {counted(len(consequences), 'other finding')}", told))
        if each.rule is not None:
            lines.append(_fold(f"About {each.kind}", each.rule.page))
        items.append(
            f'<div style="display: flex; gap: 8px; margin: 8px 0; max-width: 860px"><div style="color: {color}">{mark}'
            f"</div><div><b>{each.severity}: {html.escape(each.title)}</b>{''.join(lines)}</div></div>"
        )
    return "".join(items)
