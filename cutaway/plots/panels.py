"""Panels side by side, drawn with matplotlib."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .panel import Panel, Series
from .theme import INK, LINE, MUTED, whole_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BAR = 0.88
"""Share of their distance that bars take."""

COLUMNS = 3
"""Maximum number of panels in a row of a matplotlib figure."""


def panels(contents: Sequence[Panel], *, title: str = "") -> "Figure":
    """Draw panels side by side with matplotlib, at most `COLUMNS` in a row.

    Args:
        contents: The panels, at least one.
        title: Set above all of them.
    """
    from .notebook import NotebookFigure

    columns = min(len(contents), COLUMNS)
    rows = -(-len(contents) // columns)
    height = 4.2 if rows == 1 else 3.3 * rows + 0.4
    figure = NotebookFigure(figsize=(4.8 * columns, height), layout="constrained")
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


def _draw(axes: "Axes", panel: Panel, *, has_legend: bool) -> None:
    from matplotlib.ticker import PercentFormatter

    if panel.x_log:
        axes.set_xscale("log")
    if panel.diagonal:
        axes.plot([0, 1], [0, 1], color=MUTED, linestyle="--", linewidth=1, zorder=0)
    for series in panel.series:
        _draw_series(axes, series, is_pale=len(panel.series) > 1)
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
    if len(panel.y_ends):
        axes.update_datalim([(0, end) for end in panel.y_ends], updatex=False)
        axes.autoscale_view(scalex=False)
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
    axes.plot(x, y, color=color, linestyle=line, marker=marker, markersize=5, linewidth=1.8, label=label)
