"""Measures of predicted numbers with intervals: R2, RMSE, mean and median absolute error; and conformal intervals."""

import math
from collections.abc import Collection

import numpy as np

from .resampling import bootstrap_interval

NUMBER_MEASURES = ("loss", "r2", "rmse", "mae", "median_error")
"""What is measured of predicted numbers, with the loss that was trained with."""

DRAWN = 2**25
"""Samples that are drawn at most for an interval: 500 draws of up to 67,000."""

LEAST_IN_PART = 20
"""With fewer samples, a part is not compared with the others."""


def squared_errors(y: np.ndarray, predicted: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """The squared error of each sample in units of a variance, the mean over the targets: float64 ``(sample,)``.

    Args:
        y: ``(sample, target)``.
        predicted: ``(sample, target)``.
        variance: ``(target,)``, above 0.
    """
    errors = predicted.astype(np.float64) - y
    return (errors**2 / variance).mean(axis=1)


def number_metrics(y: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """How well numbers are predicted.

    Args:
        y: float64 ``(sample, target)``.
        predicted: ``(sample, target)``.

    Returns:
        ``r2``, the share of the variance that is explained, 1 at most and below 0 if the mean is better, the mean over
        the targets as `sklearn.metrics.r2_score` has it (left out where a target is constant); and of a single target
        ``rmse``, ``mae`` and ``median_error``, in its unit.
    """
    variance, found = y.var(axis=0), dict[str, float]()
    if (variance > 0).all():
        found["r2"] = 1 - float(squared_errors(y, predicted, variance).mean())
    if y.shape[1] == 1:
        errors = np.abs(predicted[:, 0].astype(np.float64) - y[:, 0])
        found |= {
            "rmse": float(np.sqrt((errors**2).mean())),
            "mae": float(errors.mean()),
            "median_error": float(np.median(errors)),
        }
    return found


def number_intervals(
    y: np.ndarray, predicted: np.ndarray, names: Collection[str] = NUMBER_MEASURES
) -> dict[str, tuple[float, float, float]]:
    """`number_metrics` with their 95% intervals: the percentile bootstrap, with a fixed seed.

    Args:
        y: float64 ``(sample, target)``.
        predicted: ``(sample, target)``.
        names: The measures that are asked for.

    Returns:
        By name the measure, and the lower and upper limit by 500 sets of samples that are drawn with replacement, 50 of
        very many samples; all NaN if it is not known.

    Source:
        Efron 1979, "Bootstrap methods: another look at the jackknife".
    """
    found = dict[str, tuple[float, float, float]]()
    found |= dict.fromkeys(NUMBER_MEASURES[1:], (math.nan, math.nan, math.nan))
    draws = max(50, min(500, DRAWN // len(y)))
    for name, value in number_metrics(y, predicted).items():
        if name not in names:
            continue

        def measure(rows: np.ndarray, name: str = name) -> float:
            return number_metrics(y[rows], predicted[rows]).get(name, math.nan)

        found[name] = value, *bootstrap_interval(measure, len(y), draws=draws)
    return found


def standard_errors_apart(values: np.ndarray, part: np.ndarray) -> float:
    """How far the mean of some samples is from that of all others, in standard errors of the difference (Welch 1947).

    Args:
        values: float ``(sample,)``.
        part: bool ``(sample,)``, which samples.

    Returns:
        Above 0 if it is larger; 0 if there are fewer than `LEAST_IN_PART` of one of both, or if all values are alike.
    """
    here, others = values[part], values[~part]
    if min(len(here), len(others)) < LEAST_IN_PART:
        return 0.0
    error = math.sqrt(here.var(ddof=1) / len(here) + others.var(ddof=1) / len(others))
    return float(here.mean() - others.mean()) / error if error else 0.0


def least_for_interval(level: float) -> int:
    """Errors that `conformal_radius` needs at least."""
    return math.ceil(level / (1 - level) - 1e-9)  # 0.9 / 0.1 is above 9


def conformal_radius(errors: np.ndarray, level: float) -> np.ndarray:
    """How far an interval around a prediction reaches that holds the true number with a probability: split conformal.

    It does so on average over samples from the same source as those whose errors are given, whatever the distribution.

    Args:
        errors: Absolute errors of samples that the model was not fitted to, ``(sample, target)``: at least
            `least_for_interval`.
        level: The probability, above 0 and below 1.

    Returns:
        The error of rank ``ceil((samples + 1) * level)`` of each target, ``(target,)``.

    Source:
        Vovk, Gammerman and Shafer 2005, "Algorithmic learning in a random world"; Lei et al. 2018, "Distribution-free
        predictive inference for regression", algorithm 2.
    """
    return np.sort(errors, axis=0)[math.ceil((len(errors) + 1) * level - 1e-9) - 1]
