"""The page: one HTML file that shows what it is given and works from disk with the network off.

In comes a `Page`: a heading and a list of sections, each a record of text, rows, cards, a finished figure, or the
arrays of an explorer. Out comes HTML as a string. Its scripts are ES modules, which Python links into one; BokehJS is
taken from the installed bokeh package. May call `cutaway.plots` and `cutaway.errors`; it
knows no run and no model.
"""

from .explorer import Explorer, LayerMap, NetworkData, References, SampleColumn, scale_layout
from .render import render
from .sections import Card, Cards, Figure, Line, Matrix, Page, Picture, Section, SmallPlot, Table, Text

__all__ = [
    "Card",
    "Cards",
    "Explorer",
    "Figure",
    "LayerMap",
    "Line",
    "Matrix",
    "NetworkData",
    "Page",
    "Picture",
    "References",
    "SampleColumn",
    "Section",
    "SmallPlot",
    "Table",
    "Text",
    "render",
    "scale_layout",
]
