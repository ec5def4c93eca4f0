"""A run and what several sections of its report need, computed once."""

from dataclasses import dataclass
from functools import cached_property

from cutaway.api.analyses import History, Layers, labels, layer_records, predict_classes
from cutaway.api.context import RunContext
from cutaway.metrics import PredictedClasses, SparseCounts, confusion_counts
from cutaway.progress import ProgressCallback


@dataclass(frozen=True, eq=False)
class ReportSource:
    """What sections are made from.

    Attributes:
        context: The run.
        on_progress: Called with the progress of everything that is computed.
    """

    context: RunContext
    on_progress: ProgressCallback

    @cached_property
    def history(self) -> History:
        """Metrics of every finished epoch."""
        return History(self.context.folder.history())

    @cached_property
    def layers(self) -> Layers:
        """What each layer is and holds; nothing of a model that cannot be opened."""
        if not self.context.opens:
            return Layers(())
        return layer_records(self.context, on_progress=self.on_progress)

    @cached_property
    def predicted(self) -> PredictedClasses:
        """Predictions on the test samples."""
        return predict_classes(self.context, self.context.split.test)

    @cached_property
    def confusion(self) -> SparseCounts:
        """Counts on the test samples, sparse int64 (true, predicted)."""
        classes = len(self.context.class_names)
        return confusion_counts(labels(self.context), self.predicted.predicted, classes=classes)
