"""The legend of a Bokeh figure: below it, so that it covers no point and fits a phone; a click hides what it names."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bokeh.plotting import figure as BokehFigure


def legend_below(plot: "BokehFigure", *, columns: int) -> None:
    """Move the legend that the glyphs of ``plot`` made below it, in rows of ``columns`` entries."""
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
