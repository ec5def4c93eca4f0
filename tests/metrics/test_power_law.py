"""Power laws: made ones are found again, and forecasts say how sure they are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.errors import DataError
from cutaway.metrics import PowerLaw, fit_power_law, forecast

SIZES = np.array([0.1, 0.2, 0.4, 0.8, 1.0])


@given(st.floats(0, 0.3), st.floats(0.02, 0.5), st.floats(0.1, 1.5))
def test_a_made_law_is_found_again(limit, scale, exponent):
    law = PowerLaw(limit, scale, exponent)
    found = fit_power_law(SIZES, law(SIZES))
    np.testing.assert_allclose(found(SIZES), law(SIZES), rtol=0.003)
    np.testing.assert_allclose(found(np.array([2.0, 4.0])), law(np.array([2.0, 4.0])), rtol=0.02)


def test_its_numbers_are_those_that_made_it():
    found = fit_power_law(SIZES, PowerLaw(0.02, 0.05, 0.7)(SIZES))
    assert (found.limit, found.scale, found.exponent) == pytest.approx((0.02, 0.05, 0.7), rel=0.02)


def test_an_error_that_does_not_fall_is_a_limit():
    for errors in (np.full(5, 0.1), np.array([0.1, 0.11, 0.12, 0.13, 0.14])):
        found = fit_power_law(SIZES, errors)
        assert found.scale == pytest.approx(0, abs=1e-9)
        assert found(4.0) == pytest.approx(found.limit)


def losses_of(law, samples, *, seed, spread=0.0):
    """Mistakes of trainings whose error follows a law, each sample with a difficulty of its own."""
    random = np.random.default_rng(seed)
    difficulty = random.uniform(size=samples)
    errors = law(SIZES) * np.exp(spread * random.normal(size=len(SIZES)))
    return (difficulty[None] < errors[:, None]).astype(float)


def test_a_forecast_holds_the_truth_as_often_as_it_says():
    law, at = PowerLaw(0.03, 0.06, 0.5), (1.0, 2.0, 4.0)
    forecasts = [forecast(SIZES, losses_of(law, 1500, seed=seed, spread=0.03), at=at) for seed in range(100)]
    truth = law(np.array(at))
    holds = np.sum([(each.low <= truth) & (truth <= each.high) for each in forecasts], axis=0)
    # of 100 intervals that hold the truth in 95% of cases, 90 to 99 do in 98% of cases
    assert (holds >= 90).all()
    assert (holds <= 99).all()
    gain = law(1.0) - truth[1:]
    holds = np.sum([(each.gain_low[1:] <= gain) & (gain <= each.gain_high[1:]) for each in forecasts], axis=0)
    assert (holds >= 90).all()
    assert all((each.low <= each.high).all() for each in forecasts)
    assert np.median([each.gain[2] for each in forecasts]) == pytest.approx(gain[1], rel=0.1)


def test_a_forecast_is_the_same_each_time_and_gains_nothing_at_the_same_size():
    losses = losses_of(PowerLaw(0.03, 0.06, 0.5), 500, seed=0)
    first, second = forecast(SIZES, losses), forecast(SIZES, losses)
    np.testing.assert_array_equal(first.low, second.low)
    assert first.gain[0] == first.gain_low[0] == first.gain_high[0] == 0
    assert (np.diff(first.error) <= 0).all()
    assert (first.gain_low <= first.gain_high).all()


def test_trainings_without_mistakes_have_a_forecast():
    found = forecast(SIZES, np.zeros((5, 100)))
    assert np.isfinite([found.error, found.low, found.high]).all()
    assert (found.error < 0.01).all()


def test_three_amounts_are_needed():
    with pytest.raises(DataError):
        fit_power_law(np.array([1, 1, 2]), np.array([0.1, 0.1, 0.2]))
    with pytest.raises(DataError):
        fit_power_law(np.array([1, 2, 3]), np.array([0.1, np.nan, 0.2]))
