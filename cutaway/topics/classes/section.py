"""The section on classes: their confusions, and recall, precision and F1 of each."""

from dataclasses import replace

import numpy as np

from cutaway.metrics import most_mistaken, per_class
from cutaway.page import Matrix, Section
from cutaway.results.table import columns_of
from cutaway.topics.common.sections import result_section
from cutaway.topics.common.source import ReportSource

from .classes import ClassMeasures, ClassRows

MATRIX_CLASSES = 50
"""Classes in the confusion matrix at most: its cells, 2,500 then, take 0.2 MB, and a million of 1,000 classes 60 MB."""


def classes(source: ReportSource) -> Section | None:
    """The confusion matrix, and a row for each class; None if there are no held-out samples."""
    if not len(source.ids):
        return None
    if not source.confusion.nnz:
        return replace(_matrix(source), name="classes")
    names = source.context.class_names
    found = ClassMeasures(source.split, source.context.epoch(), names, per_class(source.confusion))
    tables = [replace(each, columns=columns_of(ClassRows)) for each in found.tables()]
    return result_section("classes", "Classes", tables=tables, first=(_matrix(source),))


def _matrix(source: ReportSource) -> Matrix:
    counts, names = source.confusion, source.context.class_names
    shown, samples, caption = np.arange(len(names)), counts.sum(axis=1), ""
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
        lead=f"Each row holds the {source.kind} samples of one true class, each column those predicted as one class. "
        "The stronger the color, the larger the share of its row.",
        names=tuple(names[int(k)] for k in shown),
        classes=tuple(int(k) for k in shown),
        counts=counts.toarray(),
        samples=np.asarray(samples).ravel(),
        caption=caption,
        click=_click(source),
    )


def _click(source: ReportSource) -> str:
    """What a click on a cell does; the page says so once it has drawn the map."""
    if source.options.split not in (None, source.split):
        return "A click on a cell shows the samples on the map with the same true and predicted class."
    if len(source.shown) < len(source.ids):
        return "A click on a cell shows its samples, if they are on the map."
    return "A click on a cell shows its samples on the map."
