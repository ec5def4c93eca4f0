"""A run and what several sections of its report need, computed once."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cutaway.api.analyses import (
    Calibration,
    History,
    LayerHistory,
    Layers,
    PairedSamples,
    calibration,
    evidence_of,
    labels,
    layer_history,
    layer_records,
    predict_classes,
    spaced_epochs,
)
from cutaway.api.analyses.comparison import Comparison, compare_predictions
from cutaway.api.context import RunContext
from cutaway.api.labels import KeptSuspects, kept_suspects
from cutaway.checks import check_whole
from cutaway.data import SampleIds
from cutaway.findings import Finding, run_checks
from cutaway.metrics import PredictedClasses, SparseCounts, confusion_counts
from cutaway.progress import ProgressCallback

BINS = 15
"""Bins of the reliability curve, as of `cutaway.Run.calibration`."""

FEWEST = 20
"""With fewer samples than this, a map shows no structure."""

MOST_SHOWN = 10_000
"""Samples on the map at most, where nobody asked for a split: all test samples of MNIST."""

MOST_OF_SPLIT = 100_000
"""Samples of a split that was asked for at most."""

MOST_PROBABILITIES = 2**24
"""Samples on the map times classes at most: their probabilities after an epoch, 67 MB."""

MEASURED = 5_000
"""Samples on which layers are measured. The probe is fitted on half of them, five per unit of a layer of 512; with two
per unit the small output layer would beat layers that know more."""

COMPARED = ("both correct", "only this run correct", "only the other run correct", "neither correct")
"""What two runs make of a sample. A search for "right" or "wrong" in the explorer is about this run and finds none."""

SUSPECTS = 200
"""Suspect labels that are listed at most."""

EPOCHS = 6
"""Epochs after which layers are measured at most, the first, the kept one and the last among them."""


@dataclass(frozen=True, eq=False)
class ReportSource:
    """What sections are made from.

    Attributes:
        context: The run.
        on_progress: Called with the progress of everything that is computed.
        asked: The split whose samples are on the map: "train", "val", "test" or "all"; those of `split` if None.
        map_samples: Samples on the map at most, up to `MOST_OF_SPLIT`; if None, `MOST_OF_SPLIT` where a split was asked
            for, and otherwise `MOST_SHOWN`.
        map_layers: Names of the layers on the map, beside the last hidden one; up to six, evenly spaced, if None.
        map_epochs: Epochs on the map, beside the kept one; up to 16, evenly spaced, if None.
        against: The samples of `split` on which the run is compared with another one; None if it is not.
    """

    context: RunContext
    on_progress: ProgressCallback
    asked: str | None = None
    map_samples: int | None = None
    map_layers: tuple[str, ...] | None = None
    map_epochs: tuple[int, ...] | None = None
    against: PairedSamples | None = None

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
    def findings(self) -> tuple[Finding, ...]:
        """What a person should look at, warnings first."""
        return run_checks(evidence_of(self.context, layers=lambda: self.layers))

    @cached_property
    def suspects(self) -> KeptSuspects | None:
        """Suspect labels; None where the trainings that find them were not made before."""
        return kept_suspects(self.context, most=SUSPECTS)

    @cached_property
    def comparison(self) -> Comparison:
        """This run, the first, beside the one that it is compared with, without their layers.

        Raises:
            DataError: One of the models has diverged.
        """
        assert self.against is not None
        first, second = self.against.contexts
        epochs = first.epoch(), second.epoch()
        return compare_predictions(self.against, epochs=epochs, split=self.split, on_progress=self.on_progress)

    @cached_property
    def compared(self) -> np.ndarray:
        """What the two runs make of each sample of `comparison`, int64 ``(sample,)``, an index into `COMPARED`."""
        here, there = self.comparison.correct
        return np.where(here, np.where(there, 0, 1), np.where(there, 2, 3))

    @property
    def other_name(self) -> str:
        """What the other run is called, another name than this one."""
        assert self.against is not None
        first, second = (context.path.name for context in self.against.contexts)
        return second if first != second else f"{second} (the other run)"

    @property
    def split(self) -> str:
        """The split whose samples sections show: "test", or "val" where there are no test samples."""
        return "test" if len(self.context.split.test) else "val"

    @property
    def kind(self) -> str:
        """What the samples of `split` are called: "test" or "validation"."""
        return "test" if self.split == "test" else "validation"

    @property
    def ids(self) -> SampleIds:
        """The samples of `split`; none where there are neither test nor validation samples."""
        return self.context.split.part(self.split)

    @cached_property
    def shown(self) -> SampleIds:
        """The samples on the map, a stratified sample by class where there are more."""
        most = MOST_SHOWN if self.asked is None else MOST_OF_SPLIT
        if self.map_samples is not None:
            most = min(self.map_samples, MOST_OF_SPLIT)
        most = max(1, min(most, MOST_PROBABILITIES // max(len(self.context.class_names), 1)))
        return self.context.named(self.context.ids(self.asked or self.split, samples=most, seed=0))

    @cached_property
    def layer_history(self) -> LayerHistory | None:
        """What each layer knows after some epochs, on samples of `split`; None where there are none."""
        if not len(self.ids) or not self.context.opens:
            return None
        epochs = spaced_epochs(self.context.folder.epochs, EPOCHS, kept=self.context.epoch())
        return layer_history(
            self.context, split=self.split, epochs=epochs, samples=MEASURED, on_progress=self.on_progress
        )

    @cached_property
    def labels(self) -> np.ndarray:
        """The classes of these samples, int64 ``(sample,)``."""
        return labels(self.context, self.split)

    @cached_property
    def calibration(self) -> Calibration:
        """Confidence against accuracy on these samples."""
        return calibration(self.context, split=self.split, bins=BINS)

    @cached_property
    def predicted(self) -> PredictedClasses:
        """Predictions on these samples."""
        return predict_classes(self.context, self.ids)

    @cached_property
    def confusion(self) -> SparseCounts:
        """Counts on these samples, sparse int64 (true, predicted)."""
        classes = len(self.context.class_names)
        return confusion_counts(self.labels, self.predicted.predicted, classes=classes)


def check_shown(samples: int | None) -> int | None:
    """Return how many samples a user wants on the map at most.

    Raises:
        UsageError: It is not a whole number in the range of a map.
    """
    return None if samples is None else check_whole(samples, name="samples", least=FEWEST, most=MOST_OF_SPLIT)
