"""The range of inputs as a model sees them, and inputs that never change."""

from dataclasses import dataclass

import numpy as np


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
        widest: Largest standard deviation of one input over that of the median one; 1 where all are constant.
        widest_at: The place of this input.
        largest: Largest root mean square of one input over that of the median one of those that are not always 0.
        largest_at: The place of this input.
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


def input_facts(x: np.ndarray) -> InputFacts:
    """Measure inputs.

    Args:
        x: float32 ``(sample, input)``, as the model sees them, at least one of each.
    """
    spread = np.concatenate([x[:, i : i + 256].std(axis=0, dtype=np.float64) for i in range(0, x.shape[1], 256)])
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
    )
