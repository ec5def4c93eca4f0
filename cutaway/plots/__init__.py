"""Plots: figures and images of arrays.

In come arrays and plain rows; out go matplotlib figures, plain data that the page draws, the bytes of PNG images, and
for an embedding a Bokeh figure. Plots read and write no files, keep no state and change no global setting of either
library. May call `cutaway.errors` only; matplotlib, Bokeh and Pillow are loaded when the first figure is drawn.
`Figure` and `BokehFigure` are the types of the figures, for annotations.
"""

from typing import TYPE_CHECKING

from cutaway._lazy import lazy_getattr

from .confusion import confusion_matrix
from .curves import learning_curves, learning_panels
from .displays.bars import Bars, bars
from .displays.explanation import ExplainedAnswer, explained_answer
from .displays.findings import finding_list
from .displays.heat_map import heat_map
from .displays.steps import embedding_film, embedding_steps
from .displays.units import DrawnUnit, drawn_unit, weight_grid
from .image import data_uri, image_grid, image_png, signed_png, sprite_sheet
from .kinds import confidence_scatter, data_map
from .panel import Mark, Panel, Series
from .panels import panels
from .scatter import embedding_scatter, embedding_scatter_bokeh
from .theme import (
    BLUE,
    CLASS_COLORS,
    COMPARED_COLORS,
    DIVERGING_COLORS,
    GRAY,
    MISSING_COLOR,
    PAGE_COLORS,
    RIGHT_COLOR,
    SEQUENTIAL_COLORS,
    WRONG_COLOR,
    class_style,
    ramp_range,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .bokeh_figure import BokehFigure

_MODULES = {
    "BokehFigure": "cutaway.plots.bokeh_figure",
    "Figure": "matplotlib.figure",
}

__getattr__ = lazy_getattr(__name__, _MODULES)
