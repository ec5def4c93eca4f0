"""A first look at samples and model: linear maps after the kept epoch, made in a second, until the real ones come."""

import math

import numpy as np

from cutaway.errors import DataError
from cutaway.page import Explorer, LayerMap, scale_layout
from cutaway.topics.common.source import ReportSource
from cutaway.topics.embedding.explorer import answer_columns, explorer_colors, page_images

from .section import model_fields, shown_maps


def preview(source: ReportSource) -> Explorer | None:
    """The samples and layers of the explorer by their first two principal components; None if there are no maps."""
    from cutaway.topics.embedding.activations import INPUT, SharedPasses

    context = source.context
    layers, _ = shown_maps(source)
    if not layers:
        return None
    epoch, root = context.epoch(), context.layer(None)
    passes = SharedPasses(context, source.shown, layers)
    maps: list[LayerMap] = []
    for name in layers:
        h = passes.activations(name, epoch, on_progress=source.on_progress)
        units = math.prod(context.data.shape) if name == INPUT else context.outline.units[name]
        title, words = ("Input", "values") if name == INPUT else (name, "units")
        maps.append(LayerMap(name=name, title=title, detail=f"{units:,} {words}", layouts=(_linear(h),)))
    images = page_images(context, source.shown)
    return Explorer(
        name="explore",
        title="Every sample, layer by layer",
        lead="A first map by principal components. The t-SNE maps of every epoch are being computed.",
        names=tuple(source.shown.names()),
        epochs=(epoch,),
        kept=0,
        columns=tuple(answer_columns(context, source.shown, epoch=epoch, on_progress=source.on_progress)),
        layers=tuple(maps),
        layer=layers.index(root),
        images=images,
        colors=explorer_colors(),
        **model_fields(source, images),
    )


def _linear(h: np.ndarray) -> np.ndarray:
    """The first two principal components, uint16 (sample, 2); all in one place where the samples do not differ.

    Raises:
        DataError: The activations are not finite.
    """
    from cutaway.neighbors import pca

    if not np.isfinite(h).all():
        raise DataError("the activations contain NaN or infinity, so there is no map", hint="look at an earlier epoch")
    # a layer with one unit has its samples on a line
    wide = h if h.shape[1] > 1 else np.concatenate([h, np.zeros_like(h)], axis=1)
    same = (wide == wide[0]).all()
    return scale_layout(np.zeros((len(h), 2), np.float32) if same else pca(wide, 2))
