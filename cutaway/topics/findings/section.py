"""The verdict and the findings of a run as sections, with a card for each cause."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain

from cutaway.errors import CutawayError
from cutaway.findings import LEAST_WRONG, Evidence, Finding, run_checks
from cutaway.log import survive
from cutaway.page import Card, Cards, Mark, Section, Summary, SummaryLine, scaled
from cutaway.runs import by_name, run_command
from cutaway.topics.common.source import ReportSource, once
from cutaway.topics.comparison.section import answer, comparison_of
from cutaway.topics.importance.section import carriers, importances_of
from cutaway.topics.label_issues.section import label_issues_of
from cutaway.topics.layers.section import layers_of
from cutaway.words import counted

from .evidence import evidence_of
from .images import loss_panels, panels_of, samples_of
from .simpler_models import compare_simpler_models, known_simpler_models, why_not_compared
from .verdict import LESSER, Verdict, Worth, pressing
from .verdict import verdict as gather

INSIDE = "\ue000"
"""Stands for a space within a name while text is split into sentences: a character that no font has."""

UNITS = 8
"""Maximum number of units to name on a card."""

LINES = 4
"""Maximum number of lines below the answer."""

TELLING = ("missed-class", "simpler-model", "label-issues", "overfitting", "confusion")
"""Kinds of findings that say most about a healthy run, the most important first."""

ON_THIS_PAGE = {"report": "mistakes", "errors": "errors", "label-issues": "label_issues"}
"""Commands of a next step that a section of the page takes the place of, and that section."""

PLACES = {
    **dict.fromkeys(("missed-class", "confusion"), ("See which classes are confused.", "classes")),
    "overfitting": ("See the learning curves.", "learning"),
}
"""Kinds of findings that call for nothing -> what a reader can look at, and its section."""

GO_THROUGH = "Go through the label issues."

NAME = 40
"""Maximum number of characters of a name on the scale."""


def verdict(source: ReportSource) -> Section:
    """The accuracy on a scale with its baselines, what was found with one action each, and what is not known."""
    found = verdict_of(source)
    is_numbers, worth = source.context.task.is_numbers, found.worth
    number, answer = "", f"Its {'R2' if is_numbers else 'accuracy'} on new samples is unknown."
    if worth is not None:
        number, answer, often = worth.text(worth.score), f"of {worth.of_samples} are right.", " often"
        if is_numbers:
            answer, often = f"of the variance is explained (R2 on {worth.of_samples}).", ""
        if not found.has_gain:
            than = f"less{often}" if worth.gain == "none" else f"not clearly more{often}"
            answer = f"{answer[:-1]}: {than} than always predicting {worth.largest_class}."
    hidden = sum(card.severity == "warning" for card in _others(source))
    more = f"{counted(hidden, 'more warning')} among the findings." if hidden else ""
    small = (more, found.passed_in_words, *found.unknown, *_not_compared(source), *_not_judged(source, found))
    return Summary(
        name="verdict",
        title="Verdict",
        answer=answer,
        number=number,
        beside="" if worth is None else ". ".join((f"95% interval: {worth.interval}", *worth.besides)) + ".",
        marks=() if worth is None or not worth.others else _marks(worth),
        lines=shown_lines(source),
        small=tuple(by_name(each, source.context.path) for each in small if each),
        panels=loss_panels(source),
    )


@once
def verdict_of(source: ReportSource) -> Verdict:
    """What the verdict says in all places."""
    return gather(source.context, findings=findings_of(source), evidence=_evidence(source))


def _marks(worth: Worth) -> tuple[Mark, ...]:
    """The score with its interval, and its baselines, on a scale from the lowest of them to 100%.

    That of R2 begins at 0, or at an interval below it: a model that is far worse than the mean stands at its begin.
    """
    least = min(worth.low, *([0.0] if worth.errors is not None else worth.others.values()))

    def named(name: str, share: float) -> str:
        return f"{name if len(name) <= NAME else f'{name[: NAME - 1]}…'}: {worth.text(share)}"

    own = Mark(
        named("this model", worth.score),
        *(scaled(share, least) for share in (worth.score, worth.low, worth.high)),
        row=0,
    )
    ordered = sorted(worth.others.items(), key=lambda each: each[1])
    below = [
        Mark(named(name, share), max(scaled(share, least), 0.0), row=row)
        for row, (name, share) in enumerate(ordered, start=1)
    ]
    return own, *below, Mark("100%", 1.0, row=1)


@once
def shown_lines(source: ReportSource) -> tuple[SummaryLine, ...]:
    """The most important lines of the verdict, each with at most one action; one has the next step."""
    lines, found, path = _lines(source), verdict_of(source), source.context.path
    step = {"action": _upper(found.next_step.removeprefix("Next: ")), "command": by_name(found.command or "", path)}
    for name, section in ON_THIS_PAGE.items():
        if found.command == run_command(name, path):
            step = {"action": f"{step['action'].rstrip(':')}.", "target": section, "command": ""}
    for number, line in enumerate(lines[:LINES]):
        if step["action"].startswith(line.action) and (line.action or line.card is None):
            lines[number] = replace(line, **step)
            break
    else:  # no line is about it
        lines.insert(LINES - 1, replace(SummaryLine("Next", "", "note"), **step))
    hidden = sum(line.severity == "warning" for line in lines[LINES:])
    return tuple(lines[: LINES + (hidden == 1)])  # a single one is shown: it takes no more room


def _lines(source: ReportSource) -> list[SummaryLine]:
    """Its state unless it has finished, then warnings, then what else is telling."""
    found, lines, labels = verdict_of(source), list[SummaryLine](), _label_lines(source)
    if found.state != "finished":
        title = f"{found.state.capitalize()} after {counted(found.epochs, 'epoch')}."
        severity = "warning" if found.state in ("failed", "died", "damaged") else "note"
        lines.append(SummaryLine(title, _upper(found.why or "not all epochs were trained").rstrip(".") + ".", severity))
    causes = [(each, _line(each, card)) for (each, _), card in zip(found.causes, cards_of(source), strict=True)]
    pressed, warned = pressing(causes), [line for line in labels if line.severity == "warning"]
    if warned:  # the same fact, so its card holds the details
        card = next((line.card for each, line in pressed if each.kind == "label-issues"), None)
        warned = [replace(line, card=card) for line in warned]
        pressed = [pair for pair in pressed if pair[0].kind != "label-issues"]
    place = next((number for number, (each, _) in enumerate(pressed) if each.kind in LESSER), len(pressed))
    told = [line for _, line in pressed]
    lines += [*told[:place], *warned, *told[place:]]
    notes = {
        kind: [line for each, line in causes if each.kind == kind and each.severity != "warning"] for kind in TELLING
    }
    missed = notes.pop("missed-class")
    if not (pressed or missed or any(line.severity == "warning" for line in lines)):
        lines.append(SummaryLine(found.no_problem, "", "note" if found.wrong else "good"))
    lines += missed
    if source.against is not None:
        # for example, it has diverged
        with survive(__name__, "saying in the verdict which run is better", CutawayError):
            shown = answer(comparison_of(source), source.names)
            compared = SummaryLine(shown.answer, shown.beside, "note", "See what differs.", "comparison")
            lines.insert(min(len(lines), LINES - 1), compared)
    has_leak = any(each.kind == "target-leakage" for each, _ in found.causes)  # its line names the column
    if found.worth is not None and found.worth.gain == "clear" and not has_leak:
        known = importances_of(source)
        if known is not None and (carried := carriers(known)) is not None:
            lines.append(SummaryLine(*carried, "note", "See what each column does.", "columns"))
    return [*lines, *(line for line in labels if line.severity != "warning"), *chain(*notes.values())]


def _line(finding: Finding, card: Card) -> SummaryLine:
    """A finding with its card as details, and what to do about it, or else where to look."""
    action, target = (_upper(finding.help), "") if finding.help else PLACES.get(finding.kind, ("", ""))
    return SummaryLine(f"{card.title}.", card.text[0], finding.severity, action, target, card=card)


def _not_compared(source: ReportSource) -> tuple[str, ...]:
    """Why no other kinds of models are on the scale of a table, and how to compare them if that can be done."""
    context = source.context
    with survive(__name__, "looking whether other models can be compared", CutawayError):
        if known_simpler_models(context) is None and context.manifest.dataset.image is None:
            command = f"it takes more than a few seconds. To compare them: {run_command('doctor', context.path)}"
            return (f"Simpler models were not compared: {why_not_compared(context) or command}",)
    return ()


def _not_judged(source: ReportSource, found: Verdict) -> tuple[str, ...]:
    """How to find out which labels are wrong, if nobody has; or that it cannot be found out yet."""
    context = source.context
    if context.task.is_numbers or label_issues_of(source) is not None or context.manifest.origin != "training":
        return ()
    if not found.has_gain:
        return ("Models that learn so little cannot tell which labels are wrong.",)
    if found.worth is None or found.worth.gain == "unknown":
        return ()
    return (f"Labels were not checked. To check them: {run_command('label-issues', context.path)}",)


def _label_lines(source: ReportSource) -> list[SummaryLine]:
    """What is known of the labels, if they were judged before; a warning if some of them are surely wrong."""
    cached = label_issues_of(source)
    if cached is None:
        return []
    found, count, (wrong, sure) = cached.issues, cached.issues.count, cached.issues.surest
    if count is not None and count.low > 0:
        title = f"About {count.count:,} of {found.samples:,} labels may be wrong."
        text = (
            f"95% interval {count.low:,} to {count.high:,}, by models that were not trained on the samples they judge."
        )
        return [SummaryLine(title, text, "warning", GO_THROUGH, "label_issues")]
    if wrong < LEAST_WRONG:
        return []
    of_sure = f"{wrong:,} of the {sure:,} samples that models are most sure of are labeled as another class."
    text = found.note or "These may be wrong labels, or errors of the models."
    return [SummaryLine(of_sure, text, "note", GO_THROUGH, "label_issues")]


def _upper(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}"


@once
def _evidence(source: ReportSource) -> Evidence:
    context = source.context
    with survive(__name__, f"comparing {context.path.name}", CutawayError):
        compare_simpler_models(context, on_progress=source.on_progress, cheap=True)
    return evidence_of(context, layers=lambda: layers_of(source))


@once
def findings_of(source: ReportSource) -> tuple[Finding, ...]:
    """What a person should look at, warnings first."""
    return run_checks(_evidence(source))


@once
def cards_of(source: ReportSource) -> tuple[Card, ...]:
    """A card for each finding that no other explains."""
    causes = verdict_of(source).causes
    return tuple(_card(source, each, rest, f"finding-{number}") for number, (each, rest) in enumerate(causes))


@once
def _others(source: ReportSource) -> tuple[Card, ...]:
    """The cards that no line of the verdict shows."""
    shown = [line.card for line in shown_lines(source)]
    return tuple(card for card in cards_of(source) if card not in shown)


def findings(source: ReportSource) -> Section | None:
    """What was found and no line of the verdict shows; None if there is nothing else."""
    cards = _others(source)
    needs_action = any(card.severity == "warning" or card.help for card in cards)
    summary = "" if needs_action else f"{counted(len(cards), 'thing')} that call for no change"
    return (
        Cards(name="findings", title="Also noted", summary=summary, cards=cards, size="large", entries=len(cards))
        if cards
        else None
    )


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
    return first_sentence(finding.text, (*context.task.names, *columns))


def _card(source: ReportSource, finding: Finding, consequences: Sequence[Finding], target: str) -> Card:
    """A finding with its images and what would help; the page of its kind is folded, and left out of a good one."""
    is_good, rule, first = finding.severity == "good", finding.rule, said_first(source, finding)
    rest = finding.text.removeprefix(first).strip().removesuffix(finding.help).strip()
    if finding.units:
        rest += f" Units: {', '.join(finding.units[:UNITS])}{', ...' if len(finding.units) > UNITS else ''}"
    return Card(
        anchor=target,
        severity=finding.severity,
        title=finding.title,
        text=(first, rest) if rest else (first,),
        panels=panels_of(source, finding),
        **samples_of(source, finding),
        help=finding.help,
        details=rule.page if rule is not None and not is_good else (),
        remedy=finding.kind if finding.remedy and not finding.remedy.untried else "",
        consequences=tuple((each.title, each.text) for each in consequences),
        samples=() if is_good else finding.samples,
    )
