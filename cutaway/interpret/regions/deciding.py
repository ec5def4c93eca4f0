"""Where each class has the largest logit, exactly: the linear regions are cut along the lines between classes."""

from dataclasses import dataclass

import keras
import numpy as np

from cutaway.progress import ProgressCallback, ignore_progress

from .dividing import LinearRegions, linear_regions
from .polygons import NEAR, joined, kept_part, snapped, tolerances, values_at


@dataclass(frozen=True, eq=False)
class PlaneDecisions:
    """What a network predicts on a polygon of a plane.

    Corners of polygons are counterclockwise, the last one repeated where a polygon has fewer than others.

    Attributes:
        regions: float64 ``(region, corner, 2)``, the linear regions.
        corners: float64 ``(polygon, corner, 2)``, polygons in each of which one class is predicted: linear regions and
            their parts.
        classes: int64 ``(polygon,)``.
        boundary: float64 ``(piece, 2, 2)``, both ends of each piece, on which two logits are equal and no other one is
            larger. There is none at the edge of a region in which two classes tie everywhere.
        between: int64 ``(piece, 2)``, its two classes, ascending.
    """

    regions: np.ndarray
    corners: np.ndarray
    classes: np.ndarray
    boundary: np.ndarray
    between: np.ndarray


def plane_decisions(
    model: keras.Model,
    plane: np.ndarray,
    polygon: np.ndarray,
    *,
    most: int,
    on_progress: ProgressCallback = ignore_progress,
) -> PlaneDecisions:
    """Find the linear regions of a network on a polygon of a plane, and cut them where the predicted class changes.

    Of classes that tie everywhere in a region, the first is predicted. Arguments and errors are those of
    `linear_regions`.
    """
    extent = float(np.abs(polygon).max())
    parts = [
        _decided(each, extent) for each in linear_regions(model, plane, polygon, most=most, on_progress=on_progress)
    ]
    return PlaneDecisions(
        regions=joined([part.regions for part in parts]),
        corners=joined([part.corners for part in parts]),
        classes=np.concatenate([part.classes for part in parts]),
        boundary=np.concatenate([part.boundary for part in parts]),
        between=np.concatenate([part.between for part in parts]),
    )


def _decided(regions: LinearRegions, extent: float) -> PlaneDecisions:
    corner_values = values_at(regions.logits, regions.corners)  # (region, class, corner)
    winners = corner_values.argmax(axis=1)
    # affine functions: what is the largest at all corners is so between them
    is_mixed = (winners != winners[:, :1]).any(axis=1)
    corners, classes = [regions.corners[~is_mixed]], [winners[~is_mixed, 0]]
    boundary, between = [np.zeros((0, 2, 2))], [np.zeros((0, 2), np.int64)]
    for k in np.flatnonzero(is_mixed):
        # a class that is below one of the winners at all corners is nowhere the largest
        rivals = corner_values[k, np.unique(winners[k])]
        names = np.flatnonzero(~(corner_values[k][:, None] < rivals).all(axis=2).any(axis=1))
        parts, labels = _envelope(regions.corners[k], regions.logits[k, names], extent=extent)
        pieces, pairs = _boundary(parts, labels, regions.logits[k, names], extent=extent)
        corners.append(parts)
        classes.append(names[labels])
        boundary.append(pieces)
        between.append(names[pairs])
    return PlaneDecisions(
        regions.corners, joined(corners), np.concatenate(classes), np.concatenate(boundary), np.concatenate(between)
    )


def _envelope(polygon: np.ndarray, logits: np.ndarray, *, extent: float) -> tuple[np.ndarray, np.ndarray]:
    """The parts of a polygon in which each affine function ``(function, 3)`` is the largest, and their numbers."""
    parts: list[np.ndarray] = []
    labels: list[int] = []
    for k, own in enumerate(logits):
        part = polygon[None]
        lead = own - logits
        tolerance = tolerances(lead[None], extent)[0]
        for other in range(len(logits)):
            values = snapped(values_at(lead[None, [other]], part)[:, 0], tolerance[[other]])
            if values.max() <= 0 and (other < k or values.min() < 0):
                break
            part = kept_part(part, values)
        else:
            parts.append(part)
            labels.append(k)
    if not parts:  # a polygon so small that all of its values are rounding
        return polygon[None], values_at(logits[None], polygon[None].mean(axis=1, keepdims=True))[:, :, 0].argmax(axis=1)
    return joined(parts), np.array(labels)


def _boundary(
    parts: np.ndarray, labels: np.ndarray, logits: np.ndarray, *, extent: float
) -> tuple[np.ndarray, np.ndarray]:
    """The edges of parts on which their function equals a later one, and the numbers of both."""
    lead = logits[labels][:, None] - logits
    values = snapped(values_at(lead, parts), tolerances(lead, extent))
    after = np.roll(parts, -1, axis=1)
    is_long = np.hypot(*np.moveaxis(after - parts, 2, 0)) > NEAR * extent
    is_later = np.arange(len(logits)) > labels[:, None]
    is_equal = (values == 0) & (np.roll(values, -1, axis=2) == 0) & is_long[:, None] & is_later[..., None]
    part, other, corner = np.nonzero(is_equal)
    return np.stack([parts[part, corner], after[part, corner]], axis=1), np.stack([labels[part], other], axis=1)
