"""The kernel that optimizes new points among fixed ones."""

import numpy as np

from cutaway.neighbors import kernel

ONE = np.float32(1)


@kernel(inner=True, fastmath={"reassoc", "contract", "nsz"})
def _repel(x: np.ndarray, y: np.ndarray, px: np.float32, py: np.float32) -> tuple[np.float32, np.float32, np.float32]:
    """Return sum_j (p - y_j) K_j^2, both coordinates, and sum_j K_j, with K_j = 1 / (1 + |p - y_j|^2)."""
    fx = fy = near = np.float32(0)
    for j in range(len(x)):
        dx, dy = px - x[j], py - y[j]
        weight = ONE / (ONE + dx * dx + dy * dy)
        near += weight
        weight *= weight
        fx += weight * dx
        fy += weight * dy
    return fx, fy, near


@kernel(inner=True)
def attract(
    x: np.ndarray, y: np.ndarray, index: np.ndarray, value: np.ndarray, i: int, px: np.float32, py: np.float32
) -> tuple[np.float32, np.float32, np.float32]:
    """Return sum_j w_j (p - y_j), both coordinates, and sum_j w_j over the neighbors of new point ``i``.

    The weights are w_j = p_j / (1 + |p - y_j|^2); the arguments are as for `optimize_new_points`.
    """
    ax = ay = mass = np.float32(0)
    for t in range(index.shape[1]):
        j = index[i, t]
        dx, dy = px - x[j], py - y[j]
        weight = value[i, t] / (ONE + dx * dx + dy * dy)
        mass += weight
        ax += weight * dx
        ay += weight * dy
    return ax, ay, mass


@kernel(inner=True)
def move(xy: np.ndarray, i: int, sx: np.float32, sy: np.float32) -> bool:
    """Move new point ``i`` of ``xy`` float32 (m, 2) by a step of at most 1; return whether it was shorter than 1e-3."""
    length = np.sqrt(sx * sx + sy * sy)
    shrink = ONE / max(length, ONE)
    xy[i, 0] += shrink * sx
    xy[i, 1] += shrink * sy
    return length < np.float32(1e-3)


@kernel()
def optimize_new_points(
    x: np.ndarray,
    y: np.ndarray,
    index: np.ndarray,
    value: np.ndarray,
    exaggeration: np.float32,
    iterations: int,
    xy: np.ndarray,
    low: int,
    high: int,
) -> None:
    """Move the new points from low to high until attraction and repulsion balance; the fixed points stay.

    With the weights w_j = p_j K_j, attraction alone would end at the weighted mean of the neighbors; half the way there
    is a step that needs no learning rate. It ends when a step is shorter than 1e-3 in units of the layout.

    Args:
        x: float32 (n,), first coordinates of the fixed points.
        y: float32 (n,), second coordinates.
        index: int32 (m, k), neighbors of the new points among the fixed ones.
        value: float32 (m, k), their affinities; each row sums to 1.
        exaggeration: Factor of the affinities.
        iterations: Most iterations.
        xy: float32 (m, 2), the start of the new points; updated.
        low: First new point.
        high: The new point after the last one.

    Source: Poličar et al. 2023, section 2 (new points one by one, with exaggeration 1.5); Cheng 1995 (mean shift).
    """
    for i in range(low, high):
        for _ in range(iterations):
            px, py = xy[i, 0], xy[i, 1]
            ax, ay, mass = attract(x, y, index, value, i, px, py)
            rx, ry, near = _repel(x, y, px, py)
            scale = np.float32(0.5) / mass
            sx = -scale * (ax - rx / (near * exaggeration))
            sy = -scale * (ay - ry / (near * exaggeration))
            if move(xy, i, sx, sy):
                break
