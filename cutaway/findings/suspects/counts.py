"""How many labels are wrong: the estimate of confident learning, with an interval."""

from dataclasses import dataclass

import numpy as np

from .held_out import HeldOut


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

    given = held.given.astype(np.float64).mean(axis=0)
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
    mean = held.probabilities[0].astype(np.float64)
    for model in range(1, len(held.probabilities)):
        same = held.others[0][:, :, None] == held.others[model][:, None, :]
        mean += np.where(same, held.probabilities[model][:, None, :], 0).sum(axis=2)
    mean /= len(held.probabilities)
    confident = np.where(mean >= thresholds[held.others[0]], mean, -1).max(axis=1)
    return (confident >= 0) & (confident > np.where(given >= thresholds[held.labels], given, -1))
