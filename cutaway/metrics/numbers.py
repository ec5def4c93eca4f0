"""Measures of predicted numbers: R2, RMSE, mean and median absolute error."""

import numpy as np

NUMBER_MEASURES = ("loss", "r2", "rmse", "mae", "median_error")
"""What is measured of predicted numbers, with the loss that was trained with."""


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
