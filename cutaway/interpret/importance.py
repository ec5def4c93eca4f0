"""What a model predicts if columns are shuffled among the samples, or have other values than they have.

The first is permutation importance, how much worse it predicts; the second is partial dependence, what it predicts on
average.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np

from cutaway.errors import DataError, UsageError
from cutaway.metrics import squared_errors
from cutaway.models import ForwardPass, class_probabilities
from cutaway.progress import Progress, ProgressCallback, ignore_progress

from .ablation import LARGEST_LOSS
from .measures import target_variance
from .records import ERRORS


@dataclass(frozen=True, eq=False)
class Importance:
    """How much worse a model predicts without the information in each group of inputs.

    Attributes:
        loss: Mean cross-entropy loss of the samples as they are, in nats; of numbers 1 - R2.
        accuracy: Share of them that is predicted correctly; NaN of numbers, as are the fall of it and its error.
        loss_increase: float64 ``(group,)``: by how much the mean loss rises if the group is shuffled.
        loss_error: float64 ``(group,)``: its standard error over samples and shuffles.
        accuracy_decrease: float64 ``(group,)``: by how much the accuracy falls.
        accuracy_error: float64 ``(group,)``: its standard error over samples and shuffles.
    """

    loss: float
    accuracy: float
    loss_increase: np.ndarray
    loss_error: np.ndarray
    accuracy_decrease: np.ndarray
    accuracy_error: np.ndarray

    @property
    def measurable(self) -> np.ndarray:
        """Bool ``(group,)``: whether the loss rises by more than two standard errors."""
        return self.loss_increase > ERRORS * self.loss_error


def permutation_importance(
    model: keras.Model,
    x: np.ndarray,
    labels: np.ndarray,
    groups: Sequence[Sequence[int]],
    *,
    scale: float,
    repeats: int = 5,
    seed: int = 0,
    least: float = math.exp(-LARGEST_LOSS),
    on_progress: ProgressCallback = ignore_progress,
) -> Importance:
    """Shuffle each group of inputs among the samples, several times, and compare the predictions with those before.

    The inputs of a group keep their values together. The standard errors say how much the means would differ
    with other samples and other shuffles.

    Args:
        model: A built model; it is not changed.
        x: ``(sample, input)`` raw samples; at least 2, since nothing can be shuffled otherwise.
        labels: int ``(sample,)``, their class numbers, or float ``(sample, target)``, their targets.
        groups: The inputs that are shuffled together, such as those that one column of a table became.
        scale: The value of `x` that becomes 1.
        repeats: How often each group is shuffled, from 1 up.
        seed: Random seed of the shuffles.
        least: Probability below which a sample costs no more.
        on_progress: Told after every group.

    Raises:
        DataError: There are fewer than two samples, or all have the same target.

    Source:
        Breiman 2001, "Random forests", section 10; Fisher, Rudin, Dominici 2019, "All models are wrong, but many are
        useful: learning a variable's importance by studying an entire class of prediction models simultaneously"
        (any model, and the loss).
    """
    if len(x) < 2:
        raise DataError(f"shuffling needs at least 2 samples, got {len(x)}", hint="choose a split with more samples")
    rng, run, numbers = np.random.default_rng(seed), ForwardPass.of(model, scale=scale), labels.ndim == 2
    variance = target_variance(labels) if numbers else np.empty(0)

    def measure(rows: np.ndarray) -> np.ndarray:
        """The loss of each sample, and whether it is wrong, float64 (sample, measure)."""
        (outputs,) = run(rows).values()
        if numbers:
            return squared_errors(labels, outputs, variance)[:, None]
        probabilities = class_probabilities(model, outputs)
        given = probabilities[np.arange(len(labels)), labels].astype(np.float64)
        return np.stack([-np.log(np.maximum(given, least)), probabilities.argmax(axis=1) != labels], axis=1)

    before = measure(x)
    measures = before.shape[1]
    means, errors = np.full((len(groups), 2), np.nan), np.full((len(groups), 2), np.nan)
    on_progress(Progress("importance", 0, len(groups), "columns"))
    for number, group in enumerate(groups):
        shuffled, inputs = x.copy(), np.asarray(group)
        changes, donors = np.empty((repeats, *before.shape)), np.empty((repeats, len(x)), np.intp)
        for repeat in range(repeats):
            donors[repeat] = rng.permutation(len(x))
            shuffled[:, inputs] = x[donors[repeat]][:, inputs]
            changes[repeat] = measure(shuffled) - before
        means[number, :measures] = changes.mean(axis=(0, 1))
        errors[number, :measures] = _standard_errors(changes, donors)
        on_progress(Progress("importance", number + 1, len(groups), "columns"))
    return Importance(
        loss=float(before[:, 0].mean()),
        accuracy=np.nan if numbers else float((before[:, 1] == 0).mean()),
        loss_increase=means[:, 0],
        loss_error=errors[:, 0],
        accuracy_decrease=means[:, 1],
        accuracy_error=errors[:, 1],
    )


def _standard_errors(changes: np.ndarray, donors: np.ndarray) -> np.ndarray:
    """Standard errors ``(measure,)`` of the means of changes that come from pairs of samples.

    A change gives one sample the values of another, its donor, so each sample counts twice: with its own loss, and with
    the effect of its values on others. In ``d(i, j) = mean + a(i) + b(j) + rest``, the mean over all pairs
    has the variance of a + b divided by the number of samples. The sums of a sample's two averages over the repeats
    vary by as much, and by the variance of single changes divided by the repeats, which is taken off. Without the
    donors the error of an important column is a quarter too small with 5 repeats, and a third with 20
    (`tests/interpret/test_importance.py`). Source: Hoeffding 1948, "A class of statistics with asymptotically normal
    distribution" (projections of a mean over pairs).

    Args:
        changes: float64 ``(repeat, sample, measure)``.
        donors: int ``(repeat, sample)``: whose values each sample had.
    """
    repeats, samples, _ = changes.shape
    as_donor = np.empty_like(changes)
    for repeat in range(repeats):
        as_donor[repeat, donors[repeat]] = changes[repeat]
    both = changes.mean(axis=0) + as_donor.mean(axis=0)
    variance = both.var(axis=0, ddof=1) - changes.var(axis=(0, 1), ddof=1) / repeats
    return np.sqrt(np.maximum(variance, 0) / samples)


OUTER = (10, 90)
"""Percentiles that bound the spread of the curves of single samples."""


@dataclass(frozen=True, eq=False)
class PartialDependence:
    """What a model predicts if a group of inputs has the same values in all samples.

    Attributes:
        mean: float64 ``(point, class)``, mean probabilities, 0..1; or ``(point, target)`` in the unit of the target.
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
    numbers: bool = False,
) -> PartialDependence:
    """Give a group of inputs the values of each point, in all samples, and predict them.

    It says what the model does, also where no sample is; not what would happen in the world.

    Args:
        model: A built model; it is not changed.
        x: ``(sample, input)`` raw samples, at least one.
        group: The inputs that are changed together, such as those that one column of a table became.
        points: ``(point, input of the group)``, their values.
        scale: The value of `x` that becomes 1.
        numbers: Whether the model predicts numbers.

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
        (outputs,) = run(changed).values()
        curves.append((outputs if numbers else class_probabilities(model, outputs)).astype(np.float64))
    singles = np.stack(curves)  # (point, sample, class)
    mean = singles.mean(axis=1)
    # how samples differ in level would hide how they differ in what the values change
    centered = singles - singles.mean(axis=0) + mean.mean(axis=0)
    outer = np.percentile(centered, OUTER, axis=1)
    return PartialDependence(mean, *(outer if numbers else np.clip(outer, 0, 1)))
