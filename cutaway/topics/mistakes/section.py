"""The section on wrong predictions: the most confident ones."""

import numpy as np

from cutaway.data import SampleIds
from cutaway.findings import SUSPECT
from cutaway.metrics import worst_mistakes
from cutaway.page import Card, Cards, Section, Table, Text
from cutaway.results.units import percent
from cutaway.topics.common.sample_rows import sample_rows
from cutaway.topics.common.shown import shown_samples
from cutaway.topics.common.source import ReportSource
from cutaway.topics.labels.section import suspects_of


def mistakes(source: ReportSource) -> Section | None:
    """A card for each of the most confident wrong predictions; None without held-out samples."""
    if not len(source.ids):
        return None
    name, title = "mistakes", "The most confident mistakes"
    if (table := _rows(source)) is not None:
        return table
    cards = _cards(source)
    if not cards:
        return Text(name=name, title=title, paragraphs=(f"All {source.kind} samples are predicted correctly.",))
    size = "small" if cards[0].images else "medium"
    lead = f"True class → predicted class, the highest probability first. {_about_labels(source)}"
    return Cards(name=name, title=title, lead=lead, cards=cards, size=size)


def _rows(source: ReportSource) -> Table | None:
    """The mistakes as rows, where the samples are rows of a table and some are predicted wrongly."""
    worst, names = worst_mistakes(source.predicted, source.labels), source.context.class_names
    labels: list[int] = worst.label.tolist()
    predicted: list[int] = worst.predicted.tolist()
    confidence: list[float] = worst.confidence.tolist()
    told = {
        "Truth": [names[number] for number in labels],
        "Predicted": [names[number] for number in predicted],
        "Confidence": [percent(each, 1) for each in confidence],
    }
    ids = source.ids.take(worst.position)
    if (suspect := _suspect(source, ids)).any():
        told["Label"] = ["suspect" if each else "" for each in suspect.tolist()]
    found = sample_rows(source.context, ids, told, label="Truth")
    if found is None:
        return None
    return Table(
        name="mistakes",
        title="The most confident mistakes",
        lead=f"The highest probability first. {_about_labels(source)}",
        caption=found.words,
        rows=found.rows,
        marked=found.marked,
        samples=found.samples,
        below=found.nearest,
        sortable=True,
    )


def _cards(source: ReportSource) -> tuple[Card, ...]:
    context = source.context
    worst, names = worst_mistakes(source.predicted, source.labels), context.class_names
    cards: list[Card] = []
    ids = context.named(source.ids.take(worst.position))
    suspect = _suspect(source, ids)
    for i, (title, images, values) in enumerate(shown_samples(context, ids, name=True)):
        change = f"{names[int(worst.label[i])]} → {names[int(worst.predicted[i])]}"
        said = "; its label is suspect" if suspect[i] else ""
        text = (f"{percent(float(worst.confidence[i]))} confident{said}",)
        shown = Card(title=title, images=images, values=values, subtitle=change, text=text, samples=(ids[i],))
        cards.append(shown)
    return tuple(cards)


def _suspect(source: ReportSource, ids: SampleIds) -> np.ndarray:
    """Whether the label of each sample is suspect, bool ``(sample,)``; of none where that was not looked for."""
    found = suspects_of(source)
    if found is None:
        return np.zeros(len(ids), bool)
    places = ids.positions_in(found.all_ids)
    return (places >= 0) & (found.all_scores[places] > SUSPECT)


def _about_labels(source: ReportSource) -> str:
    """What the labels of mistakes have to do with them."""
    right, largest = source.predicted.predicted == source.labels, np.bincount(source.labels).max()
    if right.sum() <= largest:
        return "The model is right no more often than always predicting the largest class, so its mistakes say little."
    if suspects_of(source) is None:
        return "Some of these labels may be wrong."
    return "Where the label is suspect, models that were not trained on the sample prefer another class as well."
