"""The section that compares the run with another one: which is better, how sure that is, and what differs."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from cutaway.context import RunContext
from cutaway.errors import Canceled, CutawayError, printable
from cutaway.page import Card, Cards, HeatMap, Mark, Parts, Section, Summary, Table, Text, scaled
from cutaway.results.table import Table as ResultTable
from cutaway.results.units import COUNT
from cutaway.topics.common.sample_rows import small_table
from cutaway.topics.common.sections import result_table, shown_samples
from cutaway.topics.common.source import ReportSource, once
from cutaway.words import UNDEFINED, counted, cut, number, percent, points

from .measures import compare_predictions, kept_similarity
from .result import Comparison, measured, measures_table, settings_table
from .settings import different_epochs

EXAMPLES = 6
"""Samples of a group that are shown: those whose true class's probability differs most."""

CLASSES = 20
"""Classes whose recall changed most that are listed."""

FEW_SETTINGS = 12
"""More settings that differ are collapsed."""


COMPARED = ("both correct", "only this run correct", "only the other run correct", "neither correct")
"""What two runs make of a sample. A search for "right" or "wrong" in the explorer is about this run and finds none."""


@once
def comparison_of(source: ReportSource) -> Comparison:
    """This run, the first, and the one that it is compared with, without their layers.

    Raises:
        DataError: One of the models has diverged.
    """
    assert source.against is not None
    first, second = source.against.contexts
    epochs = first.epoch(), second.epoch()
    return compare_predictions(source.against, epochs=epochs, split=source.split, on_progress=source.on_progress)


@once
def compared_of(source: ReportSource) -> np.ndarray:
    """What the two runs make of each sample, int64 ``(sample,)``, an index into `COMPARED`."""
    here, there = comparison_of(source).correct
    return np.where(here, np.where(there, 0, 1), np.where(there, 2, 3))


def comparison(source: ReportSource) -> Section | None:
    """The run and the one that it is compared with; None if there is no other run."""
    if source.against is None:
        return None
    found, names = comparison_of(source), source.names
    parts = (
        answer(found, names),
        _groups(source, found),
        _measures(source, found),
        _classes(found, names),
        _settings(source, found),
        _layers(source),
    )
    return Parts(name="comparison", title=f"Comparison with {names[1]}", parts=parts)


def answer(found: Comparison, names: tuple[str, str]) -> Summary:
    """Which run is better, by how much and how sure that is, with the accuracies of both on a scale."""
    m, kind = found.measures, "test" if found.split == "test" else "validation"
    accuracy = measured(found)[0]
    least = min(accuracy.a.low, accuracy.b.low)
    marks = [
        Mark(f"{name}: {percent(each.value)}", *(scaled(share, least) for share in each), row=row)
        for row, (name, each) in enumerate(zip(names, (accuracy.a, accuracy.b), strict=True))
    ]
    only_here, only_there = m.test.broken, m.test.fixed
    p = "less than 0.0001" if m.test.p_value < 1e-4 else f"{m.test.p_value:.2g}"
    chance = (
        f"Between equally good models, a difference at least as large has a probability of {p} (McNemar's test, "
        f"{m.test.method}). This is about these two trained models: with another seed, each would be another model."
    )
    return Summary(
        name="better",
        title="Which is better",
        answer=found.answer(names),
        beside=f"Of {m.samples:,} {kind} samples, {only_here:,} are right in {names[0]} only, and {only_there:,} in "
        f"{names[1]} only.",
        marks=tuple(marks),
        small=tuple(filter(None, (chance, different_epochs(found.epochs)))),
    )


def _for_page(source: ReportSource, table: ResultTable, **chosen: Any) -> Table:
    """A table of both runs as the page shows it, with their names above the columns."""
    taken = {"Difference", *(each.heading for each in table.columns)}  # a run may have one of these as its title
    names = (f"the run {name}" if name in taken else name for name in source.names)
    headings = {**dict(zip("AB", names, strict=True)), "B - A": "Difference"}
    columns = tuple(replace(each, heading=headings.get(each.heading, each.heading)) for each in table.columns)
    return result_table(chosen.pop("name"), replace(table, columns=columns), **chosen)


def _measures(source: ReportSource, found: Comparison) -> Table:
    """What both are worth on the same samples."""
    shown = _for_page(source, measures_table(found, turned=True), name="comparedmeasures", title="What both are worth")
    measure, here, there, difference = shown.rows[0]
    facts = [
        ("Epoch", *map(str, found.epochs)),
        ("Parameters", *(COUNT.text(each.folder.parameters()) for each in _contexts(source))),
        ("Training time", *map(_seconds, _contexts(source))),
    ]
    rows = tuple({measure: name, here: one, there: other, difference: ""} for name, one, other in facts)
    caption = (
        "Brackets hold 95% intervals: Wilson's for an accuracy, Tango's for the difference of two on the same samples, "
        f"in points. Differences are {source.names[0]} minus {source.names[1]}."
    )
    return replace(shown, rows=(*shown.rows, *rows), caption=caption)


def _groups(source: ReportSource, found: Comparison) -> Cards:
    """The samples, grouped by the runs that get them right, and those that they predict differently."""
    codes = compared_of(source)
    differ = found.predicted[0] != found.predicted[1]
    cards = [
        _card(source, found, name, codes == code, search=f'compared:"{name}"', shown=code > 0)
        for code, name in enumerate(COMPARED)
    ]
    cards.append(_card(source, found, "predictions differ", differ, search="same:different", shown=False))
    left_out = found.left_out.in_words()
    return Cards(
        name="comparedsamples",
        title="Which samples they get right",
        cards=tuple(cards),
        lead="The samples shown are those whose true class gets the most different probabilities from the two runs.",
        caption=f"Samples left out: {left_out}." if left_out else "",
    )


def _card(source: ReportSource, found: Comparison, name: str, chosen: np.ndarray, *, search: str, shown: bool) -> Card:
    """A group of samples, with those that differ most."""
    count = int(chosen.sum())
    rows = found.moved[chosen[found.moved]][: EXAMPLES if shown else 0]
    table = small_table(source.context, found.ids.take(rows[: EXAMPLES // 2])) if len(rows) else ()
    examples = shown_samples(source.context, found.ids.take(rows)) if len(rows) and not table else []
    return Card(
        title=name.capitalize(),
        subtitle=f"{counted(count, 'sample')} ({percent(count / len(found))})",
        images=tuple(image for _, images, _ in examples for image in images),
        rows=table,
        values="\n".join(f"{title}: {values}" for title, _, values in examples[: EXAMPLES // 2] if values),
        search=search if count else "",
    )


def _classes(found: Comparison, names: tuple[str, str]) -> Section:
    """The classes whose recall changed, the largest change first."""
    name, title = "comparedclasses", "Class by class"
    classes = len(found.class_names)
    samples = np.bincount(found.labels, minlength=classes)
    right = np.stack([np.bincount(found.labels[each], minlength=classes) for each in found.correct])
    recall = right / np.maximum(samples, 1)
    here, there = found.correct
    only_here, only_there = (np.bincount(found.labels[e], minlength=classes) for e in (here & ~there, there & ~here))
    changed = np.flatnonzero(only_here + only_there)
    if not len(changed):
        return Text(name=name, title=title, paragraphs=("Both runs are right on the same samples of every class.",))
    order = np.argsort(-np.abs(recall[0] - recall[1])[changed], kind="stable")
    places: list[int] = changed[order].tolist()
    listed, hidden = cut(places, CLASSES)
    rows = tuple(
        {
            "Class": found.class_names[k],
            "Samples": f"{samples[k]:,}",
            f"Recall, {names[0]}": percent(float(recall[0, k])),
            f"Recall, {names[1]}": percent(float(recall[1, k])),
            "Difference in points": points(float(recall[0, k] - recall[1, k])),
            f"Right in {names[0]} only": f"{only_here[k]:,}",
            f"Right in {names[1]} only": f"{only_there[k]:,}",
        }
        for k in listed
    )
    same = int((samples > 0).sum()) - len(changed)
    said = [f"{hidden:,} more classes changed less."] if hidden else []
    said += [f"In {counted(same, 'other class', 'other classes')} both are right on the same samples."] if same else []
    return Table(name=name, title=title, rows=rows, caption=" ".join(said))


def _settings(source: ReportSource, found: Comparison) -> Section:
    """The settings that differ."""
    table, name = settings_table(found), "comparedsettings"
    if not len(table):
        return Text(name=name, title=table.title, paragraphs=table.notes)
    summary = f"{len(table)} settings" if len(table) > FEW_SETTINGS else ""
    return _for_page(source, table, name=name, wrap=True, summary=summary)


def _layers(source: ReportSource) -> Section:
    """How similar every two layers are, or why that is not known."""
    name, title = "comparedlayers", "How similar their layers are"
    assert source.against is not None
    try:
        found = kept_similarity(source.against, epochs=comparison_of(source).epochs, on_progress=source.on_progress)
    except Canceled:
        raise
    except CutawayError as error:
        why = printable(error.fault)
        return Text(name=name, title=title, paragraphs=(f"Layers are not compared: {why}.",))
    return HeatMap(
        name=name,
        title=title,
        rows=found.first,
        columns=found.second,
        down=source.names[0],
        across=source.names[1],
        values=found.cka,
        caption=f"Linear CKA on {found.samples:,} samples: 1 where two layers are equal up to rotation and scale.",
    )


def _contexts(source: ReportSource) -> Iterable[RunContext]:
    assert source.against is not None
    return source.against.contexts


def _seconds(context: RunContext) -> str:
    seconds = context.manifest.cost.get("training")
    return UNDEFINED if seconds is None else f"{number(seconds, 1)} s"
