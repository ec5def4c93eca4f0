"""An embedding as the user holds it: coordinates, how far to trust them, and the samples they belong to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.data import Dataset, SampleIds
from cutaway.embedding import Layout, Quality
from cutaway.errors import UsageError

if TYPE_CHECKING:
    from bokeh.plotting import figure
    from matplotlib.figure import Figure

PICTURES = 10_000
"""Points that carry their picture to the page at most: 2 MB of MNIST digits; more points show their names alone."""


def pictures_of(data: Dataset, ids: SampleIds) -> np.ndarray | None:
    """Samples as pictures for the eye, float32 ``(sample, height, width)`` in 0..1; None where they are no pictures.

    Data whose values leave 0..1 are stretched to it by their smallest and largest value; colors become gray.
    """
    if not data.is_image:
        return None
    pictures = data.inputs(ids, flat=False)
    if pictures.ndim == 4:
        pictures = pictures.mean(axis=-1)
    low, high = float(pictures.min(initial=0.0)), float(pictures.max(initial=1.0))
    return (pictures - low) / (high - low) if low < 0 or high > 1 else pictures


@dataclass(frozen=True, eq=False)
class Embedding:
    """Two coordinates for each sample of a layer's activations at an epoch.

    Attributes:
        layer: Name of the layer.
        epoch: Number of the epoch.
        layout: Coordinates, settings, seconds and trust.
        ids: Identity of each sample.
        labels: int64 ``(sample,)`` class of each.
        predicted: int64 ``(sample,)`` class that the model gives it at that epoch.
        class_names: Names of the classes.
        data: The dataset that the samples are of.
        reference: Computes the activations that were embedded, float32 ``(sample, unit)``.
        file: Where it is kept in the run folder; None where it was stopped before its end.
    """

    layer: str
    epoch: int
    layout: Layout = field(repr=False)
    ids: SampleIds = field(repr=False)
    labels: np.ndarray = field(repr=False)
    predicted: np.ndarray = field(repr=False)
    class_names: tuple[str, ...] = field(repr=False)
    data: Dataset = field(repr=False)
    reference: Callable[[], np.ndarray] = field(repr=False)
    file: Path | None

    @property
    def xy(self) -> np.ndarray:
        """Coordinates, float32 ``(sample, 2)``; their unit has no meaning."""
        return self.layout.xy

    @property
    def quality(self) -> Quality | None:
        """How far its distances can be believed; measured when first asked for in the further frames of a sequence."""
        return self._measured[0]

    @property
    def misplaced(self) -> np.ndarray | None:
        """float32 ``(sample,)``, 0..1: how far a sample's neighbors here are not its neighbors in the layer."""
        return self._measured[1]

    @cached_property
    def _measured(self) -> tuple[Quality | None, np.ndarray | None]:
        from cutaway.embedding import QUALITY_NEIGHBORS, inspect_quality

        # who stopped it did not want to wait for more
        stopped = self.layout.settings.get("stopped") == "canceled"
        if stopped or self.layout.quality is not None or len(self.xy) <= 2 * QUALITY_NEIGHBORS:
            return self.layout.quality, self.layout.misplaced
        seed = self.layout.settings["seed"]
        return inspect_quality(self.reference(), self.xy, k=QUALITY_NEIGHBORS, seed=seed, labels=self.labels)

    def transform(self, h: np.ndarray) -> np.ndarray:
        """Place unseen activations of the same layer; what is there stays where it is.

        Args:
            h: float32 ``(sample, unit)``, such as ``run.activations`` gives, of samples that were not embedded.

        Returns:
            float32 ``(sample, 2)``.

        Raises:
            UsageError: The embedding is none of t-SNE.
            DataError: The activations are no finite numbers, or of another layer.
        """
        from cutaway.embedding import place

        if self.layout.method != "tsne":
            raise UsageError(
                "new samples can be placed in a t-SNE",
                got=f'an embedding by "{self.layout.method}"',
                hint='embed with method="tsne"',
            )
        return place(h, self._placement)

    @cached_property
    def _placement(self) -> Any:
        from cutaway.embedding import placement

        return placement(self.reference(), self.xy)

    @property
    def title(self) -> str:
        """What it shows, in a few words."""
        names = {"tsne": "t-SNE", "pca": "PCA", "lda": "LDA", "umap": "UMAP"}
        return f"{self.layer}, epoch {self.epoch}: {names[self.layout.method]} of {len(self.xy):,} samples"

    def to_pandas(self) -> Any:
        """A pandas DataFrame, one row a sample: sample, x, y, label, predicted."""
        import pandas

        names = np.asarray(self.class_names)
        return pandas.DataFrame(
            {
                "sample": self.ids.names(),
                "x": self.xy[:, 0],
                "y": self.xy[:, 1],
                "label": names[self.labels],
                "predicted": names[self.predicted],
            }
        )

    def plot(self) -> "Figure":
        """Draw it as a matplotlib scatter in the colors of the classes."""
        from cutaway.plots import embedding_scatter

        return embedding_scatter(self.xy, self.labels, self.class_names, title=self.title)

    def bokeh(self) -> "figure":
        """Draw it as a Bokeh WebGL scatter; a click on the legend hides a class, hovering tells of the sample.

        Up to 10,000 samples show their picture as well.
        """
        from cutaway.plots import embedding_scatter_bokeh

        return embedding_scatter_bokeh(
            self.xy,
            self.labels,
            self.class_names,
            names=self.ids.names(),
            predicted=self.predicted,
            pictures=pictures_of(self.data, self.ids) if len(self.ids) <= PICTURES else None,
        )
