"""How the plane through three samples is laid, divided, and measured from each of them."""

from collections.abc import Iterable, Sequence
from itertools import permutations
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np

from cutaway.context import RunContext
from cutaway.data import SampleIds
from cutaway.errors import UsageError
from cutaway.progress import ProgressCallback, ignore_progress

from .options import MARGIN, RegionsOptions
from .result import ClassArea, PlaneSample, Regions, Way

if TYPE_CHECKING:
    from cutaway.interpret import PlaneDecisions

MOST = 500_000
"""Linear regions at most: a gigabyte, and about a minute of CPU time for two layers of 512 units."""

WIDEST = 10.0
"""Margin at most."""

FLAT = 1e-6
"""Three samples lie on a line if their triangle has at most half of this share of the square over its longest side."""


def regions(
    context: RunContext,
    names: Sequence[str],
    options: RegionsOptions,
    *,
    on_progress: ProgressCallback = ignore_progress,
) -> Regions:
    """Divide the plane through three samples; see `cutaway.Run.regions`."""
    from cutaway.interpret import plane_decisions, polygon_areas

    margin = _checked_margin(options.margin)
    is_list = isinstance(names, Iterable) and not isinstance(names, str)  # pyright: ignore[reportUnnecessaryIsInstance]
    given = list(names) if is_list else []
    if len(given) != 3 or not all(isinstance(name, str) for name in given):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UsageError(
            "a plane goes through three samples",
            got=repr(names)[:100],
            hint="name three, such as test[7] test[12] test[40]",
        )
    ids = context.samples(given)
    plane, points = _plane(context, ids)
    window = _window(points, margin)
    model = context.model(options.epoch)
    try:
        found = plane_decisions(model, plane, window, most=MOST, on_progress=on_progress)
    except OverflowError:
        raise UsageError(
            f"the linear regions of a window are at most {MOST:,}",
            got=f"more in a square with sides of {np.ptp(window[:, 0]):.3g}",
            hint="choose samples that are closer to each other, a smaller margin, or a model with fewer units",
        ) from None
    by_class = np.bincount(found.classes, weights=polygon_areas(found.corners), minlength=len(context.class_names))
    samples = _samples(context, ids, points, window=window, found=found)
    return Regions(
        samples=samples,
        ways=_ways(context.class_names, samples, found),
        areas=tuple(
            ClassArea(name, float(share))
            for name, share in zip(context.class_names, by_class / by_class.sum(), strict=True)
            if share > 0
        ),
        epoch=context.epoch(options.epoch),
        margin=margin,
        plane=plane,
        window=window,
        decisions=found,
        class_names=context.class_names,
        pictures=context.data.pictures(ids),
    )


def _checked_margin(margin: float) -> float:
    if isinstance(margin, bool) or not isinstance(margin, Real) or not 0 <= margin <= WIDEST:
        raise UsageError(
            f"margin is a number from 0 to {WIDEST:g}", got=repr(margin), hint=f"pass for example margin={MARGIN}"
        )
    return float(margin)


def _plane(context: RunContext, ids: SampleIds) -> tuple[np.ndarray, np.ndarray]:
    """The plane as an affine function, float64 ``(3, *shape)``, and the places ``(3, 2)`` of the samples on it.

    The first sample is at (0, 0), the second one at (u, 0), the third one at (u, v) with v above 0.
    """
    data = context.data
    x = np.asarray(data.x(ids), np.float64) / data.scale
    origin, second, third = x.reshape(3, -1)
    along, other = second - origin, third - origin
    longest = max(float((side**2).sum()) for side in (along, other, third - second))
    length = float(np.linalg.norm(along))
    e1 = along / (length or 1.0)
    u = float(other @ e1)
    rest = other - u * e1
    rest -= (rest @ e1) * e1  # once more: what rounding has left
    v = float(np.linalg.norm(rest))
    if not length * v > FLAT * longest:
        raise UsageError(
            "three samples make a plane if they do not lie on a line",
            got=", ".join(ids.names()),
            hint="choose other samples",
        )
    return np.stack([origin, e1, rest / v]).reshape(x.shape), np.array([[0.0, 0.0], [length, 0.0], [u, v]])


def _window(points: np.ndarray, margin: float) -> np.ndarray:
    """Corners ``(4, 2)`` of the smallest square around the bounding box of points, with a margin on each side."""
    low, high = points.min(axis=0), points.max(axis=0)
    half = (0.5 + margin) * (high - low).max()
    return (low + high) / 2 + half * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])


def _samples(
    context: RunContext, ids: SampleIds, points: np.ndarray, *, window: np.ndarray, found: "PlaneDecisions"
) -> tuple[PlaneSample, ...]:
    from cutaway.interpret import polygon_distances

    labels: list[int] = context.data.y(ids).tolist()
    named: list[PlaneSample] = []
    for name, label, point in zip(ids.names(), labels, points, strict=True):
        away = polygon_distances(point, found.corners)
        predicted = int(found.classes[away.argmin()])
        nearest = int(np.where(found.classes == predicted, np.inf, away).argmin())
        is_met = found.classes[nearest] != predicted
        named.append(
            PlaneSample(
                sample=name,
                u=float(point[0]),
                v=float(point[1]),
                label=context.class_names[label],
                predicted=context.class_names[predicted],
                distance=float(away[nearest]) if is_met else None,
                beyond=context.class_names[int(found.classes[nearest])] if is_met else None,
                edge=float(np.minimum(point - window[0], window[2] - point).min()),
            )
        )
    return tuple(named)


def _ways(class_names: Sequence[str], samples: Sequence[PlaneSample], found: "PlaneDecisions") -> tuple[Way, ...]:
    from cutaway.interpret import polygon_entries

    ways: list[Way] = []
    for start, end in permutations(samples, 2):
        first, last = (np.array([each.u, each.v]) for each in (start, end))
        length = float(np.linalg.norm(last - first))
        places = polygon_entries(first, last, found.corners)
        places[found.classes == class_names.index(start.predicted)] = np.inf
        nearest = int(places.argmin())
        changes = np.isfinite(places[nearest])
        ways.append(
            Way(
                sample=start.sample,
                toward=end.sample,
                length=length,
                change=float(places[nearest]) * length if changes else None,
                becomes=class_names[int(found.classes[nearest])] if changes else None,
            )
        )
    return tuple(ways)
