"""Sections with a figure: learning curves, confusion matrix."""

import re

import numpy as np

from cutaway.metrics import most_mistaken
from cutaway.page import Figure, Matrix, Section

from .source import ReportSource

JUDGED = ("divergence", "stalled", "learning-rate-too-low", "learning-rate-too-high", "oscillation", "overfitting")
"""Kinds of findings that judge learning curves; the worst is the verdict. A rate that is too low is underfitting."""

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
        lead=_verdict(source),
        figure=learning_curves_bokeh(history.rows, turned=history.turned, kept=_kept_epoch(source)),
        caption="Training values are averages over the epoch, while the weights changed and any dropout was active; "
        "validation values are of the weights after the epoch, on samples that the model was not trained on.",
    )


def _kept_epoch(source: ReportSource) -> int | None:
    """The epoch whose weights are kept; None where the history does not have it."""
    kept = source.context.row()
    return None if kept is None else int(kept["epoch"])


def _verdict(source: ReportSource) -> str:
    """What the findings say of the curves, in a sentence or two, and whether early stopping ended them."""
    found = next((each for each in source.findings if each.kind in JUDGED), None)
    said = [] if found is None else [f"{found.title}.", re.split(r"(?<=\.) (?=[A-Z])", found.text, maxsplit=1)[0]]
    config, rows = source.context.manifest.config, source.history.rows
    epochs = config.get("epochs")
    ended_early = config.get("patience") is not None and isinstance(epochs, int) and len(rows) < epochs
    is_finished = source.context.manifest.status == "finished"
    if is_finished and ended_early:
        said.append(f"Early stopping ended the training after epoch {rows[-1]['epoch']}.")
    return " ".join(said)


def confusions(source: ReportSource) -> Section | None:
    """Which class is mistaken for which; None without held-out samples."""
    if not len(source.ids):
        return None
    counts, names = source.confusion, source.context.class_names
    shown, samples = np.arange(len(names)), counts.sum(axis=1)
    lead = (
        f"Each row holds the {source.kind} samples of one true class, each column those predicted as one class. The "
        "stronger the color, the larger the share of its row."
    )
    caption = ""
    if len(names) > MATRIX_CLASSES:
        shown = most_mistaken(counts, MATRIX_CLASSES)
        part = counts[shown][:, shown]
        wrong, missing = int(part.sum() - part.trace()), int(counts.sum() - counts.trace())
        caption = (
            f"Of {len(names):,} classes, the {MATRIX_CLASSES} with the most mistakes are shown: {wrong:,} of "
            f"{missing:,} mistakes are between two of them."
        )
        counts, samples = part, samples[shown]
    return Matrix(
        name="confusions",
        title="Confusion matrix",
        lead=lead,
        names=tuple(names[int(k)] for k in shown),
        classes=tuple(int(k) for k in shown),
        counts=counts.toarray(),
        samples=np.asarray(samples).ravel(),
        caption=caption,
        click=_click(source),
    )


def _click(source: ReportSource) -> str:
    """What a click on a cell does; the page says it where it has drawn the map."""
    if source.asked not in (None, source.split):
        return "A click on a cell shows the samples on the map with the same true and predicted class."
    if len(source.shown) < len(source.ids):
        return "A click on a cell shows those of its samples that are on the map."
    return "A click on a cell shows its samples on the map."
