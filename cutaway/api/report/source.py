"""A run and what several sections of its report need, computed once."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.metrics import confusion_counts
from cutaway.progress import ProgressCallback

if TYPE_CHECKING:
    from cutaway.interpret import LayerRecord


@dataclass(frozen=True, eq=False)
class ReportSource:
    """What sections are made from.

    Attributes:
        run: The run.
        on_progress: Called with the progress of everything that is computed.
    """

    run: Any
    on_progress: ProgressCallback

    @cached_property
    def layers(self) -> "tuple[LayerRecord, ...]":
        """What each layer is and holds."""
        return self.run.layers(progress=self.on_progress)

    @cached_property
    def probabilities(self) -> np.ndarray:
        """Predictions on the test samples, float32 (sample, class)."""
        return self.run.predictions()

    @cached_property
    def confusion(self) -> np.ndarray:
        """Counts on the test samples, int64 (true, predicted)."""
        predicted = self.probabilities.argmax(axis=1)
        return confusion_counts(self.run.labels(), predicted, classes=len(self.run.class_names))
