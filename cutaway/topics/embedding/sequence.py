"""A sequence of embeddings as the user holds it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from cutaway._lazy import public
from cutaway.checks import check_whole
from cutaway.data import SampleIds
from cutaway.results.notebook import NotebookDisplay, png_of

from .result import Embedding

if TYPE_CHECKING:
    import pandas

    from cutaway.plots import Figure

    from .film import Film


@public
@dataclass(frozen=True, eq=False)
class EmbeddingSequence(NotebookDisplay):
    """Embeddings of the same samples, each started from the one before and aligned with it.

    Attributes:
        embeddings: The embeddings, in order.
        names: What each shows: "epoch 3", or a layer's name.
        drift: float32 ``(embedding - 1, sample)``: how far a sample moved since the embedding before, in units of that
            embedding's radius (root mean square distance from its mean).
        preserved: float32 ``(embedding - 1, sample)``, 0..1: share of its 15 nearest neighbors in the layer before that
            are its nearest again (a quarter of the samples, where there are fewer than 60).
    """

    embeddings: tuple[Embedding, ...] = field(repr=False)
    names: tuple[str, ...]
    drift: np.ndarray = field(repr=False)
    preserved: np.ndarray = field(repr=False)

    def __repr__(self) -> str:
        shown = ", ".join(self.names)
        return f"<EmbeddingSequence of {len(self)} embeddings of {self.embeddings[0].count}: {shown}>"

    def __len__(self) -> int:
        return len(self.embeddings)

    def __getitem__(self, position: int) -> Embedding:
        return self.embeddings[position]

    @property
    def ids(self) -> SampleIds:
        """Identity of each sample."""
        return self.embeddings[0].ids

    @property
    def xy(self) -> np.ndarray:
        """Coordinates, float32 ``(embedding, sample, 2)``; their unit has no meaning, but all embeddings share it."""
        return np.stack([embedding.xy for embedding in self.embeddings])

    def plot(self, *, columns: int = 4) -> "Figure":
        """Draw all embeddings side by side, with the same axes, as a matplotlib Figure.

        Args:
            columns: Maximum number of embeddings in a row, from 1.

        Raises:
            UsageError: It is below 1.
        """
        from cutaway.plots import embedding_steps

        first = self.embeddings[0]
        columns = check_whole(columns, name="columns", least=1)
        return embedding_steps(self.xy, first.labels, first.class_names, titles=self.names, columns=columns)

    def film(self) -> "Film":
        """Make a film, in which points move from one embedding to the next on the same axes; a notebook plays it.

        Returns:
            An animated image; ``save(path)`` writes it into a file.
        """
        from cutaway.plots import embedding_film

        from .film import Film

        first = self.embeddings[0]
        data = embedding_film(self.xy, first.labels, first.class_names, titles=self.names)
        return Film(self.names, "webp", data, png_of(self.plot()))

    def _shown_table(self) -> str:
        return ""

    def to_pandas(self) -> "pandas.DataFrame":
        """A pandas DataFrame, one row per embedding and sample.

        Columns: embedding, sample, x, y, label, predicted, drift, preserved. The last two are NaN in the first one.
        """
        import pandas

        tables = [embedding.to_pandas() for embedding in self.embeddings]
        missing = np.full((1, len(self.ids)), np.nan, np.float32)
        drift, preserved = np.vstack([missing, self.drift]), np.vstack([missing, self.preserved])
        for table, name, moved, share in zip(tables, self.names, drift, preserved, strict=True):
            table.insert(0, "embedding", name)
            table["drift"], table["preserved"] = moved, share
        return pandas.concat(tables, ignore_index=True)
