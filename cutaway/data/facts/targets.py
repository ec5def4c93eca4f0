"""What the targets of samples show alone: far values, values at an end of the range, a grid, and numbers of rows."""

from dataclasses import dataclass

import numpy as np

FAR_SHARE = 0.01
"""Share of the samples whose part of the squared deviations is measured, of which a normal distribution gives 8.5%."""

DISTINCT = 20
"""With fewer different values, no value at an end of the range is called a limit."""

LIMIT_TIMES, LEAST_AT_LIMIT = 5.0, 10
"""A limit is the value of so many times as many samples as any other value, and of so many samples at least."""

PAIRS = 10.0
"""Pairs of equal numbers that chance would give at least where a target without any is an identifier."""


@dataclass(frozen=True)
class TargetFacts:
    """A target of training samples.

    Attributes:
        name: Its name.
        samples: Training samples.
        median: The median.
        farthest: The value that is farthest from the median.
        far_share: Part of the sum of squared deviations from the median that `FAR_SHARE` of the samples hold, the
            farthest ones; 0..1. Of the logarithms, if those are learned.
        log_share: The same of the logarithms; None if they are learned, or if a value is not above 0.
        limit: A value at an end of the range that many samples have; None if there is none.
        at_limit: Samples with that value.
        is_upper: Whether it is the largest value.
        step: What all values are multiples of, counted from the smallest; 0 if there is no such step.
        pairs: Pairs of equal numbers that whole numbers drawn from the same range would have, if there are none; 0 of
            other targets.
    """

    name: str
    samples: int
    median: float = 0.0
    farthest: float = 0.0
    far_share: float = 0.0
    log_share: float | None = None
    limit: float | None = None
    at_limit: int = 0
    is_upper: bool = False
    step: float = 0.0
    pairs: float = 0.0


def target_facts(name: str, y: np.ndarray, *, is_log: bool) -> TargetFacts:
    """Measure a target.

    Args:
        name: Its name.
        y: float64 ``(sample,)``, finite, at least one.
        is_log: Whether a model learns its logarithm; then all are above 0.
    """
    values, counts = np.unique(y, return_counts=True)
    median = float(np.median(y))
    limit, at_limit, is_upper = _limit(values, counts)
    return TargetFacts(
        name,
        len(y),
        median,
        float(max(values[0], values[-1], key=lambda value: abs(value - median))),
        _far_share(np.log(y) if is_log else y),
        None if is_log or values[0] <= 0 else _far_share(np.log(y)),
        limit,
        at_limit,
        is_upper,
        _step(values),
        _pairs(values) if len(values) == len(y) else 0.0,
    )


def _far_share(y: np.ndarray) -> float:
    squares = np.sort((y - np.median(y)) ** 2)
    return float(squares[-max(1, round(FAR_SHARE * len(y))) :].sum() / squares.sum()) if squares[-1] else 0.0


def _limit(values: np.ndarray, counts: np.ndarray) -> tuple[float | None, int, bool]:
    """A value at an end of the range that many samples have, how many, and whether it is the largest."""
    if len(values) >= DISTINCT:
        end = -1 if counts[-1] >= counts[0] else 0
        others = np.delete(counts, end)
        if counts[end] >= max(LEAST_AT_LIMIT, LIMIT_TIMES * others.max()):
            return float(values[end]), int(counts[end]), end == -1
    return None, 0, False


def _step(values: np.ndarray) -> float:
    """The largest part of the smallest difference that all differences are multiples of, of several parts."""
    if len(values) < 3:
        return 0.0
    smallest = float(np.diff(values).min())
    for part in (1, 2, 3, 4, 5):
        places = (values - values[0]) / (smallest / part)
        # numbers such as 0.1 are no exact floats
        if places[-1] < 1e6 and np.abs(places - places.round()).max() < 1e-3:
            return smallest / part
    return 0.0


def _pairs(values: np.ndarray) -> float:
    """Equal pairs that as many whole numbers from the same range would have by chance (the birthday problem)."""
    if (values != values.round()).any():
        return 0.0
    return len(values) * (len(values) - 1) / 2 / (values[-1] - values[0] + 1)
