"""A run and what several sections of its report need, computed once."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cutaway.api.analyses import History, Layers, labels, layer_records, probabilities
from cutaway.api.context import RunContext
from cutaway.metrics import confusion_counts
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
    def probabilities(self) -> np.ndarray:
        """Predictions on the test samples, float32 (sample, class)."""
        return probabilities(self.context, self.context.split.test)

    @cached_property
    def confusion(self) -> np.ndarray:
        """Counts on the test samples, int64 (true, predicted)."""
        predicted = self.probabilities.argmax(axis=1)
        return confusion_counts(labels(self.context), predicted, classes=len(self.context.class_names))
