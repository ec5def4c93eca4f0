"""Panels side by side, drawn with matplotlib or with Bokeh."""

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .displays.bokeh_display import shown_in_notebooks
from .legend import legend_below
from .panel import Panel, Series
from .theme import INK, LINE, LINE_COLORS, MUTED, shortened, whole_ticks, whole_ticks_bokeh

if TYPE_CHECKING:
    from bokeh.models import ColumnDataSource, LayoutDOM
    from bokeh.plotting import figure as BokehFigure
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LONGEST = 1000
"""Points of a curve that are drawn at most."""

LONGEST_TICK = 40
"""Characters of a name at the x axis."""

CHARACTER = 0.055
"""Inches that a character of a turned name takes from top to bottom."""

COLUMNS = 3
"""Panels in a row of a matplotlib figure at most."""


def panels(contents: Sequence[Panel], *, title: str = "") -> "Figure":
    """Draw panels side by side with matplotlib, at most `COLUMNS` in a row.

    Args:
        contents: The panels, at least one.
        title: Set above all of them.
    """
    from .notebook import NotebookFigure

    columns = min(len(contents), COLUMNS)
    rows = -(-len(contents) // columns)
    # names that stand upright get their own room below
    below = max((CHARACTER * len(name) for p in contents if p.turned for name in _names(p)), default=0.0)
    height = 4.2 if rows == 1 else 3.3 * rows + 0.4
    figure = NotebookFigure(figsize=(4.8 * columns, height + below), layout="constrained")
    if title:
        figure.suptitle(title, color=INK).set_parse_math(False)
    grid = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
    for axes, panel in zip(grid, contents, strict=False):
        _draw(axes, panel, has_legend=rows == 1)
    for axes in grid[len(contents) :]:
        axes.set_visible(False)
    if rows > 1:  # one for all
        handles, names = grid[0].get_legend_handles_labels()
        legend = figure.legend(handles, names, loc="outside lower left", frameon=False, ncols=1, labelcolor=INK)
        for text in legend.get_texts():
            text.set_parse_math(False)
    return figure


@shown_in_notebooks
def panels_bokeh(contents: Sequence[Panel]) -> "LayoutDOM":
    """Draw panels with Bokeh, one below the other where space is narrow; a click in a legend hides a series.

    Args:
        contents: The panels, at least one; those that count the same along x are zoomed together.
    """
    from bokeh.layouts import row

    ranges: dict[Any, Any] = {}
    drawn = [_bokeh_panel(panel, ranges) for panel in contents]
    # A row does not wrap by itself. Each panel takes at least 280 px, so a phone shows one below the other.
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


def _draw(axes: "Axes", panel: Panel, *, has_legend: bool) -> None:
    from matplotlib.ticker import PercentFormatter

    if panel.x_log:
        axes.set_xscale("log")
    if panel.diagonal:
        axes.plot([0, 1], [0, 1], color=MUTED, linestyle="--", linewidth=1, zorder=0)
    for series in panel.series:
        _draw_series(axes, series)
    for mark in panel.marks:
        axes.axvline(mark.x, color=MUTED, linestyle=mark.dash, linewidth=1, zorder=0)
    if panel.marks:
        words = "\n".join(mark.words for mark in panel.marks)
        axes.set_title(words, loc="right", color=MUTED, fontsize="small").set_parse_math(False)
    axes.set_title(panel.title, loc="left", color=INK, fontweight="bold").set_parse_math(False)
    axes.set_xlabel(panel.x_label, color=MUTED).set_parse_math(False)
    axes.set_ylabel(panel.y_label, color=MUTED).set_parse_math(False)
    for axis, is_percent in ((axes.xaxis, panel.x_percent), (axes.yaxis, panel.y_percent)):
        if is_percent:
            axis.set_major_formatter(PercentFormatter(1))
    for axis, is_whole in ((axes.xaxis, panel.x_whole), (axes.yaxis, panel.y_whole)):
        if is_whole:
            axis.set_major_locator(whole_ticks())
    if panel.x_whole:
        axes.set_xlim(*_ends(panel))
    if panel.y_limits:
        axes.set_ylim(*panel.y_limits)
    if panel.x_names:
        looks: Any = {"rotation": 60, "ha": "right"} if panel.turned else {}
        for label in axes.set_xticks(range(len(panel.x_names)), _names(panel), **looks):
            label.label1.set_parse_math(False)
    if panel.x_ticks:
        for label in axes.set_xticks(panel.x_ticks, panel.tick_texts()):
            label.label1.set_parse_math(False)
        axes.minorticks_off()
    axes.grid(color=LINE, alpha=0.35, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    if has_legend and any(series.name for series in panel.series):
        for text in axes.legend(frameon=False, labelcolor=INK).get_texts():
            text.set_parse_math(False)


def _ends(panel: Panel) -> tuple[float, float]:
    x = np.concatenate([np.asarray(series.x, np.float64) for series in panel.series])
    return float(np.nanmin(x)) - panel.x_padding, float(np.nanmax(x)) + panel.x_padding


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


def _bokeh_panel(panel: Panel, ranges: dict[Any, Any]) -> "BokehFigure":
    """Draw a panel.

    Args:
        panel: The panel.
        ranges: The ranges of the panels before it, which those with the same axes share; is added to.
    """
    from bokeh.models import NumeralTickFormatter, Span, Title
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
        **_bokeh_ranges(panel, ranges),
    )
    if panel.diagonal:
        plot.line([0, 1], [0, 1], color=MUTED, line_dash="dashed")
    _draw_bokeh_series(plot, panel)
    for mark in reversed(panel.marks):  # what is added last is on top
        plot.add_layout(Span(location=mark.x, dimension="height", line_color=MUTED, line_dash=mark.dash))
        plot.add_layout(Title(text=mark.words, text_font_style="normal", text_color=MUTED), "above")
    plot.add_layout(Title(text=panel.title, text_font_size="15px", text_color=INK), "above")
    for axis, is_percent in ((plot.xaxis, panel.x_percent), (plot.yaxis, panel.y_percent)):
        if is_percent:
            axis.formatter = NumeralTickFormatter(format="0.[0]%")
    for axis, is_whole in ((plot.xaxis, panel.x_whole), (plot.yaxis, panel.y_whole)):
        if is_whole:
            axis.ticker = whole_ticks_bokeh()
    if panel.x_ticks:
        plot.xaxis.ticker = list(panel.x_ticks)
        plot.xaxis.major_label_overrides = dict(zip(panel.x_ticks, panel.tick_texts(), strict=True))
    if panel.x_names:
        plot.xaxis.ticker = list(range(len(panel.x_names)))
        plot.xaxis.major_label_overrides = dict(enumerate(_names(panel)))
        plot.xaxis.major_label_orientation = 1.0 if panel.turned else "horizontal"
    plot.outline_line_color = None
    plot.axis.minor_tick_line_color = None
    plot.axis.axis_label_text_font_style = "normal"
    plot.grid.grid_line_alpha = 0.6
    if any(series.name for series in panel.series):
        legend_below(plot, columns=2)
    return plot


def _bokeh_ranges(panel: Panel, ranges: dict[Any, Any]) -> dict[str, Any]:
    from bokeh.models import DataRange1d, Range1d

    found: dict[str, Any] = {}
    if panel.x_whole:
        key = (panel.x_label, panel.x_padding)
        padding: Any = {"range_padding": panel.x_padding, "range_padding_units": "absolute"}
        found["x_range"] = ranges.setdefault(key, DataRange1d(**padding))
    if panel.y_limits:
        low, high = panel.y_limits
        found["y_range"] = ranges.setdefault(panel.y_limits, Range1d(start=low, end=high))
    return found


def _draw_bokeh_series(plot: "BokehFigure", panel: Panel) -> None:
    """Draw the series: with one tooltip for all where they have values at the same x, and otherwise one for each."""
    from bokeh.models import ColumnDataSource, HoverTool

    numbered = list(enumerate(panel.series))
    for group in [numbered] if panel.shares_x else [[each] for each in numbered]:
        columns: dict[str, Any] = {}
        for number, series in group:
            values = _thinned(series)
            columns["x"] = values.pop("x")
            columns |= {f"{name}{number}": column for name, column in values.items()}
        if panel.x_names:
            columns["name"] = [panel.x_names[round(place)] for place in columns["x"]]
        elif panel.tick_names:
            columns["name"] = list(panel.tick_names)
        source = ColumnDataSource(columns)
        drawn: Any = [_draw_one_bokeh(plot, source, series, number) for number, series in group]
        is_shared = len(group) > 1
        if is_shared:  # an invisible point has the tooltip of all, also when one of them is hidden
            drawn = [plot.scatter("x", f"y{group[0][0]}", source=source, alpha=0)]
        mode: Any = "vline" if is_shared else "mouse"
        plot.add_tools(HoverTool(tooltips=_tooltip(panel, group, columns), mode=mode, renderers=drawn))


def _tooltip(panel: Panel, group: Sequence[tuple[int, Series]], columns: Mapping[str, Any]) -> str:
    x, y = ("0.[00]%" if is_percent else "0,0.[0000]" for is_percent in (panel.x_percent, panel.y_percent))
    lines = [f"<b>{'@name' if 'name' in columns else f'{_plain(panel.x_label)} @x{{{x}}}'}</b>"]
    for number, series in group:
        interval = f" (@low{number}{{{y}}} to @high{number}{{{y}}})" if series.low is not None else ""
        lines.append(f"{_plain(series.name or panel.y_label)} @y{number}{{{y}}}{interval}")
    return "".join(f"<div>{line}</div>" for line in lines)


def _plain(name: str) -> str:
    """A name in a tooltip, in which nothing is markup or stands for a column."""
    return html.escape(name).replace("@", "&#64;").replace("$", "&#36;")


def _draw_one_bokeh(plot: "BokehFigure", source: "ColumnDataSource", series: Series, number: int) -> Any:
    """Draw a series, and return what the mouse finds of it."""
    color, drawn = _color(series), list[Any]()
    about: dict[str, Any] = {"source": source, **({"legend_label": series.name} if series.name else {})}
    y, low, high = f"y{number}", f"low{number}", f"high{number}"
    if series.low is not None and series.points:
        drawn.append(plot.segment("x", low, "x", high, color=color, alpha=0.7, **about))
    elif series.low is not None:
        plot.varea("x", low, high, fill_color=color, fill_alpha=0.18, **about)
    if series.line:
        dash = "dashed" if series.dashed else "solid"
        drawn.append(plot.line("x", y, color=color, line_width=2, line_dash=dash, **about))
    if series.points:
        drawn.append(plot.scatter("x", y, color=color, size=7, **about))
    return drawn[-1]
