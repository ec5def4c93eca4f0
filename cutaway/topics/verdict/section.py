"""The first section of the report: what the run is worth, what is wrong first, and what to do next."""

import shlex

from cutaway.findings import Finding, folded
from cutaway.page import Mark, Section, Summary, SummaryLine
from cutaway.results.units import percent
from cutaway.runs import run_command
from cutaway.topics.common.scoring import split_in_words
from cutaway.topics.common.source import ReportSource
from cutaway.topics.findings.section import anchor, findings_of, first_sentence
from cutaway.topics.history.result import epochs_in_words
from cutaway.topics.importance.section import carriers, importances_of

from .result import NO_PROBLEM, Verdict, Worth
from .result import verdict as gather

LINES = 4
"""Lines below the answer at most."""

TELLING = ("right-tool", "suspect-labels", "overfitting", "underfitting", "confusion", "calibration")
"""Kinds of findings that say most about a run of which nothing is wrong, the most telling first."""

APART = 0.3
"""Names of marks on a scale that are less than this share of its width apart are written below each other."""


def verdict(source: ReportSource) -> Section:
    """What the run is worth, on a scale with what it is compared with; what is wrong first; and what to do next."""
    path, found = source.context.path, gather(source.context, findings=findings_of(source))
    rivals = _rivals(findings_of(source))
    answer, beside = "What it is worth on new samples is not known.", ""
    if (worth := found.worth) is not None:
        answer = f"Right on {percent(worth.accuracy, 1)} of {split_in_words(worth.split, worth.samples)}."
        beside = _beside(worth, rivals)
    step, command = found.next_step, found.command or ""
    if command == run_command("report", path):  # which this is
        step, command = "Next: look at its mistakes below.", ""
    return Summary(
        name="verdict",
        title="Verdict",
        answer=answer,
        beside=beside,
        marks=() if worth is None else _marks(worth, rivals),
        lines=_lines(source, found),
        help=step,
        command=command.replace(shlex.quote(str(path)), path.name),  # others do not have the folder where it is here
        small=found.unknown,
    )


def _rivals(findings: tuple[Finding, ...]) -> dict[str, float]:
    """The other kinds of models that were trained on the same samples, and how often each is right."""
    compared = next((each for each in findings if each.kind == "right-tool"), None)
    return {} if compared is None else dict(compared.evidence["rivals"])


def _beside(worth: Worth, rivals: dict[str, float]) -> str:
    others = {} if worth.baseline is None else {f"always giving {worth.largest_class}": worth.baseline}
    others |= rivals
    verbs = ("is right on", *["on"] * len(others))
    words = [f"{name} {verb} {percent(others[name], 1)}" for name, verb in zip(others, verbs, strict=False)]
    interval = f"95% interval {percent(worth.low, 1)} to {percent(worth.high, 1)}."
    if not words:
        return interval
    listed = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
    return f"{interval} For comparison: {listed}."


def _marks(worth: Worth, rivals: dict[str, float]) -> tuple[Mark, ...]:
    """The accuracy with its interval, and those of others, on a scale that just holds them."""
    others = {} if worth.baseline is None else {f"always {worth.largest_class}": worth.baseline}
    others |= rivals
    if not others:
        return ()
    least, most = min(worth.low, *others.values()), max(worth.high, *others.values())

    def place(share: float) -> float:
        return (share - least) / (most - least)

    marks = [Mark(_named("this model", worth.accuracy), place(worth.accuracy), place(worth.low), place(worth.high))]
    ends: list[float] = []  # the last place in each row
    for name, share in sorted(others.items(), key=lambda each: each[1]):
        at = place(share)
        row = next((row for row, end in enumerate(ends) if at - end >= APART), len(ends))
        ends[row : row + 1] = [at]
        marks.append(Mark(_named(name, share), at, row=row + 1))
    return tuple(marks)


def _named(name: str, share: float) -> str:
    return f"{name}: {percent(share, 1)}"


def _lines(source: ReportSource, found: Verdict) -> tuple[SummaryLine, ...]:
    """Its state unless it has finished, then warnings, then what else is telling."""
    lines: list[SummaryLine] = []
    if found.state != "finished":
        title = f"{found.state.capitalize()} after {epochs_in_words(found.epochs)}"
        severity = "warning" if found.state in ("failed", "died", "damaged") else "note"
        lines.append(SummaryLine(title, _sentence(found.why or "not all epochs were trained"), severity, "settings"))
    causes = [
        (each, consequences, anchor(number))
        for number, (each, consequences) in enumerate(folded(findings_of(source)))
        if not each.muted
    ]
    for each, consequences, target in causes:
        if each.severity == "warning":
            more = f" It explains {len(consequences)} more." if consequences else ""
            lines.append(SummaryLine(f"{each.title}.", f"{first_sentence(each.text)}{more}", "warning", target))
    if not any(line.severity == "warning" for line in lines):
        lines.append(SummaryLine(NO_PROBLEM, "", "good", "findings"))
    for kind in TELLING:
        lines += [
            SummaryLine(f"{each.title}.", first_sentence(each.text), each.severity, target)
            for each, _, target in causes
            if each.kind == kind and each.severity != "warning"
        ]
    if (known := importances_of(source)) is not None and (carried := carriers(known)) is not None:
        places = [place for place, line in enumerate(lines) if line.severity != "warning" and line.text]
        lines.insert(places[0] if places else len(lines), SummaryLine(*carried, "note", "columns"))
    return tuple(lines[:LINES])


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."
