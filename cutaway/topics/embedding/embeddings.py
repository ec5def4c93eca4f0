"""From a run to an embedding of one of its layers, through the cache."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cutaway.cache import CachedResult, cached
from cutaway.checks import check_whole
from cutaway.context import RunContext
from cutaway.data import SampleIds
from cutaway.embedding import Layout, check_callback, embed, resolve_settings
from cutaway.errors import DataError, UsageError
from cutaway.progress import ProgressCallback
from cutaway.topics.common.predictions import predict_classes

from .activations import layer_activations
from .result import Embedding

KEPT: dict[str, Any] = {"method": "tsne", "seed": 0}
"""Settings of the embedding that ``run.embed()`` makes."""

POINTS = 100_000
"""Maximum number of samples on a map; of more, a stratified sample by class."""


@dataclass(frozen=True, eq=False)
class KeptLayout:
    """What the cache holds of an embedding.

    Attributes:
        layout: Coordinates and their quality.
        predicted: int64 ``(sample,)``, the class that the model predicts; it saves 0.6 s for 70,000 samples.
        preserved: float ``(sample,)``, the share of neighbors that the embedding before it has as well; None of one
            that starts from nothing.
    """

    layout: Layout
    predicted: np.ndarray
    preserved: np.ndarray | None = None


def embed_layer(
    context: RunContext,
    layer: str | None,
    *,
    split: str,
    epoch: int | None,
    points: int | None,
    settings: dict[str, Any],
    on_progress: ProgressCallback,
    callback: Callable[[Any], bool | None] | None = None,
    quality: bool = True,
) -> Embedding:
    """Embed a layer of a run; see `cutaway.Run.embed`.

    Args:
        context: The run.
        layer: Name of the layer; the last hidden one if None.
        split: "train", "val", "test" or "all".
        epoch: Number of the epoch; the kept one if None.
        points: Maximum number of samples, a stratified sample by class; at most `POINTS`, which None stands for.
        settings: ``method``, ``seed`` and the settings of the method.
        on_progress: Called with the progress of each stage.
        callback: Called with the iterates of t-SNE.
        quality: Whether to measure the quality now; otherwise it is measured when first asked for.
    """
    check_callback(callback, method=settings["method"])
    number, layer = context.epoch(epoch), context.layer(layer, epoch=epoch)
    ids, total = map_samples(context, split, points=points, seed=settings["seed"])
    settings = resolve_settings(samples=len(ids), **settings)  # before anything is computed
    labels = context.data.y(ids)
    place = layout_place(context, layer, epoch=number, ids=ids, settings=settings)
    kept: KeptLayout | None = place.read()
    predicted = predict_classes(context, ids, epoch=number).predicted if kept is None else kept.predicted
    if kept is not None:
        layout = kept.layout
    else:
        given: dict[str, Any] = {"labels": labels, "callback": callback, "quality": quality, "on_progress": on_progress}
        h = layer_activations(context, layer, ids, epoch=number, on_progress=on_progress)
        layout = embed(h, **given, **settings)
    embedding = Embedding(layer, number, layout, ids, labels, predicted, None, context, total)
    if quality and layout.quality is None and embedding.quality is not None:  # kept without it before
        layout = replace(layout, quality=embedding.quality, misplaced=embedding.misplaced)
    is_kept = kept is not None and layout is kept.layout
    if not is_kept and not embedding.canceled:  # a partial embedding must not pass for a finished one later
        is_kept = place.write(KeptLayout(layout, predicted))
    return replace(embedding, layout=layout, file=place.path if is_kept else None)


def map_samples(context: RunContext, split: str, *, points: int | None, seed: int) -> tuple[SampleIds, int | None]:
    """The samples of a map.

    Args:
        context: The run.
        split: "train", "val", "test" or "all".
        points: Maximum number of samples, a stratified sample by class; at most `POINTS`, which None stands for.
        seed: Random seed of the sample.

    Returns:
        The samples, and where they are only some of more than `POINTS`, the number of all; otherwise None.

    Raises:
        UnknownNameError: There is no such split.
        UsageError: `points` is outside its range, or the split is empty.
    """
    points = POINTS if points is None else check_whole(points, name="points", least=1, most=POINTS)
    total = len(context.part(split))
    return context.named(context.ids(split, samples=points, seed=seed)), total if total > POINTS else None


def kept_embedding(context: RunContext, layer: str | None, *, shown: SampleIds) -> Embedding | None:
    """Some samples of the embedding that ``run.embed()`` has made of all samples and kept.

    Args:
        context: The run.
        layer: Name of the layer; the last hidden one if None.
        shown: The samples that are wanted.

    Returns:
        An embedding of the samples of ``shown`` alone, whose coordinates and quality are those of all samples; None
        where nothing usable is kept.
    """
    whole = kept_layout(context, layer)
    if whole is None:
        return None
    epoch, layer = context.epoch(None), context.layer(layer, epoch=None)
    rows = shown.positions_in(context.ids("all"))
    place, kept = whole
    misplaced = None if kept.layout.misplaced is None else kept.layout.misplaced[rows]
    part = replace(kept.layout, xy=kept.layout.xy[rows], misplaced=misplaced)
    labels, predicted = context.data.y(shown), kept.predicted[rows]
    return Embedding(layer, epoch, part, context.named(shown), labels, predicted, place.path, context)


def kept_layout(context: RunContext, layer: str | None) -> tuple[CachedResult, KeptLayout] | None:
    """The layout that ``run.embed()`` has made of all samples and kept, in the order of the split "all".

    Of a run with more than `POINTS` samples there is none of all.

    Returns:
        Its place in the cache and what is kept there; None where nothing is.
    """
    epoch, layer = context.epoch(None), context.layer(layer, epoch=None)
    ids = context.ids("all")
    if len(ids) > POINTS:
        return None
    try:
        settings = resolve_settings(samples=len(ids), **KEPT)
    except (UsageError, DataError):  # too few samples: run.embed() refuses them as well
        return None
    place = layout_place(context, layer, epoch=epoch, ids=ids, settings=settings)
    kept: KeptLayout | None = place.read()
    return None if kept is None else (place, kept)


def layout_place(
    context: RunContext, layer: str, *, epoch: int, ids: SampleIds, settings: dict[str, Any]
) -> CachedResult:
    """The place of a `KeptLayout` in the cache.

    Args:
        context: The run.
        layer: Name of the layer.
        epoch: Number of the epoch.
        ids: The samples.
        settings: As `resolve_settings` gives them.
    """
    identity = context.folder.identity(epoch)
    return cached("embedding", identity, layer, settings, ids.source_index, ids.index, method=12)
