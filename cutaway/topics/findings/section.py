"""The section on findings: what a person should look at, a card for each cause, with what follows from it folded."""

import re
from collections.abc import Sequence
from dataclasses import replace

from cutaway.findings import Finding, folded, run_checks
from cutaway.page import Card, Cards, Section, Text
from cutaway.topics.common.source import ReportSource, once
from cutaway.topics.layers.section import layers_of

from .evidence import evidence_of
from .pictures import plots_of, samples_of

UNITS = 8
"""Units that are named on a card at most."""


@once
def findings_of(source: ReportSource) -> tuple[Finding, ...]:
    """What a person should look at, warnings first."""
    return run_checks(evidence_of(source.context, layers=lambda: layers_of(source)))


def findings(source: ReportSource) -> Section:
    """What a person should look at, one card per finding."""
    if not findings_of(source):
        return Text(name="findings", title="Findings", paragraphs=("Nothing in this run needs attention.",))
    return Cards(
        name="findings",
        title="Findings",
        cards=tuple(
            replace(_card(source, each, consequences), anchor=anchor(number))
            for number, (each, consequences) in enumerate(folded(findings_of(source)))
        ),
        size="large",
    )


def anchor(number: int) -> str:
    """The address in the page of the card of the finding that stands there among those that `folded` returns."""
    return f"finding-{number}"


def first_sentence(text: str) -> str:
    """The first sentence of a text, which does not end after a short word: names such as St. Louis are in it."""
    return re.split(r"(?:(?<=[\d%)\"]\.)|(?<=\w{3}\.)) (?=[A-Z])", text, maxsplit=1)[0]


def _card(source: ReportSource, finding: Finding, consequences: Sequence[Finding]) -> Card:
    """A finding with its pictures, what would help, its rule, and what follows from it.

    The rule of what is good would only fill the page.
    """
    pictures, values = samples_of(source, finding)
    is_good, rule, small = finding.severity == "good", finding.rule, list[str]()
    if finding.units:
        small.append(f"Units: {', '.join(finding.units[:UNITS])}{', ...' if len(finding.units) > UNITS else ''}")
    if rule is not None and not is_good:
        small += [f"Rule: {rule.words}", f"Known as: {rule.known_as}. Source: {rule.source}"]
    words = finding.remedy.words if finding.remedy is not None and not is_good else ""
    return Card(
        severity=finding.severity,
        title=finding.title,
        text=(finding.text,),
        plots=plots_of(source, finding),
        pictures=pictures,
        values=values,
        help=f"{words}." if words else "",
        small=tuple(small),
        consequences=tuple((each.title, each.text) for each in consequences),
        samples=() if is_good else finding.samples,
    )
