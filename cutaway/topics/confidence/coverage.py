"""When a run's model may say that it does not know: accuracy of the samples that it answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import TYPE_CHECKING, Any, cast

from cutaway._lazy import public
from cutaway.context import RunContext
from cutaway.errors import UsageError
from cutaway.metrics import Answered, CoverageCurve, answered_at, coverage_curve
from cutaway.results.notebook import NotebookDisplay
from cutaway.results.plain import defined
from cutaway.topics.common.scoring import scored_samples, split_in_words, validation

if TYPE_CHECKING:
    import pandas

    from cutaway.plots import BokehLayout, Figure, Panel

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


@public
@dataclass(frozen=True, eq=False)
class Coverage(NotebookDisplay):
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

    def __repr__(self) -> str:
        reached = [each.checked for each in self.targets if each.checked is not None and each.checked.threshold > 0]
        reached = [each for each in reached if each.accuracy.samples]
        first = ""
        if reached:
            a = reached[0]
            first = (
                f"; {a.accuracy.value:.2%} of those with a confidence from {a.threshold:.3f}, {a.coverage.value:.2%}"
            )
        return (
            f"<Coverage on {split_in_words(self.split, self.samples)}, epoch {self.epoch}: accuracy "
            f"{self.curve.accuracy[-1]:.2%} of all{first}; area {self.area:.4f}>"
        )

    @property
    def area(self) -> float:
        """Area under accuracy over coverage, 0..1; see `cutaway.metrics.CoverageCurve.area`."""
        return self.curve.area

    def summaries(self) -> list[dict[str, Any]]:
        """One mapping a wanted accuracy, JSON-able.

        Its keys: wanted; threshold, None where it is not reached; val_coverage and val_accuracy, of the samples on
        which the threshold was chosen; coverage, accuracy, low and high (the 95% interval of the accuracy), of the
        split that was measured.
        """
        return [_summary(each) for each in self.targets]

    def to_pandas(self) -> "pandas.DataFrame":
        """A pandas DataFrame of the curve, one row a point: threshold, answered, coverage, accuracy, low, high."""
        import pandas

        low, high = self.curve.interval
        columns = {"threshold": self.curve.thresholds, "answered": self.curve.answered, "coverage": self.curve.coverage}
        return pandas.DataFrame({**columns, "accuracy": self.curve.accuracy, "low": low, "high": high})

    def plot(self) -> "Figure":
        """Draw accuracy over coverage as a matplotlib Figure, with 95% intervals."""
        from cutaway.plots import panels

        return panels([self._panel()])

    def bokeh(self) -> "BokehLayout":
        """Draw the same with Bokeh; hovering shows the numbers."""
        from cutaway.plots import panels_bokeh

        return panels_bokeh([self._panel()])

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


def _summary(target: WantedAccuracy) -> dict[str, Any]:
    chosen, checked = target.chosen, target.checked
    return {
        "wanted": target.wanted,
        "threshold": None if chosen is None else chosen.threshold,
        "val_coverage": None if chosen is None else chosen.coverage.value,
        "val_accuracy": None if chosen is None else defined(chosen.accuracy.value),
        "coverage": None if checked is None else checked.coverage.value,
        "accuracy": None if checked is None else defined(checked.accuracy.value),
        "low": None if checked is None else defined(checked.accuracy.low),
        "high": None if checked is None else defined(checked.accuracy.high),
    }
