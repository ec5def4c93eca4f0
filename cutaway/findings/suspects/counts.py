"""How many labels are wrong: at least what classes that overlap cannot explain, at most what models disagree with."""

from dataclasses import dataclass

import numpy as np

from cutaway.metrics import wilson_interval

from .held_out import HeldOut
from .scores import suggest

WIDEST = 0.1
"""Widest interval that is told, as a share of the samples: of a wider one, errors of the models explain too much."""

LEARNED = 0.75
"""A class of which fewer labels are predicted as given is not learned: its errors may be what no input shows."""

BINS = 50
"""Groups of samples, by how sure the models are, in which errors are counted."""

STEEPNESS = 0.35
"""Of models of overlapping classes, the least slope of the errors relative to their intercept. It was 0.41 to 1.6 in
ten cross-validations without a wrong label, and below 0.1 where labels of classes far apart were changed."""

DEVIANCE = 1.9207
"""Loss of log-likelihood at the ends of a 95% interval: half of the 95% quantile of chi-squared with 1 degree."""

HALVINGS = 12
"""Times that the interval in which the lower end lies is halved."""


@dataclass(frozen=True)
class CountEstimate:
    """An estimate of how many labels are wrong.

    Attributes:
        count: The estimate.
        low: Lower end of its 95% interval.
        high: Upper end of its 95% interval.
    """

    count: int
    low: int
    high: int


def bound_count(held: HeldOut) -> CountEstimate:
    """Bound the number of wrong labels, however wide the interval is.

    Where classes overlap, the share of errors falls to 0 as models become more sure; where labels are wrong, it falls
    to the share of wrong labels and stays there, as lapses of attention bound what an observer can reach. So the share
    of errors at sureness z is taken as r + (1 - r) / (1 + exp(a + b z)), with b at least `STEEPNESS` times a, and z the
    normal quantile of the rank of a sample's confidence among those predicted as the same class, so that each class
    counts at each sureness. The estimate is the r of greatest likelihood, and the lower end that of its profile.
    A class that is not `LEARNED` counts neither for the estimate nor for the lower end.

    The upper end is the number of labels that the models do not predict. If wrong labels are more frequent where
    classes overlap, the number is between the two ends, and nothing in the labels says where. Wrong labels that all
    models predict are in neither.

    Source:
        Wichmann, Hill 2001, "The psychometric function: I. Fitting, sampling, and goodness of fit" (lapse rate);
        Venzon, Moolgavkar 1988, "A method for computing profile-likelihood-based confidence intervals". Coverage on
        simulated labels: benchmarks/label_estimates.py.
    """
    errors, samples, disagreements = _errors_by_sureness(held)
    if not errors.any():
        return CountEstimate(0, 0, disagreements)
    total = int(samples.sum())
    loss, lapses = _fit(errors, samples, 0.0, min(2 * errors.sum() / total, 0.95))
    low, high = 0.0, lapses
    if _fit(errors, samples, 0.0, 0.0)[0] > loss + DEVIANCE:
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            if _fit(errors, samples, middle, middle)[0] > loss + DEVIANCE:
                low = middle
            else:
                high = middle
    return CountEstimate(min(round(lapses * total), disagreements), min(int(low * total), disagreements), disagreements)


def can_judge(bounds: CountEstimate, labels: np.ndarray) -> bool:
    """Whether models predict more labels as given than always saying the largest class would, by more than chance.

    Args:
        bounds: Of `bound_count`.
        labels: int64 ``(sample,)``, the labels as given.
    """
    samples = len(labels)
    return bool(wilson_interval(samples - bounds.high, samples)[0] > np.bincount(labels).max() / samples)


def why_withheld(bounds: CountEstimate, labels: np.ndarray) -> str:
    """Why a user does not get this number, a sentence; "" where it is told.

    Args:
        bounds: Of `bound_count`.
        labels: int64 ``(sample,)``, the labels as given.
    """
    samples = len(labels)
    right, largest = samples - bounds.high, np.bincount(labels).max() / samples
    predicted = f"The models predict {right / samples:.1%} of the labels as given"
    if not can_judge(bounds, labels):
        same = f"not clearly more than always saying the largest class would ({largest:.1%})"
        return f"{predicted}, {same}: they cannot judge labels."
    if bounds.high - bounds.low > WIDEST * samples:
        return (
            f"{predicted}. How many of the others are wrong labels, and how many are errors of the models, cannot be "
            "told."
        )
    return ""


def _errors_by_sureness(held: HeldOut) -> tuple[np.ndarray, np.ndarray, int]:
    """Errors and samples in each of `BINS` groups, the surest last, of classes that are learned; and all errors."""
    given = held.given.mean(axis=0, dtype=np.float64)
    suggested, other = suggest(held)
    wrong = other > given
    predicted, confidence = np.where(wrong, suggested, held.labels), np.maximum(given, other)
    labeled, missed = (np.bincount(labels, minlength=held.classes) for labels in (held.labels, held.labels[wrong]))
    is_learned = ~(wilson_interval(missed, labeled)[0] > 1 - LEARNED)  # NaN of a class without samples
    kept = is_learned[held.labels] & is_learned[predicted]
    predicted, confidence, errors = predicted[kept], confidence[kept], wrong[kept]
    order = np.lexsort((confidence, predicted))
    size = np.bincount(predicted, minlength=held.classes)
    rank = np.arange(len(order)) - (size.cumsum() - size)[predicted[order]]
    group = (2 * rank + 1) * BINS // (2 * size[predicted[order]])
    return np.bincount(group, errors[order], BINS), np.bincount(group, minlength=BINS), int(wrong.sum())


def _fit(errors: np.ndarray, samples: np.ndarray, least: float, most: float) -> tuple[float, float]:
    """The smallest negative log-likelihood with a share of lapses in these limits, and that share."""
    from scipy.optimize import minimize
    from scipy.special import expit, ndtri

    z = ndtri((np.arange(BINS) + 0.5) / BINS)

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        lapses, intercept, log_slope = parameters
        slope = STEEPNESS * max(intercept, 0) + np.exp(log_slope)
        overlap = expit(-(intercept + slope * z))
        p = np.clip(lapses + (1 - lapses) * overlap, 1e-12, 1 - 1e-12)
        by_p = (samples - errors) / (1 - p) - errors / p
        by_logit = by_p * (lapses - 1) * overlap * (1 - overlap)
        gradient = (
            (by_p * (1 - overlap)).sum(),
            (by_logit * (1 + STEEPNESS * (intercept > 0) * z)).sum(),
            (by_logit * z).sum() * np.exp(log_slope),
        )
        return -(errors * np.log(p) + (samples - errors) * np.log1p(-p)).sum(), np.array(gradient)

    shares = sorted({least, (3 * least + most) / 4})
    starts = [(share, *rest) for share in shares for rest in ((1.0, 0.0), (4.0, 0.5), (2.0, -2.0))]
    limits = [(least, most), (-2.0, 25.0), (-5.0, 4.0)]
    found = min((minimize(loss, x, jac=True, method="L-BFGS-B", bounds=limits) for x in starts), key=lambda m: m.fun)
    return float(found.fun), float(found.x[0])


def errors_of_the_surest(confidence: np.ndarray, right: np.ndarray) -> tuple[int, int]:
    """How many of the 10% most confident samples are not predicted as labeled, and how many those 10% are.

    A label that is wrong by chance is wrong there as well as elsewhere, while overlapping classes are told apart there:
    in seven runs on overlapping classes without a wrong label, 3 of 156 such samples were predicted otherwise, and 24
    of 252 in four runs with 5% to 12% of wrong labels.
    """
    surest = np.argsort(-confidence, kind="stable")[: -(-len(right) // 10)]
    return int((~right[surest]).sum()), len(surest)
