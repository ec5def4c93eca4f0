"""A run and what several sections of its report need, computed once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, wraps
from typing import Any, TypeVar

import numpy as np

from cutaway.context import RunContext
from cutaway.data import SampleIds
from cutaway.metrics import PredictedClasses, SparseCounts, confusion_counts
from cutaway.options import MAX_SAMPLES
from cutaway.progress import ProgressCallback

from .options import MapOptions
from .pairing import PairedSamples
from .predictions import labels, predict_classes

Computed = TypeVar("Computed")

MOST_SHOWN = 10_000
"""Samples on the map at most, where nobody asked for a split: all test samples of MNIST."""

MOST_PROBABILITIES = 2**24
"""Samples on the map times classes at most: their probabilities after an epoch, 67 MB."""


@dataclass(frozen=True, eq=False)
class ReportSource:
    """What sections are made from.

    Attributes:
        context: The run.
        on_progress: Called with the progress of everything that is computed.
        options: What the map shows: its split, `split` if None; the maximum number of samples, if None `MAX_SAMPLES` if
            a split was requested, and otherwise `MOST_SHOWN`; layers in addition to the last hidden one, up to six,
            evenly spaced, if None; epochs in addition to the kept one, up to 16, evenly spaced, if None.
        against: The samples of `split` for comparing the run with another one; None without a comparison.
        computed: What `once` has computed.
    """

    context: RunContext
    on_progress: ProgressCallback
    options: MapOptions = MapOptions()
    against: PairedSamples | None = None
    computed: dict[Callable[..., Any], Any] = field(
        default_factory=dict[Callable[..., Any], Any], init=False, repr=False
    )

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The history: metrics of every finished epoch."""
        return self.context.folder.history()

    @property
    def names(self) -> tuple[str, str]:
        """What this run and the one that it is compared with are called: titles or models, or else folders."""
        assert self.against is not None
        first, second = self.against.contexts
        if first.folder.called != second.folder.called:
            return first.folder.called, second.folder.called
        same = first.path.name == second.path.name
        return first.path.name, f"{second.path.name} (the other run)" if same else second.path.name

    @property
    def split(self) -> str:
        """The split whose samples sections show: "test", or "val" if there are no test samples."""
        return self.context.split.held_out

    @property
    def kind(self) -> str:
        """What the samples of `split` are called: "test" or "validation"."""
        return "test" if self.split == "test" else "validation"

    @property
    def ids(self) -> SampleIds:
        """The samples of `split`; none if there are neither test nor validation samples."""
        return self.context.split.part(self.split)

    @cached_property
    def shown(self) -> SampleIds:
        """The samples on the map, a stratified sample by class if there are more."""
        asked = self.options.split
        most = self.options.samples or (MOST_SHOWN if asked is None else MAX_SAMPLES)
        most = max(1, min(most, MOST_PROBABILITIES // len(self.context.task.names)))
        return self.context.named(self.context.ids(asked or self.split, samples=most, seed=0))

    @cached_property
    def labels(self) -> np.ndarray:
        """The classes of these samples, int64 ``(sample,)``."""
        return labels(self.context, self.split)

    @cached_property
    def predicted(self) -> PredictedClasses:
        """Predictions on these samples."""
        return predict_classes(self.context, self.ids)

    @cached_property
    def confusion(self) -> SparseCounts:
        """Counts on these samples, sparse int64 (true, predicted)."""
        classes = len(self.context.class_names)
        return confusion_counts(self.labels, self.predicted.predicted, classes=classes)


def once(compute: Callable[[ReportSource], Computed]) -> Callable[[ReportSource], Computed]:
    """Decorate a function that several sections need: it is computed once for each report."""

    @wraps(compute)
    def computed(source: ReportSource) -> Computed:
        if compute not in source.computed:
            source.computed[compute] = compute(source)
        return source.computed[compute]

    return computed
