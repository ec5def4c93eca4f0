"""What choosing is worth, against a loop that follows the paper, and against a population whose truth is known."""

import keras
import numpy as np
import pytest

from cutaway.errors import DataError
from cutaway.metrics import selection_gain, smoothed_losses


def reference(losses, *, seed, resamples):
    """BBC (algorithm 5), one draw after the other, with the same draws."""
    random = np.random.default_rng(seed)
    samples = len(losses)
    found = []
    for start in range(0, resamples, 50):
        drawn = random.multinomial(samples, np.full(samples, 1 / samples), size=min(50, resamples - start))
        for counts in drawn:
            inside = np.repeat(np.arange(samples), counts)
            outside = np.setdiff1d(np.arange(samples), inside)
            chosen = losses[inside].mean(axis=0).argmin()
            found.append((losses[outside, chosen].mean(), losses[outside, 0].mean()))
    return np.array(found)


def test_it_is_the_algorithm_of_the_paper():
    random = np.random.default_rng(0)
    losses = random.gamma(2.0, 0.3, size=(80, 7))
    found = selection_gain(losses, losses < 0.5, seed=3, resamples=120)
    chosen, fixed = reference(losses, seed=3, resamples=120).T
    assert found.loss.corrected == pytest.approx(chosen.mean(), rel=1e-5)
    assert found.loss.interval == pytest.approx(np.quantile(chosen, [0.025, 0.975]), rel=1e-5)
    assert found.loss.gain == pytest.approx((fixed - chosen).mean(), rel=1e-4)
    assert found.best == losses.mean(axis=0).argmin()
    assert found.loss.chosen == pytest.approx(losses.mean(axis=0).min(), rel=1e-6)


def test_of_equal_models_the_gain_is_none_though_the_best_looks_better():
    random = np.random.default_rng(1)
    gains, optimism, looks = [], [], []
    for trial in range(40):
        losses = random.exponential(1.0, size=(100, 40))  # every model has a mean loss of 1
        found = selection_gain(losses, losses < 0.7, seed=trial, resamples=100)
        gains.append(found.loss.gain)
        optimism.append(found.loss.corrected)
        looks.append(found.loss.chosen)
    assert np.mean(looks) < 0.85
    assert np.mean(optimism) == pytest.approx(1.0, abs=0.05)
    assert np.mean(gains) == pytest.approx(0.0, abs=0.06)


def test_a_model_that_is_better_is_found_to_be():
    random = np.random.default_rng(2)
    losses = random.exponential(1.0, size=(500, 10))
    losses[:, 4] *= 0.5
    found = selection_gain(losses, losses < 0.7, resamples=200)
    low, high = found.loss.gain_interval
    assert found.best == 4
    assert 0 < low < found.loss.gain < high
    assert found.accuracy.gain > 0
    assert found.loss.optimism < 0.05
    assert found.loss.optimism == max(found.loss.corrected - found.loss.chosen, 0)
    assert found.accuracy.optimism == max(found.accuracy.chosen - found.accuracy.corrected, 0)


def test_trials_that_were_stopped_early_are_corrected_for_as_well():
    random = np.random.default_rng(3)
    too_good = {"without": [], "with": []}
    for _ in range(30):
        early = random.normal(0, 0.4, size=(300, 40))  # all are equally good, but for chance
        late = 0.8 * early + 0.6 * random.normal(0, 0.4, size=(300, 40))
        order = early.mean(axis=0).argsort()
        kept, stopped = order[:5], order[5:]
        as_if_ended = early[:, stopped] - early[:, kept].mean() + late[:, kept].mean()
        both = np.concatenate([late[:, kept], as_if_ended], axis=1)
        for name, losses, count in (("without", late[:, kept], 0), ("with", both, 35)):
            found = selection_gain(losses, losses < 0, stopped=count, resamples=200)
            too_good[name].append(0 - found.loss.corrected)
            assert found.candidates == 5
            assert found.stopped == count
            assert found.loss.chosen == pytest.approx(late[:, kept].mean(axis=0).min(), rel=1e-5)
    assert np.mean(too_good["without"]) > 0.02
    assert abs(np.mean(too_good["with"])) < 0.01


@pytest.mark.parametrize("shape", [(0, 3), (1, 3), (5, 0), (5,)])
def test_too_few_are_refused(shape):
    with pytest.raises(DataError, match="sample, model"):
        selection_gain(np.zeros(shape), np.zeros(shape, bool))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_losses_are_those_of_keras(smoothing):
    random = np.random.default_rng(0)
    probabilities = random.dirichlet(np.full(5, 0.3), size=50).astype(np.float32)
    labels = random.integers(0, 5, 50)
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=smoothing, reduction=None)
    expected = np.asarray(loss(np.eye(5, dtype=np.float32)[labels], probabilities))
    assert smoothed_losses(probabilities, labels, label_smoothing=smoothing) == pytest.approx(
        expected, rel=1e-4, abs=1e-5
    )
