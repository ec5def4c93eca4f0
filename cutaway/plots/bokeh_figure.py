"""The types of Bokeh figures; imported only when they are asked for, because this loads Bokeh."""

from bokeh.models import LayoutDOM as BokehLayout
from bokeh.plotting import figure as BokehFigure

__all__ = ["BokehFigure", "BokehLayout"]
