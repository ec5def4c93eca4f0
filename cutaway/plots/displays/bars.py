"""Horizontal bars with names: shares, costs and contributions, with their intervals."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from cutaway.errors import DataError
from cutaway.plots.theme import BLUE, INK, LINE, MUTED, ORANGE, are_whole, shortened, whole_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BAR = 0.27
"""Inches that a bar takes."""


@dataclass(frozen=True, eq=False)
class Bars:
    """A panel of bars.

    Attributes:
        title: What it shows.
        names: Name of each bar, the first on top.
        values: float ``(bar,)``; NaN leaves a gap.
        low: float ``(bar,)``, lower ends of intervals, or None.
        high: float ``(bar,)``, upper ends.
        x_label: What the values are.
        percent: Whether they are shares, written as percentages.
        limits: Ends of the axis; None for those that fit.
        signed: Whether the sign matters: bars above 0 are orange then, as in images of weights, and others blue.
        colors: Hex color of each bar; blue if none.
    """

    title: str
    names: Sequence[str] = field(repr=False)
    values: ArrayLike = field(repr=False)
    low: ArrayLike | None = field(default=None, repr=False)
    high: ArrayLike | None = field(default=None, repr=False)
    x_label: str = ""
    percent: bool = False
    limits: tuple[float, float] | None = None
    signed: bool = False
    colors: Sequence[str] = ()

    def __post_init__(self) -> None:
        columns = [self.values, *(end for end in (self.low, self.high) if end is not None), self.colors or self.values]
        if any(np.shape(values)[:1] != (len(self.names),) for values in columns) or not len(self.names):
            raise DataError(
                "bars need a name and a value each, at least one",
                got=f"{len(self.names)} names and {np.size(self.values)} values",
                hint="pass as many names as values",
            )


def bars(contents: Sequence[Bars], *, title: str = "", columns: int = 3) -> "Figure":
    """Draw panels of horizontal bars with matplotlib, the first bar on top.

    Args:
        contents: The panels, at least one.
        title: Set above all of them.
        columns: Maximum number of panels side by side.
    """
    from cutaway.plots.notebook import NotebookFigure

    columns = min(columns, len(contents))
    rows = -(-len(contents) // columns)
    most = max(len(panel.names) for panel in contents)
    height = rows * (1.1 + BAR * max(most, 3)) + (0.4 if title else 0)
    figure = NotebookFigure(figsize=(5.2 if columns == 1 else 4.4 * columns, height), layout="constrained")
    if title:
        figure.suptitle(title, color=INK, x=0.01, ha="left").set_parse_math(False)
    grid = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
    for axes, panel in zip(grid, contents, strict=False):
        draw_bars(axes, panel, rows=most)
    for axes in grid[len(contents) :]:
        axes.set_visible(False)
    return figure


def draw_bars(axes: "Axes", panel: Bars, *, rows: int = 0) -> None:
    """Draw a panel of bars on axes with room for at least N rows: bars of neighboring panels are equally thick."""
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    values = np.asarray(panel.values, np.float64)
    places = np.arange(len(values))
    colors = list(panel.colors) or [ORANGE if panel.signed and value > 0 else BLUE for value in values]
    axes.barh(places, values, height=0.72, color=colors)
    if panel.low is not None and panel.high is not None:
        low, high = np.asarray(panel.low, np.float64), np.asarray(panel.high, np.float64)
        ends = np.maximum([values - low, high - values], 0)
        axes.errorbar(values, places, xerr=ends, fmt="none", ecolor=INK, elinewidth=1.2, alpha=0.75)
    axes.axvline(0, color=MUTED, linewidth=0.8)
    axes.set_ylim(max(len(values), rows) - 0.4, -0.6)
    if panel.limits:
        axes.set_xlim(panel.limits)
    axes.xaxis.set_major_locator(whole_ticks(5) if are_whole([values]) else MaxNLocator(5))
    if panel.percent:
        axes.xaxis.set_major_formatter(PercentFormatter(1))
    for label in axes.set_yticks(places, [shortened(name) for name in panel.names]):
        label.label1.set_parse_math(False)
    finish(axes, panel.title, panel.x_label)
    axes.grid(visible=False, axis="y")


def finish(axes: "Axes", title: str, x_label: str = "") -> None:
    """Give axes their title, label and grid, as all displays have them."""
    axes.set_title(title, loc="left", color=INK, fontsize="medium", fontweight="bold").set_parse_math(False)
    axes.set_xlabel(x_label, color=MUTED).set_parse_math(False)
    axes.grid(color=LINE, alpha=0.35, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(LINE)
    axes.tick_params(length=0)
