"""Panels side by side: curves and points with their intervals, drawn with matplotlib or with Bokeh."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cutaway.errors import DataError

from .displays.bokeh_display import shown_in_notebooks
from .legend import legend_below
from .theme import INK, LINE, LINE_COLORS, MUTED, are_whole, shortened, whole_ticks, whole_ticks_bokeh

if TYPE_CHECKING:
    from bokeh.models import LayoutDOM
    from bokeh.plotting import figure as BokehFigure
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LONGEST = 1000
"""Points of a curve that are drawn at most."""

LONGEST_TICK = 40
"""Characters of a name at the x axis."""

CHARACTER = 0.055
"""Inches that a character of a turned name takes from top to bottom."""

SIDE_BY_SIDE = 24
"""Characters of all names at the x axis that fit side by side."""


@dataclass(frozen=True, eq=False)
class Series:
    """A curve, or points, of a panel.

    Attributes:
        name: What the legend calls it.
        x: float ``(point,)``.
        y: float ``(point,)``; NaN leaves a gap.
        low: float ``(point,)``, lower ends of intervals: a band around a curve, and bars at points; None for none.
        high: float ``(point,)``, upper ends.
        color: Number of its color, from 0.
        points: Whether points are drawn.
        line: Whether they are joined by a line.
        dashed: Whether the line is dashed.
    """

    name: str
    x: NDArray[Any] = field(repr=False)
    y: NDArray[Any] = field(repr=False)
    low: NDArray[Any] | None = field(default=None, repr=False)
    high: NDArray[Any] | None = field(default=None, repr=False)
    color: int = 0
    points: bool = False
    line: bool = True
    dashed: bool = False

    def __post_init__(self) -> None:
        ends = [end for end in (self.low, self.high) if end is not None]
        if len({len(values) for values in (self.x, self.y, *ends)}) > 1 or len(ends) == 1:
            raise DataError(
                "each point of a series has x and y, and both ends of its interval or none",
                got=f"{len(self.x)} x, {len(self.y)} y, {[len(end) for end in ends]}",
                hint="pass arrays of the same length",
            )


@dataclass(frozen=True, eq=False)
class Panel:
    """One panel of a figure.

    Attributes:
        title: What it shows.
        x_label: Name of the x axis.
        y_label: Name of the y axis.
        series: What is drawn, the first at the bottom.
        x_percent: Whether x is a share, written as a percentage.
        y_percent: Whether y is.
        x_log: Whether the x axis is logarithmic.
        x_ticks: Where the x axis has ticks, whose labels are whole numbers; none for where they fit.
        x_names: Names for x = 0, 1, 2, ...; none for numbers.
        diagonal: Whether a dashed line shows where x and y, both in 0..1, are equal.
    """

    title: str
    x_label: str
    y_label: str
    series: Sequence[Series] = field(repr=False)
    x_percent: bool = False
    y_percent: bool = False
    x_log: bool = False
    x_ticks: Sequence[float] = ()
    x_names: Sequence[str] = ()
    diagonal: bool = False

    @property
    def turned(self) -> bool:
        """Whether names at the x axis are too long to stand side by side."""
        return sum(map(len, self.x_names)) > SIDE_BY_SIDE

    @property
    def x_whole(self) -> bool:
        """Whether x counts something, such as epochs, and has ticks where they fit."""
        placed = self.x_log or self.x_percent or self.x_ticks or self.x_names
        return not placed and are_whole(series.x for series in self.series)

    @property
    def y_whole(self) -> bool:
        """Whether y counts something."""
        return not self.y_percent and are_whole(series.y for series in self.series)


def panels(contents: Sequence[Panel], *, title: str = "") -> "Figure":
    """Draw panels side by side with matplotlib.

    Args:
        contents: The panels, at least one.
        title: Set above all of them.
    """
    from .notebook import NotebookFigure

    # names that stand upright get their own room below
    below = max((CHARACTER * len(name) for p in contents if p.turned for name in _names(p)), default=0.0)
    figure = NotebookFigure(figsize=(4.8 * len(contents), 4.2 + below), layout="constrained")
    if title:
        figure.suptitle(title, color=INK).set_parse_math(False)
    for axes, panel in zip(figure.subplots(1, len(contents), squeeze=False)[0], contents, strict=True):
        _draw(axes, panel)
    return figure


@shown_in_notebooks
def panels_bokeh(contents: Sequence[Panel]) -> "LayoutDOM":
    """Draw panels with Bokeh, one below the other where space is narrow; a click in a legend hides a series.

    Args:
        contents: The panels, at least one.
    """
    from bokeh.layouts import row

    drawn = [_bokeh_panel(panel) for panel in contents]
    # a row does not wrap by itself
    return row(*drawn, sizing_mode="stretch_width", spacing=16, styles={"flex-wrap": "wrap"})


def _thinned(series: Series) -> dict[str, NDArray[Any]]:
    """The columns of a series, of long ones evenly spaced points with both ends."""
    named = {"x": series.x, "y": series.y, "low": series.low, "high": series.high}
    columns = {name: np.asarray(values, np.float64) for name, values in named.items() if values is not None}
    if len(series.x) <= LONGEST:
        return columns
    kept = np.unique(np.linspace(0, len(series.x) - 1, LONGEST).round().astype(int))
    return {name: values[kept] for name, values in columns.items()}


def _names(panel: Panel) -> list[str]:
    return [shortened(name, LONGEST_TICK) for name in panel.x_names]


def _color(series: Series) -> str:
    return LINE_COLORS[series.color % len(LINE_COLORS)]


def _draw(axes: "Axes", panel: Panel) -> None:
    from matplotlib.ticker import PercentFormatter

    if panel.x_log:
        axes.set_xscale("log")
    if panel.diagonal:
        axes.plot([0, 1], [0, 1], color=MUTED, linestyle="--", linewidth=1, zorder=0)
    for series in panel.series:
        _draw_series(axes, series)
    axes.set_title(panel.title, loc="left", color=INK, fontweight="bold").set_parse_math(False)
    axes.set_xlabel(panel.x_label, color=MUTED).set_parse_math(False)
    axes.set_ylabel(panel.y_label, color=MUTED).set_parse_math(False)
    for axis, is_percent in ((axes.xaxis, panel.x_percent), (axes.yaxis, panel.y_percent)):
        if is_percent:
            axis.set_major_formatter(PercentFormatter(1))
    for axis, is_whole in ((axes.xaxis, panel.x_whole), (axes.yaxis, panel.y_whole)):
        if is_whole:
            axis.set_major_locator(whole_ticks())
    if panel.x_names:
        looks: Any = {"rotation": 60, "ha": "right"} if panel.turned else {}
        for label in axes.set_xticks(range(len(panel.x_names)), _names(panel), **looks):
            label.label1.set_parse_math(False)
    if panel.x_ticks:
        axes.set_xticks(panel.x_ticks, [f"{tick:,.0f}" for tick in panel.x_ticks])
        axes.minorticks_off()
    axes.grid(color=LINE, alpha=0.35, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    if any(series.name for series in panel.series):
        for text in axes.legend(frameon=False, labelcolor=INK).get_texts():
            text.set_parse_math(False)


def _draw_series(axes: "Axes", series: Series) -> None:
    columns, color = _thinned(series), _color(series)
    x, y = columns["x"], columns["y"]
    label = series.name or "_nolegend_"
    if "low" in columns and series.points:
        ends = np.maximum([y - columns["low"], columns["high"] - y], 0)
        axes.errorbar(x, y, yerr=ends, fmt="none", ecolor=color, elinewidth=1, alpha=0.7)
    elif "low" in columns:
        axes.fill_between(x, columns["low"], columns["high"], color=color, alpha=0.18, linewidth=0)
    line = ("--" if series.dashed else "-") if series.line else "none"
    marker = "o" if series.points else "none"
    axes.plot(x, y, color=color, linestyle=line, marker=marker, markersize=5, linewidth=1.8, label=label)


def _bokeh_panel(panel: Panel) -> "BokehFigure":
    from bokeh.models import NumeralTickFormatter, Title
    from bokeh.plotting import figure

    plot = figure(
        height=340,
        min_width=280,
        sizing_mode="stretch_width",
        styles={"flex": "1 1 280px"},
        tools="",
        toolbar_location=None,
        x_axis_label=panel.x_label,
        y_axis_label=panel.y_label,
        x_axis_type="log" if panel.x_log else "linear",
    )
    if panel.diagonal:
        plot.line([0, 1], [0, 1], color=MUTED, line_dash="dashed")
    named = [_bokeh_series(plot, panel, series) for series in panel.series]
    plot.add_layout(Title(text=panel.title, text_font_size="15px", text_color=INK), "above")
    for axis, is_percent in ((plot.xaxis, panel.x_percent), (plot.yaxis, panel.y_percent)):
        if is_percent:
            axis.formatter = NumeralTickFormatter(format="0.[0]%")
    for axis, is_whole in ((plot.xaxis, panel.x_whole), (plot.yaxis, panel.y_whole)):
        if is_whole:
            axis.ticker = whole_ticks_bokeh()
    if panel.x_ticks:
        plot.xaxis.ticker = list(panel.x_ticks)
        plot.xaxis.formatter = NumeralTickFormatter(format="0,0")
    if panel.x_names:
        plot.xaxis.ticker = list(range(len(panel.x_names)))
        plot.xaxis.major_label_overrides = dict(enumerate(_names(panel)))
        plot.xaxis.major_label_orientation = 1.0 if panel.turned else "horizontal"
    plot.outline_line_color = None
    plot.axis.minor_tick_line_color = None
    plot.axis.axis_label_text_font_style = "normal"
    plot.grid.grid_line_alpha = 0.6
    if any(named):
        legend_below(plot, columns=2)
    return plot


def _bokeh_series(plot: "BokehFigure", panel: Panel, series: Series) -> bool:
    """Draw a series, and return whether the legend names it."""
    from bokeh.models import ColumnDataSource, HoverTool

    columns: dict[str, Any] = dict(_thinned(series))
    if panel.x_names:
        columns["name"] = [panel.x_names[round(place)] for place in columns["x"]]
    source, color = ColumnDataSource(columns), _color(series)
    legend: dict[str, Any] = {"legend_label": series.name} if series.name else {}
    drawn: list[Any] = []
    if "low" in columns and series.points:
        drawn.append(plot.segment("x", "low", "x", "high", source=source, color=color, alpha=0.7, **legend))
    elif "low" in columns:
        plot.varea("x", "low", "high", source=source, fill_color=color, fill_alpha=0.18, **legend)
    if series.line:
        dash = "dashed" if series.dashed else "solid"
        drawn.append(plot.line("x", "y", source=source, color=color, line_width=2, line_dash=dash, **legend))
    if series.points:
        drawn.append(plot.scatter("x", "y", source=source, color=color, size=7, **legend))
    x, y = ("0.[00]%" if is_percent else "0,0.[0000]" for is_percent in (panel.x_percent, panel.y_percent))
    shown = "@name" if panel.x_names else f"{panel.x_label} @x{{{x}}}"
    interval = f" (@low{{{y}}} to @high{{{y}}})" if "low" in columns else ""
    words = f"<div><b>{shown}</b></div><div>{series.name} @y{{{y}}}{interval}</div>"
    plot.add_tools(HoverTool(tooltips=words, renderers=drawn[-1:]))
    return bool(series.name)
