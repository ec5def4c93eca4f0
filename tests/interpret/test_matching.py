"""Units matched between models, against a copy whose units are reordered; and CKA between two models."""

import itertools

import numpy as np
import pytest

from cutaway.errors import CutawayError
from cutaway.interpret import activations, compare_models, layer_pairs, match_units
from cutaway.models import build_model, get_weights, mlp, set_weights
from tests.interpret.linear_cka import linear_cka


def made(hidden, seed, **settings):
    model = mlp(hidden, activation="tanh", **settings)
    build_model(model, shape=(4, 5), classes=3, seed=seed)
    return model


def reordered(model, order):
    """A model that computes the same, with the units of dense_1 in another order."""
    copy, weights = made((12, 8), 0), get_weights(model)
    weights["dense_1/kernel"], weights["dense_1/bias"] = (
        weights["dense_1/kernel"][:, order],
        weights["dense_1/bias"][order],
    )
    weights["dense_2/kernel"] = weights["dense_2/kernel"][order]
    set_weights(copy, weights)
    return copy


def test_a_reordered_copy_is_matched_unit_by_unit(small_rows):
    model, order = made((12, 8), 0), np.random.default_rng(3).permutation(12)
    found = compare_models(model, reordered(model, order), x=(small_rows(300),) * 2, scale=(255.0, 255.0))
    matched = found.matchings["dense_1", "dense_1"]
    np.testing.assert_array_equal(order[matched.unit], np.arange(12))
    np.testing.assert_allclose(matched.correlation, 1, atol=1e-5)
    np.testing.assert_array_equal(found.matchings["dense_2", "dense_2"].unit, np.arange(8))
    assert matched.mean == pytest.approx(1, abs=1e-5)
    assert matched.constant == 0
    np.testing.assert_allclose(np.diag(found.cka), 1, atol=1e-5)
    assert repr(found) == "<ModelSimilarity of 3 and 3 layers on 300 samples>"


def test_the_matching_is_the_best_of_all():
    rng = np.random.default_rng(0)
    first, second = (rng.normal(size=(50, 6)).astype(np.float32) for _ in range(2))
    correlation = np.corrcoef(first.T, second.T)[:6, 6:]
    best = max(sum(correlation[i, j] for i, j in enumerate(order)) for order in itertools.permutations(range(6)))
    found = match_units(first, second)
    assert found.correlation.sum() == pytest.approx(best, abs=1e-5)
    np.testing.assert_allclose(found.correlation, correlation[np.arange(6), found.unit], atol=1e-5)
    assert sorted(found.unit) == list(range(6))


def test_the_level_of_chance_is_what_unrelated_activations_reach():
    rng = np.random.default_rng(0)
    first, second = (rng.normal(size=(200, 30)).astype(np.float32) for _ in range(2))
    found = match_units(first, second)
    assert found.chance == pytest.approx(found.mean, abs=0.02)
    assert 0.1 < found.chance < 0.2
    assert match_units(first, first).chance < 0.2 < match_units(first, first).mean
    assert match_units(first, second, seed=1).chance != found.chance


def test_constant_units_have_no_correlation():
    rng = np.random.default_rng(0)
    first = rng.normal(size=(40, 4)).astype(np.float32)
    second = first[:, [1, 0, 3, 2]].copy()
    first[:, 2], second[:, 1] = 7e3, 0
    found = match_units(first, second)
    assert found.constant == np.isnan(found.correlation).sum() >= 1
    assert found.mean == pytest.approx(1, abs=1e-5)
    assert match_units(first * 0, second).mean is None
    assert "not defined" in repr(match_units(first * 0, second))


@pytest.mark.parametrize(
    "change", [lambda h: h[:, :3], lambda h: h * np.inf, lambda h: np.zeros((40, 5000), np.float32)]
)
def test_what_cannot_be_matched_is_refused(change):
    h = np.ones((40, 4), np.float32)
    other = change(h)
    with np.errstate(invalid="ignore"), pytest.raises(CutawayError):
        match_units(other if other.shape[1] > 4 else h, other)


def test_every_two_layers_are_compared_and_hidden_ones_of_other_widths_say_why(small_rows):
    first, second, x = made((12, 8), 0), made((12,), 1), small_rows(200)
    found = compare_models(first, second, x=(x, x), scale=(255.0, 255.0))
    assert (found.first, found.second) == (("dense_1", "dense_2", "output"), ("dense_1", "output"))
    for row, name in enumerate(found.first):
        h = activations(first, name, x=x, scale=255.0)
        for column, other in enumerate(found.second):
            expected = linear_cka(h, activations(second, other, x=x, scale=255.0))
            assert found.cka[row, column] == pytest.approx(expected, abs=1e-5)
    assert found.pairs == [("dense_1", "dense_1"), ("output", "output")]
    assert set(found.matchings) == {("dense_1", "dense_1")}
    wider = compare_models(first, made((12, 9), 1), x=(x, x), scale=(255.0, 255.0))
    assert wider.unmatched == {("dense_2", "dense_2"): "they have 8 and 9 units"}


def test_layers_are_paired_by_place_or_by_name():
    assert layer_pairs(["a", "b"], ["c", "d"]) == [("a", "c"), ("b", "d")]
    assert layer_pairs(["a", "b", "out"], ["a", "out"]) == [("a", "a"), ("out", "out")]
    assert layer_pairs(["a"], []) == []


def test_a_model_that_has_diverged_has_no_similarity(small_rows):
    model, broken = made((6,), 0), made((6,), 1)
    set_weights(broken, {name: value * np.nan for name, value in get_weights(broken).items()})
    found = compare_models(model, broken, x=(small_rows(30),) * 2, scale=(255.0, 255.0))
    assert np.isnan(found.cka).all()
    assert "diverged" in found.unmatched["dense_1", "dense_1"]
