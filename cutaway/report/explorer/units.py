"""The units of a layer for the explorer."""

import numpy as np

from cutaway.errors import CutawayError
from cutaway.image_shape import smaller
from cutaway.log import survive
from cutaway.page import UnitColumns
from cutaway.topics.common.source import ReportSource
from cutaway.topics.units.inputs import inputs_in_words
from cutaway.topics.units.options import UnitsOptions
from cutaway.topics.units.units import Units
from cutaway.topics.units.units import units as measure_units

EXAMPLES = 6
"""Top activating samples of each unit."""

LARGEST_SIDE = 32
"""Pixels of the longer side of an image of weights; larger ones lose rows and columns."""

WORK = 25_600_000
"""Samples times units times classes to ablate at most, of at least 10 classes: about 2 s on 2 cores."""

MOST_UNITS = 4096
"""Wider layers are not measured: unit by unit they would take longer than all other sections."""


def unit_columns(source: ReportSource, layer: str) -> UnitColumns | None:
    """What each unit of a layer is for; None for the outputs, and if it cannot be measured."""
    outline = source.context.outline
    if layer not in outline.measured[:-1] or outline.units[layer] > MOST_UNITS:
        return None
    found = None
    with survive(__name__, f"measuring the units of {layer}", CutawayError):  # of a model that has diverged
        found = _measured(source, layer)
    if found is None:  # pyright: ignore[reportUnnecessaryComparison]
        return None
    places = {name: place for place, name in enumerate(source.shown.places())}
    measured = np.array([places.get(place, -1) for place in found.ids.places()] + [-1])  # the last for "none"
    images = found.images
    if images is not None:
        images = smaller(images.mean(axis=-1) if images.ndim == 4 else images, LARGEST_SIDE)
    losses = found.ablation.class_accuracy_cost
    affected = losses.argmax(axis=1)
    return UnitColumns(
        cost=found.ablation.cost,
        error=found.ablation.cost_error,
        measurable=found.ablation.measurable,
        accuracy=found.ablation.accuracy_cost,
        affected=affected,
        affected_accuracy=losses[np.arange(len(affected)), affected],
        firing=found.measures.firing,
        selectivity=found.measures.selectivity,
        preferred=found.measures.preferred_class,
        similar=found.measures.similar,
        similarity=found.measures.similarity,
        top=measured[found.measures.top_samples[:, :EXAMPLES]],
        images=images,
        inputs=inputs_in_words(source.context, layer, found.ids),
        note=_note(source, found),
    )


def _measured(source: ReportSource, layer: str) -> Units:
    """The units of a layer, on as many held-out samples as `WORK` allows."""
    context = source.context
    samples = max(100, WORK // (context.outline.units[layer] * max(len(context.class_names), 10)))
    options = UnitsOptions(layer=layer, split=source.split, samples=samples)
    return measure_units(context, options, on_progress=source.on_progress)


def _note(source: ReportSource, found: Units) -> str:
    """How units were measured, and how many of them the model needs."""
    measurable = int(found.ablation.measurable.sum())
    return (
        f"Each unit was ablated alone (its output set to 0) and the loss on {len(found.ids):,} {source.kind} samples "
        f"measured again, after epoch {source.context.epoch()}. For {measurable:,} of the {len(found):,} units it "
        "changes by more than two standard errors; the others have no measurable cost."
    )
