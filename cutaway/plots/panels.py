"""Panels side by side, drawn with matplotlib."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .panel import Panel, Series
from .theme import MUTED, whole_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BAR = 0.88
"""Share of their distance that bars take."""

CROWDED = 10_000
"""Counts from which on an axis has as many ticks as matplotlib chooses."""

COLUMNS = 3
"""Maximum number of panels in a row of a matplotlib figure."""


def panels(contents: Sequence[Panel], *, title: str = "") -> "Figure":
    """Draw panels side by side with matplotlib, at most `COLUMNS` in a row.

    Args:
        contents: The panels, at least one.
        title: Set above all of them.
    """
    from .notebook import axes_grid, finished

    is_row = len(contents) <= COLUMNS
    figure, every = axes_grid(contents, columns=COLUMNS, size=(4.8, 4.2 if is_row else 3.5), title=title)
    for axes, panel in zip(every, contents, strict=True):
        _draw(axes, panel, has_legend=is_row)
    if not is_row:  # one for all
        handles, names = every[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower left", frameon=False, ncols=1)
    return finished(figure)


def _draw(axes: "Axes", panel: Panel, *, has_legend: bool) -> None:
    from matplotlib.ticker import PercentFormatter

    from .notebook import draw_grid, label_axes

    if panel.x_log:
        axes.set_xscale("log")
    for series in panel.series:
        _draw_series(axes, series, is_pale=len(panel.series) > 1)
    if panel.diagonal:
        ends = axes.dataLim.intervalx
        axes.plot(ends, ends, color=MUTED, linestyle="--", linewidth=1, zorder=0)
    for mark in panel.marks:
        axes.axvline(mark.x, color=MUTED, linestyle=mark.dash, linewidth=1, zorder=0)
    if panel.marks:
        axes.set_title("\n".join(mark.words for mark in panel.marks), loc="right", fontsize="small")
    label_axes(axes, panel.title, panel.x_label, panel.y_label)
    for axis, is_percent, is_whole in (
        (axes.xaxis, panel.x_percent, panel.x_whole),
        (axes.yaxis, panel.y_percent, panel.y_whole),
    ):
        if is_percent:
            axis.set_major_formatter(PercentFormatter(1))
        if is_whole and max(axis.get_data_interval()) < CROWDED:  # longer texts would touch
            axis.set_major_locator(whole_ticks())
    if panel.x_whole:
        axes.set_xlim(panel.x_ends)
    if len(panel.y_ends):
        axes.update_datalim([(0, end) for end in panel.y_ends], updatex=False)
        axes.autoscale_view(scalex=False)
    if panel.x_ticks:
        axes.set_xticks(panel.x_ticks, panel.tick_texts())
        axes.minorticks_off()
    draw_grid(axes)
    if has_legend and any(series.name for series in panel.series):
        axes.legend(frameon=False)


def _draw_series(axes: "Axes", series: Series, *, is_pale: bool) -> None:
    columns, color = series.columns(), series.hex_color
    x, y = columns["x"], columns["y"]
    label = series.name or "_nolegend_"
    if series.bars:
        axes.bar(x, y, BAR * series.bars, color=color, alpha=0.3 if is_pale else 1, label=label)
        return
    if "low" in columns and series.points:
        ends = np.maximum([y - columns["low"], columns["high"] - y], 0)
        axes.errorbar(x, y, yerr=ends, fmt="none", ecolor=color, elinewidth=1, alpha=0.7)
    elif "low" in columns:
        axes.fill_between(x, columns["low"], columns["high"], color=color, alpha=0.18, linewidth=0)
    line = ("--" if series.dashed else "-") if series.line else "none"
    marker = "o" if series.points else "none"
    axes.plot(
        x,
        y,
        color=color,
        linestyle=line,
        marker=marker,
        markersize=5 if len(x) <= 200 else 2,
        linewidth=1.8,
        label=label,
    )
