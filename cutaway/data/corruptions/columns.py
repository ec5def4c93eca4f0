"""Corruptions of tables: missing values, and noise on numbers."""

import numpy as np

from .traits import ColumnTraits


def missing(x: np.ndarray, severity: float, traits: ColumnTraits, rng: np.random.Generator) -> np.ndarray:
    """Values that are missing, as the preparation of the table has it; the severity is the share of the cells."""
    assert traits.missing is not None
    absent = rng.random((len(x), len(traits.widths))) < severity
    return np.where(np.repeat(absent, traits.widths, axis=1), traits.missing, x)


def column_noise(x: np.ndarray, severity: float, traits: ColumnTraits, rng: np.random.Generator) -> np.ndarray:
    """Gaussian noise on every number that is known, clipped to the range of its column.

    The severity is the standard deviation / that of the column.
    """
    values, has = x[:, traits.numbers], traits.indicators >= 0
    added = rng.standard_normal(values.shape, dtype=np.float32) * (np.float32(severity) * traits.spread)
    added[:, has] *= x[:, traits.indicators[has]] == 0
    noisy = x.copy()
    noisy[:, traits.numbers] = np.clip(values + added, traits.low, traits.high)
    return noisy


def no_preparation(traits: ColumnTraits) -> str:
    """Why no value can be missing."""
    return "" if traits.missing is not None else "an array has no preparation that says what a missing value becomes"


def no_numbers(traits: ColumnTraits) -> str:
    """Why there is no number to add noise to."""
    return "" if len(traits.numbers) else "no column is a number"
