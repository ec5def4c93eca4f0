"""The section of label issues, if they were found before."""

import numpy as np

from cutaway.context import RunContext
from cutaway.data import Decision, csv_row
from cutaway.errors import UnknownNameError
from cutaway.findings import ISSUE_SCORE
from cutaway.page import Image, LabelIssue, LabelSheet, Section, Text
from cutaway.topics.common.sample_rows import sample_rows
from cutaway.topics.common.sections import shown_samples
from cutaway.topics.common.source import ReportSource, once
from cutaway.words import percent

from .cached import CachedLabelIssues, cached_label_issues
from .decisions import decisions_of
from .result import LabelIssues, known_of_labels

MAX_ISSUES = 200
"""Maximum number of label issues to list."""

NEAREST = 4
"""Number of nearest other samples to show next to a label issue, as images."""

ROWS, COLUMNS = 2, 6
"""Number of nearest other rows of a table to show next to a label issue, and of its columns."""


@once
def label_issues_of(source: ReportSource) -> CachedLabelIssues | None:
    """Label issues; None if the trainings that find them were not made before."""
    return cached_label_issues(source.context, most=MAX_ISSUES)


def label_issues(source: ReportSource) -> Section | None:
    """The worst label issues; None if the trainings that find them were not made before."""
    context = source.context
    cached = label_issues_of(source)
    if cached is None:
        return None
    found, name, title = cached.issues, "label_issues", "Label issues"
    if not found.can_judge:
        return Text(name=name, title=title, paragraphs=(found.note,))
    names, decisions = context.class_names, decisions_of(context)
    before = _decided(source, decisions)
    # decisions stay, even if models agree with the label by now
    chosen = np.flatnonzero((found.scores > ISSUE_SCORE) | np.isin(found.ids.keys(), list(before))).tolist()
    if not chosen:
        text = "Models that were not trained on them prefer no other class for any label."
        return Text(name=name, title=title, paragraphs=(text,))
    ids = found.ids.take(chosen)
    samples, decided, places = ids.names(), ids.columns()["sample"], ids.keys().tolist()
    near = _near(context, found, chosen)
    tables = _tables(context, found, chosen)
    rows: list[LabelIssue] = []
    for i, (issue, (called, images, values)) in enumerate(
        zip(chosen, shown_samples(context, ids, name=True), strict=True)
    ):
        decision = before.get(places[i])
        label = None if decision is None or decision.label is None else names.index(decision.label)
        row = LabelIssue(
            name=samples[i],
            title=called,
            given=int(found.given[issue]),
            suggested=int(found.suggested[issue]),
            score=float(found.scores[issue]),
            said=_said(found, issue),
            image=images[0] if images else None,
            values=values,
            near=near[i] if near else (),
            rows=tables[i] if tables else (),
            action=None if decision is None else decision.action,
            label=label,
            decided=decided[i],
        )
        rows.append(row)
    above, known = int((cached.scores > ISSUE_SCORE).sum()), known_of_labels(found)
    lead = (
        f"As judged by models that were not trained on them, {known}. {found.note} For {above:,} samples the models "
        f"prefer another class (a score above 0.5); below are {'the worst ' if above > len(rows) else ''}{len(rows):,}."
    ).replace("  ", " ")
    again = context.train_like(labels="label-issues.csv")
    then = "" if again is None else f", and train with it: {again}"
    caption = f"Decide in the column decision of label-issues.csv (keep, relabel with a label, or drop){then}."
    return LabelSheet(
        name=name,
        title=title,
        lead=lead,
        caption=caption,
        names=names,
        entries=above,
        issues=tuple(rows),
        file=_file(rows, places, names, before),
        decisions=len(decisions),
    )


def _said(found: LabelIssues, number: int) -> tuple[str, ...]:
    """What models that were not trained on a sample say of its label, and how its nearest other samples are labeled."""
    names, near = found.class_names, found.neighbor_labels[number]
    given, suggested = int(found.given[number]), int(found.suggested[number])
    of_given, of_suggested = (percent(float(each), 0) for each in found.probabilities[number])
    models = f"Models that did not see it: {names[given]} {of_given}, {names[suggested]} {of_suggested}."
    counts = f"{names[given]} {int((near == given).sum())}, {names[suggested]} {int((near == suggested).sum())}"
    return models, f"Labels of the {len(near)} nearest: {counts}."


def _near(context: RunContext, found: LabelIssues, chosen: list[int]) -> list[tuple[Image, ...]]:
    """The nearest other samples of some label issues as images; none if samples are no images."""
    from cutaway.plots import image_png

    shown: list[tuple[Image, ...]] = []
    for number in chosen:
        ids = found.neighbor_ids.take(found.neighbors[number, :NEAREST])
        images = context.data.images(ids)
        if images is None:
            return []
        labels = found.names_of(found.neighbor_labels[number, :NEAREST])
        named = zip(images, labels, ids.names(), strict=True)
        shown.append(tuple(Image(image_png(p), f"{name}, labeled {label}", caption=label) for p, label, name in named))
    return shown


def _tables(context: RunContext, found: LabelIssues, chosen: list[int]) -> list[tuple[tuple[str, ...], ...]]:
    """Some label issues and the nearest other rows of each, side by side; none if samples are no rows of a table."""
    nearest = [found.neighbor_ids.take(found.neighbors[number, :ROWS]) for number in chosen]
    shown = sample_rows(context, found.ids.take(chosen), {}, label="", columns=COLUMNS, nearest=nearest)
    if shown is None:
        return []
    tables: list[tuple[tuple[str, ...], ...]] = []
    for row, near, number in zip(shown.rows, shown.nearest, chosen, strict=True):
        labels = found.names_of(found.neighbor_labels[number, :ROWS])
        cells = [(heading, row[heading], *(each[heading] for each in near)) for heading in row if heading != "Sample"]
        tables.append((("", "this row", *(f"near: {label}" for label in labels)), *cells))
    return tables


def _file(issues: list[LabelIssue], places: list[int], names: tuple[str, ...], decided: dict[int, Decision]) -> str:
    """The list as CSV with the decisions so far, below it those on other samples."""
    rows = [("sample", "decision", "label", "by", "when", "given", "suggested", "score")]
    for place, each in zip(places, issues, strict=True):
        listed = names[each.given], names[each.suggested], f"{each.score:.4g}"
        rows.append((each.decided or each.name, *_decision(decided.get(place)), *listed))
    others = [each for place, each in decided.items() if place not in places]
    rows += [(each.sample, *_decision(each), "", "", "") for each in others]
    return "".join(map(csv_row, rows))


def _decision(made: Decision | None) -> tuple[str, str, str, str]:
    return ("", "", "", "") if made is None else (made.action, made.label or "", made.by, made.when)


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
