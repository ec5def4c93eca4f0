"""The section on single units: those without which the loss rises most."""

from typing import Any

import numpy as np

from cutaway.api.analyses import Units, cost_in_digits
from cutaway.api.analyses import units as measure_units
from cutaway.api.context import RunContext
from cutaway.errors import CutawayError
from cutaway.findings import class_in_words
from cutaway.page import Card, Cards, Picture, Section, Text

from .source import ReportSource

CARDS = 12
EXAMPLES = 6
"""Top activating samples on a card at most."""

CLASSES = 3
"""Classes on a card at most, and always fewer than there are."""

WORK = 25_600_000
"""Samples times units times classes to ablate at most, of at least 10 classes: about 2 s on 2 cores."""

SIDE = 64
"""Pixels of the longer side of a picture on a card; larger pictures lose rows and columns."""

CELL = 32
"""Pixels to which the longer side of a small picture is enlarged."""

LINE = 0.5
"""Gray of the line around a picture: visible beside black and beside white."""


def units(source: ReportSource) -> Section | None:
    """A card for each unit of one layer whose cost stands out; None if there is no hidden layer to measure."""
    if not len(source.ids):
        return None
    try:
        found = _measure(source)
    except CutawayError:  # no hidden layer, or a model that has diverged: other sections say so
        return None
    cost = found.ablation.cost
    shown = [u for u in found.order("ablation_cost") if found.ablation.measurable[u] and cost[u] > 0][:CARDS]
    cards, several = tuple(_card(source.context, found, unit) for unit in shown), len(shown) > 1
    if not cards:
        text = f"No single unit of {found.layer} is needed: without any one of them the loss does not measurably rise."
        return Text(name="units", title="The most important units", paragraphs=(text,))
    return Cards(
        name="units",
        title="The most important units" if several else "The most important unit",
        lead=_lead(source, found, cards[0]),
        summary=f"The {len(cards)} units of {found.layer} without which the loss rises most"
        if several
        else f"The unit of {found.layer} without which the loss rises",
        cards=cards,
        size="medium",
    )


def _measure(source: ReportSource) -> Units:
    """Measure the first layer whose weights are pictures, or else the last hidden layer."""
    context, outline = source.context, source.context.outline
    hidden = outline.measured[:-1] if context.data.is_image else ()
    layer = next(filter(outline.reads_input, hidden), None) or outline.default
    return measured_units(source, layer)


def measured_units(source: ReportSource, layer: str) -> Units:
    """The units of a layer, on as many held-out samples as `WORK` allows.

    Raises:
        CutawayError: The model has diverged, or it has no such hidden layer.
    """
    context = source.context
    samples = max(100, WORK // (context.outline.units[layer] * max(len(context.class_names), 10)))
    return measure_units(context, layer, split=source.split, samples=samples, on_progress=source.on_progress)


def _lead(source: ReportSource, found: Units, card: Card) -> str:
    measurable = int(found.ablation.measurable.sum())
    lead = (
        f"Each unit was ablated alone (its output set to 0) and the loss on {len(found.ids):,} {source.kind} samples "
        f"measured again. For {measurable:,} of the {len(found):,} units it changes by more than two standard errors; "
        "the others have no measurable cost."
    )
    if found.pictures is not None:
        lead += " The first picture of a card shows the incoming weights: orange is positive, blue negative."
    if len(card.pictures) > (found.pictures is not None):
        lead += " The others are the samples that activate the unit most, in reading order."
    elif card.values:
        lead += " Each card lists the samples that activate the unit most."
    return lead


def _card(context: RunContext, found: Units, unit: int) -> Card:
    summary = found.summary(unit)
    ids = found.ids.take([int(place) for place in found.measures.top_samples[unit][:EXAMPLES] if place >= 0])
    pictures = _pictures(context, found, unit, ids=ids)
    means = {name: mean for name, mean in summary["class_mean"].items() if mean is not None}
    classes = sorted(means, key=lambda name: -means[name])[: min(CLASSES, len(found.class_names) - 1)]
    similar = f"Most similar to unit {summary['similar']} (correlation {summary['similarity'] or 0.0:.2f})."
    return Card(
        title=f"Unit {unit}",
        pictures=pictures,
        values="" if context.data.is_image and len(ids) else ", ".join(ids.names()) or "no sample activates it",
        subtitle=f"Fires most for {', '.join(classes)}" if classes else "",
        text=(_cost(summary), *((similar,) if summary["similar"] is not None else ())),
    )


def _pictures(context: RunContext, found: Units, unit: int, *, ids: Any) -> tuple[Picture, ...]:
    from cutaway.plots import signed_png, sprite_sheet

    shown: list[Picture] = []
    if found.pictures is not None:
        weights = signed_png(_thinned(_gray(found.pictures[unit])), scale=3)
        shown.append(Picture(weights, f"Incoming weights of unit {unit}", frame=True))
    examples = context.data.pictures(ids) if len(ids) else None
    if examples is not None:
        sheet = sprite_sheet(_spaced(_thinned(examples)), columns=EXAMPLES // 2)[0]
        shown.append(Picture(sheet, f"Samples that activate unit {unit} most: {', '.join(ids.names())}"))
    return tuple(shown)


def _cost(summary: dict[str, Any]) -> str:
    """What the loss and the accuracy are without a unit whose cost is measurable."""
    cost, error = cost_in_digits(summary)
    change = round(-100 * summary["accuracy_cost"], 2)
    words = f"Without it, the loss rises by {cost} (standard error {error}) and the accuracy "
    words += f"{'falls' if change < 0 else 'rises'} by {abs(change):.2f} points" if change else "stays the same"
    affected, worst = summary["most_affected"], round(100 * summary["most_affected_cost"], 2)
    return f"{words}; for {class_in_words(affected)} it falls by {worst:.2f}." if affected and worst else f"{words}."


def _gray(picture: np.ndarray) -> np.ndarray:
    return picture.mean(axis=-1) if picture.ndim == 3 else picture


def _thinned(pictures: np.ndarray) -> np.ndarray:
    """Pictures (..., height, width) with every n-th row and column, so that no side is longer than `SIDE`."""
    step = -(-max(pictures.shape[-2:]) // SIDE)
    return pictures[..., ::step, ::step]


def _spaced(pictures: np.ndarray) -> np.ndarray:
    """Pictures (sample, height, width) in 0..1, enlarged to about `CELL` pixels, each with a gray line around it.

    Without the line, pictures side by side look like one; without enlarging, it would be as wide as a stroke of 8 x 8.
    """
    factor = max(1, CELL // max(pictures.shape[1:]))
    large = pictures.repeat(factor, axis=1).repeat(factor, axis=2)
    return np.pad(large, ((0, 0), (1, 1), (1, 1)), constant_values=LINE)
