"""Directions against scikit-learn, gradients against differences, and p-values of selections that are random."""

import keras
import numpy as np
import pytest
from sklearn.linear_model import Ridge

from cutaway.interpret.concepts import PENALTY, concept_direction, logit_slopes, max_p_values, mean_differences


def test_a_direction_is_that_of_ridge_regression_and_leaves_one_out():
    random = np.random.default_rng(0)
    selected = (random.normal(size=(20, 50)) + np.eye(50)[3] * 2).astype(np.float32)
    others = random.normal(size=(20, 50)).astype(np.float32)
    found = concept_direction(selected, others)
    h, truth = np.concatenate([selected, others]).astype(np.float64), np.repeat([1.0, -1.0], 20)
    penalty = PENALTY * ((h - h.mean(axis=0)) ** 2).sum() / 50
    weights = Ridge(alpha=penalty).fit(h, truth).coef_
    assert found.vector == pytest.approx(weights / np.linalg.norm(weights), abs=1e-8)
    assert found.gap == pytest.approx((selected.mean(0) - others.mean(0)) @ found.vector, abs=1e-5)
    right = 0
    for k in range(40):
        kept = np.arange(40) != k
        centered = h[kept]
        left = Ridge(alpha=penalty).fit(centered, truth[kept])
        right += np.sign(left.predict(h[k : k + 1])[0]) == truth[k]
    assert found.accuracy == pytest.approx(right / 40, abs=1e-9)


@pytest.mark.parametrize("values", [[[np.nan, 1.0], [0.0, 1.0]], np.zeros((3, 0))])
def test_p_values_need_finite_values(values):
    with pytest.raises(ValueError, match="finite"):
        max_p_values(np.array(values), two_sided=True)


def test_samples_with_the_same_mean_have_no_direction():
    selected = np.repeat(np.eye(2, dtype=np.float32), 4, axis=0)
    found = concept_direction(selected, selected[::-1].copy())
    assert (found.gap, found.accuracy) == (0.0, 0.5)
    assert not found.vector.any()


def test_samples_that_are_all_the_same_have_no_direction():
    same = np.ones((8, 5), np.float32)
    found = concept_direction(same, same)
    assert (found.gap, found.accuracy) == (0.0, 0.5)
    assert not found.vector.any()


@pytest.mark.parametrize("outputs", [3, 1])
def test_slopes_are_what_differences_say(outputs):
    keras.utils.set_random_seed(0)
    ending = "softmax" if outputs > 1 else "sigmoid"
    layers = [keras.layers.Dense(6, "tanh", name="one"), keras.layers.Dense(5, "tanh", name="two")]
    model = keras.Sequential([keras.Input((4,)), *layers, keras.layers.Dense(outputs, ending)])
    x = np.random.default_rng(0).random((7, 4)).astype(np.float32)
    classes = np.arange(7) % max(2, outputs)
    found = logit_slopes(model, ("one", "two"), x=x, classes=classes, scale=1.0)
    kernel, bias = (np.asarray(w, np.float64) for w in model.layers[-1].get_weights())
    h = np.asarray(model.layers[0](x), np.float64)

    def logits(h):
        k, b = (np.asarray(w, np.float64) for w in model.layers[1].get_weights())
        return np.tanh(h @ k + b) @ kernel + bias

    def of_class(values):
        return values[np.arange(7), classes] if outputs > 1 else np.where(classes == 1, 1, -1) * values[:, 0]

    for unit in range(6):
        step = np.eye(6)[unit] * 1e-6
        expected = (of_class(logits(h + step)) - of_class(logits(h - step))) / 2e-6
        assert found["one"][:, unit] == pytest.approx(expected, abs=1e-5)
    direct = kernel.T[classes] if outputs > 1 else np.where(classes == 1, 1, -1)[:, None] * kernel.T
    assert found["two"] == pytest.approx(direct, abs=1e-6)


def test_p_values_of_random_selections_hold_for_all_questions_together():
    """If the first of 40 selections is as random as the others, some p-value is at most 0.05 in one case of twenty."""
    random = np.random.default_rng(0)
    mixing = random.normal(size=(12, 12))
    smallest = [
        max_p_values((random.standard_t(4, size=(40, 12)) @ mixing) * 10 ** np.arange(12.0), two_sided=True).min()
        for _ in range(2000)
    ]
    assert np.mean(np.array(smallest) <= 0.05) == pytest.approx(0.05, abs=0.015)


def test_p_values_count_how_many_are_as_unusual():
    values = np.array([[9.0, 0.0, 1.0], [1.0, 1.0, 1.0], [2.0, -1.0, 1.0], [3.0, 0.5, 1.0]])
    p = max_p_values(values, two_sided=True)
    assert p[0] == 0.25
    assert p[1] > 0.5
    assert p[2] == 1
    assert max_p_values(-values, two_sided=False)[0] == 1


@pytest.mark.parametrize("groups", [np.zeros(46, int), np.concatenate([[0, 0, 1, 1, 1, 1], np.arange(40) % 3])])
def test_differences_are_those_of_the_means(groups):
    x = np.random.default_rng(0).normal(1000, 1, (46, 3))
    x[:, 2] = 0.1
    found = mean_differences(x, 6, groups=groups, repeats=2000, seed=0)
    shares = np.bincount(groups[:6], minlength=3) / 6
    others = sum(share * x[6:][groups[6:] == g].mean(axis=0) for g, share in enumerate(shares) if share)
    assert found[0, :2] == pytest.approx(((x[:6].mean(axis=0) - others) / x.std(axis=0))[:2])
    assert not found[:, 2].any()
    assert found[1:].mean(axis=0) == pytest.approx(0, abs=0.05)
    kinds = np.eye(3)[groups]  # random selections have the same groups
    assert mean_differences(kinds, 6, groups=groups, repeats=9, seed=0) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("selected", "samples"), [(8, 24), (50, 150)])
def test_of_random_selections_few_differ_in_any_input_also_with_rare_values(selected, samples):
    random, smallest = np.random.default_rng(0), []
    for seed in range(400):
        x = np.where(np.arange(10) < 5, random.normal(size=(samples, 10)), random.random((samples, 10)) < 0.03)
        found = mean_differences(x, selected, groups=np.zeros(samples, int), repeats=39, seed=seed)
        smallest.append(max_p_values(found, two_sided=True).min())
    assert np.mean(np.array(smallest) <= 0.05) < 0.08


def test_an_input_that_no_random_selection_changes_is_no_difference():
    """Sums of the same numbers in another order differ by 1e-17, which made 17% to 97% of random selections unusual."""
    random = np.random.default_rng(0)
    groups = random.integers(0, 3, 400)
    groups[:10] = 1
    by_class = np.array([[0.1, 0.7], [0.3, 0.7], [0.9, 0.2]])[groups]
    within = mean_differences(by_class, 10, groups=groups, repeats=199, seed=1)
    assert max_p_values(within, two_sided=True).tolist() == [1, 1]
    rare = np.zeros((5000, 1))
    rare[-1] = 1  # of one sample, which no random selection of eight has here
    anywhere = mean_differences(rare, 8, groups=np.zeros(5000, int), repeats=19, seed=1)
    assert max_p_values(anywhere, two_sided=True).tolist() == [1]
