"""When a run's model may say that it does not know: accuracy of the samples that it answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import TYPE_CHECKING, Any, cast

from cutaway._lazy import public
from cutaway.context import RunContext
from cutaway.errors import UsageError
from cutaway.metrics import Answered, CoverageCurve, answered_at, coverage_curve
from cutaway.results.plain import defined
from cutaway.results.result import Result
from cutaway.results.table import POINTS, Table, column
from cutaway.results.units import COUNT, INTERVAL, THRESHOLD, share
from cutaway.topics.common.scoring import scored_samples, split_in_words, validation

if TYPE_CHECKING:
    from cutaway.plots import Panel

WANTED = (0.95, 0.98, 0.99, 0.995, 0.999)
"""Accuracies for which thresholds are looked for, where no others are asked for."""

LEAST_DRAWN = 0.05
"""Coverage from which on the curve is drawn."""


@dataclass(frozen=True)
class WantedAccuracy:
    """The threshold for an accuracy: chosen on the validation samples, checked on others.

    Attributes:
        wanted: The accuracy that the answered samples should have, 0..1.
        chosen: What the threshold gives on the validation samples; None where not even the most confident samples are
            right often enough.
        checked: What it gives on the split that was measured, or None.
    """

    wanted: float
    chosen: Answered | None
    checked: Answered | None


_RIGHT = "Share of the answered samples that are predicted correctly."
_WILSON = "The 95% interval of that share (Wilson)."

CURVE = (
    column("threshold", "Answer from", THRESHOLD, "The lowest confidence that is answered."),
    column("answered", "Samples", COUNT, "Samples that are answered."),
    column("coverage", "Answered", share(), "Share of all samples that are answered."),
    column("accuracy", "Right", share(), _RIGHT),
    column("low high", "95% interval", INTERVAL, _WILSON),
)
"""Accuracy by the share of answered samples."""

TARGETS = (
    column("wanted", "Wanted", share(), "The accuracy that the answered samples should have."),
    column("threshold", "Answer from", THRESHOLD, "The confidence that is chosen for it on the validation samples."),
    column("val_coverage", "Answered on val", share(), "Share of the validation samples that are answered."),
    column("val_accuracy", "On val", share(), "Share of those that are predicted correctly."),
    column("coverage", "Answered", share(), "Share of the samples of the split that are answered."),
    column("accuracy", "Right", share(), _RIGHT),
    column("low high", "95% interval", INTERVAL, _WILSON),
)
"""Thresholds for wanted accuracies."""


@public
@dataclass(frozen=True, eq=False, repr=False)
class Coverage(Result):
    """Accuracy of the answered samples by their share, made by `Run.coverage`.

    Attributes:
        split: The split that was measured.
        epoch: Number of the epoch.
        samples: Number of samples.
        curve: Thresholds, coverage and accuracy, from the most confident samples to all of them.
        targets: A threshold for each wanted accuracy, in the order in which they were asked for; none without
            validation samples.
        note: What must be known to read the numbers, or "".
    """

    split: str
    epoch: int
    samples: int
    curve: CoverageCurve = field(repr=False)
    targets: tuple[WantedAccuracy, ...] = field(repr=False)
    note: str = field(repr=False)

    def line(self) -> str:
        """A one-line summary."""
        reached = [each.checked for each in self.targets if each.checked is not None and each.checked.threshold > 0]
        reached = [each for each in reached if each.accuracy.samples]
        first = ""
        if reached:
            a = reached[0]
            first = (
                f"; {a.accuracy.value:.2%} of those with a confidence from {a.threshold:.3f}, {a.coverage.value:.2%}"
            )
        return (
            f"Coverage on {split_in_words(self.split, self.samples)}, epoch {self.epoch}: accuracy "
            f"{self.curve.accuracy[-1]:.2%} of all{first}"
        )

    def summaries(self) -> list[dict[str, Any]]:
        """One JSON-able mapping for each wanted accuracy; the keys are the names in `TARGETS`."""
        return self.targets_table().records()

    def targets_table(self) -> Table:
        """What the thresholds give: chosen on the validation samples, checked on the split."""
        chosen, checked = [each.chosen for each in self.targets], [each.checked for each in self.targets]
        values: dict[str, list[Any]] = {
            "wanted": [each.wanted for each in self.targets],
            "threshold": [each and each.threshold for each in chosen],
            "val_coverage": [each and each.coverage.value for each in chosen],
            "val_accuracy": [each and defined(each.accuracy.value) for each in chosen],
            "coverage": [each and each.coverage.value for each in checked],
            "accuracy": [each and defined(each.accuracy.value) for each in checked],
            "low": [each and defined(each.accuracy.low) for each in checked],
            "high": [each and defined(each.accuracy.high) for each in checked],
        }
        return Table(TARGETS, values)

    def table(self) -> Table:
        """The curve, one row for each threshold."""
        low, high = self.curve.interval
        values = {
            "threshold": self.curve.thresholds,
            "answered": self.curve.answered,
            "coverage": self.curve.coverage,
            "accuracy": self.curve.accuracy,
            "low": low,
            "high": high,
        }
        return Table(CURVE, values)

    def tables(self) -> tuple[Table, ...]:
        """The tables shown in a terminal."""
        notes = (f"Note: {self.note}.",) if self.note else ()
        title = "Answering only above a confidence (chosen on validation samples)"
        shown = self.targets_table().only("Wanted", "Answer from", "Answered", "Right", "95% interval", "On val")
        return (replace(shown, title=title, notes=notes),)

    def to_json(self) -> dict[str, Any]:
        """The thresholds, and the curve in at most `POINTS` points."""
        return {
            "targets": self.summaries(),
            "curve": self.table().records(POINTS),
            "note": self.note or None,
        }

    def panels(self) -> "list[Panel]":
        """The figure, one panel after the other."""
        return [self._panel()]

    def _panel(self) -> "Panel":
        from cutaway.plots import Panel, Series

        # of very few answered samples the interval is so wide that nothing else would be seen
        drawn = self.curve.coverage >= LEAST_DRAWN
        x, y, low, high = (each[drawn] for each in (self.curve.coverage, self.curve.accuracy, *self.curve.interval))
        series = Series("", x, y, low, high)
        title = f"Answered of {split_in_words(self.split, self.samples)}"
        labels = ("answered samples", "their accuracy")
        return Panel(title, *labels, [series], x_percent=True, y_percent=True)


def coverage(
    context: RunContext, *, split: str, accuracy: Sequence[float] | float | None, epoch: int | None = None
) -> Coverage:
    """Measure accuracy against coverage; see `cutaway.Run.coverage`."""
    wanted, ids, number = _check_wanted(accuracy), context.part(split), context.epoch(epoch)
    (scored,) = scored_samples(context, ids, epoch=number)
    curve, targets, notes = coverage_curve(scored.confidence, scored.correct), tuple[WantedAccuracy, ...](), list[str]()
    if len(context.split.val) or accuracy is not None:
        held = validation(context, chosen="a threshold")
        (val,) = (scored,) if split == "val" else scored_samples(context, held, epoch=number)
        chosen = coverage_curve(val.confidence, val.correct)
        thresholds = [chosen.threshold_for(each) for each in wanted]
        targets = tuple(
            WantedAccuracy(each, *(t if t is None else answered_at(s.confidence, s.correct, t) for s in (val, scored)))
            for each, t in zip(wanted, thresholds, strict=True)
        )
        if split in ("val", "all"):
            notes.append("these samples are among those that the thresholds were chosen on")
    else:
        notes.append("there are no validation samples on which a threshold could be chosen")
    if split in ("train", "all"):
        notes.append("a model is more often right on samples that it was trained on")
    return Coverage(split, number, len(ids), curve, targets, "; ".join(notes))


def _check_wanted(accuracy: Any) -> tuple[float, ...]:
    """The wanted accuracies as numbers.

    Raises:
        UsageError: One is not a share.
    """
    if accuracy is None:
        return WANTED
    is_list = isinstance(accuracy, Sequence) and not isinstance(accuracy, str)
    given: list[Any] = list(cast("Sequence[Any]", accuracy)) if is_list else [accuracy]
    wrong = [each for each in given if isinstance(each, bool) or not isinstance(each, Real) or not 0 < float(each) <= 1]
    if wrong or not given:
        raise UsageError(
            "a wanted accuracy is a share above 0 and at most 1",
            got=repr(wrong[0]) if wrong else "none",
            hint="pass for example accuracy=0.99",
        )
    return tuple(map(float, given))
