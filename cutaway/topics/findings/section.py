"""The section on findings: what a person should look at, a card for each cause, with what follows from it folded."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from cutaway.findings import Finding, folded, run_checks
from cutaway.page import Card, Cards, Parts, Section, Text
from cutaway.topics.common.source import ReportSource, once
from cutaway.topics.layers.section import layers_of

from .evidence import evidence_of
from .images import plots_of, samples_of

INSIDE = "\ue000"
"""Stands for a space within a name while sentences are told apart: a character that no font has."""

UNITS = 8
"""Units that are named on a card at most."""


@once
def findings_of(source: ReportSource) -> tuple[Finding, ...]:
    """What a person should look at, warnings first."""
    return run_checks(evidence_of(source.context, layers=lambda: layers_of(source)))


def findings(source: ReportSource) -> Section:
    """What a person should look at, a card for each cause; what needs no action is below."""
    name, title = "findings", "Findings"
    found = folded(findings_of(source))
    if not found:
        return Text(name=name, title=title, paragraphs=("Nothing in this run needs attention.",))
    cards = [
        replace(_card(source, each, consequences), anchor=anchor(number))
        for number, (each, consequences) in enumerate(found)
    ]
    acts = [is_to_act_on(each) for each, _ in found]
    first = tuple(card for card, act in zip(cards, acts, strict=True) if act)
    rest = tuple(card for card, act in zip(cards, acts, strict=True) if not act)
    if not first:
        lead = "Nothing in this run needs a change. What was noted:"
        return Cards(name=name, title=title, lead=lead, cards=rest, size="large")
    causes = Cards(name="causes", title="What to look at", cards=first, size="large")
    if not rest:
        return replace(causes, name=name, title=title)
    noted = Cards(
        name="noted",
        title="Also noted",
        summary=f"{len(rest)} {'thing that needs' if len(rest) == 1 else 'things that need'} no change",
        cards=rest,
        size="large",
    )
    return Parts(name=name, title=title, parts=(causes, noted))


def is_to_act_on(finding: Finding) -> bool:
    """Whether a finding asks for something: a warning, or a note of which it is known what would help."""
    return finding.severity == "warning" or (finding.severity == "note" and bool(_help(finding)))


def _help(finding: Finding) -> str:
    """What to do; empty where that is not known, and where all is good."""
    if finding.severity == "good":
        return ""
    return finding.advice if finding.remedy is None else f"{finding.remedy.words}."


def anchor(number: int) -> str:
    """The address in the page of the card of the finding that stands there among those that `folded` returns."""
    return f"finding-{number}"


def first_sentence(text: str, names: Iterable[str] = ()) -> str:
    """The first sentence of a text; it does not end after a short word, such as St., nor within one of the names."""
    for name in names:
        if ". " in name:
            text = text.replace(name, name.replace(" ", INSIDE))
    first = re.split(r"(?:(?<=[\d%)\"]\.)|(?<=\w{3}\.)) (?=[A-Z])", text, maxsplit=1)[0]
    return first.replace(INSIDE, " ")


def said_first(source: ReportSource, finding: Finding) -> str:
    """The first sentence of a finding, which may quote names of classes and columns."""
    context = source.context
    columns = () if context.preparation is None else context.preparation.columns
    return first_sentence(finding.text, (*context.class_names, *columns))


def _card(source: ReportSource, finding: Finding, consequences: Sequence[Finding]) -> Card:
    """A finding in a sentence with its images and what would help; the rest, its rule and what follows are folded.

    The rule of what is good would only fill the page.
    """
    images, rows, values = samples_of(source, finding)
    is_good, rule, first = finding.severity == "good", finding.rule, said_first(source, finding)
    words = _help(finding)
    details = [finding.text.removeprefix(first).strip().removesuffix(words).strip()]
    if finding.units:
        details.append(f"Units: {', '.join(finding.units[:UNITS])}{', ...' if len(finding.units) > UNITS else ''}")
    if rule is not None and not is_good:
        details += [f"Rule: {rule.words}", f"Known as: {rule.known_as}. Source: {rule.source}"]
    return Card(
        severity=finding.severity,
        title=finding.title,
        text=(first,),
        plots=plots_of(source, finding),
        images=images,
        rows=rows,
        values=values,
        help=words,
        details=tuple(filter(None, details)),
        consequences=tuple((each.title, each.text) for each in consequences),
        samples=() if is_good else finding.samples,
    )
