import keras
import numpy as np
import pytest
from keras import layers

from cutaway.errors import DataError, UsageError
from cutaway.interpret import Outline, activations, constant_units, unit_measures
from cutaway.interpret import units as module
from cutaway.interpret.units import selectivity
from cutaway.models import build_model, get_weights, mlp, spec_of


@pytest.fixture
def model():
    model = mlp((12, 8))
    build_model(model, shape=(4, 5), classes=3, seed=0)
    kernel, bias = model.get_layer("dense_1").get_weights()
    kernel[:, 4], bias[4] = kernel[:, 9] + 0.01, bias[9]  # nearly the same unit
    bias[0] = -100.0  # never fires
    model.get_layer("dense_1").set_weights([kernel, bias])
    return model


@pytest.mark.parametrize(("n", "rows"), [(20, 1024), (2047, 5), (5000, 1)])
def test_measures_over_batches_equal_those_of_all_at_once(model, small_rows, monkeypatch, n, rows):
    monkeypatch.setattr(module, "BLOCK_UNITS", rows)
    x, labels = small_rows(n), np.arange(n) % 3
    labels[labels == 1] = 2  # a class without samples
    h = activations(model, "dense_1", x=x, scale=255.0).astype(np.float64)
    m = unit_measures(model, "dense_1", x=x, labels=labels, classes=3, scale=255.0)
    np.testing.assert_allclose(m.mean, h.mean(axis=0), atol=1e-6)
    np.testing.assert_array_equal(m.firing, (h > 0).mean(axis=0))
    means = np.stack([h[labels == 0].mean(0), np.full(12, np.nan), h[labels == 2].mean(0)], axis=1)
    np.testing.assert_allclose(m.class_mean, means, atol=1e-6)
    assert list(m.preferred_class) == list(np.nanargmax(means, axis=1))
    moving = np.flatnonzero(np.ptp(h, axis=0) > 0)
    correlation = np.corrcoef(h[:, moving].T)
    np.fill_diagonal(correlation, -2)
    np.testing.assert_array_equal(m.similar[moving], moving[correlation.argmax(axis=1)])
    np.testing.assert_allclose(m.similarity[moving], correlation.max(axis=1), atol=1e-5)
    assert (m.similar[4], m.similar[9]) == (9, 4)
    assert (np.delete(m.similar, moving) == -1).all()
    assert m.similar[0] == -1
    assert np.isnan(m.similarity[0])
    for unit in range(12):
        expected = np.sort(h[:, unit])[::-1][:16]
        fires = expected > h[:, unit].min()
        np.testing.assert_allclose(m.top_activations[unit][: fires.sum()], expected[fires], atol=1e-6)
        np.testing.assert_allclose(h[m.top_samples[unit][: fires.sum()], unit], expected[fires], atol=1e-6)
        assert (m.top_samples[unit][fires.sum() :] == -1).all()
    assert (m.top_samples[0] == -1).all(), "nothing activates a constant unit"


def test_selectivity_by_hand():
    means = np.array([[1.0, 0.0, 0.0], [2.0, 2.0, 2.0], [3.0, 1.0, 0.0], [0.0, 0.0, 0.0], [-1.0, 2.0, 0.0]])
    np.testing.assert_allclose(selectivity(means), [1.0, 0.0, 2.5 / 3.5, np.nan, np.nan])
    np.testing.assert_allclose(selectivity(np.c_[means[:, :1], np.full(5, np.nan)]), [np.nan] * 5)


@pytest.mark.parametrize("samples", [1, 2048, 2049])
def test_a_unit_that_fires_for_one_sample_is_not_constant(samples):
    model = keras.Sequential([keras.Input((2,)), layers.ReLU(name="relu"), layers.Dense(2)])
    x = np.full((samples, 2), -1.0, np.float32)
    assert list(constant_units(model, "relu", x=x, scale=1.0)) == [True, True]
    if samples > 1:
        x[-1, 1] = 1.0
        assert list(constant_units(model, "relu", x=x, scale=1.0)) == [True, False]


def test_only_a_dense_layer_without_others_before_it_reads_the_input(model, small_models):
    outline = Outline.of(spec_of(model))
    assert [outline.reads_input(name) for name in ("dense_1", "dense_2")] == [True, False]
    skip = Outline.of(spec_of(small_models["skip"][0]))
    assert skip.reads_input("first"), "through Flatten"
    assert not skip.reads_input("sum")


def test_a_diverged_model_and_the_output_are_refused(model, small_rows):
    about = {"x": small_rows(5), "labels": np.zeros(5, int), "classes": 3, "scale": 255.0}
    with pytest.raises(UsageError):
        unit_measures(model, "output", **about)
    kernel, bias = model.get_layer("dense_1").get_weights()
    for size in (np.nan, np.inf, 3e38, 1e20):
        model.get_layer("dense_1").set_weights([np.full_like(kernel, size), bias])
        with pytest.raises(DataError):
            unit_measures(model, "dense_1", **about)


def test_a_layer_with_too_many_units_is_refused(model, small_rows, monkeypatch):
    monkeypatch.setattr(module, "MAX_UNITS", 11)
    about = {"x": small_rows(5), "labels": np.zeros(5, int), "classes": 3, "scale": 255.0}
    with pytest.raises(UsageError):
        unit_measures(model, "dense_1", **about)
    assert len(unit_measures(model, "dense_2", **about).mean) == 8


def test_a_model_is_measured_without_changing_it(model, small_rows):
    x, before = small_rows(60), get_weights(model)
    unit_measures(model, "dense_2", x=x, labels=np.arange(60) % 3, classes=3, scale=255.0)
    constant_units(model, "dense_1", x=x, scale=255.0)
    assert all(np.array_equal(value, before[name]) for name, value in get_weights(model).items())
