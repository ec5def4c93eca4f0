"""What the errors of predicted numbers show: whether they grow with the prediction, and whether neighbors are alike."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .intervals import Interval
from .numbers import number_intervals

LEAST_ERRORS = 25
"""Samples below which only R2 is measured."""


@dataclass(frozen=True)
class ErrorFacts:
    """The errors of one target on samples that a model was not trained on.

    Attributes:
        samples: How many they are.
        r2: Share of the variance that is explained.
        interval: Its 95% interval.
        rmse: Square root of the mean squared error, in the unit of the target.
        growth: Mean absolute error in the highest fifth of the predictions over that in the lowest fifth; 1 if unknown.
        p_growth: How likely at least such a rank correlation of absolute error and prediction is by chance.
        serial: Correlation of the errors of neighbors in the file, -1..1; 0 if unknown.
        p_serial: How likely at least such a correlation is by chance.
    """

    samples: int
    r2: float
    interval: Interval
    rmse: float
    growth: float = 1.0
    p_growth: float = 1.0
    serial: float = 0.0
    p_serial: float = 1.0


def error_facts(y: np.ndarray, predicted: np.ndarray, *, is_log: bool) -> ErrorFacts:
    """Measure errors.

    Args:
        y: float64 ``(sample,)``, in the order of the file, of two different values or more.
        predicted: float64 ``(sample,)``.
        is_log: Whether the model learned logarithms, whose errors then count, all but those of R2 and RMSE.

    Source:
        Spearman 1904 for the rank correlation; von Neumann 1941, "Distribution of the ratio of the mean square
        successive difference to the variance", for neighbors.
    """
    found = number_intervals(y[:, None], predicted[:, None], ("r2", "rmse"))
    score = len(y), found["r2"][0], found["r2"][1:], found["rmse"][0]
    if len(y) < LEAST_ERRORS:
        return ErrorFacts(*score)
    from scipy.stats import norm, spearmanr

    errors = np.log(np.maximum(predicted, y.min())) - np.log(y) if is_log else predicted - y
    if np.ptp(errors) == 0 or np.ptp(predicted) == 0:
        return ErrorFacts(*score)
    sizes, order = np.abs(errors), np.argsort(predicted, kind="stable")
    fifth = len(y) // 5
    low, high = sizes[order[:fifth]].mean(), sizes[order[-fifth:]].mean()
    rank: Any = spearmanr(predicted, sizes)
    # ranks, so that a few large errors do not decide
    ranks = np.argsort(np.argsort(errors, kind="stable"), kind="stable") - (len(errors) - 1) / 2
    serial = float((ranks[1:] * ranks[:-1]).sum() / (ranks**2).sum())
    return ErrorFacts(
        *score,
        float(high / low) if low else 1.0,
        float(rank.pvalue),
        serial,
        float(2 * norm.sf(abs(serial) * np.sqrt(len(errors)))),
    )
