"""The type of Bokeh figures; imported only when it is needed, because this loads Bokeh."""

from bokeh.plotting import figure as BokehFigure

__all__ = ["BokehFigure"]
