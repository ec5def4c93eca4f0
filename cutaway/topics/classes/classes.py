"""How good predictions are class by class: the confusion matrix and its measures."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway import metrics
from cutaway.cache import CachedResult, cached
from cutaway.checks import check_whole
from cutaway.context import RunContext
from cutaway.errors import CutawayError, UsageError, printable
from cutaway.metrics import LISTED, PerClass, SparseCounts, per_class, roc_area
from cutaway.results.notebook import NotebookDisplay
from cutaway.results.result import Result
from cutaway.results.table import Interval, Table, value
from cutaway.results.units import COUNT, NAME, SHARE_WITH_LIMITS, share
from cutaway.topics.common.predictions import labels, predict_classes, probabilities
from cutaway.topics.common.scoring import kind_of
from cutaway.words import cut, percent

if TYPE_CHECKING:
    import pandas

    from cutaway.plots import Figure

DENSE_CLASSES = 10_000
"""Classes of a confusion matrix as an array at most: it takes 800 MB."""

DRAWN = 200
"""Maximum number of classes to draw."""


OF_PRECISION = "Its interval"
"""Heading of a column that has no room in a terminal."""


class Confusion(np.ndarray[Any, np.dtype[np.int64]], NotebookDisplay):
    """Counts, int64 ``(true class, predicted class)``: a NumPy array; results of computing with it are plain arrays.

    Attributes:
        class_names: Names of the classes; none of a view of it, such as its transpose.
    """

    class_names: tuple[str, ...]

    def __new__(cls, counts: np.ndarray, class_names: Sequence[str]) -> "Confusion":
        """Take the counts, ``(class, class)``, without a copy, and a name for each class."""
        made = np.asarray(counts).view(cls)
        made.class_names = tuple(class_names)
        return made

    def __array_finalize__(self, obj: Any) -> None:
        self.class_names = ()

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        plain = np.asarray(array)
        return plain[()] if return_scalar else plain

    def __getitem__(self, key: Any) -> Any:
        return np.asarray(self)[key]

    def __reduce__(self) -> Any:
        return (Confusion, (np.asarray(self), self.class_names)) if self.class_names else np.asarray(self).__reduce__()

    def __repr__(self) -> str:
        if not self.class_names:
            return repr(np.asarray(self))
        counts = np.asarray(self)
        total, right = int(counts.sum()), int(np.trace(counts))
        share = f" ({percent(right / total)})" if total else ""
        return f"<Confusion of {len(counts)} classes: {total:,} samples, {right:,} correct{share}>"

    def to_pandas(self) -> "pandas.DataFrame":
        """A pandas DataFrame (true class, predicted class) with the names of the classes."""
        import pandas

        self._check()
        names = list(self.class_names)
        index, columns = pandas.Index(names, name="true"), pandas.Index(names, name="predicted")
        return pandas.DataFrame(np.asarray(self), index=index, columns=columns)

    def plot(self) -> "Figure":
        """Draw it as a matplotlib Figure: the diagonal gray, mistakes orange.

        Raises:
            UsageError: It is a part of the matrix, or there are more than 200 classes.
        """
        from cutaway.plots import confusion_matrix

        self._check(DRAWN)
        return confusion_matrix(np.asarray(self), self.class_names)

    def _check(self, most: int | None = None) -> None:
        if not self.class_names:
            raise UsageError(
                f"this part of a confusion matrix has the shape {self.shape} and no class names",
                hint="use the whole matrix that run.confusion() returned",
            )
        if most is not None and len(self) > most:
            raise UsageError(
                f"cannot draw a confusion matrix of {len(self):,} classes: {most} is the most",
                hint="use run.per_class()",
            )


def confusion_counts(context: RunContext, *, split: str = "test", epoch: int | None = None) -> metrics.SparseCounts:
    """Counts, sparse int64 ``(true class, predicted class)``."""
    predicted = predict_classes(context, context.part(split), epoch=epoch).predicted
    return metrics.confusion_counts(labels(context, split), predicted, classes=context.data.classes)


def confusion(context: RunContext, *, split: str = "test", epoch: int | None = None) -> Confusion:
    """Counts, int64 ``(true class, predicted class)``, an array that draws itself.

    Raises:
        UsageError: There are more than `DENSE_CLASSES` classes.
    """
    if len(context.class_names) > DENSE_CLASSES:
        raise UsageError(
            f"{len(context.class_names):,} classes are too many for a confusion matrix: {DENSE_CLASSES:,} is the most",
            hint="use run.per_class() and run.mistakes()",
        )
    return Confusion(confusion_counts(context, split=split, epoch=epoch).toarray(), context.class_names)


@dataclass(frozen=True, eq=False)
class ClassRows:
    """Recall, precision and F1 of each class, arrays ``(class,)``."""

    name: Sequence[str] = value("Class", NAME, "Name of the class.", names=("class",))
    samples: np.ndarray = value("Samples", COUNT, "Samples of the class.")
    predicted: np.ndarray = value("Predicted", COUNT, "Samples that are predicted as it.")
    recall: Interval = value(
        "Recall",
        share(1),
        "Share of its samples that are predicted as it.",
        limits=("95% interval", "The 95% interval of the recall (Wilson)."),
    )
    precision: Interval = value(
        "Precision",
        share(1),
        "Share of the samples predicted as it that are of the class.",
        limits=(OF_PRECISION, "The 95% interval of the precision (Wilson)."),
    )
    f1: np.ndarray = value("F1", share(), "Harmonic mean of recall and precision.")


@dataclass(frozen=True, eq=False, repr=False)
class ClassMeasures(Result):
    """Recall, precision and F1 of every class, from the confusion matrix of one epoch.

    Attributes:
        split: The split whose samples were predicted.
        epoch: Number of the epoch.
        class_names: Names of the classes.
        measures: The numbers, arrays along the classes; NaN if one is not defined.
        area: Area under the ROC curve of two classes, with the ends of its 95% interval; None if that is not known.
    """

    split: str
    epoch: int
    class_names: tuple[str, ...]
    measures: PerClass
    area: tuple[float, float, float] | None = None

    def line(self) -> str:
        """A one-line summary."""
        m = self.measures
        accuracy = SHARE_WITH_LIMITS.text(m.accuracy, *m.accuracy_interval)
        return (
            f"ClassMeasures of {self.split}, epoch {self.epoch}: {len(self.class_names)} classes, accuracy {accuracy}, "
            f"balanced accuracy {percent(m.balanced_accuracy)}, largest class alone {percent(m.baseline)}"
        )

    def table(self, n: int | None = None) -> Table:
        """One row for each class.

        Args:
            n: How many classes at most: of more, those with the lowest recall, the lowest first; all if None.
        """
        m = self.measures
        recall, precision = Interval(m.recall, *m.recall_interval), Interval(m.precision, *m.precision_interval)
        rows = ClassRows(self.class_names, m.samples, m.predicted, recall, precision, m.f1)
        return Table.of(ClassRows, rows).take(m.listed(len(self.class_names) if n is None else n).tolist())

    def tables(self) -> tuple[Table, ...]:
        """The classes, and what all of them together are worth."""
        m = self.measures
        listed, left_out = cut(self.class_names, LISTED)
        notes = (
            *([f"The {LISTED} classes with the lowest recall; {left_out:,} more are left out."] * (left_out > 0)),
            f"Accuracy with its 95% interval: {SHARE_WITH_LIMITS.text(m.accuracy, *m.accuracy_interval)}.",
            f"Balanced accuracy {percent(m.balanced_accuracy)} (the mean recall).",
            f"Always predicting {printable(self.class_names[m.largest])} would give {percent(m.baseline)}.",
            *(["AUC {:.4f} (95% interval {:.4f} to {:.4f}).".format(*self.area)] if self.area else []),
        )
        title = f"{kind_of(self.split).capitalize()} samples by class"
        return (replace(self.table(len(listed)), title=title, notes=notes).without(OF_PRECISION),)

    def summaries(self, n: int | None = None) -> list[dict[str, Any]]:
        """One JSON-able mapping for each class, with None for undefined values; `n` as in `table`."""
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
            "area": self.area and list(self.area),
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
        panels = [
            Bars(
                name,
                list(values["class"]),
                *(np.asarray(values[name + end], float) for end in ("", "_low", "_high")),
                x_label="share",
                percent=True,
                limits=(0, 1),
            )
            for name in ("recall", "precision")
        ]
        return bars(panels, title=f"Classes of {self.split}, epoch {self.epoch}")


def classes_of_test(context: RunContext) -> ClassMeasures | str | CutawayError:
    """Measure the classes of the test samples at the kept epoch, or return why they are not known."""
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
        return error


def class_measures(context: RunContext, *, split: str = "test", epoch: int | None = None) -> ClassMeasures:
    """Measure every class; see `cutaway.Run.per_class`.

    The counts are kept in the cache: showing it again needs no Keras.
    """
    number = context.epoch(epoch)

    def compute() -> tuple[SparseCounts, tuple[float, float, float] | None]:
        counts, area = confusion_counts(context, split=split, epoch=number), None
        if len(context.class_names) == 2 and counts.sum(axis=1).all():
            scores = probabilities(context, context.part(split), epoch=number)[:, 1]
            area = roc_area(labels(context, split) == 1, scores)
        return counts, area

    counts, area = _kept_counts(context, split, number).get(compute) if context.opens else compute()
    return ClassMeasures(split, number, context.class_names, per_class(counts), area)


def kept_class_measures(context: RunContext, *, split: str) -> ClassMeasures | None:
    """The same at the kept epoch if it was measured before; otherwise None."""
    number = context.epoch()
    kept = _kept_counts(context, split, number).read()
    return None if kept is None else ClassMeasures(split, number, context.class_names, per_class(kept[0]), kept[1])


def _kept_counts(context: RunContext, split: str, epoch: int) -> CachedResult:
    """The confusion matrix of an epoch in the cache, and the area under the ROC curve of two classes."""
    return cached("classes", context.folder.identity(epoch), split, method=2)
