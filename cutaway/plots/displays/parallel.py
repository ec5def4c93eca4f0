"""Parallel coordinates: a line per trial through all its settings, in the color of its result."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cutaway.errors import DataError
from cutaway.plots.theme import INK, LINE, MUTED, ON_LIGHT, SEQUENTIAL_COLORS, shortened

from .bokeh_display import shown_in_notebooks

if TYPE_CHECKING:
    from bokeh.models import LayoutDOM
    from matplotlib.figure import Figure

BELOW = -0.12
"""Where lines pass an axis on which a trial has no value, on the scale of 0 to 1."""

LONGEST_TICK = 12

AXIS_WIDTH = 75
"""Pixels that the labels of an axis need; a page that is narrower scrolls."""


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


@shown_in_notebooks
def parallel_coordinates_bokeh(axes: Sequence[Axis], *, ranks: NDArray[Any], words: Sequence[str]) -> "LayoutDOM":
    """Draw lines through axes with Bokeh.

    Args:
        axes: See `parallel_coordinates`.
        ranks: See `parallel_coordinates`.
        words: What is shown of each line under the pointer.

    Raises:
        DataError: See `parallel_coordinates`.
    """
    from bokeh.models import ColumnDataSource, HoverTool, Range1d
    from bokeh.plotting import figure

    y, order = _lines(axes, ranks)
    plot = figure(
        height=420,
        min_width=max(280, AXIS_WIDTH * len(axes)),
        sizing_mode="stretch_width",
        tools="",
        toolbar_location=None,
        x_range=Range1d(start=-0.25, end=len(axes) - 0.35),
        y_range=Range1d(start=BELOW - 0.06, end=1.08),
    )
    x = np.arange(len(axes), dtype=float)
    source = ColumnDataSource(
        {
            "x": [x.tolist()] * len(order),
            "y": [y[line].tolist() for line in order],
            "color": [_color(float(ranks[line])) for line in order],
            "width": [3.0 if ranks[line] == 0 else 1.4 for line in order],
            "words": [words[line] for line in order],
        }
    )
    drawn = plot.multi_line("x", "y", source=source, color="color", line_width="width", alpha=0.85)
    for place, axis in enumerate(axes):
        plot.line([place, place], [0, 1], color=LINE, line_width=1)
        heights, labels = [tick[0] for tick in axis.ticks], [shortened(tick[1], LONGEST_TICK) for tick in axis.ticks]
        plot.text(
            [place] * len(labels), heights, labels, x_offset=5, text_font_size="11px", text_baseline="middle",
            text_color=MUTED,
        )  # fmt: skip
    plot.xaxis.ticker = list(range(len(axes)))
    plot.xaxis.major_label_overrides = {place: axis.name.replace("_", " ") for place, axis in enumerate(axes)}
    plot.xaxis.major_label_orientation = 0.6 if len(axes) > 4 else "horizontal"
    plot.yaxis.visible = False
    plot.grid.visible = False
    plot.outline_line_color = None
    plot.axis.minor_tick_line_color = None
    plot.add_tools(HoverTool(tooltips="<div>@words</div>", renderers=[drawn]))
    return plot


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


def _color(rank: float) -> str:
    """The color of a rank, between two of the sequential colors."""
    place = rank * (len(SEQUENTIAL_COLORS) - 1)
    low = min(int(place), len(SEQUENTIAL_COLORS) - 2)
    ends = [[int(color[k : k + 2], 16) for k in (1, 3, 5)] for color in SEQUENTIAL_COLORS[low : low + 2]]
    mixed = [round(a + (b - a) * (place - low)) for a, b in zip(*ends, strict=True)]
    return "#" + "".join(f"{value:02x}" for value in mixed)
