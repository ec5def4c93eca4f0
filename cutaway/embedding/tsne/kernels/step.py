"""The gradient step of t-SNE."""

import numpy as np

from cutaway.neighbors import kernel


@kernel()
def gradient_step(
    xy: np.ndarray,
    last: np.ndarray,
    gains: np.ndarray,
    attraction: np.ndarray,
    repulsion: np.ndarray,
    weights: np.ndarray,
    rates: np.ndarray,
    bounds: np.ndarray,
    low: int,
    high: int,
) -> None:
    """Move the rows from low to high along the gradient ``weights[0] * attraction - weights[1] * repulsion``.

    Args:
        xy: float32 (n, 2), coordinates; updated.
        last: float32 (n, 2), the previous step; replaced by the new one.
        gains: float32 (n, 2), factors of the learning rate that grow while the sign of the gradient stays; updated.
        attraction: float32 (n, 2), attractive forces.
        repulsion: float32 (n, 2), repulsive forces times Z.
        weights: float32 (2,), exaggeration and 1 / Z.
        rates: float32 (4,), learning rate of each coordinate, momentum, maximum length of a step.
        bounds: float32 (4,), written: minima and maxima of the coordinates of these rows.
        low: First row.
        high: The row after the last one.

    Source: Jacobs 1988 (gains, as in van der Maaten's code: + 0.2, * 0.8); openTSNE 1.0 (maximum length of a step).
    """
    one = np.float32(1)
    bounds[0] = bounds[1] = np.inf
    bounds[2] = bounds[3] = -np.inf
    for i in range(low, high):
        for axis in range(2):
            slope = weights[0] * attraction[i, axis] - weights[1] * repulsion[i, axis]
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
            at = xy[i, axis]
            bounds[axis] = at if at < bounds[axis] else bounds[axis]
            bounds[2 + axis] = at if at > bounds[2 + axis] else bounds[2 + axis]
