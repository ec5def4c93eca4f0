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
    """Move the rows from low to high against the gradient ``exaggeration * attraction - repulsion / Z``.

    Each point has one gain, and not one for each coordinate as in van der Maaten's code: those depend on where the axes
    are, and tear groups that lie across them. At 280,000 points a gap ran along both axes, a tenth of the layout wide,
    and eight of ten digits lay in two groups.

    Args:
        xy: float32 (n, 2), coordinates; updated.
        last: float32 (n, 2), the previous step; replaced by the new one.
        gains: float32 (n,), factors of the learning rate that grow while a point goes on against the gradient; updated.
        attraction: float32 (n, 2), attractive forces.
        repulsion: float32 (n, 2), repulsive forces times Z.
        weights: float32 (2,), exaggeration and 1 / Z.
        rates: float32 (4,), learning rate eta of each coordinate, momentum alpha, maximum length of a step.
        bounds: float32 (4,), written: minima and maxima of the coordinates of these rows.
        low: First row.
        high: The row after the last one.

    Source: van der Maaten and Hinton 2008, section 3.4 (the step); Jacobs 1988 (gains; + 0.2 and * 0.8 as in van der
        Maaten's code); openTSNE 1.0 (maximum length of a step).
    """
    one = np.float32(1)
    exaggeration, inverse_z = weights[0], weights[1]
    eta_x, eta_y, alpha, longest = rates[0], rates[1], rates[2], rates[3]
    bounds[0] = bounds[1] = np.inf
    bounds[2] = bounds[3] = -np.inf
    for i in range(low, high):
        gradient_x = exaggeration * attraction[i, 0] - inverse_z * repulsion[i, 0]
        gradient_y = exaggeration * attraction[i, 1] - inverse_z * repulsion[i, 1]
        # the previous step was along the gradient, and not against it: the point has gone too far
        turned = gradient_x * last[i, 0] + gradient_y * last[i, 1] > 0
        gain = gains[i] * np.float32(0.8) + np.float32(0.01) if turned else gains[i] + np.float32(0.2)
        gains[i] = gain
        last[i, 0] = alpha * last[i, 0] - eta_x * gain * gradient_x
        last[i, 1] = alpha * last[i, 1] - eta_y * gain * gradient_y
        squared = last[i, 0] * last[i, 0] + last[i, 1] * last[i, 1]
        shrink = longest / np.sqrt(squared) if squared > longest * longest else one
        for axis in range(2):
            last[i, axis] *= shrink
            xy[i, axis] += last[i, axis]
            at = xy[i, axis]
            bounds[axis] = at if at < bounds[axis] else bounds[axis]
            bounds[2 + axis] = at if at > bounds[2 + axis] else bounds[2 + axis]
