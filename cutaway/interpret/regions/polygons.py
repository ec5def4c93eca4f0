"""Many convex polygons at once: cut along lines, measured, and met by points and ways.

Polygons are one array, float64 ``(polygon, corner, 2)``: corners counterclockwise, and the last one repeated where a
polygon has fewer than others. A line is three numbers (constant, slope in u, slope in v) of the affine function that is
0 on it.
"""

from collections.abc import Sequence

import numpy as np

NEAR = 1e-9
"""A corner whose distance from a line is at most this share of the plane's extent lies on it."""

ROUNDING = 1e-13
"""So is one where the function is at most this share of the largest value of all functions: it may be rounding."""

VALUES = 2**21
"""Values of functions at corners that are computed at a time at most: 16 MiB."""


def values_at(lines: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Values of affine functions at the corners of their polygons.

    Args:
        lines: float64 ``(polygon, line, 3)``.
        corners: float64 ``(polygon, corner, 2)``.

    Returns:
        float64 ``(polygon, line, corner)``.
    """
    return lines[..., :1] + lines[..., 1:] @ corners.swapaxes(1, 2)


def tolerances(lines: np.ndarray, extent: float) -> np.ndarray:
    """How far from 0 an affine function counts as 0, float64 ``(polygon, line)``: see `NEAR` and `ROUNDING`.

    Args:
        lines: float64 ``(polygon, line, 3)``.
        extent: Largest coordinate of the plane, at least 0.
    """
    slopes = np.hypot(lines[..., 1], lines[..., 2])
    largest = (np.abs(lines[..., 0]) + extent * slopes).max(axis=1, initial=0, keepdims=True)
    return np.maximum(NEAR * extent * slopes, ROUNDING * largest)


def snapped(values: np.ndarray, tolerance: np.ndarray) -> np.ndarray:
    """Values ``(..., corner)`` with 0 in place of what is at most the tolerance ``(...)`` from it."""
    return np.where(np.abs(values) <= tolerance[..., None], 0.0, values)


def kept_part(corners: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The part of each polygon where an affine function is at least 0, as the polygons are given.

    Args:
        corners: float64 ``(polygon, corner, 2)``.
        values: float64 ``(polygon, corner)``, the function at the corners, above 0 at one of them at least.
    """
    after, values_after = np.roll(corners, -1, axis=1), np.roll(values, -1, axis=1)
    crossed = values * values_after < 0
    share = np.divide(values, values - values_after, out=np.zeros_like(values), where=crossed)
    between = corners + share[..., None] * (after - corners)
    is_kept = (values >= 0) & (corners != after).any(axis=2)  # of repeated corners, one
    slots = np.stack([corners, between], axis=2).reshape(len(corners), -1, 2)
    taken = np.stack([is_kept, crossed], axis=2).reshape(len(corners), -1)
    count = np.maximum(taken.sum(axis=1), 1)[:, None]
    order = np.argsort(~taken, axis=1, kind="stable")
    places = np.take_along_axis(order, np.minimum(np.arange(count.max(initial=1)), count - 1), axis=1)
    return np.take_along_axis(slots, places[..., None], axis=1)


def joined(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Polygons of several arrays, at least one, as a single array."""
    most = max(part.shape[1] for part in parts)
    return np.concatenate([np.pad(part, ((0, 0), (0, most - part.shape[1]), (0, 0)), mode="edge") for part in parts])


def cut_along(corners: np.ndarray, lines: np.ndarray, *, extent: float, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut each polygon along all of its lines.

    All polygons are cut at the same time, each along the one of its lines that divides it most evenly: after about as
    many rounds as the number of pieces has binary digits, no line is left inside a piece.

    Args:
        corners: float64 ``(polygon, corner, 2)``, at least one.
        lines: float64 ``(polygon, line, 3)``.
        extent: Largest coordinate of the plane, above 0.
        most: More pieces are not made.

    Returns:
        The pieces, and the number of the polygon that each is a piece of, int64 ``(piece,)``.

    Raises:
        OverflowError: There are more than `most` pieces.
    """
    tolerance = tolerances(lines, extent)
    every = np.broadcast_to(np.arange(lines.shape[1]), lines.shape[:2])
    waiting = [(corners, np.arange(len(corners)), every)]
    done: list[tuple[np.ndarray, np.ndarray]] = []
    count = len(corners)
    while waiting:
        parts, owners, names = waiting.pop()  # names: which lines may cross a part, -1 for none
        if len(parts) > 1 and parts.shape[1] * names.size > VALUES:
            half = len(parts) // 2
            waiting += [(parts[:half], owners[:half], names[:half]), (parts[half:], owners[half:], names[half:])]
            continue
        at = owners[:, None], names
        values = snapped(values_at(lines[at], parts), tolerance[at])
        high, low = values.max(axis=2, initial=-np.inf), values.min(axis=2, initial=np.inf)
        crosses = (high > 0) & (low < 0) & (names >= 0)
        is_cut = crosses.any(axis=1)
        done.append((parts[~is_cut], owners[~is_cut]))
        if not is_cut.any():
            continue
        parts, owners, names, crosses = parts[is_cut], owners[is_cut], names[is_cut], crosses[is_cut]
        count += len(parts)
        if count > most:
            raise OverflowError
        uneven = np.abs(high[is_cut] + low[is_cut])
        span = np.where(crosses, high[is_cut] - low[is_cut], 1)
        chosen = np.where(crosses, uneven / span, np.inf).argmin(axis=1)
        each = np.arange(len(parts))
        along = values[is_cut][each, chosen]
        crosses[each, chosen] = False
        left = np.argsort(~crosses, axis=1, kind="stable")[:, : crosses.sum(axis=1).max()]
        others = np.where(np.take_along_axis(crosses, left, axis=1), np.take_along_axis(names, left, axis=1), -1)
        halves = joined([kept_part(parts, along), kept_part(parts, -along)])
        waiting.append((halves, np.concatenate([owners, owners]), np.concatenate([others, others])))
    return joined([part for part, _ in done]), np.concatenate([owners for _, owners in done])


def polygon_areas(corners: np.ndarray) -> np.ndarray:
    """Areas of polygons, float64 ``(polygon,)``."""
    from_first = corners - corners[:, :1]  # far from the origin, products of coordinates would round
    return _cross(from_first, np.roll(from_first, -1, axis=1)).sum(axis=1) / 2


def polygon_distances(point: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Distance of a point from each polygon, float64 ``(polygon,)``; 0 in it.

    Args:
        point: float64 ``(2,)``.
        corners: float64 ``(polygon, corner, 2)``.
    """
    edges, to_point = np.roll(corners, -1, axis=1) - corners, point - corners
    squared = (edges**2).sum(axis=2)
    share = np.divide((to_point * edges).sum(axis=2), squared, out=np.zeros_like(squared), where=squared > 0)
    away = to_point - np.clip(share, 0, 1)[..., None] * edges
    is_inside = (_cross(edges, to_point) >= 0).all(axis=1)
    return np.where(is_inside, 0.0, np.hypot(away[..., 0], away[..., 1]).min(axis=1))


def polygon_entries(start: np.ndarray, end: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Where the straight way between two points enters each polygon.

    Args:
        start: float64 ``(2,)``.
        end: float64 ``(2,)``.
        corners: float64 ``(polygon, corner, 2)``.

    Returns:
        float64 ``(polygon,)``, share of the way, 0 to 1; infinite where the way does not go through the inside.
    """
    edges = np.roll(corners, -1, axis=1) - corners
    first, last = _cross(edges, start - corners), _cross(edges, end - corners)  # at least 0 inside of an edge
    changes = (first >= 0) != (last >= 0)
    place = np.divide(first, first - last, out=np.zeros_like(first), where=changes)
    enters = np.where(changes & (first < 0), place, 0.0).max(axis=1)
    leaves = np.where(changes & (first >= 0), place, 1.0).min(axis=1)
    is_outside = ((first < 0) & (last < 0)).any(axis=1) | (leaves - enters <= NEAR)
    return np.where(is_outside, np.inf, enters)


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
