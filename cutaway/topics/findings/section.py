"""The verdict and the findings of a run as sections, with a card for each cause."""

import re
from collections.abc import Iterable, Sequence

from cutaway.errors import CutawayError
from cutaway.findings import LEAST_WRONG, Evidence, Finding, folded, run_checks
from cutaway.log import survive
from cutaway.page import Card, Cards, Mark, Parts, Section, Summary, SummaryLine, Text
from cutaway.runs import by_name, run_command
from cutaway.topics.common.scoring import split_in_words
from cutaway.topics.common.source import ReportSource, once
from cutaway.topics.comparison.section import answer, comparison_of
from cutaway.topics.importance.section import carriers, importances_of
from cutaway.topics.label_issues.section import label_issues_of
from cutaway.topics.layers.section import layers_of
from cutaway.words import counted, percent

from .evidence import evidence_of
from .images import panels_of, samples_of
from .simpler_models import can_compare_simpler_models, known_simpler_models
from .verdict import LESSER, NO_GAIN, Verdict, Worth, explained_in_words, question
from .verdict import verdict as gather

INSIDE = "\ue000"
"""Stands for a space within a name while text is split into sentences: a character that no font has."""

UNITS = 8
"""Maximum number of units to name on a card."""

LINES = 4
"""Maximum number of lines below the answer."""

TELLING = ("target-leakage", "simpler-model", "label-issues", "overfitting", "confusion")
"""Kinds of findings that say most about a healthy run, the most important first."""

ON_THIS_PAGE = {"report": "mistakes", "label-issues": "label_issues"}
"""Commands of a next step that a section of the page takes the place of, and that section."""

SHORT = 240
"""Maximum number of characters in a line."""

NAME = 40
"""Maximum number of characters of a name on the scale."""


def verdict(source: ReportSource) -> Section:
    """The accuracy on a scale with its baselines, the main problem, and the next step."""
    path = source.context.path
    found = gather(source.context, findings=findings_of(source), evidence=_evidence(source))
    answer, others = "Its accuracy on new samples is unknown.", dict[str, float]()
    worth = found.worth
    if worth is not None:
        interval = f"{percent(worth.low, 1)} to {percent(worth.high, 1)}"
        samples = split_in_words(worth.split, worth.samples)
        answer = f"Right on {interval} of samples like these: on {_share(worth.accuracy)} of {samples}."
        if not found.has_gain:
            than = "less often right than" if worth.gain == "none" else "not clearly better than"
            answer = f"{answer[:-1]}: {than} always predicting {worth.largest_class}."
        others = {} if worth.baseline is None else {f"always {worth.largest_class}": worth.baseline}
        others |= _simpler_models(source, worth)
    step, command, target = found.next_step, found.command or "", ""
    for name, section in ON_THIS_PAGE.items():
        if command == run_command(name, path):
            step, command, target = f"{step.rstrip(':')}.", "", section
    lines = _lines(source, found)
    hidden = sum(line.severity == "warning" for line in lines[LINES:])
    more = (f"{hidden} more warnings are among the findings.",) if hidden > 1 else ()
    small = (found.passed_in_words, *found.unknown, *_not_compared(source), *_not_judged(source, found))
    return Summary(
        name="verdict",
        title="Verdict",
        answer=answer,
        beside="" if worth is None else _beside(worth, others),
        marks=() if worth is None or not others else _marks(worth, others),
        lines=lines[: LINES + (hidden == 1)],  # a single one is shown: it takes no more room
        help=step,
        target=target,
        command=by_name(command, path),
        small=(*more, *(by_name(each, path) for each in small if each)),
    )


def _share(share: float) -> str:
    """A share with one digit, or with two where that would be 100% and is not."""
    text = percent(share, 1)
    return percent(share) if text == "100.0%" and share < 1 else text


def _simpler_models(source: ReportSource, worth: Worth) -> dict[str, float]:
    """The other kinds of models that were trained, and how often each is right; none that saw other samples."""
    compared = next((each for each in findings_of(source) if each.kind == "simpler-model"), None)
    if compared is None or compared.evidence["samples"] != worth.samples or worth.split != source.split:
        return {}
    return dict(compared.evidence["models"])


def _beside(worth: Worth, others: dict[str, float]) -> str:
    words = "; ".join(f"{name}: {_share(share)}" for name, share in others.items())
    return f"95% interval. For comparison: {words}." if words else "95% interval."


def _marks(worth: Worth, others: dict[str, float]) -> tuple[Mark, ...]:
    """The accuracy with its interval, and its baselines, on a scale from the lowest of them to 100%."""
    least = min(worth.low, *others.values())

    def place(share: float) -> float:
        return (share - least) / (1 - least) if least < 1 else 1.0

    own = Mark(_named("this model", worth.accuracy), place(worth.accuracy), place(worth.low), place(worth.high))
    ordered = sorted(others.items(), key=lambda each: each[1])
    named = [Mark(_named(name, share), place(share), row=row) for row, (name, share) in enumerate(ordered, start=1)]
    return own, *named, Mark("100%", 1.0, row=1)


def _named(name: str, share: float) -> str:
    return f"{name if len(name) <= NAME else f'{name[: NAME - 1]}…'}: {_share(share)}"


def _lines(source: ReportSource, found: Verdict) -> tuple[SummaryLine, ...]:
    """Its state unless it has finished, then warnings, then what else is telling."""
    lines: list[SummaryLine] = []
    if found.state != "finished":
        title = f"{found.state.capitalize()} after {counted(found.epochs, 'epoch')}."
        severity = "warning" if found.state in ("failed", "died", "damaged") else "note"
        lines.append(SummaryLine(title, _sentence(found.why or "not all epochs were trained"), severity, "settings"))
    labels = _label_lines(source)
    label_warnings = [line for line in labels if line.severity == "warning"]
    causes = [(each, rest, anchor(number)) for number, (each, rest) in enumerate(found.causes)]
    for each, rest, target in causes:
        if each.severity == "warning" and not (each.kind == "label-issues" and label_warnings):  # the same fact
            text = f"{said_first(source, each)}{explained_in_words(rest)}"
            lines.append(SummaryLine(f"{each.title}.", text, "warning", target))
    lesser = {target for each, _, target in causes if each.kind in LESSER}
    place = next((i for i, line in enumerate(lines) if line.target in lesser), len(lines))
    lines[place:place] = label_warnings
    if source.against is not None:
        # for example, it has diverged
        with survive(__name__, "saying in the verdict which run is better", CutawayError):
            shown = answer(comparison_of(source), source.names)
            lines.insert(min(len(lines), LINES - 1), SummaryLine(shown.answer, shown.beside, "note", "comparison"))
    if question(found.causes) is None and not any(line.severity == "warning" for line in lines):
        what = (found.no_problem, "", "good") if found.has_gain else (NO_GAIN, "", "note")
        lines.append(SummaryLine(*what, "findings"))
    if found.worth is not None and found.worth.gain == "clear":
        known = importances_of(source)
        if known is not None and (carried := carriers(known)) is not None:
            lines.append(SummaryLine(*carried, "note", "columns"))
    lines += [line for line in labels if line.severity != "warning"]
    for kind in TELLING:
        lines += [
            SummaryLine(f"{each.title}.", _short(source, each), each.severity, target)
            for each, _, target in causes
            if each.kind == kind and each.severity != "warning"
        ]
    return tuple(lines)


def _short(source: ReportSource, finding: Finding) -> str:
    """What a finding says first; of few mistakes all of it, since the smaller group may matter more."""
    if finding.kind == "confusion" and len(finding.text) < SHORT:
        return finding.text
    return said_first(source, finding)


def _not_compared(source: ReportSource) -> tuple[str, ...]:
    """How to find out whether another kind of model is right more often, if nobody has."""
    context = source.context
    with survive(__name__, "looking whether other models can be compared", CutawayError):
        if known_simpler_models(context) is None and can_compare_simpler_models(context):
            return (f"Other kinds of models were not compared. To compare them: {run_command('doctor', context.path)}",)
    return ()


def _not_judged(source: ReportSource, found: Verdict) -> tuple[str, ...]:
    """How to find out which labels are wrong, if nobody has; or that it cannot be found out yet."""
    context = source.context
    if label_issues_of(source) is not None or context.manifest.origin != "training":
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
        return [SummaryLine(title, text, "warning", "label_issues")]
    if wrong < LEAST_WRONG:
        return []
    of_sure = f"{wrong:,} of the {sure:,} samples that models are most sure of are labeled as another class."
    return [
        SummaryLine(
            of_sure, found.note or "These may be wrong labels, or errors of the models.", "note", "label_issues"
        )
    ]


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."


@once
def _evidence(source: ReportSource) -> Evidence:
    return evidence_of(source.context, layers=lambda: layers_of(source))


@once
def findings_of(source: ReportSource) -> tuple[Finding, ...]:
    """What a person should look at, warnings first."""
    return run_checks(_evidence(source))


def findings(source: ReportSource) -> Section:
    """What a person should look at, a card for each cause; what needs no action is below."""
    name, title = "findings", "Findings"
    found = folded(findings_of(source))
    if not found:
        return Text(name=name, title=title, paragraphs=("Nothing in this run needs attention.",))
    cards = [(each, _card(source, each, rest, anchor(number))) for number, (each, rest) in enumerate(found)]
    first, rest = (tuple(card for each, card in cards if each.needs_action is act) for act in (True, False))
    if not first:
        lead = "Nothing in this run needs a change. What was noted:"
        return Cards(name=name, title=title, lead=lead, cards=rest, size="large")
    if not rest:
        return Cards(name=name, title=title, cards=first, size="large")
    causes = Cards(name="causes", title="What to look at", cards=first, size="large")
    noted = Cards(
        name="noted",
        title="Also noted",
        summary=f"{len(rest)} {'thing that needs' if len(rest) == 1 else 'things that need'} no change",
        cards=rest,
        size="large",
    )
    return Parts(name=name, title=title, parts=(causes, noted))


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


def _card(source: ReportSource, finding: Finding, consequences: Sequence[Finding], target: str) -> Card:
    """A finding in a sentence with its images and what would help; the rest, and the page of its kind, are folded.

    The page of a good finding's kind would only fill this one.
    """
    is_good, rule, first = finding.severity == "good", finding.rule, said_first(source, finding)
    words = finding.help
    details = [finding.text.removeprefix(first).strip().removesuffix(words).strip()]
    if finding.units:
        details.append(f"Units: {', '.join(finding.units[:UNITS])}{', ...' if len(finding.units) > UNITS else ''}")
    if rule is not None and not is_good:
        details += rule.page
    return Card(
        anchor=target,
        severity=finding.severity,
        title=finding.title,
        text=(first,),
        panels=panels_of(source, finding),
        **samples_of(source, finding),
        help=words,
        details=tuple(filter(None, details)),
        remedy=finding.kind if finding.remedy and not finding.remedy.untried else "",
        consequences=tuple((each.title, each.text) for each in consequences),
        samples=() if is_good else finding.samples,
    )
