"""Accuracy under increasing perturbations: a panel each, with intervals, for one or two models."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.errors import DataError

from .displays.bokeh_display import shown_in_notebooks
from .legend import legend_below
from .theme import INK, LINE, MUTED, TRAINING_COLOR, VALIDATION_COLOR

if TYPE_CHECKING:
    from bokeh.models import LayoutDOM
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Panel = Mapping[str, Any]

_COLORS = (TRAINING_COLOR, VALIDATION_COLOR)
_COLUMNS = 3

_ROOM = 0.07
"""Share of an axis that the label of a severity takes."""


def robustness_curves(panels: Sequence[Panel], *, runs: Sequence[str]) -> "Figure":
    """Draw accuracy by severity with matplotlib, a panel for each perturbation.

    Args:
        panels: One mapping for each: title; parameter, what the severity is; positions, floats (severity,), ascending;
            labels, texts (severity,); accuracy, low and high, floats (run, severity) in 0..1.
        runs: Name of each model, at most two.

    Raises:
        DataError: There is no panel, or there are more than two models.
    """
    from .notebook import NotebookFigure

    _check(panels, runs)
    rows = -(-len(panels) // _COLUMNS)
    columns = min(len(panels), _COLUMNS)
    figure = NotebookFigure(figsize=(4.2 * columns, 3.2 * rows + 0.4), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    for axes, panel in zip(grid.flat, panels, strict=False):
        _draw_panel(axes, panel, runs)
    handles, labels = grid.flat[0].get_legend_handles_labels()
    legend = figure.legend(handles, labels, loc="outside lower left", frameon=False, ncols=1, labelcolor=INK)
    for text in legend.get_texts():
        text.set_parse_math(False)
    return figure


@shown_in_notebooks
def robustness_curves_bokeh(panels: Sequence[Panel], *, runs: Sequence[str]) -> "LayoutDOM":
    """Draw accuracy by severity with Bokeh, panels beside each other as far as there is room.

    Args:
        panels: As for `robustness_curves`.
        runs: As for `robustness_curves`.

    Raises:
        DataError: There is no panel, or there are more than two models.
    """
    from bokeh.layouts import row
    from bokeh.models import Range1d

    _check(panels, runs)
    shares = Range1d(start=0, end=1.02)
    drawn = [_bokeh_panel(panel, runs, shares) for panel in panels]
    # A row does not wrap by itself. Each panel takes at least 280 px, so a phone shows one below the other.
    return row(*drawn, sizing_mode="stretch_width", spacing=16, styles={"flex-wrap": "wrap"})


def _check(panels: Sequence[Panel], runs: Sequence[str]) -> None:
    if not panels or not 1 <= len(runs) <= len(_COLORS):
        raise DataError(
            "robustness is drawn of one or two models, with one perturbation or more",
            got=f"{len(runs)} models and {len(panels)} perturbations",
            hint="measure at least one perturbation that applies",
        )


def _readable(positions: Sequence[float], labels: Sequence[str]) -> list[str]:
    """The labels without those that the next one would overlap; the last one is kept."""
    kept, room, after = [""] * len(labels), _ROOM * (positions[-1] - positions[0]), np.inf
    for number in range(len(labels) - 1, -1, -1):
        if after - positions[number] >= room:
            kept[number], after = labels[number], positions[number]
    return kept


def _draw_panel(axes: "Axes", panel: Panel, runs: Sequence[str]) -> None:
    positions = np.asarray(panel["positions"], float)
    for run, color, accuracy, low, high in zip(
        runs, _COLORS, panel["accuracy"], panel["low"], panel["high"], strict=False
    ):
        axes.fill_between(positions, low, high, color=color, alpha=0.2, linewidth=0)
        axes.plot(positions, accuracy, color=color, marker="o", markersize=4, label=run)
    axes.set_title(panel["title"].replace("_", " ").capitalize(), loc="left", color=INK, fontweight="bold")
    axes.set_xlabel(panel["parameter"], color=MUTED)
    axes.set_xticks(positions, _readable(panel["positions"], panel["labels"]))
    axes.set_ylim(0, 1.02)
    axes.grid(color=LINE, alpha=0.35, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)


def _bokeh_panel(panel: Panel, runs: Sequence[str], shares: Any) -> Any:
    from bokeh.models import ColumnDataSource, HoverTool, NumeralTickFormatter, Title
    from bokeh.plotting import figure

    plot = figure(
        height=300,
        min_width=280,
        sizing_mode="stretch_width",
        styles={"flex": "1 1 280px"},
        y_range=shares,
        tools="",
        toolbar_location=None,
        x_axis_label=panel["parameter"],
    )
    positions = [float(position) for position in panel["positions"]]
    columns: dict[str, Any] = {"position": positions, "label": list(panel["labels"])}
    for number in range(len(runs)):
        columns |= {f"{name}_{number}": panel[name][number].tolist() for name in ("accuracy", "low", "high")}
    source = ColumnDataSource(columns)
    for number, (run, color) in enumerate(zip(runs, _COLORS, strict=False)):
        about = {"source": source, "legend_label": run}
        plot.varea("position", f"low_{number}", f"high_{number}", color=color, alpha=0.2, **about)
        plot.line("position", f"accuracy_{number}", color=color, line_width=2, **about)
        plot.scatter("position", f"accuracy_{number}", color=color, size=6, **about)
    rows = "".join(
        f"<div>{name}: @accuracy_{n}{{0.0%}} (@low_{n}{{0.0%}} to @high_{n}{{0.0%}})</div>"
        for n, name in enumerate("AB" if len(runs) > 1 else ("accuracy",))
    )
    target = plot.scatter("position", "accuracy_0", source=source, alpha=0)
    plot.add_tools(HoverTool(tooltips=f"<div><b>@label</b></div>{rows}", mode="vline", renderers=[target]))
    _simplify(plot, positions, _readable(positions, panel["labels"]))
    plot.yaxis.formatter = NumeralTickFormatter(format="0%")
    legend_below(plot, columns=1)
    title = panel["title"].replace("_", " ").capitalize()
    plot.add_layout(Title(text=title, text_font_size="15px", text_color=INK), "above")
    return plot


def _simplify(plot: Any, positions: Sequence[float], labels: Sequence[str]) -> None:
    from bokeh.models import FixedTicker

    plot.outline_line_color = None
    plot.xaxis.ticker = FixedTicker(ticks=list(positions))
    plot.xaxis.major_label_overrides = dict(zip(positions, labels, strict=True))
    plot.yaxis.minor_tick_line_color = None
    plot.axis.axis_label_text_font_style = "normal"
    plot.xgrid.grid_line_color = None
    plot.ygrid.grid_line_alpha = 0.6
