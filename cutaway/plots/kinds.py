"""Samples of a few kinds as points: a data map, and how sure two models are of the true class."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cutaway.errors import DataError

from .theme import BLUE, CLASS_COLORS, GRAY, INK, LINE, MUTED, ORANGE, point_alpha, point_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LIMITS = (-0.02, 0.52), (-0.03, 1.03)
"""The ranges of both axes of a data map: all that a mean and a standard deviation of probabilities can be."""

COLORS = (CLASS_COLORS[0], CLASS_COLORS[1], CLASS_COLORS[5])
"""Of the kinds of a data map in order: indigo, amber and brick for easy, ambiguous and hard."""

MARKERS = ("o", "^", "s")
"""The marker of each of these."""

CHANGES = (
    (0, "right in both", LINE, "o", 0.0),
    (3, "wrong in both", GRAY, "s", 0.0),
    (1, "fixed", BLUE, "^", 7.0),
    (2, "broken", ORANGE, "v", 7.0),
)
"""What became of a sample: number, words, color, marker and least diameter, in the order in which points are drawn.

Those whose prediction changed are few, and must be seen among all others.
"""


def data_map(
    variability: ArrayLike, confidence: ArrayLike, kinds: ArrayLike, kind_names: Sequence[str], *, title: str = ""
) -> "Figure":
    """Draw a data map with matplotlib: how sure a model was of each label, against how much that varied by epoch.

    Args:
        variability: Standard deviations (sample,), 0..0.5.
        confidence: Means (sample,), 0..1.
        kinds: Kind of each sample, integers (sample,) in 0..len(kind_names)-1.
        kind_names: One name per kind, at most three; those without a sample are not in the legend.
        title: Set above the points.

    Raises:
        DataError: The arrays are of different lengths, empty, or not finite.

    Source:
        Swayamdipta et al. 2020, "Dataset cartography", figure 1.
    """
    from .notebook import NotebookFigure

    points, codes = _checked(variability, confidence, kinds, len(kind_names))
    figure = NotebookFigure(figsize=(7, 5.5), layout="constrained")
    axes = figure.subplots()
    for number, name in enumerate(kind_names):
        if (codes == number).any():
            _draw(axes, points, codes == number, name, COLORS[number], MARKERS[number], alpha=point_alpha(len(points)))
    axes.set_xlim(LIMITS[0])
    axes.set_ylim(LIMITS[1])
    axes.set_xlabel("variability: standard deviation of the label's probability", color=MUTED)
    axes.set_ylabel("confidence: mean probability of the label", color=MUTED)
    axes.set_title(title, loc="left", color=INK).set_parse_math(False)
    axes.grid(color=LINE, alpha=0.35, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside right upper", frameon=False, labelcolor=INK)
    return figure


def confidence_scatter(first: ArrayLike, second: ArrayLike, changes: ArrayLike, *, runs: Sequence[str]) -> "Figure":
    """Draw the probabilities of two models with matplotlib; on the diagonal both are equally confident.

    Args:
        first: Probability of the true class by the first model, floats (sample,) in 0..1, at least one.
        second: By the second model.
        changes: What became of each sample, integers (sample,): 0 right in both, 1 fixed (right in the second only), 2
            broken (right in the first only), 3 wrong in both.
        runs: Names of both models.

    Raises:
        DataError: The arrays are of different lengths, empty, or not finite, or a change is no number from 0 to 3.
    """
    from .notebook import NotebookFigure

    points, codes = _checked(first, second, changes, len(CHANGES))
    figure = NotebookFigure(figsize=(6.5, 6.8), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=LINE, linewidth=1, zorder=0)
    for number, name, color, marker, least in CHANGES:
        _draw(axes, points, codes == number, name, color, marker, alpha=0.8, least=least)
    for axis, run in zip((axes.xaxis, axes.yaxis), runs, strict=True):
        axis.set_label_text(f"probability of the true class, {run}", color=MUTED).set_parse_math(False)
    axes.set_aspect("equal")
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title("Fixed above the diagonal, broken below it", loc="left", color=INK, fontsize="medium")
    figure.legend(loc="outside lower left", frameon=False, ncols=2, labelcolor=INK)
    return figure


def _draw(
    axes: "Axes",
    points: NDArray[np.float32],
    chosen: NDArray[np.bool_],
    name: str,
    color: str,
    marker: str,
    *,
    alpha: float,
    least: float = 0.0,
) -> None:
    size = (0.75 * max(point_size(len(points)), least)) ** 2
    looks = {"c": color, "marker": marker, "s": size, "alpha": alpha, "linewidths": 0, "rasterized": True}
    axes.scatter(*points[chosen].T, label=f"{name} ({int(chosen.sum()):,})", **looks)


def _checked(x: ArrayLike, y: ArrayLike, kinds: ArrayLike, count: int) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """The points, float32 (sample, 2), and their kinds."""
    arrays = [np.asarray(x, np.float32), np.asarray(y, np.float32), np.asarray(kinds, np.intp)]
    if arrays[0].ndim != 1 or len({array.shape for array in arrays}) > 1 or not arrays[0].size:
        shapes = ", ".join(str(array.shape) for array in arrays)
        raise DataError(f"x, y and kinds of points have the shapes {shapes}", hint="pass one entry per sample")
    if not np.isfinite(arrays[:2]).all():
        raise DataError("coordinates of points are NaN or infinite", hint="pass finite numbers")
    if not 0 <= arrays[2].min() <= arrays[2].max() < count:
        found = f"{arrays[2].min()} to {arrays[2].max()}"
        raise DataError(f"kinds of points are {found}", hint=f"pass integers from 0 to {count - 1}")
    return np.stack(arrays[:2], axis=1), arrays[2]
