"""How many labels are wrong: the estimate of confident learning, with an interval."""

from dataclasses import dataclass

import numpy as np

from cutaway.metrics import wilson_interval

from .held_out import BLOCK, HeldOut
from .scores import suggest


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


def estimate_count(held: HeldOut) -> CountEstimate:
    """Estimate how many labels are wrong.

    A sample counts as confidently of a class where the probability of that class is at least its mean over the samples
    labeled so; of several such classes the most probable counts. The counts by label and confident class, calibrated so
    that every label keeps its number of samples, are the joint distribution of given and true labels, and what is
    off its diagonal is the number of wrong labels. Classes beyond the `OTHERS` most probable ones count as improbable.

    The interval takes the number of samples that are confidently of another class as Poisson distributed. It holds
    chance, not what models cannot see: labels that all of them get wrong alike, or samples that are merely unusual.

    Source:
        Northcutt, Jiang, Chuang 2021, "Confident learning: estimating uncertainty in dataset labels", section 3.1;
        Garwood 1936, "Fiducial limits for the Poisson distribution".
    """
    from scipy.stats import chi2

    given = held.given.mean(axis=0, dtype=np.float64)
    counts = np.bincount(held.labels, minlength=held.classes)
    thresholds = np.full(held.classes, np.inf)
    present = counts > 0
    thresholds[present] = np.bincount(held.labels, given, held.classes)[present] / counts[present]
    other = _confidently_other(held, given, thresholds)
    same = (given >= thresholds[held.labels]) & ~other
    wrong, right = (np.bincount(held.labels[part], minlength=held.classes) for part in (other, same))
    shares = np.divide(wrong, wrong + right, out=np.zeros(held.classes), where=wrong + right > 0)
    estimate, seen = float((counts * shares).sum()), int(wrong.sum())
    factor = estimate / seen if seen else 1.0
    low = factor * float(chi2.ppf(0.025, 2 * seen)) / 2 if seen else 0.0
    high = factor * float(chi2.ppf(0.975, 2 * seen + 2)) / 2
    return CountEstimate(round(estimate), int(low), min(int(np.ceil(high)), len(given)))


def _confidently_other(held: HeldOut, given: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Whether each sample is confidently of a class that is not its label, and more probably so than of its label."""
    found = np.empty(len(given), bool)
    for start in range(0, len(given), BLOCK):
        here = slice(start, start + BLOCK)
        others, probabilities = held.others[:, here], held.probabilities[:, here]
        mean = probabilities[0].astype(np.float64)
        for model in range(1, len(probabilities)):
            same = others[0][:, :, None] == others[model][:, None, :]
            mean += np.where(same, probabilities[model][:, None, :], 0).sum(axis=2)
        mean /= len(probabilities)
        confident = np.where(mean >= thresholds[others[0]], mean, -1).max(axis=1)
        of_label = np.where(given[here] >= thresholds[held.labels[here]], given[here], -1)
        found[here] = (confident >= 0) & (confident > of_label)
    return found


def errors_of_the_surest(confidence: np.ndarray, right: np.ndarray) -> tuple[int, int]:
    """Of the tenth of samples with the highest confidence, how many are not predicted as labeled, and their number.

    A label that is wrong by chance is wrong there as well as elsewhere, while overlapping classes are told apart there:
    in seven runs on overlapping classes without a wrong label, 3 of 156 such samples were predicted otherwise, and 24
    of 252 in four runs with 5% to 12% of wrong labels.
    """
    surest = np.argsort(-confidence, kind="stable")[: -(-len(right) // 10)]
    return int((~right[surest]).sum()), len(surest)


def estimate_note(held: HeldOut, estimate: CountEstimate) -> str:
    """Why an estimate may count errors of the models as wrong labels, a sentence; "" where nothing speaks for that."""
    given = held.given.mean(axis=0, dtype=np.float64)
    other = suggest(held)[1]
    right, samples = given > other, len(given)
    largest = np.bincount(held.labels).max() / samples
    if wilson_interval(int(right.sum()), samples)[0] <= largest:
        return (
            f"The models predict {right.mean():.1%} of the labels as given, no more than always saying the largest "
            f"class would ({largest:.1%}): they cannot judge labels."
        )
    wrong, surest = errors_of_the_surest(np.maximum(given, other), right)
    if estimate.count > samples * wilson_interval(wrong, surest)[1]:
        return (
            f"Of the {surest:,} samples of which the models are most sure, only {wrong:,} are labeled otherwise, so "
            "that most of these are probably hard samples or errors of the models, and not wrong labels."
        )
    return ""
