"""An embedding as the user holds it: coordinates, their quality, and the samples they belong to."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway._lazy import public
from cutaway.context import RunContext
from cutaway.data import SampleIds
from cutaway.embedding import QUALITY_NEIGHBORS, Layout, Quality, caution_count, inspect_quality
from cutaway.errors import UsageError
from cutaway.results.notebook import ROWS, declared_html
from cutaway.results.plain import plain
from cutaway.results.result import Result
from cutaway.results.table import Table, column
from cutaway.results.units import NAME, TEXT, decimals
from cutaway.topics.common.sample_list import of_samples
from cutaway.words import number, percent

from .activations import layer_activations

if TYPE_CHECKING:
    from cutaway.page import Explorer, ExplorerWidget
    from cutaway.plots import BokehFigure, Figure

IMAGES = 10_000
"""The most points that carry their image to the page: 2 MB of MNIST digits. More points show their names alone."""

MOST = 0.5
"""A sample is misplaced if more than this share of its neighbors on the map are far away in the layer."""

METHOD_NAMES = {"tsne": "t-SNE", "pca": "PCA", "umap": "UMAP"}


COLUMNS = (
    column("x", "x", decimals(2), "First coordinate; the unit of both has no meaning."),
    column("y", "y", decimals(2), "Second coordinate."),
    column("label", "Label", NAME, "Its label."),
    column("predicted", "Predicted", NAME, "The class that the model predicts at that epoch."),
)
"""Where each sample lies."""

QUALITY = (
    column("measure", "Measure", TEXT, "What is measured."),
    column("value", "Value", TEXT, "With its standard error, where it is estimated from some samples."),
    column("meaning", "What it says", TEXT, "How it is read."),
)
"""How far the distances of an embedding can be trusted."""


@public
@dataclass(frozen=True, eq=False, repr=False)
class Embedding(Result):
    """Two coordinates for each sample, from a layer's activations after an epoch.

    Attributes:
        layer: Name of the layer.
        epoch: Number of the epoch.
        layout: Coordinates, settings as they were used, seconds and quality.
        ids: Identity of each sample.
        labels: int64 ``(sample,)``, the class of each sample.
        predicted: int64 ``(sample,)``, the class that the model predicts at that epoch.
        file: Where it is kept in the user's cache; None if it was canceled or could not be written.
        context: The run it is of.
        total: Number of samples of the split, if that is above 100,000 and the samples here are a stratified sample by
            class; otherwise None.
    """

    layer: str
    epoch: int
    layout: Layout = field(repr=False)
    ids: SampleIds = field(repr=False)
    labels: np.ndarray = field(repr=False)
    predicted: np.ndarray = field(repr=False)
    file: Path | None
    context: RunContext = field(repr=False)
    total: int | None = field(default=None, repr=False)

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
        given: Any = {"k": QUALITY_NEIGHBORS, "seed": self.layout.settings["seed"], "labels": self.labels}
        return inspect_quality(self.activations(), self.xy, **given)

    def activations(self) -> np.ndarray:
        """The activations that were embedded, float32 ``(sample, unit)``, computed again."""
        return layer_activations(self.context, self.layer, self.ids, epoch=self.epoch)

    def transform(self, h: np.ndarray) -> np.ndarray:
        """Place new activations of the same layer; the samples that are there stay where they are.

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
                "new samples can be placed in a t-SNE embedding",
                got=f'an embedding by "{self.layout.method}"',
                hint='embed with method="tsne"',
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

        A file stands beside images in a folder, a row (from 1, without the line of names) beside those of a table.
        """
        names = self.class_names
        values: dict[str, Any] = {
            "x": self.xy[:, 0],
            "y": self.xy[:, 1],
            "label": [names[number] for number in self.labels.tolist()],
            "predicted": [names[number] for number in self.predicted.tolist()],
        }
        return of_samples(self.ids, Table(COLUMNS, values))

    def tables(self) -> tuple[Table, ...]:
        """The first rows of the table."""
        return (self.table().take(range(min(ROWS, len(self)))),)

    def notes(self) -> tuple[str, ...]:
        """That it shows a sample, if it does, and the cautions of its quality, if that was measured."""
        sampled = () if self.total is None else (f"The map shows {self.count}, with the same share of each class.",)
        return sampled + self._cautions

    @property
    def _cautions(self) -> tuple[str, ...]:
        return self.layout.quality.cautions if self.layout.quality else ()

    def quality_table(self) -> Table:
        """What is known about it without measuring more: how far its distances can be trusted, and the cautions."""
        quality, misplaced = self.layout.quality, self.layout.misplaced
        rows: list[tuple[str, str, str]] = []
        if self.layout.kl_divergence is not None:
            after = f"after {self.layout.settings['iterations']} iterations"
            rows.append(("KL divergence", number(self.layout.kl_divergence, 3), after))
        notes: list[str] = []
        if quality is not None:
            rows += quality_rows(quality)
            if quality.standard_errors:
                notes.append(f"± is the standard error: these are estimated from {quality.samples:,} samples")
            notes += [f"Caution: {each}" for each in quality.cautions]
        if misplaced is not None:
            share = percent(float((misplaced > MOST).mean()), 1)
            rows.append(("misplaced samples", share, "samples whose map neighbors are far away in the layer"))
        columns = zip(*rows, strict=True) if rows else ((), (), ())
        return Table(QUALITY, dict(zip(("measure", "value", "meaning"), columns, strict=True)), notes=tuple(notes))

    def to_json(self) -> dict[str, Any]:
        """What ``cutaway embed --json`` answers about the run."""
        layout = self.layout
        return {
            "layer": self.layer,
            "epoch": self.epoch,
            "method": layout.method,
            "samples": len(layout.xy),
            "total": len(layout.xy) if self.total is None else self.total,
            "canceled": self.canceled,
            "seconds": {part: layout.seconds.get(part) for part in ("neighbors", "affinities", "optimize", "total")},
            "kl_divergence": layout.kl_divergence,
            "quality": plain(layout.quality),
            "cautions": list(self._cautions),
            "settings": plain(layout.settings),
            "file": None if self.file is None else str(self.file),
        }

    def plot(self) -> "Figure":
        """Draw it as a matplotlib scatter plot in the colors of the classes."""
        from cutaway.plots import embedding_scatter

        return embedding_scatter(self.xy, self.labels, self.class_names, title=self.title)

    def _shown_table(self) -> str:
        return declared_html(self.quality_table())

    def bokeh(self) -> "BokehFigure":
        """Draw it as a Bokeh scatter plot; a click in the legend hides a class, hovering shows the sample.

        Up to 10,000 samples show their image as well.
        """
        from cutaway.plots import embedding_scatter_bokeh

        images = self.context.data.images(self.ids) if len(self) <= IMAGES else None
        return embedding_scatter_bokeh(
            self.xy,
            self.labels,
            self.class_names,
            names=self.ids.names(),
            predicted=self.predicted,
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
        from cutaway.topics.common.predictions import probabilities

        from .explored import class_columns, explorer_colors, misplaced_column, page_images

        context, ids, layer, epoch = self.context, self.ids, self.layer, self.epoch
        found = probabilities(context, ids, epoch=epoch)
        columns = class_columns(self.labels, self.class_names, [found.argmax(axis=1)], [found.max(axis=1)])
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


def quality_rows(quality: Quality) -> list[tuple[str, str, str]]:
    """The measures of a quality: what is measured, its value with its standard error, and how it is read."""
    errors = quality.standard_errors or {}

    def share(value: float, error: float | None) -> str:
        return percent(value, 1) + ("" if error is None else f" ± {100 * error:.1f}")

    def value(value: float, error: float | None, digits: int) -> str:
        return number(value, digits) + ("" if error is None else f" ± {number(error, digits)}")

    trust = value(quality.trustworthiness, errors.get("trustworthiness"), 4 if errors else 3)
    preserved = share(quality.neighbors_preserved, errors.get("neighbors_preserved"))
    rows = [
        ("trustworthiness", trust, "1 means map neighbors are also neighbors in the layer"),
        ("neighbors preserved", preserved, f"of the {quality.k} nearest in the layer"),
    ]
    for name, heading in (
        ("accuracy_layer", "k-NN accuracy, layer"),
        ("accuracy_plane", "k-NN accuracy, map"),
    ):
        if (accuracy := getattr(quality, name)) is not None:
            rows.append(
                (heading, share(accuracy, errors.get(name)), "samples whose nearest neighbors mostly share their label")
            )
    if quality.triplets is not None and quality.distance_correlation is not None:
        triplets = share(quality.triplets, quality.triplets_error)
        rows.append(("triplets kept", triplets, "pairs whose nearer one is still nearer; chance: 50.0%"))
        correlation = value(quality.distance_correlation, quality.distance_correlation_error, 2)
        rows.append(("distance correlation", correlation, "of all distances, layer with map"))
    return rows
