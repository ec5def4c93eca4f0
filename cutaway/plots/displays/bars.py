"""Horizontal bars with names: shares, costs and contributions, with their intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from cutaway.plots.theme import BLUE, INK, MUTED, ORANGE, are_whole, shortened, whole_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BAR = 0.27
"""Inches that a bar takes."""


@dataclass(frozen=True, eq=False, repr=False)
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
    names: Sequence[str]
    values: ArrayLike
    low: ArrayLike | None = None
    high: ArrayLike | None = None
    x_label: str = ""
    percent: bool = False
    limits: tuple[float, float] | None = None
    signed: bool = False
    colors: Sequence[str] = ()


def bars(contents: Sequence[Bars], *, title: str = "") -> "Figure":
    """Draw panels of horizontal bars with matplotlib, the first bar on top.

    Args:
        contents: The panels, at least one.
        title: Set above all of them.
    """
    from cutaway.plots.notebook import axes_grid, finished

    most = max(len(panel.names) for panel in contents)
    size = 4.4, 1.1 + BAR * max(most, 3)
    figure, every = axes_grid(contents, columns=3, size=size, more=(0.8, 0.4 if title else 0), title=title)
    for axes, panel in zip(every, contents, strict=True):
        draw_bars(axes, panel, rows=most)
    return finished(figure)


def draw_bars(axes: "Axes", panel: Bars, *, rows: int = 0) -> None:
    """Draw a panel of bars on axes with room for at least N rows: bars of neighboring panels are equally thick."""
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    from cutaway.plots.notebook import draw_grid, label_axes

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
    axes.set_yticks(places, [shortened(name) for name in panel.names])
    label_axes(axes, panel.title, panel.x_label)
    draw_grid(axes)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    axes.tick_params(length=0)
