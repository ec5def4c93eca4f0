"""New samples in a layout that stays as it is."""

from dataclasses import dataclass

import numpy as np

from cutaway.checks import check_matrix, check_perplexity
from cutaway.errors import DataError
from cutaway.neighbors.components import Centered
from cutaway.parallel.ranges import in_threads, ranges
from cutaway.progress import Progress, ProgressCallback, ignore_progress

from .tsne.affinities import conditional_affinities, neighbors_for

COMPONENTS = 50
# openTSNE's values: few neighbors, since a new sample has affinities of its own only, held a little more tightly.
PERPLEXITY = 5.0
EXAGGERATION = 1.5
ITERATIONS = 150
# New samples whose distances to all others are held at a time: 18 MB at 70,000 samples.
ROWS = 64
# New samples lie within so many spreads of the others, where squares stay in float32.
FARTHEST = 1e15
# Candidates beyond those wanted, which are measured again without the rounding of a large sum.
SPARE = 8


@dataclass(frozen=True, eq=False)
class Principal:
    """Principal components as a map that takes further rows.

    Attributes:
        middle: float64 (unit,), where the components are 0, near most rows.
        weights: float64 (unit, component), orthonormal columns.
        spread: Standard deviation of the first component, which becomes 1.
    """

    middle: np.ndarray
    weights: np.ndarray
    spread: float

    def __call__(self, h: np.ndarray) -> np.ndarray:
        """Project checked rows to float32 (sample, component).

        Raises:
            DataError: A row lies so far away that squares would leave float32.
        """
        scores = (h - self.middle) @ self.weights / self.spread
        far = np.abs(scores).max(axis=1)
        if far.max() > FARTHEST:
            row = int(far.argmax())
            raise DataError(
                f"new samples lie within {FARTHEST:g} times the spread of those that were laid out",
                got=f"{far[row]:.3g} times at sample {row}",
                hint="leave this sample out, or look at how its activations came about",
            )
        return np.ascontiguousarray(scores, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Placement:
    """What it takes to place new samples: where the old ones are, in the components and in the plane.

    Attributes:
        principal: From activations to components.
        points: float32 (n, component), the samples of the layout.
        xy: float32 (n, 2), where they lie.
    """

    principal: Principal
    points: np.ndarray
    xy: np.ndarray


def principal_points(h: np.ndarray, components: int) -> tuple[Principal, np.ndarray]:
    """Find the components of checked activations and return them with float32 (sample, component) of spread 1.

    t-SNE does not depend on the scale and the origin, its float32 distances do: the first component has a standard
    deviation of 1, and all are 0 near most rows, which a mean need not be.
    """
    centered = Centered.of(h)
    weights = centered.principal(components)
    scores = centered.project(weights, origin="near")
    spread = float(scores[:, 0].std(dtype=np.float64))
    scores /= scores.dtype.type(spread)
    principal = Principal(centered.near.astype(np.float64), weights, spread / centered.scale)
    return principal, np.ascontiguousarray(scores, dtype=np.float32)


def placement(h: np.ndarray, xy: np.ndarray) -> Placement:
    """Prepare to place new samples in the layout ``xy`` of activations ``h``.

    Args:
        h: float32 (sample, unit), finite, not all rows alike.
        xy: float32 (sample, 2), of the same samples.

    Raises:
        DataError: An array is no matrix of finite numbers, their lengths differ, or all rows are alike.
    """
    h, xy = check_matrix(h, name="activations"), check_matrix(xy, name="coordinates")
    if xy.shape != (len(h), 2):
        raise DataError(
            "a layout has two coordinates for each row of activations",
            got=f"the shape {xy.shape} for {len(h)} rows",
            hint="pass the activations that the layout was made of",
        )
    if len(h) < 2 or (h == h[0]).all():
        raise DataError("a placement needs samples that differ", got="equal rows only", hint="take another layer")
    principal, points = principal_points(h, min(COMPONENTS, h.shape[1]))
    return Placement(principal, points, np.ascontiguousarray(xy))


def place(
    h: np.ndarray, at: Placement, *, perplexity: float = PERPLEXITY, on_progress: ProgressCallback = ignore_progress
) -> np.ndarray:
    """Place new samples in a layout, each for itself: the layout stays, and they do not see each other.

    A sample starts at the median of its neighbors and moves until it rests; the repulsion of all old samples is
    summed exactly. 1,000 samples among 70,000 take about 1 s on two cores, one takes 5 ms.

    Args:
        h: float32 (sample, unit), activations of the same layer.
        at: See `placement`.
        perplexity: Neighbors that a new sample attends to, 1 or more.
        on_progress: Hears of the samples done.

    Returns:
        float32 (sample, 2).

    Raises:
        DataError: ``h`` is no matrix of finite numbers, has another number of units than the layout's, or lies so far
            away that distances leave float32.
        UsageError: ``perplexity`` is outside its range.

    Source: Poličar et al. 2023, section 2.
    """
    from .tsne.kernels.new_points import settle

    h = check_matrix(h, name="activations")
    if h.shape[1] != len(at.principal.middle):
        raise DataError(
            f"new samples have the {len(at.principal.middle)} units of the layer that was laid out",
            got=f"{h.shape[1]} units",
            hint="take the activations of the same layer",
        )
    perplexity, points = check_perplexity(perplexity), at.principal(h)
    count = neighbors_for(perplexity, len(at.points) + 1)
    index, squared = nearest_among(at.points, points, count)
    value = conditional_affinities(squared, perplexity)
    x, y = np.ascontiguousarray(at.xy[:, 0]), np.ascontiguousarray(at.xy[:, 1])
    xy = np.stack([_weighted_median(axis[index], value) for axis in (x, y)], axis=1)
    on_progress(Progress("placing", 0, len(h), "samples"))

    def work(low: int, high: int) -> None:
        settle(x, y, index, value, np.float32(EXAGGERATION), ITERATIONS, xy, low, high)

    for done, _ in in_threads(work, ranges(len(h), ROWS)):
        on_progress(Progress("placing", done, len(h), "samples"))
    return xy


def nearest_among(points: np.ndarray, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the ``k`` points nearest to each query.

    Args:
        points: float32 (n, d).
        queries: float32 (m, d).
        k: From 1 to n.

    Returns:
        int32 (m, k), nearest first, and float32 (m, k), squared distances.
    """
    keep = min(k + SPARE, len(points))
    lengths = np.einsum("ij,ij->i", points, points)
    index = np.empty((len(queries), k), np.int32)
    squared = np.empty((len(queries), k), np.float32)
    for low, high in ranges(len(queries), ROWS):
        block = queries[low:high]
        far = block @ points.T
        far *= -2
        far += lengths
        chosen = np.argpartition(far, keep - 1, axis=1)[:, :keep] if keep < len(points) else None
        chosen = np.sort(chosen, axis=1) if chosen is not None else np.tile(np.arange(keep), (len(block), 1))
        exact = np.square(points[chosen] - block[:, None, :]).sum(axis=2)
        order = np.argsort(exact, axis=1, kind="stable")[:, :k]
        index[low:high] = np.take_along_axis(chosen, order, axis=1)
        squared[low:high] = np.take_along_axis(exact, order, axis=1)
    return index, squared


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The value in each row up to which half of the weight lies."""
    order = np.argsort(values, axis=1)
    reached = np.cumsum(np.take_along_axis(weights, order, axis=1), axis=1)
    middle = (reached < reached[:, -1:] / 2).sum(axis=1, keepdims=True)
    return np.take_along_axis(np.take_along_axis(values, order, axis=1), middle, axis=1)[:, 0]
