"""Whether one way to train is better than another: several trainings of each, since a second seed differs as well."""

from dataclasses import dataclass

import numpy as np

from cutaway.errors import DataError

from .intervals import CONFIDENCE, Interval

LEAST_TRAININGS = 2
"""Minimum number of trainings on each side: with fewer, nothing is known of how much they differ by chance."""


@dataclass(frozen=True)
class TrainingsDifference:
    """The means of a measure over trainings of two kinds, and their difference.

    Attributes:
        before: Mean over the trainings of the first kind.
        after: Mean over the trainings of the second kind.
        interval: The 95% interval of the difference, after minus before, of the means of ever more such trainings on
            the same samples.
        p_value: How probable at least such a difference is if both kinds are equally good.
    """

    before: float
    after: float
    interval: Interval
    p_value: float

    @property
    def difference(self) -> float:
        """After minus before."""
        return self.after - self.before


def compare_trainings(before: np.ndarray, after: np.ndarray) -> TrainingsDifference:
    """Compare the measures of trainings that differ by their seeds, by Welch's test.

    Args:
        before: float ``(training,)``, a measure of each training of the first kind, at least two, on the same samples.
        after: float ``(training,)``, the same of the second kind.

    Raises:
        DataError: A side has fewer than two trainings.

    Source:
        Welch 1947, "The generalization of 'Student's' problem when several different population variances are
        involved"; Bouthillier et al. 2021, "Accounting for variance in machine learning benchmarks" for the trainings.
    """
    before, after = np.asarray(before, np.float64), np.asarray(after, np.float64)
    if min(len(before), len(after)) < LEAST_TRAININGS:
        raise DataError(
            f"each side needs at least {LEAST_TRAININGS} trainings, got {len(before)} and {len(after)}",
            hint="train with more seeds",
        )
    from scipy.stats import t

    means = float(before.mean()), float(after.mean())
    errors = [float(side.var(ddof=1) / len(side)) for side in (before, after)]
    difference, error = means[1] - means[0], sum(errors) ** 0.5
    if error == 0:  # trainings without any chance in them, such as those that all give one answer
        return TrainingsDifference(*means, (difference, difference), float(difference == 0))
    freedom = sum(errors) ** 2 / sum(e**2 / (len(side) - 1) for e, side in zip(errors, (before, after), strict=True))
    reach = float(t.ppf(0.5 + CONFIDENCE / 2, freedom)) * error
    p_value = 2 * float(t.sf(abs(difference) / error, freedom))
    return TrainingsDifference(*means, (difference - reach, difference + reach), p_value)
