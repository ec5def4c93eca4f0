"""Sections with a figure: learning curves, confusion matrix, embedding."""

from typing import TYPE_CHECKING

from cutaway.metrics import most_mistaken
from cutaway.page import Figure, Section

from .rows import percent
from .source import ReportSource

if TYPE_CHECKING:
    from cutaway.api.analyses import Embedding

MAX_EMBEDDED = 10_000
"""Samples in the embedding at most: with their pictures they add about 3 MB to the page."""

MATRIX_CLASSES = 50
"""Classes in the confusion matrix at most: its cells, 2,500 then, take 0.2 MB, and a million of 1,000 classes 60 MB."""

MIN_EMBEDDED = 20
"""With fewer test samples than this, an embedding shows no structure."""


def learning(source: ReportSource) -> Section | None:
    """Loss and accuracy by epoch; None for a model that was not trained here."""
    from cutaway.plots import learning_curves_bokeh

    history = source.history
    if not history.rows:
        return None
    return Figure(
        name="learning",
        title="Learning curves",
        figure=learning_curves_bokeh(history.rows, turned=history.turned),
        caption="Training values are averages over the epoch, while the weights changed and any dropout was active; "
        "validation values are of the weights after the epoch, on samples that the model was not trained on.",
    )


def confusions(source: ReportSource) -> Section | None:
    """Which class is mistaken for which; None without held-out samples."""
    from cutaway.plots import confusion_matrix_bokeh

    if not len(source.ids):
        return None
    counts, names = source.confusion, source.context.class_names
    caption = (
        f"Each row holds the {source.kind} samples of one true class, each column those predicted as one class. "
        "Correct predictions are gray. The stronger the orange, the larger the share of that mistake in its row."
    )
    samples = counts.sum(axis=1)
    if len(names) > MATRIX_CLASSES:
        shown = most_mistaken(counts, MATRIX_CLASSES)
        part = counts[shown][:, shown]
        wrong, missing = int(part.sum() - part.trace()), int(counts.sum() - counts.trace())
        caption += (
            f" Of {len(names):,} classes, the {MATRIX_CLASSES} with the most mistakes are shown: {wrong:,} of "
            f"{missing:,} mistakes are between two of them."
        )
        counts, names, samples = part, tuple(names[int(i)] for i in shown), samples[shown]
    return Figure(
        name="confusions",
        title="Confusion matrix",
        figure=confusion_matrix_bokeh(counts.toarray(), names, samples=samples),
        caption=caption,
        beside=True,
    )


def embedding(source: ReportSource) -> Section | None:
    """The last hidden layer in the plane; None if there are too few held-out samples."""
    from cutaway.api.analyses import embed_layer, kept_embedding

    samples = min(len(source.ids), MAX_EMBEDDED)
    if samples < MIN_EMBEDDED:
        return None
    # whoever has embedded all samples, as the demo does, does not wait for the test samples alone
    kept = kept_embedding(source.context, None, shown=source.context.ids(source.split, samples=MAX_EMBEDDED, seed=0))
    if kept is not None:
        return _figure(source, kept, of=len(source.context.split.part("all")))
    embedded = embed_layer(
        source.context,
        None,
        split=source.split,
        epoch=None,
        points=MAX_EMBEDDED,
        settings={"method": "tsne", "seed": 0},
        on_progress=source.on_progress,
    )
    return _figure(source, embedded, of=samples)


def _figure(source: ReportSource, embedded: "Embedding", *, of: int) -> Figure:
    """The figure of an embedding ``of`` so many samples, which shows those that are held out."""
    caption = _embedding_caption(source, embedded, of=of)
    return Figure(name="embedding", title="Embedding of a layer", figure=embedded.bokeh(), caption=caption)


def _embedding_caption(source: ReportSource, embedded: "Embedding", *, of: int) -> str:
    quality, perplexity = embedded.layout.quality, embedded.layout.settings["perplexity"]
    shown = f"{len(embedded):,} samples of the {source.kind} split"
    if of > len(embedded):
        shown = f"{of:,} samples, of which {len(embedded):,} of the {source.kind} split are shown"
    caption = (
        f"{embedded.layer}, epoch {embedded.epoch}: t-SNE of {shown}, perplexity {perplexity:g}. Each point is a "
        "sample, colored by its true class."
    )
    if quality:
        caption += (
            f" Of a sample's {quality.k} nearest neighbors in the layer, {percent(quality.neighbors_preserved)} are"
            f" among its {quality.k} nearest in the figure; trustworthiness {quality.trustworthiness:.3f}."
        )
        if quality.standard_errors:
            error = 100 * quality.standard_errors["neighbors_preserved"]
            caption += f" Both are estimated from {quality.samples:,} samples, the first to ± {error:.1f} points."
    return caption
