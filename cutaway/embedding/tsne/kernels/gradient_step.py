"""One step of every point, in one pass."""

import numpy as np

from cutaway.neighbors.compiled import kernel


@kernel()
def step(
    xy: np.ndarray,
    last: np.ndarray,
    gains: np.ndarray,
    pull: np.ndarray,
    repulsive_forces: np.ndarray,
    weights: np.ndarray,
    rates: np.ndarray,
    bounds: np.ndarray,
    low: int,
    high: int,
) -> None:
    """Move the rows from low to high down the gradient ``weights[0] * pull - weights[1] * push``.

    Args:
        xy: float32 (n, 2), moved.
        last: float32 (n, 2), the step before; the new one is written.
        gains: float32 (n, 2), factors of the rate that grow while the gradient's sign changes little.
        pull: float32 (n, 2), attraction.
        repulsive_forces: float32 (n, 2), repulsion times Z.
        weights: float32 (2,), exaggeration and 1 / Z.
        rates: float32 (4,), learning rate of each coordinate, momentum, longest step.
        bounds: float32 (4,), written: the least and greatest of each coordinate among these rows.
        low: First row.
        high: The row behind the last one.

    Source: Jacobs 1988 (gains, as in van der Maaten's code: + 0.2, * 0.8); openTSNE 1.0 (longest step).
    """
    one = np.float32(1)
    bounds[0] = bounds[1] = np.inf
    bounds[2] = bounds[3] = -np.inf
    for i in range(low, high):
        for axis in range(2):
            slope = weights[0] * pull[i, axis] - weights[1] * repulsive_forces[i, axis]
            same = (slope > 0) == (last[i, axis] > 0) and (slope < 0) == (last[i, axis] < 0)
            gain = gains[i, axis]
            gain = gain * np.float32(0.8) + np.float32(0.01) if same else gain + np.float32(0.2)
            gains[i, axis] = gain
            last[i, axis] = rates[2] * last[i, axis] - rates[axis] * gain * slope
        squared = last[i, 0] * last[i, 0] + last[i, 1] * last[i, 1]
        shrink = rates[3] / np.sqrt(squared) if squared > rates[3] * rates[3] else one
        for axis in range(2):
            last[i, axis] *= shrink
            xy[i, axis] += last[i, axis]
            bounds[axis] = min(bounds[axis], xy[i, axis])
            bounds[2 + axis] = max(bounds[2 + axis], xy[i, axis])
