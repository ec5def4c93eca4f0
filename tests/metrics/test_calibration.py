"""Calibration: by hand, against scikit-learn, against a grid search, and what must hold of any probabilities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss

from cutaway.errors import DataError
from cutaway.metrics import ScoredSamples, at_temperature, fit_temperature, probability_scores, reliability


def drawn(samples: int, classes: int, *, seed: int = 0, sharpness: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Calibrated probabilities made sharper by a factor, and labels drawn from the calibrated ones."""
    random = np.random.default_rng(seed)
    logits = random.normal(scale=2, size=(samples, classes))
    true = at_temperature(np.exp(logits - logits.max(1, keepdims=True)), 1.0)
    labels = (true.cumsum(axis=1) < random.uniform(size=(samples, 1))).sum(axis=1).clip(max=classes - 1)
    return at_temperature(true, 1 / sharpness), labels


def test_the_calibration_error_by_hand():
    confidence = np.array([0.55, 0.65, 0.95, 0.85])
    correct = np.array([True, False, True, True])
    halves = reliability(confidence, correct, bins=2)
    np.testing.assert_allclose(halves.counts, [2, 2])
    np.testing.assert_allclose(halves.confidence, [0.6, 0.9])
    np.testing.assert_allclose(halves.accuracy, [0.5, 1.0])
    np.testing.assert_allclose([halves.lower, halves.upper], [[0.55, 0.75], [0.75, 0.95]])
    assert halves.error == pytest.approx((0.1 + 0.1) / 2)
    tenths = reliability(confidence, correct, bins=10, binning="equal-width")
    np.testing.assert_allclose(tenths.lower, [0.5, 0.6, 0.8, 0.9])  # bins without samples are left out
    assert tenths.error == pytest.approx((0.45 + 0.65 + 0.05 + 0.15) / 4)


@pytest.mark.parametrize(("binning", "strategy"), [("equal-mass", "quantile"), ("equal-width", "uniform")])
def test_the_curve_is_that_of_scikit_learn(binning, strategy):
    probabilities, labels = drawn(997, 5)
    confidence = probabilities.max(axis=1).round(2)  # with many ties
    correct = probabilities.argmax(axis=1) == labels
    found = reliability(confidence, correct, bins=15, binning=binning)
    accuracy, mean = calibration_curve(correct, confidence, n_bins=15, strategy=strategy)
    np.testing.assert_allclose(found.accuracy, accuracy)
    np.testing.assert_allclose(found.confidence, mean, atol=1e-7)
    assert found.counts.sum() == 997
    assert ((found.low <= found.accuracy) & (found.accuracy <= found.high)).all()


@pytest.mark.parametrize("classes", [2, 6])
def test_scores_are_those_of_scikit_learn(classes):
    probabilities, labels = drawn(800, classes, sharpness=1.5)
    scores = probability_scores(ScoredSamples.of(probabilities, labels))
    exact = probabilities / probabilities.sum(axis=1, dtype=np.float64)[:, None]
    of_two = exact[:, 1] if classes == 2 else exact
    assert scores.brier == pytest.approx(brier_score_loss(labels, of_two, labels=range(classes)), abs=1e-6)
    assert scores.log_loss == pytest.approx(log_loss(labels, exact), abs=1e-5)
    assert scores.accuracy == (probabilities.argmax(axis=1) == labels).mean()
    assert scores.confidence == pytest.approx(probabilities.max(axis=1).mean())


@pytest.mark.parametrize("sharpness", [0.4, 1.0, 2.5])
def test_the_temperature_undoes_what_made_probabilities_sharper(sharpness):
    probabilities, labels = drawn(6000, 5, sharpness=sharpness)
    found = fit_temperature(probabilities, labels)
    assert found.value == pytest.approx(sharpness, rel=0.06)
    assert not found.at_limit
    grid = np.geomspace(0.2, 5, 280)
    rows = np.arange(6000)
    losses = [-np.log(at_temperature(probabilities, t)[rows, labels] + 1e-30).mean() for t in grid]
    assert found.value == pytest.approx(grid[np.argmin(losses)], rel=0.012)
    assert found.log_loss == pytest.approx(min(losses), abs=1e-5)
    assert found.log_loss_before == pytest.approx(ScoredSamples.of(probabilities, labels).log_loss.mean(), abs=1e-5)
    scaled = at_temperature(probabilities, found.value)
    assert (scaled.argmax(axis=1) == probabilities.argmax(axis=1)).all()
    after, before = (probability_scores(ScoredSamples.of(p, labels)) for p in (scaled, probabilities))
    assert after.log_loss <= before.log_loss + 1e-6
    if sharpness != 1:
        assert after.ece_equal_mass < before.ece_equal_mass / 2


@pytest.mark.parametrize("temperature", [1e-300, 1e-40, 1e300])
def test_extreme_temperatures_give_the_probabilities_of_the_limit(temperature):
    probabilities = np.array([[0.7, 0.2, 0.1], [0.4, 0.4, 0.2]], np.float32)
    limit = np.full((2, 3), 1 / 3) if temperature > 1 else np.array([[1, 0, 0], [0.5, 0.5, 0]])
    np.testing.assert_allclose(at_temperature(probabilities, temperature), limit, atol=1e-6)


def test_samples_without_mistakes_do_not_determine_a_temperature():
    probabilities = np.array([[0.6, 0.4], [0.3, 0.7]], np.float32)
    assert fit_temperature(probabilities, np.array([0, 1])).at_limit
    assert fit_temperature(probabilities, np.array([1, 0])).at_limit


def test_a_probability_of_zero_costs_as_much_as_its_precision_can_tell():
    probabilities = np.array([[1, 0], [1, 0], [0.5, 0.5]], np.float32)
    exact = fit_temperature(probabilities, np.array([0, 1, 1]))
    rounded = fit_temperature(probabilities, np.array([0, 1, 1]), floor=2**-25)
    assert exact.log_loss_before == pytest.approx((-np.log(np.finfo(np.float32).tiny) + np.log(2)) / 3, rel=1e-5)
    assert rounded.log_loss_before == pytest.approx((25 + 1) * np.log(2) / 3, rel=1e-5)


def test_a_calibrated_model_has_an_error_by_chance():
    probabilities, labels = drawn(3000, 3, seed=1)
    correct, confidence = probabilities.argmax(axis=1) == labels, probabilities.max(axis=1)
    found = reliability(confidence, correct)
    assert found.error < found.error_by_chance < 0.05
    sharp = reliability(at_temperature(probabilities, 0.4).max(axis=1), correct)
    assert sharp.error > 2 * sharp.error_by_chance


def test_rows_of_several_sigmoids_are_divided_by_their_sums():
    sigmoids = np.array([[0.9, 0.9], [0.2, 0.1]], np.float32)
    scored = ScoredSamples.of(sigmoids, np.array([0, 1]))
    np.testing.assert_allclose(scored.confidence, [0.5, 2 / 3], rtol=1e-6)
    np.testing.assert_allclose(scored.own, [0.5, 1 / 3], rtol=1e-6)


OUTCOMES = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


@given(OUTCOMES, st.integers(1, 20), st.sampled_from(["equal-mass", "equal-width"]))
def test_what_holds_of_any_samples(outcomes, bins, binning):
    confidence, correct = np.array(outcomes, float).T
    found = reliability(confidence, correct.astype(bool), bins=bins, binning=binning)
    assert 0 <= found.error <= 1
    assert 0 <= found.error_by_chance <= 1
    assert found.counts.sum() == len(outcomes)
    assert len(found.counts) <= bins
    assert (found.counts @ found.accuracy) == pytest.approx(correct.sum())
    assert (found.lower <= found.confidence + 1e-9).all()
    assert (found.confidence <= found.upper + 1e-9).all()
    # one bin cannot hide more than the mean differs
    assert found.error >= abs(confidence.mean() - correct.mean()) - 1e-9


@pytest.mark.parametrize("confidence", [[], [0.5, 0.5], [np.nan], [2]])
def test_outcomes_are_checked(confidence):
    with pytest.raises(DataError):
        reliability(np.array(confidence), np.ones(min(len(confidence), 1), bool))
