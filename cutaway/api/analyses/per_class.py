"""What the predictions of a run are worth class by class."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cutaway.api.context import RunContext
from cutaway.metrics import PerClass, per_class

from .predictions import confusion_counts
from .unit_summaries import defined

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, eq=False)
class ClassMeasures:
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
        return (
            f"<ClassMeasures of {self.split}, epoch {self.epoch}: {len(self.class_names)} classes, accuracy "
            f"{m.accuracy:.2%}, balanced accuracy {m.balanced_accuracy:.2%}, largest class alone {m.baseline:.2%}>"
        )

    def summaries(self, n: int | None = None) -> list[dict[str, Any]]:
        """One mapping a class, JSON-able: class, samples, predicted, recall, precision, f1; None if not defined.

        Args:
            n: How many classes at most: of more, those with the lowest recall, the lowest first; all if None.
        """
        m = self.measures
        return [
            {
                "class": self.class_names[i],
                "samples": int(m.samples[i]),
                "predicted": int(m.predicted[i]),
                "recall": defined(float(m.recall[i])),
                "precision": defined(float(m.precision[i])),
                "f1": defined(float(m.f1[i])),
            }
            for i in map(int, m.listed(len(self.class_names) if n is None else n))
        ]

    def to_pandas(self) -> "pandas.DataFrame":
        """A pandas DataFrame, one row a class; NaN where a measure is not defined."""
        import pandas

        table: Any = pandas.DataFrame(self.summaries())
        return table.astype(dict.fromkeys(("recall", "precision", "f1"), float))


def class_measures(context: RunContext, *, split: str = "test", epoch: int | None = None) -> ClassMeasures:
    """Measure every class; see `cutaway.Run.per_class`."""
    measures = per_class(confusion_counts(context, split=split, epoch=epoch))
    return ClassMeasures(split, context.epoch(epoch), context.class_names, measures)
