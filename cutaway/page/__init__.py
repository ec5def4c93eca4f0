"""The page: one HTML file that shows what it is given and works from disk with the network off.

In comes a `Page`: a heading and a list of sections, each a record of text, rows, cards or a finished figure. Out comes
HTML as a string. BokehJS is taken from the installed bokeh package. May call `cutaway.plots` and `cutaway.errors`; it
knows no run and no model.
"""

from .render import render
from .sections import Card, Cards, Figure, Line, Page, Picture, Section, SmallPlot, Table, Text

__all__ = [
    "Card",
    "Cards",
    "Figure",
    "Line",
    "Page",
    "Picture",
    "Section",
    "SmallPlot",
    "Table",
    "Text",
    "render",
]
