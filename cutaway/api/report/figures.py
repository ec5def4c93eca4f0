"""Sections with a figure: learning curves, confusion matrix."""

from cutaway.metrics import most_mistaken
from cutaway.page import Figure, Section

from .source import ReportSource

MATRIX_CLASSES = 50
"""Classes in the confusion matrix at most: its cells, 2,500 then, take 0.2 MB, and a million of 1,000 classes 60 MB."""


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
