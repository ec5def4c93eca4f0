"""Calibration: whether a model that says 90% is right nine times out of ten, and the temperature that corrects it."""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from .intervals import wilson_interval
from .probabilities import LEAST, ScoredSamples, check_outcomes, distributions

Binning = Literal["equal-mass", "equal-width"]

BINS = 15
"""Bins of a reliability curve, as in Guo et al. 2017."""

TEMPERATURES = (0.05, 20.0)
"""Temperatures that are tried: beyond them, probabilities are 0 and 1, or all alike."""

DRAWS = 1000
"""Times that a perfectly calibrated model is simulated."""


@dataclass(frozen=True, eq=False)
class Reliability:
    """Confidence and accuracy of samples in bins of similar confidence, the least confident first.

    Attributes:
        binning: "equal-mass", bins of equally many samples (of those with equal confidence, all are in one bin), or
            "equal-width", bins of equally long parts of 0..1.
        lower: float64 ``(bin,)``: a bin holds samples with a confidence above this; the first bin also those at it.
        upper: float64 ``(bin,)``: up to this one.
        counts: int64 ``(bin,)``, samples; bins without samples are left out.
        confidence: float64 ``(bin,)``, their mean confidence.
        accuracy: float64 ``(bin,)``, the share of them that is predicted correctly.
        low: float64 ``(bin,)``, lower end of its 95% interval (Wilson).
        high: float64 ``(bin,)``, upper end.
    """

    binning: Binning
    lower: np.ndarray = field(repr=False)
    upper: np.ndarray = field(repr=False)
    counts: np.ndarray = field(repr=False)
    confidence: np.ndarray = field(repr=False)
    accuracy: np.ndarray = field(repr=False)
    low: np.ndarray = field(repr=False)
    high: np.ndarray = field(repr=False)

    @property
    def error(self) -> float:
        """Expected calibration error (ECE), 0..1: the mean over samples of ``|accuracy - confidence|`` of their bin.

        Source:
            Naeini, Cooper, Hauskrecht 2015, "Obtaining well calibrated probabilities using Bayesian binning", section
            "Calibration measures"; of the most probable class: Guo et al. 2017, equation 5.
        """
        return float((self.counts * np.abs(self.accuracy - self.confidence)).sum() / self.counts.sum())

    @property
    def error_by_chance(self) -> float:
        """The ECE, 0..1, below which a perfectly calibrated model stays 95 times in 100 on as many samples.

        It is simulated: in each bin, samples are right with a probability of their mean confidence.

        Source:
            Broecker and Smith 2007, "Increasing the reliability of reliability diagrams".
        """
        confidence = np.clip(self.confidence, 0, 1)
        right = np.random.default_rng(0).binomial(self.counts, confidence, size=(DRAWS, len(self.counts)))
        errors = np.abs(right - self.counts * confidence).sum(axis=1) / self.counts.sum()
        return float(np.quantile(errors, 0.95))


@dataclass(frozen=True)
class ProbabilityScores:
    """How good probabilities are; lower is better.

    Attributes:
        accuracy: Share of the samples that are predicted correctly, 0..1; here higher is better.
        confidence: Mean probability of the predicted class, 0..1; equal to the accuracy for a calibrated model.
        ece_equal_mass: Expected calibration error of bins of equally many samples, 0..1; see `Reliability.error`.
        ece_equal_width: The same of bins of equal width.
        brier: Brier score: the mean over samples of the sum over classes of the squared difference to 1 for the true
            class and 0 for the others, in 0..2; for two classes half of it, in 0..1, as in scikit-learn.
        log_loss: Negative log-likelihood: the mean of minus the logarithm of the probability of the true class, in
            nats, at most 87.3; without label smoothing, the cross-entropy.

    Source:
        Brier 1950, "Verification of forecasts expressed in terms of probability".
    """

    accuracy: float
    confidence: float
    ece_equal_mass: float
    ece_equal_width: float
    brier: float
    log_loss: float


@dataclass(frozen=True)
class Temperature:
    """The temperature with the lowest negative log-likelihood on some samples.

    Attributes:
        value: Probabilities become the softmax of their logarithms divided by it: above 1 less confident, below 1 more.
        samples: Number of samples that it was fitted on.
        log_loss: Their mean negative log-likelihood with it, in nats.
        log_loss_before: The same at temperature 1.
    """

    value: float
    samples: int
    log_loss: float
    log_loss_before: float

    @property
    def at_limit(self) -> bool:
        """Whether it is the lowest or the highest that was tried: the samples do not determine it.

        For example, all of them are predicted correctly: more confidence is then always better.
        """
        low, high = TEMPERATURES
        return not low * 1.01 < self.value < high / 1.01


def reliability(
    confidence: np.ndarray, correct: np.ndarray, *, bins: int = BINS, binning: Binning = "equal-mass"
) -> Reliability:
    """Compare confidence and accuracy in bins.

    Args:
        confidence: float ``(sample,)``, 0..1, probabilities of the predicted classes, of at least one sample.
        correct: bool ``(sample,)``, whether they are right.
        bins: Number of bins, 1 or more; there may be fewer where many samples are equally confident.
        binning: "equal-mass" or "equal-width".

    Raises:
        DataError: The arrays do not fit together, or are empty.
    """
    confidence, correct = check_outcomes(confidence, correct)
    edges = np.linspace(0, 1, bins + 1) if binning == "equal-width" else _equal_masses(confidence, bins)
    bin_of = np.searchsorted(edges[1:-1], confidence)  # a confidence at an edge belongs to the bin below it
    counts = np.bincount(bin_of, minlength=bins)
    has = counts > 0
    right = np.bincount(bin_of, weights=correct, minlength=bins)[has]
    counts, total = counts[has], np.bincount(bin_of, weights=confidence, minlength=bins)[has]
    low, high = wilson_interval(right, counts)
    return Reliability(
        binning, edges[:-1][has], edges[1:][has], counts, total / counts, right / counts, np.array(low), np.array(high)
    )


def probability_scores(scored: ScoredSamples, *, bins: int = BINS) -> ProbabilityScores:
    """Measure probabilities of at least one sample.

    Args:
        scored: The samples.
        bins: Number of bins of both calibration errors.
    """
    correct = scored.correct
    mass, width = (
        reliability(scored.confidence, correct, bins=bins, binning=binning).error
        for binning in ("equal-mass", "equal-width")
    )
    return ProbabilityScores(
        accuracy=float(correct.mean()),
        confidence=float(scored.confidence.mean(dtype=np.float64)),
        ece_equal_mass=mass,
        ece_equal_width=width,
        brier=float(scored.squared.mean(dtype=np.float64)) / (2 if scored.classes == 2 else 1),
        log_loss=float(scored.log_loss.mean()),
    )


def fit_temperature(probabilities: np.ndarray, labels: np.ndarray, *, floor: float = LEAST) -> Temperature:
    """Fit the temperature on samples that the model was not trained on.

    Args:
        probabilities: float ``(sample, class)``, 0..1, of at least one sample.
        labels: int ``(sample,)``, true classes.
        floor: Least probability of a true class: what the precision of the probabilities cannot tell from 0.

    Raises:
        DataError: The arrays do not fit together, or a number is outside its range.

    Source:
        Guo, Pleiss, Sun, Weinberger 2017, "On calibration of modern neural networks", section 4.2. The negative
        log-likelihood is convex in the inverse of the temperature: its only minimum is found.
    """
    from scipy.optimize import minimize_scalar

    scored = ScoredSamples.of(probabilities, labels)  # checks them
    logs = np.log(np.maximum(distributions(probabilities), LEAST, dtype=np.float32))
    own = np.log(np.maximum(scored.own.astype(np.float64), max(floor, LEAST)))
    most = logs.max(axis=1)
    logs -= most[:, None]
    own -= most
    powers = np.empty_like(logs)

    def log_loss(log_temperature: float) -> float:
        inverse = np.exp(-log_temperature)
        np.exp(np.multiply(logs, np.float32(inverse), out=powers), out=powers)
        return float((np.log(powers.sum(axis=1, dtype=np.float64)) - inverse * own).mean())

    bounds = tuple(np.log(TEMPERATURES))
    found: Any = minimize_scalar(log_loss, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    return Temperature(float(np.exp(found.x)), len(labels), float(found.fun), log_loss(0.0))


def _equal_masses(confidence: np.ndarray, bins: int) -> np.ndarray:
    """Edges of bins of equally many samples: quantiles of the confidence, as scikit-learn's strategy "quantile"."""
    return np.percentile(confidence, np.linspace(0, 1, bins + 1) * 100)
