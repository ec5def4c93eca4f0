"""The range of inputs as a model sees them, and inputs that never change."""

from dataclasses import dataclass

import numpy as np

# Where all samples have about the same large inputs, steps of Adam, which are as long for every weight, move all
# weights of a unit alike, and most units never fire again. A step moves a unit by the sum of the means of the inputs,
# and samples differ in it by about the square root of the sum of their variances. The first is 14 times the second on
# MNIST, where models train well, and 38 times on shapes on 15% gray, where they lose 16 points: docs/records.md.
LARGE_MEAN = 30.0
"""The `mean_over_spread` above which most units may die in the first steps."""


@dataclass(frozen=True)
class InputFacts:
    """Inputs of a model.

    Attributes:
        inputs: Values of a sample.
        low: Smallest value of all.
        high: Largest value of all.
        mean: Mean of all values.
        std: Standard deviation of all values.
        constant: Inputs that have the same value in every sample, as places in a flattened sample.
        widest: Largest standard deviation of an input, divided by the median one; 1 if all are constant.
        widest_at: The place of this input.
        largest: Largest root mean square of an input, divided by the median one of the inputs that are not always 0.
        largest_at: The place of this input.
        mean_over_spread: What `mean_over_spread` says of them.
    """

    inputs: int
    low: float
    high: float
    mean: float
    std: float
    constant: tuple[int, ...]
    widest: float
    widest_at: int = 0
    largest: float = 1.0
    largest_at: int = 0
    mean_over_spread: float = 0.0


def input_facts(x: np.ndarray) -> InputFacts:
    """Measure inputs.

    Args:
        x: float32 ``(sample, input)``, as the model sees them, at least one of each.
    """
    spread = _spread(x)
    constant = np.flatnonzero(x.min(axis=0) == x.max(axis=0))
    varying = np.delete(spread, constant)
    size = np.hypot(spread, x.mean(axis=0, dtype=np.float64))
    return InputFacts(
        inputs=x.shape[1],
        low=float(x.min()),
        high=float(x.max()),
        mean=float(x.mean(dtype=np.float64)),
        std=float(np.sqrt(np.square(x - np.float32(x.mean(dtype=np.float64))).mean(dtype=np.float64))),
        constant=tuple(constant.tolist()),
        widest=float(varying.max() / np.median(varying)) if len(varying) else 1.0,
        widest_at=int(spread.argmax()),
        largest=float(size.max() / np.median(size[size > 0])) if size.any() else 1.0,
        largest_at=int(size.argmax()),
        mean_over_spread=mean_over_spread(x),
    )


def mean_over_spread(x: np.ndarray) -> float:
    """How large the common part of all samples is, compared with their differences.

    Args:
        x: Inputs ``(sample, ...)``, numbers in any unit, at least one sample.

    Returns:
        The sum of the absolute means of the inputs over the square root of the sum of their variances; 0 if all samples
        are equal.
    """
    x = x.reshape(len(x), -1)
    variance = np.square(_spread(x)).sum()
    return float(np.abs(x.mean(axis=0, dtype=np.float64)).sum() / np.sqrt(variance)) if variance > 0 else 0.0


def _spread(x: np.ndarray) -> np.ndarray:
    """The standard deviation of each input, float64, in parts: one of double precision takes eight times the bytes."""
    return np.concatenate([x[:, i : i + 256].std(axis=0, dtype=np.float64) for i in range(0, x.shape[1], 256)])
