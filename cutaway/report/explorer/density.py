"""The density of all samples on the map, where the page has points for some of them only."""

import numpy as np

from cutaway.page import Density
from cutaway.topics.common.source import ReportSource
from cutaway.topics.embedding.embedding import kept_layout


def density_below(source: ReportSource, *, shown: np.ndarray, layer: int, epoch: int) -> Density | None:
    """The density of a requested split, on the embedding of all samples that the cache holds.

    Args:
        source: The run.
        shown: float32 (some, 2), the layout of the points.
        layer: Place of the layer in the explorer.
        epoch: Place of the layout in the layer.

    Returns:
        None where all samples have a point, no split was requested, ``run.embed()`` was not called, or samples have no
        classes.
    """
    context, split = source.context, source.options.split
    if context.task.is_numbers or split is None or len(source.shown) >= len(context.split.part(split)):
        return None
    found = kept_layout(context, None)
    if found is None:
        return None
    labels = context.data.y(context.split.part(split))
    return Density.of(found[1].layout.xy[context.split.rows(split)], labels, shown=shown, layer=layer, epoch=epoch)
