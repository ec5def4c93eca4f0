"""What the predictions of a run are worth class by class."""

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.checks import check_whole, warn_user
from cutaway.context import RunContext
from cutaway.errors import CutawayError, DataError, printable
from cutaway.metrics import LISTED, PerClass, SparseCounts, per_class
from cutaway.metrics import confusion_counts as count_pairs
from cutaway.results.result import Result
from cutaway.results.table import Table, column
from cutaway.results.units import COUNT, INTERVAL, NAME, percent, share
from cutaway.runs import file_name
from cutaway.topics.common.scoring import kind_of

from .confusion_matrix import confusion_counts

if TYPE_CHECKING:
    from cutaway.plots import Figure

COUNTS = 1
"""Part of the key of kept counts: another way of counting gives others."""


COLUMNS = (
    column("class", "Class", NAME, "Name of the class."),
    column("samples", "Samples", COUNT, "Samples of the class."),
    column("predicted", "Predicted", COUNT, "Samples that are predicted as it."),
    column("recall", "Recall", share(), "Share of its samples that are predicted as it."),
    column("recall_low recall_high", "95% interval", INTERVAL, "The 95% interval of the recall (Wilson)."),
    column("precision", "Precision", share(), "Share of the samples predicted as it that are of the class."),
    column("precision_low precision_high", "Its interval", INTERVAL, "The 95% interval of the precision (Wilson)."),
    column("f1", "F1", share(), "Harmonic mean of recall and precision."),
)
"""Recall, precision and F1 of each class."""


@dataclass(frozen=True, eq=False, repr=False)
class ClassMeasures(Result):
    """Recall, precision and F1 of every class, from the confusion matrix of one epoch.

    Attributes:
        split: The split whose samples were predicted.
        epoch: Number of the epoch.
        class_names: Names of the classes.
        measures: The numbers, arrays along the classes; NaN where one is not defined.
    """

    split: str
    epoch: int
    class_names: tuple[str, ...] = field(repr=False)
    measures: PerClass = field(repr=False)

    def line(self) -> str:
        """A one-line summary."""
        m = self.measures
        low, high = map(percent, m.accuracy_interval)
        return (
            f"ClassMeasures of {self.split}, epoch {self.epoch}: {len(self.class_names)} classes, accuracy "
            f"{percent(m.accuracy)} ({low} to {high}), balanced accuracy {percent(m.balanced_accuracy)}, largest class "
            f"alone {percent(m.baseline)}"
        )

    def table(self, n: int | None = None) -> Table:
        """One row for each class.

        Args:
            n: How many classes at most: of more, those with the lowest recall, the lowest first; all if None.
        """
        m = self.measures
        recall, precision = m.recall_interval, m.precision_interval
        values = {
            "class": self.class_names,
            "samples": m.samples,
            "predicted": m.predicted,
            "recall": m.recall,
            "recall_low": recall[0],
            "recall_high": recall[1],
            "precision": m.precision,
            "precision_low": precision[0],
            "precision_high": precision[1],
            "f1": m.f1,
        }
        return Table(COLUMNS, values).take(m.listed(len(self.class_names) if n is None else n).tolist())

    def tables(self) -> tuple[Table, ...]:
        """The table shown in a terminal."""
        m, notes = self.measures, list[str]()
        table = self.table(LISTED).without("Its interval")
        if (left_out := len(self.class_names) - LISTED) > 0:
            notes.append(f"The {LISTED} classes with the lowest recall; {left_out:,} more are left out.")
        low, high = map(percent, m.accuracy_interval)
        notes.append(f"95% interval of the accuracy: {low} to {high}.")
        notes.append(f"Balanced accuracy {percent(m.balanced_accuracy)} (the mean recall).")
        largest = printable(self.class_names[m.largest])
        notes.append(f"Always predicting {largest} would give {percent(m.baseline)}.")
        return (replace(table, title=f"{kind_of(self.split).capitalize()} samples by class", notes=tuple(notes)),)

    def summaries(self, n: int | None = None) -> list[dict[str, Any]]:
        """One JSON-able mapping for each class, with None for what is not defined; `n` as in `table`.

        Its keys: class, samples, predicted, recall, recall_low, recall_high, precision, precision_low, precision_high
        and f1. low and high are the 95% interval (Wilson).
        """
        return self.table(n).records()

    def to_json(self) -> dict[str, Any]:
        """Accuracies and the classes; above `LISTED` classes those with the lowest recall."""
        m = self.measures
        return {
            "classes": self.summaries(LISTED),
            "left_out": max(len(self.class_names) - LISTED, 0),
            "accuracy": m.accuracy,
            "accuracy_interval": list(m.accuracy_interval),
            "balanced_accuracy": m.balanced_accuracy,
            "baseline": m.baseline,
            "largest_class": self.class_names[m.largest],
        }

    def plot(self, n: int = 40) -> "Figure":
        """Draw recall and precision of each class with 95% intervals as a matplotlib Figure.

        Args:
            n: Classes at most: of more, those with the lowest recall; from 1.

        Raises:
            UsageError: It is below 1.
        """
        from cutaway.plots import Bars, bars

        values = self.table(check_whole(n, name="n", least=1)).values
        names = list(values["class"])

        def panel(name: str) -> "Bars":
            ends = (np.asarray(values[name + end], float) for end in ("", "_low", "_high"))
            return Bars(name, names, *ends, x_label="share", percent=True, limits=(0, 1))

        return bars([panel("recall"), panel("precision")], title=f"Classes of {self.split}, epoch {self.epoch}")


def classes_of_test(context: RunContext) -> ClassMeasures | str:
    """Measure the classes of the test samples at the kept epoch, or say why they are not known."""
    if context.manifest.test is None:
        status = context.folder.state
        numbers = "the training has not ended with predictions that are numbers"
        if status == "finished" and not len(context.split.test):
            numbers = "there are no test samples"
        elif status == "finished" and context.manifest.origin == "keras fit" and not context.knows_training_samples:
            numbers = "fit saw another number of samples than the split has to train on"
        unended = {
            "stopped": "the training was stopped before its end",
            "running": "the training has not ended yet",
            "died": "the process of the training is gone",
        }
        return unended.get(status, numbers)
    try:
        return class_measures(context)
    except CutawayError as error:
        return str(error)


def class_measures(context: RunContext, *, split: str = "test", epoch: int | None = None) -> ClassMeasures:
    """Measure every class; see `cutaway.Run.per_class`.

    The counts are kept among the results of the run, so that showing it again needs no Keras.
    """
    number = context.epoch(epoch)
    if not context.opens:
        counts = confusion_counts(context, split=split, epoch=number)
    else:
        name = _counts_name(context, split, number)
        counts = _kept_counts(context, name, samples=len(context.part(split)))
        if counts is None:
            counts = confusion_counts(context, split=split, epoch=number)
            pairs = counts.tocoo()
            kept = {"true": pairs.coords[0], "predicted": pairs.coords[1], "count": pairs.data}
            record = {key: values.tolist() for key, values in kept.items()}
            context.folder.results.write(name, json.dumps(record).encode())
    return ClassMeasures(split, number, context.class_names, per_class(counts))


def kept_class_measures(context: RunContext, *, split: str) -> ClassMeasures | None:
    """The same at the kept epoch where it was measured before; otherwise None."""
    number = context.epoch()
    counts = _kept_counts(context, _counts_name(context, split, number), samples=len(context.part(split)))
    return None if counts is None else ClassMeasures(split, number, context.class_names, per_class(counts))


def _counts_name(context: RunContext, split: str, epoch: int) -> str:
    """Name of the file with the counts of an epoch, with a digest of all that decides them."""
    digest, manifest = context.folder.snapshot_digest(epoch), context.manifest
    decides = [COUNTS, split, context.spec, manifest.dataset.sha256, manifest.dataset.scale, manifest.split]
    digest.update(json.dumps(decides, sort_keys=True).encode())
    return file_name("classes", split, f"epoch-{epoch:04d}", digest.hexdigest()[:12]) + ".json"


def _kept_counts(context: RunContext, name: str, *, samples: int) -> SparseCounts | None:
    """The counts in a file of the results; None where there is none, or one that is damaged."""
    data, classes = context.folder.results.read(name), len(context.class_names)
    if data is None:
        return None
    try:
        record = json.loads(data)
        true, predicted, count = (np.array(record[key], np.int64) for key in ("true", "predicted", "count"))
        fits = (
            true.ndim == 1 and true.shape == predicted.shape == count.shape and ((count > 0) & (count <= samples)).all()
        )
        if fits and int(count.sum()) == samples:
            return count_pairs(np.repeat(true, count), np.repeat(predicted, count), classes=classes)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError, DataError):
        pass
    warn_user(f"{name} is damaged and is computed again")
    return None
