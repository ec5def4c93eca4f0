"""Trainings of two kinds are compared by Welch's test, which a mere change of the seed passes in 5% of cases."""

import numpy as np
import pytest
from scipy.stats import ttest_ind

from cutaway.errors import DataError
from cutaway.metrics import compare_trainings


def test_it_is_the_test_of_scipy():
    random = np.random.default_rng(0)
    before, after = random.normal(0.9, 0.01, 5), random.normal(0.91, 0.003, 4)
    ours, theirs = compare_trainings(before, after), ttest_ind(after, before, equal_var=False)
    assert ours.p_value == pytest.approx(theirs.pvalue, rel=1e-12)
    assert ours.interval == pytest.approx(tuple(theirs.confidence_interval(0.95)), rel=1e-12)
    assert (ours.before, ours.after) == (before.mean(), after.mean())
    assert ours.difference == pytest.approx(after.mean() - before.mean())


@pytest.mark.parametrize("samples", [300, 10_000])
@pytest.mark.parametrize("seeds", [3, 5])
def test_equal_kinds_differ_in_five_percent_of_cases_and_intervals_hold_the_truth(samples, seeds):
    """Accuracies of trainings, on test samples of their own difficulty, whose models differ from seed to seed."""
    random, cases = np.random.default_rng(samples + seeds), 2_000
    skill = random.normal(2, 0.2, size=(cases, 2 * seeds, 1))
    difficulty = random.logistic(size=(cases, 1, min(samples, 200)))
    chances = 1 / (1 + np.exp(difficulty - skill))
    right = random.binomial(max(samples // 200, 1), chances).sum(axis=2) / samples
    found = [compare_trainings(each[:seeds], each[seeds:]) for each in right]
    assert 0.035 <= np.mean([each.p_value < 0.05 for each in found]) <= 0.06
    assert 0.94 <= np.mean([each.interval[0] <= 0 <= each.interval[1] for each in found]) <= 0.965


def test_trainings_that_never_differ_are_compared_as_they_are():
    same = compare_trainings(np.full(3, 0.5), np.full(3, 0.5))
    assert (same.p_value, same.interval) == (1.0, (0.0, 0.0))
    other = compare_trainings(np.full(3, 0.5), np.full(3, 0.75))
    assert (other.p_value, other.interval) == (0.0, (0.25, 0.25))
    one_side = compare_trainings(np.full(3, 0.1), np.array([0.9, 0.91, 0.92]))
    assert one_side.p_value < 0.001


def test_one_training_shows_nothing_of_chance():
    with pytest.raises(DataError):
        compare_trainings(np.array([0.5]), np.array([0.5, 0.6, 0.7]))
