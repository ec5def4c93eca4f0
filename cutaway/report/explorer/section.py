"""The section for looking at all samples: their maps in every layer and after every epoch."""

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.checks import warn_user
from cutaway.data import SampleIds
from cutaway.errors import Canceled, CutawayError, Hint, UsageError
from cutaway.page import Explorer, LayerMap, References, scale_layout
from cutaway.report.network import network_data
from cutaway.topics.common.epochs import spaced_epochs
from cutaway.topics.common.nearest import nearest_in_layer
from cutaway.topics.common.options import FEWEST
from cutaway.topics.common.source import ReportSource
from cutaway.topics.embedding.explorer import explorer_colors, page_images
from cutaway.topics.layers.section import layer_history_of, layers_of
from cutaway.words import counted, evenly_spaced

from .columns import FEWEST_EPOCHS, sample_columns
from .compared import OTHER
from .density import density_below
from .units import unit_columns

if TYPE_CHECKING:
    from cutaway.topics.embedding.sequence import EmbeddingGrid

EPOCHS = 16
"""Epochs that can be shown at most, evenly spaced; the first, the kept one and the last are among them."""

MOST_PLACED = 2_000_000
"""Samples on a map times maps at most, where nobody asked for epochs: of more, there are maps of fewer epochs. The 28
maps of 70,000 samples of MNIST in a model of three layers are 1.96 million, and take two minutes on 2 cores."""

MOST_ASKED = 30 * MOST_PLACED
"""The same where somebody asked for epochs: about an hour on 2 cores."""

FEWEST_EPOCHS_SHOWN = 3
"""Epochs that are shown at least: the first, the kept one and the last."""

LAYERS = 6
"""Layers that are shown at most, the samples themselves and the outputs among them."""

MOST_VALUES = 2**28
"""Samples on the map times units of a layer, or values of a sample, at most: 1 GB in float32."""

MOST_BYTES = 24 * 2**20
"""Bytes of raw samples in the page at most; without them it does not compute the model."""

DETAILS = 10
"""Columns of the user's table on a card."""

REFERENCES = 2000
"""Training samples in the page, for what a person draws or enters: 0.4 MB of MNIST."""


def explore(source: ReportSource) -> Explorer | None:
    """The explorer; None if there are too few samples, or a model that cannot be opened."""
    context = source.context
    layers, epochs = shown_maps(source)
    if not layers:
        return None
    grid, embedded, missing = _grid(source, layers, epochs)
    maps = tuple(_layer_map(source, grid, name) for name in grid.layers)
    root = context.layer(None)
    embedding = grid.embeddings[root, context.epoch()]
    columns = sample_columns(source, grid.epochs, embedding)
    images = page_images(context, source.shown)
    place = grid.epochs.index(context.epoch())
    density = density_below(source, shown=embedding.xy, layer=grid.layers.index(root), epoch=place)
    caption = _caption(source, grid, embedded=embedded, missing=missing)
    if not missing and (said := left_out(source)):
        caption += f" {said}; others can be chosen with --epochs."
    if density is not None:
        caption += (
            f" Below the points of {root} after epoch {embedding.epoch} is the density of all "
            f"{len(context.split.part(source.options.split or source.split)):,}: each cell has the color of its "
            "most frequent class."
        )
    return Explorer(
        name="explore",
        title="Every sample, layer by layer",
        caption=f"Each point is a sample; samples that a layer treats alike lie close together. {caption}",
        names=tuple(source.shown.names()),
        epochs=grid.epochs,
        kept=place,
        columns=columns,
        details=tuple(each.key for each in columns if (each.own and each.key != "target") or each.key == OTHER)[
            :DETAILS
        ],
        layers=maps,
        layer=grid.layers.index(root),
        images=images,
        neighbors=nearest_in_layer(
            context,
            embedding.ids,
            layer=root,
            epoch=embedding.epoch,
            activations=embedding.activations,
            on_progress=source.on_progress,
        ),
        neighbors_in=root,
        density=density,
        python=_in_python(source),
        colors=explorer_colors(),
        **model_fields(source, images),
    )


def model_fields(source: ReportSource, images: np.ndarray | None) -> dict[str, Any]:
    """The fields of an explorer that let the page compute the model, or the field that says why it cannot.

    Args:
        source: The run.
        images: Those of the explorer, uint8 ``(sample, height, width[, 3])``; None for other data.
    """
    network = network_data(source.context)
    if source.context.task.is_numbers:  # the page computes probabilities
        return {}
    if isinstance(network, str):
        return {"without": network}
    fits = len(source.shown) * math.prod(source.context.data.shape) <= MOST_BYTES  # with at least one byte per value
    inputs = _inputs(source, source.shown, images) if fits else None
    if not fits or (inputs is not None and inputs.nbytes > MOST_BYTES):
        return {"without": "Samples of this size and number would make the page too large."}
    return {"network": network, "inputs": inputs, "references": _references(source)}


def _in_python(source: ReportSource) -> tuple[str, str]:
    """What opens the run in Python, and what shows the same samples there."""
    asked = source.options
    given = [] if asked.split is None else [f'split="{asked.split}"']
    given += [] if asked.numbers is None else [f"epochs={list(asked.numbers)}"]
    given += [] if asked.samples is None else [f"samples={asked.samples}"]
    return f"ct.open_run({json.dumps(source.context.path.name)})", f"run.explore({', '.join(given)})"


def shown_maps(source: ReportSource) -> tuple[list[str], list[int]]:
    """The layers and the epochs that are shown; no layers if there are too few samples, or a model that is not known.

    Layers are in the order of the model, the samples themselves first.

    Raises:
        UnknownNameError: There is no such layer or epoch.
        UsageError: They are too many.
    """
    context = source.context
    if not context.opens or not len(source.ids) or len(source.shown) < FEWEST:
        return [], []
    root = context.layer(None)
    layers = [name for name, width in _widths(source).items() if name == root or _fits(source, width)]
    if (asked := source.options.numbers) is not None:
        epochs = sorted({context.epoch(), *map(context.epoch, asked)})
        maps = 1 + (len(layers) - 1) * len(epochs)  # the samples themselves have one map for all epochs
        if (placed := len(source.shown) * maps) > MOST_ASKED:
            raise UsageError(
                f"{placed:,} points are too many for the maps, which take {MOST_ASKED:,}: "
                f"{len(source.shown):,} samples, {len(layers)} layers and {len(epochs)} epochs",
                hint="ask for fewer epochs, layers or samples",
            )
        return layers, epochs
    return layers, spaced_epochs(context.folder.epochs, min(EPOCHS, _affordable(source, layers)), kept=context.epoch())


def _affordable(source: ReportSource, layers: list[str]) -> int:
    """After how many epochs `MOST_PLACED` allows a map of every layer; the samples themselves have one for all."""
    maps = MOST_PLACED // len(source.shown)
    return max(FEWEST_EPOCHS_SHOWN, (maps - 1) // max(len(layers) - 1, 1))


def left_out(source: ReportSource) -> str:
    """Says that `MOST_PLACED` leaves epochs out, as a sentence without its period; "" if it does not."""
    layers, epochs = shown_maps(source)
    known = len(source.context.folder.epochs)
    if not layers or source.options.epochs is not None or _affordable(source, layers) >= min(EPOCHS, known):
        return ""
    return f"The maps of {len(source.shown):,} samples are of {len(epochs)} of {known} epochs"


def note_left_out(source: ReportSource) -> None:
    """Say before the work that epochs are left out, and how to choose others."""
    if said := left_out(source):
        warn_user(
            f"{said[0].lower()}{said[1:]}; "
            + Hint("choose other epochs with {} or fewer samples with {}", epochs=None, samples=None)
        )


def _widths(source: ReportSource) -> dict[str, int]:
    """The layers to make maps of, and their widths."""
    from cutaway.topics.embedding.activations import INPUT

    context = source.context
    root, dense = context.layer(None), context.outline.dense
    if (asked := source.options.layers) is None:
        hidden = [name for name in dense if name != root] or dense[:1]
        chosen = {root, *evenly_spaced(hidden, LAYERS - 2)}
    else:
        chosen = {root, *(context.layer(name) for name in asked if name != INPUT)}
    widths = {name: context.outline.units[name] for name in context.outline.kinds if name in chosen}
    return {INPUT: math.prod(context.data.shape), **widths}


def _fits(source: ReportSource, width: int) -> bool:
    return len(source.shown) * width <= MOST_VALUES


def _grid(source: ReportSource, layers: list[str], epochs: list[int]) -> "tuple[EmbeddingGrid, int, str]":
    """The embeddings, how many samples the first one is of, and why there is only one of a single layer."""
    from cutaway.topics.embedding.embedding import kept_embedding
    from cutaway.topics.embedding.sequence import embed_grid

    context = source.context
    root, kept_epoch = context.layer(None), context.epoch()
    # whoever has embedded all samples, as the demo does, does not wait for this one again
    first = kept_embedding(context, None, shown=source.shown)
    given: dict[str, Any] = {"root": root, "kept": kept_epoch, "ids": source.shown, "first": first}
    given["on_progress"] = source.on_progress
    embedded = len(source.shown if first is None else context.split.part("all"))
    try:
        return embed_grid(context, layers=layers, epochs=epochs, **given), embedded, ""
    except Canceled:
        raise
    except CutawayError as error:
        why = error.fault
        return embed_grid(context, layers=[root], epochs=[kept_epoch], **given), embedded, why


def _layer_map(source: ReportSource, grid: "EmbeddingGrid", name: str) -> LayerMap:
    from cutaway.topics.embedding.activations import INPUT

    if name == INPUT:
        layout = grid.embeddings[name, grid.epochs[0]].xy
        shape = " x ".join(str(side) for side in source.context.data.shape)
        return LayerMap(name=name, title="Input", detail=f"{shape} values", layouts=(scale_layout(layout),))
    layouts = tuple(scale_layout(grid.embeddings[name, epoch].xy) for epoch in grid.epochs)
    record = next(record for record in layers_of(source) if record.name == name)
    dead = f", {record.dead} dead" if record.dead else ""
    history = layer_history_of(source)
    found = {(r.layer, r.epoch): r for r in history.records} if history is not None else {}
    probes = tuple(getattr(found.get((name, epoch)), "probe_accuracy", None) for epoch in grid.epochs)
    return LayerMap(
        name=name,
        title=name,
        detail=f"{counted(record.units, 'unit')}{dead}",
        layouts=layouts,
        measures=(("Probe accuracy", probes),) if any(each is not None for each in probes) else (),
        units=None if source.context.task.is_numbers else unit_columns(source, name),
    )


def _references(source: ReportSource) -> References | None:
    """Training samples, a stratified sample by class; None if there are none."""
    context = source.context
    most = max(1, min(REFERENCES, MOST_BYTES // (8 * 4 * math.prod(context.data.shape))))
    ids = context.named(context.ids("train", samples=most, seed=0))
    if not len(ids):
        return None
    images = page_images(context, ids)
    inputs = _inputs(source, ids, images)
    if inputs is None and images is not None:
        inputs, images = images.reshape(len(ids), -1), None
    assert inputs is not None  # they are left out only where images are the same
    labels = context.data.y(ids)
    labels = labels[:, 0] if context.task.is_numbers else labels
    return References(names=tuple(ids.names()), labels=labels, inputs=inputs, images=images)


def _inputs(source: ReportSource, ids: SampleIds, images: np.ndarray | None) -> np.ndarray | None:
    """The raw samples, for computing the model's layers; None if the images are the same."""
    raw = source.context.data.x(ids).reshape(len(ids), -1)
    if raw.dtype != np.uint8:
        raw = raw.astype(np.float32)
    same = images is not None and raw.dtype == np.uint8 and np.array_equal(raw, images.reshape(len(raw), -1))
    return None if same else raw


def _caption(source: ReportSource, grid: "EmbeddingGrid", *, embedded: int, missing: str) -> str:
    from cutaway.words import percent

    context = source.context
    root = grid.embeddings[context.layer(None), context.epoch()]
    split = source.options.split or source.split
    total, left_out = len(context.split.part(split)), len(context.split.part(split)) - len(root)
    shown = f"{len(root):,} of {total:,}" if left_out else f"All {total:,}"
    kind = {"train": "training ", "val": "validation ", "test": "test ", "all": ""}[split]
    caption = f"{shown} {kind}samples"
    if left_out:
        each = f"part of the range of {context.task.targets[0]}" if context.task.is_numbers else "class"
        caption += f" ({left_out:,} are left out, the same share of each {each})"
    if embedded > len(root):
        caption += f", from an embedding of {embedded:,} samples"
    perplexity: Any = root.layout.settings["perplexity"]
    several: list[float] = [*perplexity] if isinstance(perplexity, list | tuple) else [perplexity]
    caption += f"; t-SNE with perplexity {', '.join(f'{each:g}' for each in several)}."
    if len(grid.embeddings) > 1:
        caption += (
            f" {root.layer} after epoch {root.epoch} is embedded first, and every other map starts from its neighbor, "
            "so places can be compared; distances between groups mean little."
        )
    quality = root.quality
    if quality:
        caption += (
            f" Of a sample's {quality.k} nearest neighbors in {root.layer}, {percent(quality.neighbors_preserved)} are "
            f"among its {quality.k} nearest in the map; trustworthiness {quality.trustworthiness:.3f}."
        )
        if quality.cautions:  # first, right below the map
            caption = f"Caution about {root.layer}: {' '.join(quality.cautions)} {caption}"
    judged, known = (sum(epoch > 0 for epoch in epochs) for epochs in (grid.epochs, context.folder.epochs))
    if FEWEST_EPOCHS <= judged < known and not context.task.is_numbers:
        caption += f" How samples were learned is judged by the {judged:,} epochs shown, of {known:,}."
    for name, width in _widths(source).items():
        if name != root.layer and not _fits(source, width):
            caption += f" There is no map of {name}: {width:,} values of {len(root):,} samples take more than 1 GB."
    return caption + (f" Other layers and epochs could not be embedded: {missing}." if missing else "")
