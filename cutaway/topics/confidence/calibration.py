"""Whether a run's probabilities are right as often as they say, and the temperature that makes them so.

The temperature is fitted on the validation samples and kept in the cache.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway._lazy import public
from cutaway.cache import cached
from cutaway.context import RunContext
from cutaway.data import SampleIds, stratified_sample
from cutaway.metrics import (
    ProbabilityScores,
    Reliability,
    Temperature,
    fit_temperature,
    probability_scores,
    reliability,
)
from cutaway.results.result import Result
from cutaway.results.table import Interval, Table, value
from cutaway.results.units import COUNT, INTERVAL, NAME, decimals, share
from cutaway.topics.common.predictions import finite_batches
from cutaway.topics.common.scoring import cautions, scored_samples, split_in_words, validation
from cutaway.words import percent

from .options import ConfidenceOptions

if TYPE_CHECKING:
    from cutaway.plots import Panel

VALUES = 2**25
"""Probabilities that a temperature is fitted to at most, 128 MB: all validation samples, or a stratified sample."""

ROUNDED_TO_ZERO = 2.0**-25
"""The largest probability that becomes 0 when predictions are recorded: float16 rounds to multiples of 2**-24 there."""


@dataclass(frozen=True)
class Bin:
    """A bin of a reliability curve."""

    temperature: float = value(
        "Temperature", decimals(3), "The temperature that the logits are divided by; 1 for the model as it is."
    )
    ends: tuple[float, float] = value(
        "Confidence", INTERVAL, "The lowest and the highest confidence in the bin.", names=("lower", "upper")
    )
    samples: int = value("Samples", COUNT, "Samples in the bin.")
    confidence: float = value("Mean", share(), "Mean confidence of the samples in the bin.")
    accuracy: Interval = value(
        "Accuracy",
        share(1),
        "Share of them that are predicted correctly.",
        limits=("95% interval", "The 95% interval of that share (Wilson)."),
        names=("accuracy", "low", "high"),
    )


@dataclass(frozen=True)
class Scores:
    """Scores of probabilities, as they are or with the temperature."""

    probabilities: str = value(
        "Measure", NAME, "Whether the probabilities are the model's own or with the temperature."
    )
    accuracy: float = value("Accuracy", share(), "Share of samples that are predicted correctly.")
    confidence: float = value("Mean confidence", share(), "Mean of the highest probability.")
    ece_equal_mass: float = value(
        "Calibration error, bins of equal mass",
        share(),
        "Expected calibration error in bins of equally many samples.",
    )
    ece_equal_width: float = value(
        "Calibration error, bins of equal width", share(), "Expected calibration error in bins of equal width."
    )
    brier: float = value("Brier score", decimals(4), "Mean squared distance of the probabilities to the labels.")
    log_loss: float = value(
        "Cross-entropy", decimals(4), "Mean negative logarithm of the probability of the label, in nats."
    )


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
        temperature: The temperature that was fitted on the validation samples; None if there are none.
        scaled_curve: The curve with it; None without a temperature.
        scaled_scores: The scores with it; None without a temperature.
        note: What must be known to read the numbers, or "".
    """

    split: str
    epoch: int
    samples: int
    bins: int
    curve: Reliability
    scores: ProbabilityScores
    temperature: Temperature | None
    scaled_curve: Reliability | None
    scaled_scores: ProbabilityScores | None
    note: str

    def line(self) -> str:
        """A one-line summary."""
        s, with_it = self.scores, ""
        if self.temperature is not None and self.scaled_scores is not None:
            scaled = percent(self.scaled_scores.ece_equal_mass)
            with_it = f"; {scaled} with the temperature {self.temperature.value:.2f}"
        return (
            f"Calibration on {split_in_words(self.split, self.samples)}, epoch {self.epoch}: confidence "
            f"{percent(s.confidence)}, accuracy {percent(s.accuracy)}, calibration error "
            f"{percent(s.ece_equal_mass)}{with_it}"
        )

    def _curves(self) -> dict[str, tuple[float, Reliability]]:
        """The curves in words, each with its temperature."""
        found = {"as it is": (1.0, self.curve)}
        if self.temperature is not None and self.scaled_curve is not None:
            found[f"temperature {self.temperature.value:.2f}"] = (self.temperature.value, self.scaled_curve)
        return found

    def table(self) -> Table:
        """The bins of the curve; those with the fitted temperature follow those at temperature 1."""
        parts = ("lower", "upper", "counts", "confidence", "accuracy", "low", "high")
        rows = [
            Bin(temperature, (lower, upper), count, confidence, Interval(*accuracy))
            for temperature, curve in self._curves().values()
            for lower, upper, count, confidence, *accuracy in zip(
                *(getattr(curve, each) for each in parts), strict=True
            )
        ]
        return Table.of(Bin, rows)

    def tables(self) -> tuple[Table, ...]:
        """The scores, and the bins at temperature 1."""
        scores = [Scores("Before", **vars(self.scores))]
        chance = percent(self.curve.error_by_chance)
        notes = [f"A perfectly calibrated model stays below {chance} in 95 of 100 cases (equal mass)."]
        if self.temperature is not None:
            scores.append(Scores(f"Temperature {self.temperature.value:.3f}", **vars(self.scaled_scores)))
            notes.append(f"The temperature was fitted on {self.temperature.samples:,} validation samples.")
        title = f"Calibration on {split_in_words(self.split, self.samples)} after epoch {self.epoch}"
        bins = self.table().take(range(len(self.curve.counts))).without("Temperature")
        return (
            Table.of(Scores, scores, title=title, notes=tuple(notes), turned=True),
            replace(bins, title="Right as often as it says?"),
        )

    def panels(self) -> "list[Panel]":
        """The reliability curves."""
        from cutaway.plots import Panel, Series

        series = [
            Series(name, each.confidence, each.accuracy, each.low, each.high, color=color, points=True)
            for color, (name, (_, each)) in enumerate(self._curves().items())
        ]
        title = f"Calibration on {split_in_words(self.split, self.samples)}"
        return [Panel(title, "confidence", "accuracy", series, x_percent=True, y_percent=True, diagonal=True)]

    def to_json(self) -> dict[str, Any]:
        """Scores at temperature 1 and with the fitted one, and the bins of the curve."""
        return self._plain("scores", "temperature", "scaled_scores") | {
            "error_by_chance": self.curve.error_by_chance,
            "bins": self.table().records(),
            "note": self.note or None,
        }


def calibration(context: RunContext, options: ConfidenceOptions) -> Calibration:
    """Measure calibration; see `cutaway.Run.calibration`."""
    split, bins = options.split or context.split.held_out, options.bins
    ids, number = context.part(split), context.epoch(options.epoch)
    fitted, notes, temperatures = None, list[str](), [1.0]
    if len(context.split.val):
        fitted = fitted_temperature(context, epoch=number)
        temperatures.append(fitted.value)
        if fitted.at_limit:
            notes.append(
                "the validation samples do not determine a temperature, for example if nearly all of them are "
                "predicted correctly"
            )
    else:
        notes.append("there are no validation samples to fit a temperature on")
    chosen = "the temperature was fitted" if fitted else ""
    scored = scored_samples(context, ids, epoch=number, temperatures=temperatures)
    curve, *scaled_curve = (reliability(each.confidence, each.correct, bins=bins) for each in scored)
    scores, *scaled_scores = (probability_scores(each, bins=bins) for each in scored)
    return Calibration(
        split=split,
        epoch=number,
        samples=len(ids),
        bins=bins,
        curve=curve,
        scores=scores,
        temperature=fitted,
        scaled_curve=scaled_curve[0] if fitted else None,
        scaled_scores=scaled_scores[0] if fitted else None,
        note="; ".join([*notes, *cautions(split, chosen)]),
    )


def fitted_temperature(context: RunContext, *, epoch: int | None = None) -> Temperature:
    """The temperature with the lowest negative log-likelihood on the validation samples.

    It is kept in the cache: using it again needs neither the samples nor Keras.

    Args:
        context: The run.
        epoch: After which epoch; the kept one if None.

    Raises:
        UsageError: There are no validation samples.
        DataError: The model has diverged, or the samples cannot be loaded.
    """
    ids, number = validation(context, chosen="a temperature"), context.epoch(epoch)
    # for a model that cannot be opened, the recorded predictions decide
    decides = () if context.opens else (number, context.folder.predictions(number))
    identity = context.folder.identity(*([number] if context.opens else []))
    return cached("temperature", identity, decides, VALUES, method=1).get(partial(_fitted, context, ids, epoch=number))


def _fitted(context: RunContext, ids: SampleIds, *, epoch: int) -> Temperature:
    labels, classes = context.data.y(ids), len(context.class_names)
    most = max(VALUES // classes, 1)
    if len(ids) > most:
        drawn = stratified_sample(labels, most, seed=0)
        ids, labels = ids.take(drawn), labels[drawn]
    probabilities = np.empty((len(ids), classes), np.float32)
    for rows, found in finite_batches(context, ids, epoch=epoch):
        probabilities[rows] = found
    return fit_temperature(probabilities, labels, floor=0.0 if context.opens else ROUNDED_TO_ZERO)


def find_temperature(context: RunContext, temperature: float | str | None, *, epoch: int | None) -> float | None:
    """Resolve ``temperature=`` of `PredictionOptions`: a number, "fitted", or None for the probabilities as they are.

    Raises:
        UsageError: There are no validation samples to fit it on.
        DataError: See `fitted_temperature`.
    """
    return fitted_temperature(context, epoch=epoch).value if isinstance(temperature, str) else temperature
