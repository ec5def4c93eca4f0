"""Parallel coordinates: a line per trial through all its settings, in the color of its result."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cutaway.errors import DataError
from cutaway.plots.theme import INK, LINE, MUTED, ON_LIGHT, SEQUENTIAL_COLORS, shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BELOW = -0.12
"""Where lines pass an axis on which a trial has no value, on the scale of 0 to 1."""

LONGEST_TICK = 12


@dataclass(frozen=True, eq=False)
class Axis:
    """One axis.

    Attributes:
        name: What stands below it.
        values: float ``(line,)`` in 0..1; NaN where a line has no value.
        ticks: (place in 0..1, label).
    """

    name: str
    values: NDArray[Any] = field(repr=False)
    ticks: Sequence[tuple[float, str]] = field(repr=False)


def parallel_coordinates(axes: Sequence[Axis], *, ranks: NDArray[Any], title: str = "") -> "Figure":
    """Draw lines through axes with matplotlib, the best on top and in dark blue.

    Args:
        axes: The axes, from left to right, at least two.
        ranks: float ``(line,)`` in 0..1, 0 for the best.
        title: Set above.

    Raises:
        DataError: There are fewer than two axes, or they have not as many values as there are ranks.
    """
    from matplotlib.collections import LineCollection
    from matplotlib.colors import LinearSegmentedColormap

    from cutaway.plots.notebook import NotebookFigure

    y, order = _lines(axes, ranks)
    figure = NotebookFigure(figsize=(max(1.5 * len(axes), 5.0), 4.2), layout="constrained")
    panel = figure.subplots()
    colors = LinearSegmentedColormap.from_list("trials", SEQUENTIAL_COLORS)
    x = np.arange(len(axes))
    widths = np.where(ranks[order] == 0, 2.6, 1.2)
    lines = LineCollection(
        [np.column_stack([x, y[line]]) for line in order], colors=colors(ranks[order]), linewidths=widths, alpha=0.8
    )
    panel.add_collection(lines)
    for place, axis in enumerate(axes):
        panel.axvline(place, color=LINE, linewidth=0.8)
        for height, label in axis.ticks:
            text = panel.text(
                place + 0.04, height, shortened(label, LONGEST_TICK), fontsize=7.5, color=ON_LIGHT, va="center"
            )
            text.set_parse_math(False)
            text.set_bbox({"facecolor": "white", "alpha": 0.7, "pad": 0.6, "linewidth": 0})
    panel.set_xlim(-0.2, len(axes) - 0.4)
    panel.set_ylim(BELOW - 0.06, 1.06)
    for label in panel.set_xticks(x, [axis.name.replace("_", " ") for axis in axes], color=MUTED, fontsize=8.5):
        label.label1.set_parse_math(False)
    panel.set_yticks([])
    panel.spines[:].set_visible(False)
    if title:
        panel.set_title(title, loc="left", color=INK, fontweight="bold").set_parse_math(False)
    return figure


def _lines(axes: Sequence[Axis], ranks: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """The heights of all lines, ``(line, axis)``, and the order in which they are drawn, the best last."""
    if len(axes) < 2 or any(np.shape(axis.values) != np.shape(ranks) for axis in axes) or not len(ranks):
        raise DataError(
            "lines go through two axes or more, with a value or NaN on each",
            got=f"{len(axes)} axes and {len(ranks)} lines",
            hint="pass as many values as ranks",
        )
    y = np.stack([np.asarray(axis.values, np.float64) for axis in axes], axis=1)
    return np.where(np.isnan(y), BELOW, y), np.argsort(-np.asarray(ranks), kind="stable")
