"""Partial dependence: what a model predicts on average where some inputs have other values than they have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np

from cutaway.errors import UsageError
from cutaway.models import ForwardPass, class_probabilities

OUTER = (10, 90)
"""Percentiles that bound the spread of the curves of single samples."""


@dataclass(frozen=True, eq=False)
class PartialDependence:
    """What a model predicts if a group of inputs has the same values in all samples.

    Attributes:
        mean: float64 ``(point, class)``, mean probabilities, 0..1.
        low: float64 ``(point, class)``, 0..1: the 10th percentile of the curves of single samples, each moved so that
            it has the mean of `mean` over the points.
        high: float64 ``(point, class)``, 0..1: their 90th percentile.
    """

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


def partial_dependence(
    model: keras.Model,
    x: np.ndarray,
    group: Sequence[int],
    points: np.ndarray,
    *,
    scale: float,
    weights: Mapping[str, np.ndarray] | None = None,
) -> PartialDependence:
    """Give a group of inputs the values of each point, in all samples, and predict them.

    It says what the model does, also where no sample is; not what would happen in the world.

    Args:
        model: A built classifier; it is not changed.
        x: ``(sample, input)`` raw samples, at least one.
        group: The inputs that are changed together, such as those that one column of a table became.
        points: ``(point, input of the group)``, their values.
        scale: The value of `x` that becomes 1.
        weights: A snapshot to use; None for the weights that the model has now.

    Raises:
        UsageError: There are no samples.

    Source:
        Friedman 2001, "Greedy function approximation: a gradient boosting machine", section 8.2; Goldstein, Kapelner,
        Bleich, Pitkin 2015, "Peeking inside the black box" (the curves of single samples, centered).
    """
    if not len(x):
        raise UsageError("there are no samples to compute partial dependence on", hint="choose another split")
    run, changed, curves = ForwardPass.of(model, scale=scale), x.copy(), list[np.ndarray]()
    for values in points:
        changed[:, list(group)] = values
        (outputs,) = run(changed, weights=weights).values()
        curves.append(class_probabilities(model, outputs).astype(np.float64))
    singles = np.stack(curves)  # (point, sample, class)
    mean = singles.mean(axis=1)
    # how samples differ in level would hide how they differ in what the values change
    centered = singles - singles.mean(axis=0) + mean.mean(axis=0)
    low, high = np.clip(np.percentile(centered, OUTER, axis=1), 0, 1)
    return PartialDependence(mean, low, high)
