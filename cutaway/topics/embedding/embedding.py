"""An embedding of a layer of a run: coordinates, their quality, and the samples they belong to; made or kept."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway._lazy import public
from cutaway.cache import CachedResult, cached
from cutaway.context import RunContext
from cutaway.data import SampleIds
from cutaway.embedding import (
    QUALITY_NEIGHBORS,
    Layout,
    Quality,
    caution_count,
    check_callback,
    embed,
    inspect_quality,
    resolve_settings,
)
from cutaway.errors import DataError, Hint, UsageError
from cutaway.options import MAX_SAMPLES
from cutaway.progress import ProgressCallback
from cutaway.results.notebook import ROWS, declared_html
from cutaway.results.plain import plain
from cutaway.results.result import Result
from cutaway.results.table import Table, value
from cutaway.results.units import GENERAL, NAME, TEXT, decimals
from cutaway.task import STRATA, Task
from cutaway.topics.common.predictions import predict_classes, probabilities
from cutaway.topics.common.sample_list import of_samples
from cutaway.words import number, percent

from .activations import layer_activations
from .options import EmbeddingOptions

if TYPE_CHECKING:
    from cutaway.page import Explorer, ExplorerWidget
    from cutaway.plots import BokehFigure, Figure

IMAGES = 10_000
"""The most points that carry their image to the page: 2 MB of MNIST digits. More points show their names alone."""

MOST = 0.5
"""A sample is misplaced if more than this share of its neighbors on the map are far away in the layer."""

METHOD_NAMES = {"tsne": "t-SNE", "pca": "PCA", "umap": "UMAP"}


@dataclass(frozen=True, eq=False)
class PlaceRows:
    """Where each sample lies, arrays ``(sample,)``."""

    x: np.ndarray = value("x", decimals(2), "First coordinate; the unit of both has no meaning.")
    y: np.ndarray = value("y", decimals(2), "Second coordinate.")
    label: list[str] = value("Label", NAME, "Its label.")
    predicted: list[str] = value("Predicted", NAME, "The class that the model predicts at that epoch.")


@dataclass(frozen=True, eq=False)
class NumberPlaceRows:
    """Where each sample lies, and the first number to predict, arrays ``(sample,)``."""

    x: np.ndarray = value("x", decimals(2), "First coordinate; the unit of both has no meaning.")
    y: np.ndarray = value("y", decimals(2), "Second coordinate.")
    target: np.ndarray = value("Target", GENERAL, "Its true value.")
    predicted: np.ndarray = value("Predicted", GENERAL, "What the model predicts at that epoch.")


@dataclass(frozen=True)
class QualityRow:
    """How far the distances of an embedding can be trusted: one measure."""

    measure: str = value("Measure", TEXT, "What is measured.")
    text: str = value("Value", TEXT, "With its standard error, if it is estimated from some samples.", names=("value",))
    meaning: str = value("What it says", TEXT, "How it is read.")


@public
@dataclass(frozen=True, eq=False, repr=False)
class Embedding(Result):
    """Two coordinates for each sample, from a layer's activations after an epoch.

    Attributes:
        layer: Name of the layer.
        epoch: Number of the epoch.
        layout: Coordinates, settings as they were used, seconds and quality.
        ids: Identity of each sample.
        labels: int64 ``(sample,)``, the class of each sample; of numbers float64 ``(sample, target)``.
        predicted: int64 ``(sample,)``, the class that the model predicts at that epoch; of numbers float32
            ``(sample, target)``.
        file: Where it is kept in the user's cache; None if it was canceled or could not be written.
        context: The run it is of.
        total: Number of samples of the split, if that is above 100,000 and the samples here are a stratified sample by
            class; otherwise None.
    """

    layer: str
    epoch: int
    layout: Layout
    ids: SampleIds
    labels: np.ndarray
    predicted: np.ndarray
    file: Path | None
    context: RunContext
    total: int | None = None

    def line(self) -> str:
        """A one-line summary."""
        return f"Embedding {self.title}{', canceled' if self.canceled else ''}{caution_count(self.layout.quality)}"

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def xy(self) -> np.ndarray:
        """Coordinates, float32 ``(sample, 2)``; their unit has no meaning."""
        return self.layout.xy

    @property
    def canceled(self) -> bool:
        """Whether it was stopped before it was done, by its callback or a `CancelToken`.

        Its coordinates are then those reached when it stopped. They are not cached, and their quality was not measured.
        """
        return self.layout.settings.get("stopped") == "canceled"

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, in the order of their numbers."""
        return self.context.class_names

    @property
    def colored_by(self) -> tuple[np.ndarray, tuple[str, ...]]:
        """What colors the samples: their classes and the names of these, or the first target and its name."""
        task = self.context.task
        return (self.labels[:, 0], task.targets[:1]) if task.is_numbers else (self.labels, task.class_names)

    @property
    def quality(self) -> Quality | None:
        """How far its distances can be trusted.

        If it was left out, and in the later embeddings of a sequence, it is measured when first asked for.

        None if there are too few samples, or if the embedding was canceled.
        """
        return self._measured[0]

    @property
    def misplaced(self) -> np.ndarray | None:
        """float32 ``(sample,)``, 0..1: the share of a sample's neighbors here that are far from it in the layer."""
        return self._measured[1]

    @cached_property
    def _measured(self) -> tuple[Quality | None, np.ndarray | None]:
        # whoever canceled it did not want to wait for more
        if self.canceled or self.layout.quality is not None or len(self.xy) <= 2 * QUALITY_NEIGHBORS:
            return self.layout.quality, self.layout.misplaced
        groups = self.context.data.strata_of(self.ids) if self.context.task.is_numbers else self.labels
        given: Any = {"k": QUALITY_NEIGHBORS, "seed": self.layout.settings["seed"], "labels": groups}
        return inspect_quality(self.activations(), self.xy, **given)

    def activations(self) -> np.ndarray:
        """The activations that were embedded, float32 ``(sample, unit)``, computed again."""
        return layer_activations(self.context, self.layer, self.ids, epoch=self.epoch)

    def transform(self, h: np.ndarray) -> np.ndarray:
        """Place new activations of the same layer; samples on the map do not move.

        Args:
            h: float32 ``(sample, unit)``, such as ``run.activations`` returns, of samples that were not embedded.

        Returns:
            float32 ``(sample, 2)``.

        Raises:
            UsageError: The embedding was not made by t-SNE.
            DataError: The activations are not finite numbers, or are of another layer.
        """
        from cutaway.embedding import place

        if self.layout.method != "tsne":
            raise UsageError(
                f'only t-SNE can place new samples, and this is an embedding by "{self.layout.method}"',
                hint=Hint("embed with {}", method="tsne"),
            )
        return place(h, self._placement)

    @cached_property
    def _placement(self) -> Any:
        from cutaway.embedding import placement

        return placement(self.activations(), self.xy)

    @property
    def title(self) -> str:
        """What it shows, in a few words."""
        return f"{self.layer}, epoch {self.epoch}: {METHOD_NAMES[self.layout.method]} of {self.count}"

    @property
    def count(self) -> str:
        """How many samples it shows, and of how many they are a sample."""
        shown = f"{len(self):,}"
        return f"{shown} samples" if self.total is None else f"a stratified sample of {shown} of {self.total:,} samples"

    def table(self) -> Table:
        """One row for each sample.

        Images from a folder have a file, rows of a table a row number (from 1, without the line of names).
        """
        if self.context.task.is_numbers:
            numbers = NumberPlaceRows(self.xy[:, 0], self.xy[:, 1], self.labels[:, 0], self.predicted[:, 0])
            return of_samples(self.ids, Table.of(NumberPlaceRows, numbers))
        names = np.array(self.class_names, object)
        places = PlaceRows(self.xy[:, 0], self.xy[:, 1], names[self.labels].tolist(), names[self.predicted].tolist())
        return of_samples(self.ids, Table.of(PlaceRows, places))

    def tables(self) -> tuple[Table, ...]:
        """The first rows of the table."""
        return (self.table().take(range(min(ROWS, len(self)))),)

    def notes(self) -> tuple[str, ...]:
        """That it shows a sample, if it does, and the cautions of its quality, if that was measured."""
        each = "part of the range" if self.context.task.is_numbers else "class"
        sampled = () if self.total is None else (f"The map shows {self.count}, with the same share of each {each}.",)
        return sampled + self._cautions

    @property
    def _cautions(self) -> tuple[str, ...]:
        return self.layout.quality.cautions if self.layout.quality else ()

    def quality_table(self) -> Table:
        """What is known about it without measuring more: how far its distances can be trusted, and the cautions."""
        quality, misplaced = self.layout.quality, self.layout.misplaced
        rows: list[QualityRow] = []
        if self.layout.kl_divergence is not None:
            after = f"after {self.layout.settings['iterations']} iterations"
            rows.append(QualityRow("KL divergence", number(self.layout.kl_divergence, 3), after))
        notes: list[str] = []
        if quality is not None:
            rows += quality_rows(quality, self.context.task)
            if quality.standard_errors:
                notes.append(f"± is the standard error: these are estimated from {quality.samples:,} samples")
            notes += [f"Caution: {each}" for each in quality.cautions]
        if misplaced is not None:
            share = percent(float((misplaced > MOST).mean()), 1)
            meaning = "samples whose map neighbors are far away in the layer"
            rows.append(QualityRow("misplaced samples", share, meaning))
        return Table.of(QualityRow, rows, notes=tuple(notes))

    def to_json(self) -> dict[str, Any]:
        """What ``cutaway embed --json`` answers about the run."""
        layout = self.layout
        return self._plain("layer", "epoch", "canceled", "file") | {
            "method": layout.method,
            "samples": len(layout.xy),
            "total": len(layout.xy) if self.total is None else self.total,
            "seconds": {part: layout.seconds.get(part) for part in ("neighbors", "affinities", "optimize", "total")},
            "kl_divergence": layout.kl_divergence,
            "quality": plain(layout.quality),
            "cautions": list(self._cautions),
            "settings": plain(layout.settings),
        }

    def plot(self) -> "Figure":
        """Draw it as a matplotlib scatter plot, colored by class or by the first target."""
        from cutaway.plots import embedding_scatter

        return embedding_scatter(self.xy, *self.colored_by, title=self.title)

    def _shown_table(self) -> str:
        return declared_html(self.quality_table())

    def bokeh(self) -> "BokehFigure":
        """Draw it as a Bokeh scatter plot, colored by class or by the first target; hovering shows the sample.

        A click in the legend hides a class.

        Up to 10,000 samples show their image as well.
        """
        from cutaway.plots import embedding_scatter_bokeh

        images = self.context.data.images(self.ids) if len(self) <= IMAGES else None
        return embedding_scatter_bokeh(
            self.xy,
            *self.colored_by,
            names=self.ids.names(),
            predicted=self.predicted[:, 0] if self.context.task.is_numbers else self.predicted,
            images=images,
        )

    def explore(self, *, height: int = 480) -> "ExplorerWidget":
        """Show its samples as a widget in a notebook: point at them, select them, and get the selection back.

        Args:
            height: Height of the map in CSS pixels, 200..4000.

        Returns:
            See `cutaway.Run.explore`, for this layer, this epoch and these samples.

        Raises:
            UsageError: The package anywidget is not installed (the extra "notebook"), or the height is outside its
                range.
        """
        from cutaway.page import check_widget, explorer_widget

        check_widget(height=height)
        return explorer_widget(self._explorer(), height=height)

    def _explorer(self) -> "Explorer":
        from cutaway.page import Explorer, LayerMap, scale_layout
        from cutaway.topics.common.nearest import nearest_in_layer

        from .explorer import answer_columns, explorer_colors, misplaced_column, page_images

        context, ids, layer, epoch = self.context, self.ids, self.layer, self.epoch
        columns = answer_columns(context, ids, epoch=epoch)
        if self.misplaced is not None:
            columns.append(misplaced_column(self.misplaced))
        return Explorer(
            name="explore",
            title=self.title,
            names=tuple(context.named(ids).names()),
            epochs=(epoch,),
            kept=0,
            columns=tuple(columns),
            layers=(LayerMap(name=layer, title=layer, detail=f"epoch {epoch}", layouts=(scale_layout(self.xy),)),),
            images=page_images(context, ids),
            neighbors=nearest_in_layer(context, ids, layer=layer, epoch=epoch, activations=self.activations),
            neighbors_in=layer,
            colors=explorer_colors(),
        )


def quality_rows(quality: Quality, task: Task) -> list[QualityRow]:
    """The measures of a quality: name, value with its standard error, and how to read it.

    Numbers have groups of similar values, see `Task.strata`, in the place of classes.
    """
    errors = quality.standard_errors or {}

    def share(value: float, error: float | None) -> str:
        return percent(value, 1) + ("" if error is None else f" ± {100 * error:.1f}")

    def value(value: float, error: float | None, digits: int) -> str:
        return number(value, digits) + ("" if error is None else f" ± {number(error, digits)}")

    trust = value(quality.trustworthiness, errors.get("trustworthiness"), 4 if errors else 3)
    preserved = share(quality.neighbors_preserved, errors.get("neighbors_preserved"))
    rows = [
        QualityRow("trustworthiness", trust, "1 means map neighbors are also neighbors in the layer"),
        QualityRow("neighbors preserved", preserved, f"of the {quality.k} nearest in the layer"),
    ]
    of = f" of {STRATA} groups" if task.is_numbers else ""
    for name, heading in (
        ("accuracy_layer", f"k-NN accuracy{of}, layer"),
        ("accuracy_plane", f"k-NN accuracy{of}, map"),
    ):
        if (accuracy := getattr(quality, name)) is not None:
            shared = f"have a similar {task.targets[0]}" if task.is_numbers else "share their label"
            meaning = f"samples whose nearest neighbors mostly {shared}"
            rows.append(QualityRow(heading, share(accuracy, errors.get(name)), meaning))
    if quality.triplets is not None and quality.distance_correlation is not None:
        triplets = share(quality.triplets, quality.triplets_error)
        meaning = "pairs whose nearer one is still nearer; chance: 50.0%"
        rows.append(QualityRow("triplets kept", triplets, meaning))
        correlation = value(quality.distance_correlation, quality.distance_correlation_error, 2)
        rows.append(QualityRow("distance correlation", correlation, "of all distances, layer with map"))
    return rows


@dataclass(frozen=True, eq=False)
class KeptLayout:
    """What the cache holds of an embedding.

    Attributes:
        layout: Coordinates and their quality.
        predicted: As of an embedding; it saves 0.6 s for 70,000 samples.
        preserved: float ``(sample,)``, the share of neighbors that the embedding before it has as well; None of one
            that starts from nothing.
    """

    layout: Layout
    predicted: np.ndarray
    preserved: np.ndarray | None = None


def embed_layer(
    context: RunContext,
    options: EmbeddingOptions,
    *,
    settings: dict[str, Any],
    on_progress: ProgressCallback,
    callback: Callable[[Any], bool | None] | None,
) -> Embedding:
    """Embed a layer of a run; see `cutaway.Run.embed`.

    Args:
        context: The run.
        options: The options; without quality, it is measured on first use.
        settings: The settings of t-SNE.
        on_progress: Called with the progress of each stage.
        callback: Called with the layout during the descent of t-SNE.
    """
    check_callback(callback, method=options.method)
    number, layer = context.epoch(options.epoch), context.layer(options.layer, epoch=options.epoch)
    ids, total = map_samples(context, options)
    settings = _resolved(options, len(ids), **settings)  # before anything is computed
    labels, groups = context.data.y(ids), context.data.strata_of(ids)
    place = layout_place(context, layer, epoch=number, ids=ids, settings=settings)
    kept: KeptLayout | None = place.read()
    predicted = predicted_answers(context, ids, epoch=number) if kept is None else kept.predicted
    if kept is not None:
        layout = kept.layout
    else:
        given: dict[str, Any] = {"labels": groups, "callback": callback, "on_progress": on_progress}
        h = layer_activations(context, layer, ids, epoch=number, on_progress=on_progress)
        layout = embed(h, quality=options.quality, **given, **settings)
    embedding = Embedding(layer, number, layout, ids, labels, predicted, None, context, total)
    if options.quality and layout.quality is None and embedding.quality is not None:  # kept without it before
        layout = replace(layout, quality=embedding.quality, misplaced=embedding.misplaced)
    is_kept = kept is not None and layout is kept.layout
    if not is_kept and not embedding.canceled:  # a partial embedding must not pass for a finished one later
        is_kept = place.write(KeptLayout(layout, predicted))
    return replace(embedding, layout=layout, file=place.path if is_kept else None)


def predicted_answers(context: RunContext, ids: SampleIds, *, epoch: int) -> np.ndarray:
    """The predicted classes of samples, int64 ``(sample,)``, or numbers, float32 ``(sample, target)``."""
    if context.task.is_numbers:
        return probabilities(context, ids, epoch=epoch)
    return predict_classes(context, ids, epoch=epoch).predicted


def map_samples(context: RunContext, options: EmbeddingOptions) -> tuple[SampleIds, int | None]:
    """The samples of a map: a whole split, or a stratified sample by class of at most `MAX_SAMPLES`.

    Returns:
        The samples, and if they are only some of more than `MAX_SAMPLES`, the number of all; otherwise None.

    Raises:
        UsageError: The split is empty.
    """
    total = len(context.part(options.split))
    ids = context.ids(options.split, samples=options.samples or MAX_SAMPLES, seed=options.seed)
    return context.named(ids), total if total > MAX_SAMPLES else None


def _resolved(options: EmbeddingOptions, samples: int, **settings: Any) -> dict[str, Any]:
    """The method, the seed, and every setting of the method, of a map of some samples."""
    return resolve_settings(method=options.method, seed=options.seed, samples=samples, **settings)


def kept_embedding(context: RunContext, layer: str | None, *, shown: SampleIds) -> Embedding | None:
    """Some samples of the embedding that ``run.embed()`` has made of all samples and kept.

    Args:
        context: The run.
        layer: Name of the layer; the last hidden one if None.
        shown: The samples that are wanted.

    Returns:
        An embedding of the samples of ``shown`` alone, with coordinates and quality from all samples; None
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

    Of a run with more than `MAX_SAMPLES` samples there is none of all.

    Returns:
        Its place in the cache and its content; None if there is none.
    """
    epoch, layer = context.epoch(None), context.layer(layer, epoch=None)
    ids = context.ids("all")
    if len(ids) > MAX_SAMPLES:
        return None
    try:
        settings = _resolved(EmbeddingOptions(), len(ids))
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
