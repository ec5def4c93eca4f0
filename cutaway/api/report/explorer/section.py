"""The section in which all samples are looked at: their maps in every layer and after every epoch."""

from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.api.analyses import LayerHistory, evenly_spaced
from cutaway.api.report.network import network_data
from cutaway.api.report.source import ReportSource
from cutaway.data import SampleIds
from cutaway.errors import Canceled, CutawayError
from cutaway.page import Explorer, LayerMap, References, Section, scale_layout

from .columns import sample_columns

if TYPE_CHECKING:
    from cutaway.api.analyses.layouts.grid import EmbeddingGrid

FEWEST = 20
"""With fewer samples than this, a map shows no structure."""

EPOCHS = 16
"""Epochs that can be shown at most, evenly spaced; the first, the kept one and the last are among them."""

LAYERS = 6
"""Layers that are shown at most, the samples themselves and the outputs among them."""

NEIGHBORS = 8
"""Nearest samples that a card shows."""

REFERENCES = 2000
"""Training samples in the page, for what a person draws or enters: 0.4 MB of MNIST."""

LARGEST_SIDE = 64
"""Pixels of the longer side of a picture in the page; larger ones lose rows and columns."""


def explore(source: ReportSource) -> Section | None:
    """The explorer; None if there are too few samples, or a model that cannot be opened."""
    context = source.context
    if len(source.shown) < FEWEST or not context.opens:
        return None
    epochs = shown_epochs(list(context.folder.epochs), kept=context.epoch())
    grid, embedded, missing = _grid(source, epochs)
    maps = tuple(_layer_map(source, grid, name, source.layer_history) for name in grid.layers)
    root = context.layer(None)
    embedding = grid.embeddings[root, context.epoch()]
    pictures = page_pictures(source, source.shown)
    network = network_data(context)
    caption = _caption(source, grid, embedded=embedded, missing=missing)
    return Explorer(
        name="explore",
        title="Every sample, layer by layer",
        lead="Each point is a sample. Samples that a layer treats alike lie close together. Choose a layer, move the "
        "slider through the training, point at samples or select them.",
        caption=caption,
        names=tuple(source.shown.names()),
        epochs=grid.epochs,
        kept=grid.epochs.index(context.epoch()),
        columns=sample_columns(source, grid.epochs, embedding),
        details=(),
        layers=maps,
        layer=grid.layers.index(root),
        pictures=pictures,
        neighbors=_neighbors(embedding.activations()),
        neighbors_in=root,
        network=None if isinstance(network, str) else network,
        without=network if isinstance(network, str) else "",
        inputs=None if isinstance(network, str) else _inputs(source, source.shown, pictures),
        references=None if isinstance(network, str) else _references(source),
        colors=_colors(),
    )


def shown_epochs(epochs: list[int], *, kept: int) -> list[int]:
    """At most `EPOCHS` of the epochs with a snapshot; the first, the kept one and the last are in it."""
    spaced = evenly_spaced(epochs, EPOCHS)
    return spaced if kept in spaced else sorted({*evenly_spaced(epochs, EPOCHS - 1), kept})


def _grid(source: ReportSource, epochs: list[int]) -> "tuple[EmbeddingGrid, int, str]":
    """The embeddings, how many samples the first one is of, and why there is only one of a single layer."""
    from cutaway.api.analyses import kept_embedding
    from cutaway.api.analyses.layouts.embedding import INPUT
    from cutaway.api.analyses.layouts.grid import embed_grid
    from cutaway.models import DENSE_KINDS, layer_names

    context = source.context
    root, kept = context.layer(None), context.epoch()
    dense = layer_names(context.model(), DENSE_KINDS)
    hidden = [name for name in dense if name != root] or dense[:1]
    chosen = {root, *evenly_spaced(hidden, LAYERS - 2)}
    layers = [INPUT, *(name for name in dense if name in chosen)]
    # whoever has embedded all samples, as the demo does, does not wait for this one again
    first = kept_embedding(context, None, shown=source.shown)
    given: dict[str, Any] = {"root": root, "kept": kept, "ids": source.shown, "first": first}
    given["on_progress"] = source.on_progress
    embedded = len(source.shown if first is None else context.split.part("all"))
    try:
        return embed_grid(context, layers=layers, epochs=epochs, **given), embedded, ""
    except Canceled:
        raise
    except CutawayError as error:
        why = f"{error.rule}; got {error.got}"
        return embed_grid(context, layers=[root], epochs=[kept], **given), embedded, why


def _layer_map(source: ReportSource, grid: "EmbeddingGrid", name: str, history: LayerHistory | None) -> LayerMap:
    from cutaway.api.analyses.layouts.embedding import INPUT

    if name == INPUT:
        layout = grid.embeddings[name, grid.epochs[0]].xy
        shape = " x ".join(str(side) for side in source.context.data.shape)
        return LayerMap(name=name, title="Input", detail=f"{shape} values", layouts=(scale_layout(layout),))
    layouts = tuple(scale_layout(grid.embeddings[name, epoch].xy) for epoch in grid.epochs)
    record = next(record for record in source.layers if record.name == name)
    inactive = f", {record.inactive} inactive" if record.inactive else ""
    found = {(r.layer, r.epoch): r for r in history.records} if history is not None else {}
    measures = tuple(
        (title, tuple(getattr(found.get((name, epoch)), key, None) for epoch in grid.epochs))
        for title, key in (("Probe accuracy", "probe_accuracy"), ("Zeros", "sparsity"))
    )
    return LayerMap(
        name=name,
        title=name,
        detail=f"{record.units:,} units{inactive}",
        layouts=layouts,
        measures=tuple(measure for measure in measures if any(value is not None for value in measure[1])),
    )


def page_pictures(source: ReportSource, ids: SampleIds) -> np.ndarray | None:
    """Samples as the page shows them, uint8 (sample, height, width); None where they are no pictures."""
    pictures = source.context.data.pictures(ids)
    if pictures is None:
        return None
    step = -(-max(pictures.shape[1:]) // LARGEST_SIDE)
    return np.rint(255 * pictures[:, ::step, ::step]).astype(np.uint8)


def _references(source: ReportSource) -> References | None:
    """Training samples, a stratified sample by class; None where there are none."""
    context = source.context
    ids = context.named(context.ids("train", samples=REFERENCES, seed=0))
    if not len(ids):
        return None
    pictures = page_pictures(source, ids)
    inputs = _inputs(source, ids, pictures)
    if inputs is None and pictures is not None:
        inputs, pictures = pictures.reshape(len(ids), -1), None
    assert inputs is not None  # they are left out only where pictures are the same
    return References(names=tuple(ids.names()), labels=context.data.y(ids), inputs=inputs, pictures=pictures)


def _inputs(source: ReportSource, ids: SampleIds, pictures: np.ndarray | None) -> np.ndarray | None:
    """The raw samples, of which the model's layers can be computed; None where the pictures are the same."""
    raw = source.context.data.x(ids).reshape(len(ids), -1)
    if raw.dtype != np.uint8:
        raw = raw.astype(np.float32)
    same = pictures is not None and raw.dtype == np.uint8 and np.array_equal(raw, pictures.reshape(len(raw), -1))
    return None if same else raw


def _neighbors(h: np.ndarray) -> np.ndarray | None:
    """The nearest of these samples to each, by activation; None if the activations cannot be compared."""
    from cutaway.neighbors import nearest_neighbors

    try:
        return nearest_neighbors(h, min(NEIGHBORS, len(h) - 1)).index
    except CutawayError:  # a model that has diverged; other sections say so
        return None


def _colors() -> dict[str, Any]:
    from cutaway.plots import CLASS_COLORS, MISSING_COLOR, RIGHT_COLOR, SEQUENTIAL_COLORS, WRONG_COLOR

    return {
        "classes": list(CLASS_COLORS),
        "sequential": list(SEQUENTIAL_COLORS),
        "right": RIGHT_COLOR,
        "wrong": WRONG_COLOR,
        "missing": MISSING_COLOR,
    }


def _caption(source: ReportSource, grid: "EmbeddingGrid", *, embedded: int, missing: str) -> str:
    from cutaway.api.report.rows import percent

    context = source.context
    root = grid.embeddings[context.layer(None), context.epoch()]
    total = len(context.split.part(source.split))
    shown = f"{len(root):,} of {total:,}" if len(root) < total else f"All {total:,}"
    caption = f"{shown} {source.kind} samples"
    if embedded > len(root):
        caption += f", from an embedding of {embedded:,} samples"
    caption += f"; t-SNE with perplexity {root.layout.settings['perplexity']:g}."
    if len(grid.embeddings) > 1:
        caption += (
            f" {root.layer} after epoch {root.epoch} is embedded first, and every other map starts from its neighbor, "
            "so that places can be compared; distances between groups mean little."
        )
    quality = root.quality
    if quality:
        caption += (
            f" Of a sample's {quality.k} nearest neighbors in {root.layer}, {percent(quality.neighbors_preserved)} are "
            f"among its {quality.k} nearest in the map; trustworthiness {quality.trustworthiness:.3f}."
        )
    return caption + (f" Other layers and epochs could not be embedded: {missing}." if missing else "")
