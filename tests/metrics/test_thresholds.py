"""Thresholds of two classes: against scikit-learn, against simulation, and by exhaustive search."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from cutaway.errors import DataError, UsageError
from cutaway.metrics import (
    best_threshold,
    calibrated_threshold,
    check_cost,
    operating_point,
    precision_recall,
    roc_curve,
)


def drawn(samples: int, *, shift: float = 1.5, share: float = 0.3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    positive = random.uniform(size=samples) < share
    positive[:2] = True, False
    return positive, 1 / (1 + np.exp(-random.normal(shift * positive, 1)))


def test_the_curves_are_those_of_scikit_learn():
    positive, scores = drawn(500)
    scores = scores.round(2)
    found = roc_curve(positive, scores)
    false, true, thresholds = metrics.roc_curve(positive, scores)
    np.testing.assert_array_equal(found.false_positive_rate, false)
    np.testing.assert_array_equal(found.true_positive_rate, true)
    np.testing.assert_array_equal(found.thresholds, thresholds)
    assert found.area == pytest.approx(metrics.roc_auc_score(positive, scores))
    curve = precision_recall(positive, scores)
    precision, recall, _ = metrics.precision_recall_curve(positive, scores)
    np.testing.assert_array_equal(curve.precision, precision)
    np.testing.assert_array_equal(curve.recall, recall)
    assert curve.average_precision == pytest.approx(metrics.average_precision_score(positive, scores))


def test_the_interval_of_the_area_holds_the_true_area_as_often_as_it_says():
    true = 0.8556  # of normal scores 1.5 apart: Phi(1.5 / sqrt 2)
    intervals = [roc_curve(*drawn(120, seed=seed)) for seed in range(300)]
    holds = np.mean([found.low <= true <= found.high for found in intervals])
    assert 0.91 <= holds <= 0.985


def test_the_variance_is_delongs():
    positive, scores = drawn(60)
    found = roc_curve(positive, scores)
    above, below = scores[positive][:, None], scores[~positive][None]
    wins = (above > below) + 0.5 * (above == below)
    deviation = np.sqrt(wins.mean(1).var(ddof=1) / len(above) + wins.mean(0).var(ddof=1) / below.size)
    logit, spread = np.log(found.area / (1 - found.area)), 1.959964 * deviation / (found.area * (1 - found.area))
    assert found.low == pytest.approx(1 / (1 + np.exp(spread - logit)), abs=1e-6)
    assert found.high == pytest.approx(1 / (1 + np.exp(-spread - logit)), abs=1e-6)


def test_of_perfect_scores_the_interval_is_no_point():
    positive = np.arange(40) >= 20
    found = roc_curve(positive, positive * 0.5)
    assert found.area == found.high == 1
    assert 0.8 < found.low < 0.95
    worst = roc_curve(~positive, positive * 0.5)
    assert (worst.area, worst.low) == (0, 0)
    assert worst.high == pytest.approx(1 - found.low, abs=1e-9)
    single = roc_curve(np.array([True, False, False]), np.array([0.5, 0.4, 0.6]))
    assert single.low < single.area == 0.5 < single.high


COSTS = st.tuples(st.floats(0.1, 10), st.floats(0.1, 10)).map(lambda c: np.array([[0, c[0]], [c[1], 0]]))
SCORED = st.lists(st.tuples(st.booleans(), st.sampled_from(np.linspace(0, 1, 9).tolist())), min_size=2, max_size=40)


@given(SCORED, COSTS)
def test_no_threshold_costs_less_than_the_best(scored, cost):
    positive, scores = np.array([p for p, _ in scored]), np.array([s for _, s in scored])
    positive[:2] = True, False
    chosen = best_threshold(positive, scores, cost)
    costs = [
        operating_point(positive, scores, threshold=t, cost=cost).cost for t in (*np.linspace(0, 1, 33), 1.5, chosen)
    ]
    assert costs[-1] == pytest.approx(min(costs))
    assert chosen not in scores or chosen == 0
    point = operating_point(positive, scores, threshold=chosen, cost=cost)
    called = scores >= chosen
    assert point.accuracy.value == pytest.approx((called == positive).mean())
    assert point.recall.value == pytest.approx(called[positive].mean())
    assert point.specificity.value == pytest.approx((~called[~positive]).mean())
    assert point.precision.samples == called.sum()


def test_of_calibrated_scores_the_best_threshold_is_elkans():
    random = np.random.default_rng(0)
    scores = random.uniform(size=50_000)
    positive = random.uniform(size=50_000) < scores
    cost = check_cost([[0, 1], [4, 0]])
    assert calibrated_threshold(cost) == pytest.approx(0.2)
    assert best_threshold(positive, scores, cost) == pytest.approx(0.2, abs=0.03)
    assert calibrated_threshold(check_cost(None)) == 0.5


@pytest.mark.parametrize("cost", [1, [[0, 1]], [[0, -1], [1, 0]], [[1, 1], [1, 0]], [[0, np.inf], [1, 0]], "much"])
def test_costs_are_checked(cost):
    with pytest.raises(UsageError):
        check_cost(cost)


def test_both_classes_are_needed():
    with pytest.raises(DataError):
        roc_curve(np.ones(3, bool), np.ones(3))
    with pytest.raises(DataError):
        roc_curve(np.array([True, False]), np.array([np.nan, 0]))
