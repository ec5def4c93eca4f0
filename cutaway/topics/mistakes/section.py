"""The section on wrong predictions: the most confident ones."""

from cutaway.metrics import worst_mistakes
from cutaway.page import Card, Cards, Section, Text
from cutaway.results.units import percent
from cutaway.topics.common.shown import shown_samples
from cutaway.topics.common.source import ReportSource


def mistakes(source: ReportSource) -> Section | None:
    """A card for each of the most confident wrong predictions; None without held-out samples."""
    if not len(source.ids):
        return None
    name, title = "mistakes", "The most confident mistakes"
    cards = _cards(source)
    if not cards:
        return Text(name=name, title=title, paragraphs=(f"All {source.kind} samples are predicted correctly.",))
    lead = "True class → predicted class, the highest probability first. Some of these labels may be wrong."
    size = "small" if cards[0].pictures else "medium"
    return Cards(name=name, title=title, lead=lead, cards=cards, size=size)


def _cards(source: ReportSource) -> tuple[Card, ...]:
    context = source.context
    worst, names = worst_mistakes(source.predicted, source.labels), context.class_names
    cards: list[Card] = []
    ids = context.named(source.ids.take(worst.position))
    for i, (title, pictures, values) in enumerate(shown_samples(context, ids, name=True)):
        change = f"{names[int(worst.label[i])]} → {names[int(worst.predicted[i])]}"
        text = (f"{percent(float(worst.confidence[i]))} confident",)
        shown = Card(title=title, pictures=pictures, values=values, subtitle=change, text=text, samples=(ids[i],))
        cards.append(shown)
    return tuple(cards)
