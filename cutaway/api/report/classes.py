"""The section on single classes: recall, precision and F1 of each."""

from cutaway.findings import class_in_words
from cutaway.metrics import LISTED, per_class
from cutaway.page import Section, Table

from .rows import percent
from .source import ReportSource


def classes(source: ReportSource) -> Section | None:
    """A row for each class; None if there are no held-out samples."""
    if not len(source.ids) or not source.confusion.nnz:
        return None
    m, names = per_class(source.confusion), source.context.class_names
    rows = tuple(
        {
            "Class": names[i],
            f"{source.kind.capitalize()} samples": f"{int(m.samples[i]):,}",
            "Predicted": f"{int(m.predicted[i]):,}",
            "Recall": percent(float(m.recall[i])),
            "Precision": percent(float(m.precision[i])),
            "F1": percent(float(m.f1[i])),
        }
        for i in map(int, m.listed())
    )
    caption = (
        "Recall is the share of a class's samples that are predicted as it, precision the share of its predictions "
        "that are right, F1 their harmonic mean; a dash where there is nothing to divide by."
    )
    lead = (
        f"Accuracy {percent(m.accuracy)}, balanced accuracy (the mean recall) {percent(m.balanced_accuracy)}. Always "
        f"predicting {class_in_words(names[m.largest])}, the largest, would give {percent(m.baseline)}."
    )
    if len(names) > LISTED:
        many = f"Of {len(names):,} classes, the {LISTED} with the lowest recall are listed"
        lead = f"{lead} {many}; run.per_class() has all of them."
    return Table(name="classes", title="Recall and precision by class", lead=lead, rows=rows, caption=caption)
