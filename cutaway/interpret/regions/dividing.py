"""The linear regions of a network on a plane: a polygon is cut along the bends of its units, layer by layer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import keras
import numpy as np

from cutaway.errors import DataError
from cutaway.interpret.graph import Graph
from cutaway.progress import Progress, ProgressCallback, ignore_progress

from .layers import Bend, Step, steps_of
from .polygons import cut_along, polygon_areas, values_at

AFFINE = 2**20
"""Numbers of affine functions of one layer that are held at a time, about: 8 MiB."""


@dataclass(frozen=True, eq=False)
class LinearRegions:
    """Some regions of a polygon in which a network is affine.

    Attributes:
        corners: float64 ``(region, corner, 2)``, counterclockwise, the last one repeated where there are fewer.
        logits: float64 ``(region, class, 3)``, each logit as constant, slope in u and slope in v; a model with one
            output unit has 0 for class 0.
    """

    corners: np.ndarray
    logits: np.ndarray

    def __len__(self) -> int:
        return len(self.corners)


def linear_regions(
    model: keras.Model,
    plane: np.ndarray,
    polygon: np.ndarray,
    *,
    most: int,
    on_progress: ProgressCallback = ignore_progress,
) -> Iterator[LinearRegions]:
    """Divide a polygon of a plane through the inputs of a network into the regions in which the network is affine.

    Computed in float64 from the float32 weights. What a line would cut off within a billionth of the extent of
    `polygon` is not cut off: it may be rounding, where the lines of two units are the same.

    Args:
        model: A built model, piecewise linear; it is not changed.
        plane: float64 ``(3, *shape of the model's input)``, prepared inputs as a function of u and v: constant, slope
            in u, slope in v.
        polygon: float64 ``(corner, 2)``, convex, counterclockwise.
        most: Regions at most.
        on_progress: Told how much of the area is divided, in percent.

    Yields:
        Some of the regions at a time: the logits of all of them need much memory where there are many classes.

    Raises:
        ModelError: A layer is not piecewise linear.
        DataError: A logit is not finite.
        OverflowError: There are more than `most` regions.

    Source:
        Montufar et al. 2014, "On the number of linear regions of deep neural networks", section 2; Hanin and Rolnick
        2019, "Deep ReLU networks have surprisingly few activation patterns".
    """
    graph = Graph.of(model)
    dividing = _Dividing(steps_of(graph), graph.output, float(np.abs(polygon).max()), most)
    whole, divided = polygon_areas(polygon[None])[0], 0.0
    on_progress(Progress("regions", 0, 100, "percent"))
    values = {graph.entry: np.asarray(plane, np.float64).reshape(1, 3, *graph.shape)}
    for part in dividing.run(0, polygon[None].astype(np.float64), values):
        if not np.isfinite(part.logits).all():
            raise DataError("logits are finite numbers", got="some that are not", hint="look at an earlier epoch")
        yield part
        divided += polygon_areas(part.corners).sum()
        percent = min(99, int(100 * divided / whole))
        on_progress(Progress("regions", percent, 100, "percent", f"{dividing.count:,} regions"))
    on_progress(Progress("regions", 100, 100, "percent", f"{dividing.count:,} regions"))


@dataclass
class _Dividing:
    """Divides regions, a few at a time through all layers: in memory, all of those of a large layer have no room.

    Attributes:
        steps: The layers.
        output: Name of the last of them.
        extent: Largest coordinate of the plane.
        most: Regions at most.
        count: Regions that are known so far.
    """

    steps: Sequence[Step]
    output: str
    extent: float
    most: int
    count: int = 0

    @cached_property
    def widest(self) -> int:
        """Numbers of the affine functions of the largest layer."""
        return 3 * max(step.size for step in self.steps)

    def run(self, number: int, corners: np.ndarray, values: Mapping[str, np.ndarray]) -> Iterator[LinearRegions]:
        """Divide regions from a layer on.

        Args:
            number: Number of the layer.
            corners: float64 ``(region, corner, 2)``.
            values: Affine values ``(region, 3, *shape)`` of what this and later layers read.
        """
        values = dict(values)
        for later, step in enumerate(self.steps[number:], number + 1):
            sums = step.linear(*(values[name] for name in step.inputs))
            values[step.name] = sums
            read = {self.output, *(name for other in self.steps[later:] for name in other.inputs)}
            values = {name: value for name, value in values.items() if name in read}
            if step.bend is not None:
                yield from self._bent(later, corners, values, sums=sums, bend=step.bend)
                return
        self.count += len(corners)
        if self.count > self.most:
            raise OverflowError
        logits = values[self.output].reshape(len(corners), 3, -1).swapaxes(1, 2)
        if logits.shape[1] == 1:
            logits = np.concatenate([np.zeros_like(logits), logits], axis=1)
        yield LinearRegions(corners, logits)

    def _bent(
        self, later: int, corners: np.ndarray, values: Mapping[str, np.ndarray], *, sums: np.ndarray, bend: Bend
    ) -> Iterator[LinearRegions]:
        """Divide regions where the values of layer ``later - 1`` bend, and then from layer `later` on."""
        name = self.steps[later - 1].name
        flat = sums.reshape(len(sums), 3, -1).swapaxes(1, 2)
        from_points = np.concatenate([flat - np.array([point, 0, 0]) for point in bend.points], axis=1)
        parts, owners = cut_along(corners, from_points, extent=self.extent, most=self.most - self.count)
        size = max(1, AFFINE // self.widest)
        for start in range(0, len(parts), size):
            part, owner = parts[start : start + size], owners[start : start + size]
            # no line goes through a piece: at its middle, each function is on the side on which it is in all of it
            middle = part.mean(axis=1, keepdims=True)
            above = values_at(from_points[owner], middle)[..., 0] > 0
            piece = above.reshape(len(part), len(bend.points), *sums.shape[2:]).sum(axis=1)
            here = {each: value[owner] for each, value in values.items() if each != name}
            yield from self.run(later, part, {**here, name: bend(sums[owner], piece)})
