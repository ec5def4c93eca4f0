"""What an explorer shows of samples and embeddings, for a notebook and for a report."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from cutaway.api.analyses.predictions import probabilities
from cutaway.api.context import RunContext
from cutaway.data import SampleIds
from cutaway.errors import Canceled, CutawayError
from cutaway.page import Explorer, LayerMap, SampleColumn, scale_layout
from cutaway.progress import ProgressCallback, ignore_progress
from cutaway.runs import KeptResult, digest_of, kept, result_name

METHOD = 1
"""Part of the key of kept neighbors: another way of finding them may give others."""

NEIGHBORS = 8
"""Nearest samples that a card shows."""

LARGEST_SIDE = 64
"""Pixels of the longer side of a picture in the page; larger ones lose rows and columns."""


class EmbeddedSamples(Protocol):
    """What an explorer shows of an `Embedding`."""

    @property
    def context(self) -> RunContext:
        """The run."""
        ...

    @property
    def layer(self) -> str:
        """Name of the layer."""
        ...

    @property
    def epoch(self) -> int:
        """Number of the epoch."""
        ...

    @property
    def ids(self) -> SampleIds:
        """Identity of each sample."""
        ...

    @property
    def labels(self) -> np.ndarray:
        """The class of each, int64 (sample,)."""
        ...

    @property
    def xy(self) -> np.ndarray:
        """Coordinates, float32 (sample, 2)."""
        ...

    @property
    def misplaced(self) -> np.ndarray | None:
        """How far each is misplaced, 0..1 (sample,)."""
        ...

    @property
    def title(self) -> str:
        """What it shows."""
        ...

    def activations(self) -> np.ndarray:
        """What was embedded, float32 (sample, unit)."""
        ...


def embedding_explorer(embedding: EmbeddedSamples, *, on_progress: ProgressCallback = ignore_progress) -> Explorer:
    """An explorer of one embedding: its layer, its epoch and its samples."""
    context, epoch = embedding.context, embedding.epoch
    found = probabilities(context, embedding.ids, epoch=epoch, on_progress=on_progress)
    columns = class_columns(embedding.labels, context.class_names, [found.argmax(axis=1)], [found.max(axis=1)])
    if embedding.misplaced is not None:
        columns.append(misplaced_column(embedding.misplaced))
    detail = f"epoch {epoch}"
    return Explorer(
        name="explore",
        title=embedding.title,
        names=tuple(context.named(embedding.ids).names()),
        epochs=(epoch,),
        kept=0,
        columns=tuple(columns),
        layers=(
            LayerMap(name=embedding.layer, title=embedding.layer, detail=detail, layouts=(scale_layout(embedding.xy),)),
        ),
        pictures=page_pictures(context, embedding.ids),
        neighbors=near_samples(embedding, on_progress=on_progress),
        neighbors_in=embedding.layer,
        colors=explorer_colors(),
    )


def class_columns(
    labels: np.ndarray, names: tuple[str, ...], predicted: Sequence[np.ndarray], confidence: Sequence[np.ndarray]
) -> list[SampleColumn]:
    """Labels, and predictions after each epoch.

    Args:
        labels: Integers (sample,).
        names: Names of the classes.
        predicted: Integers (sample,), for each epoch.
        confidence: Probability of the predicted class (sample,), for each epoch.
    """
    wrong = tuple((each != labels).astype(np.int64) for each in predicted)
    classes: dict[str, Any] = {"kind": "category", "names": names, "palette": "classes"}
    return [
        SampleColumn(key="label", title="Label", values=(labels,), **classes),
        SampleColumn(key="predicted", title="Prediction", values=tuple(predicted), **classes),
        SampleColumn(
            key="right",
            title="Right or wrong",
            kind="category",
            values=wrong,
            names=("right", "wrong"),
            palette="right",
        ),
        SampleColumn(key="confidence", title="Confidence", kind="number", values=tuple(confidence)),
    ]


def misplaced_column(misplaced: np.ndarray) -> SampleColumn:
    """How far samples are misplaced on the map, 0..1 (sample,)."""
    return SampleColumn(key="misplaced", title="Misplaced on the map", kind="number", values=(misplaced,))


def page_pictures(context: RunContext, ids: SampleIds) -> np.ndarray | None:
    """Samples as the page shows them, uint8 (sample, height, width); None where they are no pictures."""
    pictures = context.data.pictures(ids)
    if pictures is None:
        return None
    step = -(-max(pictures.shape[1:]) // LARGEST_SIDE)
    return np.rint(255 * pictures[:, ::step, ::step]).astype(np.uint8)


def near_samples(embedding: EmbeddedSamples, *, on_progress: ProgressCallback) -> np.ndarray | None:
    """The nearest samples to each, by activation, int32 (sample, k); None if the activations cannot be compared."""
    context, ids = embedding.context, embedding.ids
    count, k = len(ids), min(NEIGHBORS, len(ids) - 1)

    def compute() -> np.ndarray:
        from cutaway.neighbors import nearest_neighbors

        return nearest_neighbors(embedding.activations(), k, on_progress=on_progress).index

    decides = [METHOD, embedding.layer, k, digest_of(ids.source_index, ids.index)]
    try:
        return kept(
            context.folder,
            result_name(context.folder, "neighbors", epochs=[embedding.epoch], decides=decides),
            read=lambda found: found.array("index", np.int32, count, k, low=0, high=count - 1),
            write=lambda index: KeptResult(arrays={"index": index}),
            compute=compute,
        )
    except Canceled:
        raise
    except CutawayError:  # a model that has diverged; other sections say so
        return None


def explorer_colors() -> dict[str, Any]:
    """The colors of figures, for the page."""
    from cutaway.plots import CLASS_COLORS, COMPARED_COLORS, MISSING_COLOR, RIGHT_COLOR, SEQUENTIAL_COLORS, WRONG_COLOR

    return {
        "classes": list(CLASS_COLORS),
        "sequential": list(SEQUENTIAL_COLORS),
        "compared": list(COMPARED_COLORS),
        "right": RIGHT_COLOR,
        "wrong": WRONG_COLOR,
        "missing": MISSING_COLOR,
    }
