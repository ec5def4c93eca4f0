"""When a run's model may say that it does not know: accuracy of the samples that it answers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway._lazy import public
from cutaway.context import RunContext
from cutaway.metrics import CoverageCurve, answered_at, coverage_curve
from cutaway.results.result import Result
from cutaway.results.table import POINTS, Interval, Table, value
from cutaway.results.units import COUNT, THRESHOLD, share
from cutaway.topics.common.scoring import cautions, scored_samples, split_in_words, validation
from cutaway.words import percent

from .options import ConfidenceOptions

if TYPE_CHECKING:
    from cutaway.plots import Panel

WANTED = (0.95, 0.98, 0.99, 0.995, 0.999)
"""Default accuracies to find thresholds for."""

LEAST_DRAWN = 0.05
"""Lowest coverage of the curve."""


_RIGHT = "Share of the answered samples that are predicted correctly."
_LIMITS = ("95% interval", "The 95% interval of that share (Wilson).")
_NAMES = ("accuracy", "low", "high")


@dataclass(frozen=True)
class WantedAccuracy:
    """The threshold for an accuracy: chosen on the validation samples, checked on others.

    Attributes:
        wanted: The accuracy that the answered samples should have, 0..1.
        threshold: The confidence that is chosen for it, 0..1; None where not even the most confident validation samples
            are right often enough, as is all that follows.
        coverage: Share of the samples of the split that are answered.
        accuracy: Share of those that are predicted correctly, with its 95% interval; NaN if none is answered.
        val_coverage: Share of the validation samples that are answered.
        val_accuracy: Share of those that are predicted correctly.
    """

    wanted: float = value("Wanted", share(), "The accuracy that the answered samples should have.")
    threshold: float | None = value(
        "Answer from", THRESHOLD, "The confidence that is chosen for it on the validation samples."
    )
    coverage: float | None = value("Answered", share(), "Share of the samples of the split that are answered.")
    accuracy: Interval | None = value("Right", share(1), _RIGHT, limits=_LIMITS, names=_NAMES)
    val_coverage: float | None = value(
        "Answered on val", share(), "Share of the validation samples that are answered.", shown=False
    )
    val_accuracy: float | None = value("On val", share(), "Share of those that are predicted correctly.")


@dataclass(frozen=True, eq=False)
class Answers:
    """Accuracy by the share of answered samples, arrays ``(threshold,)``."""

    threshold: np.ndarray = value("Answer from", THRESHOLD, "The lowest confidence that is answered.")
    answered: np.ndarray = value("Samples", COUNT, "Samples that are answered.")
    coverage: np.ndarray = value("Answered", share(), "Share of all samples that are answered.")
    accuracy: Interval = value("Right", share(1), _RIGHT, limits=_LIMITS, names=_NAMES)


@public
@dataclass(frozen=True, eq=False, repr=False)
class Coverage(Result):
    """Accuracy of the answered samples by their share, made by `Run.coverage`.

    Attributes:
        split: The split that was measured.
        epoch: Number of the epoch.
        samples: Number of samples.
        curve: Thresholds, coverage and accuracy, from the most confident samples to all of them.
        targets: A threshold for each wanted accuracy, in the given order; none without
            validation samples.
        note: What must be known to read the numbers, or "".
    """

    split: str
    epoch: int
    samples: int
    curve: CoverageCurve
    targets: tuple[WantedAccuracy, ...]
    note: str

    def line(self) -> str:
        """A one-line summary."""
        first = ""
        for each in self.targets:
            if each.threshold and each.coverage and each.accuracy:
                right, answered = percent(each.accuracy.value), percent(each.coverage)
                first = f"; {right} of those with a confidence from {each.threshold:.3f}, {answered}"
                break
        return (
            f"Coverage on {split_in_words(self.split, self.samples)}, epoch {self.epoch}: accuracy "
            f"{percent(self.curve.accuracy[-1])} of all{first}"
        )

    def summaries(self) -> list[dict[str, Any]]:
        """One JSON-able mapping for each wanted accuracy."""
        return self.tables()[0].records()

    def table(self) -> Table:
        """The curve, one row for each threshold."""
        c = self.curve
        return Table.of(Answers, Answers(c.thresholds, c.answered, c.coverage, Interval(c.accuracy, *c.interval)))

    def tables(self) -> tuple[Table, ...]:
        """What the thresholds give: chosen on the validation samples, checked on the split."""
        title = "Answering only above a confidence (chosen on validation samples)"
        return (Table.of(WantedAccuracy, self.targets, title=title),)

    def to_json(self) -> dict[str, Any]:
        """The thresholds, and the curve in at most `POINTS` points."""
        return {"targets": self.summaries(), "curve": self.table().records(POINTS), "note": self.note or None}

    def panels(self) -> "list[Panel]":
        """Accuracy of the answered samples by their share."""
        from cutaway.plots import Panel, Series

        # with very few answered samples, the wide interval would hide everything else
        drawn = self.curve.coverage >= LEAST_DRAWN
        curve = (self.curve.coverage, self.curve.accuracy, *self.curve.interval)
        x, y, low, high = (each[drawn] for each in curve)
        title = f"Answered of {split_in_words(self.split, self.samples)}"
        return [
            Panel(
                title,
                "answered samples",
                "their accuracy",
                [Series("", x, y, low, high)],
                x_percent=True,
                y_percent=True,
            )
        ]


def coverage(context: RunContext, options: ConfidenceOptions) -> Coverage:
    """Measure accuracy against coverage; see `cutaway.Run.coverage`."""
    split, wanted = options.split or context.split.held_out, options.wanted
    ids, number = context.part(split), context.epoch(options.epoch)
    (scored,) = scored_samples(context, ids, epoch=number)
    targets, note, chosen = list[WantedAccuracy](), list[str](), ""
    if len(context.split.val) or wanted:
        held, chosen = validation(context, chosen="a threshold"), "the thresholds were chosen"
        (val,) = (scored,) if split == "val" else scored_samples(context, held, epoch=number)
        curve = coverage_curve(val.confidence, val.correct)
        for each in wanted or WANTED:
            threshold = curve.threshold_for(each)
            if threshold is None:
                targets.append(WantedAccuracy(each, None, None, None, None, None))
                continue
            on_val, on_split = (answered_at(s.confidence, s.correct, threshold) for s in (val, scored))
            checked, right = on_split.coverage.value, Interval.of(on_split.accuracy)
            chosen_on = on_val.coverage.value, on_val.accuracy.value
            targets.append(WantedAccuracy(each, threshold, checked, right, *chosen_on))
    else:
        note.append("there are no validation samples to choose a threshold on")
    note += cautions(split, chosen)
    curve = coverage_curve(scored.confidence, scored.correct)
    return Coverage(split, number, len(ids), curve, tuple(targets), "; ".join(note))
