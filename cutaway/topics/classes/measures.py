"""What the predictions of a run are worth class by class."""

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.checks import check_whole, warn_user
from cutaway.context import RunContext
from cutaway.errors import DataError
from cutaway.metrics import PerClass, SparseCounts, per_class
from cutaway.metrics import confusion_counts as count_pairs
from cutaway.results.notebook import NotebookDisplay
from cutaway.results.plain import defined
from cutaway.runs import file_name

from .confusion_matrix import confusion_counts

if TYPE_CHECKING:
    import pandas

    from cutaway.plots import Figure

COUNTED = ("class", "samples", "predicted")
"""Columns of a table of classes that are no shares."""

COUNTS = 1
"""Part of the key of kept counts: another way of counting gives others."""


@dataclass(frozen=True, eq=False)
class ClassMeasures(NotebookDisplay):
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

    def __repr__(self) -> str:
        m = self.measures
        low, high = m.accuracy_interval
        return (
            f"<ClassMeasures of {self.split}, epoch {self.epoch}: {len(self.class_names)} classes, accuracy "
            f"{m.accuracy:.2%} ({low:.2%} to {high:.2%}), balanced accuracy {m.balanced_accuracy:.2%}, largest class "
            f"alone {m.baseline:.2%}>"
        )

    def summaries(self, n: int | None = None) -> list[dict[str, Any]]:
        """One mapping a class, JSON-able, with None for what is not defined.

        Its keys: class, samples, predicted, recall, recall_low, recall_high, precision, precision_low, precision_high
        and f1. low and high are the 95% interval (Wilson).

        Args:
            n: How many classes at most: of more, those with the lowest recall, the lowest first; all if None.
        """
        m = self.measures
        recall, precision = m.recall_interval, m.precision_interval
        return [
            {
                "class": self.class_names[i],
                "samples": int(m.samples[i]),
                "predicted": int(m.predicted[i]),
                "recall": defined(float(m.recall[i])),
                "recall_low": defined(float(recall[0][i])),
                "recall_high": defined(float(recall[1][i])),
                "precision": defined(float(m.precision[i])),
                "precision_low": defined(float(precision[0][i])),
                "precision_high": defined(float(precision[1][i])),
                "f1": defined(float(m.f1[i])),
            }
            for i in map(int, m.listed(len(self.class_names) if n is None else n))
        ]

    def to_pandas(self) -> "pandas.DataFrame":
        """A pandas DataFrame, one row a class, with the columns of `summaries`; NaN where a measure is not defined."""
        import pandas

        table: Any = pandas.DataFrame(self.summaries())
        return table.astype(dict.fromkeys([name for name in table if name not in COUNTED], float))

    def plot(self, n: int = 40) -> "Figure":
        """Draw recall and precision of each class with 95% intervals as a matplotlib Figure.

        Args:
            n: Classes at most: of more, those with the lowest recall; from 1.

        Raises:
            UsageError: It is below 1.
        """
        from cutaway.plots import Bars, bars

        rows = self.summaries(check_whole(n, name="n", least=1))
        names = [row["class"] for row in rows]

        def panel(name: str) -> "Bars":
            ends = (np.array([row[name + end] for row in rows], float) for end in ("", "_low", "_high"))
            return Bars(name, names, *ends, x_label="share", percent=True, limits=(0, 1))

        return bars([panel("recall"), panel("precision")], title=f"Classes of {self.split}, epoch {self.epoch}")


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
