"""The compiled loops of placing many samples: the smallest scores of each row, and new points in a fixed field."""

import numpy as np

from cutaway.embedding.tsne.kernels.new_points import attract, move
from cutaway.embedding.tsne.kernels.repulsion import spline, spline_slope
from cutaway.neighbors import kernel

ONE, HALF = np.float32(1), np.float32(0.5)


@kernel()
def keep_smallest(scores: np.ndarray, places: np.ndarray) -> None:
    """Write the places of the smallest scores of each row, the smallest first; of equal ones those to the left.

    Args:
        scores: float32 (query, candidate), at least as many candidates as are kept.
        places: int32 (query, k), written.
    """
    k = places.shape[1]
    kept = np.empty(k, np.float32)
    for i in range(len(scores)):
        filled, limit = 0, np.float32(np.inf)
        for j in range(scores.shape[1]):
            score = scores[i, j]
            if filled == k and score >= limit:
                continue
            at = filled if filled < k else k - 1
            while at > 0 and kept[at - 1] > score:
                kept[at], places[i, at] = kept[at - 1], places[i, at - 1]
                at -= 1
            kept[at], places[i, at] = score, j
            if filled < k:
                filled += 1
            limit = kept[filled - 1]


@kernel()
def optimize_in_field(
    x: np.ndarray,
    y: np.ndarray,
    index: np.ndarray,
    value: np.ndarray,
    exaggeration: np.float32,
    iterations: int,
    potential: np.ndarray,
    nodes: int,
    corner: np.ndarray,
    scale: np.float32,
    level: np.float32,
    xy: np.ndarray,
    low: int,
    high: int,
) -> None:
    """Move new points as `optimize_new_points` does, with the repulsive forces of the fixed points from a grid.

    Args:
        x: float32 (n,), first coordinates of the fixed points.
        y: float32 (n,), second coordinates.
        index: int32 (m, k), neighbors of the new points among the fixed ones.
        value: float32 (m, k), their affinities; each row sums to 1.
        exaggeration: Factor of the affinities.
        iterations: Most iterations.
        potential: float32 (nodes or more, nodes or more), spline coefficients of sum_j 1 / (1 + |p - y_j|^2).
        nodes: Nodes of it that count, along each side.
        corner: float32 (2,), coordinates of node (0, 0).
        scale: Nodes per unit of length.
        level: What is added to the potential.
        xy: float32 (m, 2), the start of the new points; updated.
        low: First new point.
        high: The new point after the last one.
    """
    last = np.float32(nodes - 3)
    for i in range(low, high):
        for _ in range(iterations):
            px, py = xy[i, 0], xy[i, 1]
            ax, ay, mass = attract(x, y, index, value, i, px, py)
            u, v = (px - corner[0]) * scale, (py - corner[1]) * scale
            # a coordinate that is no number must not be read from outside of the grid either
            u = (u if u < last else last) if u > ONE else ONE
            v = (v if v < last else last) if v > ONE else ONE
            row, column = int(u), int(v)
            f, g = u - np.float32(row), v - np.float32(column)
            down, across = spline(f), spline(g)
            down_slope, across_slope = spline_slope(f), spline_slope(g)
            near, fx, fy = level, np.float32(0), np.float32(0)
            for a in range(4):
                along = slope = np.float32(0)
                for b in range(4):
                    node = potential[row + a - 1, column + b - 1]
                    along += across[b] * node
                    slope += across_slope[b] * node
                near += down[a] * along
                fx += down_slope[a] * along
                fy += down[a] * slope
            factor = HALF / mass
            # sum_j (p - y_j) / (1 + |p - y_j|^2)^2 is minus half of the slope of the potential
            sx = -factor * (ax + HALF * scale * fx / (near * exaggeration))
            sy = -factor * (ay + HALF * scale * fy / (near * exaggeration))
            if move(xy, i, sx, sy):
                break
