"""The learning curve over the amount of data: a power law, and its extrapolation."""

from dataclasses import dataclass, field

import numpy as np

from cutaway.errors import DataError

EXPONENTS = np.geomspace(0.05, 2.0, 60)
"""Exponents that are tried first: most models have one from 0.1 to 1 (Hestness et al. 2017)."""

FINER, REFINED = 2, 21
"""Times that this many exponents are then tried between the neighbors of the best one."""

LEAST_SIZES = 3
"""Different amounts of data without which three numbers cannot be fitted."""

DRAWS = 500


@dataclass(frozen=True)
class PowerLaw:
    """An error that falls with the amount of data n: ``limit + scale * n ** -exponent``.

    Attributes:
        limit: The error that remains with any amount of such data, 0 or more.
        scale: The part of the error at n = 1 that more data lower, 0 or more.
        exponent: How quickly they lower it, 0.05..2.
    """

    limit: float
    scale: float
    exponent: float

    def __call__(self, n: np.ndarray | float) -> np.ndarray:
        """The error with so much data, float64 in the shape of `n`."""
        return self.limit + self.scale * np.asarray(n, np.float64) ** -self.exponent


@dataclass(frozen=True, eq=False)
class Forecast:
    """Expected errors with some amounts of data.

    Attributes:
        law: The power law that was fitted.
        at: float64 ``(amount,)``, amounts of data, in the unit of the fit.
        error: float64 ``(amount,)``, the values of the law there.
        low: float64 ``(amount,)``, lower ends of 95% prediction intervals of the error of one training.
        high: float64 ``(amount,)``, upper ends.
        gain: float64 ``(amount,)``, error at n = 1 minus error there; above 0 if more data help.
        gain_low: float64 ``(amount,)``, lower ends of its 95% intervals.
        gain_high: float64 ``(amount,)``, upper ends.
    """

    law: PowerLaw
    at: np.ndarray = field(repr=False)
    error: np.ndarray = field(repr=False)
    low: np.ndarray = field(repr=False)
    high: np.ndarray = field(repr=False)
    gain: np.ndarray = field(repr=False)
    gain_low: np.ndarray = field(repr=False)
    gain_high: np.ndarray = field(repr=False)


def fit_power_law(sizes: np.ndarray, errors: np.ndarray) -> PowerLaw:
    """Fit a power law to errors, by least squares of their relative differences.

    Args:
        sizes: float ``(training,)``, amounts of data, above 0; at least three different ones.
        errors: float ``(training,)``, above 0.

    Raises:
        DataError: There are too few amounts, or a number is outside its range.

    Source:
        Cortes, Jackel, Solla, Vapnik, Denker 1994, "Learning curves: asymptotic values and rate of convergence".
    """
    sizes, errors = np.asarray(sizes, np.float64), np.asarray(errors, np.float64)
    if len(np.unique(sizes)) < LEAST_SIZES:
        raise DataError(
            f"a power law needs at least {LEAST_SIZES} different amounts of data, got {len(np.unique(sizes))}",
            hint="train on more shares of the data",
        )
    if not (sizes > 0).all() or not ((errors > 0) & np.isfinite(errors)).all():
        raise DataError(
            f"amounts and errors must be above 0, got amounts from {sizes.min():g} and errors from {errors.min():g}",
            hint="leave trainings that diverged out",
        )
    limit, scale, exponent = _fit(sizes, errors[None])
    return PowerLaw(float(limit[0]), float(scale[0]), float(exponent[0]))


def forecast(sizes: np.ndarray, losses: np.ndarray, *, at: tuple[float, ...] = (1.0, 2.0, 4.0)) -> Forecast:
    """Fit a power law to the mean losses of some trainings, and say how sure it is elsewhere.

    Two things make it unsure, and both are drawn 500 times: which samples the trainings were measured on, the same for
    all of them (a normal approximation of their means and covariances), and chance in a training, whose size is
    taken from the distances from the law (with only three trainings none is left).

    Args:
        sizes: float ``(training,)``, amounts of data; at least three different ones.
        losses: float ``(training, sample)``, 0 or more: the loss of each training on each sample, such as 1 for a wrong
            prediction and 0 for a right one.
        at: Amounts of data of the forecast.

    Raises:
        DataError: See `fit_power_law`; or there are fewer than two samples.
    """
    sizes, losses = np.asarray(sizes, np.float64), np.asarray(losses, np.float64)
    trainings, samples = losses.shape
    if samples < 2:
        raise DataError(f"a forecast needs at least 2 samples, got {samples}", hint="measure on more samples")
    # of no mistakes in m samples, half a mistake more is as likely as any other small number
    least = max(0.5 / samples * float(losses.max(initial=0)), 1e-12)
    errors = np.maximum(losses.mean(axis=1), least)
    law = fit_power_law(sizes, errors)
    distances = np.log(errors) - np.log(np.maximum(law(sizes), 1e-300))
    spread = float(np.sqrt((distances**2).sum() / max(trainings - LEAST_SIZES, 1)))
    random = np.random.default_rng(0)
    covariance = np.atleast_2d(np.cov(losses)) / samples
    means = random.multivariate_normal(errors, covariance, size=DRAWS, check_valid="ignore")
    drawn = np.maximum(means, least) * np.exp(spread * random.normal(size=means.shape))
    limit, scale, exponent = (part[:, None] for part in _fit(sizes, drawn))
    amounts = np.asarray(at, np.float64)
    curves = limit + scale * amounts**-exponent
    gains = limit + scale - curves
    low, high = np.quantile(curves * np.exp(spread * random.normal(size=curves.shape)), (0.025, 0.975), axis=0)
    gain_low, gain_high = np.quantile(gains, (0.025, 0.975), axis=0)
    gain = law(1.0) - law(amounts)
    return Forecast(law, amounts, law(amounts), low, high, gain, gain_low, gain_high)


def _fit(sizes: np.ndarray, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Limit, scale and exponent ``(draw,)`` of each row of errors ``(draw, training)``.

    For a given exponent the other two are a linear problem of two unknowns that are not negative, which has a formula;
    the exponent is searched on a grid, and then on finer ones between the neighbors of the best.
    """
    grid, rows = np.broadcast_to(EXPONENTS, (len(errors), len(EXPONENTS))), np.arange(len(errors))
    for _ in range(FINER):
        best = _best(sizes, errors, grid)[3]
        low, high = grid[rows, np.maximum(best - 1, 0)], grid[rows, np.minimum(best + 1, grid.shape[1] - 1)]
        grid = np.geomspace(low, high, REFINED, axis=1)
    return _best(sizes, errors, grid)[:3]


def _best(
    sizes: np.ndarray, errors: np.ndarray, exponents: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Limit, scale, exponent and its column ``(draw,)``, the best of some exponents ``(draw, exponent)``."""
    powers = sizes ** -exponents[:, :, None]
    e, w = errors[:, None, :], errors[:, None, :] ** -2
    s, su, suu = w.sum(axis=2), (w * powers).sum(axis=2), (w * powers**2).sum(axis=2)
    se, sue = (w * e).sum(axis=2), (w * powers * e).sum(axis=2)
    determinant = np.maximum(s * suu - su**2, 1e-300)
    limit, scale = (suu * se - su * sue) / determinant, (s * sue - su * se) / determinant
    scale = np.where(limit < 0, sue / suu, scale)
    limit = np.maximum(limit, 0)
    limit, scale = np.where(scale < 0, se / s, limit), np.maximum(scale, 0)
    rest = (w * (e - limit[:, :, None] - scale[:, :, None] * powers) ** 2).sum(axis=2)
    column, rows = rest.argmin(axis=1), np.arange(len(errors))
    return limit[rows, column], scale[rows, column], exponents[rows, column], column
