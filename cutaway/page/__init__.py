"""The page: one HTML file that shows what it is given and works from disk with the network off.

In comes a `Page`: a heading and a list of sections, each a record of text, rows, cards, panels of curves, or
the arrays of an explorer. Out comes HTML as a string, or a widget that shows an explorer in a notebook. Scripts are ES
modules, which Python links into one. May call `cutaway.plots`, `cutaway.checks` and `cutaway.errors`; it knows no run
and no model.
"""

from typing import TYPE_CHECKING

from cutaway._lazy import lazy_getattr

from .density import Density, DensityGrid
from .explorer import Explorer, LayerMap, NetworkData, References, SampleColumn, UnitColumns, scale_layout
from .label_sheet import LabelIssue, LabelSheet
from .matrices import HeatMap, Matrix
from .notebook.explorer_widget import check_widget, explorer_widget
from .playground import PlaygroundDigits, PlaygroundPage, render_playground
from .render import render, render_fragment, render_section
from .sections import (
    Card,
    Cards,
    Figure,
    Image,
    Level,
    Mark,
    Page,
    Parts,
    Section,
    Summary,
    SummaryLine,
    Table,
    Text,
    scaled,
)
from .studio import studio_files, studio_shell

if TYPE_CHECKING:
    from .notebook.widget import ExplorerWidget

_MODULES = {"ExplorerWidget": "cutaway.page.notebook.widget"}

__getattr__ = lazy_getattr(__name__, _MODULES)
