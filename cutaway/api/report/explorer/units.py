"""The units of a layer for the explorer."""

import numpy as np

from cutaway.api.report.source import ReportSource
from cutaway.api.report.units import measured_units
from cutaway.errors import Canceled, CutawayError
from cutaway.page import UnitColumns

EXAMPLES = 6
"""Top activating samples of each unit."""

LARGEST_SIDE = 32
"""Pixels of the longer side of a picture of weights; larger ones lose rows and columns."""

MOST_UNITS = 4096
"""Wider layers are not measured: unit by unit they would take longer than all other sections."""


def unit_columns(source: ReportSource, layer: str) -> UnitColumns | None:
    """What each unit of a layer is for; None for the outputs, and where it cannot be measured."""
    context, outline = source.context, source.context.outline
    if layer not in outline.measured[:-1] or outline.units[layer] > MOST_UNITS:
        return None
    try:
        found = measured_units(source, layer)
    except Canceled:
        raise
    except CutawayError:  # a model that has diverged; other sections say so
        return None
    places = {name: place for place, name in enumerate(source.shown.places())}
    measured = np.array([places.get(place, -1) for place in found.ids.places()] + [-1])  # the last for "none"
    pictures = found.pictures
    if pictures is not None:
        pictures = pictures.mean(axis=-1) if pictures.ndim == 4 else pictures
        step = -(-max(pictures.shape[1:]) // LARGEST_SIDE)
        pictures = pictures[:, ::step, ::step]
    return UnitColumns(
        cost=found.ablation.cost,
        measurable=found.ablation.measurable,
        firing=found.measures.firing,
        selectivity=found.measures.selectivity,
        preferred=found.measures.preferred_class,
        top=measured[found.measures.top_samples[:, :EXAMPLES]],
        pictures=pictures,
        note=f"Measured on {len(found.ids):,} {source.kind} samples after epoch {context.epoch()}.",
    )
