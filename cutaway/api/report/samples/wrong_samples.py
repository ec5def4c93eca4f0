"""The section on wrong predictions: the most confident ones."""

from cutaway.api.context import RunContext
from cutaway.api.report.rows import percent
from cutaway.api.report.source import ReportSource
from cutaway.data import SampleIds
from cutaway.metrics import worst_mistakes
from cutaway.page import Card, Cards, Picture, Section, Text

from .sample_values import values_of


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


def shown_samples(
    context: RunContext, ids: SampleIds, *, name: bool = False
) -> list[tuple[str, tuple[Picture, ...], str]]:
    """Samples as cards show them.

    Args:
        context: The run.
        ids: The samples.
        name: Whether the title also says the place in the data, where it is not part of the name.

    Returns:
        For each: its title; its picture, or nothing; and its first values, or "" where there is a picture.
    """
    from cutaway.plots import picture_png

    ids = context.named(ids)
    places, classes = ids.places(), context.data.y(ids)
    pictures = context.data.pictures(ids)
    values = values_of(context, ids) if pictures is None else []
    found: list[tuple[str, tuple[Picture, ...], str]] = []
    for i in range(len(ids)):
        title = ids[i] if not name or places[i] in ids[i] else f"{ids[i]} ({places[i]})"
        if pictures is not None:
            alt = f"{ids[i]}, labeled {context.class_names[int(classes[i])]}"
            found.append((title, (Picture(picture_png(pictures[i], scale=3), alt),), ""))
        else:
            found.append((title, (), values[i]))
    return found
