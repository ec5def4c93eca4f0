"""Whether a run's probabilities are right as often as they say, and what a temperature changes."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cutaway._lazy import public
from cutaway.context import RunContext
from cutaway.metrics import (
    ProbabilityScores,
    Reliability,
    ScoredSamples,
    Temperature,
    check_bins,
    probability_scores,
    reliability,
)
from cutaway.results.notebook import NotebookDisplay
from cutaway.topics.common.scoring import scored_samples, split_in_words

from .temperature import fitted_temperature

if TYPE_CHECKING:
    import pandas

    from cutaway.plots import BokehLayout, Figure, Panel


@public
@dataclass(frozen=True, eq=False)
class Calibration(NotebookDisplay):
    """Confidence against accuracy, made by `Run.calibration`.

    Attributes:
        split: The split that was measured.
        epoch: Number of the epoch.
        samples: Number of samples.
        bins: Bins that were asked for, of the curve and of both calibration errors.
        curve: Confidence and accuracy in bins of equally many samples.
        scores: Calibration errors, Brier score and negative log-likelihood.
        temperature: The temperature that was fitted on the validation samples; None where there are none.
        scaled_curve: The curve with it; None without a temperature.
        scaled_scores: The scores with it; None without a temperature.
        note: What must be known to read the numbers, or "".
    """

    split: str
    epoch: int
    samples: int
    bins: int
    curve: Reliability = field(repr=False)
    scores: ProbabilityScores = field(repr=False)
    temperature: Temperature | None = field(repr=False)
    scaled_curve: Reliability | None = field(repr=False)
    scaled_scores: ProbabilityScores | None = field(repr=False)
    note: str = field(repr=False)

    def __repr__(self) -> str:
        s, with_it = self.scores, ""
        if self.temperature is not None and self.scaled_scores is not None:
            with_it = f"; {self.scaled_scores.ece_equal_mass:.2%} with the temperature {self.temperature.value:.2f}"
        return (
            f"<Calibration on {split_in_words(self.split, self.samples)}, epoch {self.epoch}: confidence "
            f"{s.confidence:.2%}, accuracy {s.accuracy:.2%}, calibration error {s.ece_equal_mass:.2%}{with_it}>"
        )

    def to_pandas(self) -> "pandas.DataFrame":
        """A pandas DataFrame, one row a bin; those with the fitted temperature follow those at temperature 1.

        Returns:
            Columns temperature, lower, upper, samples, confidence, accuracy, and low and high, its 95% interval.
        """
        import pandas

        tables = [_table(self.curve, 1.0)]
        if self.temperature is not None and self.scaled_curve is not None:
            tables.append(_table(self.scaled_curve, self.temperature.value))
        return pandas.concat(tables, ignore_index=True)

    def plot(self) -> "Figure":
        """Draw the reliability curve as a matplotlib Figure: on the diagonal, a model is as good as it says."""
        from cutaway.plots import panels

        return panels([reliability_panel(self)])

    def bokeh(self) -> "BokehLayout":
        """Draw the same with Bokeh; hovering shows the numbers of a bin."""
        from cutaway.plots import panels_bokeh

        return panels_bokeh([reliability_panel(self)])


def reliability_panel(measured: Calibration) -> "Panel":
    """The reliability curves of a calibration as `cutaway.plots.panels` draws them."""
    from cutaway.plots import Panel, Series

    curves = [("as it is", measured.curve, 0)]
    if measured.temperature is not None and measured.scaled_curve is not None:
        curves.append((f"temperature {measured.temperature.value:.2f}", measured.scaled_curve, 1))
    series = [
        Series(name, c.confidence, c.accuracy, c.low, c.high, color=color, points=True) for name, c, color in curves
    ]
    title = f"Calibration on {split_in_words(measured.split, measured.samples)}"
    return Panel(title, "confidence", "accuracy", series, x_percent=True, y_percent=True, diagonal=True)


def calibration(context: RunContext, *, split: str, bins: int, epoch: int | None = None) -> Calibration:
    """Measure calibration; see `cutaway.Run.calibration`."""
    bins, ids, number = check_bins(bins), context.part(split), context.epoch(epoch)
    fitted, notes = None, list[str]()
    if len(context.split.val):
        fitted = fitted_temperature(context, epoch=number)
        if fitted.at_limit:
            notes.append(
                "the validation samples do not determine a temperature, as where nearly all of them are predicted "
                "correctly"
            )
        if split in ("val", "all"):
            notes.append("these samples are among those that the temperature was fitted on")
    else:
        notes.append("there are no validation samples on which a temperature could be fitted")
    if split in ("train", "all"):
        notes.append("a model is more often right on samples that it was trained on")
    temperatures = (1.0,) if fitted is None else (1.0, fitted.value)
    found = [_measured(s, bins) for s in scored_samples(context, ids, epoch=number, temperatures=temperatures)]
    scaled_curve, scaled_scores = (None, None) if fitted is None else found[1]
    return Calibration(
        split=split,
        epoch=number,
        samples=len(ids),
        bins=bins,
        curve=found[0][0],
        scores=found[0][1],
        temperature=fitted,
        scaled_curve=scaled_curve,
        scaled_scores=scaled_scores,
        note="; ".join(notes),
    )


def _measured(scored: ScoredSamples, bins: int) -> tuple[Reliability, ProbabilityScores]:
    return reliability(scored.confidence, scored.correct, bins=bins), probability_scores(scored, bins=bins)


def _table(curve: Reliability, temperature: float) -> "pandas.DataFrame":
    import pandas

    columns = {"lower": curve.lower, "upper": curve.upper, "samples": curve.counts, "confidence": curve.confidence}
    columns |= {"accuracy": curve.accuracy, "low": curve.low, "high": curve.high}
    return pandas.DataFrame({"temperature": temperature, **columns})
