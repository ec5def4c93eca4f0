"""The legend of a Bokeh figure."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bokeh.plotting import figure as BokehFigure


def legend_below(plot: "BokehFigure", *, columns: int) -> None:
    """Move the legend below the plot, where it covers no point; a click on an entry hides its class."""
    legend = plot.legend[0]
    plot.add_layout(legend, "below")
    legend.click_policy = "hide"
    legend.location = "top_left"
    legend.orientation = "horizontal"
    legend.ncols = columns
    legend.margin = 0
    legend.spacing = 10
    legend.background_fill_alpha = 0
    legend.border_line_color = None
