"""The section on single units: those whose loss would cost the most accuracy."""

from typing import Any

import numpy as np

from cutaway.api.analyses import Units, pictures_of
from cutaway.api.analyses import units as measure_units
from cutaway.api.context import RunContext
from cutaway.errors import CutawayError
from cutaway.page import Card, Cards, Picture, Section

from .source import ReportSource

CARDS = 12
EXAMPLES = 6
"""Top activating samples on a card at most."""

CLASSES = 3
"""Classes on a card at most, and always fewer than there are."""

WORK = 2_560_000
"""Samples times units to ablate at most: about 2 s on 2 cores for 512 units."""

SIDE = 64
"""Pixels of the longer side of a picture on a card; larger pictures lose rows and columns."""


def units(source: ReportSource) -> Section | None:
    """A card for each of the most important units of one layer; None if there is no hidden layer to measure."""
    if not len(source.context.split.test):
        return None
    try:
        found = _measure(source)
    except CutawayError:  # no hidden layer, or a model that has diverged: other sections say so
        return None
    shown = [unit for unit in found.order("ablation_cost") if not found.constant[unit]][:CARDS]
    cards = tuple(_card(source.context, found, unit) for unit in shown)
    if not cards:
        return None
    return Cards(
        name="units",
        title="The most important units",
        lead=_lead(found, cards[0]),
        summary=f"The {len(cards)} units of {found.layer} that cost the most accuracy when ablated",
        cards=cards,
        size="medium",
    )


def _measure(source: ReportSource) -> Units:
    """Measure the first layer whose weights are pictures, or else the last hidden layer."""
    from cutaway.interpret import default_layer, incoming_pictures, measured_layers
    from cutaway.models import output_size

    context = source.context
    model, shape = context.model(), context.data.shape
    hidden = measured_layers(model)[:-1] if context.data.is_image else ()
    with_pictures = (name for name in hidden if incoming_pictures(model, name, shape=shape) is not None)
    layer = next(with_pictures, None) or default_layer(model)
    samples = max(100, WORK // output_size(model, layer))
    return measure_units(context, layer, samples=samples, on_progress=source.on_progress)


def _lead(found: Units, card: Card) -> str:
    lead = f"Each unit was ablated alone (its output set to 0) and the accuracy on {len(found.ids):,} test samples"
    lead += " measured again."
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
    examples = pictures_of(context.data, ids) if len(ids) else None
    if examples is not None:
        sheet = sprite_sheet(_thinned(examples), columns=EXAMPLES // 2)[0]
        shown.append(Picture(sheet, f"Samples that activate unit {unit} most: {', '.join(ids.names())}"))
    return tuple(shown)


def _cost(summary: dict[str, Any]) -> str:
    change, worst = -100 * summary["ablation_cost"], 100 * summary["most_affected_cost"]
    words = "Without it, accuracy "
    words += "is the same" if change == 0 else f"{'falls' if change < 0 else 'rises'} by {abs(change):.2f} points"
    affected = summary["most_affected"]
    return f"{words}; for class {affected} it falls by {worst:.2f}." if affected else f"{words}."


def _gray(picture: np.ndarray) -> np.ndarray:
    return picture.mean(axis=-1) if picture.ndim == 3 else picture


def _thinned(pictures: np.ndarray) -> np.ndarray:
    """Pictures (..., height, width) with every n-th row and column, so that no side is longer than `SIDE`."""
    step = -(-max(pictures.shape[-2:]) // SIDE)
    return pictures[..., ::step, ::step]
