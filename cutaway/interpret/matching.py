"""Matching units of two models one to one, by the correlation of their activations."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from cutaway.errors import DataError, UsageError
from cutaway.interpret.measures import LARGEST, has_diverged

MATCHED_UNITS = 4096
"""Units of a layer that are matched at most: their correlations take 134 MB, and the assignment grows with the cube."""


@dataclass(frozen=True, eq=False)
class UnitMatching:
    """Each unit of a layer and its match in another layer.

    Attributes:
        unit: int64 ``(unit,)``: the unit of the second layer that unit k of the first is matched with; none occurs
            twice.
        correlation: float64 ``(unit,)``, their correlation over the samples, in [-1, 1]; NaN if one of them is
            constant.
        chance: The mean correlation after matching unrelated activations: the second layer in another order of the
            samples. None if it is not defined.
    """

    unit: np.ndarray
    correlation: np.ndarray
    chance: float | None

    def __repr__(self) -> str:
        mean = "not defined" if self.mean is None else f"{self.mean:.3f}"
        chance = "" if self.chance is None else f" ({self.chance:.3f} by chance)"
        return f"<UnitMatching of {len(self.unit):,} units, mean correlation {mean}{chance}>"

    @property
    def mean(self) -> float | None:
        """Mean correlation of the matched units; None if no matched units both vary."""
        return _mean(self.correlation)

    @property
    def constant(self) -> int:
        """Number of pairs without a correlation, because a unit is constant."""
        return int(np.isnan(self.correlation).sum())


def match_units(first: np.ndarray, second: np.ndarray, *, seed: int = 0) -> UnitMatching:
    """Match the units of two layers one to one, with the largest sum of the correlations of their activations.

    The mean correlation is above 0 even between models that have nothing in common, because the best of many pairs are
    chosen: the more units and the fewer samples, the higher. ``chance`` says how high.

    Args:
        first: float32 ``(sample, unit)``, finite, of two samples or more.
        second: float32 ``(sample, unit)``, as many units, for the same samples.
        seed: Random seed of the other order of the samples.

    Raises:
        DataError: The shapes differ, or an activation is not finite.
        UsageError: There are more than `MATCHED_UNITS` units.

    Source:
        Li, Yosinski, Clune, Lipson, Hopcroft 2015, "Convergent learning: do different neural networks learn the same
        representations?", section 3.1 (bipartite matching); solved by the Hungarian method of
        `scipy.optimize.linear_sum_assignment`.
    """
    if first.ndim != 2 or first.shape != second.shape or not first.size:
        raise DataError(
            f"cannot match units of the shapes {first.shape} and {second.shape}: they differ",
            hint="compare their CKA instead",
        )
    if first.shape[1] > MATCHED_UNITS:
        raise UsageError(
            f"cannot match {first.shape[1]:,} units; the limit is {MATCHED_UNITS:,}",
            hint="compare their CKA instead",
        )
    if has_diverged(first) or has_diverged(second):
        raise DataError(
            f"activations are not finite or beyond ±{LARGEST:g}: a model has diverged",
            hint="choose an earlier epoch",
        )
    (one, varies), (other, others) = _standardized(first), _standardized(second)
    unit, correlation = _match(one, other, varies, others)
    shuffled = other[np.random.default_rng(seed).permutation(len(other))]
    return UnitMatching(unit, correlation, _mean(_match(one, shuffled, varies, others)[1]))


def _match(
    first: np.ndarray, second: np.ndarray, varies: np.ndarray, others: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The matched unit of each unit, and their correlations."""
    from scipy.optimize import linear_sum_assignment

    correlation = np.clip((first.T @ second / len(first)).astype(np.float64), -1, 1)
    correlation[~varies] = 0
    correlation[:, ~others] = 0
    assigned: Any = linear_sum_assignment(correlation, maximize=True)
    unit = np.asarray(assigned[1], np.int64)
    defined = varies & others[unit]
    return unit, np.where(defined, correlation[np.arange(len(unit)), unit], np.nan)


def _mean(correlation: np.ndarray) -> float | None:
    known = correlation[~np.isnan(correlation)]
    return float(known.mean()) if len(known) else None


def _standardized(h: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Units with mean 0 and standard deviation 1, float32; and which of them vary at all."""
    mean, std = h.mean(axis=0, dtype=np.float64), h.std(axis=0, dtype=np.float64)
    varies = std > 1e-6 * np.abs(h).max(axis=0)  # only rounding remains of a constant
    return ((h - mean) / np.where(varies, std, 1)).astype(np.float32), varies
