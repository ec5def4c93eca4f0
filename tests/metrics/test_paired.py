import numpy as np
import pytest
from scipy.stats import binom, chi2

from cutaway.errors import DataError
from cutaway.metrics import EXACT, mcnemar, paired_measures


@pytest.mark.parametrize(("fixed", "broken"), [(0, 1), (3, 9), (12, 12), (1, 23)])
def test_few_samples_are_tested_exactly(fixed, broken):
    found = mcnemar(fixed, broken)
    tail = binom.cdf(min(fixed, broken), fixed + broken, 0.5)
    assert found.p_value == pytest.approx(min(1, 2 * tail))
    assert (found.statistic, found.method) == (None, "exact binomial")


@pytest.mark.parametrize(("fixed", "broken"), [(13, 12), (59, 6), (30, 45), (400, 380)])
def test_many_samples_are_tested_by_chi_square_with_the_correction(fixed, broken):
    found = mcnemar(fixed, broken)
    statistic = (abs(fixed - broken) - 1) ** 2 / (fixed + broken)
    assert found.statistic == pytest.approx(statistic)
    assert found.p_value == pytest.approx(1 - chi2.cdf(statistic, 1))
    assert found.method == "chi-square with continuity correction"


def test_the_textbook_example():
    """Agresti, "Categorical Data Analysis": approval at two surveys, 150 and 86 who changed; without it z² = 17.36."""
    assert mcnemar(150, 86).statistic == pytest.approx(63**2 / 236)


def test_equal_numbers_are_no_difference():
    assert mcnemar(0, 0).p_value == 1
    assert mcnemar(EXACT, EXACT).p_value == 1
    assert mcnemar(5, 9).p_value == mcnemar(9, 5).p_value


def test_numbers_below_0_are_refused():
    with pytest.raises(DataError):
        mcnemar(-1, 3)


def test_measures_of_both_on_the_same_samples():
    first, second = np.array([1, 1, 0, 0, 1], bool), np.array([1, 0, 1, 1, 1], bool)
    loss = np.array([0.1, 0.2, 2.0, 1.0, 0.3]), np.array([0.1, 1.2, 0.5, 0.5, 0.3])
    found = paired_measures((first, second), loss)
    assert (found.samples, found.correct) == (5, (3, 4))
    assert (found.test.fixed, found.test.broken) == (2, 1)
    assert found.accuracy_difference == pytest.approx(0.2)
    assert found.accuracy_interval[0] < 0.2 < found.accuracy_interval[1]
    assert found.loss == pytest.approx((0.72, 0.52))
    assert found.loss_difference == pytest.approx(-0.2)
    spread = (loss[1] - loss[0]).std(ddof=1) / np.sqrt(5)
    assert found.loss_interval == pytest.approx((-0.2 - 1.959964 * spread, -0.2 + 1.959964 * spread))


@pytest.mark.parametrize("lengths", [(3, 4), (0, 0)])
def test_other_samples_are_refused(lengths):
    correct = tuple(np.ones(n, bool) for n in lengths)
    with pytest.raises(DataError):
        paired_measures(correct, tuple(np.ones(n) for n in lengths))
