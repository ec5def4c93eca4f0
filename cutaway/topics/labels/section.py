"""The section of suspect labels, where they were found before: a sheet on which a person decides."""

from cutaway.data import Decision, csv_row, write_decisions
from cutaway.errors import UnknownNameError
from cutaway.page import LabelSheet, Section, SuspectLabel
from cutaway.topics.common.shown import shown_samples
from cutaway.topics.common.source import ReportSource, once

from .deciding import decisions_of
from .kept import KeptSuspects, kept_suspects
from .result import known_of_labels

SUSPECTS = 200
"""Suspect labels that are listed at most."""


@once
def suspects_of(source: ReportSource) -> KeptSuspects | None:
    """Suspect labels; None where the trainings that find them were not made before."""
    return kept_suspects(source.context, most=SUSPECTS)


def suspects(source: ReportSource) -> Section | None:
    """The labels that are most suspect; None where the trainings that find them were not made before."""
    context = source.context
    found = suspects_of(source)
    if found is None or not len(found.ids):
        return None
    names, decisions = context.class_names, decisions_of(context)
    before = _decided(source, decisions)
    samples, decided, places = found.ids.names(), found.ids.columns()["sample"], found.ids.keys().tolist()
    rows: list[SuspectLabel] = []
    for i, (title, pictures, values) in enumerate(shown_samples(context, found.ids, name=True)):
        decision = before.get(places[i])
        label = None if decision is None or decision.label is None else names.index(decision.label)
        suspect = SuspectLabel(
            name=samples[i],
            cell=_cell(decided[i]),
            title=title,
            given=int(found.given[i]),
            suggested=int(found.suggested[i]),
            score=float(found.scores[i]),
            picture=pictures[0] if pictures else None,
            values=values,
            action=None if decision is None else decision.action,
            label=label,
            decided=decided[i],
        )
        rows.append(suspect)
    known = known_of_labels(surest=found.surest, count=found.count, samples=found.samples)
    lead = (
        f"As judged by models that were not trained on them, {known}. {found.note} Below are the {len(rows):,} most "
        "suspect ones, the worst first; with a score above 0.5 the models prefer another class."
    ).replace("  ", " ")
    again = context.train_like()
    then = "" if again is None else f", and train with them: {_with_labels(again)}"
    caption = f"Decisions are kept while this page is open. Save them{then}."
    return LabelSheet(
        name="suspects",
        title="Suspect labels",
        lead=lead,
        caption=caption,
        names=names,
        cells=tuple(_cell(name) for name in names),
        suspects=tuple(rows),
        before=write_decisions(decisions),
    )


def _with_labels(again: str) -> str:
    """What trains again, with the decisions."""
    if again.endswith(")"):  # a call in Python
        return f'{again.removesuffix(")")}, labels="labels.csv")'
    return f"{again} --labels labels.csv"


def _cell(text: str) -> str:
    """A text as a cell of the file of decisions."""
    return csv_row([text]).removesuffix("\n")


def _decided(source: ReportSource, decisions: tuple[Decision, ...]) -> dict[int, Decision]:
    """The last decision on each sample, by its key; one on a sample or a class that there is not is left out."""
    last: dict[int, Decision] = {}
    for each in decisions:
        try:
            (key,) = source.context.sample(each.sample).keys().tolist()
        except UnknownNameError:
            continue
        if each.label is None or each.label in source.context.class_names:
            last[key] = each
    return last
