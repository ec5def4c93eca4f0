"""The sections on classes: which are mistaken for which, and recall, precision and F1 of each."""

import numpy as np

from cutaway.findings import class_in_words
from cutaway.metrics import LISTED, most_mistaken, per_class
from cutaway.page import Matrix, Section, Table
from cutaway.results.units import percent
from cutaway.topics.common.source import ReportSource

from .measures import ClassMeasures

MATRIX_CLASSES = 50
"""Classes in the confusion matrix at most: its cells, 2,500 then, take 0.2 MB, and a million of 1,000 classes 60 MB."""


def classes(source: ReportSource) -> Section | None:
    """A row for each class; None if there are no held-out samples."""
    if not len(source.ids) or not source.confusion.nnz:
        return None
    m, names = per_class(source.confusion), source.context.class_names
    found = ClassMeasures(source.split, source.context.epoch(), names, m).table(LISTED)
    caption = (
        f"Of the {source.kind} samples. Recall is the share of a class's samples that are predicted as it, precision "
        "the share of its predictions that are right, F1 their harmonic mean; a dash means that the denominator is 0."
    )
    lead = (
        f"Accuracy {percent(m.accuracy)}, balanced accuracy (the mean recall) {percent(m.balanced_accuracy)}. Always "
        f"predicting {class_in_words(names[m.largest])}, the largest, would give {percent(m.baseline)}."
    )
    if len(names) > LISTED:
        many = f"Of {len(names):,} classes, the {LISTED} with the lowest recall are listed"
        lead = f"{lead} {many}; run.per_class() has all of them."
    return Table(
        name="classes",
        title="Recall and precision by class",
        lead=lead,
        rows=tuple(found.texts()),
        caption=caption,
        meanings=found.meanings(),
    )


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
