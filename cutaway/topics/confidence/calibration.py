"""Whether a run's probabilities are right as often as they say, and what a temperature changes."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

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
from cutaway.results.plain import plain
from cutaway.results.result import Result
from cutaway.results.table import Table, column
from cutaway.results.units import COUNT, INTERVAL, NAME, decimals, percent, share
from cutaway.topics.common.scoring import scored_samples, split_in_words

from .temperature import fitted_temperature

if TYPE_CHECKING:
    from cutaway.plots import Panel


BINS = (
    column(
        "temperature",
        "Temperature",
        decimals(3),
        "The temperature that the logits are divided by; 1 for the model as it is.",
    ),
    column("lower upper", "Confidence", INTERVAL, "The lowest and the highest confidence in the bin."),
    column("samples", "Samples", COUNT, "Samples in the bin."),
    column("confidence", "Mean", share(), "Mean confidence of the samples in the bin."),
    column("accuracy", "Accuracy", share(), "Share of them that are predicted correctly."),
    column("low high", "95% interval", INTERVAL, "The 95% interval of that share (Wilson)."),
)
"""The bins of a reliability curve."""

SCORES = (
    column(
        "probabilities", "Measure", NAME, "Whether the probabilities are those of the model or with the temperature."
    ),
    column("accuracy", "Accuracy", share(), "Share of samples that are predicted correctly."),
    column("confidence", "Mean confidence", share(), "Mean of the highest probability."),
    column(
        "ece_equal_mass",
        "Calibration error, bins of equal mass",
        share(),
        "Expected calibration error in bins of equally many samples.",
    ),
    column(
        "ece_equal_width",
        "Calibration error, bins of equal width",
        share(),
        "Expected calibration error in bins of equal width.",
    ),
    column("brier", "Brier score", decimals(4), "Mean squared distance of the probabilities to the labels."),
    column(
        "log_loss",
        "Cross-entropy",
        decimals(4),
        "Mean negative logarithm of the probability of the label, in nats.",
    ),
)
"""Scores of probabilities, as they are and with the temperature."""

_MEASURES = tuple(each.names[0] for each in SCORES[1:])


@public
@dataclass(frozen=True, eq=False, repr=False)
class Calibration(Result):
    """Confidence against accuracy, made by `Run.calibration`.

    Attributes:
        split: The split that was measured.
        epoch: Number of the epoch.
        samples: Number of samples.
        bins: Number of bins asked for, in the curve and in both calibration errors.
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

    def line(self) -> str:
        """A one-line summary."""
        s, with_it = self.scores, ""
        if self.temperature is not None and self.scaled_scores is not None:
            with_it = (
                f"; {percent(self.scaled_scores.ece_equal_mass)} with the temperature {self.temperature.value:.2f}"
            )
        return (
            f"Calibration on {split_in_words(self.split, self.samples)}, epoch {self.epoch}: confidence "
            f"{percent(s.confidence)}, accuracy {percent(s.accuracy)}, calibration error "
            f"{percent(s.ece_equal_mass)}{with_it}"
        )

    def table(self) -> Table:
        """The bins of the curve; those with the fitted temperature follow those at temperature 1."""
        tables = [_bins(self.curve, 1.0)]
        if self.temperature is not None and self.scaled_curve is not None:
            tables.append(_bins(self.scaled_curve, self.temperature.value))
        return Table(BINS, {name: np.concatenate([each[name] for each in tables]) for name in tables[0]})

    def tables(self) -> tuple[Table, ...]:
        """The tables shown in a terminal."""
        scores, names, notes = [self.scores], ["Before"], list[str]()
        chance = percent(self.curve.error_by_chance)
        notes.append(f"A perfectly calibrated model stays below {chance} in 95 of 100 cases (equal mass).")
        if self.temperature is not None and self.scaled_scores is not None:
            scores.append(self.scaled_scores)
            names.append(f"Temperature {self.temperature.value:.3f}")
            notes.append(f"The temperature was fitted on {self.temperature.samples:,} validation samples.")
        if self.note:
            notes.append(f"Note: {self.note}.")
        values: dict[str, Any] = {name: [getattr(each, name) for each in scores] for name in _MEASURES}
        title = f"Calibration on {self.samples:,} {self.split} samples after epoch {self.epoch}"
        return (
            Table(SCORES, {"probabilities": names, **values}, title=title, notes=tuple(notes), turned=True),
            Table(BINS, _bins(self.curve, 1.0), title="Right as often as it says?").without("Temperature"),
        )

    def panels(self) -> "list[Panel]":
        """The figure, one panel after the other."""
        return [reliability_panel(self)]

    def to_json(self) -> dict[str, Any]:
        """Scores at temperature 1 and with the fitted one, and the bins of the curve."""
        return {
            "scores": plain(self.scores),
            "error_by_chance": self.curve.error_by_chance,
            "temperature": plain(self.temperature),
            "scaled_scores": plain(self.scaled_scores),
            "bins": self.table().records(),
            "note": self.note or None,
        }


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
                "the validation samples do not determine a temperature, for example if nearly all of them are "
                "predicted correctly"
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


def _bins(curve: Reliability, temperature: float) -> dict[str, np.ndarray]:
    return {
        "temperature": np.full(len(curve.counts), temperature),
        "lower": curve.lower,
        "upper": curve.upper,
        "samples": curve.counts,
        "confidence": curve.confidence,
        "accuracy": curve.accuracy,
        "low": curve.low,
        "high": curve.high,
    }
