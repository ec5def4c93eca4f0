"""Label issues: which samples probably have a wrong label, by models that were not trained on them.

In come `HeldOut` probabilities, as arrays; out come a score for each sample, the label that it suggests, and an
estimate of how many labels are wrong. Of many classes only the most probable are kept: 70,000 samples of 1,000
classes take no more than of 10. Knows no run and no model.
"""

from dataclasses import dataclass, field

import numpy as np

from cutaway.metrics import wilson_interval
from cutaway.words import percent

OTHERS = 5
"""Classes other than the label that are kept of each sample."""

BLOCK = 65_536
"""Samples to judge at a time: this keeps memory from growing by several copies of all samples."""


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Out-of-sample probabilities of one sample by several models, each of which was trained without it.

    Attributes:
        labels: int64 ``(sample,)``, the labels as given.
        given: float32 ``(model, sample)``, the probability of the label.
        others: int32 ``(model, sample, k)``, the most probable other classes, the highest first.
        probabilities: float32 ``(model, sample, k)``, their probabilities.
        margins: float32 ``(sample,)`` in -1..1, the mean margin of the label while other models were trained on the
            sample, or None if it was not recorded.
        classes: Number of classes.
    """

    labels: np.ndarray = field(repr=False)
    given: np.ndarray = field(repr=False)
    others: np.ndarray = field(repr=False)
    probabilities: np.ndarray = field(repr=False)
    margins: np.ndarray | None = field(repr=False)
    classes: int

    def take(self, rows: np.ndarray) -> "HeldOut":
        """The same of some samples, selected as in NumPy."""
        margins = None if self.margins is None else self.margins[rows]
        return HeldOut(
            self.labels[rows],
            self.given[:, rows],
            self.others[:, rows],
            self.probabilities[:, rows],
            margins,
            self.classes,
        )


def keep_highest(probabilities: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What is kept of the probabilities of one model.

    Args:
        probabilities: float32 ``(sample, class)``, of at least 2 classes.
        labels: int ``(sample,)``.

    Returns:
        given float32 ``(sample,)``, others int32 ``(sample, k)`` and their probabilities float32 ``(sample, k)``, as in
        `HeldOut`; k is `OTHERS`, or one less than the number of classes.
    """
    samples, count = len(labels), min(OTHERS, probabilities.shape[1] - 1)
    given, found = np.empty(samples, np.float32), np.empty((samples, count), np.float32)
    others = np.empty((samples, count), np.int32)
    for start in range(0, samples, BLOCK):
        here = slice(start, start + BLOCK)
        rest = probabilities[here].astype(np.float32)  # a copy
        rows = np.arange(len(rest))
        given[here] = rest[rows, labels[here]]
        rest[rows, labels[here]] = -1
        highest = np.argpartition(-rest, count - 1, axis=1)[:, :count]
        shares = np.take_along_axis(rest, highest, axis=1)
        order = np.lexsort((highest, -shares), axis=1)  # the smaller class first among equals
        others[here] = np.take_along_axis(highest, order, axis=1)
        found[here] = np.take_along_axis(shares, order, axis=1)
    return given, others, found


ISSUE_SCORE = 0.5
"""Score of a label above which models prefer another class."""

FEW = 2
"""Groups of fewer samples in the mean are dealt by the label of their first sample: scikit-learn's way, which looks at
all labels of a group, takes 0.1 ms for each group, 10 s for 70,000 samples with two equal ones."""


def label_scores(held: HeldOut) -> np.ndarray:
    """The score of each label, float64 ``(sample,)`` in 0..1: above 0.5 the models prefer another class.

    Two margins are averaged, each the probability of the label minus that of the best other class: out of sample, of
    the mean over the models that were trained without the sample; and in sample, averaged over the epochs of the models
    that were trained on it (area under the margin), which fit a wrong label late. The score is one half of what the
    mean is below 1.

    Source:
        Northcutt, Jiang, Chuang 2021, "Confident learning: estimating uncertainty in dataset labels" (out-of-sample
        margins); Pleiss et al. 2020, "Identifying mislabeled data using the area under the margin ranking", with
        probabilities instead of logits. The combination was chosen on planted noise: benchmarks/label_issues.py.
    """
    margin = held.given.mean(axis=0, dtype=np.float64) - suggest(held)[1]
    if held.margins is not None:
        margin = (margin + held.margins) / 2
    return (1 - margin) / 2


def suggest(held: HeldOut) -> tuple[np.ndarray, np.ndarray]:
    """The most probable other class of each sample.

    Returns:
        int64 ``(sample,)``, the class other than the label whose probability is the highest in the mean over the
        models; and float32 ``(sample,)``, that mean.
    """
    models, samples, count = held.others.shape
    found, probability = np.empty(samples, np.int64), np.empty(samples, held.probabilities.dtype)
    for start in range(0, samples, BLOCK):
        here = slice(start, start + BLOCK)
        classes = held.others[:, here].transpose(1, 0, 2).reshape(-1, models * count)
        shares = held.probabilities[:, here].transpose(1, 0, 2).reshape(-1, models * count)
        sums = np.zeros_like(shares)
        for place in range(models * count):  # a class that is not among a model's highest counts as 0 there
            sums += np.where(classes == classes[:, place, None], shares[:, place, None], 0)
        best = sums.argmax(axis=1)[:, None]
        found[here] = np.take_along_axis(classes, best, axis=1)[:, 0]
        probability[here] = np.take_along_axis(sums, best, axis=1)[:, 0] / models
    return found, probability


def deal_folds(labels: np.ndarray, folds: int, *, seed: int, groups: np.ndarray | None = None) -> np.ndarray:
    """Assign samples to folds of equal size with the same share of each class.

    Args:
        labels: int ``(sample,)``.
        folds: Number of folds, at least 2.
        seed: Random seed.
        groups: int ``(sample,)``; samples of one group are in the same fold, and folds are then only nearly equal.

    Returns:
        int64 ``(sample,)`` in 0..folds-1; without groups, sizes differ by at most one, and fold 0 is no smaller than
        any other.
    """
    if groups is None:
        return _deal(labels, folds, seed=seed)
    _, first, group = np.unique(groups, return_index=True, return_inverse=True)
    if len(labels) < FEW * len(first):
        assigned = _deal(labels[first], folds, seed=seed)[group]
    else:
        from sklearn.model_selection import StratifiedGroupKFold

        assigned = np.empty(len(labels), np.int64)
        parts = StratifiedGroupKFold(folds, shuffle=True, random_state=seed).split(labels, labels, groups)
        for number, (_, rows) in enumerate(parts):
            assigned[rows] = number
    order = np.argsort(-np.bincount(assigned, minlength=folds), kind="stable")  # the largest fold becomes fold 0
    return np.argsort(order)[assigned]


def _deal(labels: np.ndarray, folds: int, *, seed: int) -> np.ndarray:
    assigned = np.empty(len(labels), np.int64)
    order = np.lexsort((np.random.default_rng(seed).random(len(labels)), labels))
    assigned[order] = np.arange(len(labels)) % folds
    return assigned


WIDEST = 0.1
"""Widest interval to show, as a share of the samples: with a wider one, errors of the models explain too much."""

LEARNED = 0.75
"""A class with a smaller share of correct predictions is not learned: no input may explain its errors."""

BINS = 50
"""Number of groups to count errors in, by how sure the models are."""

STEEPNESS = 0.35
"""Of models of overlapping classes, the least slope of the errors relative to their intercept. It was 0.41 to 1.6 in
ten cross-validations without a wrong label, and below 0.1 where labels of classes far apart were changed."""

DEVIANCE = 1.9207
"""Loss of log-likelihood at the ends of a 95% interval: half of the 95% quantile of chi-squared with 1 degree."""

HALVINGS = 12
"""Number of bisections of the interval around the lower end."""


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
    """Why a user does not get this number, a sentence; "" if the user does.

    Args:
        bounds: Of `bound_count`.
        labels: int64 ``(sample,)``, the labels as given.
    """
    samples = len(labels)
    right, largest = samples - bounds.high, np.bincount(labels).max() / samples
    predicted = f"The models predict {percent(right / samples, 1)} of the labels as given"
    if not can_judge(bounds, labels):
        same = f"not clearly more than always saying the largest class would ({percent(largest, 1)})"
        return f"{predicted}, {same}: they cannot judge labels."
    if bounds.high - bounds.low > WIDEST * samples:
        return (
            f"The number of wrong labels is not estimated: it may be anything from {bounds.low:,} to {bounds.high:,}, "
            f"which are more than {WIDEST:.0%} of all labels apart. {predicted}, and errors of their own look "
            "like wrong labels."
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

    A label that is wrong by chance is wrong there as well as elsewhere, while overlapping classes are separable there:
    in seven runs on overlapping classes without a wrong label, 3 of 156 such samples were predicted otherwise, and 24
    of 252 in four runs with 5% to 12% of wrong labels.
    """
    surest = np.argsort(-confidence, kind="stable")[: -(-len(right) // 10)]
    return int((~right[surest]).sum()), len(surest)
