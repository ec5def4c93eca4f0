"""From a run to an embedding of one of its layers, through the cache in the run folder."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from cutaway.checks import check_whole, warn_user
from cutaway.context import RunContext
from cutaway.data import SampleIds
from cutaway.embedding import (
    Layout,
    check_callback,
    embed,
    layout_from_npz,
    layout_to_npz,
    resolve_settings,
)
from cutaway.errors import DataError, UsageError
from cutaway.progress import ProgressCallback
from cutaway.runs import file_name
from cutaway.topics.common.predictions import predict_classes

from .activations import layer_activations
from .result import Embedding

KEPT: dict[str, Any] = {"method": "tsne", "seed": 0}
"""Settings of the embedding that ``run.embed()`` makes."""

POINTS = 100_000
"""Maximum number of samples on a map; of more, a stratified sample by class."""

ENGINE = 12
"""Part of the cache key: another engine gives other coordinates or measures."""


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
    name = embedding_name(context, layer, epoch=number, ids=ids, settings=settings)
    found = read_layout(context, name, ids)
    cached = found[1].get("predicted") if found else None
    predicted = predicted_classes(context, ids, epoch=number, cached=cached)
    file = context.folder.results.path(name)
    if found:
        layout = found[0]
    else:
        given: dict[str, Any] = {"labels": labels, "callback": callback, "quality": quality, "on_progress": on_progress}
        h = layer_activations(context, layer, ids, epoch=number, on_progress=on_progress)
        layout = embed(h, **given, **settings)
    embedding = Embedding(layer, number, layout, ids, labels, predicted, file, context, total)
    if quality and layout.quality is None and embedding.quality is not None:  # kept without it before
        layout = replace(layout, quality=embedding.quality, misplaced=embedding.misplaced)
    if found and layout is found[0]:
        return embedding
    file = None
    if not embedding.canceled:  # a partial embedding must not pass for a finished one later
        arrays = {"source": ids.source_index, "index": smallest(ids.index), "predicted": smallest(predicted)}
        file = context.folder.results.write(name, layout_to_npz(layout, arrays))
    return replace(embedding, layout=layout, file=file)


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
    ids, epoch, layer = context.ids("all"), context.epoch(None), context.layer(layer, epoch=None)
    rows = shown.positions_in(ids)
    name, layout, cached = whole
    misplaced = None if layout.misplaced is None else layout.misplaced[rows]
    part = replace(layout, xy=layout.xy[rows], misplaced=misplaced)
    predicted = cached["predicted"][rows] if "predicted" in cached else None
    predicted = predicted_classes(context, shown, epoch=epoch, cached=predicted)
    file = context.folder.results.path(name)
    return Embedding(layer, epoch, part, context.named(shown), context.data.y(shown), predicted, file, context)


def kept_layout(context: RunContext, layer: str | None) -> tuple[str, Layout, dict[str, np.ndarray]] | None:
    """The layout that ``run.embed()`` has made of all samples and kept, in the order of the split "all".

    Of a run with more than `POINTS` samples there is none of all.

    Returns:
        The name of its file, the layout and what is kept beside it; None where nothing usable is kept.
    """
    epoch, layer = context.epoch(None), context.layer(layer, epoch=None)
    ids = context.ids("all")
    if len(ids) > POINTS:
        return None
    try:
        settings = resolve_settings(samples=len(ids), **KEPT)
    except (UsageError, DataError):  # too few samples: run.embed() refuses them as well
        return None
    name = embedding_name(context, layer, epoch=epoch, ids=ids, settings=settings)
    found = read_layout(context, name, ids)
    return None if found is None else (name, *found)


def smallest(numbers: np.ndarray) -> np.ndarray:
    """Whole numbers in the smallest signed type that holds them."""
    most = int(numbers.max(initial=0))
    return numbers.astype(next(t for t in (np.int16, np.int32, np.int64) if most <= np.iinfo(t).max))


def predicted_classes(context: RunContext, ids: SampleIds, *, epoch: int, cached: np.ndarray | None) -> np.ndarray:
    """The class that the model predicts for each sample at an epoch, int64 (sample,).

    Args:
        context: The run.
        ids: The samples.
        epoch: Number of an epoch with a snapshot.
        cached: What a cache file holds of them, which saves 0.6 s for 70,000 samples; None, or numbers that are no
            classes, computes them again.
    """
    if cached is not None and cached.dtype.kind == "i" and ((cached >= 0) & (cached < len(context.class_names))).all():
        return cached.astype(np.int64)
    return predict_classes(context, ids, epoch=epoch).predicted


def embedding_name(
    context: RunContext,
    layer: str,
    *,
    epoch: int,
    ids: SampleIds,
    settings: dict[str, Any],
) -> str:
    """Name of the cache file of an embedding, with a digest of all that decides it.

    Args:
        context: The run.
        layer: Name of the layer.
        epoch: Number of the epoch.
        ids: The samples.
        settings: As `resolve_settings` gives them.
    """
    digest = context.folder.snapshot_digest(epoch)
    decides = [ENGINE, layer, context.manifest.dataset.sha256, settings]
    digest.update(json.dumps(decides, sort_keys=True, default=_digest_of).encode())
    for array in (ids.source_index, ids.index):
        digest.update(np.ascontiguousarray(array).data)
    key = digest.hexdigest()[:12]
    return file_name("embedding", layer, f"epoch-{epoch:04d}", settings["method"], key) + ".npz"


def _digest_of(array: Any) -> str:
    """An array among the settings, such as an initialization, as a digest."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def read_layout(context: RunContext, name: str, ids: SampleIds) -> tuple[Layout, dict[str, np.ndarray]] | None:
    """What the cache holds for these samples; a damaged file raises a warning and is recomputed.

    Returns:
        The layout and the arrays cached with it; None where there is no usable file.
    """
    data = context.folder.results.read(name)
    if data is None:
        return None
    try:
        layout, cached = layout_from_npz(data)
    except DataError as error:
        warn_user(f"{name} is damaged and is computed again: {error.got}")
        return None
    index, source = cached.get("index", ()), cached.get("source", ())
    return (layout, cached) if np.array_equal(index, ids.index) and np.array_equal(source, ids.source_index) else None
