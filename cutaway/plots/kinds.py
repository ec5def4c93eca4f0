"""Samples of a few kinds as points: a data map, and how sure two models are of the true class."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .theme import BLUE, CLASS_COLORS, GRAY, LINE, ORANGE, point_alpha, point_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .notebook import NotebookFigure

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
"""What became of a sample: number, words, color, marker and least diameter, in drawing order.

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

    Source:
        Swayamdipta et al. 2020, "Dataset cartography", figure 1.
    """
    from .notebook import draw_grid, finished, label_axes

    codes, alpha = np.asarray(kinds), point_alpha(np.size(kinds))
    looks = zip(range(len(kind_names)), kind_names, COLORS, MARKERS, (0.0,) * len(COLORS), strict=False)
    shown = [look for look in looks if (codes == look[0]).any()]
    figure, axes = _drawn(variability, confidence, codes, shown, size=(7, 5.5), alpha=alpha)
    axes.set(xlim=LIMITS[0], ylim=LIMITS[1])
    varies = "variability: standard deviation of the label's probability"
    label_axes(axes, title, varies, "confidence: mean probability of the label", bold=False)
    draw_grid(axes)
    figure.legend(loc="outside right upper", frameon=False)
    return finished(figure)


def confidence_scatter(first: ArrayLike, second: ArrayLike, changes: ArrayLike, *, runs: Sequence[str]) -> "Figure":
    """Draw the probabilities of two models with matplotlib; on the diagonal both are equally confident.

    Args:
        first: Probability of the true class by the first model, floats (sample,) in 0..1, at least one.
        second: By the second model.
        changes: What became of each sample, integers (sample,): 0 right in both, 1 fixed (right in the second only), 2
            broken (right in the first only), 3 wrong in both.
        runs: Names of both models.
    """
    from .notebook import finished, label_axes

    figure, axes = _drawn(first, second, np.asarray(changes), CHANGES, size=(6.5, 6.8), alpha=0.8)
    axes.plot([0, 1], [0, 1], color=LINE, linewidth=1, zorder=0)
    labels = (f"probability of the true class, {run}" for run in runs)
    label_axes(axes, "Fixed above the diagonal, broken below it", *labels, bold=False)
    axes.set_aspect("equal")
    figure.legend(loc="outside lower left", frameon=False, ncols=2)
    return finished(figure)


def _drawn(
    x: ArrayLike,
    y: ArrayLike,
    kinds: NDArray[Any],
    looks: Sequence[tuple[int, str, str, str, float]],
    *,
    size: tuple[float, float],
    alpha: float,
) -> "tuple[NotebookFigure, Axes]":
    """Samples of some kinds, each with its number, name, color, marker and least diameter."""
    from .notebook import NotebookFigure

    points = np.stack([x, y], axis=1)
    figure = NotebookFigure(figsize=size, layout="constrained")
    axes = figure.subplots()
    for number, name, color, marker, least in looks:
        chosen, area = kinds == number, (0.75 * max(point_size(len(points)), least)) ** 2
        drawn = {"c": color, "marker": marker, "s": area, "alpha": alpha, "linewidths": 0, "rasterized": True}
        axes.scatter(*points[chosen].T, label=f"{name} ({int(chosen.sum()):,})", **drawn)
    return figure, axes
